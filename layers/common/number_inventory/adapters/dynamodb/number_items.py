"""A number as an item of the Numbers table, and the smallest update from one state to the next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from number_inventory.adapters.dynamodb.attributes import (
    SCHEMA,
    Attribute,
    Item,
    ItemReader,
    instant,
    second,
    text,
    whole,
)
from number_inventory.domain.cooling import whole_second
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.numbers import Holder, NumberRecord, Status, Usage

COOLING_INDEX = "cooling"
IDLE_INDEX = "idle"
LAPSING_INDEX = "lapsing"
COOLING_SHARDS = 8
"""Partitions of the cooling index: eight take 8,000 numbers a second into or out of cooling."""

LAPSE_SHARDS = 2
"""Partitions of the index of reservations with an end: people make them, not devices."""

IDLE_STATUSES = frozenset({Status.AVAILABLE, Status.RESERVED})
"""The statuses that the idle index lists."""

_WORDS = (
    "vendor",
    "tag",
    "description",
    "extra1",
    "extra2",
    "extra3",
    "internal_number_type",
    "e164_number",
    "site",
    "assigned_to",
    "reserved_for",
    "reservation_notes",
    "created_by",
    "updated_by",
    "reason",
    "claim",
)
_TEXTS = ("usage", *_WORDS)
_INSTANTS = ("cooling_since", "reserved_until", "created_at", "updated_at")
_INDEXED = ("cooling_shard", "release_at", "idle_pool", "lapse_shard")
_KEYS = frozenset({"customer", "number"})


def number_key(customer: str, number: str) -> Item:
    """The key of a number's item."""
    return {"customer": text(customer), "number": text(number)}


def cooling_shard(customer: str, number: str) -> str:
    """The partition of the cooling index that a number belongs to; the same for ever."""
    return _shard(customer, number, COOLING_SHARDS)


def lapse_shard(customer: str, number: str) -> str:
    """The partition of the index of reservations with an end that a number belongs to; the same for ever."""
    return _shard(customer, number, LAPSE_SHARDS)


def _shard(customer: str, number: str, shards: int) -> str:
    return str(crc32(f"{customer}#{number}".encode()) % shards)


def idle_pool(customer: str, status: Status) -> str:
    """The partition of the idle index that lists a customer's numbers of this status."""
    return f"{customer}#{status}"


def number_item(record: NumberRecord, version: int) -> Item:
    """The item of a record, stored as `version`.

    Raises:
        InvalidInputError: an instant has no time zone, or the Release Date has a fraction of a second.
    """
    item: Item = {
        "customer": text(record.customer),
        "number": text(record.number),
        "schema": SCHEMA,
        "version": whole(version),
        "status": {"S": str(record.status)},
    }
    for name in _TEXTS:
        words = getattr(record, name)
        if words:
            item[name] = {"S": str(words)}
    for name in _INSTANTS:
        moment = getattr(record, name)
        if moment is not None:
            item[name] = instant(moment)
    if record.deleting:
        item["deleting"] = {"BOOL": True}
    if record.holders:
        item["holders"] = {"M": {holder.device: _holder_attribute(holder) for holder in record.holders}}
    _add_indexed(item, record)
    return item


def _holder_attribute(holder: Holder) -> Attribute:
    return {"M": {"since": instant(holder.since), "sync": whole(holder.sync)}}


def _add_indexed(item: Item, record: NumberRecord) -> None:
    """The attributes that the indexes live by: a number without them is in no index and costs none of its writes."""
    if record.release_date is not None:
        if record.release_date.microsecond:
            raise InvalidInputError("release_date", f"must be in whole seconds, not {record.release_date.isoformat()}")
        item["release_at"] = second(record.release_date)
        if record.status is Status.COOLING:
            item["cooling_shard"] = {"S": cooling_shard(record.customer, record.number)}
    if record.status in IDLE_STATUSES:
        item["idle_pool"] = {"S": idle_pool(record.customer, record.status)}
    if record.status is Status.RESERVED and record.reserved_until is not None:
        item["lapse_shard"] = {"S": lapse_shard(record.customer, record.number)}


def read_number(item: dict[str, Any]) -> NumberRecord:
    """The record in an item. What is read can be written: whoever spoilt one number must not stop those beside it.

    Raises:
        RecordBrokenError: it cannot be understood; the message names customer, number and attribute.
    """
    customer, number = item["customer"]["S"], item["number"]["S"]
    read = ItemReader(item, f"number {number} of customer {customer}")
    return NumberRecord(
        customer=customer,
        number=number,
        status=read_status(read),
        usage=_usage(read),
        release_date=read_release_date(read),
        cooling_since=read.instant("cooling_since"),
        reserved_until=read.instant("reserved_until"),
        holders=read_holders(read),
        version=_version(read),
        created_at=read.instant("created_at"),
        updated_at=read.instant("updated_at"),
        deleting=read.switch("deleting"),
        outdated=item.get("schema") != SCHEMA,
        **read.texts_of(_WORDS),
    )


def is_current(item: dict[str, Any], record: NumberRecord) -> bool:
    """Whether an item is as this release stores its record, as far as schema and indexes go."""
    written = number_item(record, record.version)
    return all(item.get(name) == written.get(name) for name in ("schema", *_INDEXED))


def read_status(read: ItemReader) -> Status:
    """The status in an item."""
    spelling = read.text("status")
    try:
        return Status(spelling)
    except ValueError:
        raise read.broken("status", f"is {spelling[:40]!r}, which is no status") from None


def read_release_date(read: ItemReader) -> datetime | None:
    """The Release Date in an item: of one between two seconds, which only another hand can have written, the later."""
    stored = read.instant("release_at")
    if stored is None:
        return None
    try:
        return whole_second(stored)
    except OverflowError:
        raise read.broken("release_at", f"is beyond the year 9999: {stored.isoformat()}") from None


def _usage(read: ItemReader) -> Usage:
    spelling = read.text("usage")
    try:
        return Usage(spelling)
    except ValueError:
        raise read.broken("usage", f"is {spelling[:40]!r}, which is no usage") from None


def _version(read: ItemReader) -> int:
    version = read.whole("version")
    if version < 1:
        raise read.broken("version", f"is {version}, but the first version is 1")
    return version


def read_holders(read: ItemReader) -> tuple[Holder, ...]:
    """The holders in an item, in the order of their names."""
    holders = read.inner("holders")
    return tuple(_holder(holders.inner(device), device) for device in holders.names())


def _holder(read: ItemReader, device: str) -> Holder:
    since = read.instant("since")
    if since is None:
        raise read.broken("since", "is missing")
    return Holder(device=device, since=since, sync=read.whole("sync"))


@dataclass(frozen=True, slots=True)
class NumberChange:
    """What brings a stored number from one state to the next: attributes to set, and attributes to remove."""

    sets: Item
    removes: tuple[str, ...]


def number_change(before: NumberRecord, after: NumberRecord) -> NumberChange:
    """What differs, and nothing else: attributes that this release does not know survive.

    The attributes of the indexes are always brought right, changed or not: it costs nothing, and heals an item that
    some other hand has written. What an earlier release has written in its own way is written whole, in today's.
    """
    old = number_item(before, before.version)
    new = number_item(after, before.version + 1)
    sets = {
        name: attribute
        for name, attribute in new.items()
        if name not in _KEYS and (before.outdated or name in _INDEXED or old.get(name) != attribute)
    }
    candidates = dict.fromkeys((*_INDEXED, *old))
    return NumberChange(sets, tuple(name for name in candidates if name not in new))
