"""Events about stock: as their schema says, and under one name for one crossing."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from number_inventory.adapters.stock_events import EventBridgeStockEvents, stock_event
from number_inventory.domain.errors import StorageBusyError
from number_inventory.domain.stock import StockLevel, StockThreshold, StockWatch
from tests.contract.made import CUSTOMER, NOW

VALID = Draft202012Validator(json.loads(Path("docs/schemas/number-stock.json").read_text(encoding="utf-8")))
LOW = StockWatch(CUSTOMER, None, True, NOW, 3, StockLevel(4, 200), StockThreshold(percent=10, count=5))
RECOVERED = replace(LOW, low=False, crossing=4, level=StockLevel(60, 200))


class Bus:
    """Takes or refuses what it is given."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.taken: list[Mapping[str, Any]] = []

    def put_events(self, **request: list[Mapping[str, Any]]) -> dict[str, Any]:
        [entries] = request.values()
        if self.refuses:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
        self.taken += entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "x"}]}


def port(bus: Bus) -> EventBridgeStockEvents:
    client: Any = bus
    return EventBridgeStockEvents(client, "numbers")


@pytest.mark.parametrize("watch", [LOW, RECOVERED, replace(LOW, site=""), replace(RECOVERED, site="Köln / Süd")])
@pytest.mark.parametrize("days_left", [None, 0, 12])
def test_an_event_is_as_its_schema_says(watch: StockWatch, days_left: int | None) -> None:
    """GIVEN any crossing, WHEN told, THEN the event fits the schema that others build upon."""
    VALID.validate(stock_event(watch, days_left))


def test_the_detail_type_tells_what_happened() -> None:
    """GIVEN stock that runs low and recovers, WHEN told, THEN rules can tell them apart, and people read a sentence."""
    bus = Bus()
    port(bus).tell(LOW, 12)
    port(bus).tell(RECOVERED, None)

    assert [(entry["DetailType"], entry["EventBusName"]) for entry in bus.taken] == [
        ("Number Stock Low", "numbers"),
        ("Number Stock Recovered", "numbers"),
    ]
    low, recovered = (json.loads(entry["Detail"])["message"] for entry in bus.taken)
    assert low.startswith(
        f"Customer {CUSTOMER} has 4 of 200 numbers left, which is below the threshold. At the present"
    )
    assert low.endswith("they last 12 more days.")
    assert recovered == f"Customer {CUSTOMER} has 60 of 200 numbers left again, which is enough."


def test_a_crossing_has_one_name() -> None:
    """GIVEN a crossing told twice, THEN its name is the same; those of others, and of sites, are others."""
    watches = [LOW, LOW.as_told(), RECOVERED, replace(LOW, site=""), replace(LOW, site="Berlin")]
    assert len({stock_event(watch, None)["id"] for watch in watches}) == 4


def test_what_is_not_taken_is_an_error() -> None:
    """GIVEN a bus that does not take the event, WHEN told, THEN the caller knows that it is to be told again."""
    with pytest.raises(StorageBusyError, match=r"stock/3/.*ThrottlingException"):
        port(Bus(refuses=True)).tell(LOW, None)
