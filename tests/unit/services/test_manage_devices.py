"""Adding, testing, enabling and removing devices."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from number_inventory.domain.devices import Device, DeviceKey, Health, SourceKind, configuration_digest
from number_inventory.domain.errors import (
    AlreadyExistsError,
    ConfigurationChangedError,
    CredentialsMissingError,
    DeviceUnreachableError,
    InvalidInputError,
    NotFoundError,
    RuleViolationError,
    SettingBrokenError,
    StorageBusyError,
)
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION
from number_inventory.domain.numbers import Status, first_version
from number_inventory.ports.registrations import Register
from number_inventory.ports.secrets import Credentials
from number_inventory.services.remove_device import RemovalPreview
from number_inventory.services.sync import LEASE_MARGIN
from number_inventory.services.sync_summary import SyncResult
from tests.memory.device_source import user
from tests.memory.fuse import ProcessDiedError
from tests.memory.world import BUDGET, CUSTOMER, World

GOOD = Device(key=DeviceKey(CUSTOMER, "sbc1"), source=SourceKind.SBC, address="https://sbc1.example")
LOGIN = Credentials("sync", "canary-password")


@pytest.fixture
def world() -> World:
    return World()


def test_a_device_is_added_with_its_credentials(world: World) -> None:
    """GIVEN nothing, WHEN a device is added, THEN it is there, enabled, never synced, with its credentials."""
    world.configure.add(GOOD, LOGIN)

    entry = world.devices.get(GOOD.key)
    assert (entry.device, entry.state.health) == (GOOD, Health.NEVER_SYNCED)
    stored = world.secrets.credentials(GOOD.key)
    assert (stored.username, stored.password) == ("sync", "canary-password")


def test_a_name_that_is_taken_keeps_its_device_and_credentials(world: World) -> None:
    """GIVEN a device, WHEN another is added under its name, THEN it is refused, and both stay as they are."""
    world.configure.add(GOOD, LOGIN)

    with pytest.raises(AlreadyExistsError, match="acme/sbc1"):
        world.configure.add(replace(GOOD, address="https://other.example"), Credentials("other", "other"))

    assert world.devices.get(GOOD.key).device == GOOD
    assert world.secrets.credentials(GOOD.key).username == "sync"


@pytest.mark.parametrize("login", [Credentials("", "x"), Credentials("x", ""), Credentials("", "")])
def test_empty_credentials_are_refused(world: World, login: Credentials) -> None:
    """GIVEN an empty user or password, WHEN a device is added or changed, THEN it is refused, and nothing is stored."""
    with pytest.raises(InvalidInputError, match="credentials"):
        world.configure.add(GOOD, login)
    with pytest.raises(NotFoundError):
        world.devices.get(GOOD.key)
    with pytest.raises(CredentialsMissingError):
        world.secrets.credentials(GOOD.key)

    world.configure.add(GOOD, LOGIN)
    with pytest.raises(InvalidInputError, match="credentials"):
        world.configure.replace_credentials(GOOD.key, login)


def test_a_configuration_that_could_not_work_is_not_stored(world: World) -> None:
    """GIVEN a bad address, WHEN the device is added, THEN it is refused, and no credentials are left behind."""
    with pytest.raises(InvalidInputError, match="address"):
        world.configure.add(replace(GOOD, address="sbc1"), LOGIN)
    with pytest.raises(CredentialsMissingError):
        world.secrets.credentials(GOOD.key)


def test_a_test_tells_what_it_found_and_changes_nothing(world: World) -> None:
    """GIVEN a device with users, WHEN it is tested, THEN its users and numbers are told, and nothing is changed."""
    key = world.add_device()
    world.source.shows[key] = (user("1001"), user("alice"))
    entry = world.devices.get(key)

    found = world.configure.test(key)

    assert (found.claims.claimed, found.claims.unmapped) == (frozenset({"1001"}), ("sip:alice@sbc.example",))
    assert found.snapshot.product == "Mediant VE SBC"
    assert world.inventory.all() == {}
    assert world.devices.get(key) == entry


def test_a_test_of_a_device_that_fails_raises_its_cause(world: World) -> None:
    """GIVEN a device that cannot be reached, WHEN it is tested, THEN the cause is the error, the state untouched."""
    key = world.add_device()
    world.source.shows[key] = DeviceUnreachableError("no route to host")

    with pytest.raises(DeviceUnreachableError, match="no route to host"):
        world.configure.test(key)

    assert world.devices.get(key).state.health is Health.NEVER_SYNCED


def test_a_test_asks_even_where_syncs_were_refused(world: World) -> None:
    """GIVEN credentials that a sync found refused, WHEN a person tests, THEN the device is asked all the same."""
    key = world.add_device()
    world.source.refuses[key] = {1}
    world.sync(key)
    world.source.refuses[key] = set()

    assert world.configure.test(key).snapshot.complete


WINNERS, LOSERS = Credentials("winner", "canary-password"), Credentials("loser", "canary-password")
MOVED = "https://moved.example"


def other_wins(world: World, key: DeviceKey) -> None:
    """Somebody else changes the device and its login."""
    seen = configuration_digest(world.devices.get(key).device)
    world.configure.change(key, lambda known: replace(known, hosts=frozenset({"pbx.example"})), seen, WINNERS)


def refused(world: World, key: DeviceKey, change: Callable[[Device], Device]) -> str:
    """A change of the device as it is now is refused because of another one; whose login is stored then."""
    seen = configuration_digest(world.devices.get(key).device)
    with pytest.raises(ConfigurationChangedError):
        world.configure.change(key, change, seen, LOSERS)
    return world.secrets.credentials(key).username


def test_a_change_that_is_refused_leaves_the_credentials_alone(world: World) -> None:
    """GIVEN two who saw one device alike WHEN the first one's change is just faster THEN its login stays."""
    key = world.add_device()
    world.fuse.blow_at(0, lambda: other_wins(world, key))
    assert refused(world, key, lambda known: replace(known, read_timeout_seconds=30)) == "winner"


