"""What an event means for a number: the record before and after, and the changes that several events have in common.

A decision whose record equals the one given needs no write, which is what makes every event safe to repeat.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from number_inventory.domain.cooling import release_date
from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage


class Outcome(StrEnum):
    """What a decision means for the number; also the name of the metric that counts it."""

    UNCHANGED = "unchanged"
    CREATED = "created"
    MARKED_USED = "marked_used"
    RESTORED = "restored"
    HOLDER_ADDED = "holder_added"
    HOLDER_CONFIRMED = "holder_confirmed"
    HOLDER_DROPPED = "holder_dropped"
    COOLING_STARTED = "cooling_started"
    RELEASED = "released"
    CONFLICT = "conflict"
    ASSIGNED = "assigned"
    RESERVED = "reserved"
    UNRESERVED = "unreserved"
    EDITED = "edited"
    GIVEN_BACK = "given_back"
    DELETING = "deleting"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When, by whom and why a number changes; written with each change.

    Attributes:
        by: `sync:<device>#<sequence>`, `release`, `audit:<run>`, `operator:<name>` or `api:<caller>`. The first two may
            end with `@<correlation id>`, which leads to the log of the run, see `correlated`.
        claim: the mark of a claim, on the numbers that are assigned or reserved by it.
    """

    at: datetime
    by: str
    reason: str
    claim: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The record before and after an event, and what it means."""

    before: NumberRecord | None
    after: NumberRecord
    outcome: Outcome

    @property
    def needs_write(self) -> bool:
        """Whether anything stored differs; if not, there is nothing to write."""
        return self.before != self.after


def describe_claim(record: NumberRecord) -> str:
    """Who has the number now, in words: the answer to "why can't I have it?"."""
    parts = [f"it is {record.status}"]
    if record.usage or record.vendor:
        parts.append(f"as {record.usage or 'no usage'} of {record.vendor or 'Cisco UCM'}")
    if record.assigned_to:
        parts.append(f"assigned to {record.assigned_to}")
    if record.holders:
        parts.append(f"registered on {', '.join(holder.device for holder in record.holders)}")
    if record.status is Status.RESERVED:
        parts.append(f"reserved for {record.reserved_for or 'nobody named'}")
    if record.release_date is not None:
        parts.append(f"until {record.release_date.isoformat()}")
    return ", ".join(parts)


def used_elsewhere(record: NumberRecord) -> bool:
    """Whether somebody other than AudioCodes devices uses the number."""
    if record.status is Status.USED_UTILITY:
        return True
    return record.status is Status.USED and (record.vendor, record.usage) != (AUDIOCODES, Usage.DEVICE)


def require(record: NumberRecord, status: Status, verb: str) -> None:
    """Refuse what may be done in one Status only, and while no device holds the number.

    Raises:
        RuleViolationError: it cannot be done, in words that end with who has the number.
    """
    if record.status is not status or record.holders:
        raise RuleViolationError(f"number {record.number} cannot be {verb}: {describe_claim(record)}")


def cooled(record: NumberRecord, days: int, stamp: Stamp) -> tuple[NumberRecord, Outcome]:
    """The record with a cooling that begins now; with no days it is Available at once."""
    if days == 0:
        return available(record, stamp), Outcome.RELEASED
    after = stamped(
        record,
        stamp,
        status=Status.COOLING,
        usage=Usage.NONE,
        vendor="",
        assigned_to="",
        claim="",
        release_date=release_date(stamp.at, days),
        cooling_since=stamp.at,
    )
    return after, Outcome.COOLING_STARTED


def available(record: NumberRecord, stamp: Stamp) -> NumberRecord:
    """The record as nobody's; a reservation that ends leaves nothing of itself."""
    return stamped(
        record,
        stamp,
        status=Status.AVAILABLE,
        usage=Usage.NONE,
        vendor="",
        assigned_to="",
        claim="",
        release_date=None,
        cooling_since=None,
        reserved_until=None,
        reserved_for="" if record.status is Status.RESERVED else record.reserved_for,
        reservation_notes="" if record.status is Status.RESERVED else record.reservation_notes,
    )


def stamped(
    record: NumberRecord,
    stamp: Stamp,
    *,
    created: bool = False,
    **changes: Any,  # noqa: ANN401 - fields of the record
) -> NumberRecord:
    """The record with its changes and who made them, in one step: a copy is a twentieth of a written number's time."""
    if created:
        changes.update(created_at=stamp.at, created_by=stamp.by)
    changes.update(updated_at=stamp.at, updated_by=stamp.by, reason=stamp.reason, deleting=False)
    return replace(record, **changes)
