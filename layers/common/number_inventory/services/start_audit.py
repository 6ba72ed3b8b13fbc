"""Start an audit: say what it is about, make sure that no other one of the customer is at work, and wake a worker."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from number_inventory.domain.audit_runs import AuditMode, AuditRun, AuditScope, RunState
from number_inventory.domain.errors import (
    AuditUnderWayError,
    InvalidInputError,
    InventoryError,
    NotFoundError,
    StorageBusyError,
)
from number_inventory.domain.findings import FindingCode
from number_inventory.domain.numbers import slug
from number_inventory.ports.audits import Audits
from number_inventory.ports.clock import Clock
from number_inventory.ports.turns import Workers
from number_inventory.services.run_audit import LOOKED_BACK, PICK_UP
from number_inventory.services.run_ids import ids_from, new_run_id


@dataclass(frozen=True, slots=True)
class StartAudit:
    """The use case.

    Attributes:
        new_id: makes the name of a run from the time. Where it makes the same name again, the same run is answered.
    """

    audits: Audits
    workers: Workers[AuditRun]
    clock: Clock
    new_id: Callable[[datetime], str] = new_run_id

    def scope(
        self, *, customer: str | None, mode: AuditMode, site: str | None, codes: Iterable[FindingCode], plan: str
    ) -> AuditScope:
        """What is to be audited; a plan brings customer, Site and codes of the run that gave it.

        Raises:
            InvalidInputError: the parts do not go together; the error names the field.
            NotFoundError: no run gave this plan, or not one of this customer.
        """
        wanted = frozenset(codes)
        if not plan:
            if customer is None:
                raise InvalidInputError("customer", "is missing: whose numbers are to be audited?")
            return AuditScope(customer=slug(customer, field="customer"), mode=mode, site=site, codes=wanted)
        if mode is not AuditMode.CORRECT:
            raise InvalidInputError("plan", "goes with mode 'correct' only: it says what is to be corrected")
        if site is not None or wanted:
            raise InvalidInputError("plan", "brings its own site and codes: leave these out")
        given = self._planned(customer, plan)
        return replace(given, mode=AuditMode.CORRECT, plan=plan)

    def _planned(self, customer: str | None, plan: str) -> AuditScope:
        """The scope of the run that gave a plan; another customer's plans are not even known to be there."""
        try:
            given = self.audits.with_plan(plan).scope
        except NotFoundError:
            given = None
        if given is None or customer not in {None, given.customer}:
            whose = "" if customer is None else f" of customer {customer}"
            raise NotFoundError(f"no audit{whose} gave the plan {plan}, or it is forgotten by now")
        return given

    def open(self, scope: AuditScope, requested_by: str) -> AuditRun:
        """Store a new run and take the customer for it; who opened it carries it out or wakes a worker.

        Raises:
            AuditUnderWayError: another audit of the customer is at work.
            StorageBusyError: this very audit was stopped again and again.
        """
        now = self.clock.now()
        run = AuditRun(
            id=self.new_id(now),
            scope=scope,
            requested_by=requested_by,
            state=RunState.QUEUED,
            created_at=now,
            updated_at=now,
            expected=self._expected(scope),
        )
        return self._first_not_stopped(run, now)

    def _first_not_stopped(self, run: AuditRun, now: datetime) -> AuditRun:
        for run_id in ids_from(run.id):
            opened = self.audits.open(replace(run, id=run_id), now + PICK_UP, now)
            if opened.id != run_id:
                raise AuditUnderWayError(run.customer, opened.id)
            if opened.state is not RunState.STOPPED:
                return opened
            # Nobody could be woken for it when it was asked for before, or its worker came to no end.
        raise StorageBusyError(f"audit {run.id} of customer {run.customer} is stopped each time. Ask for another one")

    def __call__(self, scope: AuditScope, requested_by: str) -> AuditRun:
        """Open a run and wake a worker for it.

        Raises:
            AuditUnderWayError: another audit of the customer is at work.
            StorageBusyError, StorageRefusedError: nobody could be woken; the run is stopped.
        """
        run = self.open(scope, requested_by)
        try:
            self.workers.wake(run)
        except InventoryError as error:
            self._stop(run, f"no worker could be woken: {error}")
            raise
        return run

    def _expected(self, scope: AuditScope) -> int:
        """How many numbers the latest audit of the same scope has read: something to show progress by."""
        for earlier in self.audits.page(scope.customer, LOOKED_BACK, None).runs:
            if earlier.state is RunState.FINISHED and earlier.scope.site == scope.site:
                return earlier.numbers
        return 0

    def _stop(self, run: AuditRun, cause: str) -> None:
        now = self.clock.now()
        ended = replace(run, state=RunState.STOPPED, cause=cause, updated_at=now, ended_at=now)
        self.audits.abandon(ended, now)
