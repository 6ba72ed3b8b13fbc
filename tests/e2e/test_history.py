"""What becomes of numbers on the deployed stack: into the history, and onto the bus, by whatever path it came."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from number_inventory.adapters.aws import AwsSession
from number_inventory.adapters.dynamodb.history import DynamoHistory
from number_inventory.domain.changes import ANOTHER_HAND, Change, ChangeKind
from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import DeployedStack, eventually

NUMBER = "+493012340001"
SCHEMA = Draft202012Validator(json.loads(Path("docs/schemas/number-status-changed.json").read_text(encoding="utf-8")))


def history(stack: DeployedStack, customer: str, number: str, count: int) -> list[Change]:
    """What the history says of a number, as it happened, once it has so many changes."""
    session = AwsSession(
        region="eu-central-1", endpoint_url=stack.description["endpoint_url"], access_key=("test", "test")
    )
    kept = DynamoHistory(session.dynamodb(), stack.table("history"), timedelta(days=400))

    def look() -> list[Change]:
        changes = kept.page(customer, number, 100, None).changes[::-1]
        return list(changes) if len(changes) >= count else []

    return eventually(look)


@dataclass
class Consumer:
    """A queue behind a rule of the bus.

    Attributes:
        events: those that came so far.
    """

    sqs: Any
    url: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def has(self, count: int) -> bool:
        """Takes what there is; whether so many came by now."""
        for message in self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            self.events.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return len(self.events) >= count


@pytest.fixture
def consumer(stack: DeployedStack, customer: Customer) -> Iterator[Consumer]:
    """One who wants to know of a customer's changes of Status."""
    events, sqs, name = stack.client("events"), stack.client("sqs"), f"test-{uuid4().hex[:10]}"
    bus = stack.description["event_bus"].rpartition("/")[2]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"detail-type": ["Number Status Changed"], "detail": {"customer": [customer.name]}}
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    yield Consumer(sqs, url)
    events.remove_targets(Rule=name, EventBusName=bus, Ids=["queue"])
    events.delete_rule(Name=name, EventBusName=bus)


def test_life_of_a_number_is_kept_and_told(stack: DeployedStack, customer: Customer, consumer: Consumer) -> None:
    """GIVEN numbers that a device brings, people manage and another hand writes THEN all of it is kept and told."""
    customer.add_device()
    customer.sync()
    other = "+498912349999"
    path = f"/customers/{customer.name}/numbers"
    assert stack.post(path, {"numbers": [other]}).body["created"] == 1
    stack.client("dynamodb").update_item(
        TableName=stack.table("numbers"),
        Key={"customer": {"S": customer.name}, "number": {"S": other}},
        UpdateExpression="SET site = :site",
        ExpressionAttributeValues={":site": {"S": "Nowhere"}},
    )
    assert stack.send("DELETE", f"{path}/%2B498912349999").status == 204

    [created] = history(stack, customer.name, NUMBER, 1)
    assert (created.kind, created.by.partition("#")[0]) == (ChangeKind.CREATED, "sync:sbc-1")
    managed = history(stack, customer.name, other, 4)
    assert [(change.kind, change.by) for change in managed] == [
        (ChangeKind.CREATED, "api"),
        (ChangeKind.EDITED, ANOTHER_HAND),
        (ChangeKind.DELETING, "api"),
        (ChangeKind.DELETED, "api"),
    ]

    told = stack.get(f"{path}/%2B498912349999/history", limit="3").body
    assert [change["kind"] for change in told["changes"]] == ["deleted", "deleting", "edited"]
    asked = stack.get(f"{path}/%2B498912349999", as_of=told["changes"][2]["at"])
    assert (asked.status, asked.body["site"]) == (200, "Nowhere")
    explained = stack.get(f"{path}/%2B493012340001/explain").body
    assert (explained["cause"]["by"]["name"], explained["history_caught_up"]) == ("sbc-1", True)
    assert (
        customer.operate("numbers", "explain", NUMBER, "--json").json["cause"]["sentence"]
        == explained["cause"]["sentence"]
    )
    assert "created" in customer.operate("numbers", "history", NUMBER).out

    counted = eventually(lambda: stack.get(f"/customers/{customer.name}/counts").body)
    assert (counted["by_status"]["Used"], counted["by_status"]["Available"], counted["total"]) == (3, 0, 3)
    assert counted["by_vendor"]["AudioCodes"]["utilisation_percent"] == 100
    assert customer.operate("numbers", "count", "--site", "", "--json").json["total"] == 3

    assert eventually(lambda: consumer.has(5))
    for event in consumer.events:
        SCHEMA.validate(event["detail"])
        assert event["source"] == "number-inventory"
    assert {(event["detail"]["number"], event["detail"]["kind"]) for event in consumer.events} >= {
        (NUMBER, "created"),
        (other, "created"),
        (other, "deleted"),
    }


