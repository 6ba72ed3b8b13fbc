"""Numbers that leave and return all day: told once, and otherwise treated like any number."""

from datetime import timedelta

import pytest

from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.flapping import FLAPPING_FROM, MOST, Returns
from number_inventory.domain.numbers import Status
from number_inventory.services.sync_summary import SyncSummary
from tests.memory.clock import START
from tests.memory.world import World

ALL = tuple(str(1000 + index) for index in range(60))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def key(world: World) -> DeviceKey:
    key = world.add_device()
    world.device_shows(key, *ALL)
    world.sync(key)
    return key


def flap(world: World, key: DeviceKey, *numbers: str) -> SyncSummary:
    """Let numbers go, and come back; returns the summary of their return."""
    world.clock.advance(minutes=5)
    world.device_shows(key, *(number for number in ALL if number not in numbers))
    world.sync(key)
    world.clock.advance(minutes=5)
    world.device_shows(key, *ALL)
    return world.sync(key)


def test_a_number_that_flaps_is_told_once(world: World, key: DeviceKey) -> None:
    """GIVEN a number that returns twenty times a day, THEN it is told at its fourth return, and not again that day."""
    told = [flap(world, key, "1001").flapping for _ in range(20)]

    assert told == [("1001",) if turn == FLAPPING_FROM - 1 else () for turn in range(20)]
    assert world.devices.get(key).state.returns.flapping == ("1001",)


def test_a_number_that_returns_now_and_then_does_not_flap(world: World, key: DeviceKey) -> None:
    """GIVEN a number that returns every ten hours, THEN it never flaps, and once it stays nothing is kept of it."""
    for _ in range(10):
        assert flap(world, key, "1001").flapping == ()
        world.clock.advance(hours=10)
    world.clock.advance(hours=24)
    world.sync(key)

    assert world.devices.get(key).state.returns == Returns()


def test_flapping_shortens_no_cooling(world: World, key: DeviceKey) -> None:
    """GIVEN a number that flaps, WHEN it goes, THEN it cools as long as any other."""
    for _ in range(FLAPPING_FROM):
        flap(world, key, "1001")
    world.device_shows(key, *(number for number in ALL if number != "1001"))
    world.sync(key)

    record = world.number("1001")
    assert (record.status, record.release_date) == (Status.COOLING, world.clock.at + timedelta(days=2))


def test_what_is_kept_stays_small_and_the_worst_are_kept(world: World, key: DeviceKey) -> None:
    """GIVEN one number that flaps and crowds that return, THEN the one is found, and no more than a few are counted."""
    returns = Returns()
    for turn in range(FLAPPING_FROM):
        returns = returns.with_back(["1059"], START + timedelta(minutes=2 * turn))
        returns = returns.with_back(ALL[turn * 10 : turn * 10 + 30], START + timedelta(minutes=2 * turn + 1))

    assert "1059" in returns.flapping
    assert len(returns.counted) == MOST
    assert returns.within(START + timedelta(hours=25)) == Returns()


def test_a_number_that_does_not_flap_costs_no_write(world: World, key: DeviceKey) -> None:
    """GIVEN a flapping number, WHEN the others stay, THEN their records are as they were."""
    before = {number: world.number(number) for number in ALL[2:]}
    for _ in range(FLAPPING_FROM):
        flap(world, key, "1001")

    assert {number: world.number(number) for number in ALL[2:]} == before
