"""How many numbers are left: shown by the API, and watched by a function of its own."""

import json
from typing import Any

import pytest

from number_inventory.adapters.dynamodb.counters import DynamoCounters
from number_inventory.domain.counts import Cell, CounterKey, SiteCounter
from number_inventory.domain.errors import InvalidInputError, InventoryError
from tests.engines.engine import shared_client
from tests.integration.functions.account import API, Account
from tests.integration.functions.api_requests import request
from tests.integration.functions.test_api_lookup import body, problem
from tests.integration.functions.test_what_runs_say import metrics
from tests.unit.adapters.test_stock_events import Bus

WATCH = "functions.watch_stock.handler"


@pytest.fixture
def bus(account: Account, monkeypatch: pytest.MonkeyPatch) -> Bus:
    """A bus, and two customers: 4 of 10 numbers are left in Berlin, 1 of 2 without a Site, 3 of 3 elsewhere."""
    taken = Bus()
    monkeypatch.setenv("EVENT_BUS", "numbers")
    monkeypatch.setattr(account.engine.session(), "events", lambda: taken)
    counters = DynamoCounters(shared_client(account.engine), account.tables.history)
    for customer, site, available, used in (("acme", "Berlin", 4, 6), ("acme", "", 1, 1), ("other", "Berlin", 3, 0)):
        cells = {Cell("Available", ""): available, Cell("Used", "AudioCodes"): used}
        assert counters.save(SiteCounter(key=CounterKey(customer, site), cells=cells))
    return taken


def stock(account: Account, customer: str = "acme") -> list[dict[str, Any]]:
    """What the API shows."""
    shown: list[dict[str, Any]] = body(
        account.run(API, request("/customers/{customer}/stock", {"customer": customer}))
    )["stock"]
    return shown


def test_stock_is_shown_in_all_and_by_site(account: Account, bus: Bus) -> None:
    """GIVEN numbers with and without a Site, and a threshold of one, WHEN asked for THEN each has its own."""
    account.macros.put("acme", "number_stock_low_count@Berlin", "5")
    everything, blank, berlin = stock(account)

    assert (everything["site"], everything["available"], everything["total"]) == (None, 5, 12)
    assert (blank["site"], blank["available"], blank["total"], blank["threshold"]) == ("", 1, 2, None)
    assert (berlin["site"], berlin["low"], berlin["threshold"]) == ("Berlin", True, {"percent": 0, "count": 5})
    assert (berlin["low_since"], berlin["days_left"]) == (None, None), "nobody has looked yet"
    assert [each["total"] for each in stock(account, "other")] == [3, 3]
    assert [each["total"] for each in stock(account, "nobody")] == [0]


def test_what_is_asked_for_wrongly_is_refused(account: Account, bus: Bus) -> None:
    """GIVEN a filter that there is not, or no customer's name, WHEN asked THEN the answer says which."""
    for customer, query, field in (("acme", {"site": "Berlin"}, "site"), ("No Name", {}, "customer")):
        asked = request("/customers/{customer}/stock", {"customer": customer}, {**query})
        assert problem(account.run(API, asked), 400)["errors"][0]["field"] == field


def test_each_customers_stock_is_watched(account: Account, bus: Bus) -> None:
    """GIVEN one customer whose stock is low WHEN the schedule fires twice THEN it is told once, and shown."""
    account.macros.put("acme", "number_stock_low_percent", "50")
    first, second = account.run(WATCH, {}), account.run(WATCH, {})

    assert (first.answer["customers"], first.answer["low"], first.answer["told"]) == (2, 1, 1)
    assert (second.answer["low"], second.answer["told"]) == (1, 0)
    assert metrics(first, "watch-stock")["StockLow"] == 1
    [told] = bus.taken
    detail = json.loads(told["Detail"])
    assert (detail["customer"], detail["site"], detail["available"], detail["total"]) == ("acme", None, 5, 12)
    assert stock(account)[0]["low_since"] == detail["at"]


def test_a_broken_threshold_fails_the_run_and_stops_no_other_customer(account: Account, bus: Bus) -> None:
    """GIVEN a customer with a broken threshold WHEN watched THEN the other's crossing is told, and the run fails."""
    account.macros.put("acme", "number_stock_low_count", "few")
    account.macros.put("other", "number_stock_low_count", "9")
    ran = account.run(WATCH, {})

    assert isinstance(ran.error, InventoryError)
    assert "macros set number_stock_low_count" in str(ran.error)
    assert [json.loads(each["Detail"])["customer"] for each in bus.taken] == ["other"]
    assert "macros set" in stock(account)[0]["threshold_error"]


def test_a_wrong_event_is_refused(account: Account, bus: Bus) -> None:
    """GIVEN an event that is none of this function's WHEN run THEN it says what is allowed."""
    assert account.run(WATCH, {"customer": "other"}).answer["customers"] == 1
    ran = account.run(WATCH, {"site": "Berlin"})
    assert isinstance(ran.error, InvalidInputError)
    assert "allowed: customer" in str(ran.error)
