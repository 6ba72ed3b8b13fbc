"""Waiting for a job, and what is told at its end."""

import typer

from cli.request import Request
from cli.waiting import wait_for_end
from number_inventory.bootstrap import number_jobs
from number_inventory.domain.number_jobs import JOB_ENDED, JobState, NumberJob


def wait_for_job(request: Request, begun: NumberJob, seconds: int) -> NumberJob:
    """The job when it has ended, or as it is when the time is over.

    Raises:
        InventoryError: the job cannot be looked at, even after some more tries where that can help.
    """
    look = number_jobs.look_at_number_jobs(request.settings)
    return wait_for_end(
        request,
        begun,
        seconds,
        look=lambda: look.one(begun.customer, begun.id),
        progress_of=progress_of,
        has_ended=lambda job: job.state in JOB_ENDED,
        name=f"Job {begun.id}",
        look_again=look_again(request, begun),
    )


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