def test_a_move_that_is_refused_leaves_the_credentials_alone(world: World) -> None:
    """GIVEN a change to another address WHEN another one comes before its last look THEN that one's login stays."""
    key = world.add_device()

    def moved(known: Device) -> Device:
        if not known.hosts:
            other_wins(world, key)
        return replace(known, address=MOVED)

    assert refused(world, key, moved) == "winner"


@pytest.mark.parametrize(("point", "stays"), [(0, "loser"), (1, "winner"), (2, "winner")])
def test_credentials_of_a_refused_move_go_nowhere(world: World, point: int, stays: str) -> None:
    """GIVEN the same WHEN the other one comes after the last look THEN a login that stays goes to its own address."""
    key = world.add_device()
    world.fuse.blow_at(point, lambda: other_wins(world, key))
    assert refused(world, key, lambda known: replace(known, address=MOVED)) == stays
    if stays == "loser":
        with pytest.raises(CredentialsMissingError, match=r"are for https://moved\.example"):
            world.configure.test(key)


@pytest.mark.parametrize("change", [{"address": MOVED}, {"read_timeout_seconds": 30}])
def test_a_change_that_died_anywhere_sends_no_credentials_elsewhere(change: dict[str, Any]) -> None:
    """GIVEN a death at every point of a change WHEN the same is asked for again THEN it stands, with its login."""
    for point in range(10):
        world = World()
        key = world.add_device()
        world.fuse.blow_at(point)
        try:
            world.configure.change(key, lambda known: replace(known, **change), None, WINNERS)
        except ProcessDiedError:
            there = world.devices.get(key).device.address
            assert there != MOVED or world.secrets.credentials(key).username == "winner"
            world.configure.change(key, lambda known: replace(known, **change), None, WINNERS)
        went_through = world.fuse.armed
        world.fuse.disarm()
        stored, there = world.secrets.credentials(key), world.devices.get(key).device.address
        assert (stored.username, stored.address) == ("winner", there)
        if went_through:
            return
    pytest.fail("a change has no end of points")


