"""The devices of a customer as witnesses: what their registers say about numbers, read without their leases.

Syncs go on meanwhile. So what a register and a record say is only set against each other if nothing moved between the
two readings: the head of every device involved is read before and after, and whatever moved is read again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from number_inventory.domain.audit import Case, CoolingDays
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status
from number_inventory.domain.testimony import (
    DeviceTestimony,
    Statement,
    Word,
    lost,
    not_configured,
    unreadable,
    why_silent,
)
from number_inventory.ports.clock import Clock
from number_inventory.ports.devices import DeviceHead, Devices
from number_inventory.ports.numbers import Inventory
from number_inventory.ports.registrations import RegisterView, Registrations
from number_inventory.services.strangers import Strangers

ROUNDS = 4
"""How often what moved under the reader's eyes is read again, before it is left for the next audit."""

FRESH = timedelta(minutes=1)
"""How old the state of a device may be that has no part in a number itself."""

ONE_BY_ONE = 100
"""So many devices are read one by one; more are cheaper to read in a row, with the others of the customer."""

_Head = DeviceHead | RecordBrokenError


@dataclass(slots=True)
class _Witness:
    """A device, as it was when its register was read.

    Attributes:
        damage: what is wrong with the register, so that absence from it means nothing.
        broken: why neither of these is there.
    """

    head: _Head
    view: RegisterView | None = None
    testimony: DeviceTestimony | None = None
    damage: str = ""
    broken: str = ""


@dataclass(frozen=True, slots=True)
class CasesRead:
    """Numbers read for judging.

    Attributes:
        cases: those that held still.
        moving: numbers that kept changing; a later audit sees them.
        unreadable: numbers whose records cannot be understood.
    """

    cases: list[Case] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


