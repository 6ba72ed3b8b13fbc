"""Add, test, enable, disable and remove devices.

A device that is disabled keeps its numbers as they are: silence is not absence. A device that is removed gives them up
like any other removal: they cool, and nobody gets them before their Release Dates.
"""

from collections import Counter
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from number_inventory.domain.aors import compile_rules
from number_inventory.domain.decisions import Decision, Outcome, Stamp
from number_inventory.domain.devices import (
    BegunRemoval,
    Device,
    DeviceKey,
    check_device,
    configuration_digest,
    leads_elsewhere,
)
from number_inventory.domain.errors import (
    AlreadyExistsError,
    ConfigurationChangedError,
    InvalidInputError,
    InventoryError,
    NotFoundError,
    RuleViolationError,
    StorageBusyError,
)
from number_inventory.domain.lifecycle import Registration, registration_gone
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION, audiocodes_cooling_days
from number_inventory.domain.numbers import NumberRecord, slug
from number_inventory.domain.snapshots import Claims, Snapshot, UserScope, claims_of
from number_inventory.ports.clock import Clock
from number_inventory.ports.devices import DeviceEntry, DeviceHead, Devices, Lease
from number_inventory.ports.macros import Macros
from number_inventory.ports.numbers import Inventory
from number_inventory.ports.registrations import Registrations
from number_inventory.ports.secrets import Credentials, Secrets
from number_inventory.services.ask_device import AskDevice
from number_inventory.services.change_numbers import MAX_ROUNDS, ChangeNumbers, ChangeReport
from number_inventory.services.sync import LEASE_MARGIN

_GO_NOWHERE_ELSE = (
    "must be given again with another address, or where the certificate is no longer verified: those that are stored go"
    " to nobody else"
)
_PREVIEWED_AT_ONCE = 1_000
"""Records that a preview has in memory."""


@dataclass(frozen=True, slots=True)
class DeviceTest:
    """What a device answers when it is only asked: nothing is stored or changed."""

    snapshot: Snapshot
    claims: Claims


@dataclass(frozen=True, slots=True)
class ConfigureDevices:
    """Add devices, change what they are asked with, look at them and try them."""

    devices: Devices
    secrets: Secrets
    ask: AskDevice

    def all(self, customer: str) -> Sequence[DeviceEntry]:
        """A customer's devices and how they fare, by name.

        Raises:
            InvalidInputError: the customer's name is malformed.
        """
        return self.devices.of_customer(slug(customer, field="customer"))

    def one(self, key: DeviceKey) -> DeviceEntry:
        """One device and how it fares.

        Raises:
            InvalidInputError: the customer's or the device's name is malformed.
            NotFoundError: there is no such device.
        """
        slug(key.customer, field="customer")
        slug(key.name, field="device")
        return self.devices.get(key)

    def check_new(self, device: Device) -> None:
        """Say what `add` would refuse, before anybody is asked for credentials.

        Raises:
            InvalidInputError: a part of the configuration cannot work.
            AlreadyExistsError: the customer has a device of this name.
        """
        check_device(device)
        self._refuse_existing(device.key)

    def add(self, device: Device, credentials: Credentials) -> None:
        """Configure a new device.

        Credentials are stored first: a device without them could only fail. Dying in between leaves credentials that
        nothing uses, and the same call may be made again. Of two who add it at once the later one's may stay, although
        its device does not: they are for its address, and sent to no other.

        Raises:
            InvalidInputError: a part of the configuration cannot work.
            AlreadyExistsError: the customer has a device of this name; it stays as it is, with its credentials.
        """
        self.check_new(device)
        self._store(device, credentials)
        self.devices.add(device)

    def _refuse_existing(self, key: DeviceKey) -> None:
        """Stop before the credentials of a device that exists are overwritten."""
        try:
            self.devices.get(key)
        except NotFoundError:
            return
        raise AlreadyExistsError(f"device {key} exists already; remove it first, or choose another name")

    def change(
        self,
        key: DeviceKey,
        changed: Callable[[Device], Device],
        if_digest: str | None = None,
        credentials: Credentials | None = None,
    ) -> DeviceEntry:
        """Change how a device is asked, from its next sync on; its state and its numbers stay as they are.

        New credentials are stored first: the stored ones must never be sent to where the change leads. Dying in between
        leaves the new ones with the device as it was, which is not asked with them then; ask for the same again.

        Args:
            key: which device.
            changed: from the device as it is to the device as it is to be; may be asked again, if others are faster.
            if_digest: change it only if it is configured so, see `configuration_digest`.
            credentials: in place of those that are stored; None keeps these, where they would go nowhere else.

        Raises:
            NotFoundError: there is no such device.
            InvalidInputError: a part of the configuration cannot work, or it leads elsewhere without credentials.
            ConfigurationChangedError: it is configured otherwise.
            StorageBusyError: it could not be stored; ask for the same again.
        """
        for _ in range(MAX_ROUNDS):
            entry = self.one(key)
            digest = configuration_digest(entry.device)
            if if_digest is not None and digest != if_digest:
                raise ConfigurationChangedError(str(key), digest)
            after = changed(entry.device)
            check_device(after)
            if credentials is not None:
                self._store(after, credentials)
            elif leads_elsewhere(entry.device, after):
                raise InvalidInputError("credentials", _GO_NOWHERE_ELSE)
            if after == entry.device:
                return entry
            if self.devices.reconfigure(entry.device, after):
                return self.one(key)
        raise StorageBusyError(f"device {key} could not be changed for now: others kept changing it. Try again later")

    def replace_credentials(self, key: DeviceKey, credentials: Credentials) -> None:
        """Store new credentials for a device; a refusal of the old ones does not stop the new.

        Raises:
            NotFoundError: there is no such device.
        """
        self._store(self.devices.get(key).device, credentials)

    def _store(self, device: Device, credentials: Credentials) -> None:
        """Store credentials for where the device is, or is about to be: they go nowhere else."""
        if not credentials.username or not credentials.password:
            raise InvalidInputError("credentials", "user name and password must not be empty")
        self.secrets.store(device.key, replace(credentials, address=device.address))

    def test(self, key: DeviceKey) -> DeviceTest:
        """Ask the device for its users, as a sync would, and change nothing.

        Raises:
            NotFoundError: there is no such device.
            DeviceError: it gave no snapshot, and why.
        """
        device = self.devices.get(key).device
        mapper = compile_rules(device.number_rules)
        snapshot = self.ask(device)
        return DeviceTest(snapshot, claims_of(snapshot.users, mapper, UserScope(device.hosts, device.ip_groups)))

    def set_enabled(self, key: DeviceKey, *, enabled: bool) -> DeviceEntry:
        """Let schedules sync the device, or not; enabling also forgets that its credentials were refused.

        Raises:
            NotFoundError: there is no such device.
        """
        self.devices.set_enabled(key, enabled=enabled)
        return self.devices.get(key)


