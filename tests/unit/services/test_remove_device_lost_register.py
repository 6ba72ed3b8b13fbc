"""Removing a device whose register is lost: every number is looked at, in as many tries as it takes."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import NotFoundError, StorageBusyError
from number_inventory.domain.numbers import NumberRecord, Status
from tests.memory.fuse import ProcessDiedError
from tests.memory.world import CUSTOMER, World


def lost_but_named(count: int) -> tuple[World, DeviceKey, list[str]]:
    """A device whose register is lost, and its numbers, among as many others, whose records still name it."""
    world = World()
    key = world.add_device()
    held = [f"{4000 + index}" for index in range(count)]
    world.device_shows(key, *held)
    world.sync(key)
    for index in range(count):
        world.inventory.put(NumberRecord(customer=CUSTOMER, number=f"{3000 + index}"))
    world.registrations.lose(key)
    return world, key, held


def test_a_removal_goes_on_where_time_ran_out() -> None:
    """GIVEN more numbers than one try can look at, WHEN tried again and again, THEN each goes on, and all are freed."""
    world, key, held = lost_but_named(30)
    hasty = replace(world.remove_device, budget=timedelta(seconds=20))
    world.clock.tick = timedelta(seconds=1)
    seen = []
    for _ in range(len(held)):
        try:
            hasty(key)
        except StorageBusyError:
            begun = world.devices.get(key).state.begun_removal
            assert begun is not None
            seen.append(begun.upto)
        else:
            break
    assert seen == sorted(set(seen)), "each try goes further"
    assert len(seen) > 1, "one try was not enough"
    assert world.held_by(key) == set()
    assert {world.number(number).status for number in held} == {Status.COOLING}
    with pytest.raises(NotFoundError):
        world.devices.get(key)


def test_a_sync_in_between_makes_it_look_at_every_number_again() -> None:
    """GIVEN a removal that stopped in the midst, WHEN the device is used again and then removed, THEN none is left."""
    world, key, held = lost_but_named(30)
    world.clock.tick = timedelta(seconds=1)
    with pytest.raises(StorageBusyError):
        replace(world.remove_device, budget=timedelta(seconds=40))(key)
    begun = world.devices.get(key).state.begun_removal
    assert begun is not None
    assert begun.upto > "3000"
    world.configure.set_enabled(key, enabled=True)
    world.device_shows(key, "3000", *held)
    world.sync(key)
    assert world.devices.get(key).state.begun_removal is None
    world.registrations.lose(key)

    world.clock.tick = timedelta(0)
    world.remove_device(key)

    assert world.held_by(key) == set()


def test_a_removal_that_died_anywhere_is_not_taken_for_a_whole_one() -> None:
    """GIVEN a removal that dies at any point, WHEN tried again, THEN no record names the device."""
    reference, key, _ = lost_but_named(4)
    before = len(reference.fuse.passed)
    reference.remove_device(key)
    count = len(reference.fuse.passed) - before
    assert count > 20
    for point in range(count):
        world, key, _ = lost_but_named(4)
        world.fuse.blow_at(point)
        with suppress(ProcessDiedError):
            world.remove_device(key)
        world.let_leases_expire()
        with suppress(NotFoundError):
            world.remove_device(key)
        assert world.held_by(key) == set(), reference.fuse.passed[before + point]
