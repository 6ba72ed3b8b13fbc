"""Bring stored numbers to the form that this release writes, and count all numbers of a customer anew.

Both are done by writing each number as it is, under a higher version, if it still is as it was read. So syncs, people
and this may go on beside each other: who loses a race reads again. It may die anywhere and be run again: what it has
done is known by the numbers themselves.

A recount begins at an instant that has not come yet. Numbers count in it whose version, which for a new number is the
instant of its creation, is that instant or later. The old ones are written under such a version after the instant has
passed. The last look at all numbers begins when whatever was decided before the instant has been written: what is
created behind it counts by itself.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from number_inventory.domain.counts import UNREADABLE, Cell, CounterKey, Recount, place_of
from number_inventory.domain.errors import CountingError, RuleViolationError, StorageBusyError
from number_inventory.domain.numbers import NumberRecord, slug
from number_inventory.ports.clock import Clock
from number_inventory.ports.history import Counters
from number_inventory.ports.numbers import WriteResult
from number_inventory.ports.stored_numbers import StoredNumber, StoredNumbers

BATCH = 100
"""Numbers that are written before the pace is looked at."""

PACE = 500
"""Numbers written a second, unless something else is asked for: far below what a new table takes."""

LEAD = timedelta(seconds=60)
"""How far ahead a recount's instant is: clocks may be apart by so much. The command line refuses beyond 30 seconds."""

SETTLE = timedelta(minutes=5)
"""How long after it was decided a number may be written, under a version that is of its decision: throttled, tried
again. The last look at all numbers begins so long after the recount's instant."""

MAX_UNREADABLE = 20
"""How many numbers that cannot be understood a report names."""

_PASSES = 8
_NEVER = 2**53
"""A version that no number has: none counts."""

Tell = Callable[[int], None]
"""Told how many numbers have been dealt with."""


