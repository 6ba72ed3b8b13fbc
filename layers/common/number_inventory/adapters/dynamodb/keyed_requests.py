"""The Requests table; implements `ports.KeyedRequests`.

An item is one request by the digest of its name: what it says, who carries it out until when, and its answer. Every
write is conditional on the attempt that makes it, so an attempt that is late cannot touch what its successor stores. An
answer of DynamoDB can get lost after the effect: asking again then meets its own work, and knows it by the attempt.
"""

import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.dynamodb.attributes import SCHEMA, ItemReader, instant, sortable_instant, text, whole
from number_inventory.adapters.dynamodb.tables import old_item, write_if
from number_inventory.domain.errors import LeaseLostError, StorageBusyError
from number_inventory.domain.keyed_requests import Attempt
from number_inventory.ports.keyed_requests import Answered, UnderWay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

_ROUNDS = 3
"""How often a request is looked at anew that others take up, or forget, at the same moment."""

_HELD = "#holder = :holder AND attribute_not_exists(#answer)"


class DynamoKeyedRequests:
    """Requests that have a key, in one table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def begin(
        self, attempt: Attempt, content: str, now: datetime, forgotten_at: datetime
    ) -> Attempt | UnderWay | Answered | None:
        """Take up a request; see `ports.KeyedRequests`."""
        for _ in range(_ROUNDS):
            refused = write_if(
                "take up a request",
                self._client.put_item,
                TableName=self._table,
                Item=_item(attempt, content, forgotten_at),
                # DynamoDB may take days to forget.
                ConditionExpression="attribute_not_exists(#request) OR #expires_at <= :now",
                ExpressionAttributeNames={"#request": "request", "#expires_at": "expires_at"},
                ExpressionAttributeValues={":now": whole(int(now.timestamp()))},
            )
            if refused is None:
                return attempt
            stands = old_item(refused)
            if not stands:
                continue
            found = _found(stands, attempt, content, now)
            if not isinstance(found, Attempt):
                return found
            if found.holder == attempt.holder:
                return found
            if self._take_over(found, attempt):
                return Attempt(
                    name=found.name,
                    token=found.token,
                    begun_at=found.begun_at,
                    holder=attempt.holder,
                    until=attempt.until,
                    intended=found.intended,
                )
        raise StorageBusyError("could not take up the request for now: others were at it. Try again later")

    def _take_over(self, dead: Attempt, attempt: Attempt) -> bool:
        """Take a request from an attempt whose time is over; False where somebody else was faster."""
        refused = write_if(
            "take over a request",
            self._client.update_item,
            TableName=self._table,
            Key={"request": text(dead.name)},
            UpdateExpression="SET #holder = :new, #until = :until",
            # Sent again after a lost answer it meets its own work.
            ConditionExpression="(#holder = :holder OR #holder = :new) AND attribute_not_exists(#answer)",
            ExpressionAttributeNames={"#holder": "holder", "#until": "until", "#answer": "answer"},
            ExpressionAttributeValues={
                ":holder": text(dead.holder),
                ":new": text(attempt.holder),
                ":until": sortable_instant(attempt.until),
            },
        )
        return refused is None

    def intend(self, attempt: Attempt, numbers: "Sequence[str]") -> None:
        """Note numbers that this attempt is about to take."""
        self._update(
            attempt,
            "note what a request takes",
            "ADD #intended :numbers",
            {"#intended": "intended"},
            {":numbers": {"SS": sorted(set(numbers))}},
        )

    def settle(self, attempt: Attempt, answer: bytes) -> None:
        """Keep the answer."""
        try:
            self._update(
                attempt,
                "keep the answer to a request",
                "SET #answer = :answer REMOVE #until, #intended",
                {"#until": "until", "#intended": "intended"},
                {":answer": {"B": zlib.compress(answer)}},
            )
        except LeaseLostError:
            # Sent again after a lost answer it finds what it has stored; or a successor has stored the same by now.
            return

    def let_go(self, attempt: Attempt, now: datetime) -> None:
        """Let whoever sends the request again carry it out at once."""
        try:
            self._update(
                attempt,
                "let a request go",
                "SET #until = :until",
                {"#until": "until"},
                {":until": sortable_instant(now)},
            )
        except LeaseLostError:
            return

    def _update(
        self, attempt: Attempt, purpose: str, change: str, names: dict[str, str], values: dict[str, Any]
    ) -> None:
        refused = write_if(
            purpose,
            self._client.update_item,
            TableName=self._table,
            Key={"request": text(attempt.name)},
            UpdateExpression=change,
            ConditionExpression=_HELD,
            ExpressionAttributeNames={"#holder": "holder", "#answer": "answer", **names},
            ExpressionAttributeValues={":holder": text(attempt.holder), **values},
        )
        if refused is not None:
            raise LeaseLostError("the request took so long that it was taken over by its repetition")


def _item(attempt: Attempt, content: str, forgotten_at: datetime) -> dict[str, Any]:
    return {
        "request": text(attempt.name),
        "schema": SCHEMA,
        "content": text(content),
        "token": text(attempt.token),
        "begun_at": instant(attempt.begun_at),
        "holder": text(attempt.holder),
        "until": sortable_instant(attempt.until),
        "expires_at": whole(int(forgotten_at.timestamp())),
    }


def _found(item: dict[str, Any], attempt: Attempt, content: str, now: datetime) -> Attempt | UnderWay | Answered | None:
    """What stands of a request: its answer, the attempt that has it, or the dead one; None for another request."""
    read = ItemReader(item, "request that has a key")
    if read.text("content") != content:
        return None
    packed = read.blob("answer")
    if packed:
        return Answered(zlib.decompress(packed))
    until, begun_at = read.instant("until"), read.instant("begun_at")
    if until is None or begun_at is None:
        raise read.broken("until", "is missing, or begun_at")
    holder = read.text("holder")
    if holder != attempt.holder and until > now:
        return UnderWay(until)
    return Attempt(
        name=attempt.name,
        token=read.text("token"),
        begun_at=begun_at,
        holder=holder,
        until=until,
        intended=read.texts("intended"),
    )
