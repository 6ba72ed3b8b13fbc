"""Stock in memory: past days, what is known of low stock, and who is told of it."""

from collections.abc import Mapping, Sequence
from datetime import date

from number_inventory.domain.stock import DailyLevel, StockLevel, StockWatch
from tests.memory.fuse import Fuse


class MemoryStockDays:
    """Days and warnings; each call takes effect as a whole or not at all."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._watches: dict[tuple[str, str | None], StockWatch] = {}
        self._days: dict[tuple[str, date], dict[str, StockLevel]] = {}

    def watches(self, customer: str) -> Sequence[StockWatch]:
        """What is known of a customer's stock and of its sites'."""
        return [watch for (owner, _), watch in self._watches.items() if owner == customer]

    def put_watch(self, watch: StockWatch, seen: StockWatch | None) -> bool:
        """Store what is known now; False where it is no longer as it was seen."""
        self._fuse.point("stock.put_watch before")
        key = watch.customer, watch.site
        stored = self._watches.get(key)
        if stored != watch:
            if (stored and (stored.crossing, stored.told)) != (seen and (seen.crossing, seen.told)):
                return False
            self._watches[key] = watch
        self._fuse.point("stock.put_watch after")
        return True

    def keep(self, customer: str, day: date, levels: Mapping[str, StockLevel]) -> None:
        """Store a day's levels by site."""
        self._fuse.point("stock.keep before")
        self._days[customer, day] = dict(levels)
        self._fuse.point("stock.keep after")

    def since(self, customer: str, day: date) -> Mapping[str, Sequence[DailyLevel]]:
        """The levels of that day and of those after it, by site, the oldest first."""
        by_site: dict[str, list[DailyLevel]] = {}
        for (owner, on), levels in sorted(self._days.items()):
            if owner == customer and on >= day:
                for site, level in levels.items():
                    by_site.setdefault(site, []).append(DailyLevel(on, level))
        return by_site


class MemoryStockEvents:
    """Whoever listens; remembers all that was said."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self.told: list[tuple[StockWatch, int | None]] = []

    def tell(self, watch: StockWatch, days_left: int | None) -> None:
        """Publish it."""
        self._fuse.point("stock.tell before")
        self.told.append((watch, days_left))
        self._fuse.point("stock.tell after")
