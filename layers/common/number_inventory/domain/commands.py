"""What people may ask of a number: one command a verb, checked and decided without any I/O.

A command that asks for what already is so changes nothing and is answered as done (`Outcome.UNCHANGED`), so that who
lost an answer may ask again. Whatever else the number's state does not allow is refused, and the refusal tells who has
the number. One law stands above all of them: a number that a device holds is never assigned, reserved, cooled or
released by hand, whatever its status says.

Every command knows three things: `checked`, itself in its one spelling, or why it is not allowed whatever the number;
`stands`, whether a number already is as it wants it; and `applied`, what it makes of any other. `decide` is the one way
to use them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from number_inventory.domain.cooling import MAX_COOLING_DAYS, CoolingSettings, release_date
from number_inventory.domain.decisions import Decision, Outcome, Stamp
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.management import assign, cool, edit, prolong, release_early, reserve, unassign, unreserve
from number_inventory.domain.numbers import (
    AUDIOCODES,
    MAX_TEXT,
    NumberRecord,
    Status,
    Usage,
    canonical_number,
    free_text,
)

EDITABLE = ("description", "tag", "site", "extra1", "extra2", "extra3", "internal_number_type", "e164_number")
"""The fields that `Edit` changes."""

LONGEST_RESERVATION = timedelta(days=3660)
"""About ten years: who means longer means without an end."""

_NO_COOLING = CoolingSettings(enabled=False, days=0)


@dataclass(frozen=True, slots=True)
class Assign:
    """Give an Available number, or one Reserved for this very assignee, to somebody.

    Attributes:
        vendor: of whose subscriber; blank is Cisco UCM. Never AudioCodes: those numbers come from the devices.
        usage: what for; not blank.
        assignee: to whom; not blank.
    """

    vendor: str
    usage: Usage
    assignee: str

    @property
    def reason(self) -> str:
        """Why a number changes, for its record."""
        return "assigned"

    def checked(self, _now: datetime) -> "Assign":
        """Itself in its one spelling; raises InvalidInputError."""
        vendor = free_text(self.vendor, field="vendor").strip()
        if vendor.casefold() == AUDIOCODES.casefold():
            # An audit would take it for a device's number whose device is gone, and send it into cooling.
            raise InvalidInputError("vendor", f"must not be {AUDIOCODES}: its numbers are assigned by syncs alone")
        if self.usage is Usage.NONE:
            raise InvalidInputError("usage", f"must be one of {', '.join(filter(None, Usage))}")
        return Assign(vendor, self.usage, _named(self.assignee, "assignee"))

    def stands(self, record: NumberRecord) -> bool:
        """Whether this assignee has the number already, for just that."""
        wanted = (Status.USED, self.vendor, self.usage, self.assignee)
        return (record.status, record.vendor, record.usage, record.assigned_to) == wanted

    def applied(self, record: NumberRecord, _settings: CoolingSettings, stamp: Stamp) -> Decision:
        """The number, assigned."""
        return assign(record, self.vendor, self.usage, self.assignee, stamp)


@dataclass(frozen=True, slots=True)
class Unassign:
    """Give a number back: it cools under the customer's global settings, or is the devices' that hold it."""

    @property
    def reason(self) -> str:
        """Why a number changes, for its record."""
        return "unassigned"

    def checked(self, _now: datetime) -> Self:
        """Itself."""
        return self

    def stands(self, record: NumberRecord) -> bool:
        """Whether nobody has the number."""
        return record.status in {Status.AVAILABLE, Status.COOLING}

    def applied(self, record: NumberRecord, settings: CoolingSettings, stamp: Stamp) -> Decision:
        """The number, given back."""
        return unassign(record, settings, stamp)


@dataclass(frozen=True, slots=True)
class Reserve:
    """Keep an Available number for somebody; for one who has it reserved already, change until when, and the notes.

    Attributes:
        for_whom: not blank.
        until: an instant to come, at which the reservation lapses; None does not lapse.
    """

    for_whom: str
    until: datetime | None = None
    notes: str = ""

    @property
    def reason(self) -> str:
        """Why a number changes, for its record."""
        return "reserved"

    def checked(self, now: datetime) -> "Reserve":
        """Itself in its one spelling; raises InvalidInputError."""
        notes = free_text(self.notes, field="notes")
        return Reserve(_named(self.for_whom, "for_whom"), _checked_until(self.until, now), notes)

    def stands(self, record: NumberRecord) -> bool:
        """Whether the number is reserved just so."""
        wanted = (Status.RESERVED, self.for_whom, self.until, self.notes)
        return (record.status, record.reserved_for, record.reserved_until, record.reservation_notes) == wanted

    def applied(self, record: NumberRecord, _settings: CoolingSettings, stamp: Stamp) -> Decision:
        """The number, reserved."""
        if record.status is Status.RESERVED and record.reserved_for == self.for_whom:
            return prolong(record, self.until, self.notes, stamp)
        return reserve(record, self.for_whom, self.until, self.notes, stamp)


@dataclass(frozen=True, slots=True)
class Unreserve:
    """End a reservation."""

    @property
    def reason(self) -> str:
        """Why a number changes, for its record."""
        return "unreserved"

    def checked(self, _now: datetime) -> Self:
        """Itself."""
        return self

    def stands(self, record: NumberRecord) -> bool:
        """Whether the number is Available."""
        return record.status is Status.AVAILABLE

    def applied(self, record: NumberRecord, _settings: CoolingSettings, stamp: Stamp) -> Decision:
        """The number, no longer reserved."""
        return unreserve(record, stamp)


@dataclass(frozen=True, slots=True)
class Cool:
    """Send an Available number into cooling.

    Attributes:
        days: 0 to 999, 0 leaves it Available; None takes the customer's Number Inventory Cooling Duration (Days),
            whether or not that cooling is enabled.
    """

    days: int | None = None

    @property
    def reason(self) -> str:
        """Why a number changes, for its record."""
        return "cooled by hand"

    def checked(self, _now: datetime) -> Self:
        """Itself; raises InvalidInputError."""
        if self.days is not None and not 0 <= self.days <= MAX_COOLING_DAYS:
            raise InvalidInputError("days", f"must be a whole number from 0 to {MAX_COOLING_DAYS}")
        return self

    def stands(self, record: NumberRecord) -> bool:
        """Whether the number cools already, and for so many days where they were asked for."""
        if record.status is not Status.COOLING or self.days is None:
            return record.status is Status.COOLING
        since = record.cooling_since
        return since is not None and record.release_date == release_date(since, self.days)

    def applied(self, record: NumberRecord, settings: CoolingSettings, stamp: Stamp) -> Decision:
        """The number, cooling."""
        return cool(record, settings.days if self.days is None else self.days, stamp)


@dataclass(frozen=True, slots=True)
class Release:
    """End a cooling before its Release Date.

    Attributes:
        reason: why; it is kept with the number. Not blank.
    """

    reason: str

    def checked(self, _now: datetime) -> "Release":
        """Itself in its one spelling; raises InvalidInputError."""
        return Release(_named(self.reason, "reason"))

    def stands(self, record: NumberRecord) -> bool:
        """Whether the number is Available."""
        return record.status is Status.AVAILABLE

    def applied(self, record: NumberRecord, _settings: CoolingSettings, stamp: Stamp) -> Decision:
        """The number, released."""
        return release_early(record, stamp)


@dataclass(frozen=True, slots=True)
class Edit:
    """Change texts of a number, and no others than these.

    Attributes:
        changes: new texts by field, see `EDITABLE`; blank removes one.
    """

    changes: Mapping[str, str]

    @property
    def reason(self) -> str:
        """Why a number changes, for its record."""
        return f"edited: {', '.join(self.changes)}"

    def checked(self, _now: datetime) -> "Edit":
        """Itself in its one spelling; raises InvalidInputError."""
        changes: dict[str, str] = {}
        for field, text in self.changes.items():
            if field not in EDITABLE:
                raise InvalidInputError(field[:40], f"cannot be edited; what can is {', '.join(EDITABLE)}")
            changes[field] = free_text(text, field=field)
        if not changes:
            raise InvalidInputError("changes", f"must name at least one of {', '.join(EDITABLE)}")
        if changes.get("e164_number"):
            changes["e164_number"] = canonical_number(changes["e164_number"], field="e164_number")
        return Edit(changes)

    def stands(self, record: NumberRecord) -> bool:
        """Whether the number says all that already."""
        return all(getattr(record, field) == text for field, text in self.changes.items())

    def applied(self, record: NumberRecord, _settings: CoolingSettings, stamp: Stamp) -> Decision:
        """The number with its new texts."""
        return edit(record, self.changes, stamp)


Command = Assign | Unassign | Reserve | Unreserve | Cool | Release | Edit


def needs_settings(command: Command) -> bool:
    """Whether the customer's global cooling settings decide about the command."""
    return isinstance(command, Unassign) or (isinstance(command, Cool) and command.days is None)


