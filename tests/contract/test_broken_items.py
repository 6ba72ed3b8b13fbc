"""Items that some other hand has spoilt: named, never guessed, and the others go on."""

from dataclasses import replace
from typing import Any

import pytest

from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.numbers import Status
from number_inventory.ports.devices import DeviceHead
from number_inventory.ports.numbers import NumberQuery, WriteResult
from tests.contract.conftest import Aws
from tests.contract.made import CUSTOMER, KEY, NOW, cooling, device, put, record, spellings, used, written

SPOILT: list[tuple[str, dict[str, Any]]] = [
    ("status", {"S": "Free"}),
    ("status", {"N": "1"}),
    ("usage", {"S": "Toaster"}),
    ("version", {"S": "x"}),
    ("version", {"N": "0"}),
    ("vendor", {"N": "5"}),
    ("release_at", {"S": "soon"}),
    ("release_at", {"S": "2026-03-01T12:00:00"}),
    ("release_at", {"S": "0001-01-01T00:00:00+14:00"}),
    ("release_at", {"S": "9999-12-31T23:59:59.5Z"}),
    ("updated_at", {"S": "yesterday"}),
    ("updated_at", {"S": "9999-12-31T23:59:59-14:00"}),
    ("holders", {"S": "sbc-1"}),
    ("holders", {"M": {"sbc-1": {"M": {"sync": {"N": "1"}}}}}),
    ("holders", {"M": {"sbc-1": {"M": {"since": {"S": "2026-03-01T12:00:00Z"}}}}}),
]


def spoil(aws: Aws, number: str, name: str, value: dict[str, Any] | None) -> None:
    """Change an attribute of a number by hand; None takes it away."""
    change(aws, aws.tables.numbers, {"customer": {"S": CUSTOMER}, "number": {"S": number}}, name, value)


def change(aws: Aws, table: str, key: dict[str, Any], name: str, value: dict[str, Any] | None) -> None:
    """Change an attribute of an item by hand; None takes it away."""
    request: dict[str, Any] = {"UpdateExpression": "REMOVE #name"}
    if value is not None:
        request = {"UpdateExpression": "SET #name = :value", "ExpressionAttributeValues": {":value": value}}
    aws.client.update_item(TableName=table, Key=key, ExpressionAttributeNames={"#name": name}, **request)


@pytest.mark.parametrize(("name", "value"), [*SPOILT, ("status", None), ("version", None)])
def test_broken_number_is_named_and_the_others_go_on(aws: Aws, name: str, value: dict[str, Any] | None) -> None:
    """GIVEN three numbers of which one is spoilt THEN it is never absent, never Available, and the others are read."""
    put(aws.inventory, used("1"), used("2"), used("3"))
    spoil(aws, "2", name, value)
    said = f"number 2 of customer acme.*{name}"

    with pytest.raises(RecordBrokenError, match=said):
        aws.inventory.get(CUSTOMER, "2")
    with pytest.raises(RecordBrokenError, match=said):
        aws.inventory.peek(CUSTOMER, "2")

    found = aws.inventory.get_many(CUSTOMER, ["1", "2", "3", "4"])
    assert sorted(found) == ["1", "3"]
    assert "2" in found
    assert found.get("4") is None
    with pytest.raises(RecordBrokenError, match=said):
        found.get("2")

    assert aws.broken == []
    assert spellings(aws.inventory.page(NumberQuery(customer=CUSTOMER), 10, None).numbers) == ["1", "3"]
    assert len(aws.broken) == 1
    assert {error.what for error in aws.broken} == {"number 2 of customer acme"}


def test_write_over_a_broken_number_fails_without_a_race_that_never_ends(aws: Aws) -> None:
    """GIVEN a broken number WHEN it is written as new THEN it stays, the write has failed, and it is reported."""
    put(aws.inventory, used("1"))
    spoil(aws, "1", "status", {"S": "Free"})
    assert aws.inventory.save([written(record("1"))]) == [WriteResult.FAILED]
    assert [error.attribute for error in aws.broken] == ["status"]


