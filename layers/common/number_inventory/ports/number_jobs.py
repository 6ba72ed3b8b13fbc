"""Jobs that add numbers, and who carries them out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from number_inventory.domain.number_jobs import AddOutcome, NumberJob
from number_inventory.ports.turns import Claim


@dataclass(frozen=True, slots=True)
class NumberJobPage:
    """Some jobs, the newest first; `last` is the id to go on after, None at the end."""

    jobs: tuple[NumberJob, ...]
    last: str | None


class NumberJobs(Protocol):
    """The jobs that add numbers, and what became of each number; kept for a set time, then forgotten."""

    def open(self, job: NumberJob, numbers: Sequence[str]) -> NumberJob:
        """Store a new job with its numbers, in the order of their spelling; none where it adds a range.

        Safe to repeat: where a job of this id is there, it is answered as it stands, and nothing stored.
        """

    def claim(
        self, customer: str, job_id: str, step: int, worker: str, *, now: datetime, until: datetime
    ) -> Claim[NumberJob] | None:
        """Take up a job at this step; None where another worker has it, it has gone on, or it has ended.

        Raises:
            NotFoundError: there is no such job.
        """

    def keep(self, claim: Claim[NumberJob], job: NumberJob, outcomes: Sequence[AddOutcome]) -> Claim[NumberJob] | None:
        """Store the outcomes of the next stretch, and how far the job is with it.

        None, and neither of them stored, where the claim was lost.
        """

    def hand_over(self, claim: Claim[NumberJob], job: NumberJob) -> NumberJob | None:
        """Give the job to its next step, for whichever worker; None, and nothing stored, where the claim was lost."""

    def end(self, claim: Claim[NumberJob], job: NumberJob) -> bool:
        """Store the job as it ended; False, and nothing stored, where the claim was lost."""

    def stop(self, job: NumberJob, now: datetime) -> bool:
        """Store a job as it ended although no worker has it; False, and nothing stored, where one has or it went on."""

    def get(self, customer: str, job_id: str) -> NumberJob:
        """One job, strongly consistent; raises NotFoundError."""

    def page(self, customer: str, limit: int, after: str | None) -> NumberJobPage:
        """At most `limit` jobs of a customer, the newest first, from those before job `after`."""

    def wanted(self, job: NumberJob, stretch: int) -> Sequence[str]:
        """The numbers of one stretch of a job, in the order of their spelling."""

    def outcomes(self, job: NumberJob, first: int) -> Iterator[tuple[int, Sequence[AddOutcome]]]:
        """What became of the numbers of each stretch that was stored, from stretch `first` on, in order."""
