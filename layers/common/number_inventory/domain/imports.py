"""What a row of an import asks of a number: commands, decided together and written together, or not at all.

An import brings numbers in and fills them in. It frees nothing and takes nothing: a number that somebody uses or has
reserved, or that cools, stays so, and a row that wants otherwise is refused with the reason. What already is so is
left as it is, so an import may be run again. AudioCodes numbers come from their devices alone.

Source: this project's own rules; the columns are VOSS's.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from number_inventory.domain.commands import EDITABLE, Assign, Cool, Edit, Reserve, decide
from number_inventory.domain.cooling import MAX_COOLING_DAYS, CoolingSettings
from number_inventory.domain.decisions import Decision, Outcome, Stamp, describe_claim
from number_inventory.domain.errors import InvalidInputError, RuleViolationError
from number_inventory.domain.management import add_number, assign
from number_inventory.domain.numbers import (
    AUDIOCODES,
    NumberRecord,
    Status,
    Usage,
    canonical_number,
    free_text,
)

NOBODY_NAMED = "must name who has the number"
"""What is said of a row that gives a number away and names nobody."""

ROW_FIELDS = (
    "number",
    "status",
    "usage",
    "vendor",
    *EDITABLE,
    "assigned_to",
    "reserved_for",
    "reservation_notes",
    "reserved_until",
    "release_date",
)
"""The fields that a row may have, by the names that a number's record has for them."""

REASON = "imported"
_DAY = timedelta(days=1)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """A row of an import; what is blank says nothing.

    Attributes:
        status: what the number is to be; None leaves it as it is.
        release_date: of one that is to cool; it cools for whole days, never less than until then.
        reserved_until: of one that is to be reserved; None keeps the end that it has.
        texts: new texts by field, see `EDITABLE`.
    """

    number: str
    status: Status | None = None
    usage: Usage = Usage.NONE
    vendor: str = ""
    assigned_to: str = ""
    reserved_for: str = ""
    reservation_notes: str = ""
    reserved_until: datetime | None = None
    release_date: datetime | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def needs_settings(self) -> bool:
        """Whether the customer's global cooling settings may decide about it."""
        return self.status is Status.COOLING and self.release_date is None


def row_of(cells: Mapping[str, str], *, blank_clears: bool = False) -> NumberRow:
    """Read a row.

    Args:
        cells: its texts by field, see `ROW_FIELDS`.
        blank_clears: a text that is there and blank removes the number's own.

    Raises:
        InvalidInputError: a cell is malformed, or belongs to a Status that the row does not have.
    """
    said = {name: cells.get(name, "").strip() for name in ROW_FIELDS}
    number = canonical_number(said["number"])
    status = _word(Status, said["status"], "status") if said["status"] else None
    if status is None:
        _refuse_ownerless(said)
    # While a number cools its Tag is the message that tells its Release Date, which nobody wrote.
    mute = {"tag"} if status is Status.COOLING else set[str]()
    given = [name for name in EDITABLE if name not in mute and (said[name] or (blank_clears and name in cells))]
    return NumberRow(
        number=number,
        status=status,
        usage=_word(Usage, said["usage"], "usage"),
        vendor=_text(said, "vendor"),
        assigned_to=_text(said, "assigned_to"),
        reserved_for=_text(said, "reserved_for"),
        reservation_notes=_text(said, "reservation_notes"),
        reserved_until=_instant(said["reserved_until"], "reserved_until"),
        release_date=_instant(said["release_date"], "release_date"),
        texts={name: _text(said, name) for name in given},
    )


def imported(
    row: NumberRow,
    customer: str,
    record: NumberRecord | None,
    settings: CoolingSettings | None,
    stamp: Stamp,
    *,
    for_whom: str = "",
) -> Decision:
    """What a row makes of a number, all of it in one change.

    Args:
        row: what is asked.
        customer: whose number.
        record: the number as it is; None where there is none.
        settings: the customer's global cooling settings; None only where the row `needs_settings` says no.
        stamp: of the change.
        for_whom: who has, or is to have, the number where the row gives it to somebody and does not say to whom.

    Raises:
        InvalidInputError: a part of the row is not allowed.
        RuleViolationError: the number's state does not allow it; the message says who has it.
    """
    start = record or add_number(None, NumberRecord(customer=customer, number=row.number), stamp).after
    placed = start if _stands(row, start) else _placed(row, start, settings, stamp, for_whom)
    after = decide(Edit(row.texts), placed, None, stamp).after if row.texts else placed
    if record is None:
        return Decision(None, after, Outcome.CREATED)
    return Decision(record, after, Outcome.UNCHANGED if after == record else Outcome.EDITED)


