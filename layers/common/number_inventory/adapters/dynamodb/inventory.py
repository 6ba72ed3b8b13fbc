"""The Numbers table; implements `ports.Inventory`."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import (
    aws_errors,
)
from number_inventory.adapters.dynamodb.attributes import ItemReader, second, text
from number_inventory.adapters.dynamodb.batch_get import batch_get
from number_inventory.adapters.dynamodb.listing import Listing
from number_inventory.adapters.dynamodb.number_glances import GLANCED, read_glances
from number_inventory.adapters.dynamodb.number_items import (
    COOLING_INDEX,
    COOLING_SHARDS,
    number_key,
    read_number,
)
from number_inventory.adapters.dynamodb.number_writes import NumberWrites
from number_inventory.adapters.dynamodb.tables import OnBroken, log_broken, query_pages, query_stretches
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.lifecycle import Decision
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports import DueNumber, NumberPage, NumberQuery, NumberSlice, WriteResult

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
        batched: write up to 25 numbers a request, for about a seventh of the CPU and the same units. Needs
            `dynamodb:PartiQLInsert` and `dynamodb:PartiQLUpdate` besides what single writes need.
    """

    def __init__(
        self, client: "DynamoDBClient", table: str, on_broken: OnBroken = log_broken, *, batched: bool = False
    ) -> None:
        self._client = client
        self._table = table
        self._on_broken = on_broken
        self._writes = NumberWrites(client, table, on_broken, batched=batched)
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

    def sweep(self, customer: str, after: str = "") -> Iterator[NumberSlice]:
        """All numbers of a customer behind `after`, eventually consistent, a megabyte at a time.

        Numbers that cannot be understood are named in their slice, and reported.
        """
        request: dict[str, Any] = {
            "KeyConditionExpression": "#customer = :customer",
            "ProjectionExpression": ", ".join(f"#{name}" for name in GLANCED),
            "ExpressionAttributeNames": {"#customer": "customer", **{f"#{name}": name for name in GLANCED}},
            "ExpressionAttributeValues": {":customer": text(customer)},
        }
        if after:
            request["KeyConditionExpression"] += " AND #number > :after"
            request["ExpressionAttributeValues"][":after"] = text(after)
        purpose = f"read the numbers of customer {customer}"
        for items, last in query_stretches(self._client, self._table, request, purpose=purpose):
            glances, broken = read_glances(customer, items)
            for error in broken.values():
                self._on_broken(error)
            yield NumberSlice(glances, list(broken), last["number"]["S"] if last else None)

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

    def save(self, decisions: Sequence[Decision]) -> Sequence[WriteResult]:
        """Write each decision if its number still is as it was in `before`; results in the same order.

        Raises:
            StorageRefusedError: AWS refuses such writes for good; some of the others may have been made.
        """
        return self._writes.save(decisions)
