"""The health of a device as a state machine: what a sync makes of it, since when, why, and when it is asked again.

    never_synced -> ok | partial | waiting | held | unreachable | login_refused | misconfigured, and from each to each

A device that fails again and again is asked less often, so that a dead one costs little; whoever asks by hand is never
put off. Refused credentials are another matter: they are not tried again at all until they change or an operator
enables the device (AudioCodes devices lock out the caller's address).

Source: this project's own rule.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from number_inventory.domain.devices import DeviceState, Health

FAILURES_UNTIL_PAUSED = 3
"""So many failures in a row are answered at the schedule's own pace: most faults are over by then."""

FIRST_PAUSE = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(minutes=30)
"""Numbers that register on a device while it is left alone show as used so much later at worst."""

JITTER = 0.2
"""By this share a pause is shortened at random, so that devices that failed together are not asked together."""

FAILED = frozenset({Health.UNREACHABLE, Health.MISCONFIGURED})
"""Healths of a device that was asked in vain."""

WELL = frozenset({Health.OK, Health.NEVER_SYNCED})


def moved_to(state: DeviceState, health: Health, cause: str, now: datetime, chance: float) -> DeviceState:
    """The state after a sync has found the device in this health.

    Args:
        state: before.
        health: as found now.
        cause: why it is not `ok`, in words.
        now: the present instant; the health's `since` if it is another than before.
        chance: from 0 to 1, for the jitter.
    """
    failures = state.failures + 1 if health in FAILED else 0
    return replace(
        state,
        health=health,
        since=state.since if state.health is health and state.since else now,
        cause=cause,
        last_sync_at=now,
        failures=failures,
        next_try_at=_next_try(failures, now, chance),
    )


def _next_try(failures: int, now: datetime, chance: float) -> datetime | None:
    """When schedules ask the device again; None is at their own pace."""
    times = failures - FAILURES_UNTIL_PAUSED
    if times < 0:
        return None
    pause = min(FIRST_PAUSE * (1 << min(times, 10)), LONGEST_PAUSE)
    return now + pause * (1 - JITTER * chance)
