"""Numbers that an unfinished sync meant to take and that stay: their holders are written anew, against late writers."""

from contextlib import suppress

import pytest

from number_inventory.domain.devices import DeviceKey
from tests.memory.fuse import ProcessDiedError
from tests.memory.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def key(world: World) -> DeviceKey:
    key = world.add_device()
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    return key


def dies_after(world: World, key: DeviceKey, label: str, *shown: str) -> None:
    """A sync that sees these numbers and dies when it first passes the label; then its lease ends."""
    world.device_shows(key, *shown)
    for point in range(100):
        passed = len(world.fuse.passed)
        world.fuse.blow_at(point)
        with suppress(ProcessDiedError):
            world.sync(key)
        world.fuse.disarm()
        world.let_leases_expire()
        if world.fuse.passed[passed:][-1] == label:
            return
    raise AssertionError(f"no sync ever passed {label}")


def written_by(world: World, number: str) -> int:
    holder = world.number(number).holder("sbc1")
    assert holder is not None
    return holder.sync


def test_a_number_spared_after_an_unfinished_removal_is_written_anew(world: World, key: DeviceKey) -> None:
    """GIVEN a removal that was intended only, WHEN the number is seen again, THEN its holder is the newer sync's."""
    dies_after(world, key, "registrations.intend after", "1002")
    world.device_shows(key, "1001", "1002")

    summary = world.sync(key)

    assert summary.outcomes == {"holder_confirmed": 1}
    assert written_by(world, "1001") == summary.sync
    assert written_by(world, "1002") == 1, "nobody meant to take it"


def test_a_number_added_and_nearly_taken_by_two_unfinished_syncs_is_written_anew(world: World, key: DeviceKey) -> None:
    """GIVEN one unfinished sync that added a number and one that meant to take it, WHEN seen again, THEN the same."""
    dies_after(world, key, "inventory.save after 1003", "1001", "1002", "1003")
    added_by = written_by(world, "1003")
    dies_after(world, key, "registrations.intend after", "1001", "1002")
    assert written_by(world, "1003") == added_by
    world.device_shows(key, "1001", "1002", "1003")

    summary = world.sync(key)

    assert written_by(world, "1003") == summary.sync


def test_a_number_whose_sparing_was_only_intended_is_written_anew(world: World, key: DeviceKey) -> None:
    """GIVEN a removal intended, and its opposite intended by a sync that died too, WHEN seen again, THEN the same."""
    dies_after(world, key, "registrations.intend after", "1002")
    dies_after(world, key, "registrations.intend after", "1001", "1002")
    assert written_by(world, "1001") == 1

    summary = world.sync(key)

    assert written_by(world, "1001") == summary.sync


def test_a_number_that_an_unfinished_sync_added_is_not_written_again(world: World, key: DeviceKey) -> None:
    """GIVEN a number added by a sync that died, WHEN seen again, THEN it stays as written: a long load must end."""
    dies_after(world, key, "inventory.save after 1003", "1001", "1002", "1003")
    before = world.number("1003")

    assert world.sync(key).writes == 0
    assert world.number("1003") == before


def test_a_partial_snapshot_spares_too(world: World, key: DeviceKey) -> None:
    """GIVEN a removal that was intended only, WHEN the next snapshot proves nothing, THEN the number is kept firmly."""
    dies_after(world, key, "registrations.intend after", "1002")
    world.device_shows(key, partial="cut off")

    summary = world.sync(key)

    assert written_by(world, "1001") == summary.sync