def decide(command: Command, record: NumberRecord, settings: CoolingSettings | None, stamp: Stamp) -> Decision:
    """What a command makes of a number.

    Args:
        command: what is asked.
        record: the number as it is.
        settings: the customer's global cooling settings; None only where `needs_settings` says no.
        stamp: of the change.

    Raises:
        InvalidInputError: a part of the command is not allowed.
        RuleViolationError: the number's state does not allow it; the message says who has it.
    """
    if settings is None and needs_settings(command):
        raise TypeError("the customer's cooling settings are needed to decide this command")
    asked = command.checked(stamp.at)
    # What a device holds is never as a command wants it: the rules refuse it, whatever its status says.
    if (not record.holders or isinstance(asked, Edit)) and asked.stands(record):
        return Decision(record, record, Outcome.UNCHANGED)
    return asked.applied(record, settings or _NO_COOLING, stamp)


def _checked_until(until: datetime | None, now: datetime) -> datetime | None:
    if until is None:
        return None
    if until.tzinfo is None:
        raise InvalidInputError("until", f"must name its zone, as in 2027-01-31T12:00:00Z, not {until.isoformat()}")
    if not now < until <= now + LONGEST_RESERVATION:
        limit = f"must lie in the future, at most {LONGEST_RESERVATION.days} days"
        raise InvalidInputError("until", f"{limit}, not {until.isoformat()}")
    return until.astimezone(UTC)


def _named(text: str, field: str) -> str:
    """A text that must say something."""
    name = free_text(text, field=field).strip()
    if not name:
        raise InvalidInputError(field, f"must have 1 to {MAX_TEXT} characters")
    return name
