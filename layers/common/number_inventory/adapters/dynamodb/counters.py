"""The counters of numbers, an item a Site, beside the history; implements `ports.Counters`."""

import json
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.dynamodb.attributes import SCHEMA, Item, ItemReader, text, whole
from number_inventory.adapters.dynamodb.batch_get import batch_get
from number_inventory.adapters.dynamodb.tables import OnBroken, log_broken, old_item, query_pages, write_if
from number_inventory.domain.changes import ChangeKey
from number_inventory.domain.counts import STATUSES, Cell, CounterKey, Recount, SiteCounter
from number_inventory.domain.errors import CountingError, RecordBrokenError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OF_SITE = "count#"
_RECOUNT = "recount"
_INDEX, _ALL = "counted", "all"


class DynamoCounters:
    """Counters in the History table; a customer's name, which holds no `#`, is the partition of all of its own.

    Attributes:
        on_broken: told of counters that cannot be understood, and with which nothing is counted.
    """

    def __init__(self, client: "DynamoDBClient", table: str, on_broken: OnBroken = log_broken) -> None:
        self._client = client
        self._table = table
        self._on_broken = on_broken

    def load(self, keys: Sequence[CounterKey]) -> Mapping[CounterKey, SiteCounter]:
        """A counter for each key, strongly consistent; an empty one where there is none, none where it is broken."""
        found = {key: SiteCounter(key=key) for key in keys}
        wanted = [_key(key) for key in found]
        purpose = f"read {len(wanted)} counters of numbers"
        for item in batch_get(self._client, self._table, wanted, purpose=purpose, consistent=True):
            key = _key_of(item)
            try:
                found[key] = _read(item)
            except RecordBrokenError as error:
                self._on_broken(error)
                del found[key]
        return found

    def save(self, counter: SiteCounter) -> bool:
        """Store a counter if nobody has written it since it was read; False, and nothing stored, where somebody has."""
        condition = "attribute_not_exists(#version)" if not counter.version else "#version = :seen"
        request: dict[str, Any] = {
            "TableName": self._table,
            "Item": _item(counter),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#version": "version"},
        }
        if counter.version:
            request["ExpressionAttributeValues"] = {":seen": whole(counter.version)}
        purpose = f"count numbers of customer {counter.key.customer}"
        return write_if(purpose, self._client.put_item, **request) is None

    def of_customer(self, customer: str) -> Sequence[SiteCounter]:
        """All counters of a customer, by Site, eventually consistent; raises CountingError."""
        request = {
            "KeyConditionExpression": "#number = :customer",
            "ExpressionAttributeNames": {"#number": "number"},
            "ExpressionAttributeValues": {":customer": text(customer)},
        }
        purpose = f"read how many numbers customer {customer} has"
        pages = query_pages(self._client, self._table, request, purpose=purpose)
        items = [item for items in pages for item in items]
        recount = next((_read_recount(item) for item in items if _is_recount(item)), None)
        if recount is not None and not recount.finished:
            raise CountingError(customer, recount.since)
        counters = [_read(item) for item in items if not _is_recount(item)]
        return [counter.as_of(recount.since if recount else 0) for counter in counters]

    def customers(self) -> Iterator[str]:
        """Every customer that has or had numbers, in order: the index has an entry a counter, and nothing else."""
        request = {
            "IndexName": _INDEX,
            "KeyConditionExpression": "#counted = :all",
            "ExpressionAttributeNames": {"#counted": "counted"},
            "ExpressionAttributeValues": {":all": text(_ALL)},
        }
        pages = query_pages(self._client, self._table, request, purpose="list the customers that have numbers")
        for customer, _ in groupby(item["number"]["S"] for items in pages for item in items):
            yield customer

    def recounts(self, customers: Collection[str]) -> Mapping[str, Recount]:
        """The latest recount of each customer that ever had one, strongly consistent."""
        keys = [_recount_key(customer) for customer in sorted(set(customers))]
        purpose = f"read since when the numbers of {len(keys)} customers are counted"
        found = batch_get(self._client, self._table, keys, purpose=purpose, consistent=True)
        return {recount.customer: recount for recount in map(_read_recount, found)}

    def put_recount(self, recount: Recount, seen: Recount | None) -> bool:
        """Store a recount; False, and nothing stored, where the latest is not the one that was seen."""
        names = {"#since": "since"}
        values: Item = {}
        condition = "attribute_not_exists(#since)"
        if seen is not None:
            condition = "#since = :seen"
            values[":seen"] = whole(seen.since)
        refused = write_if(
            f"store since when the numbers of customer {recount.customer} are counted",
            self._client.put_item,
            TableName=self._table,
            Item=_recount_item(recount),
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            **({"ExpressionAttributeValues": values} if values else {}),
        )
        # Sent again after a lost answer it meets its own work.
        return refused is None or old_item(refused) == _recount_item(recount)


def _recount_key(customer: str) -> Item:
    return {"number": text(customer), "change": text(_RECOUNT)}


def _recount_item(recount: Recount) -> Item:
    item: Item = {**_recount_key(recount.customer), "schema": SCHEMA, "since": whole(recount.since)}
    flags = {"restored": recount.restored, "finished": recount.finished}
    return item | {name: {"BOOL": True} for name, value in flags.items() if value}


def _is_recount(item: Mapping[str, Any]) -> bool:
    return bool(item["change"]["S"] == _RECOUNT)


def _read_recount(item: Mapping[str, Any]) -> Recount:
    customer = item["number"]["S"]
    read = ItemReader(item, f"recount of customer {customer}")
    return Recount(
        customer=customer,
        since=read.whole("since"),
        restored=read.switch("restored"),
        finished=read.switch("finished"),
    )


def _key(key: CounterKey) -> Item:
    return {"number": text(key.customer), "change": text(_OF_SITE + key.site)}


def _key_of(item: Mapping[str, Any]) -> CounterKey:
    return CounterKey(item["number"]["S"], item["change"]["S"].removeprefix(_OF_SITE))


def _item(counter: SiteCounter) -> Item:
    cells = {f"{cell.status}#{cell.vendor}": whole(count) for cell, count in sorted(counter.cells.items())}
    # Names of changes of one batch are much alike: packed, a hundred of them take two write units, not eight.
    applied = json.dumps([[key.number, key.version, key.sequence] for key in sorted(counter.applied)])
    return {
        **_key(counter.key),
        "schema": SCHEMA,
        "counted": text(_ALL),
        "version": whole(counter.version + 1),
        "cells": {"M": cells},
        "applied": {"B": zlib.compress(applied.encode())},
    } | ({"since": whole(counter.since)} if counter.since else {})


def _read(item: Mapping[str, Any]) -> SiteCounter:
    """The counter in an item.

    Raises:
        RecordBrokenError: it cannot be understood; nothing is counted on such.
    """
    key = _key_of(item)
    read = ItemReader(item, f"counter of site {key.site!r} of customer {key.customer}")
    cells = read.inner("cells")
    found = {}
    for name in cells.names():
        status, _, vendor = name.partition("#")
        if status not in STATUSES:
            raise read.broken("cells", f"counts {status[:40]!r}, which is no status")
        found[Cell(status, vendor)] = cells.whole(name)
    try:
        applied = json.loads(zlib.decompress(read.blob("applied")))
        keys = frozenset(ChangeKey(key.customer, number, version, sequence) for number, version, sequence in applied)
    except (ValueError, TypeError, zlib.error):
        raise read.broken("applied", "is no packed list of changes") from None
    return SiteCounter(key=key, version=read.whole("version"), since=read.whole("since", 0), cells=found, applied=keys)
