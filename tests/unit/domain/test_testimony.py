"""What a device can say of a number, and when its word against it counts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.devices import Device, DeviceKey, DeviceState, Health, SourceKind
from number_inventory.domain.numbers import Holder
from number_inventory.domain.testimony import DeviceTestimony, Word, not_configured, unreadable, why_silent
from tests.unit.domain.records import NOW

DAY = timedelta(hours=24)
SETTLED = DeviceTestimony(
    device="sbc1",
    held=frozenset({"1001"}),
    doubtful=frozenset(),
    syncing=False,
    settled_sync=7,
    proven_at=NOW,
    silent_because="",
)
DEVICE = Device(key=DeviceKey("acme", "sbc1"), source=SourceKind.SBC, address="https://192.0.2.7")
FINE = DeviceState(health=Health.OK, since=NOW, last_complete_at=NOW)


def entry(sync: int) -> Holder:
    """The record's entry for the device, written by this sync of it."""
    return Holder("sbc1", NOW, sync)


def test_a_settled_register_is_believed() -> None:
    """GIVEN a register that no sync is changing, WHEN asked, THEN it holds what it names and denies the rest."""
    assert SETTLED.on("1001", None).word is Word.HOLDS
    assert SETTLED.on("1001", entry(7)).word is Word.HOLDS
    assert SETTLED.on("1002", entry(7)).word is Word.DENIES
    assert SETTLED.on("1002", None).word is Word.DENIES


def test_a_silent_device_still_says_what_it_holds() -> None:
    """GIVEN a device that cannot prove absence, WHEN asked, THEN it holds what it names and cannot say of the rest."""
    silent = replace(SETTLED, silent_because="it is unreachable")

    assert silent.on("1001", None).word is Word.HOLDS
    said = silent.on("1002", entry(7))
    assert (said.word, said.note, said.sync, said.proven_at) == (Word.CANNOT_SAY, "it is unreachable", 7, NOW)


def test_numbers_that_a_sync_is_changing_are_left_to_it() -> None:
    """GIVEN a sync at work, WHEN asked about its numbers, THEN they are changing; about others it says as ever."""
    syncing = replace(SETTLED, doubtful=frozenset({"1001", "1003"}), syncing=True)

    assert syncing.on("1001", None).word is Word.CHANGING
    assert syncing.on("1003", entry(3)).word is Word.CHANGING
    assert syncing.on("1004", entry(8)).word is Word.CHANGING  # written by the sync that is at work
    assert syncing.on("1004", entry(7)).word is Word.DENIES


def test_a_sync_that_stopped_half_way_proves_no_absence() -> None:
    """GIVEN a sync that died, WHEN asked, THEN what it saw come is held, and what it saw go nobody can say."""
    stopped = replace(SETTLED, doubtful=frozenset({"1001", "1003"}))

    assert stopped.on("1001", None).word is Word.HOLDS
    assert stopped.on("1003", entry(7)).word is Word.CANNOT_SAY
    assert stopped.on("1004", entry(8)).word is Word.CANNOT_SAY


def test_a_device_that_is_gone_holds_nothing() -> None:
    """GIVEN no such device, WHEN its word is needed, THEN it denies; one that cannot be read cannot say."""
    assert not_configured("sbc1").word is Word.DENIES
    said = unreadable("sbc1", "attribute 'source' is missing")
    assert (said.word, said.note) == (Word.CANNOT_SAY, "attribute 'source' is missing")


def test_a_device_may_speak_while_its_last_proof_is_recent() -> None:
    """GIVEN a device that answers, WHEN its last complete sync is at most a day old, THEN its word counts."""
    for health in (Health.OK, Health.PARTIAL):
        for age in (timedelta(0), DAY):
            assert why_silent(DEVICE, replace(FINE, health=health, last_complete_at=NOW - age), NOW, DAY) == ""


@pytest.mark.parametrize(
    ("device", "state", "reason"),
    [
        (DEVICE, replace(FINE, last_complete_at=NOW - DAY - timedelta(seconds=1)), "too long ago"),
        (DEVICE, replace(FINE, last_complete_at=None), "never proved"),
        (DEVICE, replace(FINE, health=Health.UNREACHABLE), "unreachable since 2026-03-01"),
        (DEVICE, replace(FINE, health=Health.LOGIN_REFUSED), "login refused"),
        (DEVICE, replace(FINE, health=Health.MISCONFIGURED), "misconfigured"),
        (DEVICE, DeviceState(), "never synced"),
        (replace(DEVICE, enabled=False), FINE, "disabled"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_device_that_is_not_asked_or_does_not_answer_is_silent(
    device: Device, state: DeviceState, reason: str
) -> None:
    """GIVEN a device without a recent proof, WHEN its word would count against a number, THEN it does not, and why."""
    assert reason in why_silent(device, state, NOW, DAY)
