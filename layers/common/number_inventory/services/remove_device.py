"""Remove devices: their numbers are given up like by any other removal, they cool, and nobody gets them before time."""

from collections import Counter
from collections.abc import Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from number_inventory.domain.decisions import Decision, Outcome, Stamp
from number_inventory.domain.devices import BegunRemoval, DeviceKey
from number_inventory.domain.errors import InventoryError, NotFoundError, RuleViolationError, StorageBusyError
from number_inventory.domain.lifecycle import Registration, registration_gone
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION, audiocodes_cooling_days
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.clock import Clock
from number_inventory.ports.devices import DeviceHead, Devices, Lease
from number_inventory.ports.macros import Macros
from number_inventory.ports.numbers import Inventory
from number_inventory.ports.registrations import Registrations
from number_inventory.ports.secrets import Secrets
from number_inventory.services.change_numbers import ChangeNumbers, ChangeReport
from number_inventory.services.sync import LEASE_MARGIN

_PREVIEWED_AT_ONCE = 1_000
"""Records that a preview has in memory."""


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
