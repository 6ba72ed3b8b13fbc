"""How long what a schedule does may be silent before something is wrong, as the deployed stack itself says.

Source: this project's own rules; expressions are EventBridge Scheduler's.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from number_inventory.domain.checkup import Check, Part, SchedulePart, StackPart, Verdict

_RATE = re.compile(r"rate\((\d{1,6}) (minute|hour|day)s?\)")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_LEAST_SLACK = timedelta(minutes=25)
"""Runs take their time, and one may be missed: a schedule of five minutes has passed by six times."""
_SLACK = 12
"""Of long pauses a part: two hours of a day."""


class Beat(StrEnum):
    """What a schedule does, by the name that begins its parameters in the template."""

    SYNC = "Sync"
    RELEASE = "Release"
    AUDIT = "Audit"


_PAUSES = {Beat.SYNC: timedelta(minutes=5), Beat.RELEASE: timedelta(minutes=5), Beat.AUDIT: timedelta(days=1)}
"""The template's default schedules."""


@dataclass(frozen=True, slots=True)
class Silence:
    """How long there may be silence.

    Attributes:
        limit: longer than this is too long.
        by: what says so, such as `rate(5 minutes)`.
        known: whether the stack says so; else it is the limit of the default schedule.
    """

    limit: timedelta
    by: str
    known: bool = True

    def __str__(self) -> str:
        return f"{_spelt(self.limit)}, by {self.by}"


def pause_of(expression: str) -> timedelta | None:
    """How long a schedule of this expression pauses between two runs; None where only a calendar would tell."""
    found = _RATE.fullmatch(expression)
    return int(found[1]) * _UNITS[found[2]] if found else None


def silence_of(beat: Beat, parts: Collection[Part]) -> Silence:
    """How long there may be silence: by the rate of the schedule, else by the hours after which its alarm goes off."""
    schedule = _schedule(beat, parts)
    pause = None if schedule is None else pause_of(schedule.expression)
    if schedule is not None and pause is not None:
        return Silence(_with_slack(pause), schedule.expression)
    hours = _late_hours(beat, parts)
    if hours is not None:
        return Silence(timedelta(hours=hours), f"{beat}LateHours")
    why = "the schedule cannot be read" if schedule is None else f"when {schedule.expression} fires is not known"
    return Silence(_with_slack(_PAUSES[beat]), f"the default schedule ({why})", known=False)


def impatient_alarms(parts: Collection[Part]) -> Iterator[Check]:
    """Schedules that pause for longer than their alarms wait: each pause would raise an alarm of nothing."""
    for beat in Beat:
        schedule, hours = _schedule(beat, parts), _late_hours(beat, parts)
        pause = None if schedule is None else pause_of(schedule.expression)
        if schedule is None or pause is None or hours is None or pause < timedelta(hours=hours):
            continue
        said = f"{schedule.expression} pauses for longer than its alarm waits ({beat}LateHours={hours})"
        enough = _with_slack(pause) // _UNITS["hour"] + 1
        todo = f"deploy with {beat}LateHours={enough}: else the alarm goes off between runs"
        yield Check("schedule", schedule.name, Verdict.WARNING, said, todo)


def _schedule(beat: Beat, parts: Collection[Part]) -> SchedulePart | None:
    schedules = (part for part in parts if isinstance(part, SchedulePart))
    return next((each for each in schedules if each.name.endswith(f"{beat}Schedule")), None)


def _late_hours(beat: Beat, parts: Collection[Part]) -> int | None:
    given = next((part.parameters.get(f"{beat}LateHours", "") for part in parts if isinstance(part, StackPart)), "")
    return int(given) if given.isdecimal() else None


def _with_slack(pause: timedelta) -> timedelta:
    return pause + max(_LEAST_SLACK, pause / _SLACK)


def _spelt(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} minutes"
    spelt = "1 hour" if hours == 1 else f"{hours} hours"
    return f"{spelt} {rest} minutes" if rest else spelt
