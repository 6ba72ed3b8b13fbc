"""A job: numbers to be added that are too many for one request, how far it is, and what became of each.

A worker goes through the numbers stretch by stretch, and stores with every stretch what became of it. So a job may stop
anywhere and be taken up by another worker: it begins behind the last stretch that was stored, and what the stretch
after it has done already is known by the numbers themselves, whose `created_by` names the job.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from number_inventory.domain.numbers import NumberRecord

MAX_JOB_NUMBERS = 100_000
"""How many numbers one job may add."""

STRETCH = 2000
"""Numbers between two checkpoints: some seconds of work on a slow database, and few checkpoints in all."""


class JobState(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    """It ended before its time; what it added stays. The same numbers may be sent again."""


JOB_ENDED = frozenset({JobState.FINISHED, JobState.STOPPED})


class AddOutcome(StrEnum):
    """What became of one number."""

    CREATED = "created"
    EXISTED = "existed"
    """It was there already, and was left exactly as it is."""
    FAILED = "failed"
    """The database did not take it, or what is stored there cannot be understood: send it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberJob:
    """Numbers of one customer that a worker adds.

    Attributes:
        id: names it within its customer; later jobs sort behind earlier ones.
        requested_by: who asked for it, such as `api:<caller>` or `operator:<name>`.
        first, last: all numbers from the one to the other; empty where the numbers are a list of their own.
        total: how many numbers there are.
        stretch: how many of them there are between two checkpoints.
        description, site, tag: texts of each new number.
        step: how many invocations have handed it on; each goes on from the checkpoint of the one before.
        done: how many numbers have their outcome, in the order of their spelling.
        created, existed, failed: how many of these had which outcome.
        cause: why it did not do all that was asked, in words.
    """

    id: str
    customer: str
    requested_by: str
    total: int
    state: JobState
    created_at: datetime
    updated_at: datetime
    first: str = ""
    last: str = ""
    description: str = ""
    site: str = ""
    tag: str = ""
    stretch: int = STRETCH
    ended_at: datetime | None = None
    step: int = 0
    done: int = 0
    created: int = 0
    existed: int = 0
    failed: int = 0
    cause: str = ""

    @property
    def signature(self) -> str:
        """What stands in `created_by` of the numbers that it created."""
        return f"job:{self.id}"

    @property
    def next_stretch(self) -> int:
        """The index of the stretch that comes next; the first is 0."""
        return self.done // self.stretch

    def with_stretch(self, outcomes: Iterable[AddOutcome]) -> "NumberJob":
        """The job with the outcomes of its next stretch."""
        counts = dict.fromkeys(AddOutcome, 0)
        for outcome in outcomes:
            counts[outcome] += 1
        return replace(
            self,
            done=self.done + sum(counts.values()),
            created=self.created + counts[AddOutcome.CREATED],
            existed=self.existed + counts[AddOutcome.EXISTED],
            failed=self.failed + counts[AddOutcome.FAILED],
        )

    def outcome_of(self, before: NumberRecord | None) -> AddOutcome:
        """What adding a number comes to, by its record; an earlier try of this very job may have created it."""
        if before is None or before.created_by == self.signature:
            return AddOutcome.CREATED
        return AddOutcome.EXISTED

    def of_range(self, index: int) -> list[str]:
        """The numbers of the stretch of this index, for a job that adds a range."""
        digits = self.first.removeprefix("+")
        plus, low = self.first[: len(self.first) - len(digits)], int(digits)
        begin, end = index * self.stretch, min(self.total, (index + 1) * self.stretch)
        return [f"{plus}{low + offset:0{len(digits)}d}" for offset in range(begin, end)]


@dataclass(frozen=True, slots=True)
class NumberOutcome:
    """What became of one number of a job."""

    number: str
    outcome: AddOutcome
