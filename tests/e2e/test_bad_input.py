"""Bad input to the deployed functions: named, kept where it can be looked at, and in nobody's way."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import NUMBERS
from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import DeployedStack, FunctionFailedError, eventually


@pytest.fixture
def impatient(stack: DeployedStack) -> Iterator[DeployedStack]:
    """The stack with a queue that gives messages back after a second instead of six minutes."""
    sqs, queue = stack.client("sqs"), stack.description["queues"]["sync"]
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    yield stack
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=before)


def messages(stack: DeployedStack, queue: str) -> list[dict[str, Any]]:
    """What waits in a queue; it stays there."""
    answer = stack.client("sqs").receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageSystemAttributeNames=["All"]
    )
    return list(answer.get("Messages", []))


def test_a_poisoned_message_ends_in_the_dead_letters(impatient: DeployedStack, customer: Customer) -> None:
    """GIVEN messages that make no sense WHEN worked THEN they end in the dead letters, and the good one is worked."""
    customer.add_device()
    mark = uuid4().hex[:12]
    poisoned = [f"not JSON {mark}", json.dumps({"customer": customer.name, "devise": mark})]
    good = json.dumps({"customer": customer.name, "device": "sbc-1"})
    for body in (*poisoned, good):
        impatient.client("sqs").send_message(QueueUrl=impatient.description["queues"]["sync"], MessageBody=body)

    customer.shows("Used", *NUMBERS)
    dead: list[str] = []

    def all_dead() -> bool:
        dead.extend(
            message["Body"] for message in messages(impatient, impatient.description["queues"]["sync_dead_letters"])
        )
        return set(poisoned) <= set(dead)

    assert eventually(all_dead), dead
    assert good not in dead
    assert [line for line in impatient.log("sync_worker") if mark in line and "must be a JSON object" in line]


@pytest.mark.parametrize(
    ("function", "event", "named"),
    [
        ("sync_dispatcher", [], "event: must be a JSON object"),
        ("sync_dispatcher", {"device": "sbc-1"}, "'customer' is missing"),
        ("sync_dispatcher", {"customer": "nobody", "device": "sbc-1"}, "customer nobody has no device 'sbc-1'"),
        ("sync_worker", {"customer": "acme"}, "Records: Field required"),
        ("release_cooled", {"as_of": "2036-01-01T00:00:00Z"}, "'as_of' goes with mode 'report' only"),
        ("release_cooled", {"mode": "report", "as_of": "2036-01-01T00:00:00"}, "as_of"),
        ("audit", {"mode": "repair"}, "mode"),
        ("audit", {"plan": "0" * 64}, "'plan' goes with mode 'correct' only"),
        ("audit", {"customer": "nobody", "run": "none", "step": 0}, "customer nobody has no audit 'none'"),
        ("number_api", {}, "event: must be a request"),
    ],
)
def test_a_malformed_event_is_named(stack: DeployedStack, function: str, event: object, named: str) -> None:
    """GIVEN an event that makes no sense WHEN the deployed function gets it THEN its error names what is wrong."""
    with pytest.raises(FunctionFailedError) as failed:
        stack.invoke(function, event)

    assert named in str(failed.value)


def test_a_scheduled_run_that_fails_is_kept(stack: DeployedStack) -> None:
    """GIVEN a run without anybody to answer WHEN it fails, retries included THEN its event and error are kept."""
    mark = uuid4().hex
    stack.client("lambda").invoke(
        FunctionName=stack.description["functions"]["release_cooled"],
        InvocationType="Event",
        Payload=json.dumps({"mode": mark}).encode(),
    )
    queues = stack.client("sqs").list_queues(QueueNamePrefix=f"{stack.description['stack_name']}-InvocationDeadLetters")
    [queue] = queues["QueueUrls"]

    assert eventually(lambda: [message for message in messages(stack, queue) if mark in message["Body"]])


def test_the_deployed_worker_gives_back_only_what_failed(stack: DeployedStack) -> None:
    """GIVEN a poisoned message and one for a device that is gone WHEN worked THEN the poisoned one comes back."""
    bodies = {"poisoned": "{", "gone": json.dumps({"customer": "nobody", "device": "gone"})}
    answer = stack.invoke(
        "sync_worker", {"Records": [{"messageId": name, "body": body} for name, body in bodies.items()]}
    )

    assert answer == {"batchItemFailures": [{"itemIdentifier": "poisoned"}]}
