"""An upgrade of tables that hold data: items and indexes of an earlier release become today's, and nothing is lost."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from local_stack.emulator import client
from number_inventory.adapters.dynamodb.stored_numbers import DynamoStoredNumbers
from number_inventory.domain.counts import CounterKey, Recount
from number_inventory.domain.errors import CountingError
from number_inventory.domain.numbers import Status
from number_inventory.ports.numbers import WriteResult
from number_inventory.services.migrate_numbers import MigrateNumbers
from tests.contract.conftest import Aws, Ports
from tests.contract.made import CUSTOMER, NOW, cooling, put, record, used
from tests.engines.engine import Engine
from tests.engines.template import table_schemas
from tests.memory.clock import SettableClock

LATER = NOW + timedelta(hours=1)


def migration(aws: Aws, table: str) -> MigrateNumbers:
    """The use case by a clock that waits for nobody."""
    return MigrateNumbers(
        numbers=DynamoStoredNumbers(aws.client, table, aws.broken.append),
        counters=aws.counters,
        clock=aws.clock,
        sleep=lambda seconds: aws.clock.advance(seconds=seconds),
    )


def make_old(aws: Aws) -> dict[str, dict[str, Any]]:
    """Make all numbers those of a release that knew neither schemas nor that index; another hand has added to them."""
    items = aws.client.scan(TableName=aws.tables.numbers)["Items"]
    for item in items:
        old = {name: value for name, value in item.items() if name not in {"schema", "lapse_shard"}}
        aws.client.put_item(TableName=aws.tables.numbers, Item={**old, "carrier": {"S": "by another hand"}})
    return {item["number"]["S"]: item for item in aws.client.scan(TableName=aws.tables.numbers)["Items"]}


def test_old_numbers_are_found_and_brought_up(aws: Aws) -> None:
    """GIVEN numbers of an earlier release WHEN migrated THEN they are today's, in all indexes, and say the same."""
    put(
        aws.inventory,
        used("1"),
        cooling("2"),
        record("3", status=Status.RESERVED, reserved_for="a", reserved_until=LATER),
    )
    old = make_old(aws)
    service = migration(aws, aws.tables.numbers)
    seen = service.look(CUSTOMER)
    assert (seen.numbers, seen.outdated, seen.finished) == (3, 3, False)
    assert {item["number"]["S"]: item for item in aws.client.scan(TableName=aws.tables.numbers)["Items"]} == old

    done = service.apply(CUSTOMER, recount=False)

    assert (done.numbers, done.rewritten, done.finished) == (3, 3, True)
    assert [each.number for found in aws.inventory.lapsing(LATER) for each in found] == ["3"]
    now = {item["number"]["S"]: item for item in aws.client.scan(TableName=aws.tables.numbers)["Items"]}
    for number, item in old.items():
        new = {name: value for name, value in now[number].items() if name not in {"schema", "lapse_shard"}}
        assert new == item | {"version": {"N": "2"}}
    assert service.look(CUSTOMER).outdated == 0
    assert service.apply(CUSTOMER, recount=False).rewritten == 0


def test_a_number_that_somebody_changed_meanwhile_is_read_again(aws: Aws) -> None:
    """GIVEN a number that changes between the look and the write THEN neither that change nor the migration is lost."""
    [stored] = put(aws.inventory, record("1"))
    numbers = DynamoStoredNumbers(aws.client, aws.tables.numbers)
    [[read]] = numbers.stored(CUSTOMER)
    assert read.record == stored
    changed = replace(stored, description="desk")
    aws.client.update_item(
        TableName=aws.tables.numbers,
        Key={"customer": {"S": CUSTOMER}, "number": {"S": "1"}},
        UpdateExpression="SET description = :d, version = :v",
        ExpressionAttributeValues={":d": {"S": "desk"}, ":v": {"N": "2"}},
    )

    assert numbers.rewrite([stored], 7) == [WriteResult.SUPERSEDED]
    assert numbers.rewrite([replace(changed, version=2)], 7) == [WriteResult.WRITTEN]
    assert aws.inventory.get(CUSTOMER, "1") == replace(changed, version=7)
    assert numbers.rewrite([replace(changed, version=7)], 7) == [WriteResult.WRITTEN]
    assert aws.inventory.get(CUSTOMER, "1") == replace(changed, version=8)


def test_what_cannot_be_understood_is_named_and_left(aws: Aws) -> None:
    """GIVEN a spoilt number WHEN migrated THEN it stays as it is, is named, and the others are done."""
    put(aws.inventory, record("1"), record("2"))
    old = make_old(aws)["1"] | {"status": {"S": "Free"}}
    aws.client.put_item(TableName=aws.tables.numbers, Item=old)

    done = migration(aws, aws.tables.numbers).apply(CUSTOMER, recount=False)

    assert (done.unreadable, done.unreadable_numbers, done.rewritten) == (1, ["1"], 1)
    key = {"customer": {"S": CUSTOMER}, "number": {"S": "1"}}
    assert aws.client.get_item(TableName=aws.tables.numbers, Key=key)["Item"] == old


