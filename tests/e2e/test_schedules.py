"""The template's own schedules, seen firing."""

from tests.e2e.customer import Customer

_PERIOD_SECONDS = 60
_CHECK_SECONDS = 30


def test_the_sync_schedule_fires_by_itself(unattended: Customer) -> None:
    """GIVEN a device that nobody has asked for WHEN the template's schedule has fired THEN its numbers are Used."""
    unattended.shows("Used", "+498912340001", seconds=_PERIOD_SECONDS + _CHECK_SECONDS)