def _stands(row: NumberRow, record: NumberRecord) -> bool:
    """Whether the number is as the row says it is, texts aside; what the row leaves blank may be anything."""
    if row.status is None:
        return True
    if row.status is not record.status:
        return False
    said: tuple[tuple[object, object], ...] = ()
    if row.status in {Status.USED, Status.USED_UTILITY}:
        # A blank Vendor is one: that of Cisco UCM.
        said = ((row.usage, record.usage), (row.assigned_to, record.assigned_to))
        if row.vendor.casefold() != record.vendor.casefold():
            return False
    elif row.status is Status.RESERVED:
        said = (
            (row.reserved_for, record.reserved_for),
            (row.reserved_until, record.reserved_until),
            (row.reservation_notes, record.reservation_notes),
        )
    return all(not wanted or wanted == found for wanted, found in said)


def _placed(
    row: NumberRow, record: NumberRecord, settings: CoolingSettings | None, stamp: Stamp, for_whom: str
) -> NumberRecord:
    """The number with the Status that the row says, by the commands that anybody may give."""
    if row.status is Status.AVAILABLE:
        raise RuleViolationError(f"number {row.number} is not freed by an import: {describe_claim(record)}")
    if row.status is Status.RESERVED:
        return _reserved(row, record, stamp, for_whom)
    if row.status is Status.COOLING:
        return decide(Cool(_days(row.release_date, stamp.at)), record, settings, stamp).after
    if row.vendor.casefold() == AUDIOCODES.casefold():
        present = describe_claim(record) if record.version else "it is not in the inventory"
        raise RuleViolationError(
            f"number {row.number} is given to {AUDIOCODES} by a sync of its device alone: sync first, then import it "
            f"again for its texts; now {present}"
        )
    if row.status is Status.USED_UTILITY:
        return assign(record, row.vendor, row.usage, row.assigned_to or for_whom, stamp, utility=True).after
    assignee = _whom(row.assigned_to or for_whom, "assigned_to")
    return decide(Assign(row.vendor, row.usage, assignee), record, None, stamp).after


def _reserved(row: NumberRow, record: NumberRecord, stamp: Stamp, for_whom: str) -> NumberRecord:
    """Reserved; of a reservation that is there, what the row does not say stays."""
    whom = row.reserved_for or (record.reserved_for if record.status is Status.RESERVED else for_whom)
    same = record.status is Status.RESERVED and record.reserved_for == whom
    until = row.reserved_until or (record.reserved_until if same else None)
    notes = row.reservation_notes or (record.reservation_notes if same else "")
    return decide(Reserve(_whom(whom, "reserved_for"), until, notes), record, None, stamp).after


def _days(release: datetime | None, now: datetime) -> int | None:
    """Whole days from now, rounded up; 0 where the Release Date has come, None where none is said."""
    if release is None:
        return None
    days = -((now - release) // _DAY)
    if days > MAX_COOLING_DAYS:
        raise InvalidInputError("release_date", f"must lie at most {MAX_COOLING_DAYS} days ahead")
    return max(0, days)


def _whom(name: str, field: str) -> str:
    if not name:
        raise InvalidInputError(field, NOBODY_NAMED)
    return name


def _refuse_ownerless(said: Mapping[str, str]) -> None:
    """Without a Status, what goes with one would be left out without a word."""
    for name in ("usage", "vendor", "assigned_to", "reserved_for", "reserved_until", "release_date"):
        if said[name]:
            raise InvalidInputError(name, "goes with a Status, and there is none")


def _word(kind: type[_Word], text: str, field: str) -> _Word:
    """The word that is meant, in whatever case, with blanks or hyphens for what VOSS spells otherwise."""
    for word in kind:
        if _folded(word) == _folded(text):
            return word
    allowed = ", ".join(filter(None, kind))
    raise InvalidInputError(field, f"must be one of {allowed}, not {text[:40]!r}")


def _folded(text: str) -> str:
    return text.casefold().replace(" ", "_").replace("-", "_")


def _text(said: Mapping[str, str], name: str) -> str:
    text = free_text(said[name], field=name)
    return canonical_number(text, field=name) if name == "e164_number" and text else text


def _instant(text: str, field: str) -> datetime | None:
    """An instant as RFC 3339 has it; a day alone is its end, in UTC, so that nothing ends early.

    Raises:
        InvalidInputError: the text is neither.
    """
    if not text:
        return None
    with suppress(ValueError, OverflowError):
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text) + _DAY, time(), UTC)
        when = datetime.fromisoformat(text)
        if when.tzinfo is not None:
            return when.astimezone(UTC)
    message = f"must be an instant with its zone, such as 2027-01-31T12:00:00Z, or a day, not {text[:40]!r}"
    raise InvalidInputError(field, message)
