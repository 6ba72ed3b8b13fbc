"""What rows of an import make of numbers: they bring in and fill in; they free nothing and take nothing."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.errors import InvalidInputError, RuleViolationError
from number_inventory.domain.imports import imported, row_of
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage
from tests.unit.domain.records import NOW, NUMBER, RELEASE, available, cooling, of_microsoft, reserved, stamp, used

GLOBAL = CoolingSettings(enabled=True, days=30)
TO_BOB = {"status": "Used", "usage": "User", "vendor": "Microsoft", "assigned_to": "bob"}


def made(record: NumberRecord | None, for_whom: str = "", /, **cells: str) -> NumberRecord:
    """The number after a row with these cells."""
    row = row_of({"number": f"\\{NUMBER}"} | cells)
    return imported(row, "acme", record, GLOBAL, stamp(), for_whom=for_whom).after


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, {"status": Status.AVAILABLE}),
        ({"status": "Available", "usage": "", "description": "Lobby", "extra2": "b"}, {"description": "Lobby"}),
        (TO_BOB, {"status": Status.USED, "usage": Usage.USER, "vendor": "Microsoft", "assigned_to": "bob"}),
        (TO_BOB | {"usage": "hunt pilot"}, {"usage": Usage.HUNT_PILOT}),
        ({"status": "Used-Utility", "usage": ""}, {"status": Status.USED_UTILITY, "assigned_to": ""}),
        (
            {
                "status": "Reserved",
                "reserved_for": "ann",
                "reservation_notes": "new desk",
                "reserved_until": "2026-04-01",
            },
            {"status": Status.RESERVED, "reserved_until": datetime(2026, 4, 2, tzinfo=UTC)},
        ),
        ({"status": "Cooling"}, {"status": Status.COOLING, "release_date": NOW + timedelta(days=30)}),
        (
            {"status": "Cooling", "release_date": "2026-03-04T11:00:00Z", "tag": "Cooling: 3 days until ..."},
            {"status": Status.COOLING, "release_date": NOW + timedelta(days=3), "tag": ""},
        ),
        ({"status": "Cooling", "release_date": "2026-02-20T00:00:00Z"}, {"status": Status.AVAILABLE}),
        ({"e164_number": "\\+44 "}, {"e164_number": "+44"}),
    ],
)
def test_a_new_number_is_as_its_row_says(cells: Mapping[str, str], expected: Mapping[str, object]) -> None:
    """GIVEN no such number WHEN a row brings it THEN it is as the row says, created once, by whom and when."""
    number = made(None, **cells)
    assert {field: getattr(number, field) for field in expected} == expected
    assert (number.number, number.created_by, number.created_at, number.reason) == (
        NUMBER,
        "operator:test",
        NOW,
        "a test",
    )


def test_texts_are_filled_in_whoever_has_the_number() -> None:
    """GIVEN a number of a device WHEN a row says the same of it and brings texts THEN it has both."""
    before = used("sbc1")
    after = made(before, status="used", usage="Device", vendor="audiocodes", description="Lobby", tag="")
    assert after == replace(before, description="Lobby", updated_at=NOW, updated_by="operator:test", reason="a test"), (
        "a blank cell says nothing"
    )
    cleared = imported(row_of({"number": NUMBER, "tag": ""}, blank_clears=True), "acme", before, None, stamp()).after
    assert (cleared.tag, cleared.description) == ("", before.description), "a column that is missing says nothing"


@pytest.mark.parametrize(
    ("record", "cells", "said"),
    [
        (used("sbc1"), {"status": "Available"}, "is not freed by an import: it is Used, as Device of AudioCodes"),
        (of_microsoft(), {"status": "Available"}, "is not freed by an import"),
        (cooling(), {"status": "Available"}, "is not freed by an import: it is Cooling"),
        (reserved(), {"status": "Available"}, "is not freed by an import"),
        (used("sbc1"), TO_BOB, "cannot be assigned: it is Used, as Device of AudioCodes, registered on sbc1"),
        (of_microsoft(), TO_BOB, "cannot be assigned"),
        (cooling(), TO_BOB, "cannot be assigned: it is Cooling"),
        (reserved("alice"), TO_BOB, "reserved for alice"),
        (reserved("alice"), {"status": "Reserved", "reserved_for": "bob"}, "cannot be reserved"),
        (used("sbc1"), {"status": "Cooling"}, "cannot be cooled"),
        (reserved("alice"), {"status": "Used-Utility"}, "cannot be assigned"),
        (None, {"status": "Used", "usage": "Device", "vendor": "AudioCodes"}, "sync first, then import it again"),
        (available(), {"status": "Used-Utility", "vendor": "audiocodes"}, "sync first"),
        (of_microsoft(), {"status": "Used", "vendor": ""}, "must name who"),
        (None, {"status": "Used", "usage": "User"}, "assigned_to: must name who has the number"),
        (None, TO_BOB | {"usage": ""}, "usage: must be one of Device"),
        (None, {"status": "Reserved"}, "reserved_for: must name"),
        (None, {"status": "Reserved", "reserved_for": "a", "reserved_until": "2020-01-01T00:00:00Z"}, "in the future"),
        (None, {"status": "Cooling", "release_date": "2035-01-01"}, "at most 999 days ahead"),
        (None, {"status": "Gone"}, "status: must be one of Available"),
        (None, {"status": "Cooling", "release_date": "25.11.2026"}, "release_date: must be an instant with its zone"),
        (None, {"status": "Cooling", "release_date": "2026-11-25T10:00:00"}, "release_date: must be an instant"),
        (None, {"status": "Cooling", "release_date": "0001-01-01T00:00:00+14:00"}, "release_date: must be an instant"),
        (None, {"assigned_to": "bob"}, "assigned_to: goes with a Status"),
        (None, {"description": "x" * 201}, "description: must be at most 200"),
        (None, {"site": "a\x00b"}, "site: must not hold control characters"),
        (None, {"number": "4.93E+11"}, "number: must be '+'"),
    ],
)
def test_what_would_free_or_take_a_number_or_makes_no_sense_is_refused(
    record: NumberRecord | None, cells: dict[str, str], said: str
) -> None:
    """GIVEN a row that somebody's number, a rule or a cell stands against THEN it is refused, and says why."""
    with pytest.raises((RuleViolationError, InvalidInputError), match=re.escape(said)):
        made(record, **cells)


