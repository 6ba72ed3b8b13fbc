"""Die, or fail, at every single point of an audit, or let a sync run there: the same end, and no law broken."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.audit_runs import ENDED, AuditMode, AuditRun, AuditScope, RunState
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import InventoryError, StorageBusyError
from number_inventory.domain.findings import FindingOutcome
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage
from tests.memory.fuse import ProcessDiedError
from tests.memory.law_watch import LawWatch
from tests.memory.world import CUSTOMER, World

Failure = Callable[[], None] | None


class Damaged:
    """A small inventory with one lie of every kind, and an open run that is to correct them."""

    def __init__(self) -> None:
        self.world = world = World()
        self.sbc1, self.sbc2 = world.add_device("sbc1"), world.add_device("sbc2")
        world.device_shows(self.sbc1, "1001", "1002", "1003", "1004", "1005", "1006")
        world.device_shows(self.sbc2, "1002", "2001")
        world.sync(self.sbc1)
        world.sync(self.sbc2)
        self._damage()
        world.inventory.observers.append(LawWatch(world.clock))
        self.run = world.start_audit.open(AuditScope(customer=CUSTOMER, mode=AuditMode.CORRECT), "test")
        self.passed_before = len(world.fuse.passed)

    def _damage(self) -> None:
        world, now = self.world, self.world.clock.at
        inventory = world.inventory
        inventory.put(replace(world.number("1001"), status=Status.AVAILABLE))
        inventory.put(replace(world.number("1003"), usage=Usage.USER))
        inventory.put(replace(world.number("1004"), status=Status.RESERVED, usage=Usage.NONE, vendor="", holders=()))
        inventory.lose(CUSTOMER, "1005")
        inventory.put(replace(world.number("1006"), vendor="Microsoft", usage=Usage.USER))
        inventory.put(replace(world.number("2001"), holders=()))
        blank = NumberRecord(customer=CUSTOMER, number="3001")
        used = replace(blank, status=Status.USED, usage=Usage.DEVICE, vendor=AUDIOCODES)
        inventory.put(used)
        inventory.put(replace(used, number="3002", holders=(Holder("sbc1", now, 1),)))
        cooling = replace(blank, status=Status.COOLING, cooling_since=now - timedelta(days=3))
        inventory.put(replace(cooling, number="3003", release_date=now - timedelta(days=1)))
        inventory.put(replace(cooling, number="3004"))
        inventory.put(replace(cooling, number="3005", release_date=now + timedelta(days=1)))

    def points(self) -> int:
        """How many points there are in this run."""
        self.work()
        return len(self.world.fuse.passed) - self.passed_before

    def work(self, worker: str = "worker") -> AuditRun:
        """Work on the run to its end."""
        return self.world.carry_out(self.world.audits.get(CUSTOMER, self.run.id), worker)

    def picture(self) -> dict[str, tuple[object, ...]]:
        """All numbers, without what depends on the moment or the count of writes."""
        return {
            number: (
                record.status,
                record.usage,
                record.vendor,
                tuple(holder.device for holder in record.holders),
                record.release_date is not None,
            )
            for (_, number), record in self.world.inventory.all().items()
        }

    def outcomes(self) -> dict[tuple[str, str], FindingOutcome]:
        """How each finding ended."""
        return {(each.number, str(each.code)): each.outcome for each in self.world.findings(self.run)}


def throttled() -> None:
    """An answer that never came, after all of the client's own retries."""
    raise StorageBusyError("throttled")


@contextmanager
def interrupted() -> Iterator[None]:
    """Survive whatever was planted."""
    with suppress(ProcessDiedError, InventoryError):
        yield