def test_what_does_not_exist_is_said(world: World) -> None:
    """GIVEN no such device, WHEN anything is asked of it, THEN not found."""
    nowhere = DeviceKey(CUSTOMER, "nowhere")
    for act in (
        lambda: world.configure.test(nowhere),
        lambda: world.configure.set_enabled(nowhere, enabled=True),
        lambda: world.configure.replace_credentials(nowhere, LOGIN),
        lambda: world.remove_device(nowhere),
    ):
        with pytest.raises(NotFoundError):
            act()


def test_a_disabled_device_keeps_its_numbers_and_can_come_back(world: World) -> None:
    """GIVEN a synced device, WHEN it is disabled for a year and enabled again, THEN no number moved."""
    key = world.add_device()
    world.device_shows(key, "1001")
    world.sync(key)
    assert not world.configure.set_enabled(key, enabled=False).device.enabled
    world.clock.advance(days=365)
    world.release_cooled.release()
    assert world.number("1001").version == first_version(world.number("1001"))

    assert world.configure.set_enabled(key, enabled=True).device.enabled
    assert world.sync(key).result is SyncResult.UNCHANGED


def test_a_removed_device_gives_its_numbers_up_like_any_removal(world: World) -> None:
    """GIVEN a device with a number of its own and a shared one, WHEN removed, THEN one cools, the other stays Used."""
    key, other = world.add_device("sbc1"), world.add_device("sbc2")
    world.device_shows(key, "1001", "1002")
    world.device_shows(other, "1002")
    world.sync(key)
    world.sync(other)

    report = world.remove_device(key)

    record = world.number("1001")
    assert (record.status, record.release_date) == (Status.COOLING, world.clock.at + timedelta(days=2))
    assert record.reason == "device sbc1 was removed"
    assert world.number("1002").status is Status.USED
    assert world.held_by(key) == set()
    assert (report.writes, report.finished) == (2, True)
    with pytest.raises(NotFoundError):
        world.devices.get(key)
    with pytest.raises(CredentialsMissingError):
        world.secrets.credentials(key)


def test_nothing_of_a_removed_devices_register_is_left(world: World) -> None:
    """GIVEN a removed device, WHEN its name is used again, THEN its register is empty, down to the last part."""
    key = world.add_device()
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    world.remove_device(key)
    world.add_device()

    lease = world.devices.acquire(key, world.clock.at, world.clock.at)

    assert lease is not None
    assert world.registrations.load(lease) == Register(frozenset(), frozenset(), "", 0, 0, "0.0")


def test_a_removal_that_died_keeps_syncs_away_until_it_is_gone_for_sure(world: World) -> None:
    """GIVEN a removal that died, WHEN it is tried again, THEN not before its time and the margin are over."""
    key = world.add_device()
    world.fuse.blow_at(4)
    with pytest.raises(ProcessDiedError):
        world.remove_device(key)
    world.clock.at += BUDGET + LEASE_MARGIN - timedelta(seconds=1)
    with pytest.raises(RuleViolationError, match="being synced now"):
        world.remove_device(key)

    world.clock.advance(seconds=1)

    world.remove_device(key)


def test_a_device_added_again_under_its_name_starts_anew(world: World) -> None:
    """GIVEN a removed device, WHEN it is added again and synced, THEN its numbers are Used again, then removable."""
    key = world.add_device()
    world.device_shows(key, "1001")
    for _ in range(3):
        world.sync(key)
    world.remove_device(key)
    world.add_device()

    assert world.sync(key).outcomes == {"restored": 1}
    world.device_shows(key)
    assert world.sync(key).outcomes == {"cooling_started": 1}


def test_a_disabled_device_can_be_removed(world: World) -> None:
    """GIVEN a disabled device, WHEN it is removed, THEN it is gone."""
    key = world.add_device()
    world.configure.set_enabled(key, enabled=False)

    world.remove_device(key)

    assert list(world.devices.of_customer(CUSTOMER)) == []


