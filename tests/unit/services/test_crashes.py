"""Die, or fail, at every single point of a sync, a release and a removal; then run again: the same end state."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest

from number_inventory.domain.errors import InventoryError, NotFoundError, StorageBusyError
from number_inventory.domain.numbers import Status
from number_inventory.services.sync_summary import SyncResult
from tests.memory.fuse import ProcessDiedError
from tests.memory.world import World
from tests.unit.services.scenario import GONE, HELD, SHOWN, Scenario

Failure = Callable[[], None] | None


def throttled() -> None:
    """An answer that never came, after all of the client's own retries."""
    raise StorageBusyError("throttled")


FAILURES = pytest.mark.parametrize("failure", [None, throttled], ids=["dies", "throttled"])
"""Whether the process dies, or the call fails (before its effect, or after it with the answer lost)."""


@contextmanager
def interrupted() -> Iterator[None]:
    """Survive whatever was planted."""
    with suppress(ProcessDiedError, InventoryError):
        yield


def points_of(act: Callable[[Scenario], object]) -> int:
    """How many points there are at which it can be interrupted."""
    scenario = Scenario()
    before = len(scenario.world.fuse.passed)
    act(scenario)
    return len(scenario.world.fuse.passed) - before


def sync1(scenario: Scenario) -> object:
    return scenario.world.sync(scenario.sbc1)


@FAILURES
def test_a_sync_interrupted_anywhere_and_run_again_ends_in_the_same_place(failure: Failure) -> None:
    """GIVEN a sync interrupted at any point, WHEN run again, THEN numbers, register and head are as if it never was."""
    reference = Scenario()
    sync1(reference)
    count = points_of(sync1)
    assert count > 25, "the scenario has several intents, reads and writes to be interrupted at"

    for point in range(count):
        scenario = Scenario()
        world, first = scenario.world, scenario.world.clock.at
        world.fuse.blow_at(point, failure)
        with interrupted():
            sync1(scenario)
        assert not world.fuse.armed
        world.let_leases_expire()
        sync1(scenario)

        label = scenario.label(point)
        assert scenario.picture() == reference.picture(), label
        for number in GONE:
            dates = {first + timedelta(days=2), world.clock.at + timedelta(days=2)}
            assert world.number(number).release_date in dates, label
        scenario.check_settled(scenario.sbc1, HELD)


@FAILURES
def test_a_sync_interrupted_twice_still_ends_in_the_same_place(failure: Failure) -> None:
    """GIVEN a sync interrupted at any point and its successor at another, WHEN run a third time, THEN the same."""
    reference = Scenario()
    sync1(reference)
    count = points_of(sync1)

    for first in range(0, count, 2):
        for second in range(0, count, 3):
            scenario = Scenario()
            for point in (first, second):
                scenario.world.fuse.blow_at(point, failure)
                with interrupted():
                    sync1(scenario)
                scenario.world.fuse.disarm()
                scenario.world.let_leases_expire()
            sync1(scenario)
            assert scenario.picture() == reference.picture()
            assert scenario.world.held_by(scenario.sbc1) == HELD


@FAILURES
def test_the_device_may_change_its_mind_between_crash_and_rerun(failure: Failure) -> None:
    """GIVEN an interrupted sync, WHEN the device shows what it showed before, THEN that is what is true in the end."""
    back = {"1001", "1002", "1003", "1004", "1005"}
    for point in range(points_of(sync1)):
        scenario = Scenario()
        world = scenario.world
        world.fuse.blow_at(point, failure)
        with interrupted():
            sync1(scenario)
        world.let_leases_expire()
        world.device_shows(scenario.sbc1, *sorted(back))

        sync1(scenario)

        scenario.check_settled(scenario.sbc1, back)
        for number in set(SHOWN) - back:
            record = world.inventory.get("acme", number)
            assert record is None or record.holders == ()
        assert world.number("1006").status in {Status.AVAILABLE, Status.COOLING}


@FAILURES
def test_a_partial_snapshot_after_a_crash_removes_nothing_more(failure: Failure) -> None:
    """GIVEN an interrupted sync, WHEN the next snapshot is partial and empty, THEN no number loses a holder by it."""
    for point in range(points_of(sync1)):
        scenario = Scenario()
        world = scenario.world
        world.fuse.blow_at(point, failure)
        with interrupted():
            sync1(scenario)
        world.let_leases_expire()
        before = scenario.picture()
        world.device_shows(scenario.sbc1, partial="cut off")

        sync1(scenario)

        assert scenario.picture() == before
        scenario.check_settled(scenario.sbc1, world.held_by(scenario.sbc1))