def test_every_kind_of_lie_is_corrected_but_the_conflict() -> None:
    """GIVEN one lie of every kind, WHEN corrected, THEN each has its outcome and each number is as it must be."""
    damaged = Damaged()
    run = damaged.work()

    assert run.state is RunState.FINISHED
    outcomes = damaged.outcomes()
    assert {key for key, outcome in outcomes.items() if outcome is not FindingOutcome.CORRECTED} == {
        ("1006", "conflict")
    }
    assert {code for _, code in outcomes} == {
        *("status_mismatch", "usage_mismatch", "not_marked_used", "missing_number", "missing_holder", "orphaned"),
        *("conflict", "release_overdue", "cooling_without_release_date", "stale_holder"),
    }
    used = (Status.USED, Usage.DEVICE, AUDIOCODES)
    picture = damaged.picture()
    for number in ("1001", "1003", "1004", "1005"):
        assert picture[number] == (*used, ("sbc1",), False)
    assert picture["1006"] == (Status.USED, Usage.USER, "Microsoft", ("sbc1",), False)
    assert picture["2001"] == (*used, ("sbc2",), False)
    for number in ("3001", "3002", "3004", "3005"):
        assert picture[number] == (Status.COOLING, Usage.NONE, "", (), True)
    assert picture["3003"] == (Status.AVAILABLE, Usage.NONE, "", (), False)


@pytest.mark.parametrize("failure", [None, throttled], ids=["dies", "throttled"])
@pytest.mark.parametrize("worker", ["worker-0", "another"], ids=["tried again", "taken over"])
def test_an_audit_interrupted_anywhere_ends_in_the_same_place(failure: Failure, worker: str) -> None:
    """GIVEN an audit interrupted at any point, WHEN tried again or taken over, THEN the same end."""
    reference = Damaged()
    count = reference.points()
    assert count > 60

    for point in range(count):
        damaged = Damaged()
        damaged.world.fuse.blow_at(point, failure)
        with interrupted():
            damaged.work()
        label = damaged.world.fuse.passed[damaged.passed_before + point]
        assert not damaged.world.fuse.armed, label
        run = damaged.world.audits.get(CUSTOMER, damaged.run.id)
        if worker == "another":
            damaged.world.let_leases_expire()
        if run.state not in ENDED:
            damaged.world.carry_out(run, worker.removesuffix("-0"))

        assert damaged.picture() == reference.picture(), label
        assert damaged.outcomes() == reference.outcomes(), label
        assert damaged.world.audit().total(FindingOutcome.LEFT) == 1, "the customer is free for the next audit"


def test_an_audit_handed_over_at_every_step_ends_in_the_same_place() -> None:
    """GIVEN so little time that every invocation makes one step, WHEN all have worked, THEN the same end."""
    reference = Damaged()
    reference.work()

    damaged = Damaged()
    world = damaged.world
    world.clock.tick = timedelta(seconds=20)
    run = damaged.work()

    assert run.state is RunState.FINISHED
    assert run.step > 3
    assert world.audit_workers.woken == [(CUSTOMER, run.id, step) for step in range(1, run.step + 1)]
    assert damaged.picture() == reference.picture()
    assert damaged.outcomes() == reference.outcomes()
    assert run.numbers == len(damaged.picture()) - 1, "one number was not there to be read"


# --- syncs in between


def shows_what_it_showed(damaged: Damaged) -> DeviceKey:
    return damaged.sbc1


def loses_everything(damaged: Damaged) -> DeviceKey:
    damaged.world.device_shows(damaged.sbc1, "9999")
    return damaged.sbc1


def gets_back_what_it_had_lost(damaged: Damaged) -> DeviceKey:
    damaged.world.device_shows(damaged.sbc1, "1001", "1002", "1003", "1004", "1005", "1006", "3001", "3002")
    return damaged.sbc1


def takes_over_everything(damaged: Damaged) -> DeviceKey:
    damaged.world.device_shows(
        damaged.sbc2, *(str(number) for number in (*range(1001, 1007), 2001, *range(3001, 3006)))
    )
    return damaged.sbc2


