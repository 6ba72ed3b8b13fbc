"""Number records in each state, and events, for tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from number_inventory.domain.decisions import Stamp
from number_inventory.domain.lifecycle import Registration
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RELEASE = NOW + timedelta(days=2)
NUMBER = "+441234567"


def stamp(at: datetime = NOW, reason: str = "a test") -> Stamp:
    """A stamp of the test."""
    return Stamp(at, "operator:test", reason)


def registration(device: str = "sbc1", sync: int = 7) -> Registration:
    """The number, seen by a sync of a device."""
    return Registration("acme", NUMBER, device, sync)


def holders(*devices: str, sync: int = 3) -> tuple[Holder, ...]:
    """Entries of these devices, written a day ago."""
    return tuple(Holder(device, NOW - timedelta(days=1), sync) for device in devices)


def available() -> NumberRecord:
    """A number anybody may have, with everything filled in that no sync may touch."""
    return NumberRecord(
        customer="acme",
        number=NUMBER,
        tag="for the lobby",
        description="Reception",
        extra1="one",
        extra2="two",
        extra3="three",
        internal_number_type="DID",
        e164_number=NUMBER,
        site="London",
        version=4,
    )


def used(*devices: str) -> NumberRecord:
    """A number of AudioCodes devices."""
    return replace(
        available(), status=Status.USED, usage=Usage.DEVICE, vendor=AUDIOCODES, holders=holders(*(devices or ("sbc1",)))
    )


def cooling(release_date: datetime = RELEASE) -> NumberRecord:
    """A number that rests."""
    return replace(available(), status=Status.COOLING, release_date=release_date, cooling_since=NOW)


def reserved(for_whom: str = "alice", until: datetime | None = None) -> NumberRecord:
    """A number that is kept for somebody."""
    return replace(
        available(), status=Status.RESERVED, reserved_for=for_whom, reservation_notes="new desk", reserved_until=until
    )


def of_microsoft(*devices: str) -> NumberRecord:
    """A number that another vendor's user has."""
    return replace(available(), status=Status.USED, usage=Usage.USER, vendor="Microsoft", holders=holders(*devices))


def carried(record: NumberRecord) -> tuple[str, ...]:
    """The fields that no sync, release or operator's command of another purpose may touch."""
    return (
        record.tag,
        record.description,
        record.extra1,
        record.extra2,
        record.extra3,
        record.internal_number_type,
        record.e164_number,
        record.site,
    )
