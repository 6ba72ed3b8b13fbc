"""The life of a number by itself: what devices, time and audits do to it; `management` has what people do.

Each function takes the record as it is (or None where there is none), what happened, and answers with a `Decision`:
the record as it must be, and what that means. Nothing else than these two modules changes a number.

Sources: VOSS "AudioCodes Device Number Integration" (registration, removal, cooling, return) and "Audit Number
Inventory"; where both are silent (conflicts, several holders, late writers) the rule is this project's own and the
function says so.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from number_inventory.domain.decisions import (
    Decision,
    Outcome,
    Stamp,
    available,
    cooled,
    describe_claim,
    require,
    stamped,
    used_elsewhere,
)
from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage, with_holder, without_holder


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
    if used_elsewhere(record):
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
        return Decision(record, stamped(dropped, stamp), Outcome.HOLDER_DROPPED)
    after, outcome = cooled(dropped, cooling_days, stamp)
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
    return Decision(record, available(record, stamp), Outcome.RELEASED)


def reservation_lapsed(record: NumberRecord, stamp: Stamp) -> Decision:
    """A reservation whose time has come ends by itself; one without an end, or not yet at it, stays.

    It goes by the record alone: a reservation that was prolonged, or taken up anew, has its own time.
    """
    lapsed = record.reserved_until is not None and record.reserved_until <= stamp.at
    if record.status is not Status.RESERVED or not lapsed or record.holders:
        return Decision(record, record, Outcome.UNCHANGED)
    return Decision(record, available(record, stamp), Outcome.UNRESERVED)


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
    after = replace(record, vendor=AUDIOCODES, usage=Usage.DEVICE if usage else record.usage, assigned_to="", claim="")
    if status:
        after = replace(after, status=Status.USED, release_date=None, cooling_since=None, reserved_until=None)
    if after == record:
        return Decision(record, record, Outcome.UNCHANGED)
    outcome = Outcome.RESTORED if status and record.status is Status.COOLING else Outcome.MARKED_USED
    return Decision(record, stamped(after, stamp), outcome)


def orphan_cooled(record: NumberRecord, cooling_days: int, stamp: Stamp) -> Decision:
    """A number Used by AudioCodes that no device holds cools, as if its holder had just gone (this project's rule).

    Raises:
        RuleViolationError: it is not such a number.
    """
    if record.holders or record.status is not Status.USED or record.vendor != AUDIOCODES:
        raise RuleViolationError(f"number {record.number} is no orphan: {describe_claim(record)}")
    after, outcome = cooled(record, cooling_days, stamp)
    return Decision(record, after, outcome)


def cooling_dated(record: NumberRecord, cooling_days: int, stamp: Stamp) -> Decision:
    """A number Cooling without a Release Date gets one, counted from now: when its cooling began, nobody knows.

    Raises:
        RuleViolationError: it is not Cooling, has a Release Date, or a device holds it.
    """
    require(record, Status.COOLING, "given a Release Date")
    if record.release_date is not None:
        raise RuleViolationError(f"number {record.number} has a Release Date: {describe_claim(record)}")
    after, outcome = cooled(record, cooling_days, stamp)
    return Decision(record, after, outcome)


def cools_when_unheld(record: NumberRecord) -> bool:
    """Whether losing its last holder puts the number into cooling.

    Used AudioCodes numbers do (VOSS). So does one that says Available although a device held it: some other hand
    changed it, and a number that was in use a moment ago is never handed out at once. Everything else has its own
    reason to be as it is.
    """
    if record.status is Status.USED:
        return record.vendor == AUDIOCODES
    return record.status is Status.AVAILABLE


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
        claim="",
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
    return stamped(record, stamp, created=created, holders=with_holder(record.holders, holder), **changes)