@pytest.mark.parametrize("date", ["2020", "0001-01-01T00:00:00+14:00"])
def test_broken_release_date_in_the_index_stops_no_release(aws: Aws, date: str) -> None:
    put(aws.inventory, cooling("1", until=NOW), cooling("2", until=NOW))
    spoil(aws, "2", "release_at", {"S": date})
    due = [each.number for batch in aws.inventory.due(NOW) for each in batch]
    assert due == ["1"]
    assert [error.what for error in aws.broken] == ["number 2 of customer acme"]


def test_attributes_of_a_newer_release_survive_a_change(aws: Aws) -> None:
    """GIVEN an attribute that this release does not know WHEN the number changes THEN it is still there."""
    [stored] = put(aws.inventory, used("1"))
    spoil(aws, "1", "carrier", {"S": "newer"})
    assert aws.inventory.get(CUSTOMER, "1") == stored
    aws.inventory.save([written(replace(stored, tag="changed", vendor=""), stored)])

    answer = aws.client.get_item(TableName=aws.tables.numbers, Key={"customer": {"S": CUSTOMER}, "number": {"S": "1"}})
    assert answer["Item"]["carrier"] == {"S": "newer"}
    assert answer["Item"]["tag"] == {"S": "changed"}
    assert "vendor" not in answer["Item"]


def test_write_heals_what_puts_a_number_into_its_index(aws: Aws) -> None:
    """GIVEN a cooling number that fell out of its index WHEN it is written for any reason THEN it is due again."""
    [stored] = put(aws.inventory, cooling("1", until=NOW))
    spoil(aws, "1", "cooling_shard", None)
    spoil(aws, "1", "idle_pool", {"S": f"{CUSTOMER}#Available"})
    assert list(aws.inventory.due(NOW)) == []

    aws.inventory.save([written(replace(stored, tag="touched"), stored)])

    assert [each.number for batch in aws.inventory.due(NOW) for each in batch] == ["1"]
    idle = aws.client.query(
        TableName=aws.tables.numbers,
        IndexName="idle",
        KeyConditionExpression="idle_pool = :pool",
        ExpressionAttributeValues={":pool": {"S": f"{CUSTOMER}#Available"}},
    )
    assert idle["Items"] == []


def test_stale_entry_of_the_idle_index_is_not_listed(aws: Aws) -> None:
    """GIVEN an index that still shows a number as Available WHEN listed THEN its record decides."""
    put(aws.inventory, record("1"), used("2"))
    spoil(aws, "2", "idle_pool", {"S": f"{CUSTOMER}#Available"})
    page = aws.inventory.page(NumberQuery(customer=CUSTOMER, status=Status.AVAILABLE), 10, None)
    assert spellings(page.numbers) == ["1"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", {"S": "pbx"}),
        ("tls", {"M": {"trust": {"S": "hope"}}}),
        ("enabled", {"S": "yes"}),
        ("number_rules", {"S": "x"}),
        ("hosts", {"S": "x"}),
        ("ip_groups", {"SS": ["x"]}),
        ("read_timeout_seconds", None),
        ("state", {"M": {"since": {"S": "x"}}}),
    ],
)
def test_broken_device_is_named_and_the_others_are_listed(aws: Aws, name: str, value: dict[str, Any] | None) -> None:
    aws.devices.add(device())
    aws.devices.add(device(replace(KEY, name="sbc-2")))
    change(aws, aws.tables.devices, {"customer": {"S": CUSTOMER}, "device": {"S": KEY.name}}, name, value)
    with pytest.raises(RecordBrokenError, match="device acme/sbc-1"):
        aws.devices.get(KEY)
    assert [entry.device.key.name for entry in aws.devices.of_customer(CUSTOMER)] == ["sbc-2"]
    assert [error.what for error in aws.broken] == ["device acme/sbc-1"]
    for heads in (aws.devices.heads(CUSTOMER), aws.devices.heads(CUSTOMER, [KEY.name, "sbc-2"])):
        assert sorted(heads) == ["sbc-1", "sbc-2"]
        assert isinstance(heads["sbc-2"], DeviceHead)
        error = heads["sbc-1"]
        assert isinstance(error, RecordBrokenError)
        assert error.what == "device acme/sbc-1"
