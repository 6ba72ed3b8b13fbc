"""The columns of numbers in files: VOSS's names for VOSS's fields, and this project's own."""

import re
from collections.abc import Mapping
from datetime import datetime

from cli.output import plain
from number_inventory.domain.imports import ROW_FIELDS
from number_inventory.domain.numbers import NumberRecord

HEADINGS = {
    "number": "Internal Number",
    "status": "Status",
    "usage": "Usage",
    "vendor": "Vendor",
    "tag": "Tag",
    "release_date": "Release Date",
    "description": "Description",
    "extra1": "Extra1",
    "extra2": "Extra2",
    "extra3": "Extra3",
    "internal_number_type": "Internal Number Type",
    "e164_number": "E164 Number",
    "site": "Site",
    "reserved_for": "Reserved for",
    "reservation_notes": "Reservation notes",
    "reserved_until": "Reserved until",
    "assigned_to": "Assigned to",
    "holders": "Held by",
}
"""Fields by name, and their columns in the order of an export. The last three are not VOSS's."""

NUMBER_FIELDS = frozenset({"number", "e164_number"})

_TOLD_ONLY = frozenset(
    {
        "customer", "heldby", "holders", "coolingsince", "version", "createdat", "createdby", "updatedat", "updatedby",
        "reason",
    }
)  # fmt: skip
"""What an export says of a number, and no import sets."""


def _folded(heading: str) -> str:
    return re.sub(r"[\W_]+", "", heading).casefold()


_FIELDS = {_folded(name): field for field in ROW_FIELDS for name in (field, HEADINGS[field])}


def field_of(heading: str) -> str | None:
    """The field of a column, by VOSS's name, this project's, or either in another spelling; None for any other."""
    return _FIELDS.get(_folded(heading))


def is_told_only(heading: str) -> bool:
    """Whether the column is one that exports have and imports pass over."""
    return _folded(heading) in _TOLD_ONLY


def by_heading(message: str) -> str:
    """A message about a field, which it begins with, under the name of the field's column."""
    field, colon, problem = message.partition(":")
    return f"{HEADINGS[field]}:{problem}" if colon and field in HEADINGS else message


def cells_of(record: NumberRecord, now: datetime) -> Mapping[str, str]:
    """What the columns of a number say."""
    cells = dict.fromkeys(HEADINGS, "")
    for field in HEADINGS:
        value = getattr(record, field)
        cells[field] = value if isinstance(value, str) else str(plain(value) or "")
    held_by = " | ".join(holder.device for holder in record.holders)
    return cells | {"tag": record.shown_tag(now), "holders": held_by}
