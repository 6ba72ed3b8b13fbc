"""The life of a number, row by row as docs/rules.md tells it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Decision, Outcome
from number_inventory.domain.lifecycle import registered, registration_gone, release_due, reservation_lapsed
from number_inventory.domain.management import assign, cool, release_early, reserve, unassign, unreserve
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage
from tests.unit.domain.records import (
    NOW,
    RELEASE,
    available,
    carried,
    cooling,
    of_microsoft,
    registration,
    reserved,
    stamp,
    used,
)

Event = Callable[[NumberRecord | None], Decision | None]
GLOBAL_30 = CoolingSettings(enabled=True, days=30)
GLOBAL_OFF = CoolingSettings(enabled=False, days=30)


def comes(record: NumberRecord | None) -> Decision:
    return registered(record, registration(), stamp())


def goes(days: int = 2) -> Event:
    return lambda record: registration_gone(record, registration(), days, stamp())


def due(record: NumberRecord | None) -> Decision | None:
    return release_due(record, RELEASE, stamp(RELEASE))


def operator(act: Callable[[NumberRecord], Decision]) -> Event:
    def acted(record: NumberRecord | None) -> Decision:
        assert record is not None
        return act(record)

    return acted


given_away = operator(lambda record: assign(record, "Microsoft", Usage.USER, "alice", stamp()))
given_back = operator(lambda record: unassign(record, GLOBAL_30, stamp()))
given_back_without_cooling = operator(lambda record: unassign(record, GLOBAL_OFF, stamp()))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table: a record, an event, and what must be true after it."""

    given: NumberRecord | None
    when: Event
    then: tuple[Status, Usage, str]
    days: int | None = None
    held_by: tuple[str, ...] = ()
    outcome: Outcome


USED = (Status.USED, Usage.DEVICE, AUDIOCODES)
MICROSOFT = (Status.USED, Usage.USER, "Microsoft")
UTILITY = (Status.USED_UTILITY, Usage.NONE, "")
AVAILABLE = (Status.AVAILABLE, Usage.NONE, "")
RESERVED = (Status.RESERVED, Usage.NONE, "")
COOLING = (Status.COOLING, Usage.NONE, "")
SBC1 = ("sbc1",)

