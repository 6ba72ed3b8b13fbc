"""One sync of a device at a time, in the time it has."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from number_inventory.domain.devices import DeviceKey, Health
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.services.sync import LEASE_MARGIN, STRETCH
from number_inventory.services.sync_summary import SyncResult, SyncSummary
from tests.memory.fuse import ProcessDiedError
from tests.memory.world import BUDGET, CUSTOMER, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def key(world: World) -> DeviceKey:
    return world.add_device()


def take_lease(world: World, key: DeviceKey) -> None:
    assert world.devices.acquire(key, world.clock.at, world.clock.at + BUDGET + LEASE_MARGIN)


def test_a_busy_device_is_left_to_its_sync(world: World, key: DeviceKey) -> None:
    """GIVEN a sync under way, WHEN another one starts, THEN it does nothing and says so."""
    take_lease(world, key)

    summary = world.sync(key)

    assert summary == SyncSummary(
        device=key,
        sync=0,
        result=SyncResult.BUSY,
        health=Health.NEVER_SYNCED,
        complete=False,
        cause="another sync of this device is under way",
        users=0,
        held=0,
        appeared=0,
        disappeared=0,
        writes=0,
        unmapped=0,
        foreign=0,
    )
    assert world.source.asked == []


def test_a_lease_outlives_the_sync_by_a_margin_and_then_ends(world: World, key: DeviceKey) -> None:
    """GIVEN a sync that died, WHEN its time and the margin are over, THEN the next one goes ahead, not before."""
    world.fuse.blow_at(_index_of(world, "source.snapshot after"))
    with pytest.raises(ProcessDiedError):
        world.sync(key)
    world.clock.at += BUDGET + LEASE_MARGIN - timedelta(seconds=1)
    assert world.sync(key).result is SyncResult.BUSY

    world.clock.advance(seconds=1)

    assert world.sync(key).result is not SyncResult.BUSY


@pytest.mark.parametrize("label", ["source.snapshot before", "inventory.save before", "registrations.intend after"])
def test_a_sync_that_a_person_interrupts_gives_its_lease_back(world: World, key: DeviceKey, label: str) -> None:
    """GIVEN a sync by hand, WHEN it is interrupted, THEN the next one need not wait, and does all of it."""
    world.device_shows(key, "1001")
    points = _points_of_a_sync(world, key)
    world.device_shows(key, "1001", "1002")

    def interrupt() -> None:
        raise KeyboardInterrupt

    world.fuse.blow_at(points.index(label), interrupt)
    with pytest.raises(KeyboardInterrupt):
        world.sync(key)

    assert "interrupted" in world.devices.get(key).state.cause
    assert world.sync(key).result is not SyncResult.BUSY
    assert world.number("1002").status is Status.USED


def test_a_lost_lease_is_said_and_the_head_left_to_its_owner(world: World, key: DeviceKey) -> None:
    """GIVEN a sync that outlived its lease, WHEN it ends, THEN it writes no head, and says that another took over."""
    world.device_shows(key, "1001")

    def lose_the_lease() -> None:
        world.let_leases_expire()
        take_lease(world, key)

    finish = _points_of_a_sync(world, key).index("devices.finish before")
    world.device_shows(key, "1002")
    world.fuse.blow_at(finish, lose_the_lease)

    summary = world.sync(key)

    assert (summary.result, summary.cause) == (
        SyncResult.UNFINISHED,
        "the lease was lost to another sync, which takes over",
    )


def _points_of_a_sync(world: World, key: DeviceKey) -> list[str]:
    before = len(world.fuse.passed)
    world.sync(key)
    return world.fuse.passed[before:]


def test_out_of_time_is_unfinished_and_the_next_sync_settles(world: World, key: DeviceKey) -> None:
    """GIVEN 250 new numbers and time for one batch, WHEN synced, THEN unfinished; THEN the next sync does the rest."""
    world.device_shows(key, *(str(number) for number in range(1000, 1250)))
    world.inventory.observers.append(lambda _, after: _slow(world, after.number))

    summary = world.sync(key)

    assert summary.result is SyncResult.UNFINISHED
    assert "time ran out" in summary.cause
    assert len(world.inventory.all()) == 100
    assert world.devices.get(key).state.last_complete_at is None

    world.inventory.observers.clear()
    summary = world.sync(key)
    assert (summary.result, summary.writes) == (SyncResult.APPLIED, 150)
    assert len(world.held_by(key)) == 250
    assert world.sync(key).result is SyncResult.UNCHANGED


def test_a_load_that_takes_many_turns_comes_to_its_end(
    world: World, key: DeviceKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN time for 200 numbers a turn WHEN a device of 1,250 is synced THEN each turn goes on where the last ended.

    No turn writes again what an earlier one wrote, and none looks at very many records at once.
    """
    numbers = [str(number) for number in range(10_000, 11_250)]
    world.device_shows(key, *numbers)
    written: list[str] = []
    asked: list[int] = []
    read = world.inventory.get_many

    def slow(_before: NumberRecord | None, after: NumberRecord) -> None:
        written.append(after.number)
        world.clock.advance(seconds=BUDGET.total_seconds() / 199)

    def get_many(customer: str, some: Sequence[str]) -> Mapping[str, NumberRecord]:
        asked.append(len(some))
        return read(customer, some)

    world.inventory.observers.append(slow)
    monkeypatch.setattr(world.inventory, "get_many", get_many)
    turns = [world.sync(key).result]
    while turns[-1] is SyncResult.UNFINISHED:
        turns.append(world.sync(key).result)

    assert turns == [SyncResult.UNFINISHED] * 6 + [SyncResult.APPLIED]
    assert sorted(written) == numbers
    assert world.held_by(key) == set(numbers)
    assert max(asked) <= STRETCH
    assert world.sync(key).result is SyncResult.UNCHANGED


