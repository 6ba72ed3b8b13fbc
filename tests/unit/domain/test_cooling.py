"""How long a number rests, and what is said about it meanwhile."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from number_inventory.domain.cooling import (
    CoolingSettings,
    cooling_tag,
    days_until,
    parse_cooling_days,
    release_date,
)
from number_inventory.domain.errors import InvalidInputError
from tests.unit.domain.records import NOW


@pytest.mark.parametrize(("text", "days"), [("0", 0), ("2", 2), (" 2 ", 2), ("2\n", 2), ("007", 7), ("999", 999)])
def test_a_duration_is_whole_days_from_0_to_999(text: str, days: int) -> None:
    """GIVEN a macro value that is a duration, WHEN it is read, THEN it is that many days."""
    assert parse_cooling_days(text) == days


@pytest.mark.parametrize(
    "text",
    ["", " ", "1000", "-1", "+2", "2.5", "2,5", "2e1", "two", "٢", "\uff12", "²", "1_0", "0x2", "2 2", "None", "2\x00"],
)
def test_anything_else_is_refused_never_guessed(text: str) -> None:
    """GIVEN a value that is no duration, WHEN it is read, THEN it is refused with the field, the rule and the value."""
    with pytest.raises(InvalidInputError) as refusal:
        parse_cooling_days(text, field="audiocodes_cooling_duration")

    assert refusal.value.field == "audiocodes_cooling_duration"
    assert "whole number of days from 0 to 999" in str(refusal.value)
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize("space", ["\x1c", "\x1f", "\x85", "\u00a0", "\u2003", "\t", "\x0b"])
def test_odd_spaces_around_a_duration_never_break_the_reader(space: str) -> None:
    """GIVEN a digit among unusual white space, WHEN it is read, THEN it is two days or a refusal, no other error."""
    try:
        assert parse_cooling_days(f"{space}2{space}") == 2
    except InvalidInputError as refusal:
        assert "whole number" in str(refusal)  # noqa: PT017 - either answer is right; any other error is not


@pytest.mark.parametrize(
    ("entered", "days", "date"),
    [
        (NOW, 2, datetime(2026, 3, 3, 12, 0, tzinfo=UTC)),
        (NOW + timedelta(microseconds=1), 2, datetime(2026, 3, 3, 12, 0, 1, tzinfo=UTC)),
        (NOW + timedelta(microseconds=999_999), 2, datetime(2026, 3, 3, 12, 0, 1, tzinfo=UTC)),
        (NOW, 0, NOW),
        (NOW, 999, NOW + timedelta(days=999)),
        (datetime(2028, 2, 28, 23, 59, 59, 1, tzinfo=UTC), 1, datetime(2028, 3, 1, 0, 0, tzinfo=UTC)),
    ],
)
def test_the_release_date_is_rounded_up_to_the_second(entered: datetime, days: int, date: datetime) -> None:
    """GIVEN an instant with fractions, WHEN a number begins to cool, THEN its date is never a moment early."""
    assert release_date(entered, days) == date
    assert release_date(entered, days) >= entered + timedelta(days=days)


def test_the_release_date_is_utc_whatever_the_clock_says() -> None:
    """GIVEN an instant of another zone, WHEN the date is set, THEN it is the same instant plus the days, in UTC."""
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))

    date = release_date(elsewhere, 2)

    assert date == release_date(NOW, 2)
    assert date.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(days=2), 2),
        (timedelta(days=2, seconds=1), 3),
        (timedelta(microseconds=1), 1),
        (timedelta(days=1, seconds=1), 2),
        (timedelta(seconds=1), 1),
        (timedelta(0), 0),
        (timedelta(days=-400), 0),
    ],
)
def test_days_left_are_started_days(left: timedelta, days: int) -> None:
    """GIVEN time left, WHEN days are counted, THEN a started day counts, and what is past is 0."""
    assert days_until(NOW + left, NOW) == days


@pytest.mark.parametrize("fraction", [0, 1, 500_000, 999_999])
def test_a_cooling_begins_with_its_own_number_of_days(fraction: int) -> None:
    """GIVEN a cooling of 2 days that begins within a second, WHEN its Tag is read at once, THEN it says 2, not 3."""
    entered = NOW + timedelta(microseconds=fraction)

    assert days_until(release_date(entered, 2), entered) == 2


def test_the_tag_of_every_day() -> None:
    """GIVEN the longest cooling, WHEN the Tag is read on each of its days, THEN it tells that day's count."""
    release = NOW + timedelta(days=999)

    for days in range(2, 1000):
        assert cooling_tag(release, release - timedelta(days=days)) == (
            f"Cooling: {days} days until the Release Date, 2028-11-24 12:00 UTC"
        )
    for left in (timedelta(days=1), timedelta(microseconds=1)):
        assert cooling_tag(release, release - left) == "Cooling: 1 day until the Release Date, 2028-11-24 12:00 UTC"


def test_the_tag_of_a_date_that_is_reached() -> None:
    """GIVEN a Release Date now or before, WHEN the Tag is read, THEN it says that the release job is awaited."""
    for late in (timedelta(0), timedelta(days=3)):
        assert cooling_tag(NOW, NOW + late) == (
            "Cooling: Release Date 2026-03-01 12:00 UTC reached, waiting for the release job"
        )


@pytest.mark.parametrize(("enabled", "days", "effective"), [(True, 30, 30), (False, 30, 0), (True, 0, 0)])
def test_global_cooling_counts_only_when_it_is_enabled(enabled: bool, days: int, effective: int) -> None:
    """GIVEN the customer's global settings, THEN cooling that is switched off lasts 0 days."""
    assert CoolingSettings(enabled=enabled, days=days).effective_days == effective
