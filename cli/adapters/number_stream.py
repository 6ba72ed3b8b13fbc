"""The stream of the Numbers table, read by hand; implements `ports.NumberStream`. Functions get it from Lambda."""

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from number_inventory.adapters.aws import aws_errors, error_code
from number_inventory.adapters.dynamodb.attribute_json import attributes_as_json
from number_inventory.adapters.dynamodb.change_items import streamed_instant
from number_inventory.adapters.dynamodb.stream import read_record
from number_inventory.domain.changes import ChangeKey
from number_inventory.domain.errors import InvalidInputError, NotFoundError, StorageBusyError
from number_inventory.ports.number_stream import StreamedChange

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Shard = Mapping[str, Any]

_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before a throttled read is tried once more, beyond what the client does by itself: the stream hands records
to the deployed function meanwhile, and a shard takes five reads a second from all its readers."""

_PAUSE = 0.25
"""Seconds after an answer without records."""

_EMPTY = 8
"""So many answers in a row without records are the end of a shard that still grows. AWS may answer so where records are
yet to come. But it closes each shard after some hours, and one that is closed is read until AWS says that it ends: so
what was given up after half a day is never cut off here."""

_RENEWALS = 5
"""How often a place in a shard may be lost without a record in between."""

_PLACE_LOST = frozenset({"ExpiredIteratorException", "TrimmedDataAccessException"})
_TRIMMED = "TrimmedDataAccessException"
_GONE = "ResourceNotFoundException"
_IMAGES = ("Keys", "NewImage", "OldImage")
_NAMES = ("eventID", "eventName", "eventVersion", "eventSource", "awsRegion")


class TableStream:
    """The stream of one table.

    Attributes:
        client: of DynamoDB, which knows the table's stream.
        streams: a client of DynamoDB Streams.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        streams: Any,  # noqa: ANN401 - see AwsSession
        table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._streams = streams
        self._table = table
        self._sleep = sleep

    def changes(self, until: datetime) -> Iterator[StreamedChange]:
        """All that it keeps, see `ports.NumberStream`; records are read a thousand at a time, as they are wanted."""
        stream = self._stream()
        for shard in _parents_first(self._shards(stream)):
            for page in self._pages(stream, shard):
                found = [_change(record, stream, shard["ShardId"]) for record in page]
                wanted = [change for change in found if change.at <= until]
                yield from wanted
                if found and not wanted:
                    break

    def _stream(self) -> str:
        with aws_errors(f"look for the stream of table {self._table}"):
            table = self._client.describe_table(TableName=self._table)["Table"]
        if "LatestStreamArn" not in table:
            raise NotFoundError(f"table {self._table} has no stream, so nothing is kept in one: deploy the stack again")
        return table["LatestStreamArn"]

    def _shards(self, stream: str) -> list[_Shard]:
        shards: list[_Shard] = []
        start: dict[str, str] = {}
        while True:
            describe = partial(self._streams.describe_stream, StreamArn=stream, **start)
            described = self._patiently("read which shards the stream has", describe)["StreamDescription"]
            shards += described["Shards"]
            if not described.get("LastEvaluatedShardId"):
                return shards
            start = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}

    def _pages(self, stream: str, shard: _Shard) -> Iterator[Sequence[Any]]:
        """The records of a shard, from the oldest that is kept; ends where the shard does."""
        closed = bool(shard.get("SequenceNumberRange", {}).get("EndingSequenceNumber"))
        iterator, last = self._iterator(stream, shard, None), None
        empty = renewals = 0
        while iterator:
            try:
                answer = self._read(iterator)
            except ClientError as error:
                if error_code(error) == _GONE:
                    return
                renewals += 1
                if renewals > _RENEWALS:
                    raise StorageBusyError(f"shard {shard['ShardId']} of the stream cannot be read: {error}") from error
                iterator = self._iterator(stream, shard, None if error_code(error) == _TRIMMED else last)
                continue
            iterator = answer.get("NextShardIterator")
            if answer["Records"]:
                empty, renewals, last = 0, 0, answer["Records"][-1]["dynamodb"]["SequenceNumber"]
                yield answer["Records"]
                continue
            empty += 1
            if not closed and empty == _EMPTY:
                return
            if iterator:
                self._sleep(_PAUSE)

    def _iterator(self, stream: str, shard: _Shard, last: str | None) -> str | None:
        """A place in a shard: behind a record, or the oldest that is kept; None where nothing of it is kept."""
        place = {"ShardIteratorType": "TRIM_HORIZON"}
        if last is not None:
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
        try:
            answer: Any = self._patiently(
                f"begin with shard {shard['ShardId']} of the stream",
                lambda: self._streams.get_shard_iterator(StreamArn=stream, ShardId=shard["ShardId"], **place),
                {_GONE, _TRIMMED},
            )
        except ClientError as error:
            # Records are a day old by now that were there a moment ago: what is left of the shard comes next.
            return self._iterator(stream, shard, None) if last is not None and error_code(error) == _TRIMMED else None
        iterator: str | None = answer.get("ShardIterator")
        return iterator

    def _read(self, iterator: str) -> Any:  # noqa: ANN401 - AWS's own shape
        return self._patiently(
            "read records of the stream",
            lambda: self._streams.get_records(ShardIterator=iterator),
            {_GONE, *_PLACE_LOST},
        )

    def _patiently(self, purpose: str, call: Callable[[], Any], known: Collection[str] = ()) -> Any:  # noqa: ANN401 - AWS's own shape
        """The answer to a call, also of a busy stream; errors that are `known` are the caller's to understand."""
        for wait in (*_WAITS, None):
            try:
                return _answered(purpose, call, known)
            except StorageBusyError:
                if wait is None:
                    raise
                self._sleep(wait)
        raise AssertionError("the last wait is None")


