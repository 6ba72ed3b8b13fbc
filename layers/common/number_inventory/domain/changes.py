"""One change of a number: what it was before and after, what happened to it, when, by whom and why.

Changes are read off the numbers themselves, whoever changed them: nobody has to report one, so none is left out. What
happened follows from the two states alone. Who did it stands in the state after; where that still has the stamp of an
earlier change, some other hand has written the number past this product.
"""

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum

from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage

RELEASE = "release"
"""The stamp of the job that releases what has cooled, and ends reservations."""

MIGRATION = "migration"
"""Who writes numbers as they are, to bring them up to date or to have them counted; see `services.migrate_numbers`."""

ANOTHER_HAND = "another hand"
"""Who changed a number that does not say so itself."""

_CORRELATED = ("sync:", RELEASE)

_STAMPS = frozenset({"version", "updated_at", "updated_by", "reason", "claim", "deleting", "outdated"})
_RESERVATION = ("reserved_for", "reserved_until", "reservation_notes")
_OWNERSHIP = ("vendor", "usage", "assigned_to")
_HOLDERS = ("holders",)
_COOLING = ("release_date", "cooling_since")


class ChangeKind(StrEnum):
    """What happened to a number."""

    CREATED = "created"
    REGISTERED = "registered"
    RETURNED = "returned"
    HOLDER_ADDED = "holder_added"
    HOLDER_CONFIRMED = "holder_confirmed"
    HOLDER_DROPPED = "holder_dropped"
    COOLED = "cooled"
    RELEASED = "released"
    FREED = "freed"
    ASSIGNED = "assigned"
    RESERVED = "reserved"
    UNRESERVED = "unreserved"
    LAPSED = "lapsed"
    EDITED = "edited"
    DELETING = "deleting"
    DELETED = "deleted"
    TOUCHED = "touched"
    UNREADABLE = "unreadable"


MEANINGS = {
    ChangeKind.CREATED: "was added to the inventory",
    ChangeKind.REGISTERED: "is a device's",
    ChangeKind.RETURNED: "came back to a device while it cooled",
    ChangeKind.HOLDER_ADDED: "is registered on a further device",
    ChangeKind.HOLDER_CONFIRMED: "was seen on its device anew",
    ChangeKind.HOLDER_DROPPED: "is gone from one of its devices",
    ChangeKind.COOLED: "cools",
    ChangeKind.RELEASED: "is Available after its cooling",
    ChangeKind.FREED: "is Available without a cooling",
    ChangeKind.ASSIGNED: "was given to somebody",
    ChangeKind.RESERVED: "is kept for somebody",
    ChangeKind.UNRESERVED: "is no longer kept for anybody",
    ChangeKind.LAPSED: "is no longer kept, because the reservation came to its end",
    ChangeKind.EDITED: "got other texts",
    ChangeKind.DELETING: "is about to be deleted",
    ChangeKind.DELETED: "was deleted",
    ChangeKind.TOUCHED: "was written, and says what it said",
    ChangeKind.UNREADABLE: "cannot be understood, before or after",
}
"""Each kind in words that go on from the number."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stored number that cannot be understood.

    Attributes:
        stored: what stands there, as the database gave it; only adapters look into it.
        cause: what is wrong with it.
        version: as far as that can be understood; else 0.
    """

    stored: object
    cause: str
    version: int = field(default=0, compare=False)


State = NumberRecord | Unreadable | None
"""A number at one time: as it was, there but not understood, or not there."""


