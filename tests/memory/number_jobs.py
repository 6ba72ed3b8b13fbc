"""The jobs that add numbers, and their workers, in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from number_inventory.domain.errors import NotFoundError
from number_inventory.domain.number_jobs import JOB_ENDED, AddOutcome, NumberJob
from number_inventory.ports.number_jobs import NumberJobPage
from number_inventory.ports.turns import Claim
from tests.memory.fuse import Fuse


@dataclass(frozen=True, slots=True)
class _Stored:
    """A job, and which worker has it until when."""

    job: NumberJob
    worker: str = ""
    until: datetime | None = None


class MemoryNumberJobs:
    """Jobs by customer and id; each call takes effect as a whole or not at all."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._mutex = Lock()
        self._jobs: dict[tuple[str, str], _Stored] = {}
        self._numbers: dict[tuple[str, str], tuple[str, ...]] = {}
        self._outcomes: dict[tuple[str, str], dict[int, tuple[AddOutcome, ...]]] = {}

    def open(self, job: NumberJob, numbers: Sequence[str]) -> NumberJob:
        """Store a new job, unless there is one of its id."""
        self._fuse.point("jobs.open before")
        with self._mutex:
            stored = self._jobs.setdefault((job.customer, job.id), _Stored(job))
            self._numbers.setdefault((job.customer, job.id), tuple(numbers))
        self._fuse.point("jobs.open after")
        return stored.job

    def claim(
        self, customer: str, job_id: str, step: int, worker: str, *, now: datetime, until: datetime
    ) -> Claim[NumberJob] | None:
        """Take up a job that is at this step and nobody else's."""
        self._fuse.point("jobs.claim before")
        with self._mutex:
            job = self.get(customer, job_id)
            stored = self._jobs[customer, job_id]
            taken = stored.until is not None and stored.until > now and stored.worker != worker
            if taken or job.step != step or job.state in JOB_ENDED:
                return None
            self._jobs[customer, job_id] = _Stored(job, worker, until)
        self._fuse.point("jobs.claim after")
        return Claim(job, worker, until)

    def keep(self, claim: Claim[NumberJob], job: NumberJob, outcomes: Sequence[AddOutcome]) -> Claim[NumberJob] | None:
        """Store a stretch and how far the job is, while the claim holds."""
        self._fuse.point("jobs.keep before")
        with self._mutex:
            if not self._holds(claim):
                return None
            self._jobs[job.customer, job.id] = _Stored(job, claim.worker, claim.until)
            stretches = self._outcomes.setdefault((job.customer, job.id), {})
            stretches[claim.run.next_stretch] = tuple(outcomes)
        self._fuse.point("jobs.keep after")
        return replace(claim, run=job)

    def hand_over(self, claim: Claim[NumberJob], job: NumberJob) -> NumberJob | None:
        """Give the job to its next step, while the claim holds."""
        following = replace(job, step=claim.run.step + 1)
        return following if self._let_go(claim, following, "hand_over") else None

    def end(self, claim: Claim[NumberJob], job: NumberJob) -> bool:
        """Store the job as it ended, while the claim holds."""
        return self._let_go(claim, job, "end")

    def _let_go(self, claim: Claim[NumberJob], job: NumberJob, what: str) -> bool:
        self._fuse.point(f"jobs.{what} before")
        with self._mutex:
            if not self._holds(claim):
                return self._stands(job)
            self._jobs[job.customer, job.id] = _Stored(job)
        self._fuse.point(f"jobs.{what} after")
        return True

    def stop(self, job: NumberJob, now: datetime) -> bool:
        """Store a job as it ended, unless a worker has it."""
        self._fuse.point("jobs.stop before")
        with self._mutex:
            stored = self._jobs.get((job.customer, job.id))
            if stored is None or self._stands(job):
                return stored is not None
            taken = stored.until is not None and stored.until > now
            if taken or stored.job.step != job.step or stored.job.state in JOB_ENDED:
                return False
            self._jobs[job.customer, job.id] = _Stored(job)
        self._fuse.point("jobs.stop after")
        return True

    def _stands(self, job: NumberJob) -> bool:
        return self._jobs.get((job.customer, job.id)) == _Stored(job)

    def _holds(self, claim: Claim[NumberJob]) -> bool:
        stored = self._jobs.get((claim.run.customer, claim.run.id))
        return stored is not None and (stored.worker, stored.until) == (claim.worker, claim.until)

    def get(self, customer: str, job_id: str) -> NumberJob:
        """One job."""
        stored = self._jobs.get((customer, job_id))
        if stored is None:
            raise NotFoundError(f"customer {customer} has no job {job_id!r}")
        return stored.job

    def page(self, customer: str, limit: int, after: str | None) -> NumberJobPage:
        """At most `limit` jobs, the newest first."""
        jobs = [self._jobs[key].job for key in sorted(self._jobs, reverse=True) if key[0] == customer]
        behind = [job for job in jobs if after is None or job.id < after]
        shown = behind[:limit]
        return NumberJobPage(tuple(shown), shown[-1].id if len(behind) > limit else None)

    def wanted(self, job: NumberJob, stretch: int) -> Sequence[str]:
        """The numbers of one stretch."""
        self._fuse.point("jobs.wanted before")
        if job.first:
            return job.of_range(stretch)
        return self._numbers[job.customer, job.id][stretch * job.stretch : (stretch + 1) * job.stretch]

    def outcomes(self, job: NumberJob, first: int) -> Iterator[tuple[int, Sequence[AddOutcome]]]:
        """What became of the numbers of each stretch from `first` on."""
        stored = self._outcomes.get((job.customer, job.id), {})
        yield from ((stretch, stored[stretch]) for stretch in sorted(stored) if stretch >= first)


class MemoryNumberJobWorkers:
    """Remembers who was woken: customer, job and step."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self.woken: list[tuple[str, str, int]] = []

    def wake(self, job: NumberJob) -> None:
        """Note that a worker was woken."""
        self._fuse.point("job workers.wake before")
        self.woken.append((job.customer, job.id, job.step))
        self._fuse.point("job workers.wake after")
