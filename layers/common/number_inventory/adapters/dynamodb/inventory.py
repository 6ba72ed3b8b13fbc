"""The Numbers table; implements `ports.Inventory`."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from number_inventory.adapters.aws import (
    AWS_FAULTS,
    WRITE_THREADS,
    AwsFault,
    aws_errors,
    storage_error,
    was_retried,
)
from number_inventory.adapters.dynamodb.attributes import ItemReader, second, text
from number_inventory.adapters.dynamodb.batch_get import batch_get
from number_inventory.adapters.dynamodb.listing import Listing
from number_inventory.adapters.dynamodb.number_items import (
    COOLING_INDEX,
    COOLING_SHARDS,
    number_item,
    number_key,
    number_update,
    read_number,
)
from number_inventory.adapters.dynamodb.tables import OnBroken, condition_failed, log_broken, old_item, query_pages
from number_inventory.domain.errors import RecordBrokenError, StorageRefusedError
from number_inventory.domain.lifecycle import Decision
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports import DueNumber, NumberPage, NumberQuery, WriteResult

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)


class NumbersFound(Mapping[str, NumberRecord]):
    """Numbers by their spelling, some of which may be broken.

    Looking up a broken number raises its RecordBrokenError: it is there, so it must never pass for an absent one.
    Iterating goes over the sound ones.
    """

    def __init__(self, records: Mapping[str, NumberRecord], broken: Mapping[str, RecordBrokenError]) -> None:
        self._records = records
        self._broken = broken

    def __getitem__(self, number: str) -> NumberRecord:
        if number in self._broken:
            raise self._broken[number]
        return self._records[number]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, number: object) -> bool:
        return number in self._records or number in self._broken


class DynamoInventory:
    """The numbers of all customers in one table.

    Attributes:
        on_broken: told of broken items that listings and writes come across.
    """

    def __init__(self, client: "DynamoDBClient", table: str, on_broken: OnBroken = log_broken) -> None:
        self._client = client
        self._table = table
        self._on_broken = on_broken
        self._listing = Listing(client, table, self._readable)

    # --- reading

    def get(self, customer: str, number: str) -> NumberRecord | None:
        """One number, strongly consistent; raises RecordBrokenError where it cannot be understood."""
        return self._get(customer, number, consistent=True)

    def peek(self, customer: str, number: str) -> NumberRecord | None:
        """One number, eventually consistent; raises RecordBrokenError where it cannot be understood."""
        return self._get(customer, number, consistent=False)

    def _get(self, customer: str, number: str, *, consistent: bool) -> NumberRecord | None:
        with aws_errors(f"read number {number} of customer {customer}"):
            answer = self._client.get_item(
                TableName=self._table, Key=number_key(customer, number), ConsistentRead=consistent
            )
        item = answer.get("Item")
        return read_number(item) if item else None

    def get_many(self, customer: str, numbers: Sequence[str]) -> NumbersFound:
        """Those of the numbers that exist, strongly consistent; looking up a broken one raises RecordBrokenError."""
        keys = [number_key(customer, number) for number in dict.fromkeys(numbers)]
        purpose = f"read {len(keys)} numbers of customer {customer}"
        records: dict[str, NumberRecord] = {}
        broken: dict[str, RecordBrokenError] = {}
        for item in batch_get(self._client, self._table, keys, purpose=purpose, consistent=True):
            number = item["number"]["S"]
            try:
                records[number] = read_number(item)
            except RecordBrokenError as error:
                broken[number] = error
        return NumbersFound(records, broken)

    def page(self, query: NumberQuery, limit: int, after: str | None) -> NumberPage:
        """At most `limit` numbers that match, from those after `after`; broken ones are reported and left out."""
        return self._listing.page(query, limit, after)

    def every(self, customer: str) -> Iterator[Sequence[NumberRecord]]:
        """All numbers of a customer, eventually consistent, a megabyte at a time; broken ones are reported."""
        purpose = f"read the numbers of customer {customer}"
        request: dict[str, Any] = {
            "KeyConditionExpression": "#customer = :customer",
            "ExpressionAttributeNames": {"#customer": "customer"},
            "ExpressionAttributeValues": {":customer": text(customer)},
        }
        for items in query_pages(self._client, self._table, request, purpose=purpose):
            yield self._readable(items)

    def due(self, until: datetime, customer: str | None = None) -> Iterator[Sequence[DueNumber]]:
        """Numbers in the cooling index whose Release Date is at or before `until`, shard by shard."""
        names = {"#shard": "cooling_shard", "#at": "release_at"}
        values = {":until": second(until)}
        purpose = "read which numbers are due for release"
        request: dict[str, Any] = {
            "IndexName": COOLING_INDEX,
            "KeyConditionExpression": "#shard = :shard AND #at <= :until",
            "ExpressionAttributeNames": names,
        }
        if customer is not None:
            request["FilterExpression"] = "#customer = :customer"
            names["#customer"] = "customer"
            values[":customer"] = text(customer)
        for shard in range(COOLING_SHARDS):
            request["ExpressionAttributeValues"] = {**values, ":shard": text(str(shard))}
            for items in query_pages(self._client, self._table, request, purpose=purpose):
                batch = [due for item in items if (due := self._due(item)) is not None]
                if batch:
                    yield batch

    def _due(self, item: dict[str, Any]) -> DueNumber | None:
        customer, number = item["customer"]["S"], item["number"]["S"]
        read = ItemReader(item, f"number {number} of customer {customer}")
        try:
            release_date = read.instant("release_at")
        except RecordBrokenError as error:
            self._on_broken(error)
            return None
        return DueNumber(customer, number, release_date) if release_date else None

    def _readable(self, items: Sequence[dict[str, Any]]) -> list[NumberRecord]:
        records = []
        for item in items:
            try:
                records.append(read_number(item))
            except RecordBrokenError as error:
                self._on_broken(error)
        return records

    # --- writing

    def save(self, decisions: Sequence[Decision]) -> Sequence[WriteResult]:
        """Write each decision if its number still is as it was in `before`; results in the same order.

        Raises:
            StorageRefusedError: AWS refuses such writes for good; some of the others may have been made.
        """
        results = [WriteResult.WRITTEN] * len(decisions)
        todo = [index for index, decision in enumerate(decisions) if decision.needs_write]
        if len(todo) == 1:
            results[todo[0]] = self._write(decisions[todo[0]])
        elif todo:
            self._write_at_once(decisions, todo, results)
        return results

    def _write_at_once(self, decisions: Sequence[Decision], todo: list[int], results: list[WriteResult]) -> None:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - lookups never write: they start without it

        stop = threading.Event()

        def write_share(share: list[int]) -> None:
            for index in share:
                if stop.is_set():
                    return
                try:
                    results[index] = self._write(decisions[index])
                except BaseException:
                    # The caller learns of it from the future; the other shares must not go on writing meanwhile.
                    stop.set()
                    raise

        threads = min(WRITE_THREADS, len(todo))
        with ThreadPoolExecutor(threads) as pool:
            shares = [pool.submit(write_share, todo[first::threads]) for first in range(threads)]
        for share in shares:
            share.result()

    def _write(self, decision: Decision) -> WriteResult:
        try:
            if decision.before is None:
                self._client.put_item(
                    TableName=self._table,
                    Item=number_item(decision.after, 1),
                    ConditionExpression="attribute_not_exists(#number)",
                    ExpressionAttributeNames={"#number": "number"},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            else:
                self._update(decision.before, decision.after)
        except AWS_FAULTS as error:
            return self._not_written(decision, error)
        return WriteResult.WRITTEN

    def _update(self, before: NumberRecord, after: NumberRecord) -> None:
        update = number_update(before, after)
        self._client.update_item(
            TableName=self._table,
            Key=number_key(after.customer, after.number),
            UpdateExpression=update.expression,
            ConditionExpression="#version = :seen",
            ExpressionAttributeNames=update.names,
            ExpressionAttributeValues=update.values,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def _not_written(self, decision: Decision, error: AwsFault) -> WriteResult:
        if condition_failed(error):
            return self._lost_race(decision, error)
        after = decision.after
        meaning = storage_error(error, f"write number {after.number} of customer {after.customer}")
        if isinstance(meaning, StorageRefusedError):
            raise meaning from error
        _log.warning("%s", meaning)
        return WriteResult.FAILED

    def _lost_race(self, decision: Decision, error: ClientError) -> WriteResult:
        """The number is not as it was: somebody else's doing, unless an earlier try of this very write stands."""
        item = old_item(error)
        if not item:
            return WriteResult.SUPERSEDED
        version = decision.before.version + 1 if decision.before else 1
        try:
            stored = read_number(item)
        except RecordBrokenError as broken:
            # Deciding anew would meet it again and again.
            self._on_broken(broken)
            return WriteResult.FAILED
        if was_retried(error) and number_item(stored, stored.version) == number_item(decision.after, version):
            return WriteResult.WRITTEN
        return WriteResult.SUPERSEDED
