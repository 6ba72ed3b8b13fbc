"""Stock: when it is low, when that is told, and how long it will last."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from number_inventory.domain.stock import (
    LONGEST_TREND,
    SHORTEST_TREND,
    DailyLevel,
    Stock,
    StockLevel,
    StockThreshold,
    StockWatch,
    crossing,
    days_to_exhaustion,
)

NOW = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
TODAY = NOW.date()
OFF = StockThreshold(percent=0, count=0)
TEN = StockThreshold(percent=0, count=10)


def seen(level: StockLevel, threshold: StockThreshold, watch: StockWatch | None = None) -> StockWatch | None:
    stock = Stock(site=None, level=level, threshold=threshold, broken="", watch=watch, days_left=None)
    return crossing("acme", stock, NOW)


def months(taken: list[int], total: int = 1000, last: date = TODAY) -> list[DailyLevel]:
    """One level a day up to `last`."""
    first = last - timedelta(days=len(taken) - 1)
    return [DailyLevel(first + timedelta(days=day), StockLevel(total - each, total)) for day, each in enumerate(taken)]


@pytest.mark.parametrize(
    ("level", "threshold", "low"),
    [
        (StockLevel(9, 100), TEN, True),
        (StockLevel(10, 100), TEN, False),
        (StockLevel(9, 100), StockThreshold(percent=10, count=0), True),
        (StockLevel(10, 100), StockThreshold(percent=10, count=0), False),
        (StockLevel(99, 1000), StockThreshold(percent=10, count=5), True),
        (StockLevel(4, 20), StockThreshold(percent=10, count=5), True),
        (StockLevel(0, 100), OFF, False),
        (StockLevel(0, 0), StockThreshold(percent=100, count=100), False),
        (StockLevel(99, 100), StockThreshold(percent=100, count=0), True),
    ],
)
def test_low_is_less_than_either_part_asks_for(level: StockLevel, threshold: StockThreshold, low: bool) -> None:
    """GIVEN a threshold in percent, in numbers or both, THEN less than either is low; nothing of nothing is not."""
    assert threshold.crossed(level) is low
    assert threshold.watched is (threshold != OFF)


def test_each_crossing_is_told_once() -> None:
    """GIVEN stock that falls, stays, recovers and stays, THEN there is something to tell twice, under two names."""
    assert seen(StockLevel(50, 100), TEN) is None
    low = seen(StockLevel(9, 100), TEN)
    assert low == StockWatch("acme", None, True, NOW, 1, StockLevel(9, 100), TEN)
    assert seen(StockLevel(3, 100), TEN, low) is None
    recovered = seen(StockLevel(10, 100), TEN, low)
    assert recovered is not None
    assert (recovered.low, recovered.crossing, recovered.told) == (False, 2, False)
    assert seen(StockLevel(11, 100), TEN, recovered) is None


def test_a_threshold_that_goes_ends_its_warning() -> None:
    """GIVEN low stock, WHEN the threshold is taken away, THEN that is told as a recovery."""
    low = seen(StockLevel(0, 100), TEN)
    ended = seen(StockLevel(0, 100), OFF, low)
    assert ended is not None
    assert not ended.low


def test_a_broken_threshold_neither_warns_nor_ends_a_warning() -> None:
    """GIVEN stock that is low, or is not, WHEN nobody can say what the threshold is, THEN it stays as it was found."""
    low = seen(StockLevel(0, 100), TEN)
    for watch in (None, low):
        stock = Stock(site=None, level=StockLevel(5, 100), threshold=OFF, broken="it is", watch=watch, days_left=None)
        assert stock.low is (watch is not None)
        assert stock.low_since == (NOW if watch else None)
        assert crossing("acme", stock, NOW + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("taken", "available", "days"),
    [
        ([900 + each for each in range(28)], 73, 73),
        ([900 + 10 * each for each in range(8)], 30, 3),
        ([900] * 28, 100, None),
        ([900 - each for each in range(28)], 127, None),
        ([900 + 50 * each for each in range(7)], 100, None),
        ([], 100, None),
        ([900], 100, None),
        ([900 + each for each in range(28)], 0, 0),
        ([], 0, 0),
    ],
    ids=["steady", "a week", "still", "returning", "too few days", "none", "one", "nothing left", "nothing at all"],
)
def test_the_days_follow_what_is_taken(taken: list[int], available: int, days: int | None) -> None:
    """GIVEN what was taken in the last weeks, THEN stock lasts as long as that goes on, if it can be said at all."""
    assert days_to_exhaustion(months(taken), StockLevel(available, 1000)) == days


def test_numbers_that_are_added_do_not_hide_what_is_taken() -> None:
    """GIVEN ten taken a day, WHEN a hundred are added midway, THEN it still counts ten a day."""
    days = [
        DailyLevel(each.day, StockLevel(each.level.available + 100, 1100)) if number > 5 else each
        for number, each in enumerate(months([500 + 10 * day for day in range(15)]))
    ]
    assert days_to_exhaustion(days, StockLevel(200, 1100)) == 20


def test_old_days_count_no_more() -> None:
    """GIVEN a busy year and four quiet weeks, THEN the quiet weeks say how long stock lasts."""
    quiet = months([900] * (LONGEST_TREND.days + 1))
    busy = months([10 * day for day in range(60)], last=quiet[0].day - timedelta(days=1))
    assert days_to_exhaustion(busy + quiet, StockLevel(100, 1000)) is None


def test_days_that_are_missing_change_nothing_in_a_steady_trend() -> None:
    """GIVEN two taken a day, WHEN the job did not run on some days, THEN the estimate is the same."""
    days = months([100 + 2 * each for each in range(22)])
    assert days_to_exhaustion(days[::3], StockLevel(50, 1000)) == days_to_exhaustion(days, StockLevel(50, 1000)) == 25


@given(
    st.lists(st.integers(0, 1000), max_size=40),
    st.integers(0, 1000),
    st.randoms(use_true_random=False),
)
def test_an_estimate_is_never_negative_and_needs_no_order(taken: list[int], available: int, random: object) -> None:
    """GIVEN any days in any order, THEN the estimate is the same, and never in the past."""
    days = months(taken)
    shuffled = list(days)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis declares its randoms as objects
    level = StockLevel(available, 1000)
    estimate = days_to_exhaustion(days, level)
    assert estimate == days_to_exhaustion(shuffled, level)
    assert estimate is None or estimate >= 0
    assert len(taken) > SHORTEST_TREND.days or estimate in {None, 0}
