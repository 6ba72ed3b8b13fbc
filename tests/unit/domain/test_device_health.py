"""A device's health: since when, why, how often in vain, and when it is asked again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from number_inventory.domain.device_health import (
    FAILED,
    FAILURES_UNTIL_PAUSED,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    WELL,
    moved_to,
)
from number_inventory.domain.devices import DeviceState, Health
from tests.memory.clock import START

MINUTE = timedelta(minutes=1)
HEALTHS = st.sampled_from(Health)


@given(st.lists(st.tuples(HEALTHS, st.floats(0, 1)), max_size=40))
def test_any_history_of_a_device(history: list[tuple[Health, float]]) -> None:
    """GIVEN any healths in a row, THEN since, failures and the next try are those of the latest stretch, bounded."""
    state, now = DeviceState(), START
    for health, chance in history:
        before, now = state, now + MINUTE
        state = moved_to(before, health, f"{health} at {now}", now, chance)

        assert (state.health, state.cause, state.last_sync_at) == (health, f"{health} at {now}", now)
        assert state.since == (before.since if health is before.health and before.since else now)
        assert state.failures == (before.failures + 1 if health in FAILED else 0)
        if state.failures < FAILURES_UNTIL_PAUSED:
            assert state.next_try_at is None
        else:
            assert state.next_try_at is not None
            assert 0.8 * FIRST_PAUSE <= state.next_try_at - now <= LONGEST_PAUSE
        kept = replace(state, **{name: getattr(before, name) for name in TOUCHED})
        assert kept == before, "nothing else is touched"


TOUCHED = ("health", "since", "cause", "last_sync_at", "failures", "next_try_at")


@pytest.mark.parametrize(("failures", "minutes"), [(1, 0), (2, 0), (3, 10), (4, 20), (5, 30), (6, 30), (10_000, 30)])
def test_pauses_grow_up_to_half_an_hour(failures: int, minutes: int) -> None:
    """GIVEN a device that fails for the n-th time, THEN the schedule leaves it alone for so long, or a fifth less."""
    before = DeviceState(health=Health.UNREACHABLE, failures=failures - 1)
    longest = moved_to(before, Health.UNREACHABLE, "no route", START, 0).next_try_at
    shortest = moved_to(before, Health.UNREACHABLE, "no route", START, 1).next_try_at

    assert longest == (START + timedelta(minutes=minutes) if minutes else None)
    assert shortest == (START + timedelta(minutes=0.8 * minutes) if minutes else None)


def test_every_health_is_well_failed_or_neither() -> None:
    """GIVEN all healths, THEN refused credentials are no failure to be tried again: that would lock the address out."""
    assert set(Health) - WELL - FAILED == {Health.PARTIAL, Health.WAITING, Health.HELD, Health.LOGIN_REFUSED}
