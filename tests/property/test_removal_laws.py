"""What one device may lose, whatever it shows, whenever it restarts, whoever dies, and whenever a person approves.

Nothing here knows how removals are judged: what goes is watched write by write and held against the rules as they are
told.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from number_inventory.domain.errors import InventoryError, RuleViolationError, StorageBusyError
from number_inventory.domain.macros import REMOVAL_GUARD_COUNT, REMOVAL_GUARD_PERCENT
from number_inventory.domain.numbers import NumberRecord
from number_inventory.domain.removals import checksum_of
from number_inventory.services.sync_summary import SyncResult
from tests.memory.fuse import ProcessDiedError
from tests.memory.law_watch import LawWatch
from tests.memory.world import CUSTOMER, World

ALL = tuple(f"{1000 + index}" for index in range(12))
COUNT, PERCENT = 2, 30
DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)
SHOWN = st.frozensets(st.sampled_from(ALL), max_size=12)
POINT = st.integers(0, 40)


def throttled() -> None:
    """An AWS call fails, with its effect or without."""
    raise StorageBusyError("throttled")


class RemovalMachine(RuleBasedStateMachine):
    """One device with twelve users, two of which may go without more ado."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.watch = LawWatch(self.world.clock)
        self.world.inventory.observers.append(self.watch)
        self.world.inventory.observers.append(self._sees)
        self.world.macros.put(CUSTOMER, REMOVAL_GUARD_COUNT, str(COUNT))
        self.world.macros.put(CUSTOMER, REMOVAL_GUARD_PERCENT, str(PERCENT))
        self.key = self.world.add_device()
        self.shown = frozenset(ALL)
        self.complete = True
        self.booted_at = self.world.clock.at - timedelta(days=100)
        self.missing: dict[str, datetime] = {}
        """Numbers that went without a person's word and are not back, by the instant at which they went."""
        self.held: list[tuple[datetime, int]] = []
        self.missed: dict[str, frozenset[str]] = {}
        """What it missed at each sync, by its checksum."""
        self.word = frozenset[str]()
        """The set that a person has approved."""
        self.allowed: frozenset[str] | None = None
        """The same, while it is what the device misses."""
        self.world.device_shows(self.key, *ALL)
        self.world.sync(self.key)

    def _sees(self, before: NumberRecord | None, after: NumberRecord) -> None:
        """Every write: what the device loses must be what it may lose."""
        had = before is not None and before.holder(self.key.name) is not None
        has = after.holder(self.key.name) is not None
        if has and not had:
            self.missing.pop(after.number, None)
        if had and not has:
            assert self.complete, "only a complete snapshot takes a number"
            assert after.number not in self.shown, "what is registered is never taken"
            if self.allowed is None:
                assert self.world.clock.at - self.booted_at >= HOUR, "phones have an hour to come back"
                self.missing[after.number] = self.world.clock.at
            else:
                assert after.number in self.allowed, "a word is about one set"

    # --- the world outside

    @rule(shown=SHOWN, complete=st.sampled_from([True, True, True, False]))
    def device_shows(self, shown: frozenset[str], complete: bool) -> None:
        self._show(shown, complete)

    @rule(number=st.sampled_from(ALL))
    def one_leaves_or_returns(self, number: str) -> None:
        self._show(self.shown ^ {number}, self.complete)

    @rule(numbers=st.lists(st.sampled_from(ALL), min_size=2, max_size=6, unique=True))
    def they_leave_one_by_one(self, numbers: list[str]) -> None:
        for number in numbers:
            self._show(self.shown - {number}, complete=True)
            self.world.clock.advance(minutes=20)
            self.sync()

    def _show(self, shown: frozenset[str], complete: bool) -> None:
        self.shown, self.complete = shown, complete
        self.world.device_shows(self.key, *sorted(shown), partial="" if complete else "cut off")

    @rule()
    def device_restarts(self) -> None:
        self.booted_at = self.world.clock.at

    @rule(wait=st.sampled_from([timedelta(minutes=5), HOUR, timedelta(hours=7), DAY, timedelta(hours=26)]))
    def time_passes(self, wait: timedelta) -> None:
        self.world.clock.at += wait

    # --- syncs and a person

    def _sync(self) -> None:
        """Sync, with a person's word where it is about what is missing; once carried out, all counting starts anew."""
        now, held = self.world.clock.at, self.world.held_by(self.key)
        self.world.source.uptime_seconds[self.key] = int((now - self.booted_at).total_seconds())
        self.held.append((now, len(held | self.missing.keys())))
        self._hear()
        try:
            self.world.sync(self.key)
        finally:
            missed = frozenset(self.world.held_by(self.key) - self.shown)
            self.missed[checksum_of(missed)] = missed
            if self.allowed is not None and not self.allowed & self.world.held_by(self.key):
                self.missing.clear()
            self.allowed = None

    def _hear(self) -> None:
        """Whether what the device misses, gone already or not, is what a person has approved."""
        approval = self.world.devices.get(self.key).state.approval
        missed = (self.world.held_by(self.key) | self.word) - self.shown
        self.allowed = self.word if approval and checksum_of(missed) == approval.checksum else None

    @rule()
    def sync(self) -> None:
        self.world.let_leases_expire()
        self._sync()
        assert self.shown <= self.world.held_by(self.key), "what is registered is added, whatever waits"
        state = self.world.devices.get(self.key).state
        if state.held_removals:
            gone = self.world.held_by(self.key) - self.shown
            assert not self.complete or state.held_removals.checksum == checksum_of(gone)
        writes = self.watch.writes
        self._sync()
        assert self.watch.writes == writes, "law 4: a repeated sync writes no number"

    @rule(point=POINT, failure=st.sampled_from([None, throttled]))
    def sync_is_interrupted(self, point: int, failure: Callable[[], None] | None) -> None:
        self.world.let_leases_expire()
        self.world.fuse.blow_at(point, failure)
        with suppress(ProcessDiedError, InventoryError):
            self._sync()
        self.world.fuse.disarm()

    @rule()
    def person_approves(self) -> None:
        held = self.world.devices.get(self.key).state.held_removals
        if held is None:
            return
        self.world.approve_removals(self.key, held.checksum, "operator:ann")
        # Else a sync that died has not said what it missed, or a part of that is gone already.
        self.word = self.missed.get(held.checksum, self.word)
        self._hear()

    @rule(point=POINT)
    def person_approves_during_a_sync(self, point: int) -> None:
        self.world.let_leases_expire()
        self.world.fuse.blow_at(point, self.person_approves)
        with suppress(RuleViolationError):
            self._sync()
        self.world.fuse.disarm()

    # --- the laws

    @invariant()
    def never_loses_too_much(self) -> None:
        now = self.world.clock.at
        lost = sum(1 for at in self.missing.values() if at > now - DAY)
        most = max((held for at, held in self.held if at > now - DAY - 2 * HOUR), default=len(ALL))
        assert lost <= COUNT or lost * 100 <= PERCENT * most, f"{sorted(self.missing)} of {most}"

    def teardown(self) -> None:
        """In the end all phones are back, and so are all numbers."""
        self._show(frozenset(ALL), complete=True)
        self.world.let_leases_expire()
        self._sync()
        assert self.world.held_by(self.key) == set(ALL)
        assert self.world.sync(self.key).result is SyncResult.UNCHANGED
        assert self.world.devices.get(self.key).state.held_removals is None


TestRemovalLaws = RemovalMachine.TestCase
TestRemovalLaws.settings = settings(
    max_examples=int(os.environ.get("MACHINE_RUNS", "60")), stateful_step_count=40, deadline=None
)
