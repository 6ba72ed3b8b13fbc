"""Waiting for a job: it runs in its function whether somebody waits for it or not."""

from time import monotonic, sleep

import typer

from cli.request import Request
from number_inventory.bootstrap import number_jobs
from number_inventory.domain.errors import InventoryError, RetryableError
from number_inventory.domain.number_jobs import JOB_ENDED, JobState, NumberJob

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0
_SLOWER = 1.5
"""How often one looks, in seconds: soon at first, then less and less."""

_BAD_LOOKS = 5
"""So many looks in a row may fail before waiting is given up."""


def wait_for_job(request: Request, begun: NumberJob, seconds: int) -> NumberJob:
    """The job when it has ended, or as it is when the time is over; a terminal shows how far it is meanwhile.

    Raises:
        InventoryError: the job cannot be looked at, even after some more tries where that can help.
    """
    look = number_jobs.look_at_number_jobs(request.settings)
    until, pause, bad, job = monotonic() + seconds, _FIRST_PAUSE, 0, begun
    try:
        with request.output.progress("Waiting for its turn") as tell:
            while job.state not in JOB_ENDED and (left := until - monotonic()) > 0:
                tell(*progress_of(job))
                sleep(min(pause, left))
                pause = min(pause * _SLOWER, _LONGEST_PAUSE)
                try:
                    job, bad = look.one(begun.customer, begun.id), 0
                except RetryableError:
                    bad += 1
                    if bad == _BAD_LOOKS:
                        raise
    except (InventoryError, KeyboardInterrupt):
        request.output.note(f"Job {begun.id} goes on without being watched. How far it is:")
        request.output.note_command(look_again(request, begun))
        raise
    return job


def progress_of(job: NumberJob) -> tuple[str, int, int | None]:
    """How far a job is: in words, how much is done, and of how much if it has begun."""
    if job.state is JobState.QUEUED:
        return "Waiting for its turn", 0, None
    return f"Adding numbers: {job.done} of {job.total}", job.done, job.total


def fail_unless_done(request: Request, job: NumberJob, timeout: int) -> None:
    """End with exit code 1 where not every number was added or there already."""
    problem = ""
    if job.state not in JOB_ENDED:
        problem = f"is still {job.state} after {timeout} seconds and goes on; see: {look_again(request, job)}"
    elif job.state is JobState.STOPPED:
        problem = f"was stopped: {job.cause}"
    elif job.failed:
        failed = request.command("jobs", "outcomes", job.id, "--outcome", "failed", "--all")
        problem = f"could not add {job.failed} of its numbers; see: {failed}"
    if problem:
        raise typer.TyperException(f"job {job.id} {problem}")


def look_again(request: Request, job: NumberJob) -> str:
    """The command line that shows the job."""
    return request.command("jobs", "show", job.id)
