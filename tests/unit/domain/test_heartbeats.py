"""How long a schedule may be silent follows from it, else from its alarm; else it is said that nobody knows."""

from datetime import timedelta

import pytest

from number_inventory.domain.checkup import Part, SchedulePart, StackPart, Verdict
from number_inventory.domain.heartbeats import Beat, impatient_alarms, pause_of, silence_of


def parts(expression: str = "", **parameters: str) -> list[Part]:
    """A stack with these parameters, and with schedules of this expression, if any."""
    names = ("SyncDispatcherSyncSchedule", "ReleaseCooledReleaseSchedule", "AuditAuditSchedule")
    schedules = [SchedulePart(name, "ENABLED", expression) for name in names if expression]
    return [StackPart("inventory", "CREATE_COMPLETE", parameters), *schedules]


@pytest.mark.parametrize(
    ("expression", "pause"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(6 hours)", timedelta(hours=6)),
        ("rate(1 day)", timedelta(days=1)),
        ("cron(0 2 * * ? *)", None),
        ("at(2026-11-25T00:00:00)", None),
        ("rate(often)", None),
    ],
)
def test_a_rate_says_how_long_it_pauses_and_a_calendar_does_not(expression: str, pause: timedelta | None) -> None:
    assert pause_of(expression) == pause


@pytest.mark.parametrize(
    ("beat", "expression", "limit"),
    [
        (Beat.SYNC, "rate(1 minute)", "26 minutes, by rate(1 minute)"),
        (Beat.SYNC, "rate(5 minutes)", "30 minutes, by rate(5 minutes)"),
        (Beat.RELEASE, "rate(6 hours)", "6 hours 30 minutes, by rate(6 hours)"),
        (Beat.AUDIT, "rate(1 day)", "26 hours, by rate(1 day)"),
    ],
)
def test_the_limit_follows_from_the_rate(beat: Beat, expression: str, limit: str) -> None:
    """GIVEN a rate WHEN its limit is asked for THEN it is that pause and some more, whatever the alarm waits for."""
    silence = silence_of(beat, parts(expression, SyncLateHours="9", ReleaseLateHours="9", AuditLateHours="9"))
    assert (str(silence), silence.known) == (limit, True)


def test_of_a_calendar_the_hours_of_its_alarm_count() -> None:
    silence = silence_of(Beat.AUDIT, parts("cron(0 2 ? * MON *)", AuditLateHours="170"))
    assert (str(silence), silence.known) == ("170 hours, by AuditLateHours", True)


@pytest.mark.parametrize(
    ("expression", "why"),
    [("", "the schedule cannot be read"), ("cron(0 2 * * ? *)", "when cron(0 2 * * ? *) fires is not known")],
)
def test_what_nobody_says_is_not_known(expression: str, why: str) -> None:
    """GIVEN neither a rate nor hours WHEN the limit is asked for THEN that of the default, marked as a guess."""
    silence = silence_of(Beat.AUDIT, parts(expression))
    assert (str(silence), silence.known) == (f"26 hours, by the default schedule ({why})", False)


def test_a_schedule_that_pauses_longer_than_its_alarm_waits_is_told() -> None:
    """GIVEN a slow schedule WHEN its alarm waits for less THEN a warning says for how many hours it has to wait."""
    assert list(impatient_alarms(parts("rate(30 minutes)", SyncLateHours="1", ReleaseLateHours="1"))) == []
    [check] = impatient_alarms(parts("rate(6 hours)", SyncLateHours="1", ReleaseLateHours="7", AuditLateHours="26"))
    assert (check.verdict, check.name) == (Verdict.WARNING, "SyncDispatcherSyncSchedule")
    assert "SyncLateHours=7" in check.todo
