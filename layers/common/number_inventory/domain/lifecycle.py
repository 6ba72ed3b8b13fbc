"""The life of a number: every rule by which a number changes, and nothing else changes one.

Each function takes the record as it is (or None where there is none), what happened, and answers with a `Decision`:
the record as it must be, and what that means. A decision whose record equals the one given needs no write, which is
what makes every event safe to repeat.

Sources: VOSS "AudioCodes Device Number Integration" (registration, removal, cooling, return), VOSS "Number Cooling" and
"Audit Number Inventory"; where both are silent (conflicts, several holders, late writers) the rule is this project's
own and the function says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from number_inventory.domain.cooling import CoolingSettings, release_date
from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.numbers import (
    AUDIOCODES,
    Holder,
    NumberRecord,
    Status,
    Usage,
    with_holder,
    without_holder,
)


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
    """

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Registration:
    """A number on a device, as one sync of that device saw it come or go.

    Attributes:
        sync: the sequence number of the sync; a device's syncs never run at the same time.
    """

    customer: str
    number: str
    device: str
    sync: int


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


def add_number(record: NumberRecord | None, new: NumberRecord, stamp: Stamp) -> Decision:
    """An operator adds a number: Available, unless it exists already, and then it is left exactly as it is."""
    if record is not None:
        return Decision(record, record, Outcome.UNCHANGED)
    return Decision(None, _stamped(new, stamp, created=True), Outcome.CREATED)


def registered(record: NumberRecord | None, registration: Registration, stamp: Stamp) -> Decision:
    """The number is registered on a device.

    Absent, Available, Reserved and Cooling numbers become Used / Device / AudioCodes, and a cooling ends. A number Used
    by another vendor or usage stays as it is, gains the holder, and is a conflict until a person decides (this
    project's rule).
    """
    if record is None:
        fresh = NumberRecord(customer=registration.customer, number=registration.number)
        return Decision(None, _used_by_device(fresh, registration, stamp, created=True), Outcome.CREATED)
    held = record.holder(registration.device) is not None
    if _used_elsewhere(record):
        after = record if held else _with_new_holder(record, registration, stamp)
        return Decision(record, after, Outcome.CONFLICT)
    if record.status is Status.USED:
        if held:
            return Decision(record, record, Outcome.UNCHANGED)
        return Decision(record, _with_new_holder(record, registration, stamp), Outcome.HOLDER_ADDED)
    outcome = Outcome.RESTORED if record.status is Status.COOLING else Outcome.MARKED_USED
    return Decision(record, _used_by_device(record, registration, stamp), outcome)


def confirmed(record: NumberRecord | None, registration: Registration, stamp: Stamp) -> Decision:
    """The number is registered on a device that the record may name already.

    The holder is written anew as this sync's: whoever decided to take it away on what he knew before, an earlier sync
    that is late or an audit, finds that the number changed under his hands (this project's rule).
    """
    decision = registered(record, registration, stamp)
    holder = record.holder(registration.device) if record else None
    if record is None or holder is None or holder.sync >= registration.sync or decision.needs_write:
        return decision
    outcome = Outcome.CONFLICT if decision.outcome is Outcome.CONFLICT else Outcome.HOLDER_CONFIRMED
    return Decision(record, _with_new_holder(record, registration, stamp), outcome)


def registration_gone(
    record: NumberRecord | None, registration: Registration, cooling_days: int, stamp: Stamp
) -> Decision | None:
    """The number is no longer registered on a device; None where there is no such number.

    When the last holder of an AudioCodes number goes, the number cools for `cooling_days` (0: Available at once). A
    number with other holders, or used by another vendor, only loses this one. A holder written by a later sync stays:
    what this event knows is older (this project's rule, against a writer that was held up).
    """
    if record is None:
        return None
    holder = record.holder(registration.device)
    if holder is None or holder.sync > registration.sync:
        return Decision(record, record, Outcome.UNCHANGED)
    remaining = without_holder(record.holders, registration.device)
    dropped = replace(record, holders=remaining)
    if remaining or not cools_when_unheld(record):
        return Decision(record, _stamped(dropped, stamp), Outcome.HOLDER_DROPPED)
    after, outcome = _cooled(dropped, cooling_days, stamp)
    return Decision(record, after, outcome)