@pytest.fixture
def unfed(stack: DeployedStack) -> Iterator[Callable[[bool], None]]:
    """Feeds the recording function from the stream, or does not: given up by Lambda looks the same from outside."""
    functions = stack.client("lambda")
    name = stack.description["functions"]["record_history"]
    [mapping] = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]

    def feed(wanted: bool) -> None:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=wanted)

    yield feed
    feed(True)


def test_lost_changes_are_replayed_from_the_stream(
    stack: DeployedStack, customer: Customer, consumer: Consumer, unfed: Callable[[bool], None]
) -> None:
    """GIVEN changes that the function never got WHEN replayed THEN they are kept and told, and counted once."""
    begin = datetime.now(UTC) - timedelta(seconds=2)
    unfed(False)
    customer.operate("numbers", "add", NUMBER)
    only = ("--since", begin.isoformat(), "--json")
    look = customer.operate("history", "replay", "--dry-run", *only).json
    assert (look["missing"] >= 1, look["poisoned"]) == (True, 0)
    assert customer.operate("numbers", "history", NUMBER, "--json").json["changes"] == []

    done = customer.operate("history", "replay", "--missing", *only)
    assert done.json["replayed"] == done.json["missing"] >= 1
    [created] = history(stack, customer.name, NUMBER, 1)
    assert created.kind is ChangeKind.CREATED
    assert eventually(lambda: consumer.has(1))
    assert "Not in the history" in customer.operate("history", "replay", "--since", begin.isoformat()).out
    assert eventually(lambda: consumer.has(2))

    unfed(True)
    customer.operate("numbers", "edit", NUMBER, "--description", "after it")
    # Of one number the stream tells in order: what it told of before was handed over, too.
    assert [change.kind for change in history(stack, customer.name, NUMBER, 2)] == [
        ChangeKind.CREATED,
        ChangeKind.EDITED,
    ]
    assert customer.operate("numbers", "count", "--json").json["total"] == 1
    assert eventually(lambda: consumer.has(3))
    assert len({event["detail"]["id"] for event in consumer.events}) == 1


def test_poisoned_record_ends_with_the_dead_letters_and_stops_nothing(stack: DeployedStack, customer: Customer) -> None:
    """GIVEN a batch with a record that is none WHEN the function has it THEN a person finds it, the others are kept."""
    keys = {"customer": {"S": customer.name}, "number": {"S": "1"}}
    data = {"Keys": keys, "SequenceNumber": "7", "ApproximateCreationDateTime": 1_790_000_000}
    image = {**keys, "version": {"N": "5"}, "status": {"S": "Available"}}
    mark = uuid4().hex
    stack.invoke(
        "record_history", {"Records": [{"dynamodb": {"mark": mark}}, {"dynamodb": {**data, "NewImage": image}}]}
    )
    assert [change.kind for change in history(stack, customer.name, "1", 1)] == [ChangeKind.CREATED]
    sqs, url = stack.client("sqs"), stack.description["queues"]["history_dead_letters"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
    assert [message for message in found if mark in message["Body"]]
