"""The clock of the machine."""

from datetime import UTC, datetime


class SystemClock:
    """Tells the machine's time; implements `ports.Clock`."""

    def now(self) -> datetime:
        """The present instant, UTC."""
        return datetime.now(UTC)
