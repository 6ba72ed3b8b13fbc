"""Work on a job that adds numbers: stretch by stretch, each stored with what became of its numbers.

A job may take many invocations: each works until its time is nearly out, and hands over to the next. It may die
anywhere. Whoever takes it up goes on behind the last stretch that was stored; numbers of the next one that were created
already name the job as their creator, and count as created.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from number_inventory.domain.decisions import Decision, Stamp
from number_inventory.domain.management import add_number
from number_inventory.domain.number_jobs import JOB_ENDED, AddOutcome, JobState, NumberJob
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.clock import Clock
from number_inventory.ports.number_jobs import NumberJobs
from number_inventory.ports.numbers import Inventory
from number_inventory.ports.turns import Claim, Workers
from number_inventory.services.change_numbers import ChangeNumbers
from number_inventory.services.taking_turns import CLAIM_MARGIN, LostError, carried_out

NUMBERS_A_SECOND = 800
"""How fast a job adds numbers, at most. All Available numbers of a customer are in one partition of the index `idle`,
which takes 1,000 write units a second; what goes beyond would slow down whoever else frees or adds numbers."""

_TRIES = 3
"""How often numbers are tried that the database does not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNumberJob:
    """The use case; everything it needs is handed in.

    Attributes:
        budget: how long one invocation may take; it stops in good order before that.
        sleep: waits for so many seconds.
    """

    jobs: NumberJobs
    workers: Workers[NumberJob]
    inventory: Inventory
    clock: Clock
    budget: timedelta
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, customer: str, job_id: str, step: int, worker: str) -> NumberJob | None:
        """Work on a job from this step on.

        Returns:
            The job as it is now: ended, or handed over to the next step. None where there is nothing to do here:
            somebody else works on it, it has gone on, or it has ended.

        Raises:
            NotFoundError: there is no such job.
            StorageBusyError: AWS did not play along; the same call again goes on from the last checkpoint.
            StorageRefusedError: AWS refuses something for good; the job is stopped and says so.
        """
        started = self.clock.now()
        deadline = started + self.budget
        claim = self.jobs.claim(customer, job_id, step, worker, now=started, until=deadline + CLAIM_MARGIN)
        if claim is None:
            self._wake_the_next(customer, job_id, step)
            return None
        work = _Work(self, claim, deadline)
        return carried_out(work.go_on, partial(work.end, JobState.STOPPED))

    def _wake_the_next(self, customer: str, job_id: str, step: int) -> None:
        """Should this step have died just after handing over, nobody else would wake the next one."""
        job = self.jobs.get(customer, job_id)
        if job.state not in JOB_ENDED and job.step == step + 1:
            self.workers.wake(job)


class _Work:
    """One invocation's work on a job."""

    def __init__(self, parts: RunNumberJob, claim: Claim[NumberJob], deadline: datetime) -> None:
        self._parts = parts
        self._claim = claim
        self._deadline = deadline

    @property
    def _job(self) -> NumberJob:
        return self._claim.run

    def go_on(self) -> NumberJob:
        """Work until all numbers have their outcome, or time is nearly out."""
        while self._job.done < self._job.total:
            begun = self._parts.clock.now()
            outcomes = self._stretch(self._parts.jobs.wanted(self._job, self._job.next_stretch))
            if outcomes is None:
                return self._hand_over()
            self._keep(outcomes)
            if self._job.done < self._job.total and not self._may_go_on_after(begun):
                return self._hand_over()
        failed = self._job.failed
        cause = f"{failed} numbers could not be added; its outcomes name them. Send these again" if failed else ""
        return self.end(JobState.FINISHED, cause)

    def end(self, state: JobState, cause: str) -> NumberJob:
        """End the job."""
        now = self._parts.clock.now()
        ended = replace(self._job, state=state, cause=cause, updated_at=now, ended_at=now)
        if not self._parts.jobs.end(self._claim, ended):
            raise LostError
        return ended

    def _stretch(self, numbers: Sequence[str]) -> Sequence[AddOutcome] | None:
        """Add some numbers; None where time ran out before the last: then the next step does it all again."""
        job = self._job
        stamp = Stamp(self._parts.clock.now(), job.signature, f"added to the inventory for {job.requested_by}"[:200])
        outcomes: dict[str, AddOutcome] = {}

        def added(number: str, record: NumberRecord | None) -> Decision:
            outcomes[number] = job.outcome_of(record)
            new = NumberRecord(
                customer=job.customer, number=number, description=job.description, site=job.site, tag=job.tag
            )
            return add_number(record, new, stamp)

        left = numbers
        for attempt in range(_TRIES):
            if attempt:
                self._parts.sleep(float(attempt))
            change = ChangeNumbers(self._parts.inventory, lambda: self._parts.clock.now() < self._deadline)
            change(job.customer, left, added)
            if change.report.stopped:
                return None
            left = change.report.failed
            if not left:
                break
        outcomes.update(dict.fromkeys(left, AddOutcome.FAILED))
        return [outcomes[number] for number in numbers]

    def _keep(self, outcomes: Sequence[AddOutcome]) -> None:
        now = self._parts.clock.now()
        further = replace(self._job.with_stretch(outcomes), state=JobState.RUNNING, updated_at=now)
        claim = self._parts.jobs.keep(self._claim, further, outcomes)
        if claim is None:
            raise LostError
        self._claim = claim

    def _may_go_on_after(self, begun: datetime) -> bool:
        """Whether there is time for more; waits where the last stretch went faster than numbers may be added."""
        now = self._parts.clock.now()
        pause = begun + timedelta(seconds=self._job.stretch / NUMBERS_A_SECOND) - now
        if now + max(pause, timedelta()) >= self._deadline:
            return False
        if pause > timedelta():
            self._parts.sleep(pause.total_seconds())
        return True

    def _hand_over(self) -> NumberJob:
        further = replace(self._job, step=self._job.step + 1, updated_at=self._parts.clock.now())
        handed = self._parts.jobs.hand_over(self._claim, further)
        if handed is None:
            raise LostError
        self._parts.workers.wake(handed)
        return handed
