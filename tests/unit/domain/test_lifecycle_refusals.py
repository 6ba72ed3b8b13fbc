"""What the life of a number does not allow, and what leaves it alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Decision, Outcome, describe_claim
from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.lifecycle import release_due, reservation_lapsed
from number_inventory.domain.management import assign, cool, release_early, reserve, unassign, unreserve
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from tests.unit.domain.records import (
    NOW,
    RELEASE,
    available,
    cooling,
    holders,
    of_microsoft,
    reserved,
    stamp,
    used,
)

Act = Callable[[NumberRecord], Decision]
SECOND = timedelta(seconds=1)


def assigned(record: NumberRecord) -> Decision:
    return assign(record, "Microsoft", Usage.USER, "alice", stamp())


def unassigned(record: NumberRecord) -> Decision:
    return unassign(record, CoolingSettings(enabled=True, days=30), stamp())


def reserved_for_bob(record: NumberRecord) -> Decision:
    return reserve(record, "bob", None, "", stamp())


def unreserved(record: NumberRecord) -> Decision:
    return unreserve(record, stamp())


def cooled(record: NumberRecord) -> Decision:
    return cool(record, 2, stamp())


def released_early(record: NumberRecord) -> Decision:
    return release_early(record, stamp())


def held(record: NumberRecord) -> NumberRecord:
    return replace(record, holders=holders("sbc1"))


REFUSED: dict[str, tuple[Act, NumberRecord]] = {
    "a number in use is not assigned": (assigned, used()),
    "another vendor's number is not assigned": (assigned, of_microsoft()),
    "a cooling number is not assigned": (assigned, cooling()),
    "a number reserved for somebody else is not assigned": (assigned, reserved("bob")),
    "a number reserved for nobody named is not assigned": (assigned, reserved("")),
    "an Available number with a holder is not assigned": (assigned, held(available())),
    "a number reserved for the requester, with a holder, is not assigned": (assigned, held(reserved("alice"))),
    "a device's number is not unassigned": (unassigned, used()),
    "an AudioCodes number of another usage, on no device, is not unassigned": (
        unassigned,
        replace(used(), usage=Usage.USER, holders=()),
    ),
    "an Available number is not unassigned": (unassigned, available()),
    "a cooling number is not unassigned": (unassigned, cooling()),
    "a reserved number is not unassigned": (unassigned, reserved()),
    "a number in use is not reserved": (reserved_for_bob, used()),
    "a reserved number is not reserved again": (reserved_for_bob, reserved()),
    "a cooling number is not reserved": (reserved_for_bob, cooling()),
    "an Available number with a holder is not reserved": (reserved_for_bob, held(available())),
    "an Available number is not unreserved": (unreserved, available()),
    "a reserved number with a holder is not unreserved": (unreserved, held(reserved())),
    "a number in use is not cooled by hand": (cooled, used()),
    "a cooling number is not cooled again": (cooled, cooling()),
    "an Available number with a holder is not cooled by hand": (cooled, held(available())),
    "an Available number is not released": (released_early, available()),
    "a number in use is not released": (released_early, used()),
    "a cooling number with a holder is not released": (released_early, held(cooling())),
}


@pytest.mark.parametrize(("act", "record"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_the_reason(act: Act, record: NumberRecord) -> None:
    """GIVEN a state that does not allow it, WHEN it is asked, THEN it is refused, and the number and why are named."""
    with pytest.raises(RuleViolationError) as refusal:
        act(record)

    assert record.number in str(refusal.value)
    assert describe_claim(record) in str(refusal.value)


def test_a_requester_without_a_name_gets_no_reservation() -> None:
    """GIVEN a reservation for nobody named, WHEN an empty requester asks, THEN that is no match."""
    with pytest.raises(RuleViolationError):
        assign(reserved(""), "Microsoft", Usage.USER, "", stamp())


KEPT: dict[str, tuple[NumberRecord, datetime, datetime]] = {
    "a second before the Release Date": (cooling(), RELEASE, RELEASE - SECOND),
    "another, later episode": (cooling(RELEASE + SECOND), RELEASE, RELEASE + timedelta(days=9)),
    "another, earlier episode": (cooling(RELEASE - SECOND), RELEASE, RELEASE + timedelta(days=9)),
    "a holder has it": (held(cooling()), RELEASE, RELEASE),
    "it came back": (used(), RELEASE, RELEASE),
    "another vendor has it": (of_microsoft(), RELEASE, RELEASE),
    "it is reserved": (reserved(), RELEASE, RELEASE),
    "it is Available already": (available(), RELEASE, RELEASE),
    "it has no Release Date": (replace(cooling(), release_date=None), RELEASE, RELEASE),
}


@pytest.mark.parametrize(("record", "episode", "now"), KEPT.values(), ids=KEPT.keys())
def test_not_released(record: NumberRecord, episode: datetime, now: datetime) -> None:
    """GIVEN a candidate that the record does not confirm, WHEN the release looks at it, THEN nothing changes."""
    decision = release_due(record, episode, stamp(now))

    assert decision is not None
    assert decision.outcome is Outcome.UNCHANGED
    assert not decision.needs_write


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1), timedelta(days=21), timedelta(days=9999)])
def test_released_however_late(late: timedelta) -> None:
    """GIVEN a Release Date long past, WHEN the release comes at last, THEN the number is Available."""
    decision = release_due(cooling(), RELEASE, stamp(RELEASE + late))

    assert decision is not None
    assert decision.after.status is Status.AVAILABLE
    assert decision.after.release_date is None


def test_a_release_of_no_number_is_nothing() -> None:
    """GIVEN no record, WHEN it is due, THEN there is nothing to decide."""
    assert release_due(None, RELEASE, stamp(RELEASE)) is None


@pytest.mark.parametrize(
    "record",
    [reserved(), reserved(until=NOW + SECOND), held(reserved(until=NOW)), replace(available(), reserved_until=NOW)],
    ids=["no end", "not yet", "a device holds it", "not reserved"],
)
def test_a_reservation_that_stays(record: NumberRecord) -> None:
    """GIVEN no lapsed reservation, WHEN lapsing is checked, THEN the number stays as it is."""
    assert not reservation_lapsed(record, stamp()).needs_write


def test_a_claim_in_words() -> None:
    """GIVEN a number in use, WHEN somebody asks why not, THEN the state, the user and the devices are named."""
    assert describe_claim(used("sbc1", "sbc2")) == "it is Used, as Device of AudioCodes, registered on sbc1, sbc2"
    assert describe_claim(cooling()) == f"it is Cooling, until {RELEASE.isoformat()}"
    assert describe_claim(reserved("alice")) == "it is Reserved, reserved for alice"
    assert (
        describe_claim(replace(of_microsoft("sbc1"), assigned_to="alice"))
        == "it is Used, as User of Microsoft, assigned to alice, registered on sbc1"
    )
    assert (
        describe_claim(replace(available(), status=Status.USED, usage=Usage.USER)) == "it is Used, as User of Cisco UCM"
    )
