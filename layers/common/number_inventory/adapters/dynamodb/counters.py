"""The counters of numbers, an item a Site, beside the history; implements `ports.Counters`."""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.dynamodb.attributes import SCHEMA, Item, ItemReader, text, whole
from number_inventory.adapters.dynamodb.batch_get import batch_get
from number_inventory.adapters.dynamodb.tables import OnBroken, log_broken, query_pages, write_if
from number_inventory.domain.changes import ChangeKey
from number_inventory.domain.counts import STATUSES, Cell, CounterKey, SiteCounter
from number_inventory.domain.errors import RecordBrokenError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OF_SITE = "count#"
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
        """All counters of a customer, by Site, eventually consistent."""
        request = {
            "KeyConditionExpression": "#number = :customer",
            "ExpressionAttributeNames": {"#number": "number"},
            "ExpressionAttributeValues": {":customer": text(customer)},
        }
        purpose = f"read how many numbers customer {customer} has"
        pages = query_pages(self._client, self._table, request, purpose=purpose)
        return [_read(item) for items in pages for item in items]

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
    }


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
    return SiteCounter(key=key, version=read.whole("version"), cells=found, applied=keys)