def _answered(purpose: str, call: Callable[[], Any], known: Collection[str]) -> Any:  # noqa: ANN401 - AWS's own shape
    with aws_errors(purpose):
        try:
            return call()
        except ClientError as error:
            if error_code(error) not in known:
                raise
            understood = error
    raise understood


def _parents_first(shards: Sequence[_Shard]) -> Iterator[_Shard]:
    """Shards in the order in which their changes happened, as far as they have one; their names tell their age."""
    left = sorted(shards, key=lambda shard: str(shard["ShardId"]))
    while left:
        waiting = {shard["ShardId"] for shard in left}
        ready = [shard for shard in left if shard.get("ParentShardId") not in waiting] or left
        yield from ready
        left = [shard for shard in left if shard not in ready]


def _change(record: Any, stream: str, shard: str) -> StreamedChange:  # noqa: ANN401 - AWS's own shape
    event = _as_event(record, stream)
    data = event["dynamodb"]
    return StreamedChange(
        shard=shard,
        sequence=str(data["SequenceNumber"]),
        at=streamed_instant(data["ApproximateCreationDateTime"]),
        key=_key(event),
        content=json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(),
    )


def _as_event(record: Mapping[str, Any], stream: str) -> dict[str, Any]:
    """A record as an event source mapping hands it to a function: instants in seconds, binary in base64."""
    data = dict(record["dynamodb"])
    data["ApproximateCreationDateTime"] = int(data["ApproximateCreationDateTime"].timestamp())
    data |= {name: attributes_as_json(data[name]) for name in _IMAGES if name in data}
    event = {name: record[name] for name in _NAMES if name in record}
    if "userIdentity" in record:
        # DynamoDB itself deleted the item, because its time was over.
        event["userIdentity"] = {
            "type": record["userIdentity"].get("Type"),
            "principalId": record["userIdentity"].get("PrincipalId"),
        }
    return event | {"dynamodb": data, "eventSourceARN": stream}


def _key(event: Mapping[str, Any]) -> ChangeKey | None:
    """Which change it is, as the function will understand it."""
    try:
        return read_record(event).key
    except InvalidInputError:
        return None
