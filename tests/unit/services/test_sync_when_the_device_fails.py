"""A device that cannot be asked changes no number, and its state says since when and why."""

from datetime import timedelta

import pytest

from number_inventory.domain.devices import DeviceKey, Health
from number_inventory.domain.errors import DeviceError, DeviceRejectedError, DeviceUnreachableError
from number_inventory.domain.numbers import first_version
from number_inventory.ports.secrets import Credentials
from number_inventory.services.sync_summary import SyncResult
from tests.memory.clock import START
from tests.memory.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def key(world: World) -> DeviceKey:
    key = world.add_device()
    world.device_shows(key, "1001")
    world.sync(key)
    return key


@pytest.mark.parametrize(
    ("error", "health"),
    [
        (DeviceUnreachableError("timed out after 60 s"), Health.UNREACHABLE),
        (DeviceRejectedError("the address is not allowed"), Health.MISCONFIGURED),
    ],
)
def test_nothing_changes_and_the_cause_is_kept(
    world: World, key: DeviceKey, error: DeviceError, health: Health
) -> None:
    """GIVEN a synced device, WHEN asking it fails, THEN no number moves, and health, since and cause are kept."""
    before = world.inventory.all()
    world.source.shows[key] = error
    world.clock.advance(minutes=5)

    summary = world.sync(key)

    assert (summary.result, summary.health, summary.cause) == (SyncResult.FAILED, health, str(error))
    assert world.inventory.all() == before
    state = world.devices.get(key).state
    assert (state.health, state.cause, state.since, state.last_sync_at) == (
        health,
        str(error),
        world.clock.at,
        world.clock.at,
    )
    assert state.last_complete_at == START
    assert state.held_numbers == 1


def test_since_is_when_it_began_not_when_it_was_last_seen(world: World, key: DeviceKey) -> None:
    """GIVEN an unreachable device, WHEN it stays so for hours, THEN since stays; WHEN it is back, THEN it is ok."""
    world.source.shows[key] = DeviceUnreachableError("no route")
    world.clock.advance(hours=1)
    began = world.clock.at
    for _ in range(5):
        world.sync(key)
        world.clock.advance(hours=1)
    assert world.devices.get(key).state.since == began

    world.device_shows(key, "1001")
    summary = world.sync(key)

    assert (summary.result, summary.health) == (SyncResult.UNCHANGED, Health.OK)
    assert world.devices.get(key).state.since == world.clock.at


def test_a_number_never_cools_because_its_device_is_silent(world: World, key: DeviceKey) -> None:
    """GIVEN a device that is silent for a year, WHEN it is synced and released daily, THEN its number stays Used."""
    world.source.shows[key] = DeviceUnreachableError("no route")
    before = world.inventory.all()

    for _ in range(365):
        world.clock.advance(days=1)
        world.sync(key)
        world.release_cooled.release()

    assert world.inventory.all() == before


def test_missing_credentials_are_a_matter_of_configuration(world: World, key: DeviceKey) -> None:
    """GIVEN no credentials, WHEN synced, THEN misconfigured, and nothing changes."""
    world.secrets.forget(key)

    summary = world.sync(key)

    assert (summary.result, summary.health) == (SyncResult.FAILED, Health.MISCONFIGURED)
    assert world.number("1001").version == first_version(world.number("1001"))


def test_a_refused_login_is_not_repeated_until_somebody_acts(world: World, key: DeviceKey) -> None:
    """GIVEN a refused login, WHEN syncs go on, THEN the device is left alone until the credentials change."""
    world.source.refuses[key] = {1}
    assert world.sync(key).health is Health.LOGIN_REFUSED
    asked = len(world.source.asked)

    for _ in range(5):
        summary = world.sync(key)
        assert (summary.result, summary.health) == (SyncResult.FAILED, Health.LOGIN_REFUSED)
    assert len(world.source.asked) == asked

    world.configure.replace_credentials(key, Credentials("sync", "canary-password-2"))
    assert world.sync(key).health is Health.OK
    assert world.devices.get(key).state.refused_credentials == 0


def test_enabling_the_device_again_tries_the_same_credentials(world: World, key: DeviceKey) -> None:
    """GIVEN a refused login and a user corrected on the device, WHEN it is enabled again, THEN it is asked again."""
    world.source.refuses[key] = {1}
    world.sync(key)
    world.source.refuses[key] = set()
    assert world.sync(key).result is SyncResult.FAILED

    world.configure.set_enabled(key, enabled=True)

    assert world.sync(key).health is Health.OK


