"""Events about changes of Status: as their schema says, ten a request, sent again until they are taken."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from number_inventory.adapters.eventbridge import DETAIL_TYPE, SOURCE, EventBridgeStatusEvents, status_event
from number_inventory.domain.changes import Change, ChangeKey, ChangeKind, State, Unreadable
from number_inventory.domain.errors import StorageRefusedError
from number_inventory.domain.numbers import Holder
from tests.contract.made import CUSTOMER, NOW, cooling, instants, listed, record, records, used
from tests.memory.history import change_of

SCHEMA = json.loads(Path("docs/schemas/number-status-changed.json").read_text(encoding="utf-8"))
VALID = Draft202012Validator(SCHEMA)


class Bus:
    """Takes entries as EventBridge does, the first of each request only after `refusals` times.

    Attributes:
        error: a code with which whole requests are refused.
    """

    def __init__(self, refusals: int = 0, error: str = "") -> None:
        self.refusals = refusals
        self.error = error
        self.requests: list[list[Mapping[str, Any]]] = []
        self.taken: list[Mapping[str, Any]] = []

    def put_events(self, **request: list[Mapping[str, Any]]) -> dict[str, Any]:
        [entries] = request.values()
        assert 1 <= len(entries) <= 10
        self.requests.append(entries)
        if self.error:
            refusal: Any = {"Error": {"Code": self.error, "Message": "made up"}}
            raise ClientError(refusal, "PutEvents")
        refused = entries[: 1 if self.refusals else 0]
        self.refusals = max(self.refusals - 1, 0)
        self.taken += entries[len(refused) :]
        results = [{"ErrorCode": "ThrottlingException"} for _ in refused]
        return {
            "FailedEntryCount": len(refused),
            "Entries": results + [{"EventId": "x"}] * (len(entries) - len(refused)),
        }


def port(bus: Bus) -> EventBridgeStatusEvents:
    client: Any = bus
    return EventBridgeStatusEvents(client, "numbers", sleep=lambda _: None)


def changes(count: int) -> list[Change]:
    return [change_of(None, replace(used(number), version=3), 1, NOW) for number in listed(count)]


def test_event_tells_what_happened() -> None:
    """GIVEN a number that cools WHEN it is told of THEN the event has what the documentation shows."""
    before = replace(used(), version=2, site="Berlin")
    after = replace(cooling(), version=3, site="Berlin", updated_at=NOW, updated_by="sync:sbc-1#7", reason="gone")
    bus = Bus()
    assert port(bus).publish([change_of(before, after, 9, NOW)]) == []
    [entry] = bus.taken
    assert (entry["Source"], entry["DetailType"], entry["EventBusName"], entry["Time"]) == (
        SOURCE,
        DETAIL_TYPE,
        "numbers",
        NOW,
    )
    detail = json.loads(entry["Detail"])
    idle = {"usage": "", "vendor": "", "assigned_to": "", "reserved_for": "", "devices": []}
    assert detail == {
        "schema": 1,
        "id": "acme/4711/3-9",
        "customer": "acme",
        "number": "4711",
        "version": 3,
        "kind": "cooled",
        "before": {
            **idle,
            "status": "Used",
            "usage": "Device",
            "vendor": "AudioCodes",
            "release_date": None,
            "devices": ["sbc-1"],
        },
        "after": {**idle, "status": "Cooling", "release_date": "2026-03-03T12:00:00Z"},
        "site": "Berlin",
        "at": "2026-03-01T12:00:00Z",
        "by": "sync:sbc-1#7",
        "reason": "gone",
    }
    VALID.validate(detail)


def test_schema_knows_every_kind_and_is_one_itself() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]["kind"]["enum"]) == set(ChangeKind)
    assert not VALID.is_valid({"id": "x"})


unreadable = st.builds(Unreadable, st.just({"status": {"S": "?"}}), st.just("spoilt"))


@given(st.none() | unreadable | records(), st.none() | unreadable | records(), instants)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_every_event_is_as_the_schema_says(before: State, after: State, at: datetime) -> None:
    """GIVEN any change, by whomever WHEN it is told of THEN the event keeps to the schema."""
    if before is after is None:
        return
    made = Change(key=ChangeKey(CUSTOMER, "4711", 7, "9".zfill(40)), streamed_at=at, before=before, after=after)
    VALID.validate(json.loads(json.dumps(status_event(made))))


def test_no_event_is_too_large_to_be_sent() -> None:
    """GIVEN texts and holders that another hand made very long WHEN told of THEN the event has their beginning."""
    long = "ü" * 100_000
    holders = tuple(Holder(f"sbc-{index}", NOW, 1) for index in range(5000))
    spoilt = replace(record(), version=1, vendor=long, site=long, assigned_to=long, updated_by=long, holders=holders)
    detail = status_event(change_of(None, spoilt, 1, NOW))
    VALID.validate(detail)
    assert len(json.dumps(detail)) < 20_000


@pytest.mark.parametrize("count", [0, 1, 10, 25])
def test_each_change_is_told_once_ten_a_request(count: int) -> None:
    bus = Bus()
    assert port(bus).publish(changes(count)) == []
    ids = [json.loads(entry["Detail"])["id"] for entry in bus.taken]
    assert ids == [change.key.event_id for change in changes(count)]
    assert len(bus.requests) == -(-count // 10)


def test_what_is_not_taken_is_sent_again_and_then_given_back() -> None:
    """GIVEN a bus that leaves entries out WHEN told THEN they are sent again, alone, and at last reported."""
    patient = Bus(refusals=3)
    assert port(patient).publish(changes(10)) == []
    assert [len(request) for request in patient.requests] == [10, 1, 1, 1]

    deaf = Bus(refusals=1000)
    assert port(deaf).publish(changes(12)) == [changes(12)[0], changes(12)[10]]
    assert len(deaf.taken) == 10


def test_bus_that_is_busy_or_gone_loses_nothing() -> None:
    """GIVEN a bus that is busy WHEN told THEN all is given back; where it refuses for good, that is an error."""
    assert port(Bus(error="ThrottlingException")).publish(changes(23)) == changes(23)
    with pytest.raises(StorageRefusedError, match="AccessDenied"):
        port(Bus(error="AccessDeniedException")).publish(changes(1))


def test_deletion_is_told_with_what_was_there() -> None:
    """GIVEN a number that is deleted WHEN told of THEN it says what it was, and that nothing is there now."""
    last = replace(record(), version=4, site="Berlin", deleting=True, updated_by="api:x", reason="deleted")
    detail = status_event(change_of(last, None, 1, NOW))
    assert (detail["kind"], detail["after"], detail["before"]["status"], detail["by"], detail["site"]) == (
        "deleted",
        None,
        "Available",
        "api:x",
        "Berlin",
    )
