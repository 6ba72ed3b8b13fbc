"""Numbers as people and programs see them."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from rich.table import Table

from cli.tables import Cell, details, fits, listing, one_below_another, state
from cli.times import duration, instant
from number_inventory.domain.numbers import NumberRecord

_LISTED = ("Number", "Status", "Usage", "Vendor", "Held by", "Assigned to", "Tag", "Site", "Description")
_STORED_ONLY = frozenset({"claim", "deleting", "outdated"})
_SPARE = 2
"""How many of these columns, from the last, a narrow terminal does without; `numbers show` has them."""

_TEXTS = (
    ("Description", "description"),
    ("Site", "site"),
    ("Extra1", "extra1"),
    ("Extra2", "extra2"),
    ("Extra3", "extra3"),
    ("Internal Number Type", "internal_number_type"),
    ("E164 Number", "e164_number"),
    ("Reserved for", "reserved_for"),
    ("Reservation notes", "reservation_notes"),
)


def number_json(record: NumberRecord, now: datetime) -> dict[str, Any]:
    """A number for programs; its Tag as people see it now."""
    copied = {field.name: getattr(record, field.name) for field in fields(record) if field.name not in _STORED_ONLY}
    holders = [{"device": holder.device, "since": holder.since} for holder in record.holders]
    return copied | {"tag": record.shown_tag(now), "holders": holders}


def number_table(record: NumberRecord, now: datetime) -> Table:
    """Everything about one number, for people."""
    holders = [f"{holder.device}, since {instant(holder.since, now)}" for holder in record.holders]
    texts = [(heading, str(getattr(record, name))) for heading, name in _TEXTS]
    return details(
        [
            ("Number", record.number),
            ("Customer", record.customer),
            ("Status", state(record.status)),
            ("Usage", record.usage),
            ("Vendor", record.vendor),
            ("Assigned to", record.assigned_to),
            ("Held by", "\n".join(holders)),
            ("Tag", record.shown_tag(now)),
            ("Release Date", instant(record.release_date, now)),
            *texts,
            ("Reserved until", instant(record.reserved_until, now)),
            ("Last change", instant(record.updated_at, now)),
            ("By", record.updated_by),
            ("Because", record.reason),
            ("Created", instant(record.created_at, now)),
        ]
    )


def numbers_table(records: tuple[NumberRecord, ...], now: datetime, width: int) -> Table:
    """A line for each number."""
    rows = [_row(record, record.shown_tag(now), width) for record in records]
    if not fits(_LISTED[:-_SPARE], [row[:-_SPARE] for row in rows], width):
        rows = [_row(record, _short_tag(record, now), width) for record in records]
    return listing(_LISTED, rows, width=width, spare=_SPARE)


def _row(record: NumberRecord, tag: str, width: int) -> tuple[Cell, ...]:
    return (
        record.number,
        state(record.status),
        record.usage,
        record.vendor,
        one_below_another([holder.device for holder in record.holders], width),
        record.assigned_to or (f"for {record.reserved_for}" if record.reserved_for else ""),
        tag,
        record.site,
        record.description,
    )


def _short_tag(record: NumberRecord, now: datetime) -> str:
    """The Tag, of a cooling in a few words: its whole sentence would need more lines than all the rest."""
    if record.release_date is None:
        return record.shown_tag(now)
    left = (record.release_date - now).total_seconds()
    return f"{duration(left)} left" if left > 0 else "due"
