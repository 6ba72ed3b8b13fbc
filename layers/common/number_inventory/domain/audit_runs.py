"""A run of the audit: what it looks at, how far it is, and what came of it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.testimony import Word


class AuditMode(StrEnum):
    """Whether an audit only reports, or corrects what it found."""

    REPORT = "report"
    CORRECT = "correct"


class RunState(StrEnum):
    """How far a run is."""

    QUEUED = "queued"
    PLANNING = "planning"
    CORRECTING = "correcting"
    FINISHED = "finished"
    REFUSED = "refused"
    """Nothing was corrected: the plan that was to be corrected is not what reality gives now."""
    STOPPED = "stopped"
    """It ended before its time; what it corrected stands, and the next run takes up the rest."""


ENDED = frozenset({RunState.FINISHED, RunState.REFUSED, RunState.STOPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """What a run looks at, and what it may do.

    Attributes:
        site: only numbers of this Site; None for all. A number that is not in the inventory has no Site.
        codes: only these findings; empty for all.
        plan: correct exactly the plan of this checksum, or nothing; empty for whatever is found.
    """

    customer: str
    mode: AuditMode = AuditMode.REPORT
    site: str | None = None
    codes: frozenset[FindingCode] = frozenset()
    plan: str = ""

    def covers(self, code: FindingCode) -> bool:
        """Whether findings of this code are wanted."""
        return not self.codes or code in self.codes


Counts = Mapping[FindingCode, Mapping[FindingOutcome, int]]
"""How many findings of each code had which outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRun:
    """One audit of one customer.

    Attributes:
        id: names it within its customer; later runs sort behind earlier ones.
        requested_by: `schedule`, or who asked for it.
        step: how many invocations have handed it on; each goes on from the checkpoint of the one before.
        position: the last number that the present phase has dealt with.
        numbers: how many numbers were read so far.
        expected: how many there were in the run before; 0 where that is not known.
        used: how many of them AudioCodes devices use.
        unreadable: how many stored numbers could not be understood; the log names them.
        held_back: how many numbers that nobody uses it leaves as they are, because they are too many at once to be
            believed without a person.
        moving: how many numbers were being changed when they were looked at, and so were left for the next run.
        checksum: of the plan, once all is read.
        counts: findings by code and outcome, once all is read, and again at the end.
        cause: why it did not do all that was asked, in words.
    """

    id: str
    scope: AuditScope
    requested_by: str
    state: RunState
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    step: int = 0
    position: str = ""
    numbers: int = 0
    expected: int = 0
    used: int = 0
    unreadable: int = 0
    held_back: int = 0
    moving: int = 0
    checksum: str = ""
    counts: Counts = field(default_factory=dict)
    cause: str = ""

    @property
    def customer(self) -> str:
        """Whose numbers it audits."""
        return self.scope.customer

    def total(self, outcome: FindingOutcome | None = None) -> int:
        """How many findings there are, or how many of one outcome."""
        return sum(
            count
            for outcomes in self.counts.values()
            for each, count in outcomes.items()
            if outcome is None or each is outcome
        )


class PlanDigest:
    """The checksum of a plan, and what is in it, from findings in the order of their numbers.

    Only what would be corrected is in the checksum, with the number's state before and after: what is merely reported,
    and evidence, which every sync renews, do not void a plan.
    """

    def __init__(self, scope: AuditScope) -> None:
        bound = (scope.customer, "*" if scope.site is None else f"={scope.site}", ",".join(sorted(scope.codes)))
        self._hash = hashlib.sha256("\x1f".join(bound).encode())
        self._counts: dict[FindingCode, Counter[FindingOutcome]] = {}
        self.freeing = 0
        """How many numbers would lose the last one who uses them."""
        self.freeing_by_device: Counter[str] = Counter()
        """How many of these would be taken from each device."""

    def add(self, findings: Iterable[Finding]) -> None:
        """Take up the next findings."""
        for finding in findings:
            self._counts.setdefault(finding.code, Counter())[finding.outcome] += 1
            if finding.outcome is FindingOutcome.REPORTED:
                self._count_freeing(finding)
                line = (finding.number, finding.code, finding.before, finding.after)
                self._hash.update(("\n" + "\x1f".join(line)).encode())

    def _count_freeing(self, finding: Finding) -> None:
        if finding.frees:
            self.freeing += 1
            if finding.code is FindingCode.STALE_HOLDER:
                self.freeing_by_device.update(each.device for each in finding.evidence if each.word is Word.DENIES)

    @property
    def checksum(self) -> str:
        """64 hexadecimal digits."""
        return self._hash.hexdigest()

    @property
    def counts(self) -> Counts:
        """How many findings of each code had which outcome."""
        return {code: dict(outcomes) for code, outcomes in sorted(self._counts.items())}


def with_ended(counts: Counts, ended: Iterable[Finding]) -> Counts:
    """The counts once findings that were merely reported have come to their ends."""
    changed = {code: Counter(outcomes) for code, outcomes in counts.items()}
    for finding in ended:
        outcomes = changed.setdefault(finding.code, Counter())
        outcomes[FindingOutcome.REPORTED] -= 1
        outcomes[finding.outcome] += 1
    return {code: {each: count for each, count in outcomes.items() if count > 0} for code, outcomes in changed.items()}
