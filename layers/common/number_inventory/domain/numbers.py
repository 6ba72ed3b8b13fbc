"""The number record: one internal number inventory item (INI) and what it may hold.

Spellings of Status and Usage, and the field names, are VOSS Automate's.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from number_inventory.domain.cooling import cooling_tag
from number_inventory.domain.errors import InvalidInputError

AUDIOCODES = "AudioCodes"
CANONICAL = re.compile(r"\+[0-9]{1,15}|[0-9*#]{1,20}", re.ASCII)
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

MAX_TEXT = 200
"""Characters that a free text of a number may have."""


class Status(StrEnum):
    """The Status of a number, in VOSS's exact spelling."""

    AVAILABLE = "Available"
    USED = "Used"
    USED_UTILITY = "Used-Utility"
    RESERVED = "Reserved"
    COOLING = "Cooling"


class Usage(StrEnum):
    """What a used number is used for, in VOSS's exact spelling; blank where nothing uses it."""

    NONE = ""
    DEVICE = "Device"
    USER = "User"
    HUNT_PILOT = "Hunt_Pilot"
    PICKUP_GROUP_PILOT = "Pickup_Group_Pilot"
    CALL_HANDLER_PILOT = "Call_Handler_Pilot"
    VOICEMAIL_PILOT = "Voicemail_Pilot"
    MEET_ME = "Meet_Me"
    CTI_ROUTE_POINT = "CTI_RoutePoint"
    CALL_PARK = "Call_Park"
    DIRECTED_CALL_PARK = "Directed_Call_Park"
    VOSS_PHONE = "VOSS_Phone"


@dataclass(frozen=True, slots=True)
class Holder:
    """A device on which a number is registered now.

    Attributes:
        device: the device's name within the customer.
        since: when a sync first saw the number there (UTC).
        sync: the sequence number of the device's sync that wrote this entry; an older sync cannot undo it.
    """

    device: str
    since: datetime
    sync: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRecord:
    """One number of one customer. Identity is (customer, number); all instants are UTC.

    Attributes:
        number: canonical, see `canonical_number`.
        tag: what an operator wrote; kept through a cooling, see `shown_tag`.
        release_date: set only while Cooling.
        holders: by device name, each device once; a number with a holder is never assigned.
        assigned_to: whom an operator gave it to; blank when nobody was named, and once it is freed or a device's.
        version: grows by one with each write, from `first_version` on; 0 has not been stored yet. Every write is
            conditional on it.
        reserved_until: when a reservation lapses; None does not lapse.
        deleting: the last write was made to delete the number, and says by whom; any other write takes that back.
        reason: why the last write happened, for people.
        claim: the mark of the claim that took it as a next available number; gone once somebody else has it, or nobody.
        outdated: stored in the way of an earlier release; its next write stores all of it in today's.
    """

    customer: str
    number: str
    status: Status = Status.AVAILABLE
    usage: Usage = Usage.NONE
    vendor: str = ""
    tag: str = ""
    release_date: datetime | None = None
    cooling_since: datetime | None = None
    description: str = ""
    extra1: str = ""
    extra2: str = ""
    extra3: str = ""
    internal_number_type: str = ""
    e164_number: str = ""
    site: str = ""
    reserved_for: str = ""
    reservation_notes: str = ""
    reserved_until: datetime | None = None
    holders: tuple[Holder, ...] = ()
    assigned_to: str = ""
    version: int = 0
    created_at: datetime | None = None
    created_by: str = ""
    updated_at: datetime | None = None
    updated_by: str = ""
    reason: str = ""
    claim: str = ""
    deleting: bool = False
    outdated: bool = False

    def holder(self, device: str) -> Holder | None:
        """The entry of this device, or None when the number is not registered there."""
        return next((holder for holder in self.holders if holder.device == device), None)

    def shown_tag(self, now: datetime) -> str:
        """The Tag as people see it: the cooling message while Cooling, else what an operator wrote (VOSS)."""
        if self.status is Status.COOLING and self.release_date is not None:
            return cooling_tag(self.release_date, now)
        return self.tag


class NumberGlance(NamedTuple):
    """What a quick look at a number shows, as an audit takes it at every one.

    Attributes:
        holders: names of the devices that the record names, in no particular order.
        release_date: only while Cooling.
    """

    number: str
    status: Status
    usage: str
    vendor: str
    site: str
    holders: Collection[str]
    release_date: datetime | None


