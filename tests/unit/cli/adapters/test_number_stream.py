"""The numbers' stream as AWS may answer: many shards, pages without records, places that are lost, and throttling."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.adapters.number_stream import TableStream
from number_inventory.domain.errors import StorageBusyError, StorageRefusedError

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
END = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def error(code: str) -> ClientError:
    """An error of AWS."""
    return ClientError({"Error": {"Code": code, "Message": "x"}}, "GetRecords")


def record(sequence: int, at: datetime = AT, **more: object) -> dict[str, Any]:
    """A record as `GetRecords` gives it."""
    keys = {"customer": {"S": "acme"}, "number": {"S": f"{sequence}"}}
    return {
        "eventID": f"id-{sequence}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": at,
            "Keys": keys,
            "NewImage": {**keys, "version": {"N": "5"}, "status": {"S": "Available"}},
            "SequenceNumber": f"{sequence}",
            "SizeBytes": 99,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        **more,
    }


@dataclass
class PlayedStream:
    """A stream of shards, each a list of pages; an iterator is the shard and the place of a page.

    Attributes:
        pages: by shard.
        parents: of shards that have one.
        open: shards that still grow.
        errors: what the next calls raise instead, by operation.
        calls: the iterators that were asked for.
        waited: seconds that the reader slept.
    """

    pages: dict[str, list[list[dict[str, Any]]]]
    parents: dict[str, str] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def _fail(self, operation: str) -> None:
        if self.errors.get(operation):
            raise self.errors[operation].pop(0)

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803 - as botocore has it
        return {"Table": {"LatestStreamArn": f"arn:{TableName}"}}

    def describe_stream(self, ExclusiveStartShardId: str = "", **_: str) -> dict[str, Any]:  # noqa: N803 - likewise
        """One shard a page, in the order in which the test names them."""
        self._fail("describe_stream")
        names = list(self.pages)
        place = names.index(ExclusiveStartShardId) + 1 if ExclusiveStartShardId else 0
        name = names[place]
        shard: dict[str, Any] = {"ShardId": name, "SequenceNumberRange": {"StartingSequenceNumber": "1"}}
        if name in self.parents:
            shard["ParentShardId"] = self.parents[name]
        if name not in self.open:
            shard["SequenceNumberRange"]["EndingSequenceNumber"] = "9"
        last = {"LastEvaluatedShardId": name} if place + 1 < len(names) else {}
        return {"StreamDescription": {"Shards": [shard], **last}}

    def get_shard_iterator(
        self,
        ShardId: str,  # noqa: N803 - likewise
        ShardIteratorType: str,  # noqa: N803 - likewise
        SequenceNumber: str = "",  # noqa: N803 - likewise
        **_: str,
    ) -> dict[str, Any]:
        self.calls.append((ShardId, ShardIteratorType, SequenceNumber))
        self._fail("get_shard_iterator")
        ends = [page[-1]["dynamodb"]["SequenceNumber"] if page else "" for page in self.pages[ShardId]]
        place = ends.index(SequenceNumber) + 1 if ShardIteratorType == "AFTER_SEQUENCE_NUMBER" else 0
        return {"ShardIterator": f"{ShardId}:{place}"}

    def get_records(self, ShardIterator: str) -> dict[str, Any]:  # noqa: N803 - likewise
        self._fail("get_records")
        shard, _, place = ShardIterator.partition(":")
        pages = self.pages[shard]
        page = pages[int(place)] if int(place) < len(pages) else []
        goes_on = shard in self.open or int(place) + 1 < len(pages)
        return {"Records": page, **({"NextShardIterator": f"{shard}:{int(place) + 1}"} if goes_on else {})}

    def read(self, until: datetime = END) -> list[str]:
        """The sequences that are read, in order."""
        stream = TableStream(self, self, "numbers", sleep=self.waited.append)  # type: ignore[arg-type]  # what it uses
        return [change.sequence for change in stream.changes(until)]


def test_parents_come_before_their_children_and_all_pages_of_all_shards_are_read() -> None:
    """GIVEN shards in any order WHEN read THEN each comes after its parent, and is read through empty pages."""
    stream = PlayedStream(
        {
            "s-1-child": [[record(5)]],
            "s-3": [[], *[[] for _ in range(20)], [record(1)], [record(2)]],
            "s-2": [[record(9)]],
        },
        parents={"s-1-child": "s-3", "s-2": "trimmed away"},
    )
    assert stream.read() == ["9", "1", "2", "5"]


def test_a_shard_that_still_grows_ends_where_nothing_more_comes() -> None:
    """GIVEN a shard that is open WHEN some answers in a row have no records THEN it is read as far as it goes."""
    stream = PlayedStream({"s-1": [[record(1)], [], [record(2)]]}, open={"s-1"})
    assert stream.read() == ["1", "2"]


def test_a_busy_shard_ends_at_the_time_that_was_asked_for() -> None:
    """GIVEN a shard that grows while it is read THEN the reader does not run after it."""
    stream = PlayedStream(
        {"s-1": [[record(1), record(2, LATER)], *[[record(3, LATER)] for _ in range(99)]]}, open={"s-1"}
    )
    assert stream.read() == ["1"]
    assert stream.waited == []


@pytest.mark.parametrize(
    ("code", "begins"),
    [
        ("ExpiredIteratorException", ("AFTER_SEQUENCE_NUMBER", "1")),
        ("TrimmedDataAccessException", ("TRIM_HORIZON", "")),
    ],
)
def test_a_lost_place_is_found_again(code: str, begins: tuple[str, str]) -> None:
    """GIVEN a place that is too old WHEN read on THEN it goes on behind the last record, or at what is still kept."""
    stream = PlayedStream({"s-1": [[record(1)], [record(2)]]})
    found = TableStream(stream, stream, "numbers", sleep=stream.waited.append).changes(END)  # type: ignore[arg-type]  # likewise
    assert next(found).sequence == "1"
    stream.errors["get_records"] = [error(code)]
    rest = [change.sequence for change in found]
    assert rest == (["2"] if begins[1] else ["1", "2"])
    assert stream.calls == [("s-1", "TRIM_HORIZON", ""), ("s-1", *begins)]


def test_what_is_trimmed_meanwhile_is_passed_over() -> None:
    """GIVEN a record that is trimmed while its place is renewed THEN the rest of the shard is read."""
    stream = PlayedStream({"s-1": [[record(1)]], "s-2": [[record(2)]]})
    stream.errors["get_records"] = [error("ExpiredIteratorException"), error("ResourceNotFoundException")]
    assert stream.read() == ["2"]
    stream.errors["get_shard_iterator"] = [error("ResourceNotFoundException")]
    assert stream.read() == ["2"]


def test_a_busy_stream_is_waited_for() -> None:
    """GIVEN a stream that is throttled by its readers WHEN read THEN the reader waits, longer each time."""
    stream = PlayedStream({"s-1": [[record(1)]]})
    stream.errors = {
        "describe_stream": [error("LimitExceededException")],
        "get_records": [error("ProvisionedThroughputExceededException"), error("LimitExceededException")],
    }
    assert stream.read() == ["1"]
    assert stream.waited == [1.0, 1.0, 2.0]


def lost_again(stream: PlayedStream) -> None:
    stream.errors["get_records"] = [error("ExpiredIteratorException") for _ in range(99)]


def throttled(stream: PlayedStream) -> None:
    stream.errors["get_records"] = [error("LimitExceededException") for _ in range(99)]


@pytest.mark.parametrize("fault", [lost_again, throttled])
def test_a_stream_that_cannot_be_read_says_so(fault: Callable[[PlayedStream], None]) -> None:
    """GIVEN a stream that never answers properly WHEN read THEN that ends, with an error."""
    stream = PlayedStream({"s-1": [[record(1)]]})
    fault(stream)
    with pytest.raises(StorageBusyError, match="stream"):
        stream.read()


def test_a_missing_permission_is_told_at_once() -> None:
    """GIVEN an operator who may not read the stream THEN that is told without a wait."""
    stream = PlayedStream({"s-1": []}, errors={"describe_stream": [error("AccessDeniedException")]})
    with pytest.raises(StorageRefusedError, match="could not read which shards the stream has"):
        stream.read()
    assert stream.waited == []


def test_a_record_is_what_lambda_would_hand_over() -> None:
    """GIVEN a record with binary that DynamoDB itself made WHEN read THEN it is as an event source mapping has it."""
    raw = record(7, userIdentity={"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"})
    raw["dynamodb"]["NewImage"]["odd"] = {"B": b"\x00\xff"}
    stream = PlayedStream({"s-1": [[raw]]})
    [change] = TableStream(stream, stream, "numbers").changes(END)  # type: ignore[arg-type]  # likewise
    event = json.loads(change.content)
    assert event["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert event["eventSourceARN"] == "arn:numbers"
    assert event["dynamodb"]["NewImage"]["odd"] == {"B": "AP8="}
    assert event["dynamodb"]["ApproximateCreationDateTime"] == int(AT.timestamp())
    assert event.keys() - {"dynamodb", "eventSourceARN", "userIdentity"} == raw.keys() - {"dynamodb", "userIdentity"}
    assert (change.key is not None and change.key.number, change.at) == ("7", AT)


def test_what_is_no_number_has_no_place_in_the_history() -> None:
    """GIVEN a record without images WHEN read THEN it is handed on, without a key."""
    raw = record(7)
    del raw["dynamodb"]["NewImage"]
    stream = PlayedStream({"s-1": [[raw]]})
    [change] = TableStream(stream, stream, "numbers").changes(END)  # type: ignore[arg-type]  # likewise
    assert (change.sequence, change.key) == ("7", None)
