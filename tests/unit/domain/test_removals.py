"""What a device may lose: at once, bit by bit, after a restart, and by a person's word."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from number_inventory.domain.macros import RemovalGuard
from number_inventory.domain.removals import (
    SAMPLE,
    WINDOW,
    Approval,
    Removal,
    RemovalLedger,
    Running,
    checksum_of,
)
from tests.memory.clock import START

GUARD = RemovalGuard(percent=20, count=10)
HOUR = timedelta(hours=1)
NOBODY = frozenset[str]()


def numbers(count: int) -> tuple[str, ...]:
    """So many numbers."""
    return tuple(f"{1000 + index}" for index in range(count))


@pytest.mark.parametrize(
    ("gone", "held", "stopped"),
    [
        (10, 10, False),
        (11, 55, False),
        (11, 54, True),
        (12, 12, True),
        (200, 1000, False),
        (201, 1000, True),
        (0, 50, False),
    ],
)
def test_more_than_the_percent_and_more_than_the_count_is_too_much(gone: int, held: int, stopped: bool) -> None:
    """GIVEN 20 percent and 10, WHEN numbers go at once, THEN they are held where they exceed both limits."""
    found = Removal(numbers(gone), NOBODY, held).stopped(GUARD, RemovalLedger(), None, START)

    assert (found is not None) is stopped
    if found:
        assert (found.count, found.of, found.since, len(found.sample)) == (gone, held, START, min(gone, SAMPLE))
        assert found.checksum == checksum_of(reversed(numbers(gone)))


def test_a_set_is_held_since_it_was_first_held() -> None:
    """GIVEN a held set, WHEN the same is held again, THEN since then; WHEN another one, THEN since now."""
    first = Removal(numbers(20), NOBODY, 40).stopped(GUARD, RemovalLedger(), None, START)
    again = Removal(numbers(20), NOBODY, 40).stopped(GUARD, RemovalLedger(), first, START + HOUR)
    other = Removal(numbers(21), NOBODY, 40).stopped(GUARD, RemovalLedger(), first, START + HOUR)

    assert again == first
    assert other is not None
    assert other.since == START + HOUR


def test_what_bleeds_slowly_is_stopped_too() -> None:
    """GIVEN 2 of 60 numbers going every hour, WHEN 13th goes within a day, THEN it is held, against 60 and not less."""
    ledger, held, now = RemovalLedger(), 60, START
    for _ in range(6):
        removal = Removal(numbers(2), NOBODY, held)
        assert removal.stopped(GUARD, ledger.within(now), None, now) is None
        ledger, held, now = ledger.within(now).losing(2, held, now), held - 2, now + HOUR

    assert Removal(numbers(1), NOBODY, held).stopped(GUARD, ledger.within(now), None, now) is not None
    assert ledger.held_at_start(held) == 60
    day_later = START + WINDOW + HOUR
    assert ledger.within(day_later).removed == 10, "the first two lie before the window by now"
    assert Removal(numbers(1), NOBODY, held).stopped(GUARD, ledger.within(day_later), None, day_later) is None


def test_who_is_back_is_not_lost() -> None:
    """GIVEN numbers that went in two hours, WHEN some are back, THEN those hours count only the others."""
    ledger = RemovalLedger().losing(5, 100, START).losing(3, 95, START + 2 * HOUR)

    back = ledger.regaining([START + timedelta(minutes=59), START, START - 2 * HOUR, START + 2 * HOUR])

    assert [hour.removed for hour in back.hours] == [3, 2]
    assert back.regaining([START] * 9).within(START + 2 * HOUR).removed == 2


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 300)), max_size=60))
def test_a_ledger_forgets_nothing_within_the_window_and_stays_small(events: list[tuple[int, int]]) -> None:
    """GIVEN any losses at any times, THEN it never counts less than the last 24 hours lost, nor older than 25."""
    ledger, now, told = RemovalLedger(), START, list[tuple[datetime, int]]()
    for removed, minutes in events:
        now += timedelta(minutes=minutes)
        ledger = ledger.within(now).losing(removed, 1000, now)
        told.append((now, removed))
        least = sum(count for at, count in told if at > now - WINDOW)
        most = sum(count for at, count in told if at > now - WINDOW - HOUR)
        assert least <= ledger.removed <= most
        assert len(ledger.hours) <= 25


def test_an_approval_is_about_one_set() -> None:
    """GIVEN an approved set, THEN it is approved, also where a part of it is gone already; more or fewer are not."""
    whole = numbers(30)
    approval = Approval(checksum_of(whole), "operator:ann", START)

    assert Removal(whole, NOBODY, 40).is_approved(approval)
    assert Removal(whole[10:], frozenset(whole[:10]), 40).is_approved(approval)
    assert Removal((), frozenset(whole), 40).is_approved(approval)
    assert not Removal(whole, NOBODY, 40).is_approved(None)
    for other in (whole[1:], (*whole, "7"), ()):
        assert not Removal(other, NOBODY, 40).is_approved(approval)


@pytest.mark.parametrize(
    ("before", "after", "restarted"),
    [
        (Running(100, "A"), Running(400, "A"), False),
        (Running(400, "A"), Running(100, "A"), True),
        (Running(400, "A"), Running(400, "A"), False),
        (Running(100, "A"), Running(400, "B"), True),
        (Running(None, ""), Running(5, "A"), False),
        (Running(400, "A"), Running(None, ""), False),
    ],
)
def test_a_restart_is_an_uptime_that_went_back_or_another_device(
    before: Running, after: Running, restarted: bool
) -> None:
    """GIVEN what a device said before and says now, THEN it was restarted if its uptime fell or its serial changed."""
    assert after.restarted_since(before) is restarted


def test_phones_have_their_time_after_a_restart() -> None:
    """GIVEN an hour of grace, THEN it counts from the notice, and from the start that the uptime tells, if later."""
    long_up = Running(10**7, "A")
    assert long_up.settled_at(None, START, HOUR) <= START
    assert long_up.settled_at(START - HOUR, START, HOUR) == START
    assert long_up.settled_at(START, START, HOUR) == START + HOUR
    assert Running(600, "A").settled_at(None, START, HOUR) == START + timedelta(minutes=50)
    assert Running(None, "").settled_at(None, START, timedelta(days=1)) <= START
