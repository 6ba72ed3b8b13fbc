"""Sync one device: what it registers shows as used, what it proves gone starts to cool.

The order makes it safe to die anywhere: lease, snapshot, intents into the register, numbers, head. If a sync stops
half-way, the next one finds the numbers it may have touched marked as doubtful and asks their records what is true. So
it does with all numbers where the register is damaged; that is whole again once the device has shown all that it holds.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from number_inventory.domain.aors import compile_rules
from number_inventory.domain.changes import correlated
from number_inventory.domain.decisions import Decision, Stamp
from number_inventory.domain.device_health import moved_to
from number_inventory.domain.devices import DeviceKey, DeviceState, Health
from number_inventory.domain.errors import (
    DeviceError,
    DeviceUnreachableError,
    InvalidInputError,
    InventoryError,
    LeaseLostError,
    LoginRefusedError,
    RecordBrokenError,
)
from number_inventory.domain.lifecycle import Registration, confirmed, registration_gone
from number_inventory.domain.numbers import Holder, NumberRecord
from number_inventory.domain.removals import LONGEST_GRACE, Removal, RemovalLedger, Running
from number_inventory.domain.snapshots import Claims, Snapshot, SyncPlan, UserScope, claims_of, digest_of, plan_sync
from number_inventory.ports.clock import Clock
from number_inventory.ports.devices import DAMAGED, Devices, Lease, NotDue, RegisterHead
from number_inventory.ports.macros import Macros
from number_inventory.ports.numbers import Inventory
from number_inventory.ports.registrations import Register, Registrations
from number_inventory.services.ask_device import AskDevice
from number_inventory.services.change_numbers import ChangeNumbers, ChangeReport
from number_inventory.services.judge_removals import JudgeRemovals, Verdict
from number_inventory.services.sync_summary import SyncResult, SyncSummary, summary_of_not_due

LEASE_MARGIN = timedelta(seconds=60)
"""How long a lease outlives the time its sync may take: the writer is gone for sure before the next one starts."""

STRETCH = 1000
"""How many records are looked at together: a million at once would not fit a function's memory."""