def release(scenario: Scenario) -> object:
    scenario.world.clock.at = scenario.world.clock.at.replace(year=2031)
    return scenario.world.release_cooled.release()


def cooled() -> Scenario:
    """A scenario with four cooling numbers, in two customers."""
    scenario = Scenario()
    world = scenario.world
    other = world.add_device("sbc1", customer="other")
    world.device_shows(other, "1001")
    world.sync(other)
    world.device_shows(other)
    world.sync(other)
    sync1(scenario)
    world.device_shows(scenario.sbc2, "1002")
    world.sync(scenario.sbc2)
    return scenario


@FAILURES
def test_a_release_interrupted_anywhere_and_run_again_ends_in_the_same_place(failure: Failure) -> None:
    """GIVEN a release interrupted at any point, WHEN run again, THEN all that was due is Available, and only that."""
    reference = cooled()
    before = len(reference.world.fuse.passed)
    release(reference)
    count = len(reference.world.fuse.passed) - before
    due = [("acme", "1001"), ("acme", "1005"), ("acme", "2001"), ("other", "1001")]
    assert [reference.picture()[key][0] for key in due] == [Status.AVAILABLE] * 4

    for point in range(count):
        scenario = cooled()
        scenario.world.fuse.blow_at(point, failure)
        with interrupted():
            release(scenario)
        release(scenario)
        assert scenario.picture() == reference.picture()
        writes = scenario.watch.writes
        release(scenario)
        assert scenario.watch.writes == writes


def remove(scenario: Scenario) -> object:
    return scenario.world.remove_device(scenario.sbc1)


def sync_in_between(scenario: Scenario) -> None:
    with interrupted():
        sync1(scenario)


def nothing_in_between(_: Scenario) -> None:
    return


@FAILURES
@pytest.mark.parametrize("meanwhile", [nothing_in_between, sync_in_between], ids=["at once", "after a scheduled sync"])
def test_a_removal_interrupted_anywhere_and_run_again_ends_in_the_same_place(
    failure: Failure, meanwhile: Callable[[Scenario], None]
) -> None:
    """GIVEN a removal interrupted at any point, WHEN run again, THEN device, register and credentials are gone."""
    reference = Scenario()
    remove(reference)

    for point in range(points_of(remove)):
        scenario = Scenario()
        world = scenario.world
        world.fuse.blow_at(point, failure)
        with interrupted():
            remove(scenario)
        label = scenario.label(point)
        world.let_leases_expire()
        meanwhile(scenario)
        world.let_leases_expire()
        with suppress(NotFoundError):
            remove(scenario)

        assert world.held_by(scenario.sbc1) == set(), label
        assert [entry.device.key for entry in world.devices.of_customer("acme")] == [scenario.sbc2], label
        assert world.number("1001").status is Status.COOLING, label
        assert world.number("1002").status is Status.USED, "sbc2 still has it"
        if meanwhile is nothing_in_between:
            assert scenario.picture() == reference.picture(), label


@FAILURES
def test_a_removal_given_up_half_way_leaves_a_device_that_can_be_used(failure: Failure) -> None:
    """GIVEN an interrupted removal, WHEN the device is enabled again instead, THEN a sync finds all its numbers."""
    for point in range(points_of(remove) - 1):
        scenario = Scenario()
        world = scenario.world
        credentials = world.secrets.credentials(scenario.sbc1)
        world.fuse.blow_at(point, failure)
        with interrupted():
            remove(scenario)
        world.let_leases_expire()
        world.secrets.store(scenario.sbc1, credentials)
        world.configure.set_enabled(scenario.sbc1, enabled=True)

        assert sync1(scenario)

        label = scenario.label(point)
        assert set(SHOWN) <= world.held_by(scenario.sbc1), label
        scenario.check_settled(scenario.sbc1, world.held_by(scenario.sbc1))


def test_adding_a_device_interrupted_anywhere_can_be_done_again() -> None:
    """GIVEN an addition interrupted at any point, WHEN done again, THEN the device is there, or it says it was."""
    reference = World()
    reference.add_device("sbc9")

    for point in range(len(reference.fuse.passed)):
        world = World()
        world.fuse.blow_at(point)
        with interrupted():
            world.add_device("sbc9")
        with interrupted():
            world.add_device("sbc9")
        key = world.devices.of_customer("acme")[0].device.key
        world.device_shows(key, "1001")
        assert world.sync(key).result is SyncResult.APPLIED