def test_who_is_not_named_is_whom_the_import_is_for() -> None:
    assert made(None, "voss", status="Used", usage="User").assigned_to == "voss"
    assert made(None, "voss", status="Reserved").reserved_for == "voss"
    of_bob = made(None, **TO_BOB)
    assert made(of_bob, "voss", **(TO_BOB | {"assigned_to": ""})) == of_bob, "who has it already keeps it"
    assert made(reserved("alice"), "voss", status="Reserved") == reserved("alice")


def test_a_reservation_keeps_what_its_row_does_not_say() -> None:
    until = NOW + timedelta(days=5)
    after = made(reserved("alice", until), status="Reserved", reserved_for="alice", reservation_notes="old desk")
    assert (after.reserved_until, after.reservation_notes) == (until, "old desk")


ROWS = st.fixed_dictionaries(
    {"status": st.sampled_from(["", *Status])},
    optional={
        "usage": st.sampled_from(["", "User", "Device"]),
        "vendor": st.sampled_from(["", "AudioCodes", "Microsoft"]),
        "assigned_to": st.sampled_from(["", "alice", "bob"]),
        "reserved_for": st.sampled_from(["", "alice", "bob"]),
        "reserved_until": st.sampled_from(["", "2026-04-01"]),
        "release_date": st.sampled_from(["", "2026-02-01", "2026-03-09"]),
        "description": st.sampled_from(["", "Lobby"]),
        "tag": st.sampled_from(["", "spare"]),
    },
)
RECORDS = st.sampled_from(
    [None, available(), replace(available(), holders=used("sbc1").holders), used("sbc1", "sbc2"), of_microsoft("sbc1"),
     of_microsoft(), cooling(), reserved("alice"), reserved("alice", RELEASE)]
)  # fmt: skip


@given(record=RECORDS, cells=ROWS)
def test_no_row_frees_or_takes_a_number_and_each_may_come_again(
    record: NumberRecord | None, cells: dict[str, str]
) -> None:
    """GIVEN any number and any row THEN holders stay, who has it keeps it, and the row again changes nothing."""
    try:
        after = made(record, "voss", **cells)
    except (RuleViolationError, InvalidInputError):
        return
    if record is not None:
        assert after.holders == record.holders
        kept = record.status is Status.RESERVED and after.status in {Status.USED, Status.USED_UTILITY}
        if record.status is not Status.AVAILABLE and not kept:
            assert (after.status, after.vendor, after.usage, after.assigned_to, after.release_date) == (
                record.status, record.vendor, record.usage, record.assigned_to, record.release_date
            )  # fmt: skip
        if after.status is not record.status:
            assert not record.holders
            assert record.reserved_for in {"", after.assigned_to}
    assert after.vendor != AUDIOCODES or (record is not None and record.vendor == AUDIOCODES)
    assert made(after, "voss", **cells) == after