UNMAPPED_SHOWN = 20
"""How many AORs that map to no number a summary names; the count is always whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncDevice:
    """The use case; everything it needs is handed in.

    Attributes:
        budget: how long one sync may take; it stops in good order before that.
        chance: a random number from 0 to 1, so that devices that failed together are not asked together again.
    """

    devices: Devices
    registrations: Registrations
    inventory: Inventory
    macros: Macros
    ask: AskDevice
    clock: Clock
    budget: timedelta
    chance: Callable[[], float] = random.random
    correlation_id: str = ""

    def __call__(self, key: DeviceKey, *, scheduled: bool = False) -> SyncSummary:
        """Sync the device once.

        A device that cannot be asked changes no number; the summary and the device's state say why.

        Args:
            key: of the device.
            scheduled: a schedule asks, not a person: a device that failed again and again is left alone for a while.

        Raises:
            NotFoundError: there is no such enabled device.
            StorageBusyError, StorageRefusedError: AWS did not play along; the next sync ends in the same place.
        """
        started = self.clock.now()
        deadline = started + self.budget
        until = deadline + LEASE_MARGIN
        acquire = self.devices.acquire_if_due if scheduled else self.devices.acquire
        lease = acquire(key, started, until)
        if isinstance(lease, NotDue):
            return summary_of_not_due(key, lease)
        if lease is None:
            return SyncSummary(device=key, result=SyncResult.BUSY, cause="another sync of this device is under way")
        run = _Run(self, lease, deadline)
        try:
            return run.run()
        except (KeyboardInterrupt, SystemExit):
            run.leave_in_doubt("it was interrupted")
            raise


class _Doubts(NamedTuple):
    """What the records say of doubtful numbers.

    Attributes:
        held: those that have the device as a holder.
        broken: those whose records cannot be understood: nothing is concluded from them, and the others go on.
        why_broken: what is wrong with the first of these.
    """

    held: Mapping[str, Holder]
    broken: frozenset[str]
    why_broken: str


class _Run:
    """One sync under its lease."""

    def __init__(self, parts: SyncDevice, lease: Lease, deadline: datetime) -> None:
        self._parts = parts
        self._lease = lease
        self._deadline = deadline
        self._summary = SyncSummary(device=lease.key, sync=lease.sync, held=lease.state.held_numbers)
        self._summary.health_before = lease.state.health
        self._state_before = replace(lease.state, begun_removal=None)
        self._verdict = Verdict()
        self._damaged = False
        self._returned: dict[str, datetime] = {}
        """Numbers that this device lost and that come back, by the instant at which they went."""

    def run(self) -> SyncSummary:
        """Look, compare, apply; the lease is given back whatever happens, so that the next sync need not wait."""
        try:
            snapshot, claims = self._look()
        except (DeviceError, InvalidInputError) as error:
            return self._failed(error)
        self._note(snapshot, claims)
        self._note_restart(snapshot)
        if self._lease.settled and digest_of(claims, may_remove=snapshot.complete) == self._lease.digest:
            if snapshot.complete:
                self._state_before = replace(self._state_before, held_removals=None)
            return self._finish(snapshot, SyncResult.UNCHANGED, self._settled_as_before())
        try:
            return self._apply(snapshot, claims)
        except LeaseLostError as error:
            self._summary.result, self._summary.cause = SyncResult.UNFINISHED, str(error)
            return self._summary
        except InventoryError as error:
            self.leave_in_doubt(str(error))
            raise

    def leave_in_doubt(self, cause: str) -> None:
        """Give the lease back without a head: what this sync may have changed is looked at again by the next one."""
        words = f"the last sync stopped half-way: {cause}"
        state = replace(self._lease.state, cause=words, last_sync_at=self._parts.clock.now())
        with suppress(InventoryError):  # then the lease is kept until it ends by itself
            self._parts.devices.finish(self._lease, state, None)

    def _look(self) -> tuple[Snapshot, Claims]:
        device = self._lease.device
        mapper = compile_rules(device.number_rules)
        snapshot = self._parts.ask(device, self._lease.state.refused_credentials)
        return snapshot, claims_of(snapshot.users, mapper, UserScope(device.hosts, device.ip_groups))

    def _apply(self, snapshot: Snapshot, claims: Claims) -> SyncSummary:
        if not self._in_time():
            # The lease may be lost by now, and intents that come after another sync has settled would count as done.
            self._summary.cause = "time ran out before any number was changed; the next sync goes on"
            return self._finish(snapshot, SyncResult.UNFINISHED, None)
        register = self._parts.registrations.load(self._lease)
        self._damaged = self._is_damaged(register)
        asked = register.doubtful | register.held | claims.dormant if self._damaged else register.doubtful
        doubts = self._ask_records(asked)
        known = (register.held - asked) | doubts.held.keys()
        # An earlier sync took these, and died before it could say so.
        begun = register.doubtful - register.held - known - doubts.broken - claims.claimed
        plan = self._plan(known, begun, claims.without(doubts.broken), snapshot)
        spared = plan.held & {
            number
            for number, holder in doubts.held.items()
            if number in register.doubtful and (number not in register.held or holder.sync <= self._lease.settled_sync)
        }
        # What is said of a broken record's number stays as it is, so that it stays in doubt until it can be read.
        register = self._parts.registrations.intend(self._lease, register, plan.held | (register.held & doubts.broken))
        report = self._change(plan, spared)
        report.failed.extend(sorted(doubts.broken))
        report.broken = report.broken or doubts.why_broken
        self._count(plan, report)
        if not report.finished:
            return self._finish(snapshot, SyncResult.UNFINISHED, None)
        head = self._settled(register, snapshot, claims)
        self._state_before = self._with_removals(snapshot, Removal(plan.disappearing, begun, len(known) + len(begun)))
        result = SyncResult.UNCHANGED if plan.empty else SyncResult.APPLIED
        return self._finish(snapshot, result, head)

    def _is_damaged(self, register: Register) -> bool:
        """Whether the register is not what the last sync left: it may name too many numbers, and lack others."""
        lease = self._lease
        return not register.whole or (lease.settled and len(register.held) != lease.state.held_numbers)

    def _settled(self, register: Register, snapshot: Snapshot, claims: Claims) -> RegisterHead:
        """The register as it counts from now on.

        One that was damaged lacks numbers that nobody can name. They stay the device's until it has shown all that it
        holds and nothing of that waits: till then the register is left as damaged, and proves nothing to anybody.
        """
        digest = digest_of(claims, may_remove=not self._summary.removals_wait)
        if self._damaged and (self._summary.removals_wait or not snapshot.complete):
            return RegisterHead(digest, register.base, DAMAGED)
        register = self._parts.registrations.compact(self._lease, register)
        return RegisterHead(digest, register.base, register.mark)

    def _ask_records(self, doubtful: frozenset[str]) -> "_Doubts":
        """What became of the numbers that an unfinished sync may have changed: only their records tell."""
        held: dict[str, Holder] = {}
        broken: dict[str, str] = {}
        name, customer = self._lease.key.name, self._lease.key.customer
        for some in _stretches(sorted(doubtful)):
            records = self._parts.inventory.get_many(customer, some)
            for number in some:
                try:
                    record = records.get(number)
                except RecordBrokenError as error:
                    broken[number] = str(error)
                else:
                    holder = record.holder(name) if record else None
                    if holder:
                        held[number] = holder
        return _Doubts(held, frozenset(broken), next(iter(broken.values()), ""))

    def _plan(self, known: frozenset[str], begun: frozenset[str], claims: Claims, snapshot: Snapshot) -> SyncPlan:
        """What the snapshot changes; where removals must wait, it only adds."""
        plan = plan_sync(known, claims, may_remove=snapshot.complete)
        if not plan.disappearing and not (self._damaged and snapshot.complete):
            return plan
        removal = Removal(plan.disappearing, begun, len(known) + len(begun))
        self._verdict = self._judged(removal, snapshot)
        if self._verdict.held and plan.appearing:
            # Who comes back with this very sync is not lost: else the next one would judge otherwise.
            for some in _stretches(plan.appearing):
                for record in self._parts.inventory.get_many(self._lease.key.customer, some).values():
                    self._note_return(record)
            self._verdict = self._judged(removal, snapshot)
        if not self._verdict.waits:
            return plan
        self._summary.removals_wait = self._verdict.waits
        return plan_sync(known, claims, may_remove=False)

    def _judged(self, removal: Removal, snapshot: Snapshot) -> Verdict:
        state = self._state_before
        state = replace(state, removals=state.removals.regaining(self._returned.values()))
        judge = JudgeRemovals(self._parts.macros)
        return judge(self._lease.key, removal, _running(snapshot), state, self._parts.clock.now())

    def _note_return(self, record: NumberRecord | None) -> None:
        """Remember when a number left this device, if it is one that did."""
        if record and record.cooling_since and record.updated_by.startswith(f"sync:{self._lease.key.name}#"):
            self._returned[record.number] = record.cooling_since

    def _with_removals(self, snapshot: Snapshot, done: Removal) -> DeviceState:
        """The device's state with what it lost, what it got back and what is held, now that all of it is done."""
        state, now = self._state_before, self._parts.clock.now()
        ledger = state.removals.within(now).regaining(self._returned.values())
        ledger = ledger.losing(len(done.gone) + len(done.begun), done.held, now)
        if done.is_approved(state.approval):
            ledger = RemovalLedger()  # a person has looked at this device: it starts anew
        returns = state.returns.with_back(self._returned, now)
        self._summary.flapping = tuple(sorted(set(returns.flapping) - set(state.returns.within(now).flapping)))
        held = self._verdict.held if snapshot.complete else state.held_removals
        return replace(state, removals=ledger, returns=returns, held_removals=held)

    def _change(self, plan: SyncPlan, spared: frozenset[str]) -> ChangeReport:
        """Bring the numbers to where the plan wants them.

        Args:
            plan: what comes and what goes.
            spared: numbers that an unfinished sync meant to take and that stay the device's.
        """
        device = self._lease.key
        approved = f"; approved by {self._verdict.approval.by}" if self._verdict.approval else ""
        change = ChangeNumbers(self._parts.inventory, self._in_time)

        def comes(number: str, record: NumberRecord | None) -> Decision:
            self._note_return(record)
            return confirmed(record, self._registration(number), self._stamp(f"registered on {device.name}"))

        def goes(number: str, record: NumberRecord | None) -> Decision | None:
            stamp = self._stamp(f"no longer registered on {device.name}{approved}")
            return registration_gone(record, self._registration(number), self._verdict.cooling_days, stamp)

        def stays(number: str, record: NumberRecord | None) -> Decision:
            return confirmed(record, self._registration(number), self._stamp(f"still held by {device.name}"))

        change(device.customer, sorted(spared), stays)
        change(device.customer, plan.appearing, comes)
        change(device.customer, plan.disappearing, goes)
        return change.report

    def _in_time(self) -> bool:
        return self._parts.clock.now() < self._deadline

    def _registration(self, number: str) -> Registration:
        return Registration(self._lease.key.customer, number, self._lease.key.name, self._lease.sync)

    def _stamp(self, reason: str) -> Stamp:
        author = correlated(f"sync:{self._lease.key.name}#{self._lease.sync}", self._parts.correlation_id)
        return Stamp(self._parts.clock.now(), author, reason)

    def _settled_as_before(self) -> RegisterHead | None:
        lease = self._lease
        return RegisterHead(lease.digest, lease.base, lease.mark) if lease.settled else None

    def _note(self, snapshot: Snapshot, claims: Claims) -> None:
        summary = self._summary
        summary.complete, summary.cause = snapshot.complete, snapshot.incomplete_because
        summary.users, summary.foreign = len(snapshot.users), claims.foreign
        summary.unmapped, summary.unmapped_examples = len(claims.unmapped), claims.unmapped[:UNMAPPED_SHOWN]
        if not snapshot.complete:
            summary.removals_wait = f"the snapshot is partial: {snapshot.incomplete_because}"

    def _note_restart(self, snapshot: Snapshot) -> None:
        state, now = self._state_before, self._parts.clock.now()
        if _running(snapshot).restarted_since(Running(state.uptime_seconds, state.serial)):
            state = replace(state, restarted_at=now)
        elif state.restarted_at is not None and now - state.restarted_at > LONGEST_GRACE:
            state = replace(state, restarted_at=None)
        self._state_before = state

    def _count(self, plan: SyncPlan, report: ChangeReport) -> None:
        summary = self._summary
        summary.appeared, summary.disappeared = len(plan.appearing), len(plan.disappearing)
        summary.held, summary.writes = len(plan.held), report.writes
        summary.outcomes = {str(outcome): count for outcome, count in sorted(report.outcomes.items())}
        summary.conflicts = tuple(report.conflicts)
        if not report.finished:
            summary.cause = f"{report.unfinished()}; the next sync goes on"

    def _finish(self, snapshot: Snapshot, result: SyncResult, head: RegisterHead | None) -> SyncSummary:
        now = self._parts.clock.now()
        health = self._verdict.health if snapshot.complete else Health.PARTIAL
        before = self._state_before
        state = replace(
            self._state(health, now, self._summary.cause or self._summary.removals_wait),
            last_complete_at=now if snapshot.complete and head else before.last_complete_at,
            product=snapshot.product,
            version=snapshot.version,
            serial=snapshot.serial or before.serial,
            uptime_seconds=before.uptime_seconds if snapshot.uptime_seconds is None else snapshot.uptime_seconds,
            held_numbers=self._summary.held,
            unmapped=self._summary.unmapped,
            refused_credentials=0,
            removals=before.removals.within(now),
            returns=before.returns.within(now),
        )
        self._summary.held_removals = state.held_removals
        return self._give_back(state, result, head)

    def _failed(self, error: DeviceError | InvalidInputError) -> SyncSummary:
        """The device gave nothing to go by: no number changes, and the state says since when and why."""
        self._summary.cause = str(error)
        state = self._state(_health_after(error), self._parts.clock.now(), str(error))
        if isinstance(error, LoginRefusedError):
            state = replace(state, refused_credentials=error.credentials_version)
        return self._give_back(state, SyncResult.FAILED, self._settled_as_before())

    def _state(self, health: Health, now: datetime, cause: str) -> DeviceState:
        return moved_to(self._state_before, health, cause, now, self._parts.chance())

    def _give_back(self, state: DeviceState, result: SyncResult, head: RegisterHead | None) -> SyncSummary:
        self._summary.result, self._summary.health = result, state.health
        if not self._parts.devices.finish(self._lease, state, head):
            self._summary.result = SyncResult.UNFINISHED
            self._summary.cause = "the lease was lost to another sync, which takes over"
        return self._summary


def _stretches(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (numbers[start : start + STRETCH] for start in range(0, len(numbers), STRETCH))


def _running(snapshot: Snapshot) -> Running:
    return Running(snapshot.uptime_seconds, snapshot.serial)


def _health_after(error: DeviceError | InvalidInputError) -> Health:
    if isinstance(error, LoginRefusedError):
        return Health.LOGIN_REFUSED
    if isinstance(error, DeviceUnreachableError):
        return Health.UNREACHABLE
    return Health.MISCONFIGURED
