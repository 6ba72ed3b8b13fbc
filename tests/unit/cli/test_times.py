"""Instants in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cli.times import distance, duration, instant

NOW = datetime(2026, 11, 23, 4, 33, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "now"),
        (1, "in 1 second"),
        (-45, "45 seconds ago"),
        (5 * 60, "in 5 minutes"),
        (-3600, "60 minutes ago"),
        (7200, "in 2 hours"),
        (2 * 86400 - 3, "in 2 days"),
        (-86400 * 30, "30 days ago"),
    ],
)
def test_a_distance_is_told_in_its_fitting_unit(seconds: float, words: str) -> None:
    """GIVEN an instant so many seconds away WHEN it is told THEN in one unit, rounded."""
    assert distance(NOW + timedelta(seconds=seconds), NOW) == words


def test_an_instant_is_told_in_utc_with_its_distance() -> None:
    """GIVEN an instant of another zone WHEN it is told THEN as UTC, and how far away it is."""
    when = datetime(2026, 11, 25, 5, 33, tzinfo=timezone(timedelta(hours=1)))
    assert instant(when, NOW) == "2026-11-25 04:33 UTC (in 2 days)"
    assert instant(None, NOW) == ""


def test_a_duration_is_never_nothing() -> None:
    """GIVEN next to no time WHEN it is told THEN as one of its unit."""
    assert (duration(0), duration(3 * 86400)) == ("1 second", "3 days")
