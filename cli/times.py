"""Instants and durations in words that people read at a glance; JSON has RFC 3339 instead."""

from datetime import UTC, datetime

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_UNITS = (
    (90, 1, "second"),
    (90 * _MINUTE, _MINUTE, "minute"),
    (36 * _HOUR, _HOUR, "hour"),
)
"""Up to how many seconds a distance is told in which unit; beyond them all it is told in days."""


def instant(when: datetime | None, now: datetime) -> str:
    """An instant and how far away it is, such as `2026-11-25 04:33 UTC (in 2 days)`; blank for None."""
    return "" if when is None else f"{minute(when)} ({distance(when, now)})"


def minute(when: datetime) -> str:
    """The minute of an instant, in UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def distance(when: datetime, now: datetime) -> str:
    """How far an instant is from now, rounded: `in 2 days`, `5 minutes ago`, `now`."""
    seconds = (when - now).total_seconds()
    if abs(seconds) < 1:
        return "now"
    words = duration(abs(seconds))
    return f"in {words}" if seconds > 0 else f"{words} ago"


def duration(seconds: float) -> str:
    """A length of time in its fitting unit, rounded."""
    size, unit = next(((size, unit) for limit, size, unit in _UNITS if seconds < limit), (_DAY, "day"))
    count = max(1, round(seconds / size))
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
