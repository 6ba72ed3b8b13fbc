"""The services on the in-memory ports against the reference: crashes, failures, partial snapshots, audits, and time."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from number_inventory.domain.audit_runs import ENDED, AuditMode, AuditRun, RunState
from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Decision, Stamp
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import (
    AuditUnderWayError,
    DeviceUnreachableError,
    InventoryError,
    RuleViolationError,
    SettingBrokenError,
    StorageBusyError,
)
from number_inventory.domain.findings import FindingOutcome
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION
from number_inventory.domain.management import assign, cool, release_early, reserve, unassign, unreserve
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage
from number_inventory.domain.testimony import why_silent
from number_inventory.ports.devices import DeviceHead
from number_inventory.ports.numbers import DueNumber, WriteResult
from number_inventory.services.manage_numbers import AddNumbers, NumberDetails
from number_inventory.services.sync_summary import SyncResult
from tests.memory.fuse import ProcessDiedError
from tests.memory.law_watch import LawWatch
from tests.memory.world import BUDGET, CUSTOMER, PROOF_AGE, World
from tests.property.reference import FREE, Item, Reference

NAMES = ("sbc1", "sbc2", "sbc3")
NUMBERS = ("1001", "1002", "1003", "1004", "+441005", "1006")
DEVICE = st.sampled_from(NAMES)
NUMBER = st.sampled_from(NUMBERS)
SHOWN = st.frozensets(NUMBER)
REQUESTER = st.sampled_from(["alice", "bob"])
POINT = st.integers(0, 30)
MODE = st.sampled_from(AuditMode)
CORRECTABLE = (FindingOutcome.REPORTED, FindingOutcome.CORRECTED)


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
        self.audits_begun = 0
        self.world.start_audit = replace(self.world.start_audit, new_id=self._name_of_audit)
        self.open_audit: AuditRun | None = None

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

    # --- audits: all is exact while every device is settled; else what devices in doubt may have meant is allowed

    def _name_of_audit(self, _at: object) -> str:
        self.audits_begun += 1
        return f"audit-{self.audits_begun:06d}"

    def _heads(self) -> list[DeviceHead]:
        heads = self.world.devices.heads(CUSTOMER).values()
        return [head for head in heads if isinstance(head, DeviceHead)]

    def _settled(self) -> bool:
        """Whether every sync came to its end, so that the registers say what the records say."""
        return all(head.settled for head in self._heads())

    def _can_prove(self, head: DeviceHead) -> bool:
        """Whether the device's word counts against a number."""
        now = self.world.clock.at
        return head.settled and why_silent(head.device, head.state, now, PROOF_AGE) == ""

    def _can_mend_everything(self) -> bool:
        """Whether an audit now has the customer, the settings and the testimony for any correction."""
        proven = self.reference.days is not None and all(self._can_prove(head) for head in self._heads())
        return proven and self._audit(AuditMode.REPORT) is not None

    def _audit(self, mode: AuditMode) -> AuditRun | None:
        """Audit from start to end; None while an audit that died still has the customer."""
        with suppress(AuditUnderWayError):
            return self.world.audit(mode)
        assert self.open_audit is not None
        return None

    def _check_audit(self, run: AuditRun, found: set[tuple[str, str]]) -> None:
        assert run.state is RunState.FINISHED
        assert (run.numbers, run.moving) == (len(self.reference.items), 0)
        assert {(finding.number, str(finding.code)) for finding in self.world.findings(run)} == found

    @rule()
    def audit_reports(self) -> None:
        writes = self.watch.writes
        run = self._audit(AuditMode.REPORT)
        assert self.watch.writes == writes, "a report changes nothing"
        if run is not None and self._settled():
            self._check_audit(run, self.reference.found(self.world.clock.at))

    @rule()
    def audit_corrects(self) -> None:
        now, settled = self.world.clock.at, self._settled()
        run = self._audit(AuditMode.CORRECT)
        if run is None:
            return
        if settled:
            self._check_audit(run, self.reference.found(now))
            self.reference.release(now)
        else:
            self._accept_what_devices_in_doubt_may_have_meant()
        self._check_nothing_is_left()

    @rule(point=st.integers(0, 60), failure=st.sampled_from([None, throttled]))
    def audit_is_interrupted(self, point: int, failure: Callable[[], None] | None) -> None:
        if not self._settled():
            return
        after = self.reference.copy()
        after.release(self.world.clock.at)
        self.world.fuse.blow_at(point, failure)
        with suppress(ProcessDiedError, InventoryError):
            self._audit(AuditMode.CORRECT)
        self._settle_for(after)
        runs = self.world.audits.page(CUSTOMER, 1, None).runs
        self.open_audit = runs[0] if runs and runs[0].state not in ENDED else self.open_audit

    @rule()
    def audit_that_died_is_taken_up(self) -> None:
        if self.open_audit is None or not self._settled():
            return
        after = self.reference.copy()
        after.release(self.world.clock.at)
        run = self.world.audits.get(CUSTOMER, self.open_audit.id)
        self.world.run_audit(CUSTOMER, run.id, run.step, f"worker-{run.step}")
        self.open_audit = None if self.world.audits.get(CUSTOMER, run.id).state in ENDED else self.open_audit
        self._settle_for(after)

    @rule(name=DEVICE, number=NUMBER, point=st.integers(0, 60))
    def others_act_during_an_audit(self, name: str, number: str, point: int) -> None:
        """What an audit looks at moves under its eyes; the laws, watched write by write, decide what may be."""

        def act() -> None:
            self.world.sync(self.keys[name])
            self.world.release_cooled.release()
            record = self.world.inventory.get(CUSTOMER, number)
            if record is not None:
                with suppress(RuleViolationError):
                    stamp = Stamp(self.world.clock.at, "operator:ann", "meanwhile")
                    self.world.decide(assign(record, "Microsoft", Usage.USER, "alice", stamp))

        found = self.world.inventory.get(CUSTOMER, number)
        if found is not None and self._of_devices(found) and self._can_mend_everything():
            self._damage(found, "no holder")
        self.world.fuse.blow_at(point, act)
        run = self._audit(AuditMode.CORRECT)
        self.world.fuse.disarm()
        if run is not None:
            self._check_nobody_was_made_a_holder()
            self._audit(AuditMode.CORRECT)
            self._check_nothing_is_left()
            self._check_registers()
        self.reference.items = self._picture()

    @rule(
        number=NUMBER, way=st.sampled_from(["Available", "Reserved", "Cooling", "no holder", "usage", "lost", "used"])
    )
    def some_other_hand_changes_a_number_until_an_audit_comes(self, number: str, way: str) -> None:
        sound = self.world.inventory.get(CUSTOMER, number)
        if sound is None or not self._settled() or self._audit(AuditMode.CORRECT) is None:
            return
        now = self.world.clock.at
        self.reference.release(now)
        sound = self.world.number(number)
        if self._of_devices(sound):
            self._damage(sound, way)
        elif sound.status is Status.AVAILABLE and self.reference.days is not None:
            if not self._can_mend_everything():
                return
            self.world.inventory.put(replace(sound, status=Status.USED, vendor=AUDIOCODES, usage=Usage.DEVICE))
            self.reference.orphaned(number, now)
        run = self.world.audit(AuditMode.CORRECT)
        assert run.total() == run.total(FindingOutcome.CORRECTED) + run.total(FindingOutcome.LEFT)
        self._check_nothing_is_left()

    def _of_devices(self, record: NumberRecord) -> bool:
        return bool(record.holders) and (record.vendor, record.usage) == (AUDIOCODES, Usage.DEVICE)

    def _damage(self, sound: NumberRecord, way: str) -> None:
        """Change a number that devices hold; an audit brings back exactly what people saw."""
        later = self.world.clock.at.replace(microsecond=0) + timedelta(days=1)
        free = replace(sound, status=Status.AVAILABLE, usage=Usage.NONE, vendor="")
        if way == "lost":
            self.world.inventory.lose(CUSTOMER, sound.number)
            return
        changed = {
            "Available": free,
            "Reserved": replace(sound, status=Status.RESERVED),
            "Cooling": replace(free, holders=(), status=Status.COOLING, release_date=later),
            "no holder": replace(sound, holders=()),
            "usage": replace(sound, usage=Usage.HUNT_PILOT),
            "used": replace(sound, status=Status.USED_UTILITY),
        }
        self.world.inventory.put(changed[way])

    def _accept_what_devices_in_doubt_may_have_meant(self) -> None:
        """An audit may say of a stopped sync's numbers that the device holds them; take no other change than that."""
        now, doubted = self.world.clock.at, {head.device.key.name for head in self._heads() if not head.settled}
        expected = self.reference.copy()
        expected.release(now)
        for number, found in self._picture().items():
            before = expected.items.get(number)
            if found == before:
                continue
            had = before.holders if before else frozenset()
            assert had <= found.holders, f"{number}: nobody in doubt can prove that it is gone"
            assert found.holders - had <= doubted, f"{number}: {before} -> {found}"
            assert found.of_devices, f"{number}: {before} -> {found}"
        self.reference.items = self._picture()

    def _check_nothing_is_left(self) -> None:
        """A second correction right after the first finds nothing to do."""
        writes = self.watch.writes
        again = self._audit(AuditMode.CORRECT)
        assert again is not None
        assert [each for each in self.world.findings(again) if each.outcome in CORRECTABLE] == []
        assert self.watch.writes == writes

    def _check_registers(self) -> None:
        """Every number that a settled register names is known as the device's."""
        for head in self._heads():
            if not head.settled:
                continue
            register = set(self.world.registrations.look(head).held)
            known = self.world.held_by(head.device.key)
            assert register <= known
        self._check_nobody_was_made_a_holder()

    def _check_nobody_was_made_a_holder(self) -> None:
        """No settled device stands as the holder of a number that it let go of, where that can be proven."""
        for head in self._heads():
            if self._can_prove(head) and self.reference.days is not None:
                assert self.world.held_by(head.device.key) <= set(self.world.registrations.look(head).held)

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
    max_examples=int(os.environ.get("MACHINE_RUNS", "60")), stateful_step_count=40, deadline=None
)
