"""Bring numbers in row by row: each is decided by the rules, written on condition, and told by itself.

It may stop anywhere and be run again: rows that are done are unchanged then, and it goes on behind them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Decision, Stamp
from number_inventory.domain.errors import InvalidInputError, RecordBrokenError, RuleViolationError
from number_inventory.domain.imports import REASON, NumberRow, imported
from number_inventory.domain.macros import COOLING_DURATION, COOLING_ENABLED, global_cooling_settings
from number_inventory.domain.numbers import free_text, slug
from number_inventory.ports.clock import Clock
from number_inventory.ports.macros import Macros
from number_inventory.ports.numbers import Inventory, WriteResult
from number_inventory.services.change_numbers import BATCH, MAX_ROUNDS


class RowOutcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    """The row makes no sense, or the number's state does not allow it: nothing about the number changed."""
    FAILED = "failed"
    """It could not be read or written: run the import again."""


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A row as it was read.

    Attributes:
        place: which row, from 1 on.
        number: as it stands there.
        row: what it asks; None where it cannot be understood.
        problem: why not.
    """

    place: int
    number: str
    row: NumberRow | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row.

    Attributes:
        row: which one, from 1 on.
        reason: why it was refused or failed; empty where it was not.
    """

    row: int
    number: str
    outcome: RowOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ImportNumbers:
    """The use case."""

    inventory: Inventory
    macros: Macros
    clock: Clock

    def __call__(
        self, customer: str, rows: Iterable[GivenRow], by: str, *, for_whom: str = "", dry_run: bool = False
    ) -> Iterator[RowResult]:
        """Carry out rows as they come, a hundred at a time; results in the same order.

        Args:
            customer: whose numbers.
            rows: what is asked; a number that stands there twice is refused the second time.
            by: who asks, as it is kept with the numbers.
            for_whom: see `imported`.
            dry_run: tell what would become of each, and change nothing.

        Raises:
            InvalidInputError: the customer, or whom it is for, is malformed.
            SettingBrokenError: the stored cooling settings decide about a row, and are broken.
            StorageBusyError, StorageRefusedError: AWS did not play along. What was told of is done; run it again.
        """
        slug(customer, field="customer")
        whom = free_text(for_whom, field="for").strip()
        seen: dict[str, int] = {}
        left = iter(rows)
        while some := list(islice(left, BATCH)):
            results: dict[int, RowResult] = {}
            wanted = _sensible(some, seen, results)
            self._carry_out(customer, wanted, Stamp(self.clock.now(), by, REASON), whom, results, dry_run=dry_run)
            yield from (results[given.place] for given in some)

    def _carry_out(
        self,
        customer: str,
        wanted: Mapping[str, tuple[int, NumberRow]],
        stamp: Stamp,
        for_whom: str,
        results: dict[int, RowResult],
        *,
        dry_run: bool,
    ) -> None:
        needed = any(row.needs_settings for _, row in wanted.values())
        settings = self._settings(customer) if needed else None
        pending: Sequence[str] = list(wanted)
        for _ in range(MAX_ROUNDS):
            if not pending:
                return
            records = self.inventory.get_many(customer, pending)
            decisions = []
            for number in pending:
                place, row = wanted[number]
                try:
                    record = records.get(number)
                    decisions.append(imported(row, customer, record, settings, stamp, for_whom=for_whom))
                except (RuleViolationError, InvalidInputError) as error:
                    results[place] = RowResult(place, number, RowOutcome.REFUSED, str(error))
                except RecordBrokenError as error:
                    results[place] = RowResult(place, number, RowOutcome.FAILED, str(error))
            pending = self._written(decisions, wanted, results, dry_run=dry_run)
        for number in pending:
            _fail(wanted[number][0], number, "others kept changing it; run the import again", results)

    def _written(
        self,
        decisions: Sequence[Decision],
        wanted: Mapping[str, tuple[int, NumberRow]],
        results: dict[int, RowResult],
        *,
        dry_run: bool,
    ) -> Sequence[str]:
        """Write; returns the numbers that somebody else changed meanwhile."""
        written = [WriteResult.WRITTEN] * len(decisions) if dry_run else self.inventory.save(decisions)
        superseded = []
        for decision, result in zip(decisions, written, strict=True):
            number = decision.after.number
            place = wanted[number][0]
            if result is WriteResult.WRITTEN:
                results[place] = RowResult(place, number, _outcome(decision))
            elif result is WriteResult.SUPERSEDED:
                superseded.append(number)
            else:
                _fail(place, number, "the database did not answer properly; run the import again", results)
        return superseded

    def _settings(self, customer: str) -> CoolingSettings:
        values = self.macros.resolve(customer, [COOLING_ENABLED, COOLING_DURATION])
        return global_cooling_settings(values[COOLING_ENABLED], values[COOLING_DURATION])


def _sensible(
    some: Sequence[GivenRow], seen: dict[str, int], results: dict[int, RowResult]
) -> dict[str, tuple[int, NumberRow]]:
    """The rows that can be carried out, by their numbers; of the others, the results say why not."""
    wanted: dict[str, tuple[int, NumberRow]] = {}
    for given in some:
        problem = given.problem
        if given.row is not None:
            first = seen.setdefault(given.row.number, given.place)
            if first == given.place:
                wanted[given.row.number] = (given.place, given.row)
                continue
            problem = f"number {given.row.number} stands in row {first} already"
        results[given.place] = RowResult(given.place, given.number, RowOutcome.REFUSED, problem)
    return wanted


def _outcome(decision: Decision) -> RowOutcome:
    if decision.before is None:
        return RowOutcome.CREATED
    return RowOutcome.CHANGED if decision.needs_write else RowOutcome.UNCHANGED


def _fail(place: int, number: str, why: str, results: dict[int, RowResult]) -> None:
    results[place] = RowResult(place, number, RowOutcome.FAILED, f"number {number}: {why}")
