"""A clock that a test moves."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""When the tests begin."""


class SettableClock:
    """Stands still until it is told to move; `tick` moves it with every look."""

    def __init__(self, at: datetime = START, tick: timedelta = timedelta(0)) -> None:
        self.at = at
        self.tick = tick

    def now(self) -> datetime:
        """The present instant."""
        self.at += self.tick
        return self.at

    def advance(self, **units: float) -> None:
        """Let time pass: `advance(days=2, seconds=-1)`."""
        self.at += timedelta(**units)