def test_a_refusal_is_remembered_through_other_failures(world: World, key: DeviceKey) -> None:
    """GIVEN a refused login, WHEN credentials are missing for a while, THEN the refused version is still known."""
    world.source.refuses[key] = {1}
    world.sync(key)
    good = world.secrets.credentials(key)
    world.secrets.forget(key)
    assert world.sync(key).health is Health.MISCONFIGURED
    world.secrets.store(key, good)
    asked = len(world.source.asked)

    assert world.sync(key).health is Health.LOGIN_REFUSED
    assert len(world.source.asked) == asked


def test_a_failure_after_an_unfinished_sync_keeps_the_doubt(world: World, key: DeviceKey) -> None:
    """GIVEN a sync that stopped half-way, WHEN the device fails once, THEN the next good sync still settles it."""
    world.device_shows(key, "1002")
    world.inventory.writes_lost = {"1001", "1002"}
    assert world.sync(key).result is SyncResult.UNFINISHED
    working = world.source.shows[key]
    world.source.shows[key] = DeviceUnreachableError("no route")
    world.sync(key)
    world.source.shows[key] = working

    assert world.sync(key).result is SyncResult.APPLIED
    assert world.held_by(key) == {"1002"}
    assert world.sync(key).result is SyncResult.UNCHANGED


# --- a device that fails again and again


def fail(world: World, key: DeviceKey, times: int) -> None:
    """Let so many scheduled syncs find nobody, each as soon as it is due."""
    world.source.shows[key] = DeviceUnreachableError("no route")
    for _ in range(times):
        state = world.devices.get(key).state
        world.clock.at = max(world.clock.at + timedelta(minutes=5), state.next_try_at or world.clock.at)
        assert world.sync_device(key, scheduled=True).result is SyncResult.FAILED


def test_a_dead_device_is_asked_less_and_less_often(world: World, key: DeviceKey) -> None:
    """GIVEN a device that fails all day, WHEN its turn comes each 5 minutes, THEN half-hourly at last."""
    world.source.shows[key] = DeviceUnreachableError("no route")
    asked = len(world.source.asked)
    for _ in range(288):
        world.clock.advance(minutes=5)
        world.sync_device(key, scheduled=True)

    assert 48 <= len(world.source.asked) - asked <= 64


def test_a_turn_that_is_not_due_costs_nothing_and_says_why(world: World, key: DeviceKey) -> None:
    """GIVEN a dead device, WHEN its turn comes too early, THEN it is not asked, and the cause is told."""
    fail(world, key, 3)
    state, asked = world.devices.get(key).state, len(world.source.asked)
    del world.fuse.passed[:]

    summary = world.sync_device(key, scheduled=True)

    assert (summary.result, summary.health, summary.health_before) == (
        SyncResult.NOT_DUE,
        Health.UNREACHABLE,
        Health.UNREACHABLE,
    )
    assert "failed 3 times in a row" in summary.cause
    assert "no route" in summary.cause
    assert (world.devices.get(key).state, len(world.source.asked), world.fuse.passed) == (state, asked, [])


def test_whoever_asks_by_hand_is_not_put_off(world: World, key: DeviceKey) -> None:
    """GIVEN a dead device that is back, WHEN a person syncs it, THEN at once, and its turns come as ever."""
    fail(world, key, 5)
    world.device_shows(key, "1001", "1002")

    assert world.sync(key).health is Health.OK
    assert (world.devices.get(key).state.failures, world.devices.get(key).state.next_try_at) == (0, None)
    assert world.sync_device(key, scheduled=True).result is SyncResult.UNCHANGED


def test_an_operator_who_enables_a_dead_device_lets_it_be_asked_at_its_next_turn(world: World, key: DeviceKey) -> None:
    """GIVEN a dead device, WHEN it is enabled again, THEN its next turn asks it."""
    fail(world, key, 5)
    world.configure.set_enabled(key, enabled=True)

    assert world.sync_device(key, scheduled=True).result is SyncResult.FAILED


def test_a_health_is_told_with_the_one_before(world: World, key: DeviceKey) -> None:
    """GIVEN a device that fails, twice, and is back, THEN each summary tells both healths: a change shows once."""
    fail(world, key, 1)
    told = [world.sync(key)]
    world.device_shows(key, "1001", "1002")
    told.append(world.sync(key))
    told.append(world.sync(key))

    assert [(summary.health_before, summary.health) for summary in told] == [
        (Health.UNREACHABLE, Health.UNREACHABLE),
        (Health.UNREACHABLE, Health.OK),
        (Health.OK, Health.OK),
    ]