TABLE: dict[str, Row] = {
    "absent, registered: created as used by a device": Row(
        given=None, when=comes, held_by=SBC1, outcome=Outcome.CREATED, then=USED
    ),
    "available, registered: used by a device": Row(
        given=available(), when=comes, held_by=SBC1, outcome=Outcome.MARKED_USED, then=USED
    ),
    "reserved, registered: used by a device": Row(
        given=reserved(until=RELEASE), when=comes, held_by=SBC1, outcome=Outcome.MARKED_USED, then=USED
    ),
    "cooling, comes back: used by a device again": Row(
        given=cooling(), when=comes, held_by=SBC1, outcome=Outcome.RESTORED, then=USED
    ),
    "cooling past its date, comes back before the job: used by a device again": Row(
        given=cooling(NOW - timedelta(days=9)), when=comes, held_by=SBC1, outcome=Outcome.RESTORED, then=USED
    ),
    "used by another vendor, registered: unchanged, holder recorded, conflict": Row(
        given=of_microsoft(), when=comes, held_by=SBC1, outcome=Outcome.CONFLICT, then=MICROSOFT
    ),
    "used by another usage, registered: unchanged, holder recorded, conflict": Row(
        given=replace(available(), status=Status.USED, usage=Usage.HUNT_PILOT, vendor=AUDIOCODES),
        when=comes,
        then=(Status.USED, Usage.HUNT_PILOT, AUDIOCODES),
        held_by=SBC1,
        outcome=Outcome.CONFLICT,
    ),
    "used as a utility, registered: unchanged, holder recorded, conflict": Row(
        given=replace(available(), status=Status.USED_UTILITY),
        when=comes,
        then=UTILITY,
        held_by=SBC1,
        outcome=Outcome.CONFLICT,
    ),
    "used, registered on a second device: gains the holder": Row(
        given=used("sbc2"), when=comes, held_by=("sbc1", "sbc2"), outcome=Outcome.HOLDER_ADDED, then=USED
    ),
    "used, registered where it is already: unchanged": Row(
        given=used(), when=comes, held_by=SBC1, outcome=Outcome.UNCHANGED, then=USED
    ),
    "used, the last holder goes: cooling": Row(
        given=used(), when=goes(), then=COOLING, days=2, outcome=Outcome.COOLING_STARTED
    ),
    "used, the last holder goes with a duration of 999 days: cooling": Row(
        given=used(), when=goes(999), then=COOLING, days=999, outcome=Outcome.COOLING_STARTED
    ),
    "used, the last holder goes with a duration of 0 days: available": Row(
        given=used(), when=goes(0), then=AVAILABLE, outcome=Outcome.RELEASED
    ),
    "used, one of several holders goes: still used": Row(
        given=used("sbc1", "sbc2"), when=goes(), held_by=("sbc2",), outcome=Outcome.HOLDER_DROPPED, then=USED
    ),
    "used by another vendor, the last holder goes: stays the other vendor's": Row(
        given=of_microsoft("sbc1"), when=goes(), outcome=Outcome.HOLDER_DROPPED, then=MICROSOFT
    ),
    "cooling, a removal is repeated: unchanged": Row(
        given=cooling(), when=goes(30), then=COOLING, days=2, outcome=Outcome.UNCHANGED
    ),
    "used on another device, a removal is repeated: unchanged": Row(
        given=used("sbc2"), when=goes(), held_by=("sbc2",), outcome=Outcome.UNCHANGED, then=USED
    ),
    "cooling, the date is reached: available": Row(given=cooling(), when=due, then=AVAILABLE, outcome=Outcome.RELEASED),
    "used by another vendor, unassigned: cooling under the global settings": Row(
        given=of_microsoft(), when=given_back, then=COOLING, days=30, outcome=Outcome.COOLING_STARTED
    ),
    "used by another vendor, unassigned with cooling off: available": Row(
        given=of_microsoft(), when=given_back_without_cooling, then=AVAILABLE, outcome=Outcome.RELEASED
    ),
    "used as a utility, unassigned: cooling under the global settings": Row(
        given=replace(available(), status=Status.USED_UTILITY),
        when=given_back,
        then=COOLING,
        days=30,
        outcome=Outcome.COOLING_STARTED,
    ),
    "used by another vendor on a device, unassigned: the device's": Row(
        given=of_microsoft("sbc1"), when=given_back, held_by=SBC1, outcome=Outcome.MARKED_USED, then=USED
    ),
    "available, assigned: used": Row(given=available(), when=given_away, outcome=Outcome.ASSIGNED, then=MICROSOFT),
    "reserved for the requester, assigned: used": Row(
        given=reserved("alice"), when=given_away, outcome=Outcome.ASSIGNED, then=MICROSOFT
    ),
    "available, reserved: reserved": Row(
        given=available(),
        when=operator(lambda record: reserve(record, "bob", RELEASE, "for May", stamp())),
        then=RESERVED,
        outcome=Outcome.RESERVED,
    ),
    "available, cooled by an operator: cooling": Row(
        given=available(),
        when=operator(lambda record: cool(record, 5, stamp())),
        then=COOLING,
        days=5,
        outcome=Outcome.COOLING_STARTED,
    ),
    "available, cooled by an operator for 0 days: unchanged": Row(
        given=available(),
        when=operator(lambda record: cool(record, 0, stamp())),
        then=AVAILABLE,
        outcome=Outcome.UNCHANGED,
    ),
    "reserved, unreserved: available": Row(
        given=reserved(),
        when=operator(lambda record: unreserve(record, stamp())),
        then=AVAILABLE,
        outcome=Outcome.UNRESERVED,
    ),
    "reserved, the reservation lapses: available": Row(
        given=reserved(until=NOW),
        when=operator(lambda record: reservation_lapsed(record, stamp())),
        then=AVAILABLE,
        outcome=Outcome.UNRESERVED,
    ),
    "cooling, released early by an operator: available": Row(
        given=cooling(),
        when=operator(lambda record: release_early(record, stamp())),
        then=AVAILABLE,
        outcome=Outcome.RELEASED,
    ),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_the_table_of_a_numbers_life(row: Row) -> None:
    """GIVEN a number, WHEN the event happens, THEN it is as the table says, and nothing else of it moved."""
    decision = row.when(row.given)

    assert decision is not None
    after = decision.after
    assert (after.status, after.usage, after.vendor) == row.then
    assert after.release_date == (None if row.days is None else NOW + timedelta(days=row.days))
    assert (after.cooling_since is None) == (row.days is None)
    assert tuple(holder.device for holder in after.holders) == row.held_by
    assert decision.outcome is row.outcome
    assert decision.before == row.given
    assert decision.needs_write == (row.given != after)
    if row.given is not None:
        assert carried(after) == carried(row.given)
    if row.outcome is Outcome.UNCHANGED:
        assert not decision.needs_write
