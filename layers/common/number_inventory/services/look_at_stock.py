"""Look at the stock of numbers: how many are left, whether that is low, and how long they will last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from number_inventory.domain.counts import counts_of
from number_inventory.domain.errors import SettingBrokenError
from number_inventory.domain.macros import GLOBAL, SITE_MARK, resolve_macro, stock_macros, stock_threshold
from number_inventory.domain.numbers import Status, slug
from number_inventory.domain.stock import (
    LONGEST_TREND,
    NO_THRESHOLD,
    DailyLevel,
    Stock,
    StockLevel,
    StockThreshold,
    StockWatch,
    days_to_exhaustion,
    in_all,
    in_all_by_day,
)
from number_inventory.ports.clock import Clock
from number_inventory.ports.history import Counters
from number_inventory.ports.macros import Macros
from number_inventory.ports.stock import StockDays


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtStock:
    """The use case; it reads only."""

    counters: Counters
    days: StockDays
    macros: Macros
    clock: Clock

    def __call__(self, customer: str) -> tuple[Stock, ...]:
        """The stock of all numbers of a customer, then of each site, by name.

        Sites are those that have numbers, and those that have a threshold or had one when they were low.

        Raises:
            InvalidInputError: the customer's name is malformed.
            StorageBusyError, StorageRefusedError: the database failed or refused.
        """
        customer = slug(customer, field="customer")
        levels = self._levels(customer)
        past = self.days.since(customer, self.clock.now().date() - LONGEST_TREND)
        watches = {watch.site: watch for watch in self.days.watches(customer)}
        macros = _StoredMacros(own=self.macros.stored(customer), everywhere=self.macros.stored(GLOBAL))
        sites = levels.keys() | macros.sites() | {site for site in watches if site is not None}
        scopes: list[tuple[str | None, StockLevel, Sequence[DailyLevel]]] = [
            (None, in_all(levels.values()), in_all_by_day(past.values())),
            *((site, levels.get(site, StockLevel(0, 0)), past.get(site, ())) for site in sorted(sites)),
        ]
        return tuple(_stock(site, level, days, watches.get(site), macros) for site, level, days in scopes)

    def _levels(self, customer: str) -> Mapping[str, StockLevel]:
        """How many numbers each site has; the blank one is that of the numbers without a site."""
        by_site = counts_of(self.counters.of_customer(customer)).by_site
        return {site: StockLevel(tally.by_status[Status.AVAILABLE], tally.total) for site, tally in by_site.items()}


@dataclass(frozen=True, slots=True)
class _StoredMacros:
    """The values that are stored for a customer and for all, by name."""

    own: Mapping[str, str]
    everywhere: Mapping[str, str]

    def sites(self) -> set[str]:
        """The sites that have a value of their own."""
        return {name.partition(SITE_MARK)[2] for name in (*self.own, *self.everywhere) if SITE_MARK in name}

    def threshold(self, site: str | None) -> StockThreshold:
        """What is in force.

        Raises:
            SettingBrokenError: what is stored is not allowed.
        """
        percent, count = (
            resolve_macro(name, self.own.get(name), self.everywhere.get(name)) for name in stock_macros(site)
        )
        return stock_threshold(percent, count)


def _stock(
    site: str | None,
    level: StockLevel,
    days: Sequence[DailyLevel],
    watch: StockWatch | None,
    macros: _StoredMacros,
) -> Stock:
    threshold, broken = NO_THRESHOLD, ""
    try:
        # Numbers without a site are no site that somebody could have set a threshold for.
        threshold = macros.threshold(site) if site != "" else NO_THRESHOLD
    except SettingBrokenError as error:
        broken = str(error)
    days_left = days_to_exhaustion(days, level)
    return Stock(site=site, level=level, threshold=threshold, broken=broken, watch=watch, days_left=days_left)