def release_due(record: NumberRecord | None, episode: datetime, stamp: Stamp) -> Decision | None:
    """A cooling number whose Release Date has come is Available again; None where there is no such number.

    Released if and only if it is still in the cooling episode that ends at `episode`, that instant is reached, and
    no device holds it; otherwise unchanged.
    """
    if record is None:
        return None
    due = record.status is Status.COOLING and record.release_date == episode and episode <= stamp.at
    if not due or record.holders:
        return Decision(record, record, Outcome.UNCHANGED)
    return Decision(record, _available(record, stamp), Outcome.RELEASED)


def verified(record: NumberRecord, stamp: Stamp, *, status: bool = True, usage: bool = True) -> Decision:
    """A number that devices hold is Used, its Usage Device and its Vendor AudioCodes (VOSS audit).

    Args:
        record: the number; a cooling or a reservation ends with the Status.
        stamp: of the change.
        status: set the Status.
        usage: set the Usage.

    Raises:
        RuleViolationError: no device holds it.
    """
    if not record.holders:
        raise RuleViolationError(f"number {record.number} is on no device: {describe_claim(record)}")
    after = replace(record, vendor=AUDIOCODES, usage=Usage.DEVICE if usage else record.usage, assigned_to="")
    if status:
        after = replace(after, status=Status.USED, release_date=None, cooling_since=None, reserved_until=None)
    if after == record:
        return Decision(record, record, Outcome.UNCHANGED)
    outcome = Outcome.RESTORED if status and record.status is Status.COOLING else Outcome.MARKED_USED
    return Decision(record, _stamped(after, stamp), outcome)


def orphan_cooled(record: NumberRecord, cooling_days: int, stamp: Stamp) -> Decision:
    """A number Used by AudioCodes that no device holds cools, as if its holder had just gone (this project's rule).

    Raises:
        RuleViolationError: it is not such a number.
    """
    if record.holders or record.status is not Status.USED or record.vendor != AUDIOCODES:
        raise RuleViolationError(f"number {record.number} is no orphan: {describe_claim(record)}")
    after, outcome = _cooled(record, cooling_days, stamp)
    return Decision(record, after, outcome)


def cooling_dated(record: NumberRecord, cooling_days: int, stamp: Stamp) -> Decision:
    """A number Cooling without a Release Date gets one, counted from now: when its cooling began, nobody knows.

    Raises:
        RuleViolationError: it is not Cooling, has a Release Date, or a device holds it.
    """
    _require(record, Status.COOLING, "given a Release Date")
    if record.release_date is not None:
        raise RuleViolationError(f"number {record.number} has a Release Date: {describe_claim(record)}")
    after, outcome = _cooled(record, cooling_days, stamp)
    return Decision(record, after, outcome)


def assign(
    record: NumberRecord, vendor: str, usage: Usage, requester: str, stamp: Stamp, *, utility: bool = False
) -> Decision:
    """An operator gives the number to a vendor's subscriber, the requester, or to something that is none (`utility`).

    Raises:
        RuleViolationError: it is not Available (nor Reserved for this very requester), or a device holds it.
    """
    reserved_for_requester = (
        record.status is Status.RESERVED and record.reserved_for != "" and record.reserved_for == requester
    )
    if record.holders or not (record.status is Status.AVAILABLE or reserved_for_requester):
        raise RuleViolationError(f"number {record.number} cannot be assigned: {describe_claim(record)}")
    after = replace(
        record,
        status=Status.USED_UTILITY if utility else Status.USED,
        usage=usage,
        vendor=vendor,
        assigned_to=requester,
        reserved_for="",
        reservation_notes="",
        reserved_until=None,
    )
    return Decision(record, _stamped(after, stamp), Outcome.ASSIGNED)


