"""A cooling duration that cannot be understood: removals wait and an alarm says why; everything else goes on."""

from datetime import timedelta

import pytest

from number_inventory.domain.devices import DeviceKey, Health
from number_inventory.domain.macros import (
    AUDIOCODES_COOLING_DURATION,
    GLOBAL,
    REMOVAL_GUARD_COUNT,
    REMOVAL_GUARD_PERCENT,
    RESTART_GRACE,
)
from number_inventory.domain.numbers import Status, first_version
from number_inventory.services.manage_macros import ManageMacros
from number_inventory.services.sync_summary import SyncResult
from tests.memory.world import CUSTOMER, World

BROKEN = ["two", "2.5", "-1", "1000", "", "\x1f2"]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def key(world: World) -> DeviceKey:
    key = world.add_device()
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    return key


@pytest.mark.parametrize("value", ["two", "2.5", "-1", "1000", "", "2 days", "٢"])
@pytest.mark.parametrize("scope", [CUSTOMER, GLOBAL])
def test_removals_wait_and_additions_go_on(world: World, key: DeviceKey, scope: str, value: str) -> None:
    """GIVEN a broken duration, WHEN one number goes and one comes, THEN one comes, one waits, and why is told."""
    world.macros.put(scope, AUDIOCODES_COOLING_DURATION, value)
    world.device_shows(key, "1002", "1003")

    summary = world.sync(key)

    assert world.held_by(key) == {"1001", "1002", "1003"}
    assert world.number("1001").status is Status.USED
    assert (summary.result, summary.health, summary.appeared, summary.disappeared) == (
        SyncResult.APPLIED,
        Health.WAITING,
        1,
        0,
    )
    assert AUDIOCODES_COOLING_DURATION in summary.removals_wait
    assert repr(value) in summary.removals_wait


@pytest.mark.parametrize("name", [REMOVAL_GUARD_COUNT, REMOVAL_GUARD_PERCENT, RESTART_GRACE])
def test_a_broken_guard_keeps_what_goes(world: World, key: DeviceKey, name: str) -> None:
    """GIVEN a guard or a grace that cannot be understood, WHEN a number goes, THEN it stays, and the state says why."""
    world.macros.put(GLOBAL, name, "some")
    world.device_shows(key, "1002")

    world.sync(key)

    assert world.held_by(key) == {"1001", "1002"}
    assert name in world.devices.get(key).state.cause


def test_every_sync_says_that_removals_wait(world: World, key: DeviceKey) -> None:
    """GIVEN a removal that waits, WHEN the device is synced again, THEN the alarm is raised again, not forgotten."""
    world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "two")
    world.device_shows(key, "1002")

    for _ in range(3):
        assert AUDIOCODES_COOLING_DURATION in world.sync(key).removals_wait


def test_the_corrected_macro_lets_the_removals_happen(world: World, key: DeviceKey) -> None:
    """GIVEN a removal that waits, WHEN the macro is corrected, THEN the next sync removes, with the corrected days."""
    world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "two")
    world.device_shows(key, "1002")
    world.sync(key)
    ManageMacros(world.macros).set(AUDIOCODES_COOLING_DURATION, "5", CUSTOMER)
    world.clock.advance(minutes=5)

    summary = world.sync(key)

    record = world.number("1001")
    assert (record.status, record.release_date) == (Status.COOLING, world.clock.at + timedelta(days=5))
    assert (summary.removals_wait, summary.disappeared) == ("", 1)
    assert world.sync(key).result is SyncResult.UNCHANGED


def test_a_number_that_comes_back_while_its_removal_waits_never_cools(world: World, key: DeviceKey) -> None:
    """GIVEN a removal that waits, WHEN the number is back before the macro is corrected, THEN it was never removed."""
    world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "two")
    world.device_shows(key, "1002")
    world.sync(key)
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "2")

    world.sync(key)

    assert world.number("1001").version == first_version(world.number("1001"))


@pytest.mark.parametrize("value", BROKEN)
def test_a_broken_macro_does_not_matter_where_nothing_is_removed(world: World, key: DeviceKey, value: str) -> None:
    """GIVEN a broken duration, WHEN nothing goes, THEN the sync is as good as any."""
    world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, value)
    world.device_shows(key, "1001", "1002", "1003")

    assert world.sync(key).removals_wait in {"", f"{value}"}


def test_a_duration_of_0_days_frees_at_once(world: World, key: DeviceKey) -> None:
    """GIVEN a duration of 0, WHEN a number goes, THEN it is Available at once."""
    world.macros.put(GLOBAL, AUDIOCODES_COOLING_DURATION, "0")
    world.device_shows(key, "1002")

    assert world.sync(key).outcomes == {"released": 1}
    assert world.number("1001").status is Status.AVAILABLE