@dataclass(frozen=True, slots=True)
class RemovalPreview:
    """What would become of a device's numbers if it were removed now.

    Attributes:
        held: how many it holds.
        cooling: how many of them would cool, because no other device holds them.
        cooling_days: for so many days; with 0 they would be Available at once.
        shared: how many would stay as they are, with other devices or other vendors.
    """

    held: int
    cooling: int
    cooling_days: int
    shared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDevice:
    """Remove a device for good: its numbers lose it as a holder, then it is forgotten.

    It may die anywhere: run again, it goes on where it stopped. It disables the device first, so that no scheduled sync
    brings back meanwhile what is being removed. A person has asked for it, so the guard does not hold these removals.
    """

    devices: Devices
    registrations: Registrations
    inventory: Inventory
    macros: Macros
    secrets: Secrets
    clock: Clock
    budget: timedelta

    def preview(self, key: DeviceKey) -> RemovalPreview:
        """Count what a removal would do, and do nothing; what moves meanwhile is not seen.

        Raises:
            NotFoundError: there is no such device.
            RecordBrokenError: the device or its register cannot be understood.
            SettingBrokenError: the cooling duration cannot be understood.
        """
        head = self.devices.heads(key.customer, [key.name]).get(key.name)
        if not isinstance(head, DeviceHead):
            raise head or NotFoundError(f"customer {key.customer} has no device {key.name!r}")
        days = self._cooling_days(key)
        view = self.registrations.look(head)
        stamp, outcomes = Stamp(self.clock.now(), "preview", "preview"), Counter[Outcome]()
        numbers = sorted({*view.held, *view.doubtful})
        for start in range(0, len(numbers), _PREVIEWED_AT_ONCE):
            records = self.inventory.peek_many(key.customer, numbers[start : start + _PREVIEWED_AT_ONCE])
            for number in records:
                gone = Registration(key.customer, number, key.name, head.sync + 1)
                decision = registration_gone(records[number], gone, days, stamp)
                outcomes[decision.outcome if decision else Outcome.UNCHANGED] += 1
        cooling = outcomes[Outcome.COOLING_STARTED] + outcomes[Outcome.RELEASED]
        shared = outcomes[Outcome.HOLDER_DROPPED]
        return RemovalPreview(held=cooling + shared, cooling=cooling, cooling_days=days, shared=shared)

    def __call__(self, key: DeviceKey) -> ChangeReport:
        """Remove the device; returns what became of its numbers.

        Raises:
            NotFoundError: there is no such device.
            RuleViolationError: a sync of the device is under way.
            SettingBrokenError: the cooling duration cannot be understood, so no number may be taken from the device.
            StorageBusyError: not all numbers could be changed; run it again.
        """
        started = self.clock.now()
        deadline = started + self.budget
        days = self._cooling_days(key)
        lease = self.devices.acquire(key, started, deadline + LEASE_MARGIN, even_disabled=True)
        if lease is None:
            raise RuleViolationError(f"device {key} is being synced now; try again in a moment")
        work = _Removal(self, lease, days, deadline)
        try:
            report = work.take_numbers()
        except (InventoryError, KeyboardInterrupt, SystemExit):
            # The next try need not wait for the lease to end, and goes on from here.
            with suppress(InventoryError):
                words = f"its removal stopped half-way; run it again: number-inventory devices remove {key.name}"
                self.devices.finish(lease, replace(lease.state, cause=words, begun_removal=work.begun), None)
            raise
        self.registrations.forget(key)
        self.secrets.forget(key)
        self.devices.remove(key, lease)
        return report

    def _cooling_days(self, key: DeviceKey) -> int:
        names = [AUDIOCODES_COOLING_DURATION]
        return audiocodes_cooling_days(self.macros.resolve(key.customer, names)[AUDIOCODES_COOLING_DURATION])


