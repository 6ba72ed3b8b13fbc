"""The services on the in-memory ports against the reference: crashes, failures, partial snapshots, and time."""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import (
    DeviceUnreachableError,
    InventoryError,
    RuleViolationError,
    SettingBrokenError,
    StorageBusyError,
)
from number_inventory.domain.lifecycle import Decision, Stamp, assign, cool, release_early, reserve, unassign, unreserve
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.ports import DueNumber, WriteResult
from number_inventory.services.manage_numbers import AddNumbers, NumberDetails
from number_inventory.services.sync import SyncResult
from tests.memory.fuse import ProcessDiedError
from tests.memory.law_watch import LawWatch
from tests.memory.world import BUDGET, CUSTOMER, World
from tests.property.reference import FREE, Item, Reference

NAMES = ("sbc1", "sbc2", "sbc3")
NUMBERS = ("1001", "1002", "1003", "1004", "+441005", "1006")
DEVICE = st.sampled_from(NAMES)
NUMBER = st.sampled_from(NUMBERS)
SHOWN = st.frozensets(NUMBER)
REQUESTER = st.sampled_from(["alice", "bob"])
POINT = st.integers(0, 30)


def throttled() -> None:
    """An AWS call fails, with its effect or without."""
    raise StorageBusyError("throttled")


