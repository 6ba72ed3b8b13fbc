"""Registers that were lost in part, or restored: what they lack is not gone, and what they name is not held."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.numbers import Status
from tests.memory.world import World

NUMBERS = [str(4000 + index) for index in range(20)]
GONE_BY, LATE = "4000", "4019"
"""A number that left before the register was damaged, and one that came as late."""

Damage = Callable[[World, DeviceKey, int], None]


def restored(world: World, key: DeviceKey, last: int) -> None:
    """The register is as it was before the last sync."""
    world.registrations.go_back(key, last - 1)


def without_image(world: World, key: DeviceKey, last: int) -> None:
    """The register has lost its image; `last` says nothing here."""
    world.registrations.lose_images(key)


def lost(world: World, key: DeviceKey, last: int) -> None:
    """The register is gone; `last` says nothing here."""
    world.registrations.lose(key)


def damaged(damage: Damage) -> tuple[World, DeviceKey]:
    """A device that has lost a number and got others since its first sync, and whose register is damaged now."""
    world = World()
    key = world.add_device()
    world.device_shows(key, *NUMBERS[:18])
    world.sync(key)
    world.clock.advance(minutes=5)
    world.device_shows(key, *NUMBERS[1:])
    last = world.sync(key).sync
    assert world.number(GONE_BY).status is Status.COOLING
    damage(world, key, last)
    return world, key


@pytest.mark.parametrize("damage", [restored, without_image, lost])
def test_a_partial_sync_leaves_a_damaged_register_damaged(damage: Damage) -> None:
    """GIVEN damage and a list that is cut, WHEN synced, THEN audits free and take nothing until a list is whole."""
    world, key = damaged(damage)
    world.device_shows(key, *NUMBERS[1:10], partial="the list just stops")
    for _ in range(2):
        world.sync(key)
        world.audit()
        assert [world.number(each).status for each in (GONE_BY, LATE)] == [Status.COOLING, Status.USED]
    assert world.held_by(key) == set(NUMBERS[1:])

    world.device_shows(key, *NUMBERS[1:])
    world.sync(key)

    assert world.audit().total() == 0
    assert world.held_by(key) == set(NUMBERS[1:])


def test_a_device_removed_after_a_partial_sync_of_a_damaged_register_leaves_no_number_behind() -> None:
    """GIVEN a damaged register and a partial sync since, WHEN the device is removed, THEN no record names it."""
    world, key = damaged(restored)
    world.device_shows(key, *NUMBERS[1:10], partial="the list just stops")
    world.sync(key)

    world.remove_device(key)

    assert world.held_by(key) == set()


@pytest.mark.parametrize("damage", [restored, lost])
def test_a_number_that_is_not_active_outlives_its_damaged_register(damage: Damage) -> None:
    """GIVEN a complete list with contacts that are not active, WHEN synced over damage, THEN their records tell."""
    world, key = damaged(damage)
    world.device_shows(key, *NUMBERS[1:19], dormant=[GONE_BY, LATE])

    assert world.sync(key).held == 19

    assert world.audit().total() == 0
    assert [world.number(each).status for each in (GONE_BY, LATE)] == [Status.COOLING, Status.USED]


def test_a_number_that_a_restored_register_still_names_is_used_when_it_is_back() -> None:
    """GIVEN a register from before a number left, WHEN the number is back, THEN its record says so, too."""
    world, key = damaged(restored)
    world.device_shows(key, *NUMBERS)

    world.sync(key)

    assert world.number(GONE_BY).status is Status.USED
    assert world.held_by(key) == set(NUMBERS)


def test_what_a_damaged_register_lacks_gets_its_time_after_a_restart() -> None:
    """GIVEN a register that is lost and a device just restarted, WHEN few are back, THEN nothing is freed yet."""
    world, key = damaged(lost)
    world.device_shows(key, *NUMBERS[1:15])
    world.source.uptime_seconds[key] = 60
    assert "was restarted" in world.sync(key).removals_wait
    world.audit()
    assert world.held_by(key) == set(NUMBERS[1:])

    world.clock.at += timedelta(hours=2)
    world.source.uptime_seconds[key] = 7260
    assert world.sync(key).removals_wait == ""

    world.audit()
    assert world.held_by(key) == set(NUMBERS[1:15])