@dataclass(slots=True, kw_only=True)
class MigrationReport:
    """What stands, and what was done.

    Attributes:
        numbers: how many there are.
        outdated: of these, not stored as this release stores them, or not in the indexes that they belong in.
        uncounted: of these, older than the recount that is under way.
        unreadable: cannot be understood, and were left as they are; `unreadable_numbers` names the first of them.
        counted: how many numbers the counters know; None while a recount is under way.
        off: in how many of their cells, by Site, Status and Vendor, the counters say something else; 0 is right.
        rewritten: how many were written.
        finished: nothing is left to be done.
    """

    customer: str
    numbers: int = 0
    outdated: int = 0
    uncounted: int = 0
    unreadable: int = 0
    unreadable_numbers: list[str] = field(default_factory=list)
    counted: int | None = None
    off: int | None = None
    rewritten: int = 0
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateNumbers:
    """The use case of operators.

    Attributes:
        sleep: waits for so many seconds.
        lead: see `LEAD`.
        settle: see `SETTLE`.
        pace: numbers written a second, at most.
    """

    numbers: StoredNumbers
    counters: Counters
    clock: Clock
    sleep: Callable[[float], None] = time.sleep
    lead: timedelta = LEAD
    settle: timedelta = SETTLE
    pace: int = PACE

    def look(self, customer: str, tell: Tell = lambda _done: None) -> MigrationReport:
        """What there is to be done; changes nothing.

        Counters follow the numbers by a second or two, so of an inventory that changes `off` may be a little above 0.

        Raises:
            InvalidInputError: the customer's name is malformed.
            StorageBusyError, StorageRefusedError: the database failed or refused.
        """
        recount = self._latest(slug(customer, field="customer"))
        report = MigrationReport(customer=customer)
        cells: Counter[tuple[CounterKey, Cell]] = Counter()
        for found in self.numbers.stored(customer):
            for stored in found:
                self._look_at(report, stored, recount)
                if stored.record is not None:
                    cells[place_of(stored.record)] += 1
            tell(report.numbers)
        self._compare(report, cells)
        report.finished = not (report.outdated or report.uncounted or report.off) and report.off is not None
        return report

    def apply(self, customer: str, *, recount: bool, tell: Tell = lambda _done: None) -> MigrationReport:
        """Bring every number up to date; with `recount`, or where one is under way, count them anew as well.

        Raises:
            InvalidInputError: the customer's name is malformed.
            RuleViolationError: a restore has not come to its end.
            StorageBusyError: numbers kept being changed by others, or the database failed: run it again.
            StorageRefusedError: the database refused.
        """
        known = self._latest(slug(customer, field="customer"))
        if known is not None and known.since == _NEVER:
            message = f"numbers of customer {customer} are being put back from a backup, and not all of them are there"
            raise RuleViolationError(f"{message}: give that command again first")
        under_way = known if known is not None and not known.finished else None
        if recount and under_way is None:
            under_way = self._begin(customer, known)
        report = self._rewrite_all(customer, under_way or known, tell)
        if under_way is not None:
            self._end(under_way)
        report.finished = True
        return report

    def expect_restored(self, customer: str) -> None:
        """Count nothing until `restored` says that all numbers are back: call it before the first of them is.

        Raises:
            InvalidInputError: the customer's name is malformed.
            StorageBusyError, StorageRefusedError: the database failed or refused.
        """
        known = self._latest(slug(customer, field="customer"))
        self._put(Recount(customer=customer, since=_NEVER, restored=True), known)

    def expects_restored(self, customer: str) -> bool:
        """Whether numbers of a customer are being put back, and not all of them are there yet."""
        known = self._latest(customer)
        return known is not None and known.restored and known.since == _NEVER

    def restored(self, customer: str) -> None:
        """All numbers are back from a backup: they are to be counted; `apply` does it."""
        known = self._latest(customer)
        self._put(Recount(customer=customer, since=self._soon(), restored=True), known)

    # --- parts

    def _rewrite_all(self, customer: str, recount: Recount | None, tell: Tell) -> MigrationReport:
        """Write numbers until a look at all of them finds none that is to be written."""
        rewritten = 0
        instant = datetime.fromtimestamp(recount.since / 1000, UTC) if recount else self.clock.now()
        if recount:
            self._wait_until(instant + self.lead)
        for _ in range(_PASSES):
            begun = self.clock.now()
            report = MigrationReport(customer=customer)
            left = 0
            for found in self.numbers.stored(customer):
                todo = [each.record for each in found if self._look_at(report, each, recount) and each.record]
                done = self._rewrite(todo, recount)
                rewritten += done
                left += len(todo) - done
                tell(report.numbers)
            if recount and begun < instant + self.settle:
                self._wait_until(instant + self.settle)
            elif not left:
                report.rewritten = rewritten
                return report
        raise StorageBusyError(f"numbers of customer {customer} kept being changed meanwhile: run it again")

    def _rewrite(self, records: Sequence[NumberRecord], recount: Recount | None) -> int:
        """Write them at the pace that is allowed; returns how many were written."""
        written = 0
        for start in range(0, len(records), BATCH):
            begun = self.clock.now()
            batch = records[start : start + BATCH]
            results = self.numbers.rewrite(batch, recount.since if recount else 0)
            written += sum(result is WriteResult.WRITTEN for result in results)
            self._wait_until(begun + timedelta(seconds=len(batch) / self.pace))
        return written

    @staticmethod
    def _look_at(report: MigrationReport, stored: StoredNumber, recount: Recount | None) -> bool:
        """Whether a number is to be written; adds it to the report."""
        report.numbers += 1
        if stored.record is None:
            report.unreadable += 1
            if len(report.unreadable_numbers) < MAX_UNREADABLE:
                report.unreadable_numbers.append(stored.number)
            return False
        uncounted = recount is not None and stored.record.version < recount.since
        report.outdated += not stored.current
        report.uncounted += uncounted
        return uncounted or not stored.current

    def _compare(self, report: MigrationReport, cells: Counter[tuple[CounterKey, Cell]]) -> None:
        try:
            counters = self.counters.of_customer(report.customer)
        except CountingError:
            return
        counted = Counter({(counter.key, cell): count for counter in counters for cell, count in counter.cells.items()})
        report.counted = counted.total()
        readable = {place: count for place, count in counted.items() if place[1].status != UNREADABLE}
        report.off = sum(readable.get(place, 0) != cells[place] for place in readable.keys() | cells.keys())

    def _latest(self, customer: str) -> Recount | None:
        return self.counters.recounts([customer]).get(customer)

    def _begin(self, customer: str, known: Recount | None) -> Recount:
        begun = Recount(customer=customer, since=self._soon())
        self._put(begun, known)
        return begun

    def _end(self, recount: Recount) -> None:
        if not self.counters.put_recount(replace(recount, finished=True), recount):
            raise StorageBusyError(f"another recount of customer {recount.customer} has begun: run it again")

    def _put(self, recount: Recount, known: Recount | None) -> None:
        if not self.counters.put_recount(recount, known):
            raise StorageBusyError(f"another recount of customer {recount.customer} has begun: run it again")

    def _soon(self) -> int:
        """The instant since which numbers count: behind every version that stands by now, whoever's clock made it."""
        return int((self.clock.now() + self.lead).timestamp() * 1000)

    def _wait_until(self, instant: datetime) -> None:
        left = (instant - self.clock.now()).total_seconds()
        if left > 0:
            self.sleep(left)
