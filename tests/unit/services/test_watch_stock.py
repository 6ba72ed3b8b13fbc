"""Stock is watched: what is seen is kept, and each crossing is told once."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from number_inventory.domain.counts import Cell, CounterKey, Recount
from number_inventory.domain.errors import CountingError, InvalidInputError, StorageBusyError
from number_inventory.domain.macros import GLOBAL, STOCK_LOW_COUNT, STOCK_LOW_PERCENT, at_site
from number_inventory.domain.numbers import AUDIOCODES, Status
from number_inventory.domain.stock import DailyLevel, StockLevel
from number_inventory.services.look_at_stock import LookAtStock
from number_inventory.services.watch_stock import WatchStock
from tests.memory.clock import SettableClock
from tests.memory.fuse import Fuse, ProcessDiedError
from tests.memory.history import MemoryCounters
from tests.memory.settings import MemoryMacros
from tests.memory.stock import MemoryStockDays, MemoryStockEvents

DAY = timedelta(days=1)
ACME = "acme"


@dataclass
class Shop:
    """A customer with two sites, and whoever watches its stock."""

    fuse: Fuse = field(default_factory=Fuse)
    clock: SettableClock = field(default_factory=SettableClock)
    counters: MemoryCounters = field(default_factory=MemoryCounters)

    def __post_init__(self) -> None:
        self.macros = MemoryMacros(Fuse())
        self.days = MemoryStockDays(self.fuse)
        self.events = MemoryStockEvents(self.fuse)
        self.look = LookAtStock(counters=self.counters, days=self.days, macros=self.macros, clock=self.clock)
        self.watch = WatchStock(look=self.look, days=self.days, events=self.events)
        self.set(London=(50, 100), Paris=(20, 100))

    def set(self, customer: str = ACME, **sites: tuple[int, int]) -> None:
        """Let each site have so many Available numbers of so many."""
        keys = [CounterKey(customer, site) for site in sites]
        for key, counter in self.counters.load(keys).items():
            available, total = sites[key.site]
            cells = {Cell(Status.AVAILABLE, ""): available, Cell(Status.USED, AUDIOCODES): total - available}
            assert self.counters.save(replace(counter, cells=cells))

    def told(self) -> list[tuple[str | None, bool, int]]:
        """Site, low or not, and which crossing, of all that was told."""
        return [(watch.site, watch.low, watch.crossing) for watch, _ in self.events.told]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_stock_is_shown_for_all_and_by_site(shop: Shop) -> None:
    """GIVEN thresholds of a customer and of a site, WHEN looked at, THEN each is held against its own numbers."""
    shop.macros.put(ACME, STOCK_LOW_COUNT, "71")
    shop.macros.put(ACME, at_site(STOCK_LOW_PERCENT, "Paris"), "20")
    shop.macros.put(ACME, at_site(STOCK_LOW_PERCENT, "Rome"), "20")
    stocks = shop.look(ACME)

    assert [(stock.site, stock.level, stock.low) for stock in stocks] == [
        (None, StockLevel(70, 200), True),
        ("London", StockLevel(50, 100), False),
        ("Paris", StockLevel(20, 100), False),
        ("Rome", StockLevel(0, 0), False),
    ]


def test_each_crossing_is_told_once(shop: Shop) -> None:
    """GIVEN stock that runs low, stays low and recovers, WHEN watched daily, THEN it is told twice in all."""
    shop.macros.put(ACME, at_site(STOCK_LOW_COUNT, "Paris"), "10")
    for paris in (20, 9, 9, 5, 10, 30):
        shop.set(London=(50, 100), Paris=(paris, 100))
        shop.watch()
        shop.watch()
        shop.clock.advance(days=1)

    assert shop.told() == [("Paris", True, 1), ("Paris", False, 2)]
    (low, _), (recovered, _) = shop.events.told
    assert (low.level, recovered.level) == (StockLevel(9, 100), StockLevel(10, 100))
    assert recovered.since - low.since == 3 * DAY


def test_nobody_is_told_without_a_threshold(shop: Shop) -> None:
    """GIVEN no threshold, WHEN nothing is left, THEN nobody is told: devices alone leave nothing to give away."""
    shop.set(London=(0, 100))
    summary = shop.watch()
    assert (summary.customers, summary.low, summary.told, summary.failed) == (1, 0, 0, {})
    assert shop.told() == []


def test_a_global_threshold_is_every_customers(shop: Shop) -> None:
    """GIVEN a global threshold, WHEN watched, THEN each customer is held against it, unless it has its own."""
    shop.macros.put(GLOBAL, STOCK_LOW_PERCENT, "50")
    shop.macros.put("calm", STOCK_LOW_PERCENT, "0")
    shop.set("calm", Oslo=(0, 10))
    shop.set("third", Oslo=(4, 10))
    summary = shop.watch()
    assert (summary.customers, summary.low, summary.told, summary.failed) == (3, 2, 2, {})
    assert (summary.by_status["Used"], summary.by_status["Available"]) == (146, 74), "of all of them"
    assert {watch.customer for watch, _ in shop.events.told} == {ACME, "third"}


def test_what_is_taken_a_day_says_how_long_it_lasts(shop: Shop) -> None:
    """GIVEN ten numbers taken a day, WHEN stock runs low, THEN the notification says how many days are left."""
    shop.macros.put(ACME, STOCK_LOW_COUNT, "30")
    for day in range(10):
        shop.set(London=(115 - 10 * day, 200), Paris=(0, 50))
        shop.watch()
        shop.clock.advance(days=1)

    assert shop.told() == [(None, True, 1)]
    assert [days_left for _, days_left in shop.events.told] == [2]
    assert len(shop.days.since(ACME, shop.clock.now().date() - 30 * DAY)["London"]) == 10
    assert {stock.site: stock.days_left for stock in shop.look(ACME)} == {None: 2, "London": 2, "Paris": 0}


def test_what_died_before_it_was_told_is_told_later(shop: Shop) -> None:
    """GIVEN a watch that dies anywhere, WHEN it runs again, THEN each crossing is told, always under one id."""
    points = _points_of_a_crossing()
    assert points > 5
    for point in range(points):
        dying = Shop()
        dying.macros.put(ACME, STOCK_LOW_COUNT, "71")
        dying.fuse.blow_at(point)
        with pytest.raises(ProcessDiedError):
            dying.watch()
        dying.fuse.disarm()
        dying.watch()
        dying.watch()

        assert set(dying.told()) == {(None, True, 1)}
        assert len(dying.told()) <= 2
        assert [watch.told for watch in dying.days.watches(ACME)] == [True]
        assert dying.days.since(ACME, dying.clock.now().date())["London"] == [
            DailyLevel(dying.clock.now().date(), StockLevel(50, 100))
        ]


def _points_of_a_crossing() -> int:
    shop = Shop()
    shop.macros.put(ACME, STOCK_LOW_COUNT, "71")
    shop.watch()
    return len(shop.fuse.passed)


def test_who_comes_second_tells_nothing(shop: Shop) -> None:
    """GIVEN two watches at once, WHEN both see the crossing, THEN the one that stores it tells it."""
    shop.macros.put(ACME, STOCK_LOW_COUNT, "71")
    rival = WatchStock(look=shop.look, days=shop.days, events=shop.events)

    def goes_first() -> None:
        rival()

    before_the_watch_is_stored = 2
    shop.fuse.blow_at(before_the_watch_is_stored, goes_first)
    assert shop.watch().told == 0
    assert shop.told() == [(None, True, 1)]


def test_one_customer_that_fails_stops_no_other(shop: Shop) -> None:
    """GIVEN a customer with a broken threshold, WHEN watched, THEN the others are, and it is named with the cause."""
    shop.set("zeta", Oslo=(0, 10))
    shop.macros.put(GLOBAL, STOCK_LOW_COUNT, "5")
    shop.macros.put(ACME, STOCK_LOW_COUNT, "few")
    summary = shop.watch()

    assert (summary.customers, summary.low, summary.told) == (2, 1, 1)
    assert set(summary.failed) == {ACME}
    assert f"macros set {STOCK_LOW_COUNT}" in summary.failed[ACME]
    assert shop.days.since(ACME, shop.clock.now().date()), "the day is kept all the same"


def test_stock_that_is_being_counted_anew_is_passed_by(shop: Shop) -> None:
    """GIVEN a recount under way, WHEN all are watched, THEN it is passed by and no failure; next day, watched again.

    A recount that nobody has ended for a day is a failure: its customer's stock would never be watched again.
    """
    shop.set("zeta", Oslo=(0, 10))
    shop.macros.put(GLOBAL, STOCK_LOW_COUNT, "71")
    begun = Recount(customer=ACME, since=int(shop.clock.now().timestamp() * 1000))
    assert shop.counters.put_recount(begun, None)
    summary = shop.watch()
    assert (summary.customers, summary.told, summary.counting, summary.failed) == (2, 1, [ACME], {})
    with pytest.raises(CountingError, match="migrate --apply"):
        shop.watch(ACME)

    shop.clock.advance(days=1)
    abandoned = shop.watch()
    assert (abandoned.counting, set(abandoned.failed)) == ([], {ACME})
    assert "migrate --apply" in abandoned.failed[ACME]

    assert shop.counters.put_recount(replace(begun, finished=True), begun)
    watched = shop.watch()
    assert (watched.customers, watched.counting, watched.failed) == (2, [], {})


def test_a_busy_store_fails_its_customer_only(shop: Shop) -> None:
    """GIVEN a store that is busy for one customer, WHEN all are watched, THEN it is named; alone, it is an error."""

    def busy() -> None:
        raise StorageBusyError("try again later")

    shop.set("zeta", Oslo=(0, 10))
    shop.fuse.blow_at(0, busy)
    assert shop.watch().failed == {ACME: "try again later"}
    assert shop.days.since("zeta", shop.clock.now().date())
    shop.fuse.blow_at(0, busy)
    with pytest.raises(StorageBusyError):
        shop.watch(ACME)
    with pytest.raises(InvalidInputError, match="customer"):
        shop.watch("No Customer")
