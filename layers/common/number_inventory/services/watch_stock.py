"""Look at stock once a day, keep what is seen, and tell once that it runs low and once that it has recovered.

What is to be told is stored before it is told, and that it has been told afterwards: dying in between tells it again,
under the same id, and nothing is left untold. Of two runs at once one stores, and that one tells.

Stock that is being counted anew is passed by: that takes minutes, and the next look sees all of it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from number_inventory.domain.counts import counts_of
from number_inventory.domain.errors import CountingError, InventoryError
from number_inventory.domain.stock import Stock, StockWatch, crossing
from number_inventory.ports.stock import StockDays, StockEvents
from number_inventory.services.look_at_stock import LookAtStock

RECOUNT = timedelta(days=1)
"""An older recount has been given up by whoever began it. Until a person ends it, that stock is not watched at all."""


@dataclass(slots=True, kw_only=True)
class StockSummary:
    """What a run found.

    Attributes:
        customers: whose stock was looked at.
        by_status: how many numbers they have of each Status.
        low: how many customers and sites are short of numbers now.
        told: how many crossings were told in this run, low or recovered.
        counting: customers who were passed by, because their numbers are being counted anew.
        failed: customers whose stock could not be looked at or told of, or who have a broken threshold, with the cause.
    """

    customers: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    low: int = 0
    told: int = 0
    counting: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStock:
    """The use case."""

    look: LookAtStock
    days: StockDays
    events: StockEvents

    def __call__(self, customer: str | None = None) -> StockSummary:
        """Watch every customer's stock, or one's; one that fails keeps none of the others waiting.

        Raises:
            InvalidInputError: the customer's name is malformed.
            StorageBusyError, StorageRefusedError: nobody can say which customers there are.
        """
        summary = StockSummary()
        customers: Iterable[str] = self.look.counters.customers() if customer is None else (customer,)
        for name in customers:
            summary.customers += 1
            try:
                self._watch(name, summary)
            except InventoryError as error:
                if customer is not None:
                    raise
                if self._passes(error):
                    summary.counting.append(name)
                else:
                    summary.failed[name] = str(error)
        return summary

    def _passes(self, error: InventoryError) -> bool:
        """Whether what keeps a customer from being watched goes by itself before the next look."""
        now = self.look.clock.now().timestamp() * 1000
        return isinstance(error, CountingError) and now - error.since < RECOUNT.total_seconds() * 1000

    def _watch(self, customer: str, summary: StockSummary) -> None:
        stocks = self.look(customer)
        levels = {stock.site: stock.level for stock in stocks if stock.site is not None and stock.level.total}
        self.days.keep(customer, self.look.clock.now().date(), levels)
        for stock in stocks:
            summary.low += stock.low
            summary.told += self._tell_of(customer, stock)
            if stock.broken:
                summary.failed[customer] = stock.broken
        summary.by_status.update(counts_of(self.look.counters.of_customer(customer)).all.by_status)

    def _tell_of(self, customer: str, stock: Stock) -> int:
        """Tell what has not been told and what has changed; returns how many crossings that were."""
        told = 0
        if stock.watch is not None and not stock.watch.told:
            stock, told = self._tell(stock.watch, stock), 1
        changed = crossing(customer, stock, self.look.clock.now())
        if changed is None or not self.days.put_watch(changed, stock.watch):
            return told
        self._tell(changed, stock)
        return told + 1

    def _tell(self, watch: StockWatch, stock: Stock) -> Stock:
        self.events.tell(watch, stock.days_left)
        self.days.put_watch(watch.as_told(), watch)
        return stock.as_watched(watch.as_told())