def test_counts_are_not_shown_before_they_are_whole(ports: Ports) -> None:
    """GIVEN a recount WHEN counts are asked for THEN they are refused until it has ended; it begins at none."""
    key = CounterKey(CUSTOMER, "Berlin")
    assert ports.counters.recounts([CUSTOMER]) == {}
    [counter] = ports.counters.load([key]).values()
    assert ports.counters.save(counter)
    begun = Recount(customer=CUSTOMER, since=1_795_000_000_000, restored=True)
    assert ports.counters.put_recount(begun, None)

    with pytest.raises(CountingError, match="migrate --apply") as refused:
        ports.counters.of_customer(CUSTOMER)
    assert refused.value.since == begun.since
    assert ports.counters.recounts([CUSTOMER, "other"]) == {CUSTOMER: begun}
    # Another recount than the one that was seen has begun.
    assert not ports.counters.put_recount(replace(begun, since=7), replace(begun, since=5))
    assert ports.counters.put_recount(replace(begun, finished=True), begun)

    [counted] = ports.counters.of_customer(CUSTOMER)
    assert (counted.since, counted.cells, counted.version) == (begun.since, {}, 1)
    assert list(ports.counters.customers()) == [CUSTOMER]


@pytest.fixture
def stack(ministack: Engine) -> Iterator[tuple[Any, str]]:
    """A CloudFormation client, and the name for a stack that is deleted in the end."""
    assert ministack.endpoint_url
    # Not the product's: its clients give up early and ask again, and a stack cannot be made twice.
    cloudformation, name = client("cloudformation", ministack.endpoint_url), f"upgrade-{uuid4().hex[:8]}"
    yield cloudformation, name
    cloudformation.delete_stack(StackName=name)


def deployed(schema: dict[str, Any]) -> str:
    """A template with the numbers' table alone."""
    return json.dumps(
        {
            "Resources": {"Numbers": {"Type": "AWS::DynamoDB::Table", "Properties": schema}},
            "Outputs": {"Name": {"Value": {"Ref": "Numbers"}}},
        }
    )


@pytest.mark.engine
@pytest.mark.xdist_group("engine-ministack")
def test_an_index_is_added_to_a_deployed_table(ministack: Engine, stack: tuple[Any, str]) -> None:
    """GIVEN a stack of a release without an index WHEN today's is deployed THEN all is kept, and the index fills."""
    cloudformation, name = stack
    today = table_schemas()["NumbersTable"]
    indexes = [each for each in today["GlobalSecondaryIndexes"] if each["IndexName"] != "lapsing"]
    known = [
        each for each in today["AttributeDefinitions"] if each["AttributeName"] not in {"lapse_shard", "reserved_until"}
    ]
    before = {**today, "GlobalSecondaryIndexes": indexes, "AttributeDefinitions": known}
    cloudformation.create_stack(StackName=name, TemplateBody=deployed(before))
    table = _table_of(cloudformation, name)
    dynamodb = ministack.session().dynamodb()
    for index in range(30):
        dynamodb.put_item(TableName=table, Item=_reserved(str(4700 + index)))
    stood = _all(dynamodb, table)

    cloudformation.update_stack(StackName=name, TemplateBody=deployed(today))

    assert _table_of(cloudformation, name) == table
    assert _all(dynamodb, table) == stood
    numbers = DynamoStoredNumbers(dynamodb, table)
    assert _lapsing(dynamodb, table) == 0
    service = MigrateNumbers(numbers=numbers, counters=_NoCounters(), clock=SettableClock(NOW), sleep=lambda _: None)
    assert service.apply(CUSTOMER, recount=False).rewritten == len(stood)
    assert _lapsing(dynamodb, table) == len(stood)
    now = _all(dynamodb, table)
    assert {key: {name: now[key][name] for name in item if name != "version"} for key, item in stood.items()} == {
        key: {name: value for name, value in item.items() if name != "version"} for key, item in stood.items()
    }


class _NoCounters:
    """Nobody counts here."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever is asked for
        return lambda *_: {}


def _table_of(cloudformation: Any, name: str) -> str:  # noqa: ANN401 - made at run time
    cloudformation.get_waiter("stack_exists").wait(StackName=name)
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack
    table: str = stack["Outputs"][0]["OutputValue"]
    return table


def _all(dynamodb: Any, table: str) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - made at run time
    return {item["number"]["S"]: item for item in dynamodb.scan(TableName=table)["Items"]}


def _lapsing(dynamodb: Any, table: str) -> int:  # noqa: ANN401 - made at run time
    count: int = dynamodb.scan(TableName=table, IndexName="lapsing")["Count"]
    return count


def _reserved(number: str) -> dict[str, Any]:
    """A reservation as a release before the index stored it."""
    return {
        "customer": {"S": CUSTOMER},
        "number": {"S": number},
        "version": {"N": "1"},
        "status": {"S": "Reserved"},
        "idle_pool": {"S": f"{CUSTOMER}#Reserved"},
        "reserved_for": {"S": "ann"},
        "reserved_until": {"S": "2026-03-01T13:00:00Z"},
    }