@pytest.mark.parametrize(
    "change", [shows_what_it_showed, loses_everything, gets_back_what_it_had_lost, takes_over_everything]
)
def test_a_sync_at_any_point_of_an_audit_is_never_undone(change: Callable[[Damaged], DeviceKey]) -> None:
    """GIVEN a sync at any point, WHEN an audit has looked once more, THEN the records are the devices'."""
    count = Damaged().points()

    for point in range(count):
        damaged = Damaged()
        world = damaged.world

        def sync(damaged: Damaged = damaged) -> None:
            damaged.world.sync(change(damaged))

        world.fuse.blow_at(point, sync)
        damaged.work()
        label = world.fuse.passed[damaged.passed_before + point]
        _check_nobody_is_free_that_is_registered(damaged, label)
        _check_nobody_holds_what_the_audit_gave_and_no_device_has(damaged, label)

        again = world.audit(AuditMode.CORRECT)
        held_back = again.held_back
        assert again.state is RunState.FINISHED, label
        _check_nobody_is_free_that_is_registered(damaged, label)
        if not held_back:
            _check_records_say_what_devices_say(damaged, label)
            assert world.audit(AuditMode.REPORT).total(FindingOutcome.REPORTED) == 0, label


def _registered(damaged: Damaged) -> dict[str, set[str]]:
    world = damaged.world
    registered: dict[str, set[str]] = {}
    for key in (damaged.sbc1, damaged.sbc2):
        users = world.source.shows[key]
        assert isinstance(users, tuple)
        for user in users:
            registered.setdefault(user.aor.removeprefix("sip:").partition("@")[0], set()).add(key.name)
    return registered


def _check_nobody_is_free_that_is_registered(damaged: Damaged, label: str) -> None:
    for number in _registered(damaged):
        record = damaged.world.inventory.get(CUSTOMER, number)
        assert record is None or record.status in {Status.USED, Status.USED_UTILITY}, f"{label}: {record}"


def _check_records_say_what_devices_say(damaged: Damaged, label: str) -> None:
    registered = _registered(damaged)
    for (_, number), record in damaged.world.inventory.all().items():
        if record.vendor == "Microsoft":
            continue
        assert {holder.device for holder in record.holders} == registered.get(number, set()), f"{label}: {record}"


def _check_nobody_holds_what_the_audit_gave_and_no_device_has(damaged: Damaged, label: str) -> None:
    registered = _registered(damaged)
    for number, code in damaged.outcomes():
        record = damaged.world.inventory.get(CUSTOMER, number)
        if record is not None and code != "stale_holder":
            held = {holder.device for holder in record.holders}
            assert held <= registered.get(number, set()), f"{label}: {record}"


# --- sound numbers that move while they are looked at


def moves_away(world: World, sbc1: DeviceKey, sbc2: DeviceKey) -> None:
    world.device_shows(sbc1, "1001")
    world.sync(sbc1)
    world.device_shows(sbc2, "1002", "2001")
    world.sync(sbc2)


def leaves_and_comes_back(world: World, sbc1: DeviceKey, sbc2: DeviceKey) -> None:
    world.device_shows(sbc1, "1001")
    world.sync(sbc1)
    world.device_shows(sbc1, "1001", "1002", "1003", "1004")
    world.sync(sbc1)


def device_is_removed(world: World, sbc1: DeviceKey, sbc2: DeviceKey) -> None:
    world.remove_device(sbc2)


@pytest.mark.parametrize("change", [moves_away, leaves_and_comes_back, device_is_removed])
@pytest.mark.parametrize("stops_after", [None, *range(0, 22, 3)])
def test_a_sound_number_that_moves_while_it_is_looked_at_is_no_finding(
    change: Callable[[World, DeviceKey, DeviceKey], None], stops_after: int | None
) -> None:
    """GIVEN sound numbers, WHEN syncs come, or stop half-way, at any point of a report, THEN it finds nothing."""
    point, armed = 0, True
    while armed:
        world = World()
        sbc1, sbc2 = world.add_device("sbc1"), world.add_device("sbc2")
        world.device_shows(sbc1, "1001", "1002", "1003")
        world.device_shows(sbc2, "2001", "2002")
        world.sync(sbc1)
        world.sync(sbc2)

        def come(world: World = world, sbc1: DeviceKey = sbc1, sbc2: DeviceKey = sbc2) -> None:
            if stops_after is not None:
                world.fuse.blow_at(stops_after)
            with interrupted():
                change(world, sbc1, sbc2)
            world.fuse.disarm()

        world.fuse.blow_at(point, come)
        run = world.audit(AuditMode.REPORT)
        armed = not world.fuse.armed
        point += 1

        assert world.findings(run) == [], f"point {point}"
    assert point > 15
