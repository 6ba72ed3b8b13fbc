"""Stock: how many numbers are left to give away, when that is low, and how long it will last.

A number that cools or is reserved is not there for whoever asks next, so only Available numbers are stock.

Source: VOSS tells administrators when a customer's or a site's available numbers run low; the thresholds, the one
notification a crossing, and the estimate are ours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from operator import mul

SHORTEST_TREND = timedelta(days=7)
"""An estimate from fewer days would follow a single busy one."""
LONGEST_TREND = timedelta(days=28)
"""Four weeks, so that each day of the week counts the same; what was before says little about now."""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """How many numbers there are at a customer or at one of its sites.

    Attributes:
        available: those that can be given away now.
        total: all of them, whatever their Status.
    """

    available: int
    total: int

    @property
    def taken(self) -> int:
        """Those that cannot be given away: used, reserved or cooling."""
        return self.total - self.available


@dataclass(frozen=True, slots=True)
class StockThreshold:
    """What stock must not fall below; either part may be 0, which is never crossed.

    Attributes:
        percent: of all numbers.
        count: numbers.
    """

    percent: int
    count: int

    @property
    def watched(self) -> bool:
        """Whether anybody asked for a warning."""
        return self.percent > 0 or self.count > 0

    def crossed(self, level: StockLevel) -> bool:
        """Whether less is available than either part asks for. Where there are no numbers, nothing can run out."""
        if level.total <= 0:
            return False
        return level.available < self.count or level.available * 100 < self.percent * level.total


NO_THRESHOLD = StockThreshold(percent=0, count=0)


@dataclass(frozen=True, slots=True)
class StockWatch:
    """What is known about the stock of a customer, or of one of its sites, and whether it has been told.

    Attributes:
        site: blank for the numbers without a site; None for all of the customer's.
        low: whether the threshold is crossed.
        since: since when.
        crossing: counts the changes between low and recovered, from 1 on: with the scope it names the notification.
        level: as it was at that change.
        threshold: as it was at that change.
        told: whether the notification of that change has gone out.
    """

    customer: str
    site: str | None
    low: bool
    since: datetime
    crossing: int
    level: StockLevel
    threshold: StockThreshold
    told: bool = False

    def as_told(self) -> "StockWatch":
        """The same, its notification gone out."""
        return replace(self, told=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What is left of the numbers of a customer or of one of its sites.

    Attributes:
        site: blank for the numbers without a site; None for all of the customer's.
        threshold: what is stored for it.
        broken: why nobody can say what the threshold is; empty where somebody can.
        watch: what was found when it was last looked at; None where it was never low.
        days_left: in how many days the last number will be taken, if they go as they did; None: not foreseeable.
    """

    site: str | None
    level: StockLevel
    threshold: StockThreshold
    broken: str
    watch: StockWatch | None
    days_left: int | None

    @property
    def low(self) -> bool:
        """Whether it is low now; as it was found last, where nobody can say what the threshold is."""
        if self.broken:
            return self.watch is not None and self.watch.low
        return self.threshold.crossed(self.level)

    @property
    def low_since(self) -> datetime | None:
        """Since when it has been low, as far as somebody has looked."""
        return self.watch.since if self.low and self.watch is not None and self.watch.low else None

    def as_watched(self, watch: StockWatch) -> "Stock":
        """The same, as it was found last."""
        return replace(self, watch=watch)


def crossing(customer: str, stock: Stock, now: datetime) -> StockWatch | None:
    """What is to be told now: that stock has run low, or that it has recovered. None where nothing has changed.

    A threshold that is taken away ends a warning like a recovery, since nobody waits for one any more. One that is
    broken changes nothing.
    """
    seen = stock.watch
    if stock.low == (seen is not None and seen.low):
        return None
    count = 1 if seen is None else seen.crossing + 1
    return StockWatch(customer, stock.site, stock.low, now, count, stock.level, stock.threshold)


@dataclass(frozen=True, slots=True)
class DailyLevel:
    """The level on one day."""

    day: date
    level: StockLevel


def in_all(levels: Iterable[StockLevel]) -> StockLevel:
    """The level of several sites together."""
    counted = list(levels)
    return StockLevel(sum(each.available for each in counted), sum(each.total for each in counted))


def in_all_by_day(sites: Iterable[Sequence[DailyLevel]]) -> list[DailyLevel]:
    """The level of several sites together, day by day; a site without a level on a day counts nothing on it."""
    by_day: dict[date, list[StockLevel]] = {}
    for each in chain.from_iterable(sites):
        by_day.setdefault(each.day, []).append(each.level)
    return [DailyLevel(day, in_all(by_day[day])) for day in sorted(by_day)]


def days_to_exhaustion(days: Sequence[DailyLevel], level: StockLevel) -> int | None:
    """In how many whole days the last available number will be taken, if they go as they did; None: not foreseeable.

    It follows the numbers that are taken, not those available, by least squares over the last four weeks: numbers that
    are added make stock last longer, but are no sign that fewer are needed.

    Args:
        days: the levels of past days, in any order; those of the last `LONGEST_TREND` count.
        level: as it is now.
    """
    if level.available <= 0:
        return 0
    taken, in_days = _taken_in_days(days)
    return level.available * in_days // taken if taken > 0 else None


def _taken_in_days(days: Sequence[DailyLevel]) -> tuple[int, int]:
    """How many more numbers are taken in how many days, as a fraction in whole numbers; (0, 1) where nobody can say."""
    if not days:
        return 0, 1
    last = max(each.day for each in days)
    counted = [each for each in days if last - each.day <= LONGEST_TREND]
    first = min(each.day for each in counted)
    if last - first < SHORTEST_TREND:
        return 0, 1
    at = [(each.day - first).days for each in counted]
    taken = [each.level.taken for each in counted]
    together = len(at) * sum(map(mul, at, taken)) - sum(at) * sum(taken)
    spread = len(at) * sum(map(mul, at, at)) - sum(at) ** 2
    return together, spread
