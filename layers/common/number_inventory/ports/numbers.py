"""The numbers of all customers: read, listed and written one by one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from number_inventory.domain.numbers import NumberGlance, NumberRecord, Status

if TYPE_CHECKING:
    from number_inventory.domain.decisions import Decision

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class WriteResult(StrEnum):
    """What became of one conditional write."""

    WRITTEN = "written"
    SUPERSEDED = "superseded"
    """Somebody else changed the number since it was read, and nothing was written: read again and decide anew."""
    UNKNOWN = "unknown"
    """It was sent more than once, and somebody else has changed the number since: before it, or after it was done.

    Who decides anew may undo what others built on it: only for decisions that hold whatever became of this one.
    """
    FAILED = "failed"
    """The write could not be made, or its answer was lost, even after retries: it may or may not stand."""


UNSURE = frozenset({WriteResult.UNKNOWN, WriteResult.FAILED})
"""Whether it was written, nobody knows."""


@dataclass(frozen=True, slots=True)
class DueNumber:
    """A candidate for release from the cooling index, which may lag: the record decides."""

    customer: str
    number: str
    release_date: datetime


@dataclass(frozen=True, slots=True)
class DueReservation:
    """A candidate for lapsing from the index of reservations with an end, which may lag: the record decides."""

    customer: str
    number: str
    reserved_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberQuery:
    """Which numbers of a customer a listing shows, and in which order; None or blank means any.

    Attributes:
        assigned_to: whom they are assigned to.
        device: one of those that hold them.
        first, last: a range of spellings, both ends included; two ends of one length mean numbers of that length.
        changed_since: changed then or later.
        text: stands in the description or in the tag that an operator wrote, in this very spelling.
        reverse: from the last number to the first.
    """

    customer: str
    status: Status | None = None
    vendor: str | None = None
    usage: str | None = None
    site: str | None = None
    assigned_to: str | None = None
    prefix: str = ""
    device: str = ""
    first: str = ""
    last: str = ""
    changed_since: datetime | None = None
    text: str = ""
    reverse: bool = False

    def matches(self, record: NumberRecord) -> bool:
        """Whether a number of the customer is one of those."""
        pairs = (
            (self.status, record.status),
            (self.vendor, record.vendor),
            (self.usage, record.usage),
            (self.site, record.site),
            (self.assigned_to, record.assigned_to),
        )
        return (
            all(wanted in {None, found} for wanted, found in pairs)
            and self._covers(record.number)
            and (not self.device or record.holder(self.device) is not None)
            and (self.changed_since is None or (record.updated_at or _LONG_AGO) >= self.changed_since)
            and (self.text in record.description or self.text in record.tag)
        )

    def _covers(self, number: str) -> bool:
        if not number.startswith(self.prefix) or number < self.first or (self.last and number > self.last):
            return False
        return not self.first or len(self.first) != len(self.last) or len(number) == len(self.first)


@dataclass(frozen=True, slots=True)
class NumberPage:
    """Some numbers in the order of their spelling, or the other way round.

    Attributes:
        last: continue after this number; None when there is nothing behind it. A page may be empty and still have
            one.
    """

    numbers: tuple[NumberRecord, ...]
    last: str | None


@dataclass(frozen=True, slots=True)
class NumberSlice:
    """All numbers of a customer in one stretch of their order.

    Attributes:
        numbers: in order, as an audit glances at them.
        unreadable: numbers of this stretch whose items cannot be understood.
        upto: the last number of the stretch; None where it goes on to the end. The next one begins behind it.
    """

    numbers: Sequence[NumberGlance]
    unreadable: Sequence[str]
    upto: str | None


class Inventory(Protocol):
    """The numbers of all customers."""

    def get(self, customer: str, number: str) -> NumberRecord | None:
        """One number, strongly consistent."""

    def peek(self, customer: str, number: str) -> NumberRecord | None:
        """One number, eventually consistent: for looking, at half the price."""

    def get_many(self, customer: str, numbers: Sequence[str]) -> Mapping[str, NumberRecord]:
        """Those of the numbers that exist; strongly consistent, since "nothing to do" is never re-checked.

        Looking up one that cannot be understood raises RecordBrokenError; iterating leaves it out.
        """

    def peek_many(self, customer: str, numbers: Sequence[str]) -> Mapping[str, NumberRecord]:
        """The same, eventually consistent: for looking, at half the price."""

    def save(self, decisions: "Sequence[Decision]") -> Sequence[WriteResult]:
        """Write each decision if its number still is as it was in `before`; results in the same order.

        Numbers are independent: one that fails does not stop the others. Each number may stand in it once. Decisions
        that need no write count as written. A stored record's version is its predecessor's plus one.
        """

    def delete(self, record: NumberRecord) -> WriteResult:
        """Delete a number if it still is at the version of this record; the caller has checked that it may go.

        Safe to repeat: where the number is gone, it is WRITTEN only if an earlier try of this very call may have done
        it, else SUPERSEDED. Where it is there after such a try, it may have been added anew: UNKNOWN.
        """

    def due(self, until: datetime, customer: str | None = None) -> Iterator[Sequence[DueNumber]]:
        """Numbers whose Release Date is at or before `until`, batch by batch; every customer's, or one's."""

    def lapsing(self, until: datetime, customer: str | None = None) -> Iterator[Sequence[DueReservation]]:
        """Reservations whose end is at or before `until`, batch by batch; every customer's, or one's."""

    def available(self, customer: str, prefix: str, batch: int) -> Iterator[Sequence[str]]:
        """Candidates for Available numbers in the order of their spelling, `batch` at a time.

        They come from an index, which may lag, and cost next to nothing: their records decide.
        """

    def page(self, query: NumberQuery, limit: int, after: str | None) -> NumberPage:
        """At most `limit` numbers that match, from those behind `after` in the order of the query."""

    def sweep(self, customer: str, after: str = "") -> Iterator[NumberSlice]:
        """All numbers of a customer behind `after`, stretch by stretch without a gap, in bounded memory.

        Eventually consistent: what looks wrong here is read again before it counts. The last slice has no `upto`; of a
        customer without numbers it is the only one.
        """
