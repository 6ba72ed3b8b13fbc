"""Start a job that adds numbers: check all that is asked, store it, and wake a worker."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from number_inventory.domain.errors import InvalidInputError, InventoryError, NotFoundError, StorageBusyError
from number_inventory.domain.number_jobs import JOB_ENDED, MAX_JOB_NUMBERS, STRETCH, JobState, NumberJob
from number_inventory.domain.numbers import canonical_number, count_between, free_text, slug
from number_inventory.ports.clock import Clock
from number_inventory.ports.number_jobs import NumberJobs
from number_inventory.ports.turns import Workers
from number_inventory.services.manage_numbers import NumberDetails
from number_inventory.services.run_ids import ids_from, may_be_id, new_run_id


@dataclass(frozen=True, slots=True)
class StartNumberJob:
    """The use case.

    Attributes:
        new_id: makes the name of a job from the time. Where it makes the same name again, the same job is answered.
        stretch: how many numbers there are between two checkpoints.
    """

    jobs: NumberJobs
    workers: Workers[NumberJob]
    clock: Clock
    new_id: Callable[[datetime], str] = new_run_id
    stretch: int = STRETCH

    def of_range(self, customer: str, first: str, last: str, details: NumberDetails, by: str) -> NumberJob:
        """Add every number from the first to the last.

        Raises:
            InvalidInputError: something of it is malformed, or they are too many; nothing is stored then.
            StorageBusyError, StorageRefusedError: it could not be stored, or nobody woken; the job is stopped then.
        """
        total = count_between(first, last, MAX_JOB_NUMBERS)
        job = self._new(customer, total, details, by)
        low, high = canonical_number(first, field="first"), canonical_number(last, field="last")
        return self._begin(replace(job, first=low, last=high), ())

    def of_numbers(self, customer: str, numbers: Sequence[str], details: NumberDetails, by: str) -> NumberJob:
        """Add these numbers; one that stands there twice is one number.

        Raises:
            InvalidInputError, StorageBusyError, StorageRefusedError: as `of_range`.
        """
        if not 1 <= len(numbers) <= MAX_JOB_NUMBERS:
            raise InvalidInputError("numbers", f"must be 1 to {MAX_JOB_NUMBERS} numbers, not {len(numbers)}")
        wanted = sorted({canonical_number(number, field="numbers") for number in numbers})
        return self._begin(self._new(customer, len(wanted), details, by), wanted)

    def resume(self, customer: str, job_id: str) -> NumberJob:
        """Wake a worker for a job that waits for one, because whoever had it is gone; else nothing comes of it.

        Raises:
            InvalidInputError: the customer's name is malformed.
            NotFoundError: the customer has no such job.
            StorageBusyError, StorageRefusedError: nobody could be woken; ask again.
        """
        slug(customer, field="customer")
        if not may_be_id(job_id):
            raise NotFoundError(f"customer {customer} has no job {job_id[:64]!r}")
        job = self.jobs.get(customer, job_id)
        if job.state not in JOB_ENDED:
            self.workers.wake(job)
        return job

    def _new(self, customer: str, total: int, details: NumberDetails, by: str) -> NumberJob:
        slug(customer, field="customer")
        now = self.clock.now()
        return NumberJob(
            id=self.new_id(now),
            customer=customer,
            requested_by=by,
            total=total,
            state=JobState.QUEUED,
            created_at=now,
            updated_at=now,
            description=free_text(details.description, field="description"),
            site=free_text(details.site, field="site"),
            tag=free_text(details.tag, field="tag"),
            stretch=self.stretch,
        )

    def _first_not_stopped(self, job: NumberJob, numbers: Sequence[str]) -> NumberJob:
        for job_id in ids_from(job.id):
            stored = self.jobs.open(replace(job, id=job_id), numbers)
            if stored.state is not JobState.STOPPED or stored.done:
                return stored
            # Nobody could be woken for it when it was asked for before.
        raise StorageBusyError(f"job {job.id} of customer {job.customer} is stopped each time. Ask for another one")

    def _begin(self, job: NumberJob, numbers: Sequence[str]) -> NumberJob:
        stored = self._first_not_stopped(job, numbers)
        if stored.state in JOB_ENDED:
            return stored
        try:
            self.workers.wake(stored)
        except InventoryError as error:
            now = self.clock.now()
            cause = f"no worker could be woken: {error}"
            stopped = replace(stored, state=JobState.STOPPED, cause=cause, updated_at=now, ended_at=now)
            with suppress(InventoryError):
                self.jobs.stop(stopped, now)
            raise
        return stored
