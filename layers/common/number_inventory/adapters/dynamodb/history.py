"""The History table; implements `ports.History`."""

import logging
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attributes import Item, text
from number_inventory.adapters.dynamodb.batch_get import batch_get
from number_inventory.adapters.dynamodb.batch_write import batch_put
from number_inventory.adapters.dynamodb.change_items import (
    change_item,
    history_of,
    place_of,
    read_change,
    without_states,
)
from number_inventory.adapters.dynamodb.tables import OnBroken, log_broken
from number_inventory.domain.changes import Change, ChangeKey
from number_inventory.domain.errors import ContentRefusedError, RecordBrokenError
from number_inventory.ports.history import ChangePage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_log = logging.getLogger(__name__)


class DynamoHistory:
    """Every change of every number, an item each; a number's are in a partition of their own.

    Attributes:
        retention: how long after it happened a change is kept.
        on_broken: told of items that a page leaves out, because they cannot be understood.
    """

    def __init__(
        self, client: "DynamoDBClient", table: str, retention: timedelta, on_broken: OnBroken = log_broken
    ) -> None:
        self._client = client
        self._table = table
        self._retention = retention
        self._on_broken = on_broken

    def record(self, changes: Sequence[Change]) -> None:
        """Store changes without a condition: their keys and all they hold follow from what the stream says.

        What another hand has put into a number may be more than the table takes of a change: then that one is kept
        without it, and the others do not wait.

        Raises:
            StorageBusyError, StorageRefusedError: some of them may be stored.
        """
        items = list({change.key: change_item(change, self._retention) for change in changes}.values())
        try:
            self._put(items)
        except ContentRefusedError:
            for item in items:
                self._put_alone(item)

    def _put_alone(self, item: Item) -> None:
        try:
            self._put([item])
        except ContentRefusedError as error:
            _log.error("a change is kept without what the number held: %s", error)
            self._put([without_states(item)])

    def _put(self, items: Sequence[Item]) -> None:
        batch_put(self._client, self._table, items, purpose=f"store {len(items)} changes of numbers")

    def known(self, keys: Collection[ChangeKey]) -> frozenset[ChangeKey]:
        """Those of the changes that are stored, strongly consistent.

        Raises:
            StorageBusyError, StorageRefusedError: they could not be looked up.
        """
        places = {(history_of(key.customer, key.number), place_of(key)): key for key in keys}
        wanted = [{"number": text(number), "change": text(place)} for number, place in places]
        purpose = f"look whether {len(wanted)} changes of numbers are stored"
        found = batch_get(
            self._client, self._table, wanted, purpose=purpose, consistent=True, names=("number", "change")
        )
        return frozenset(places[item["number"]["S"], item["change"]["S"]] for item in found)

    def page(self, customer: str, number: str, limit: int, after: str | None) -> ChangePage:
        """At most `limit` changes of a number, the newest first; broken ones are reported and left out."""
        request: dict[str, Any] = {
            "KeyConditionExpression": "#number = :number",
            "ExpressionAttributeNames": {"#number": "number"},
            "ExpressionAttributeValues": {":number": text(history_of(customer, number))},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if after:
            request["KeyConditionExpression"] += " AND #change < :after"
            request["ExpressionAttributeNames"]["#change"] = "change"
            request["ExpressionAttributeValues"][":after"] = text(after)
        with aws_errors(f"read the history of number {number} of customer {customer}"):
            answer = self._client.query(TableName=self._table, **request)
        changes = []
        for item in answer["Items"]:
            try:
                changes.append(read_change(item))
            except RecordBrokenError as error:
                self._on_broken(error)
        last: Any = answer.get("LastEvaluatedKey")
        return ChangePage(tuple(changes), last["change"]["S"] if last else None)
