"""The numbers' stream, read by hand: every change as the recording function gets it from the stream itself."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.adapters.number_stream import TableStream
from number_inventory.adapters.dynamodb.stream import read_record
from number_inventory.domain.changes import ANOTHER_HAND, ChangeKind
from number_inventory.domain.errors import NotFoundError
from number_inventory.ports.number_stream import StreamedChange
from tests.contract.conftest import Aws
from tests.contract.made import CUSTOMER, put, record

SOON = datetime.now(UTC) + timedelta(hours=1)


def stream(aws: Aws, table: str) -> TableStream:
    """The stream of a table; nobody sleeps."""
    return TableStream(aws.client, aws.engine.session().streams(), table, sleep=lambda _seconds: None)


@pytest.fixture
def numbers(aws_in_process: Aws) -> str:
    """The table of the numbers, with the stream that it has on a deployed stack."""
    view: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    aws_in_process.client.update_table(TableName=aws_in_process.tables.numbers, StreamSpecification=view)
    return aws_in_process.tables.numbers


def read(changes: list[StreamedChange]) -> list[Any]:
    """The changes as the function reads them."""
    return [read_record(json.loads(change.content)) for change in changes]


def test_the_stream_tells_of_every_change_in_order(aws_in_process: Aws, numbers: str) -> None:
    """GIVEN a number that is added, edited by another hand in binary, and deleted THEN each change is there, whole."""
    put(aws_in_process.inventory, record(description="Empfang, Zoë"))
    before = aws_in_process.inventory.get(CUSTOMER, "4711")
    key = {"customer": {"S": CUSTOMER}, "number": {"S": "4711"}}
    aws_in_process.client.update_item(
        TableName=numbers,
        Key=key,
        UpdateExpression="SET odd = :odd",
        ExpressionAttributeValues={":odd": {"M": {"raw": {"B": b"\x00\xff"}, "all": {"BS": [b"\x01", b"\x02"]}}}},
    )
    aws_in_process.client.delete_item(TableName=numbers, Key=key)

    changes = list(stream(aws_in_process, numbers).changes(SOON))
    told = read(changes)
    assert [change.kind for change in told] == [ChangeKind.CREATED, ChangeKind.TOUCHED, ChangeKind.DELETED]
    assert (told[0].after, told[0].before, told[2].after) == (before, None, None)
    assert told[1].by == ANOTHER_HAND
    assert [change.key for change in changes] == [change.key for change in told]
    assert [change.at for change in changes] == [change.streamed_at for change in told]
    assert len({change.shard for change in changes}) == 1
    assert {json.loads(change.content)["eventSourceARN"].split("/")[1] for change in changes} == {numbers}
    aws_in_process.history.record(told)
    keys = {change.key for change in changes if change.key is not None}
    assert set(aws_in_process.history.known(keys)) == keys


def test_what_happens_later_is_left_out(aws_in_process: Aws, numbers: str) -> None:
    """GIVEN a change WHEN the stream is read up to a time before it THEN there is none."""
    put(aws_in_process.inventory, record())
    assert list(stream(aws_in_process, numbers).changes(datetime.now(UTC) - timedelta(hours=1))) == []
    assert len(list(stream(aws_in_process, numbers).changes(SOON))) == 1


def test_a_table_without_a_stream_says_so(aws_in_process: Aws) -> None:
    """GIVEN a table that has no stream WHEN it is read THEN the error says what to do."""
    with pytest.raises(NotFoundError, match="has no stream"):
        list(stream(aws_in_process, aws_in_process.tables.macros).changes(SOON))
