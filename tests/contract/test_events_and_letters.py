"""Those who are told of what happened: a bus of events, and the queue of what could not be worked on."""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from number_inventory.adapters.eventbridge import DETAIL_TYPE, SOURCE, EventBridgeStatusEvents, status_event
from number_inventory.adapters.sqs import SqsDeadLetters
from number_inventory.adapters.stock_events import LOW, EventBridgeStockEvents, stock_event
from number_inventory.domain.errors import StorageBusyError, StorageRefusedError
from number_inventory.domain.stock import StockLevel, StockThreshold, StockWatch
from tests.contract.made import CUSTOMER, NOW, listed, used
from tests.engines.engine import MINISTACK, Engine
from tests.engines.faults import refusals
from tests.engines.fixtures import engine_named
from tests.memory.history import change_of

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

CHANGES = [change_of(None, replace(used(number), version=3), 1, NOW) for number in listed(13)]
WATCH = StockWatch(
    customer=CUSTOMER,
    site="Berlin",
    low=True,
    crossing=1,
    since=NOW,
    level=StockLevel(available=3, total=40),
    threshold=StockThreshold(percent=0, count=5),
)
ALL_TRIES = 5

pytestmark = pytest.mark.usefixtures("no_backoff")


@dataclass
class Listener:
    """A bus, a queue that gets everything of ours from it, and their clients."""

    events: "EventBridgeClient"
    sqs: "SQSClient"
    bus: str
    queue_url: str

    def heard(self, count: int) -> list[dict[str, Any]]:
        """So many events."""
        return bodies(self.sqs, self.queue_url, count)


def bodies(sqs: "SQSClient", url: str, count: int) -> list[dict[str, Any]]:
    """So many bodies out of a queue."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        assert answer.get("Messages"), f"only {len(found)} of {count} came"
        for message in answer["Messages"]:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


@pytest.fixture(params=[MINISTACK])
def listener(request: pytest.FixtureRequest) -> Listener:
    session, mark = engine_named(request.param, request).session(), uuid4().hex[:12]
    events, sqs = session.events(), session.sqs()
    url = sqs.create_queue(QueueName=f"heard-{mark}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name=f"bus-{mark}")
    events.put_rule(Name="ours", EventBusName=f"bus-{mark}", EventPattern=json.dumps({"source": [SOURCE]}))
    events.put_targets(Rule="ours", EventBusName=f"bus-{mark}", Targets=[{"Id": "1", "Arn": arn}])
    return Listener(events, sqs, f"bus-{mark}", url)


def test_changes_of_status_arrive_once_each(listener: Listener) -> None:
    """GIVEN more changes than one request takes WHEN published THEN whoever listens hears of each, as documented."""
    assert list(EventBridgeStatusEvents(listener.events, listener.bus).publish(CHANGES)) == []
    heard = listener.heard(len(CHANGES))
    assert {each["detail-type"] for each in heard} == {DETAIL_TYPE}
    told = sorted((each["detail"] for each in heard), key=lambda detail: str(detail["number"]))
    assert told == sorted(map(status_event, CHANGES), key=lambda detail: str(detail["number"]))


def test_low_stock_arrives(listener: Listener) -> None:
    EventBridgeStockEvents(listener.events, listener.bus).tell(WATCH, 4)
    [heard] = listener.heard(1)
    assert (heard["detail-type"], heard["detail"]) == (LOW, stock_event(WATCH, 4))


def test_what_the_bus_never_takes_is_given_back(listener: Listener) -> None:
    """GIVEN a bus that is throttled for good WHEN changes are published THEN they are to come again."""
    publish = EventBridgeStatusEvents(listener.events, listener.bus).publish
    with refusals(listener.events, "PutEvents", "ThrottlingException", times=ALL_TRIES):
        assert list(publish(CHANGES[:10])) == CHANGES[:10]
    with refusals(listener.events, "PutEvents", "ThrottlingException"):
        assert list(publish(CHANGES[:1])) == [], "botocore tries again"
    with refusals(listener.events, "PutEvents", "AccessDeniedException"), pytest.raises(StorageRefusedError):
        publish(CHANGES)


def test_low_stock_that_the_bus_does_not_take_is_an_error_by_type(listener: Listener) -> None:
    tell = EventBridgeStockEvents(listener.events, listener.bus).tell
    with (
        refusals(listener.events, "PutEvents", "ThrottlingException", times=ALL_TRIES),
        pytest.raises(StorageBusyError, match="stock/1/"),
    ):
        tell(WATCH, None)
    with refusals(listener.events, "PutEvents", "AccessDeniedException"), pytest.raises(StorageRefusedError):
        tell(WATCH, None)


def test_what_cannot_be_worked_on_is_kept(cloud: Engine) -> None:
    """GIVEN a letter WHEN it is kept THEN it is in the queue; of one that is too long, the beginning."""
    sqs = cloud.session().sqs()
    url = sqs.create_queue(QueueName=f"letters-{uuid4().hex[:12]}")["QueueUrl"]
    keep = SqsDeadLetters(sqs, url).keep
    keep({"number": "+4930\N{LATIN SMALL LETTER O WITH DIAERESIS}", "at": NOW})
    assert bodies(sqs, url, 1) == [{"number": "+4930ö", "at": str(NOW)}]
    keep({"image": "\N{GOTHIC LETTER AHSA}" * 300_000})
    [cut] = bodies(sqs, url, 1)
    assert cut["cut"].startswith('{"image":')


def test_letters_that_cannot_be_kept_are_an_error_by_type(cloud: Engine) -> None:
    sqs = cloud.session().sqs()
    keep = SqsDeadLetters(sqs, "https://sqs.eu-central-1.amazonaws.com/123456789012/letters").keep
    with (
        refusals(sqs, "SendMessage", "ThrottlingException", times=ALL_TRIES),
        pytest.raises(StorageBusyError),
    ):
        keep({"number": "4711"})
    with refusals(sqs, "SendMessage", "AccessDeniedException"), pytest.raises(StorageRefusedError):
        keep({"number": "4711"})
