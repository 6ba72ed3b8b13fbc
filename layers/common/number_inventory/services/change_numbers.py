"""The one way in which services change numbers: read, decide by the rules, write if nothing moved meanwhile.

Whatever runs at the same time, a decision is only ever written on the very record it was made from. Who loses the race
reads again and decides anew, so that no event is lost and none is applied to a state it was not meant for. So does who
cannot learn whether a write stood before others changed the number: an event holds, or has passed, by the record alone.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from number_inventory.domain.decisions import Decision, Outcome
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.numbers import Inventory, WriteResult

BATCH = 100
"""Numbers read at once: the most that DynamoDB's BatchGetItem takes."""

MAX_ROUNDS = 8
"""How often a lost race is run again before the number is reported as failed; the next run takes it up."""

MAX_CONFLICTS = 20
"""How many numbers in conflict a report names."""

Decide = Callable[[str, NumberRecord | None], Decision | None]
"""From a number and its record (None: there is none) to a decision (None: nothing to decide)."""


@dataclass(slots=True)
class ChangeReport:
    """What became of the numbers of a run.

    Attributes:
        outcomes: how many numbers had each outcome, unchanged ones included.
        writes: how many numbers were written.
        conflicts: numbers that a person must decide about, at most `MAX_CONFLICTS`; the count is in `outcomes`.
        failed: numbers whose write failed or kept being superseded; they are taken up by the next run.
        broken: what is wrong with the last stored record that could not be understood; empty when all could.
        stopped: whether time ran out before the last number.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    writes: int = 0
    conflicts: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    broken: str = ""
    stopped: bool = False

    @property
    def finished(self) -> bool:
        """Whether every number was dealt with."""
        return not self.failed and not self.stopped

    def unfinished(self) -> str:
        """What is left and why, in words, for a report that is not `finished`."""
        if not self.failed:
            return "time ran out before all numbers were changed"
        what = f"{len(self.failed)} numbers could not be changed ({', '.join(self.failed[:5])})"
        return f"{what}: {self.broken}" if self.broken else what

    def add(self, decision: Decision) -> None:
        """Count a decision that stands."""
        self.outcomes[decision.outcome] += 1
        self.writes += decision.needs_write
        if decision.outcome is Outcome.CONFLICT and len(self.conflicts) < MAX_CONFLICTS:
            self.conflicts.append(decision.after.number)


@dataclass(frozen=True, slots=True)
class ChangeNumbers:
    """Brings numbers to where the rules want them, and keeps a report of it.

    Attributes:
        keep_going: asked before every batch is read and before it is written; once it says no, the rest is left as it
            is and the report says so.
    """

    inventory: Inventory
    keep_going: Callable[[], bool]
    report: ChangeReport = field(default_factory=ChangeReport)

    def __call__(self, customer: str, numbers: Sequence[str], decide: Decide) -> None:
        """Decide about each number, and write what was decided; each number may stand in `numbers` once.

        Raises:
            StorageBusyError: numbers could not be read, even after retries.
            StorageRefusedError: AWS refuses the reads or the writes for good.
        """
        for start in range(0, len(numbers), BATCH):
            pending = self._round(customer, numbers[start : start + BATCH], decide)
            for _ in range(MAX_ROUNDS - 1):
                if pending:
                    pending = self._round(customer, pending, decide)
            self.report.failed.extend(pending)

    def _round(self, customer: str, numbers: Sequence[str], decide: Decide) -> Sequence[str]:
        """Read, decide and write once; returns the numbers that somebody else changed meanwhile."""
        if self.report.stopped or not self.keep_going():
            self.report.stopped = True
            return ()
        decisions = self._decisions(self.inventory.get_many(customer, numbers), numbers, decide)
        if not self.keep_going():
            # A process that was suspended while it read must not wake up and write.
            self.report.stopped = True
            return ()
        superseded: list[str] = []
        for decision, result in zip(decisions, self.inventory.save(decisions), strict=True):
            if result is WriteResult.WRITTEN:
                self.report.add(decision)
            elif result in {WriteResult.SUPERSEDED, WriteResult.UNKNOWN}:
                superseded.append(decision.after.number)
            else:
                self.report.failed.append(decision.after.number)
        return superseded

    def _decisions(
        self, records: Mapping[str, NumberRecord], numbers: Sequence[str], decide: Decide
    ) -> Sequence[Decision]:
        """What to do with each number; a record that cannot be understood fails alone and is never taken as absent."""
        decisions: list[Decision] = []
        for number in numbers:
            try:
                decision = decide(number, records.get(number))
            except RecordBrokenError as error:
                self.report.failed.append(number)
                self.report.broken = str(error)
            else:
                if decision is not None:
                    decisions.append(decision)
        return decisions
