"""The Numbers table; implements `ports.Inventory`."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    LAPSE_SHARDS,
    LAPSING_INDEX,
    number_key,
    read_number,
    read_release_date,
)
from number_inventory.adapters.dynamodb.number_writes import NumberWrites
from number_inventory.adapters.dynamodb.tables import OnBroken, log_broken, query_pages, query_stretches
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.numbers import DueNumber, DueReservation, NumberPage, NumberQuery, NumberSlice, WriteResult

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from number_inventory.domain.decisions import Decision

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
        return self._get_many(customer, numbers, consistent=True)

    def peek_many(self, customer: str, numbers: Sequence[str]) -> NumbersFound:
        """Those of the numbers that exist, eventually consistent; looking up a broken one raises RecordBrokenError."""
        return self._get_many(customer, numbers, consistent=False)

    def _get_many(self, customer: str, numbers: Sequence[str], *, consistent: bool) -> NumbersFound:
        keys = [number_key(customer, number) for number in dict.fromkeys(numbers)]
        purpose = f"read {len(keys)} numbers of customer {customer}"
        records: dict[str, NumberRecord] = {}
        broken: dict[str, RecordBrokenError] = {}
        for item in batch_get(self._client, self._table, keys, purpose=purpose, consistent=consistent):
            number = item["number"]["S"]
            try:
                records[number] = read_number(item)
            except RecordBrokenError as error:
                broken[number] = error
        return NumbersFound(records, broken)

    def page(self, query: NumberQuery, limit: int, after: str | None) -> NumberPage:
        """At most `limit` numbers that match, from those after `after`; broken ones are reported and left out."""
        return self._listing.page(query, limit, after)

    def available(self, customer: str, prefix: str, batch: int) -> Iterator[Sequence[str]]:
        """Candidates for Available numbers in the order of their spelling, from the index of idle numbers."""
        return self._listing.available(customer, prefix, batch)

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
        request = _upto(COOLING_INDEX, "cooling_shard", "release_at", until, customer)
        shards = range(COOLING_SHARDS)
        for items in self._of_shards(request, shards, purpose="read which numbers are due for release"):
            # A date with a fraction of a second, which another hand has written, is rounded up: not due yet, perhaps.
            dates = [DueNumber(*item) for item in self._instants(items, read_release_date)]
            found = [due for due in dates if due.release_date <= until]
            if found:
                yield found

    def lapsing(self, until: datetime, customer: str | None = None) -> Iterator[Sequence[DueReservation]]:
        """Reservations in their index whose end is at or before `until`, shard by shard."""
        # An end with a fraction of a second is spelt so that it sorts before the second without: it comes in time.
        request = _upto(LAPSING_INDEX, "lapse_shard", "reserved_until", until, customer)
        shards = range(LAPSE_SHARDS)
        for items in self._of_shards(request, shards, purpose="read which reservations have lapsed"):
            ends = [DueReservation(*item) for item in self._instants(items, _reserved_until)]
            found = [end for end in ends if end.reserved_until <= until]
            if found:
                yield found

    def _of_shards(
        self, request: Mapping[str, Any], shards: Iterable[int], *, purpose: str
    ) -> Iterator[list[dict[str, Any]]]:
        for shard in shards:
            values = {**request["ExpressionAttributeValues"], ":shard": text(str(shard))}
            whole_request = {**request, "ExpressionAttributeValues": values}
            yield from query_pages(self._client, self._table, whole_request, purpose=purpose)

    def _instants(
        self, items: Sequence[dict[str, Any]], instant: Callable[[ItemReader], datetime | None]
    ) -> Iterator[tuple[str, str, datetime]]:
        """Customer, number and an instant of each item; what cannot be understood is reported and left out."""
        for item in items:
            customer, number = item["customer"]["S"], item["number"]["S"]
            try:
                at = instant(ItemReader(item, f"number {number} of customer {customer}"))
            except RecordBrokenError as error:
                self._on_broken(error)
                continue
            if at is not None:
                yield customer, number, at

    def _readable(self, items: Sequence[dict[str, Any]]) -> list[NumberRecord]:
        records = []
        for item in items:
            try:
                records.append(read_number(item))
            except RecordBrokenError as error:
                self._on_broken(error)
        return records

    def save(self, decisions: "Sequence[Decision]") -> Sequence[WriteResult]:
        """Write each decision if its number still is as it was in `before`; results in the same order.

        Raises:
            StorageRefusedError: AWS refuses such writes for good; some of the others may have been made.
        """
        return self._writes.save(decisions)

    def delete(self, record: NumberRecord) -> WriteResult:
        """Delete a number if it still is at the version of this record.

        Raises:
            StorageRefusedError: AWS refuses it for good.
        """
        return self._writes.delete(record)


def _reserved_until(read: ItemReader) -> datetime | None:
    return read.instant("reserved_until")


def _upto(index: str, shard: str, at: str, until: datetime, customer: str | None) -> dict[str, Any]:
    """What asks one shard of an index for everything up to an instant; of every customer, or of one."""
    names = {"#shard": shard, "#at": at}
    values = {":until": second(until)}
    request: dict[str, Any] = {
        "IndexName": index,
        "KeyConditionExpression": "#shard = :shard AND #at <= :until",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    if customer is not None:
        request["FilterExpression"] = "#customer = :customer"
        names["#customer"] = "customer"
        values[":customer"] = text(customer)
    return request