def first_version(record: NumberRecord) -> int:
    """The version of a new number: the millisecond in which it was created.

    So a number that was deleted and is added again counts on from above its earlier life, and whoever has decided on
    that life finds that the number changed. One without an instant of creation begins at 1.
    """
    return int(record.created_at.timestamp() * 1000) if record.created_at else 1


def canonical_number(text: str, *, field: str = "number") -> str:
    r"""The one spelling under which a number is known: `+` and up to 15 digits, or 1 to 20 of digits, `*`, `#`.

    VOSS exports E.164 numbers as `\+44...`: accepted, and kept as `+44...`.

    Raises:
        InvalidInputError: the text is not a number.
    """
    number = text.strip().removeprefix("\\")
    if not CANONICAL.fullmatch(number):
        message = f"must be '+' and 1 to 15 digits, or 1 to 20 of digits, '*' and '#', not {text[:40]!r}"
        raise InvalidInputError(field, message)
    return number


def is_canonical(text: str) -> bool:
    """Whether the text already is a canonical number."""
    return CANONICAL.fullmatch(text) is not None


def slug(text: str, *, field: str) -> str:
    """Check the name of a customer or a device: lower case letters, digits and inner hyphens, 1 to 63 characters.

    Raises:
        InvalidInputError: the text is not such a name.
    """
    if not _SLUG.fullmatch(text):
        message = f"must be 1 to 63 lower case letters, digits or inner hyphens, not {text[:70]!r}"
        raise InvalidInputError(field, message)
    return text


def free_text(text: str, *, field: str) -> str:
    """Check a free text: at most 200 characters, and none that breaks a line, a terminal or a file.

    Raises:
        InvalidInputError: the text is too long or holds a control character.
    """
    if len(text) > MAX_TEXT:
        raise InvalidInputError(field, f"must be at most {MAX_TEXT} characters, not {len(text)}")
    if _UNPRINTABLE.search(text):
        raise InvalidInputError(field, f"must not hold control characters or line breaks, as {text[:40]!r} does")
    return text


def numbers_between(first: str, last: str, most: int) -> list[str]:
    """Every number from the first to the last, both of them included, in their one spelling.

    Raises:
        InvalidInputError: they are no numbers of one length with digits only, the last comes before the first, or
            there are more than `most`.
    """
    count = count_between(first, last, most)
    low = canonical_number(first, field="first")
    digits = low.removeprefix("+")
    plus = "+" if low.startswith("+") else ""
    return [f"{plus}{number:0{len(digits)}d}" for number in range(int(digits), int(digits) + count)]


def count_between(first: str, last: str, most: int) -> int:
    """How many numbers there are from the first to the last, both of them included.

    Raises:
        InvalidInputError: as `numbers_between`.
    """
    low, high = canonical_number(first, field="first"), canonical_number(last, field="last")
    digits = low.removeprefix("+")
    alike = len(low) == len(high) and low.startswith("+") == high.startswith("+")
    if not alike or not (digits + high.removeprefix("+")).isdigit():
        raise InvalidInputError("last", f"must have digits only and as many as the first, {low}, not {high!r}")
    count = int(high.removeprefix("+")) - int(digits) + 1
    if not 1 <= count <= most:
        limit = f"must be the first, {low}, or up to {most - 1} behind it"
        raise InvalidInputError("last", f"{limit}, not {high}")
    return count


def successor(number: str) -> str:
    """The number that comes next in a block: one higher and as long; empty where there is none."""
    digits = number.removeprefix("+")
    if not digits.isdigit() or digits == "9" * len(digits):
        return ""
    return f"{number[: len(number) - len(digits)]}{int(digits) + 1:0{len(digits)}d}"


def with_holder(holders: Iterable[Holder], holder: Holder) -> tuple[Holder, ...]:
    """The holders with this one in it, each device once, in the order of device names."""
    others = [known for known in holders if known.device != holder.device]
    return tuple(sorted([*others, holder], key=lambda known: known.device))


def without_holder(holders: Iterable[Holder], device: str) -> tuple[Holder, ...]:
    """The holders without this device."""
    return tuple(known for known in holders if known.device != device)
