"""Look at what became of a number: change by change, as it was at an instant, and why it is as it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from number_inventory.domain.changes import Change, State
from number_inventory.domain.errors import InvalidInputError, NotFoundError, RecordBrokenError, StorageBusyError
from number_inventory.domain.explanation import SETTINGS, Explanation, explain
from number_inventory.domain.numbers import NumberRecord, canonical_number, slug
from number_inventory.ports.clock import Clock
from number_inventory.ports.history import ChangePage, History
from number_inventory.ports.macros import Macros
from number_inventory.ports.numbers import Inventory

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

_PAGE = 200
_LOOKED_AT = 400
"""Changes that an explanation looks back over."""


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """Whose changes a listing shows."""

    customer: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtHistory:
    """The use case; it changes nothing.

    Attributes:
        retention: how long changes are kept.
    """

    inventory: Inventory
    history: History
    macros: Macros
    clock: Clock
    retention: timedelta

    def page(self, query: ChangeQuery, limit: int = DEFAULT_LIMIT, after: str | None = None) -> ChangePage:
        """At most `limit` changes of a number, the newest first, from those before `after`.

        Raises:
            InvalidInputError: a part of the query is malformed, or the limit is out of range.
            NotFoundError: there is no such number, and the history knows of none.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidInputError("limit", f"must be from 1 to {MAX_LIMIT}, not {limit}")
        customer, number = _checked(query.customer, query.number)
        page = self.history.page(customer, number, limit, after)
        if not page.changes and after is None and page.last is None:
            self._present(customer, number)
        return page

    def as_of(self, customer: str, number: str, at: datetime) -> NumberRecord:
        """A number as it was at an instant.

        Raises:
            InvalidInputError: the customer or the number is malformed, or the instant lies in the future, or before
                what the history knows of the number.
            NotFoundError: there was no such number then.
            RecordBrokenError: what stood there then cannot be understood.
            StorageBusyError: the history has not caught up with the number: ask again in a moment.
        """
        customer, number = _checked(customer, number)
        now = self.clock.now()
        if at > now:
            raise InvalidInputError("as_of", "must not lie in the future")
        # The number first: what it says is then in the history, or the history is behind it.
        record = self.inventory.get(customer, number)
        later: Change | None = None
        for change in self._changes(customer, number):
            if later is None and not _knows(change, record):
                if record is not None and (record.updated_at or at) <= at:
                    return record
                if change.at <= at:
                    raise StorageBusyError(f"the history of number {number} has not caught up yet")
            if change.at <= at:
                return _readable(customer, number, change.after, at)
            later = change
        if later is not None:
            return self._before_all(customer, number, later, at)
        return self._without_history(customer, number, record, at)

    def explain(self, customer: str, number: str) -> Explanation:
        """Why a number is as it is, and what becomes of it.

        Raises:
            InvalidInputError: the customer or the number is malformed.
            NotFoundError: there is no such number now.
        """
        customer, number = _checked(customer, number)
        record = self._present(customer, number)
        looked_at: list[Change] = []
        for change in self._changes(customer, number):
            looked_at.append(change)
            moved = not isinstance(change.before, NumberRecord) or change.moves_status
            if moved or len(looked_at) == _LOOKED_AT:
                break
        macros = self.macros.resolve(customer, SETTINGS)
        return explain(record, tuple(looked_at), macros, self.clock.now())

    def _present(self, customer: str, number: str) -> NumberRecord:
        record = self.inventory.get(customer, number)
        if record is None:
            raise NotFoundError(f"customer {customer} has no number {number}")
        return record

    def _changes(self, customer: str, number: str) -> Iterator[Change]:
        """All changes of a number, the newest first; a first few, then more and more a request."""
        after: str | None = None
        limit = 10
        while True:
            page = self.history.page(customer, number, limit, after)
            yield from page.changes
            after = page.last
            if after is None:
                return
            limit = _PAGE

    def _before_all(self, customer: str, number: str, oldest: Change, at: datetime) -> NumberRecord:
        """The number before the oldest change that the history knows."""
        before = oldest.before
        if before is None and at >= self.clock.now() - self.retention:
            raise _absent(customer, number, at)
        if not isinstance(before, NumberRecord) or before.updated_at is None or before.updated_at > at:
            begins = before.updated_at if isinstance(before, NumberRecord) else None
            raise _not_kept(number, begins or oldest.at)
        return before

    def _without_history(self, customer: str, number: str, record: NumberRecord | None, at: datetime) -> NumberRecord:
        """The number where the history knows nothing of it: it is as it was since its last change."""
        if record is None:
            raise NotFoundError(f"customer {customer} has no number {number}, and the history knows of none")
        if record.updated_at is None or record.updated_at <= at:
            return record
        if record.created_at is not None and at < record.created_at and at >= self.clock.now() - self.retention:
            raise _absent(customer, number, at)
        raise _not_kept(number, record.updated_at)


def _checked(customer: str, number: str) -> tuple[str, str]:
    return slug(customer, field="customer"), canonical_number(number)


def _knows(newest: Change, record: NumberRecord | None) -> bool:
    """Whether the newest change that the history has is the last one of the number."""
    if record is None:
        return newest.after is None
    return newest.after is not None and newest.key.version >= record.version


def _readable(customer: str, number: str, state: State, at: datetime) -> NumberRecord:
    if state is None:
        raise _absent(customer, number, at)
    if not isinstance(state, NumberRecord):
        raise RecordBrokenError(f"number {number} of customer {customer}", "as_of", f"stood broken: {state.cause}")
    return state


def _absent(customer: str, number: str, at: datetime) -> NotFoundError:
    return NotFoundError(f"customer {customer} had no number {number} at {_spelt(at)}")


def _not_kept(number: str, begins: datetime) -> InvalidInputError:
    return InvalidInputError("as_of", f"lies before what the history has of number {number}: from {_spelt(begins)} on")


def _spelt(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
