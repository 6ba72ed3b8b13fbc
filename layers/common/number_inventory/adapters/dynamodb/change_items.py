"""A change of a number as an item of the History table.

The item has the number as it is since the change, and of the number as it was before only what differs. So one item
says both, and stays within a write unit where the number itself does.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from number_inventory.adapters.dynamodb.attributes import SCHEMA, Item, ItemReader, instant, text, whole
from number_inventory.adapters.dynamodb.number_items import number_item, read_number
from number_inventory.domain.changes import Change, ChangeKey, State, Unreadable
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.numbers import NumberRecord

SEQUENCE_DIGITS = 40
"""The most digits that the name of a change in a DynamoDB stream can have."""

_VERSION_DIGITS = 16
_KEYS = frozenset({"customer", "number"})
_MOST_BYTES = 350_000
"""What an item may hold; DynamoDB takes 400 KB, and counts a little differently."""


def history_of(customer: str, number: str) -> str:
    """The partition that holds the changes of a number; no customer's name can hold a `#`."""
    return f"{customer}#{number}"


def place_of(key: ChangeKey) -> str:
    """Where a change stands among those of its number: text that sorts as they happened."""
    return f"{key.version:0{_VERSION_DIGITS}d}#{key.sequence}"


def change_item(change: Change, retention: timedelta) -> Item:
    """The item of a change, the same every time."""
    before, after = _image(change.before), _image(change.after)
    item: Item = {
        "number": text(history_of(change.key.customer, change.key.number)),
        "change": text(place_of(change.key)),
        "schema": SCHEMA,
        "at": instant(change.streamed_at),
        "expires_at": whole(int((change.streamed_at + retention).timestamp())),
    }
    if after is not None:
        item["after"] = {"M": after}
    if before is not None:
        since = after or {}
        item["before"] = {"M": {name: value for name, value in before.items() if since.get(name) != value}}
        came = sorted(since.keys() - before.keys())
        if came:
            item["came"] = {"SS": came}
    return _fitting(item)


def _image(state: State) -> dict[str, Any] | None:
    """The attributes of a state without its key, which is the history's; None where there was no number."""
    if state is None:
        return None
    attributes: Any = number_item(state, state.version) if isinstance(state, NumberRecord) else state.stored
    return {name: value for name, value in attributes.items() if name not in _KEYS}


def _fitting(item: Item) -> Item:
    """The item without its largest attributes where it is too large for the table, and with their names instead.

    The texts of a number have 200 characters at most, so only another hand can have written what is left out.
    """
    parts = [(_size(item[side]["M"][name]), side, name) for side in ("before", "after") for name in _inner(item, side)]
    total = sum(size for size, _, _ in parts)
    if total <= _MOST_BYTES:
        return item
    omitted: set[str] = set()
    for size, side, name in sorted(parts, reverse=True):
        if total <= _MOST_BYTES:
            break
        item[side] = {"M": {other: value for other, value in item[side]["M"].items() if other != name}}
        omitted.add(name)
        total -= size
    return {**item, "omitted": {"SS": sorted(omitted)}}


def without_states(item: Item) -> Item:
    """The item of a change with the names of all attributes that the number had, and none of what they held."""
    names = {name for side in ("before", "after") for name in _inner(item, side)}
    empty: Item = {side: {"M": {}} for side in ("before", "after") if side in item}
    return {**item, **empty, "omitted": {"SS": sorted(names)}}


def _inner(item: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = item.get(side, {"M": {}})["M"]
    return found


def _size(value: object) -> int:
    return len(json.dumps(value, default=str, ensure_ascii=False).encode())


def read_change(item: Mapping[str, Any]) -> Change:
    """The change in an item.

    Raises:
        RecordBrokenError: it cannot be understood. A number that cannot is a state like others, see `Unreadable`.
    """
    customer, _, number = item["number"]["S"].partition("#")
    read = ItemReader(item, f"change {item['change']['S']} of number {number} of customer {customer}")
    version, _, sequence = read.text("change").partition("#")
    at = read.instant("at")
    if at is None or not version.isdigit() or not sequence:
        raise read.broken("at" if at is None else "change", "is missing or malformed")
    omitted = read.texts("omitted")
    after = dict(_inner(item, "after")) if read.has("after") else None
    before = None
    if read.has("before"):
        came = read.texts("came")
        before = {name: value for name, value in (after or {}).items() if name not in came} | dict(
            _inner(item, "before")
        )
    return Change(
        key=ChangeKey(customer, number, int(version), sequence),
        streamed_at=at,
        before=state_of(customer, number, before, omitted),
        after=state_of(customer, number, after, omitted),
    )


def state_of(
    customer: str, number: str, attributes: Mapping[str, Any] | None, omitted: frozenset[str] = frozenset()
) -> State:
    """The state that attributes describe; one of which some were left out is not guessed at."""
    if attributes is None:
        return None
    if omitted:
        cause = f"more than can be kept: without {', '.join(sorted(omitted))}"
        return Unreadable(attributes, cause, _stored_version(attributes))
    try:
        return read_number({**attributes, "customer": text(customer), "number": text(number)})
    except RecordBrokenError as error:
        return Unreadable(attributes, str(error), _stored_version(attributes))


def _stored_version(attributes: Mapping[str, Any]) -> int:
    """The version in attributes that cannot be understood, as far as they say so."""
    try:
        return max(int(attributes["version"]["N"]), 0)
    except (KeyError, TypeError, ValueError):
        return 0


def streamed_instant(seconds: float) -> datetime:
    """When the database made a change, in UTC and whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC)