@dataclass(frozen=True, slots=True, order=True)
class ChangeKey:
    """Which change of which number; sorts the changes of a number as they happened.

    Attributes:
        version: of the number since then; of a deletion, the last that it had; 0 where that cannot be understood.
        sequence: the database's own name of the change, of one length, so that text sorts as time. It tells changes of
            one version apart, which only other hands make.
    """

    customer: str
    number: str
    version: int
    sequence: str

    @property
    def event_id(self) -> str:
        """The change as consumers know it, always and everywhere the same."""
        return f"{self.customer}/{self.number}/{self.version}-{self.sequence.lstrip('0')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a number.

    Attributes:
        streamed_at: when the database made it, by its own clock, in whole seconds rounded down.
        before: the number until then; None where there was none.
        after: the number since; None where it was deleted.
    """

    key: ChangeKey
    streamed_at: datetime
    before: State
    after: State

    @property
    def stamped(self) -> bool:
        """Whether the number itself says who changed it, when and why."""
        if self.after is None:
            return isinstance(self.before, NumberRecord) and self.before.deleting
        if not isinstance(self.after, NumberRecord) or not self.after.updated_by:
            return False
        if not isinstance(self.before, NumberRecord):
            return True
        return self.after.version > self.before.version and _stamp(self.after) != _stamp(self.before)

    @property
    def _stamp_of(self) -> NumberRecord | None:
        """The state that has the stamp of this change."""
        state = self.before if self.after is None else self.after
        return state if self.stamped and isinstance(state, NumberRecord) else None

    @property
    def at(self) -> datetime:
        """When it happened: as the number says; if it does not, as the database says, and not before its last stamp."""
        known = self._stamp_of
        if known is not None and known.updated_at is not None and self.after is not None:
            return known.updated_at
        earlier = self.before.updated_at if isinstance(self.before, NumberRecord) else None
        return max(self.streamed_at, earlier) if earlier else self.streamed_at

    @property
    def by(self) -> str:
        """Who did it, as in `Stamp.by`."""
        known = self._stamp_of
        if known:
            return known.updated_by
        return MIGRATION if self._is_rewritten else ANOTHER_HAND

    @property
    def _is_rewritten(self) -> bool:
        """Whether the number says what it said, stamp included, under a higher version: nobody else writes so."""
        if not isinstance(self.before, NumberRecord) or not isinstance(self.after, NumberRecord):
            return False
        same = _stamp(self.after) == _stamp(self.before) and self.after.deleting == self.before.deleting
        return same and self.after.version > self.before.version and not self.changed

    @property
    def reason(self) -> str:
        """Why; empty where nobody said so."""
        known = self._stamp_of
        return known.reason if known else ""

    @property
    def changed(self) -> tuple[str, ...]:
        """The fields that differ, apart from version and stamp; none where a side is not there or not understood."""
        if not isinstance(self.before, NumberRecord) or not isinstance(self.after, NumberRecord):
            return ()
        return tuple(
            field.name
            for field in fields(NumberRecord)
            if field.name not in _STAMPS and getattr(self.before, field.name) != getattr(self.after, field.name)
        )

    @property
    def kind(self) -> ChangeKind:
        """What happened."""
        if isinstance(self.before, Unreadable) or isinstance(self.after, Unreadable):
            return ChangeKind.UNREADABLE
        if self.before is None:
            return ChangeKind.CREATED
        if self.after is None:
            return ChangeKind.DELETED
        if self.before.status is not self.after.status:
            return _moved(self.before, self.after, self.by)
        return _stayed(self.before, self.after, frozenset(self.changed))

    @property
    def moves_status(self) -> bool:
        """Whether the Status is another one now; creation and deletion count."""
        return status_of(self.before) != status_of(self.after)


def status_of(state: State) -> Status | None:
    """The Status of a number at a time; None where it is not there or not understood."""
    return state.status if isinstance(state, NumberRecord) else None


def _stamp(record: NumberRecord) -> tuple[object, ...]:
    return record.updated_at, record.updated_by, record.reason


def _moved(before: NumberRecord, after: NumberRecord, by: str) -> ChangeKind:
    """What brought a number from one Status to another."""
    if after.status is Status.COOLING:
        return ChangeKind.COOLED
    if after.status is Status.RESERVED:
        return ChangeKind.RESERVED
    if after.status is not Status.AVAILABLE:
        if not _is_devices(after):
            return ChangeKind.ASSIGNED
        return ChangeKind.RETURNED if before.status is Status.COOLING else ChangeKind.REGISTERED
    if before.status is Status.RESERVED:
        return ChangeKind.LAPSED if without_correlation(by) == RELEASE else ChangeKind.UNRESERVED
    return ChangeKind.RELEASED if before.status is Status.COOLING else ChangeKind.FREED


def _stayed(before: NumberRecord, after: NumberRecord, changed: frozenset[str]) -> ChangeKind:
    """What happened to a number within its Status; where it was several things, the weightiest."""
    weights = (
        (_OWNERSHIP, ChangeKind.REGISTERED if _is_devices(after) else ChangeKind.ASSIGNED),
        (_HOLDERS, _holders_changed(before, after)),
        (_COOLING, ChangeKind.COOLED),
        (_RESERVATION, ChangeKind.RESERVED),
        (changed, ChangeKind.EDITED),
    )
    unchanged = ChangeKind.DELETING if after.deleting and not before.deleting else ChangeKind.TOUCHED
    return next((kind for names, kind in weights if not changed.isdisjoint(names)), unchanged)


def _holders_changed(before: NumberRecord, after: NumberRecord) -> ChangeKind:
    had, has = ({holder.device for holder in record.holders} for record in (before, after))
    if has == had:
        return ChangeKind.HOLDER_CONFIRMED
    return ChangeKind.HOLDER_ADDED if has - had else ChangeKind.HOLDER_DROPPED


def _is_devices(record: NumberRecord) -> bool:
    return (record.vendor, record.usage) == (AUDIOCODES, Usage.DEVICE)


def correlated(by: str, correlation_id: str) -> str:
    """The stamp of a schedule's run, with the id that stands in every line of its log; as it is where there is none."""
    return f"{by}@{correlation_id}" if correlation_id else by


def without_correlation(by: str) -> str:
    """The stamp without the id of the run. Names of callers may have an @ of their own."""
    return by.partition("@")[0] if by.startswith(_CORRELATED) else by
