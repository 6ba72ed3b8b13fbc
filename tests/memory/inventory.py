"""The inventory in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import TypeVar

from number_inventory.adapters.dynamodb.inventory import NumbersFound
from number_inventory.domain.decisions import Decision
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.numbers import NumberGlance, NumberRecord, Status, first_version
from number_inventory.ports.numbers import DueNumber, DueReservation, NumberPage, NumberQuery, NumberSlice, WriteResult
from tests.memory.fuse import Fuse

_T = TypeVar("_T")

BATCH = 3
"""How many numbers a batch of `due` and a slice of `sweep` hold: few, so that tests see several."""

Observer = Callable[[NumberRecord | None, NumberRecord], None]
Stream = list[tuple[NumberRecord | None, NumberRecord | None]]


class MemoryInventory:
    """Numbers by customer and spelling; every write is conditional on the version.

    Attributes:
        observers: told the record before and after of each write that stands.
        stream: the record before and after of everything that ever changed, whoever changed it, in that order.
        answers_lost: numbers whose next write stands, but is answered with FAILED.
        writes_lost: numbers whose next write is lost and answered with FAILED.
        index_lag: entries that the cooling index still shows although they are no longer true.
        reservations_lag: the same of the index of reservations.
        available_lag: numbers that the index of idle numbers still shows as Available.
        unreadable: numbers whose records cannot be understood.
    """

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._records: dict[tuple[str, str], NumberRecord] = {}
        self._lock = Lock()
        self.observers: list[Observer] = []
        self.stream: Stream = []
        self.answers_lost: set[str] = set()
        self.writes_lost: set[str] = set()
        self.index_lag: list[DueNumber] = []
        self.reservations_lag: list[DueReservation] = []
        self.available_lag: list[str] = []
        self.unreadable: set[str] = set()

    def get(self, customer: str, number: str) -> NumberRecord | None:
        """One number."""
        if number in self.unreadable:
            raise _broken(customer, number)
        return self._records.get((customer, number))

    def peek(self, customer: str, number: str) -> NumberRecord | None:
        """One number; memory has no stale reads."""
        return self.get(customer, number)

    def get_many(self, customer: str, numbers: Sequence[str]) -> Mapping[str, NumberRecord]:
        """Those that exist."""
        self._fuse.point("inventory.get_many before")
        found = {number: record for number in numbers if (record := self._records.get((customer, number))) is not None}
        self._fuse.point("inventory.get_many after")
        broken = {number: _broken(customer, number) for number in self.unreadable & found.keys()}
        sound = {number: record for number, record in found.items() if number not in broken}
        return NumbersFound(sound, broken)

    def peek_many(self, customer: str, numbers: Sequence[str]) -> Mapping[str, NumberRecord]:
        """Those that exist; memory has no stale reads."""
        return self.get_many(customer, numbers)

    def save(self, decisions: Sequence[Decision]) -> Sequence[WriteResult]:
        """Write what still is as it was read; a death in the middle leaves the ones before it written."""
        self._fuse.point("inventory.save before")
        numbers = [(decision.after.customer, decision.after.number) for decision in decisions]
        assert len(numbers) == len(set(numbers)), "each number may stand in a save once"
        results = []
        for decision in decisions:
            results.append(self._save(decision))
            self._fuse.point(f"inventory.save after {decision.after.number}")
        return results

    def _save(self, decision: Decision) -> WriteResult:
        number = decision.after.number
        if not decision.needs_write:
            return WriteResult.WRITTEN
        if number in self.unreadable:
            return WriteResult.FAILED
        if number in self.writes_lost:
            self.writes_lost.discard(number)
            return WriteResult.FAILED
        with self._lock:
            present = self._records.get((decision.after.customer, number))
            expected = decision.before.version if decision.before else 0
            if (present.version if present else 0) != expected:
                return WriteResult.SUPERSEDED
            version = expected + 1 if decision.before else first_version(decision.after)
            stored = replace(decision.after, version=version, outdated=False)
            self._records[(stored.customer, number)] = stored
            self.stream.append((present, stored))
        for observer in self.observers:
            observer(present, stored)
        if number in self.answers_lost:
            self.answers_lost.discard(number)
            return WriteResult.FAILED
        return WriteResult.WRITTEN

    def rewrite(self, record: NumberRecord, stored: NumberRecord) -> WriteResult:
        """Put `stored` in the place of a record that still is as it was read, under the version that it says."""
        with self._lock:
            if self._records.get((record.customer, record.number)) != record:
                return WriteResult.SUPERSEDED
            self._records[(record.customer, record.number)] = stored
            self.stream.append((record, stored))
        return WriteResult.WRITTEN

    def delete(self, record: NumberRecord) -> WriteResult:
        """Delete what still is at this version."""
        self._fuse.point("inventory.delete before")
        key = (record.customer, record.number)
        if record.number in self.writes_lost:
            self.writes_lost.discard(record.number)
            return WriteResult.FAILED
        with self._lock:
            present = self._records.get(key)
            if present is None or present.version != record.version:
                return WriteResult.SUPERSEDED
            del self._records[key]
            self.stream.append((present, None))
        self._fuse.point("inventory.delete after")
        if record.number in self.answers_lost:
            self.answers_lost.discard(record.number)
            return WriteResult.FAILED
        return WriteResult.WRITTEN

    def due(self, until: datetime, customer: str | None = None) -> Iterator[Sequence[DueNumber]]:
        """Cooling numbers whose Release Date is at or before `until`, earliest first."""
        self._fuse.point("inventory.due before")
        cooling = [
            DueNumber(record.customer, record.number, record.release_date)
            for record in self._records.values()
            if record.status is Status.COOLING and record.release_date is not None
        ]
        wanted = (
            entry
            for entry in [*self.index_lag, *cooling]
            if entry.release_date <= until and customer in {None, entry.customer}
        )
        yield from _batches(sorted(wanted, key=lambda entry: entry.release_date))

    def lapsing(self, until: datetime, customer: str | None = None) -> Iterator[Sequence[DueReservation]]:
        """Reservations whose end is at or before `until`, earliest first."""
        self._fuse.point("inventory.lapsing before")
        reserved = [
            DueReservation(record.customer, record.number, record.reserved_until)
            for record in self._records.values()
            if record.status is Status.RESERVED and record.reserved_until is not None
        ]
        wanted = (
            entry
            for entry in [*self.reservations_lag, *reserved]
            if entry.reserved_until <= until and customer in {None, entry.customer}
        )
        yield from _batches(sorted(wanted, key=lambda entry: entry.reserved_until))

    def available(self, customer: str, prefix: str, batch: int) -> Iterator[Sequence[str]]:
        """Available numbers as they stand when the search begins, and those that the index still shows."""
        self._fuse.point("inventory.available before")
        free = {record.number for record in self._of(customer) if record.status is Status.AVAILABLE}
        shown = sorted(number for number in free.union(self.available_lag) if number.startswith(prefix))
        for start in range(0, len(shown), batch):
            yield shown[start : start + batch]

    def page(self, query: NumberQuery, limit: int, after: str | None) -> NumberPage:
        """At most `limit` numbers that match, by their spelling."""
        matching = [
            record
            for record in sorted(self._of(query.customer), key=lambda record: record.number, reverse=query.reverse)
            if not after or (record.number < after if query.reverse else record.number > after)
            if record.number not in self.unreadable and query.matches(record)
        ]
        shown = matching[:limit]
        return NumberPage(tuple(shown), shown[-1].number if len(matching) > limit else None)

    def sweep(self, customer: str, after: str = "") -> Iterator[NumberSlice]:
        """All numbers of a customer behind `after`, slice by slice; each is read when its turn comes."""
        while True:
            self._fuse.point("inventory.sweep before")
            behind = [record for record in self._of(customer) if record.number > after]
            shown = behind[:BATCH]
            upto = shown[-1].number if len(behind) > BATCH else None
            glances = [_glance(record) for record in shown if record.number not in self.unreadable]
            yield NumberSlice(glances, [each.number for each in shown if each.number in self.unreadable], upto)
            if upto is None:
                return
            after = upto

    def all(self) -> dict[tuple[str, str], NumberRecord]:
        """Every number of every customer: for tests to look at."""
        return dict(self._records)

    def put(self, record: NumberRecord) -> NumberRecord:
        """Plant a record as if some other hand had written it; returns it as stored."""
        present = self._records.get((record.customer, record.number))
        stored = replace(record, version=(present.version if present else 0) + 1)
        self._records[(record.customer, record.number)] = stored
        self.stream.append((present, stored))
        return stored

    def restore(self, record: NumberRecord) -> None:
        """Put a record back exactly as it was, as a backup does."""
        self._records[(record.customer, record.number)] = record
        self.stream.append((None, record))

    def lose(self, customer: str, number: str) -> None:
        """Drop a record, as a hand in the database might."""
        self.stream.append((self._records.pop((customer, number)), None))

    def _of(self, customer: str) -> list[NumberRecord]:
        return [record for key, record in sorted(self._records.items()) if key[0] == customer]


def _glance(record: NumberRecord) -> NumberGlance:
    return NumberGlance(
        record.number,
        record.status,
        record.usage,
        record.vendor,
        record.site,
        tuple(holder.device for holder in record.holders),
        record.release_date if record.status is Status.COOLING else None,
    )


def _broken(customer: str, number: str) -> RecordBrokenError:
    return RecordBrokenError(f"number {number} of customer {customer}", "status", "is spoilt by a test")


def _batches(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        yield batch
