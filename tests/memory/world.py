"""A whole product in memory: the ports, wired to the services as the bootstrap wires the real ones."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from number_inventory.domain.audit_runs import ENDED, AuditMode, AuditRun, AuditScope
from number_inventory.domain.decisions import Decision
from number_inventory.domain.devices import Device, DeviceKey, SourceKind
from number_inventory.domain.findings import Finding
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.numbers import WriteResult
from number_inventory.ports.secrets import Credentials
from number_inventory.services.ask_device import AskDevice
from number_inventory.services.held_removals import ApproveRemovals, ReviewRemovals
from number_inventory.services.manage_devices import ConfigureDevices
from number_inventory.services.release import ReleaseCooled
from number_inventory.services.remove_device import RemoveDevice
from number_inventory.services.run_audit import RunAudit
from number_inventory.services.start_audit import StartAudit
from number_inventory.services.sync import LEASE_MARGIN, SyncDevice
from number_inventory.services.sync_summary import SyncSummary
from tests.memory.audits import MemoryAudits, MemoryAuditWorkers
from tests.memory.clock import SettableClock
from tests.memory.device_source import ScriptedDevices, users
from tests.memory.devices import MemoryDevices
from tests.memory.fuse import Fuse
from tests.memory.inventory import MemoryInventory
from tests.memory.queue import MemorySyncQueue
from tests.memory.registrations import MemoryRegistrations
from tests.memory.settings import MemoryMacros, MemorySecrets

CUSTOMER = "acme"
BUDGET = timedelta(minutes=3)
PROOF_AGE = timedelta(hours=24)


class World:
    """The ports, the services on them, and short ways to say what happens."""

    def __init__(self) -> None:
        self.fuse = Fuse()
        self.clock = SettableClock()
        self.inventory = MemoryInventory(self.fuse)
        self.devices = MemoryDevices(self.fuse)
        self.registrations = MemoryRegistrations(self.fuse)
        self.macros = MemoryMacros(self.fuse)
        self.secrets = MemorySecrets(self.fuse)
        self.source = ScriptedDevices(self.clock, self.fuse)
        self.queue = MemorySyncQueue()
        self.audits = MemoryAudits(self.fuse)
        self.audit_workers = MemoryAuditWorkers(self.fuse)
        self.ask = AskDevice(self.secrets, self.source)
        self.configure = ConfigureDevices(self.devices, self.secrets, self.ask)
        self.sync_device = SyncDevice(
            devices=self.devices,
            registrations=self.registrations,
            inventory=self.inventory,
            macros=self.macros,
            ask=self.ask,
            clock=self.clock,
            budget=BUDGET,
        )
        self.review_removals = ReviewRemovals(self.devices, self.registrations, self.ask)
        self.approve_removals = ApproveRemovals(self.devices, self.clock)
        self.remove_device = RemoveDevice(
            devices=self.devices,
            registrations=self.registrations,
            inventory=self.inventory,
            macros=self.macros,
            secrets=self.secrets,
            clock=self.clock,
            budget=BUDGET,
        )
        self.release_cooled = ReleaseCooled(inventory=self.inventory, clock=self.clock, budget=BUDGET)
        self.start_audit = StartAudit(self.audits, self.audit_workers, self.clock)
        self.run_audit = RunAudit(
            audits=self.audits,
            workers=self.audit_workers,
            inventory=self.inventory,
            devices=self.devices,
            registrations=self.registrations,
            macros=self.macros,
            clock=self.clock,
            proof_age=PROOF_AGE,
            budget=BUDGET,
        )

    # --- what happens outside

    def add_device(self, name: str = "sbc1", customer: str = CUSTOMER, **settings: object) -> DeviceKey:
        """Configure a device that shows nothing yet."""
        device = Device(key=DeviceKey(customer, name), source=SourceKind.SBC, address=f"https://{name}.example")
        self.configure.add(replace(device, **settings), Credentials("sync", "canary-password"))  # type: ignore[arg-type]
        return device.key

    def store_credentials(self, key: DeviceKey) -> None:
        """Store credentials for a device that lost them."""
        self.secrets.store(key, Credentials("sync", "canary-password"))

    def device_shows(self, key: DeviceKey, *numbers: str, dormant: Iterable[str] = (), partial: str = "") -> None:
        """Let the device register these numbers from now on."""
        self.source.shows[key] = users(numbers, dormant)
        self.source.incomplete[key] = partial

    def let_leases_expire(self) -> None:
        """Let so much time pass that nobody's lease is good any more."""
        self.clock.at += BUDGET + LEASE_MARGIN

    # --- what the product does

    def sync(self, key: DeviceKey) -> SyncSummary:
        """Sync the device once."""
        return self.sync_device(key)

    def audit(self, mode: AuditMode = AuditMode.CORRECT, customer: str = CUSTOMER, **scope: object) -> AuditRun:
        """Audit a customer from the start to the end, through as many invocations as it takes."""
        wanted = replace(AuditScope(customer=customer, mode=mode), **scope)  # type: ignore[arg-type]
        return self.carry_out(self.start_audit.open(wanted, "test"))

    def carry_out(self, run: AuditRun, worker: str = "worker") -> AuditRun:
        """Work on an open run until it has ended."""
        while run.state not in ENDED:
            done = self.run_audit(run.customer, run.id, run.step, f"{worker}-{run.step}")
            assert done is not None, "somebody else works on the run"
            run = done
        return run

    def findings(self, run: AuditRun) -> list[Finding]:
        """All findings of a run."""
        return [finding for batch in self.audits.findings(run) for finding in batch]

    def decide(self, decision: Decision) -> WriteResult:
        """Write one decision, as an operator's command would."""
        return self.inventory.save([decision])[0]

    # --- what is true then

    def number(self, number: str, customer: str = CUSTOMER) -> NumberRecord:
        """A number that must exist."""
        record = self.inventory.get(customer, number)
        assert record is not None, f"number {number} is not in the inventory"
        return record

    def held_by(self, key: DeviceKey) -> set[str]:
        """The numbers whose records name the device as a holder."""
        return {
            number
            for (customer, number), record in self.inventory.all().items()
            if customer == key.customer and record.holder(key.name) is not None
        }
