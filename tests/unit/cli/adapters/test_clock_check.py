"""An operator's clock must be right before numbers are judged by it."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.adapters.cloudformation import check_clock
from number_inventory.domain.errors import ClockWrongError

DATE = "Mon, 23 Nov 2026 06:00:00 GMT"
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize("off", [timedelta(), timedelta(seconds=30), timedelta(seconds=-30)])
def test_a_clock_that_is_nearly_right_passes(off: timedelta) -> None:
    """GIVEN a clock within 30 seconds of AWS's WHEN compared THEN nothing is said."""
    check_clock(DATE, NOW + off)


@pytest.mark.parametrize(
    ("off", "told"), [(timedelta(days=3), "259200 seconds fast"), (timedelta(seconds=-31), "slow")]
)
def test_a_wrong_clock_is_refused(off: timedelta, told: str) -> None:
    """GIVEN a clock that is off WHEN compared THEN it is refused: it would free numbers early, or date them wrong."""
    with pytest.raises(ClockWrongError, match=told):
        check_clock(DATE, NOW + off)


def test_without_a_date_there_is_nothing_to_compare() -> None:
    """GIVEN an endpoint that sends no date WHEN compared THEN nothing is said."""
    check_clock("", NOW)