class InventoryMachine(RuleBasedStateMachine):
    """Every rule does something to the real services and says what the reference expects of it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.reference = Reference()
        self.watch = LawWatch(self.world.clock)
        self.world.inventory.observers.append(self.watch)
        self.keys = {name: self.world.add_device(name) for name in NAMES}
        self.shown: dict[str, tuple[frozenset[str], frozenset[str], bool]] = {
            name: (frozenset(), frozenset(), True) for name in NAMES
        }

    # --- the world outside

    @rule(name=DEVICE, shown=SHOWN, dormant=SHOWN, complete=st.sampled_from([True, True, True, False]))
    def device_shows(self, name: str, shown: frozenset[str], dormant: frozenset[str], complete: bool) -> None:
        self.shown[name] = (shown, dormant - shown, complete)
        self.world.device_shows(
            self.keys[name], *shown, dormant=sorted(dormant - shown), partial="" if complete else "cut off"
        )

    @rule(name=DEVICE)
    def device_fails_once(self, name: str) -> None:
        key = self.keys[name]
        working = self.world.source.shows.get(key, ())
        self.world.source.shows[key] = DeviceUnreachableError("no route")
        self.world.sync(key)
        self.world.source.shows[key] = working

    @rule(
        wait=st.sampled_from(
            [
                timedelta(microseconds=1),
                timedelta(minutes=5),
                timedelta(hours=24),
                timedelta(days=2),
                timedelta(days=2, microseconds=-1),
                timedelta(days=30),
            ]
        )
    )
    def time_passes(self, wait: timedelta) -> None:
        self.world.clock.at += wait

    @rule(value=st.sampled_from(["0", "1", "2", "2", "999", "two", ""]))
    def macro_is_set(self, value: str) -> None:
        self.world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, value)
        self.reference.days = int(value) if value.isdecimal() else None

    @rule(days=st.sampled_from([0, 1, 30]))
    def global_cooling_is_set(self, days: int) -> None:
        self.reference.global_days = days

    @rule(number=NUMBER, hours=st.integers(-100, 0))
    def index_lags_behind(self, number: str, hours: int) -> None:
        now = self.world.clock.at.replace(microsecond=0)
        self.world.inventory.index_lag = [DueNumber(CUSTOMER, number, now + timedelta(hours=hours))]

    # --- syncs

    def _is_leased(self, key: DeviceKey) -> bool:
        until = self.world.devices.leased_until(key)
        return until is not None and until > self.world.clock.at

    def _expected_sync(self, name: str) -> Reference:
        shown, dormant, complete = self.shown[name]
        after = self.reference.copy()
        if not self._is_leased(self.keys[name]):
            after.sync(name, shown, dormant, self.world.clock.at, complete=complete)
        return after

    @rule(name=DEVICE)
    def sync(self, name: str) -> None:
        after, leased = self._expected_sync(name), self._is_leased(self.keys[name])
        summary = self.world.sync(self.keys[name])
        assert (summary.result is SyncResult.BUSY) == leased
        self.reference = after

    @rule(name=DEVICE)
    def sync_twice(self, name: str) -> None:
        self.sync(name)
        writes = self.watch.writes
        self.world.sync(self.keys[name])
        assert self.watch.writes == writes, "law 4: a repeated sync writes no number"

    @rule(name=DEVICE, point=POINT, failure=st.sampled_from([None, throttled]))
    def sync_is_interrupted(self, name: str, point: int, failure: Callable[[], None] | None) -> None:
        after = self._expected_sync(name)
        self.world.fuse.blow_at(point, failure)
        with suppress(ProcessDiedError, InventoryError):
            self.world.sync(self.keys[name])
        self._settle_for(after)

    @rule(name=DEVICE, point=POINT)
    def sync_runs_out_of_time(self, name: str, point: int) -> None:
        after = self._expected_sync(name)
        self.world.fuse.blow_at(point, lambda: self.world.clock.advance(seconds=BUDGET.total_seconds()))
        self.world.sync(self.keys[name])
        self._settle_for(after)

    @rule(name=DEVICE, lost=SHOWN, unanswered=SHOWN)
    def sync_loses_writes_and_answers(self, name: str, lost: frozenset[str], unanswered: frozenset[str]) -> None:
        after = self._expected_sync(name)
        self.world.inventory.writes_lost = set(lost)
        self.world.inventory.answers_lost = set(unanswered - lost)
        self.world.sync(self.keys[name])
        self.world.inventory.writes_lost = set()
        self.world.inventory.answers_lost = set()
        self._settle_for(after)

    @rule(name=DEVICE, other=DEVICE, number=NUMBER, point=POINT)
    def others_act_during_a_sync(self, name: str, other: str, number: str, point: int) -> None:
        """Who is first decides what becomes of a number; the laws, watched write by write, decide what may."""
        key, (shown, dormant, complete) = self.keys[name], self.shown[name]
        if self._is_leased(key):
            return

        def act() -> None:
            self.world.sync(self.keys[other])
            self.world.release_cooled.release()
            record = self.world.inventory.get(CUSTOMER, number)
            if record is not None:
                with suppress(RuleViolationError):
                    stamp = Stamp(self.world.clock.at, "operator:ann", "meanwhile")
                    self.world.decide(assign(record, "Microsoft", Usage.USER, "alice", stamp))

        self.world.fuse.blow_at(point, act)
        result = self.world.sync(key).result
        self.world.fuse.disarm()
        self.reference.items = self._picture()
        held = self.world.held_by(key)
        if result is not SyncResult.BUSY:
            assert shown <= held
            assert not complete or self.reference.days is None or held <= shown | dormant

    def _settle_for(self, after: Reference) -> None:
        """After an interruption each number is as before or as after, and nothing else; take it as it is."""
        self.world.fuse.disarm()
        picture = self._picture()
        numbers = self.reference.items.keys() | after.items.keys()
        assert picture.keys() <= numbers
        for number in numbers:
            before, then = self.reference.items.get(number), after.items.get(number)
            found = picture.get(number)
            assert found in (before, then), f"{number} is neither {before} nor {then} but {found}"
        self.reference.items = picture

    @rule(name=DEVICE)
    def device_is_removed_and_added_again(self, name: str) -> None:
        key, now = self.keys[name], self.world.clock.at
        if self.reference.days is None or self._is_leased(key):
            expected = SettingBrokenError if self.reference.days is None else RuleViolationError
            with suppress(expected):
                self.world.remove_device(key)
                raise AssertionError("the removal had to be refused")
            return
        self.world.remove_device(key)
        self.reference.removed(name, now)
        self.world.add_device(name)

    @rule(name=DEVICE, point=POINT)
    def removal_is_interrupted(self, name: str, point: int) -> None:
        key = self.keys[name]
        if self.reference.days is None or self._is_leased(key):
            return
        after = self.reference.copy()
        after.removed(name, self.world.clock.at)
        self.world.fuse.blow_at(point)
        with suppress(ProcessDiedError):
            self.world.remove_device(key)
        self._settle_for(after)
        present = [entry.device.key for entry in self.world.devices.of_customer(CUSTOMER)]
        if key not in present:
            self.world.add_device(name)
        else:
            self.world.configure.set_enabled(key, enabled=True)
            self._store_credentials_again(key)

    def _store_credentials_again(self, key: DeviceKey) -> None:
        self.world.secrets.forget(key)
        self.world.store_credentials(key)

    # --- the release

    @rule()
    def release(self) -> None:
        self.world.release_cooled.release()
        self.world.inventory.index_lag = []
        self.world.release_cooled.release()
        self.reference.release(self.world.clock.at)

    @rule(point=st.integers(0, 12), failure=st.sampled_from([None, throttled]))
    def release_is_interrupted(self, point: int, failure: Callable[[], None] | None) -> None:
        after = self.reference.copy()
        after.release(self.world.clock.at)
        self.world.fuse.blow_at(point, failure)
        with suppress(ProcessDiedError, InventoryError):
            self.world.release_cooled.release()
        self._settle_for(after)

    # --- operators

    def _command(self, number: str, allowed: bool, act: Callable[[NumberRecord, Stamp], Decision]) -> bool:
        record = self.world.inventory.get(CUSTOMER, number)
        if record is None:
            assert not allowed
            return False
        try:
            decision = act(record, Stamp(self.world.clock.at, "operator:ann", "asked for"))
        except RuleViolationError:
            assert not allowed
            return False
        assert allowed
        assert self.world.decide(decision) is WriteResult.WRITTEN
        return True

    def _status(self, number: str) -> tuple[str, bool]:
        item = self.reference.items.get(number)
        return (item.status, bool(item.holders)) if item else ("", False)

    @rule(number=NUMBER)
    def number_is_added(self, number: str) -> None:
        AddNumbers(self.world.inventory, self.world.clock)(CUSTOMER, [number], NumberDetails(tag="lobby"), "ann")
        self.reference.items.setdefault(number, FREE)

    @rule(number=NUMBER, requester=REQUESTER)
    def number_is_assigned(self, number: str, requester: str) -> None:
        allowed = self.reference.can_assign(number, requester)
        if self._command(
            number, allowed, lambda record, stamp: assign(record, "Microsoft", Usage.USER, requester, stamp)
        ):
            self.reference.assign(number)

    @rule(number=NUMBER)
    def number_is_unassigned(self, number: str) -> None:
        item = self.reference.items.get(number)
        allowed = item is not None and item.status == "Used" and not item.of_devices
        days = self.reference.global_days
        given = CoolingSettings(enabled=days > 0, days=days)
        if self._command(number, allowed, lambda record, stamp: unassign(record, given, stamp)):
            self.reference.unassign(number, self.world.clock.at)

    @rule(number=NUMBER, requester=REQUESTER)
    def number_is_reserved(self, number: str, requester: str) -> None:
        allowed = self._status(number) == ("Available", False)
        if self._command(number, allowed, lambda record, stamp: reserve(record, requester, None, "", stamp)):
            self.reference.items[number] = Item("Reserved", reserved_for=requester)

    @rule(number=NUMBER)
    def number_is_unreserved(self, number: str) -> None:
        if self._command(number, self._status(number) == ("Reserved", False), unreserve):
            self.reference.items[number] = FREE

    @rule(number=NUMBER, days=st.sampled_from([0, 1, 9]))
    def number_is_cooled_by_hand(self, number: str, days: int) -> None:
        allowed = self._status(number) == ("Available", False)
        if self._command(number, allowed, lambda record, stamp: cool(record, days, stamp)):
            self.reference.cool(number, self.world.clock.at, days)

    @rule(number=NUMBER)
    def number_is_released_early(self, number: str) -> None:
        if self._command(number, self._status(number) == ("Cooling", False), release_early):
            self.reference.items[number] = FREE

    # --- what holds after every step

    def _picture(self) -> dict[str, Item]:
        return {number: _seen(record) for (_, number), record in self.world.inventory.all().items()}

    @invariant()
    def the_inventory_is_as_the_reference_says(self) -> None:
        assert self._picture() == self.reference.items

    def teardown(self) -> None:
        """In the end all devices answer, all leases are over, all is settled and everything is released."""
        self.world.inventory.index_lag = []
        self.macro_is_set("2")
        self.world.let_leases_expire()
        for name in NAMES:
            shown, dormant, _ = self.shown[name]
            self.device_shows(name, shown, dormant, True)
            self.sync(name)
            self.the_inventory_is_as_the_reference_says()
            held = self.world.held_by(self.keys[name])
            assert shown <= held <= shown | dormant
        writes = self.watch.writes
        for name in NAMES:
            assert self.world.sync(self.keys[name]).result is SyncResult.UNCHANGED
        assert self.watch.writes == writes
        self.world.clock.advance(days=1000)
        self.release()
        self.the_inventory_is_as_the_reference_says()
        assert not any(item.status == "Cooling" for item in self.reference.items.values()), "forgotten"


def _seen(record: NumberRecord) -> Item:
    return Item(
        status=str(record.status),
        usage=str(record.usage),
        vendor=record.vendor,
        holders=frozenset(holder.device for holder in record.holders),
        release=record.release_date,
        reserved_for=record.reserved_for if record.status is Status.RESERVED else "",
    )


TestInventoryMachine = InventoryMachine.TestCase
TestInventoryMachine.settings = settings(
    max_examples=int(os.environ.get("MACHINE_RUNS", "150")), stateful_step_count=50, deadline=None
)
