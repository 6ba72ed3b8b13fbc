"""Release what has cooled, and let reservations lapse: numbers whose time has come are Available again, and no others.

There is no limit on how late it may run (VOSS looks back 20 days): the index lists whatever is due, the record decides,
and what one run does not reach the next one does.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

from number_inventory.domain.changes import RELEASE, correlated
from number_inventory.domain.decisions import Decision, Outcome, Stamp
from number_inventory.domain.lifecycle import release_due, reservation_lapsed
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.clock import Clock
from number_inventory.ports.numbers import DueNumber, DueReservation, Inventory
from number_inventory.services.change_numbers import BATCH, ChangeNumbers

REPORTED_AT_MOST = 1000
"""How many numbers a report names; the count is always whole."""

_FOR_RESERVATIONS = 0.2
"""The share of a run's time that reservations have to themselves, however many numbers have cooled."""

_Due = TypeVar("_Due", DueNumber, DueReservation)


@dataclass(slots=True, kw_only=True)
class ReleaseSummary:
    """What a release run did, or would do.

    Attributes:
        as_of: the instant up to which Release Dates and ends of reservations count.
        due: cooling candidates that the index named.
        released: numbers that had cooled and became Available.
        kept: candidates that the record did not confirm: returned, held, of a later cooling, or reserved for longer.
        lapsed: numbers whose reservation came to its end and that became Available.
        failed: numbers that could not be changed; the next run takes them up.
        cause: why the run is not finished, in words; empty when it is.
        finished: False if time ran out; the next run goes on.
    """

    as_of: datetime
    due: int = 0
    released: int = 0
    kept: int = 0
    lapsed: int = 0
    failed: tuple[str, ...] = ()
    cause: str = ""
    finished: bool = True


@dataclass(slots=True, kw_only=True)
class ReleaseReport:
    """What would be released by an instant if nothing changed.

    Attributes:
        numbers: the earliest that have cooled then, at most 1,000 of `due`.
        reservations: the earliest that have lapsed then, at most 1,000 of `lapsing`.
    """

    as_of: datetime
    due: int = 0
    numbers: list[DueNumber] = field(default_factory=list)
    lapsing: int = 0
    reservations: list[DueReservation] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCooled:
    """The use case.

    Attributes:
        budget: how long a run may take; it stops in good order before that.
    """

    inventory: Inventory
    clock: Clock
    budget: timedelta
    correlation_id: str = ""

    def release(self, customer: str | None = None) -> ReleaseSummary:
        """Release what is due now, and let reservations lapse; every customer's, or one's.

        Raises:
            StorageBusyError, StorageRefusedError: AWS did not play along; the next run takes up what is left.
        """
        started = self.clock.now()
        deadline = started + self.budget
        summary = ReleaseSummary(as_of=started)
        cooled = self._changes(deadline - self.budget * _FOR_RESERVATIONS)
        for batch in _gathered(self.inventory.due(started, customer)):
            summary.due += len(batch)
            self._release(batch, cooled)
            if cooled.report.stopped:
                break
        reserved = self._changes(deadline)
        self._lapse(started, customer, reserved)
        reports = cooled.report, reserved.report
        summary.released = cooled.report.outcomes[Outcome.RELEASED]
        summary.lapsed = reserved.report.outcomes[Outcome.UNRESERVED]
        summary.kept = sum(report.outcomes[Outcome.UNCHANGED] for report in reports)
        summary.failed = tuple(number for report in reports for number in report.failed)
        summary.finished = all(report.finished for report in reports)
        summary.cause = next((report.unfinished() for report in reports if not report.finished), "")
        return summary

    def _changes(self, until: datetime) -> ChangeNumbers:
        return ChangeNumbers(self.inventory, lambda: self.clock.now() < until)

    def report(self, as_of: datetime, customer: str | None = None) -> ReleaseReport:
        """Tell what would be released by `as_of`; reads only.

        Raises:
            StorageBusyError, StorageRefusedError: AWS did not play along.
        """
        report = ReleaseReport(as_of=as_of)
        for batch in self.inventory.due(as_of, customer):
            report.due += len(batch)
            earliest = sorted([*report.numbers, *batch], key=lambda due: (due.release_date, due.customer, due.number))
            report.numbers = earliest[:REPORTED_AT_MOST]
        for ends in self.inventory.lapsing(as_of, customer):
            report.lapsing += len(ends)
            first = sorted(
                [*report.reservations, *ends], key=lambda end: (end.reserved_until, end.customer, end.number)
            )
            report.reservations = first[:REPORTED_AT_MOST]
        return report

    def _lapse(self, until: datetime, customer: str | None, change: ChangeNumbers) -> None:
        for batch in _gathered(self.inventory.lapsing(until, customer)):
            by_customer = sorted(batch, key=lambda due: due.customer)
            for whose, group in groupby(by_customer, key=lambda due: due.customer):
                change(whose, [due.number for due in group], self._lapsed)
            if change.report.stopped:
                return

    def _lapsed(self, _number: str, record: NumberRecord | None) -> Decision | None:
        stamp = Stamp(self.clock.now(), correlated(RELEASE, self.correlation_id), "the reservation came to its end")
        return None if record is None else reservation_lapsed(record, stamp)

    def _release(self, batch: Sequence[DueNumber], change: ChangeNumbers) -> None:
        by_customer = sorted(batch, key=lambda due: due.customer)
        for customer, group in groupby(by_customer, key=lambda due: due.customer):
            episodes = {due.number: due.release_date for due in group}

            def decide(
                number: str, record: NumberRecord | None, episodes: dict[str, datetime] = episodes
            ) -> Decision | None:
                stamp = Stamp(self.clock.now(), correlated(RELEASE, self.correlation_id), "Release Date reached")
                return release_due(record, episodes[number], stamp)

            change(customer, list(episodes), decide)


def _gathered(found: Iterable[Sequence[_Due]]) -> Iterator[Sequence[_Due]]:
    """What the shards of an index name, in batches that are worth a request: the few of each shard go together."""
    gathered: list[_Due] = []
    for some in found:
        gathered += some
        if len(gathered) >= BATCH:
            yield gathered
            gathered = []
    if gathered:
        yield gathered
