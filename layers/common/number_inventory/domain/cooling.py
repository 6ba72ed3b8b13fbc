"""How long a number rests after use, and what is said about it meanwhile.

Sources: the VOSS page on AudioCodes number cooling (duration by named macro, Tag message, Release Date) and VOSS's
global number cooling settings.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from number_inventory.domain.errors import InvalidInputError

MAX_COOLING_DAYS = 999
_WHOLE_DAYS = re.compile(r"[0-9]{1,3}", re.ASCII)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class CoolingSettings:
    """Global cooling settings of a customer (VOSS Global Settings): for numbers that other vendors free.

    Attributes:
        enabled: `Enable Number Inventory Cooling`.
        days: `Number Inventory Cooling Duration (Days)`, 0 to 999.
    """

    enabled: bool
    days: int

    @property
    def effective_days(self) -> int:
        """Days a freed number rests; 0 means it is Available at once."""
        return self.days if self.enabled else 0


def parse_cooling_days(text: str, *, field: str = "cooling duration") -> int:
    """Read a cooling duration as it stands in a named macro: a string holding whole days, 0 to 999.

    Raises:
        InvalidInputError: the text is anything else; there is no guess, since a wrong one frees a number early.
    """
    digits = text.strip()
    if not _WHOLE_DAYS.fullmatch(digits):
        message = f"must be a whole number of days from 0 to {MAX_COOLING_DAYS}, not {text!r}"
        raise InvalidInputError(field, message)
    return int(digits)


def release_date(entered_at: datetime, days: int) -> datetime:
    """The instant a cooling that begins at `entered_at` ends, UTC, in whole seconds, rounded up: never early."""
    return whole_second(entered_at.astimezone(UTC) + timedelta(days=days))


def days_until(release: datetime, now: datetime) -> int:
    """Days until the release date, counted in started days: one minute left is 1, reached is 0.

    Counted in whole seconds as the release date is, so that a cooling of 2 days does not begin with 3.
    """
    if now >= release:
        return 0
    return max(1, -((whole_second(now) - release) // _DAY))


def whole_second(instant: datetime) -> datetime:
    """The instant, rounded up to the second; raises OverflowError within the last second of the year 9999."""
    whole = instant.replace(microsecond=0)
    return whole if whole == instant else whole + _SECOND


def cooling_tag(release: datetime, now: datetime) -> str:
    """The Tag message of a cooling number: in how many days it reaches its Release Date.

    It is derived whenever the number is read, so it is right every day and costs no write.
    """
    day = release.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    days = days_until(release, now)
    if days == 0:
        return f"Cooling: Release Date {day} reached, waiting for the release job"
    return f"Cooling: {days} {'day' if days == 1 else 'days'} until the Release Date, {day}"
