"""Asking a device: refused credentials are never tried twice, since the device would lock this address out."""

from dataclasses import replace

import pytest

from number_inventory.domain.devices import Device, DeviceKey, SourceKind
from number_inventory.domain.errors import AlreadyExistsError, CredentialsMissingError, LoginRefusedError
from number_inventory.ports.secrets import Credentials
from tests.memory.world import CUSTOMER, World


def stored(world: World, key: DeviceKey) -> None:
    world.secrets.store(key, Credentials("sync", "canary-password-2"))


def ask(world: World, key: DeviceKey, refused: int = 0) -> None:
    world.ask(world.devices.get(key).device, refused)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def key(world: World) -> DeviceKey:
    return world.add_device()


def test_good_credentials_are_used_once(world: World, key: DeviceKey) -> None:
    """GIVEN a device that takes the credentials, WHEN it is asked, THEN it is asked once."""
    ask(world, key)

    assert world.source.asked == [(key, 1)]


def test_a_refusal_stops_at_once_and_names_the_version(world: World, key: DeviceKey) -> None:
    """GIVEN refused credentials that nobody changed, WHEN asked, THEN one try, and the version is known."""
    world.source.refuses[key] = {1}

    with pytest.raises(LoginRefusedError) as refusal:
        ask(world, key)

    assert refusal.value.credentials_version == 1
    assert world.source.asked == [(key, 1)]
    assert "canary" not in str(refusal.value)


def test_a_refused_version_is_not_tried_again(world: World, key: DeviceKey) -> None:
    """GIVEN a version refused before, WHEN asked, THEN the device is not contacted, and the error says what to do."""
    with pytest.raises(LoginRefusedError, match="refused these credentials before") as refusal:
        ask(world, key, refused=1)

    assert refusal.value.credentials_version == 1
    assert "devices credentials sbc1" in str(refusal.value)
    assert "devices enable sbc1" in str(refusal.value)
    assert world.source.asked == []


def test_changed_credentials_start_anew(world: World, key: DeviceKey) -> None:
    """GIVEN a version refused before and a newer one stored, WHEN asked, THEN the newer one is used."""
    stored(world, key)

    ask(world, key, refused=1)

    assert world.source.asked == [(key, 2)]


def test_credentials_of_another_address_go_nowhere(world: World, key: DeviceKey) -> None:
    """GIVEN credentials that were given for another address, WHEN asked, THEN the device is not contacted."""
    world.secrets.store(key, Credentials("sync", "canary-password", address="https://203.0.113.9"))

    with pytest.raises(CredentialsMissingError, match=r"are for https://203\.0\.113\.9") as refusal:
        ask(world, key)

    assert "devices credentials sbc1" in str(refusal.value)
    assert "canary" not in str(refusal.value)
    assert world.source.asked == []


def test_a_cache_of_credentials_for_where_the_device_was_is_read_again(world: World, key: DeviceKey) -> None:
    """GIVEN a cache from before a device moved, WHEN asked, THEN only what was given for its new address is sent."""
    world.secrets.freeze_cache(key)
    login = Credentials("sync", "canary-password-2")
    world.configure.change(key, lambda known: replace(known, address="https://moved.example"), credentials=login)

    ask(world, key)

    assert world.source.asked == [(key, 2)]


def test_of_two_who_add_a_device_at_once_neither_gets_the_others_password(world: World) -> None:
    """GIVEN two who add one device, WHEN the loser's credentials stay, THEN they go to no winner's address."""
    winner = Device(key=DeviceKey(CUSTOMER, "sbc9"), source=SourceKind.SBC, address="https://winner.example")
    loser = replace(winner, address="https://loser.example")

    def winner_is_faster() -> None:
        world.configure.add(winner, Credentials("winner", "canary-password"))

    world.fuse.blow_at(0, winner_is_faster)
    with pytest.raises(AlreadyExistsError):
        world.configure.add(loser, Credentials("loser", "canary-password"))

    assert world.devices.get(winner.key).device == winner
    with pytest.raises(CredentialsMissingError, match=r"are for https://loser\.example"):
        ask(world, winner.key)
    world.configure.replace_credentials(winner.key, Credentials("winner", "canary-password"))
    ask(world, winner.key)


def test_cached_credentials_that_are_refused_are_read_again_once(world: World, key: DeviceKey) -> None:
    """GIVEN a cache that holds changed credentials' predecessor, WHEN that is refused, THEN the new one is used."""
    world.secrets.freeze_cache(key)
    stored(world, key)
    world.source.refuses[key] = {1}

    ask(world, key)

    assert world.source.asked == [(key, 1), (key, 2)]


def test_new_credentials_that_are_refused_too_are_the_last_try(world: World, key: DeviceKey) -> None:
    """GIVEN old and new credentials that are both refused, WHEN asked, THEN two tries, and the newer version counts."""
    world.secrets.freeze_cache(key)
    stored(world, key)
    world.source.refuses[key] = {1, 2}

    with pytest.raises(LoginRefusedError) as refusal:
        ask(world, key)

    assert refusal.value.credentials_version == 2
    assert world.source.asked == [(key, 1), (key, 2)]


def test_a_cache_older_than_the_refusal_is_not_tried(world: World, key: DeviceKey) -> None:
    """GIVEN a cache with version 1 and version 2 refused, WHEN asked, THEN the device sees neither.

    Otherwise two workers with different caches would take turns in failing logins until the device locks them out.
    """
    world.secrets.freeze_cache(key)
    stored(world, key)
    world.source.refuses[key] = {1, 2}

    with pytest.raises(LoginRefusedError) as refusal:
        ask(world, key, refused=2)

    assert refusal.value.credentials_version == 2
    assert world.source.asked == []


def test_a_cache_older_than_the_refusal_gives_way_to_newer_credentials(world: World, key: DeviceKey) -> None:
    """GIVEN a cache with version 1, version 2 refused and version 3 stored, WHEN asked, THEN only 3 is used."""
    world.secrets.freeze_cache(key)
    stored(world, key)
    stored(world, key)
    world.source.refuses[key] = {1, 2}

    ask(world, key, refused=2)

    assert world.source.asked == [(key, 3)]


def test_credentials_stored_anew_under_a_lower_version_are_tried(world: World, key: DeviceKey) -> None:
    """GIVEN version 5 refused, and credentials that were deleted and stored again as 1, WHEN asked, THEN they count."""
    ask(world, key, refused=5)

    assert world.source.asked == [(key, 1)]


def test_missing_credentials_are_said(world: World, key: DeviceKey) -> None:
    """GIVEN a device without credentials, WHEN asked, THEN that is the error, and the device is not contacted."""
    world.secrets.forget(key)

    with pytest.raises(CredentialsMissingError, match="acme/sbc1"):
        ask(world, key)

    assert world.source.asked == []