def given_back(before: NumberRecord, taken: NumberRecord, stamp: Stamp) -> Decision:
    """A number that was taken for a claim which came to nothing is as it was before.

    It does not cool: nobody ever used it (this project's rule).

    Args:
        before: the number before it was taken.
        taken: the same as it was stored then, and still is.
        stamp: of the change.
    """
    return Decision(taken, _stamped(replace(before, version=taken.version), stamp), Outcome.GIVEN_BACK)


def unassign(record: NumberRecord, settings: CoolingSettings, stamp: Stamp) -> Decision:
    """The manager of a number gives it back: it cools under the customer's global settings.

    If AudioCodes devices hold it, it becomes theirs instead (Used / Device / AudioCodes): it is in use (this
    project's rule).

    Raises:
        RuleViolationError: it is not used by another vendor or usage; devices' numbers go only when the devices go.
    """
    if not _used_elsewhere(record):
        raise RuleViolationError(f"number {record.number} cannot be unassigned: {describe_claim(record)}")
    if record.holders:
        after = replace(record, status=Status.USED, usage=Usage.DEVICE, vendor=AUDIOCODES, assigned_to="")
        return Decision(record, _stamped(after, stamp), Outcome.MARKED_USED)
    after, outcome = _cooled(record, settings.effective_days, stamp)
    return Decision(record, after, outcome)


def reserve(record: NumberRecord, holder_to_be: str, until: datetime | None, notes: str, stamp: Stamp) -> Decision:
    """An operator keeps an Available number for someone, optionally until an instant.

    Raises:
        RuleViolationError: it is not Available, or a device holds it.
    """
    _require(record, Status.AVAILABLE, "reserved")
    after = replace(
        record,
        status=Status.RESERVED,
        reserved_for=holder_to_be,
        reservation_notes=notes,
        reserved_until=until,
    )
    return Decision(record, _stamped(after, stamp), Outcome.RESERVED)


def prolong(record: NumberRecord, until: datetime | None, notes: str, stamp: Stamp) -> Decision:
    """A reservation gets another end, sooner, later or none, and other notes; whom it is for stays.

    Raises:
        RuleViolationError: the number is not Reserved, or a device holds it.
    """
    _require(record, Status.RESERVED, "reserved for longer")
    after = replace(record, reserved_until=until, reservation_notes=notes)
    return Decision(record, _stamped(after, stamp), Outcome.RESERVED)


def unreserve(record: NumberRecord, stamp: Stamp) -> Decision:
    """A reservation ends by an operator's hand.

    Raises:
        RuleViolationError: the number is not Reserved, or a device holds it.
    """
    _require(record, Status.RESERVED, "unreserved")
    return Decision(record, _available(record, stamp), Outcome.UNRESERVED)


def reservation_lapsed(record: NumberRecord, stamp: Stamp) -> Decision:
    """A reservation whose time has come ends by itself; one without an end, or not yet at it, stays.

    It goes by the record alone: a reservation that was prolonged, or taken up anew, has its own time.
    """
    lapsed = record.reserved_until is not None and record.reserved_until <= stamp.at
    if record.status is not Status.RESERVED or not lapsed or record.holders:
        return Decision(record, record, Outcome.UNCHANGED)
    return Decision(record, _available(record, stamp), Outcome.UNRESERVED)


def cool(record: NumberRecord, days: int, stamp: Stamp) -> Decision:
    """An operator sends an Available number into cooling for a number of days (VOSS: manual cooling).

    Raises:
        RuleViolationError: it is not Available, or a device holds it.
    """
    _require(record, Status.AVAILABLE, "cooled")
    if days == 0:
        return Decision(record, record, Outcome.UNCHANGED)
    after, outcome = _cooled(record, days, stamp)
    return Decision(record, after, outcome)


