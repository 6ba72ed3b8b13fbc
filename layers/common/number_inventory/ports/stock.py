"""What was left on past days, and who is told of low stock."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from number_inventory.domain.stock import DailyLevel, StockLevel, StockWatch


class StockDays(Protocol):
    """What was left to give away on past days, and what is known of low stock."""

    def watches(self, customer: str) -> Sequence[StockWatch]:
        """What is known of a customer's stock and of its sites'; nothing where it was never low."""

    def put_watch(self, watch: StockWatch, seen: StockWatch | None) -> bool:
        """Store what is known now; False, and nothing stored, where it is no longer as it was seen.

        Raises:
            StorageBusyError, StorageRefusedError: it may be stored.
        """

    def keep(self, customer: str, day: date, levels: Mapping[str, StockLevel]) -> None:
        """Store a day's levels by site, in place of what was stored for that day.

        Raises:
            StorageBusyError, StorageRefusedError: some of them may be stored.
        """

    def since(self, customer: str, day: date) -> Mapping[str, Sequence[DailyLevel]]:
        """The levels of that day and of those after it, by site, the oldest first."""


class StockEvents(Protocol):
    """Where others learn that stock has run low, or has recovered."""

    def tell(self, watch: StockWatch, days_left: int | None) -> None:
        """Publish it, under an id that is the same every time.

        Raises:
            StorageBusyError, StorageRefusedError: it may be published, or not.
        """
