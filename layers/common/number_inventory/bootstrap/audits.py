"""Audits: started by a schedule, the number API and operators, carried out by a function of their own."""

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from number_inventory.bootstrap import process, stores

if TYPE_CHECKING:
    from number_inventory.domain.audit_runs import AuditRun
    from number_inventory.ports.turns import Workers
    from number_inventory.services.look_at_audits import LookAtAudits
    from number_inventory.services.run_audit import RunAudit
    from number_inventory.services.run_ids import NewId
    from number_inventory.services.start_audit import StartAudit
    from number_inventory.settings import AuditSettings, AuditsSettings, AuditStartSettings


@lru_cache(maxsize=1)
def audit_workers(settings: "AuditStartSettings") -> "Workers[AuditRun]":
    """Those who carry out audits: invocations of the audit function."""
    from number_inventory.adapters.lambda_functions import LambdaWorkers

    return LambdaWorkers(process.session().functions(), settings.audit_function, "run")


def start_audit(settings: "AuditStartSettings", new_id: "NewId | None" = None) -> "StartAudit":
    """Start audits; `new_id` makes their names."""
    from number_inventory.services.run_ids import new_run_id
    from number_inventory.services.start_audit import StartAudit

    return StartAudit(stores.audits(settings), audit_workers(settings), process.clock(), new_id or new_run_id)


def run_audit(
    settings: "AuditSettings", budget: timedelta, on_buried: "Callable[[AuditRun], None]" = lambda _run: None
) -> "RunAudit":
    """Carry out audits: as far as `budget` reaches, then somebody else goes on; told of runs that it had to end."""
    from number_inventory.services.run_audit import RunAudit

    return RunAudit(
        audits=stores.audits(settings),
        workers=audit_workers(settings),
        inventory=stores.inventory(settings),
        devices=stores.devices(settings.devices_table),
        registrations=stores.registrations(settings.registrations_table),
        macros=stores.macros(settings.macros_table),
        clock=process.clock(),
        proof_age=timedelta(hours=settings.audit_proof_hours),
        budget=budget,
        on_buried=on_buried,
    )


def look_at_audits(settings: "AuditsSettings") -> "LookAtAudits":
    """Look at audits and what they found."""
    from number_inventory.services.look_at_audits import LookAtAudits

    return LookAtAudits(stores.audits(settings))