class Witnesses:
    """All devices of one customer. Its memory is 20 bytes for each number on each device."""

    def __init__(
        self,
        customer: str,
        *,
        inventory: Inventory,
        devices: Devices,
        registrations: Registrations,
        clock: Clock,
        proof_age: timedelta,
    ) -> None:
        self._customer = customer
        self._inventory = inventory
        self._devices = devices
        self._registrations = registrations
        self._clock = clock
        self._proof_age = proof_age
        self._known: dict[str, _Witness] = {}
        self._left_behind: dict[str, bool] = {}
        self._read_at: datetime | None = None

    def renew(self) -> None:
        """Read the heads of all devices again, if they are not fresh; registers that changed are read when needed."""
        now = self._clock.now()
        if self._read_at is not None and now - self._read_at <= FRESH:
            return
        heads = self._devices.heads(self._customer)
        self._read_at = now
        self._left_behind.clear()
        for name in self._known.keys() - heads.keys():
            del self._known[name]
        for name, head in heads.items():
            self._hear_again(name, head)

    def cut(self, after: str, count: int) -> str | None:
        """Where a stretch must end so that no device has more than so many numbers in it; None where none has."""
        ends = [witness.view.held.ahead(after, count) for witness in self._known.values() if witness.view]
        return min((end for end in ends if end is not None), default=None)

    def held_numbers(self, device: str) -> int:
        """How many numbers a device holds; 0 for one that does not exist."""
        witness = self._known.get(device)
        return len(witness.view.held) if witness and witness.view else 0

    def distrust_damaged(self) -> None:
        """Let devices whose registers are damaged be compared as a whole: an unchanged device never would be."""
        for witness in self._known.values():
            if witness.damage and isinstance(witness.head, DeviceHead) and witness.head.settled:
                self._devices.distrust(witness.head)

    def claimants(self, after: str, upto: str | None) -> dict[str, list[str]]:
        """The devices that hold each number of a stretch, as far as is known; numbers without one are left out."""
        found: dict[str, list[str]] = {}
        for name, witness in self._known.items():
            for number in witness.view.held.between(after, upto) if witness.view else ():
                found.setdefault(number, []).append(name)
        return found

    def read(self, involved: Mapping[str, Collection[str]], days: CoolingDays) -> CasesRead:
        """Read numbers and what the devices say of them, so that both are of the same moment.

        Args:
            involved: the numbers, each with the names of the devices that may have to do with it.
            days: for the cases.

        Raises:
            StorageBusyError, StorageRefusedError: AWS did not play along.
        """
        read = CasesRead()
        pending = {number: set(names) for number, names in involved.items()}
        for _ in range(ROUNDS):
            pending = self._round(pending, days, read)
            if not pending:
                return read
        read.moving.extend(pending)
        return read

    def claiming(self, number: str) -> set[str]:
        """The devices that hold a number, as far as is known."""
        return {name for name, witness in self._known.items() if witness.view and number in witness.view.held}

    def moved(self, names: Collection[str]) -> set[str]:
        """Those of these devices that have begun or ended a sync since they were heard."""
        return {name for name, head in self._heads(names).items() if not self._stands(name, head)}

    # --- one reading

    def _round(self, pending: dict[str, set[str]], days: CoolingDays, read: CasesRead) -> dict[str, set[str]]:
        """Read these numbers once; returns those that must be read again, with all devices they have to do with."""
        names = set().union(*pending.values())
        for name, head in self._heads(names).items():
            self._hear_again(name, head)
        at = self._clock.now()
        records = self._inventory.get_many(self._customer, sorted(pending))
        strangers = Strangers(pending)
        cases: list[Case] = []
        again: dict[str, set[str]] = {}
        for number, known in pending.items():
            try:
                record = records.get(number)
            except RecordBrokenError:
                read.unreadable.append(number)
                continue
            named = {holder.device for holder in record.holders} if record else set()
            if named <= known:
                cases.append(self._case(number, record, known, at, days, strangers=strangers))
            else:
                again[number] = known | named
        heard = {statement.device for case in cases for statement in case.statements}
        moved = self._moved_since(names | heard | (self._known.keys() if strangers.asked else set()), cases, strangers)
        for case in cases:
            if moved and (case.number in strangers.asked or any(each.device in moved for each in case.statements)):
                again[case.number] = pending[case.number]
            else:
                read.cases.append(case)
        return again

    def _case(
        self,
        number: str,
        record: NumberRecord | None,
        involved: Collection[str],
        at: datetime,
        days: CoolingDays,
        *,
        strangers: Strangers,
    ) -> Case:
        statements: Sequence[Statement] = [self._statement(name, number, record) for name in sorted(involved)]
        if not statements and record is not None and (record.status, record.vendor) == (Status.USED, AUDIOCODES):
            # Nobody has to do with it: whether it is an orphan, all devices have to say.
            if not strangers.asked:
                strangers.hear(self._on_strange_numbers())
            statements = strangers.on(number, lambda name: self._statement(name, number, record))
        return Case(
            customer=self._customer, number=number, record=record, statements=tuple(statements), at=at, days=days
        )

    def _statement(self, name: str, number: str, record: NumberRecord | None) -> Statement:
        witness = self._known.get(name)
        if witness is None:
            return lost(name) if self._remains(name) else not_configured(name)
        if witness.testimony is None:
            return unreadable(name, witness.broken)
        return witness.testimony.on(number, record.holder(name) if record else None)

    def _moved_since(self, names: Collection[str], cases: Sequence[Case], strangers: Strangers) -> set[str]:
        """Devices that moved since they were heard, or whose unsettled sync said something new meanwhile."""
        moved = set()
        for name, head in self._heads(names).items():
            if not self._stands(name, head):
                moved.add(name)
                self._hear_again(name, head)
            elif isinstance(head, DeviceHead) and self._syncing(head):
                before = dict(self._words(name, cases, strangers))
                self._hear(self._known[name], head)
                if before != dict(self._words(name, cases, strangers)):
                    moved.add(name)
        return moved

    def _words(self, name: str, cases: Sequence[Case], strangers: Strangers) -> Iterator[tuple[str, Word]]:
        for case in cases:
            if case.number in strangers.asked or any(statement.device == name for statement in case.statements):
                yield case.number, self._statement(name, case.number, case.record).word

    def _on_strange_numbers(self) -> Iterator[tuple[Statement, RegisterView | None]]:
        """What each device says of a number that it has nothing to do with, and its register, by name."""
        for name, witness in sorted(self._known.items()):
            if witness.testimony is None:
                yield unreadable(name, witness.broken), None
            else:
                yield witness.testimony.on_a_strange_number(), witness.view

    def _remains(self, name: str) -> bool:
        """Whether a device that is not there was lost rather than removed: who is removed leaves no register behind."""
        if name not in self._left_behind:
            self._left_behind[name] = self._registrations.remains(DeviceKey(self._customer, name))
        return self._left_behind[name]

    # --- hearing devices

    def _heads(self, names: Collection[str]) -> dict[str, _Head | None]:
        """The heads of these devices as they are now; None for one that does not exist."""
        if not names:
            return {}
        found = self._devices.heads(self._customer, names if len(names) <= ONE_BY_ONE else None)
        return {name: found.get(name) for name in names}

    def _stands(self, name: str, head: _Head | None) -> bool:
        """Whether a device is as it was when it was heard."""
        witness = self._known.get(name)
        if head is None or witness is None:
            return head is None and witness is None
        return _place(head) == _place(witness.head)

    def _hear_again(self, name: str, head: _Head | None) -> None:
        if head is None:
            self._known.pop(name, None)
            return
        witness = self._known.setdefault(name, _Witness(head))
        if isinstance(head, DeviceHead) and witness.testimony is not None and self._as_heard(witness, head):
            # The register is as it was when it was read; whether the device may speak is known anew.
            witness.head = head
            witness.testimony = replace(
                witness.testimony, settled_sync=head.settled_sync, proven_at=head.state.last_complete_at
            )
            self._let_speak(witness, head)
        else:
            self._hear(witness, head)

    def _as_heard(self, witness: _Witness, head: DeviceHead) -> bool:
        """Whether a register is as it was when it was read: no sync is writing it, and it ends where it ended."""
        before = witness.head
        if not isinstance(before, DeviceHead) or self._syncing(head) or self._syncing(before):
            return False
        if _place(before) == _place(head):
            return True
        same = (before.base, before.mark) == (head.base, head.mark)
        return same and bool(head.mark) and before.settled and head.settled

    def _syncing(self, head: DeviceHead) -> bool:
        return not head.settled and head.leased_until is not None and head.leased_until > self._clock.now()

    def _hear(self, witness: _Witness, head: _Head) -> None:
        """Read the register that belongs to a head."""
        witness.head, witness.view, witness.testimony, witness.damage, witness.broken = head, None, None, "", ""
        if isinstance(head, RecordBrokenError):
            witness.broken = str(head)
            return
        try:
            view = witness.view = self._registrations.look(head)
        except RecordBrokenError as error:
            witness.broken = str(error)
            return
        witness.damage = _damage(head, view)
        witness.testimony = DeviceTestimony(
            device=head.device.key.name,
            held=view.held,
            doubtful=view.doubtful,
            syncing=self._syncing(head),
            settled_sync=head.settled_sync,
            proven_at=head.state.last_complete_at,
            silent_because="",
            damaged=bool(witness.damage),
        )
        self._let_speak(witness, head)

    def _let_speak(self, witness: _Witness, head: DeviceHead) -> None:
        """Say whether a device can prove absence, by its state as it is now."""
        if witness.testimony is not None:
            silence = why_silent(head.device, head.state, self._clock.now(), self._proof_age)
            witness.testimony = replace(witness.testimony, silent_because=witness.damage or silence)


def _place(head: _Head | None) -> tuple[object, ...]:
    """What is different as soon as a device has begun or ended a sync."""
    if isinstance(head, DeviceHead):
        return (head.sync, head.settled_sync, head.base, head.digest)
    return (type(head),)


def _damage(head: DeviceHead, view: RegisterView) -> str:
    """What is wrong with a register: it may have been restored to another time than the devices, or not at all."""
    if not view.whole:
        return "its register is lost in part, or restored to another time"
    if head.settled and len(view.held) != head.state.held_numbers:
        return f"its register names {len(view.held)} numbers, but its last sync left {head.state.held_numbers}"
    return ""
