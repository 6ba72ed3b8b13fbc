"""The product on an engine, as far as audits need it: syncs of devices that a test plays, releases, and audits."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from number_inventory.domain.audit_runs import ENDED, AuditMode, AuditRun, AuditScope
from number_inventory.domain.decisions import Decision
from number_inventory.domain.devices import Device, DeviceKey, SourceKind
from number_inventory.domain.findings import Finding
from number_inventory.domain.numbers import NumberRecord, first_version
from number_inventory.ports.clock import Clock
from number_inventory.ports.numbers import Inventory, WriteResult
from number_inventory.ports.secrets import Credentials
from number_inventory.services.ask_device import AskDevice
from number_inventory.services.release import ReleaseCooled
from number_inventory.services.run_audit import RunAudit
from number_inventory.services.start_audit import StartAudit
from number_inventory.services.sync import SyncDevice
from number_inventory.services.sync_summary import SyncSummary
from tests.contract.conftest import Aws
from tests.contract.made import CUSTOMER
from tests.memory.audits import MemoryAuditWorkers
from tests.memory.device_source import ScriptedDevices, users
from tests.memory.settings import MemorySecrets

PROOF_AGE = timedelta(days=3650)
BUDGET = timedelta(days=30)

Observer = Callable[[NumberRecord | None, NumberRecord], None]


def watch(inventory: Inventory, observers: Sequence[Observer]) -> None:
    """Show every write that stands to all of these; those whose answers were lost are not seen."""
    unwatched = inventory.save

    def save(decisions: Sequence[Decision]) -> Sequence[WriteResult]:
        results = unwatched(decisions)
        for decision, result in zip(decisions, results, strict=True):
            if result is WriteResult.WRITTEN and decision.needs_write:
                version = decision.before.version + 1 if decision.before else first_version(decision.after)
                for observer in observers:
                    observer(decision.before, replace(decision.after, version=version))
        return results

    inventory.save = save  # type: ignore[method-assign]


class Product:
    """The services on the real adapters.

    Attributes:
        observers: see every write of the services that stands.
        budget: of syncs and releases.
    """

    def __init__(
        self, aws: Aws, clock: Clock | None = None, budget: timedelta = BUDGET, customer: str = CUSTOMER
    ) -> None:
        self.aws = aws
        self.customer = customer
        self.clock = clock or aws.clock
        self.budget = budget
        self.inventory = aws.inventory
        self.observers: list[Observer] = []
        watch(self.inventory, self.observers)
        self.secrets = MemorySecrets()
        self.source = ScriptedDevices(self.clock)
        self.workers = MemoryAuditWorkers()
        self.start_audit = StartAudit(aws.audits, self.workers, self.clock)

    # --- services

    @property
    def sync_device(self) -> SyncDevice:
        """The sync, within the present budget."""
        return SyncDevice(
            devices=self.aws.devices,
            registrations=self.aws.registrations,
            inventory=self.inventory,
            macros=self.aws.macros,
            ask=AskDevice(self.secrets, self.source),
            clock=self.clock,
            budget=self.budget,
        )

    def run_audit(self, budget: timedelta = BUDGET) -> RunAudit:
        """The audit, within a budget."""
        return RunAudit(
            audits=self.aws.audits,
            workers=self.workers,
            inventory=self.inventory,
            devices=self.aws.devices,
            registrations=self.aws.registrations,
            macros=self.aws.macros,
            clock=self.clock,
            proof_age=PROOF_AGE,
            budget=budget,
        )

    @property
    def release_cooled(self) -> ReleaseCooled:
        """The release."""
        return ReleaseCooled(inventory=self.inventory, clock=self.clock, budget=self.budget)

    # --- what happens

    def add_device(self, name: str) -> DeviceKey:
        """Configure a device that shows nothing yet."""
        key = DeviceKey(self.customer, name)
        self.aws.devices.add(Device(key=key, source=SourceKind.SBC, address=f"https://{name}.example"))
        self.secrets.store(key, Credentials("sync", "canary-password"))
        return key

    def device_shows(self, key: DeviceKey, numbers: Iterable[str]) -> None:
        """Let the device register these numbers from now on."""
        self.source.shows[key] = users(sorted(numbers))

    def sync(self, key: DeviceKey) -> SyncSummary:
        """Sync the device once."""
        return self.sync_device(key)

    def audit(self, mode: AuditMode = AuditMode.CORRECT, plan: str = "") -> AuditRun:
        """Audit the customer from the start to the end."""
        run = self.start_audit.open(AuditScope(customer=self.customer, mode=mode, plan=plan), "test")
        while run.state not in ENDED:
            done = self.run_audit()(run.customer, run.id, run.step, f"worker-{run.step}")
            assert done is not None, "somebody else works on the run"
            run = done
        return run

    # --- what is true then

    def findings(self, run: AuditRun) -> list[Finding]:
        """All findings of a run."""
        return [finding for batch in self.aws.audits.findings(run) for finding in batch]

    def all_numbers(self, numbers: Sequence[str]) -> dict[str, NumberRecord]:
        """Those of these numbers that exist, strongly consistent."""
        return dict(self.inventory.get_many(self.customer, numbers))
