"""Somebody else acts at every single point of a sync: no law is broken, and all comes to rest in the right place."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Stamp
from number_inventory.domain.errors import InventoryError
from number_inventory.domain.management import assign, release_early, reserve, unassign
from number_inventory.domain.numbers import Status, Usage
from number_inventory.ports.numbers import WriteResult
from number_inventory.services.manage_numbers import AddNumbers, NumberDetails
from tests.unit.services.scenario import GONE, HELD, SHOWN, Scenario

Act = Callable[[Scenario], None]


def stamp(scenario: Scenario) -> Stamp:
    return Stamp(scenario.world.clock.at, "operator:ann", "meanwhile")


def other_device_takes_over(scenario: Scenario) -> None:
    """The second device drops what it had, and shows what the first one loses and gains."""
    scenario.world.device_shows(scenario.sbc2, "1001", "1006", "1008", "1009")
    scenario.world.sync(scenario.sbc2)


def operator_assigns(scenario: Scenario) -> None:
    """An operator gives away whatever can be given away; a number with a holder never can."""
    world = scenario.world
    for number in ("1001", "1006", "1008", "1009", "1003"):
        record = world.inventory.get("acme", number)
        if record is None:
            continue
        with suppress(InventoryError):
            decision = assign(record, "Microsoft", Usage.USER, "ann", stamp(scenario))
            assert record.status is Status.AVAILABLE
            assert not record.holders
            assert world.decide(decision) is WriteResult.WRITTEN


def operator_reserves_and_unassigns(scenario: Scenario) -> None:
    world = scenario.world
    with suppress(InventoryError):
        world.decide(reserve(world.number("1006"), "bob", None, "", stamp(scenario)))
    with suppress(InventoryError):
        world.decide(unassign(world.number("1007"), CoolingSettings(enabled=True, days=30), stamp(scenario)))
    with suppress(InventoryError):
        world.decide(release_early(world.number("1008"), stamp(scenario)))


def operator_adds(scenario: Scenario) -> None:
    world = scenario.world
    AddNumbers(world.inventory, world.clock)("acme", ["1001", "1009", "3001"], NumberDetails(), "ann")


def release_runs_late(scenario: Scenario) -> None:
    scenario.world.clock.advance(days=4000)
    scenario.world.release_cooled.release()


def the_same_device_again(scenario: Scenario) -> None:
    assert scenario.world.sync(scenario.sbc1).result == "busy"


MEANWHILE: tuple[Act, ...] = (
    other_device_takes_over,
    operator_assigns,
    operator_reserves_and_unassigns,
    operator_adds,
    release_runs_late,
)


def points() -> range:
    scenario = Scenario()
    before = len(scenario.world.fuse.passed)
    scenario.world.sync(scenario.sbc1)
    return range(len(scenario.world.fuse.passed) - before)


@pytest.mark.parametrize("act", MEANWHILE, ids=lambda act: act.__name__)
def test_somebody_acts_in_the_middle_of_a_sync(act: Act) -> None:
    """GIVEN a sync, WHEN somebody acts at any of its points, THEN after the next sync all is as the devices say."""
    for point in points():
        scenario = Scenario()
        world = scenario.world
        world.fuse.blow_at(point, partial(act, scenario))
        world.sync(scenario.sbc1)
        assert not world.fuse.armed
        world.let_leases_expire()
        world.sync(scenario.sbc1)

        label = scenario.label(point)
        assert world.held_by(scenario.sbc1) == HELD, label
        world.let_leases_expire()
        assert world.sync(scenario.sbc1).result == "unchanged", label
        assert world.held_by(scenario.sbc2) >= {"1001"} if act is other_device_takes_over else True
        for number in GONE:
            record = world.number(number)
            assert record.holders or record.status in {Status.COOLING, Status.AVAILABLE} or record.vendor == "Microsoft"


def test_a_second_sync_of_the_same_device_at_any_point_is_turned_away() -> None:
    """GIVEN a sync under way, WHEN the same device is synced at any point, THEN busy, and the first ends as usual."""
    reference = Scenario()
    reference.world.sync(reference.sbc1)
    for point in list(points())[1:-1]:
        scenario = Scenario()
        scenario.world.fuse.blow_at(point, partial(the_same_device_again, scenario))
        assert scenario.world.sync(scenario.sbc1).result == "applied"
        assert scenario.picture() == reference.picture()


BACK = {"1001", "1003", "1004", "1005"}
"""What the device shows after all: numbers that the sync held up was about to take are there again."""


@pytest.mark.parametrize("clock_kept", [True, False], ids=["in time all the same", "long past its time"])
@pytest.mark.parametrize("seen", ["back", "same", "partial"])
def test_a_sync_that_was_held_up_cannot_undo_its_successor(seen: str, clock_kept: bool) -> None:
    """GIVEN a sync held up at any point until its successor has settled, WHEN it goes on, THEN it does no harm.

    No harm: every number that the device shows is Used and held, and the register knows it. (A number that the late
    sync adds after the device has lost it stays Used until an audit finds its stale holder: nobody gets it by mistake.)
    The successor sees removed numbers back, or the same as the late one, or nothing for sure.
    """
    for point in points():
        scenario = Scenario()
        world = scenario.world
        shown = set(SHOWN) if seen == "same" else BACK

        def successor(scenario: Scenario = scenario, shown: set[str] = shown) -> None:
            world, now = scenario.world, scenario.world.clock.at
            world.let_leases_expire()
            world.device_shows(scenario.sbc1, *([] if seen == "partial" else sorted(shown)), partial=_cause(seen))
            world.sync(scenario.sbc1)
            if clock_kept:
                world.clock.at = now

        world.fuse.blow_at(point, successor)
        world.sync(scenario.sbc1)
        world.device_shows(scenario.sbc1, *sorted(shown))

        for _ in range(2):
            world.let_leases_expire()
            world.sync(scenario.sbc1)
            missing = {number for number in shown if world.number(number).holder("sbc1") is None}
            assert not missing, f"{scenario.label(point)}: {missing} are registered, but nobody's in the inventory"
            assert all(world.number(number).status is Status.USED for number in shown)


def _cause(seen: str) -> str:
    return "cut off" if seen == "partial" else ""


def test_of_many_simultaneous_requests_exactly_one_wins() -> None:
    """GIVEN ten operators who read the same Available number, WHEN all assign it, THEN one write stands."""
    scenario = Scenario()
    record = scenario.world.number("1006")
    decisions = [assign(record, "Microsoft", Usage.USER, f"user{index}", stamp(scenario)) for index in range(10)]

    results = [scenario.world.decide(decision) for decision in decisions]

    assert results == [WriteResult.WRITTEN] + [WriteResult.SUPERSEDED] * 9