def release_early(record: NumberRecord, stamp: Stamp) -> Decision:
    """An operator ends a cooling before its Release Date.

    Raises:
        RuleViolationError: the number is not Cooling, or a device holds it.
    """
    _require(record, Status.COOLING, "released")
    return Decision(record, _available(record, stamp), Outcome.RELEASED)


def edit(record: NumberRecord, texts: Mapping[str, str], stamp: Stamp) -> Decision:
    """An operator changes texts that say something about the number and decide nothing, by the names of their fields.

    Held, used, reserved or cooling: it may be in any state, and stays in it.
    """
    after = replace(record, **texts)  # type: ignore[arg-type]  # each of them is a text
    return Decision(record, _stamped(after, stamp), Outcome.EDITED)


def condemned(record: NumberRecord, stamp: Stamp) -> Decision:
    """The last version of a number before it is deleted: who deletes it, when and why (this project's rule).

    A deletion itself leaves nothing that could say so. If it never comes, the number goes on as it is, and its next
    change takes the mark away.

    Raises:
        RuleViolationError: it is not Available, or a device holds it.
    """
    _require(record, Status.AVAILABLE, "deleted")
    return Decision(record, replace(_stamped(record, stamp), deleting=True), Outcome.DELETING)


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


def _used_elsewhere(record: NumberRecord) -> bool:
    """Whether somebody other than AudioCodes devices uses the number."""
    if record.status is Status.USED_UTILITY:
        return True
    return record.status is Status.USED and (record.vendor, record.usage) != (AUDIOCODES, Usage.DEVICE)


def cools_when_unheld(record: NumberRecord) -> bool:
    """Whether losing its last holder puts the number into cooling.

    Used AudioCodes numbers do (VOSS). So does one that says Available although a device held it: some other hand
    changed it, and a number that was in use a moment ago is never handed out at once. Everything else has its own
    reason to be as it is.
    """
    if record.status is Status.USED:
        return record.vendor == AUDIOCODES
    return record.status is Status.AVAILABLE


def _require(record: NumberRecord, status: Status, verb: str) -> None:
    if record.status is not status or record.holders:
        raise RuleViolationError(f"number {record.number} cannot be {verb}: {describe_claim(record)}")


def _used_by_device(
    record: NumberRecord, registration: Registration, stamp: Stamp, *, created: bool = False
) -> NumberRecord:
    return _with_new_holder(
        record,
        registration,
        stamp,
        created=created,
        status=Status.USED,
        usage=Usage.DEVICE,
        vendor=AUDIOCODES,
        assigned_to="",
        release_date=None,
        cooling_since=None,
        reserved_until=None,
    )


def _with_new_holder(
    record: NumberRecord,
    registration: Registration,
    stamp: Stamp,
    *,
    created: bool = False,
    **changes: Any,  # noqa: ANN401 - fields of the record
) -> NumberRecord:
    known = record.holder(registration.device)
    since = known.since if known else stamp.at
    holder = Holder(device=registration.device, since=since, sync=registration.sync)
    return _stamped(record, stamp, created=created, holders=with_holder(record.holders, holder), **changes)


def _cooled(record: NumberRecord, days: int, stamp: Stamp) -> tuple[NumberRecord, Outcome]:
    if days == 0:
        return _available(record, stamp), Outcome.RELEASED
    after = _stamped(
        record,
        stamp,
        status=Status.COOLING,
        usage=Usage.NONE,
        vendor="",
        assigned_to="",
        release_date=release_date(stamp.at, days),
        cooling_since=stamp.at,
    )
    return after, Outcome.COOLING_STARTED


def _available(record: NumberRecord, stamp: Stamp) -> NumberRecord:
    return _stamped(
        record,
        stamp,
        status=Status.AVAILABLE,
        usage=Usage.NONE,
        vendor="",
        assigned_to="",
        release_date=None,
        cooling_since=None,
        reserved_until=None,
        reserved_for="" if record.status is Status.RESERVED else record.reserved_for,
        reservation_notes="" if record.status is Status.RESERVED else record.reservation_notes,
    )


def _stamped(
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
