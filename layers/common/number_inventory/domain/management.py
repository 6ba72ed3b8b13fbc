"""What people do with numbers: add, assign, reserve, cool, release, edit and delete them; see `lifecycle`.

Each function takes the record as it is, what is wanted, and answers with a `Decision`, or says who has the number.

Sources: VOSS "Number Cooling"; where it is silent the rule is this project's own and the function says so.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from number_inventory.domain.cooling import CoolingSettings
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
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage


def add_number(record: NumberRecord | None, new: NumberRecord, stamp: Stamp) -> Decision:
    """An operator adds a number: Available, unless it exists already, and then it is left exactly as it is."""
    if record is not None:
        return Decision(record, record, Outcome.UNCHANGED)
    return Decision(None, stamped(new, stamp, created=True), Outcome.CREATED)


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
        claim=stamp.claim,
    )
    return Decision(record, stamped(after, stamp), Outcome.ASSIGNED)


def given_back(before: NumberRecord, taken: NumberRecord, stamp: Stamp) -> Decision:
    """A number that was taken for a claim which came to nothing is as it was before.

    It does not cool: nobody ever used it (this project's rule).

    Args:
        before: the number before it was taken.
        taken: the same as it was stored then, and still is.
        stamp: of the change.
    """
    return Decision(taken, stamped(replace(before, version=taken.version), stamp), Outcome.GIVEN_BACK)


def unassign(record: NumberRecord, settings: CoolingSettings, stamp: Stamp) -> Decision:
    """The manager of a number gives it back: it cools under the customer's global settings.

    If AudioCodes devices hold it, it becomes theirs instead (Used / Device / AudioCodes): it is in use (this
    project's rule).

    Raises:
        RuleViolationError: it is not used by another vendor or usage; devices' numbers go only when the devices go. Nor
            does an AudioCodes number of another usage that no device holds: an audit lets it cool as long as those do.
    """
    if record.status is Status.USED and record.vendor == AUDIOCODES and not record.holders:
        raise RuleViolationError(
            f"number {record.number} cannot be unassigned: {describe_claim(record)}, and on no device. An audit lets "
            "it cool once every device has proved that it does not have it"
        )
    if not used_elsewhere(record):
        raise RuleViolationError(f"number {record.number} cannot be unassigned: {describe_claim(record)}")
    if record.holders:
        after = replace(record, status=Status.USED, usage=Usage.DEVICE, vendor=AUDIOCODES, assigned_to="", claim="")
        return Decision(record, stamped(after, stamp), Outcome.MARKED_USED)
    after, outcome = cooled(record, settings.effective_days, stamp)
    return Decision(record, after, outcome)


def reserve(record: NumberRecord, holder_to_be: str, until: datetime | None, notes: str, stamp: Stamp) -> Decision:
    """An operator keeps an Available number for someone, optionally until an instant.

    Raises:
        RuleViolationError: it is not Available, or a device holds it.
    """
    require(record, Status.AVAILABLE, "reserved")
    after = replace(
        record,
        status=Status.RESERVED,
        reserved_for=holder_to_be,
        reservation_notes=notes,
        reserved_until=until,
        claim=stamp.claim,
    )
    return Decision(record, stamped(after, stamp), Outcome.RESERVED)


def prolong(record: NumberRecord, until: datetime | None, notes: str, stamp: Stamp) -> Decision:
    """A reservation gets another end, sooner, later or none, and other notes; whom it is for stays.

    Raises:
        RuleViolationError: the number is not Reserved, or a device holds it.
    """
    require(record, Status.RESERVED, "reserved for longer")
    after = replace(record, reserved_until=until, reservation_notes=notes)
    return Decision(record, stamped(after, stamp), Outcome.RESERVED)


def unreserve(record: NumberRecord, stamp: Stamp) -> Decision:
    """A reservation ends by an operator's hand.

    Raises:
        RuleViolationError: the number is not Reserved, or a device holds it.
    """
    require(record, Status.RESERVED, "unreserved")
    return Decision(record, available(record, stamp), Outcome.UNRESERVED)


def cool(record: NumberRecord, days: int, stamp: Stamp) -> Decision:
    """An operator sends an Available number into cooling for a number of days (VOSS: manual cooling).

    Raises:
        RuleViolationError: it is not Available, or a device holds it.
    """
    require(record, Status.AVAILABLE, "cooled")
    if days == 0:
        return Decision(record, record, Outcome.UNCHANGED)
    after, outcome = cooled(record, days, stamp)
    return Decision(record, after, outcome)


def release_early(record: NumberRecord, stamp: Stamp) -> Decision:
    """An operator ends a cooling before its Release Date.

    Raises:
        RuleViolationError: the number is not Cooling, or a device holds it.
    """
    require(record, Status.COOLING, "released")
    return Decision(record, available(record, stamp), Outcome.RELEASED)


def edit(record: NumberRecord, texts: Mapping[str, str], stamp: Stamp) -> Decision:
    """An operator changes texts that say something about the number and decide nothing, by the names of their fields.

    Held, used, reserved or cooling: it may be in any state, and stays in it.
    """
    after = replace(record, **texts)  # type: ignore[arg-type]  # each of them is a text
    return Decision(record, stamped(after, stamp), Outcome.EDITED)


def condemned(record: NumberRecord, stamp: Stamp) -> Decision:
    """The last version of a number before it is deleted: who deletes it, when and why (this project's rule).

    A deletion itself leaves nothing that could say so. If it never comes, the number goes on as it is, and its next
    change takes the mark away.

    Raises:
        RuleViolationError: it is not Available, or a device holds it.
    """
    require(record, Status.AVAILABLE, "deleted")
    return Decision(record, replace(stamped(record, stamp), deleting=True), Outcome.DELETING)
