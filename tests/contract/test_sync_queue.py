"""The SyncQueue port: one message a device, ten a request, and whatever is not taken is given back."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from number_inventory.adapters.sqs import SqsSyncQueue
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import StorageRefusedError
from tests.contract.made import CUSTOMER
from tests.engines.engine import Engine
from tests.engines.faults import refusals, taken_in_part

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass
class Queue:
    """The adapter on one engine, and what to look behind it with."""

    sqs: "SQSClient"
    url: str
    port: SqsSyncQueue

    def bodies(self) -> list[str]:
        """Takes all messages out."""
        found: list[str] = []
        while batch := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            for message in batch:
                found.append(message["Body"])
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture
def queue(cloud: Engine) -> Queue:
    sqs = cloud.session().sqs()
    url = sqs.create_queue(QueueName=f"syncs-{uuid4().hex[:12]}")["QueueUrl"]
    return Queue(sqs, url, SqsSyncQueue(sqs, url))


def keys(count: int) -> list[DeviceKey]:
    return [DeviceKey(CUSTOMER, f"sbc-{index}") for index in range(count)]


@pytest.mark.parametrize("count", [0, 1, 10, 23])
def test_each_device_is_queued_once(queue: Queue, count: int) -> None:
    assert list(queue.port.send(keys(count))) == []
    bodies = [json.loads(body) for body in queue.bodies()]
    assert sorted(bodies, key=str) == sorted(({"customer": CUSTOMER, "device": k.name} for k in keys(count)), key=str)


def test_a_schedules_syncs_say_so(queue: Queue) -> None:
    assert list(queue.port.send(keys(1), scheduled=True)) == []
    [body] = queue.bodies()
    assert json.loads(body) == {"customer": CUSTOMER, "device": "sbc-0", "scheduled": True}


def test_messages_that_sqs_does_not_take_are_sent_again(queue: Queue) -> None:
    """GIVEN SQS that takes only some of a batch at first THEN the others are sent again, and none twice."""
    with taken_in_part(queue.sqs, failures=2):
        assert list(queue.port.send(keys(10))) == []
    assert len(queue.bodies()) == 10


def test_messages_that_sqs_never_takes_are_given_back(queue: Queue) -> None:
    with taken_in_part(queue.sqs, failures=100):
        unsent = queue.port.send(keys(25))
    assert len(unsent) == len(set(unsent)) == 3
    assert len(queue.bodies()) == 22
    assert set(unsent) < set(keys(25))


@pytest.mark.usefixtures("no_backoff")
def test_busy_queue_gives_back_what_it_did_not_take(queue: Queue) -> None:
    """GIVEN an SQS that throttles beyond all retries THEN the devices are given back, and no error stops the others."""
    with refusals(queue.sqs, "SendMessageBatch", "ThrottlingException", times=100):
        assert list(queue.port.send(keys(25))) == keys(25)


def test_queue_that_does_not_exist_is_an_error(cloud: Engine, queue: Queue) -> None:
    port = SqsSyncQueue(queue.sqs, queue.url + "-gone")
    with pytest.raises(StorageRefusedError, match="queue the sync"):
        port.send(keys(1))