def _slow(world: World, number: str) -> None:
    if number == "1099":
        world.clock.at += BUDGET


def test_a_device_that_takes_all_the_time_leaves_none_for_intents(world: World, key: DeviceKey) -> None:
    """GIVEN a device that answers after the budget, even after the lease, WHEN synced, THEN nothing is written.

    Another sync may have settled meanwhile: intents written now would count as done, and their numbers be forgotten.
    """
    world.device_shows(key, "1001")
    world.sync(key)
    world.device_shows(key, "1002")
    points = len(world.fuse.passed)

    def another_sync_meanwhile() -> None:
        world.let_leases_expire()
        world.device_shows(key, "1001")
        assert world.sync(key).result is SyncResult.APPLIED or world.held_by(key) == {"1001"}

    world.fuse.blow_at(_index_of(world, "source.snapshot after"), another_sync_meanwhile)
    summary = world.sync(key)

    assert summary.result is SyncResult.UNFINISHED
    assert not any(label.startswith("registrations.intend") for label in world.fuse.passed[points:])
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    assert world.held_by(key) == {"1001", "1002"}


def _index_of(world: World, label: str) -> int:
    """At which point from now a sync of an unchanged device passes the label."""
    probe = World()
    other = probe.add_device()
    before = len(probe.fuse.passed)
    probe.sync(other)
    return probe.fuse.passed[before:].index(label)


def test_a_slow_device_is_told_as_such(world: World, key: DeviceKey) -> None:
    """GIVEN a device that takes all the time, WHEN synced, THEN the state says why nothing was applied."""
    world.device_shows(key, "1001")
    world.fuse.blow_at(_index_of(world, "source.snapshot after"), lambda: world.clock.advance(seconds=181))

    summary = world.sync(key)

    assert (summary.result, summary.health) == (SyncResult.UNFINISHED, Health.OK)
    assert "time ran out" in summary.cause
    assert "time ran out" in world.devices.get(key).state.cause
    assert world.inventory.all() == {}
    assert world.sync(key).result is SyncResult.APPLIED


def test_lost_writes_and_lost_answers_are_settled_by_the_next_sync(world: World, key: DeviceKey) -> None:
    """GIVEN one write lost and one answer lost, WHEN synced, THEN unfinished, both named; the next sync settles."""
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    world.device_shows(key, "1003", "1004")
    world.inventory.writes_lost = {"1001", "1003"}
    world.inventory.answers_lost = {"1002", "1004"}
    first = world.clock.at

    summary = world.sync(key)
    assert summary.result is SyncResult.UNFINISHED
    assert "4 numbers could not be changed" in summary.cause

    world.clock.advance(minutes=5)
    summary = world.sync(key)

    assert (summary.result, summary.writes) == (SyncResult.APPLIED, 2)
    assert world.held_by(key) == {"1003", "1004"}
    assert world.number("1002").release_date == first + timedelta(days=2), "the write that stood counts from then"
    assert world.number("1001").release_date == world.clock.at + timedelta(days=2)
    assert world.number("1001").status is Status.COOLING
    assert world.inventory.get(CUSTOMER, "1003") is not None
