"""The StockDays port: what was left on past days, and what is known of low stock."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from number_inventory.adapters.dynamodb.stock_days import SITES_AN_ITEM
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.stock import DailyLevel, StockLevel, StockThreshold, StockWatch
from number_inventory.ports.stock import StockDays
from tests.contract.conftest import RETENTION, Aws, Ports
from tests.contract.made import CUSTOMER, NOW

DAY = date(2026, 3, 1)
LOW = StockWatch(CUSTOMER, "London", True, NOW, 1, StockLevel(3, 40), StockThreshold(percent=10, count=5))
SITES = ("London", "", "Köln / Süd", "a#2026-03-01", "watch")


@pytest.fixture
def days(ports: Ports) -> StockDays:
    return ports.stock_days


def test_what_is_known_is_kept_by_site_and_customer(days: StockDays) -> None:
    """GIVEN warnings of a customer, of its sites and of another customer, WHEN read, THEN each is its own."""
    watches = [LOW, replace(LOW, site=None), *(replace(LOW, site=site, low=False) for site in SITES[1:])]
    foreign = replace(LOW, customer="other", crossing=7)
    for watch in (*watches, foreign):
        assert days.put_watch(watch, None)

    assert sorted(days.watches(CUSTOMER), key=repr) == sorted(watches, key=repr)
    assert days.watches("other") == [foreign]
    assert days.watches("third") == []


def test_of_two_that_saw_the_same_one_stores(days: StockDays) -> None:
    """GIVEN a crossing that was seen twice, WHEN both store what they make of it, THEN the first one's stands."""
    first, second = LOW, replace(LOW, since=NOW + timedelta(seconds=1))
    assert days.put_watch(first, None)
    assert not days.put_watch(second, None)
    assert days.put_watch(first.as_told(), first)
    assert not days.put_watch(replace(second, crossing=2), first)
    recovered = replace(first, low=False, crossing=2, since=NOW + timedelta(days=1))
    assert days.put_watch(recovered, first.as_told())
    assert days.watches(CUSTOMER) == [recovered]


def test_storing_the_same_again_does_no_harm(days: StockDays) -> None:
    """GIVEN a write whose answer got lost, WHEN it is made again, THEN it has been made."""
    assert days.put_watch(LOW, None)
    assert days.put_watch(LOW, None)
    assert days.put_watch(LOW.as_told(), LOW)
    assert days.put_watch(LOW.as_told(), LOW)


def test_days_come_back_by_site_and_in_order(days: StockDays) -> None:
    """GIVEN days stored in any order, WHEN read from a day on, THEN they come by site, the oldest first."""
    for back in (2, 0, 3, 1):
        levels = {site: StockLevel(back, 10 + index) for index, site in enumerate(SITES)}
        days.keep(CUSTOMER, DAY - timedelta(days=back), levels)
    days.keep("other", DAY, {"London": StockLevel(0, 1)})

    assert days.since(CUSTOMER, DAY - timedelta(days=2)) == {
        site: [DailyLevel(DAY - timedelta(days=back), StockLevel(back, 10 + index)) for back in (2, 1, 0)]
        for index, site in enumerate(SITES)
    }
    assert days.since("third", DAY) == {}


def test_the_last_look_at_a_day_counts(days: StockDays) -> None:
    """GIVEN a day that was looked at with more sites before, WHEN read, THEN what was seen last counts, and no more."""
    many = {f"{number:04d}": StockLevel(1, 2) for number in range(SITES_AN_ITEM * 2)}
    days.keep(CUSTOMER, DAY, many)
    assert days.since(CUSTOMER, DAY) == {site: [DailyLevel(DAY, level)] for site, level in many.items()}

    days.keep(CUSTOMER, DAY, {"0000": StockLevel(0, 2)})
    assert days.since(CUSTOMER, DAY) == {"0000": [DailyLevel(DAY, StockLevel(0, 2))]}


def test_the_longest_names_fit(aws: Aws) -> None:
    """GIVEN as many sites as one item takes, with the longest names there can be, THEN the day is stored."""
    names = [f"{number:03d}" + "\U0001f4de" * 197 for number in range(SITES_AN_ITEM)]
    aws.stock_days.keep(CUSTOMER, DAY, {name: StockLevel(10**6, 10**6) for name in names})
    assert len(aws.stock_days.since(CUSTOMER, DAY)) == SITES_AN_ITEM


def test_days_are_forgotten_in_their_time(aws: Aws) -> None:
    """GIVEN a day, THEN its item has the second at which DynamoDB may forget it; a warning has none."""
    aws.stock_days.keep(CUSTOMER, DAY, {"London": StockLevel(1, 2)})
    aws.stock_days.put_watch(LOW, None)
    items = aws.client.scan(TableName=aws.tables.stock)["Items"]
    forgotten = {item["part"]["S"]: item.get("expires_at", {}).get("N") for item in items}
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    assert forgotten == {
        "day#2026-03-01#0000": str(int((midnight + RETENTION).timestamp())),
        "watch#London": None,
    }


@pytest.mark.parametrize("levels", ['{"London":[1]}', "[]", '{"London":3}', "no json", '{"London":["a",1]}'])
def test_a_broken_day_is_left_out_and_told(aws: Aws, levels: str) -> None:
    """GIVEN a day that cannot be understood, WHEN read, THEN the others count, and it is told."""
    for back in (0, 1):
        aws.stock_days.keep(CUSTOMER, DAY - timedelta(days=back), {"London": StockLevel(1, 2)})
    key = {"owner": {"S": CUSTOMER}, "part": {"S": "day#2026-02-28#0000"}}
    item = aws.client.get_item(TableName=aws.tables.stock, Key=key)["Item"]
    aws.client.put_item(TableName=aws.tables.stock, Item={**item, "levels": {"S": levels}})

    assert aws.stock_days.since(CUSTOMER, DAY - timedelta(days=1)) == {"London": [DailyLevel(DAY, StockLevel(1, 2))]}
    assert [str(error) for error in aws.broken if "2026-02-28" in str(error)]


@pytest.mark.parametrize("attribute", ["low", "since", "crossing", "told"])
def test_a_broken_warning_is_no_guess(aws: Aws, attribute: str) -> None:
    """GIVEN a warning that cannot be understood, WHEN read, THEN the error names it; telling it anew is a guess."""
    aws.stock_days.put_watch(LOW, None)
    key = {"owner": {"S": CUSTOMER}, "part": {"S": "watch#London"}}
    item = aws.client.get_item(TableName=aws.tables.stock, Key=key)["Item"]
    aws.client.put_item(TableName=aws.tables.stock, Item={**item, attribute: {"S": "soon"}})

    with pytest.raises(RecordBrokenError, match=f"site 'London' of customer {CUSTOMER}.*{attribute}"):
        aws.stock_days.watches(CUSTOMER)