def test_a_device_that_is_being_synced_is_not_removed(world: World) -> None:
    """GIVEN a sync under way, WHEN the device is to be removed, THEN that is refused, and it stays enabled."""
    key = world.add_device()
    world.devices.acquire(key, world.clock.at, world.clock.at + timedelta(minutes=4))

    with pytest.raises(RuleViolationError, match="being synced now"):
        world.remove_device(key)

    assert world.devices.get(key).device.enabled


def test_a_broken_macro_keeps_the_device(world: World) -> None:
    """GIVEN a broken duration, WHEN a device is to be removed, THEN nothing happens, and a sync may go on at once."""
    key = world.add_device()
    world.device_shows(key, "1001")
    world.sync(key)
    world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "two")

    with pytest.raises(SettingBrokenError, match=AUDIOCODES_COOLING_DURATION):
        world.remove_device(key)

    assert world.number("1001").status is Status.USED
    assert world.sync(key).result is SyncResult.UNCHANGED


def test_a_removal_that_fails_half_way_leaves_the_device_disabled_and_can_be_run_again(world: World) -> None:
    """GIVEN a write that is lost, WHEN removed, THEN it says so and stays disabled; run again, it is gone."""
    key = world.add_device()
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    world.inventory.writes_lost = {"1001"}

    with pytest.raises(StorageBusyError, match="not removed yet, only disabled"):
        world.remove_device(key)
    assert not world.devices.get(key).device.enabled

    world.remove_device(key)
    assert world.held_by(key) == set()
    with pytest.raises(NotFoundError):
        world.devices.get(key)


def test_a_removal_takes_what_an_unfinished_sync_left_in_doubt(world: World) -> None:
    """GIVEN a sync with one write lost and one answer lost, WHEN removed, THEN no number has it as a holder."""
    key = world.add_device()
    world.device_shows(key, "1001", "1002")
    world.inventory.writes_lost = {"1001"}
    world.inventory.answers_lost = {"1002"}
    world.sync(key)

    world.remove_device(key)

    assert world.held_by(key) == set()
    assert world.number("1002").status is Status.COOLING


# --- what a removal would do, and what it must not leave behind


def test_a_preview_counts_what_would_cool_and_changes_nothing(world: World) -> None:
    """GIVEN numbers of a device alone and with another one, WHEN previewed, THEN each kind is counted."""
    key, other = world.add_device("sbc1"), world.add_device("sbc2")
    world.device_shows(key, "1001", "1002", "1003")
    world.device_shows(other, "1003")
    world.sync(key)
    world.sync(other)
    before, entry = world.inventory.all(), world.devices.get(key)

    assert world.remove_device.preview(key) == RemovalPreview(held=3, cooling=2, cooling_days=2, shared=1)

    assert (world.inventory.all(), world.devices.get(key)) == (before, entry)
    with pytest.raises(NotFoundError):
        world.remove_device.preview(replace(key, name="nobody"))


def test_a_device_whose_register_is_lost_leaves_no_number_behind(world: World) -> None:
    """GIVEN a device whose register was lost or restored to another time, WHEN removed, THEN no record names it."""
    for lose in (world.registrations.lose, lambda key: world.registrations.go_back(key, 1)):
        key = world.add_device()
        other = world.add_device("sbc2")
        world.device_shows(key, "1001")
        world.sync(key)
        world.device_shows(key, "1001", "1002", "1003")
        world.device_shows(other, "1003")
        world.sync(key)
        world.sync(other)
        lose(key)

        world.remove_device(key)

        assert world.held_by(key) == set()
        assert world.number("1002").status is Status.COOLING
        assert world.number("1003").status is Status.USED
        world.remove_device(other)


def test_a_removal_that_stopped_says_how_to_go_on(world: World) -> None:
    """GIVEN a removal that fails half-way, THEN the device, disabled, says that it must be run again."""
    key = world.add_device()
    world.device_shows(key, "1001")
    world.sync(key)
    world.inventory.writes_lost = {"1001"}

    with pytest.raises(StorageBusyError):
        world.remove_device(key)

    assert "devices remove sbc1" in world.devices.get(key).state.cause
