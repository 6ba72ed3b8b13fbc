"""A quick look at many numbers: the few attributes that an audit compares, and no others.

It goes over every number of a customer, so it is written for speed: no call for each attribute, no instant parsed that
nobody compares. Whatever the quick reading stumbles over is read once more with care, which tells what is wrong.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from number_inventory.adapters.dynamodb.attributes import SCHEMA, ItemReader
from number_inventory.adapters.dynamodb.number_items import read_holders, read_release_date, read_status
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.numbers import NumberGlance, Status

GLANCED = ("number", "schema", "status", "usage", "vendor", "site", "holders", "release_at")
"""The attributes that a glance needs."""

_STATUSES = {status.value: status for status in Status}


def read_glances(
    customer: str, items: Iterable[dict[str, Any]]
) -> tuple[list[NumberGlance], dict[str, RecordBrokenError]]:
    """What the items show, in their order, and by their numbers those that cannot be understood.

    How a Usage is spelt is left to whoever reads the whole record.
    """
    glances: list[NumberGlance] = []
    broken: dict[str, RecordBrokenError] = {}
    for item in items:
        try:
            glances.append(_quick(item))
        except (KeyError, TypeError, ValueError):
            try:
                glances.append(_careful(customer, item))
            except RecordBrokenError as error:
                broken[item["number"]["S"]] = error
    return glances, broken


def _quick(item: dict[str, Any]) -> NumberGlance:
    if item.get("schema", SCHEMA) != SCHEMA:
        raise ValueError
    status = _STATUSES[item["status"]["S"]]
    usage, vendor, site, holders = item.get("usage"), item.get("vendor"), item.get("site"), item.get("holders")
    return NumberGlance(
        item["number"]["S"],
        status,
        usage["S"] if usage else "",
        vendor["S"] if vendor else "",
        site["S"] if site else "",
        _quick_holders(holders["M"]) if holders else (),
        _quick_release_date(item) if status is Status.COOLING else None,
    )


def _quick_holders(holders: dict[str, Any]) -> tuple[str, ...]:
    for holder in holders.values():
        # Looked up for the error alone: half an entry says nothing about the device.
        holder["M"]["since"]["S"], holder["M"]["sync"]["N"]
    return tuple(holders)


def _quick_release_date(item: dict[str, Any]) -> datetime | None:
    if "release_at" not in item:
        return None
    release_date = datetime.fromisoformat(item["release_at"]["S"])
    if release_date.tzinfo is not UTC or release_date.microsecond:
        raise ValueError
    return release_date


def _careful(customer: str, item: dict[str, Any]) -> NumberGlance:
    number = item["number"]["S"]
    read = ItemReader(item, f"number {number} of customer {customer}")
    status = read_status(read)
    return NumberGlance(
        number,
        status,
        read.text("usage"),
        read.text("vendor"),
        read.text("site"),
        tuple(holder.device for holder in read_holders(read)),
        read_release_date(read) if status is Status.COOLING else None,
    )