class _Removal:
    """One try to take a device off its numbers, under its lease.

    Attributes:
        begun: how far it is, for the next try; None as long as that is not known.
    """

    def __init__(self, parts: RemoveDevice, lease: Lease, days: int, deadline: datetime) -> None:
        self._parts = parts
        self._lease = lease
        self._days = days
        self._change = ChangeNumbers(parts.inventory, lambda: parts.clock.now() < deadline)
        self.begun: BegunRemoval | None = None

    def take_numbers(self) -> ChangeReport:
        """Take the device off every number that it holds; raises StorageBusyError where some are left."""
        lease, registrations = self._lease, self._parts.registrations
        self._parts.devices.set_enabled(lease.key, enabled=False)
        begun = self.begun = self._found_begun()
        register = registrations.load(lease)
        registrations.intend(lease, register, frozenset())
        known = register.held | register.doubtful
        self._change(lease.key.customer, sorted(known), self._goes)
        if begun.sweeps and self._change.report.finished:
            self._sweep(begun, known)
        if not self._change.report.finished:
            left = self._change.report.unfinished()
            raise StorageBusyError(f"device {lease.key} is not removed yet, only disabled: {left}; run it again")
        return self._change.report

    def _found_begun(self) -> BegunRemoval:
        """What the last try has left to do; of the first one, everything."""
        lease = self._lease
        before = lease.state.begun_removal
        if before is not None and before.sync == lease.sync - 1:
            return replace(before, sync=lease.sync)
        return BegunRemoval(sync=lease.sync, sweeps=self._damaged())

    def _damaged(self) -> bool:
        """Whether the register may have lost numbers: parts of it are missing, or it is not what the last sync left.

        If that one did not come to its end, or was a removal that died, nobody knows what it left.
        """
        lease = self._lease
        head = self._parts.devices.heads(lease.key.customer, [lease.key.name]).get(lease.key.name)
        if not isinstance(head, DeviceHead) or not lease.settled:
            return True
        view = self._parts.registrations.look(head)
        return not view.whole or len(view.held) != lease.state.held_numbers

    def _sweep(self, begun: BegunRemoval, done: Set[str]) -> None:
        """Look at every number: records may name the device although its register does not, and none may be left so."""
        key = self._lease.key
        for stretch in self._parts.inventory.sweep(key.customer, begun.upto):
            if not self._change.keep_going():
                self._change.report.stopped = True
            named = [each.number for each in stretch.numbers if key.name in each.holders and each.number not in done]
            self._change(key.customer, named, self._goes)
            if not self._change.report.finished:
                return
            self.begun = replace(begun, upto=stretch.upto or begun.upto)

    def _goes(self, number: str, record: NumberRecord | None) -> Decision | None:
        key, sync = self._lease.key, self._lease.sync
        stamp = Stamp(self._parts.clock.now(), f"sync:{key.name}#{sync}", f"device {key.name} was removed")
        return registration_gone(record, Registration(key.customer, number, key.name, sync), self._days, stamp)
