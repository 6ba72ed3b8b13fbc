"""`number-inventory jobs`: how far jobs are that add many numbers, and what became of each number."""

import sys
from itertools import islice
from typing import Annotated

import typer

from cli.help import command
from cli.job_views import job_json, job_table, jobs_table, outcomes_table, write_outcomes_json
from cli.job_wait import fail_unless_done, wait_for_job
from cli.request import AsJson, Customer, Request, request_of
from cli.words import one_of
from number_inventory.bootstrap import number_jobs, process
from number_inventory.domain.number_jobs import JOB_ENDED, AddOutcome
from number_inventory.services.look_at_number_jobs import MAX_LIMIT, OutcomeQuery

_LATEST = "latest"
_LISTED = 20
_SHOWN = 50
_HOUR = 3600

app = typer.Typer(no_args_is_help=True, help="Follow jobs that add many numbers, and see what became of each number.")

Job = Annotated[
    str,
    typer.Argument(
        metavar="JOB", autocompletion=lambda: [_LATEST], help=f"Its id as `jobs list` shows it, or {_LATEST}."
    ),
]


@command(
    app,
    "list",
    "jobs list",
    "jobs list --customer acme --limit 5",
)
def list_jobs(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="At most so many. Example: --limit 100")] = _LISTED,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """List the jobs of a customer, the newest first."""
    request = request_of(context, customer, as_json)
    page = number_jobs.look_at_number_jobs(request.settings).page(request.customer, limit, None)
    output = request.output
    output.json({"jobs": [job_json(each) for each in page.jobs], "more": page.last is not None})
    if not page.jobs:
        output.show(f"Customer {request.customer} has no job; this would begin one:")
        output.show_command(request.command("numbers", "add", "--range", "+49301000", "+49301999"))
        return
    output.show(jobs_table(page.jobs, process.clock().now(), output.width))
    if page.last is not None:
        output.note(f"The newest {len(page.jobs)} are shown: --limit for more.")


@command(
    app,
    "show",
    "jobs show latest",
    "jobs show latest --wait --timeout 600",
)
def show(
    context: typer.Context,
    job: Job,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end, and fail if a number is not added.")] = False,
    timeout: Annotated[
        int, typer.Option(min=1, metavar="SECONDS", help="With --wait: at most so long. Example: --timeout 600")
    ] = _HOUR,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Show how far a job is, and what came of it."""
    request = request_of(context, customer, as_json)
    seen = number_jobs.look_at_number_jobs(request.settings).one(request.customer, _named(request, job))
    if wait:
        seen = wait_for_job(request, seen, timeout)
    request.output.json({"job": job_json(seen)})
    request.output.show(job_table(seen, process.clock().now()))
    if wait:
        fail_unless_done(request, seen, timeout)


@command(
    app,
    "outcomes",
    "# Which numbers could not be added",
    "jobs outcomes latest --outcome failed --all",
)
def outcomes(
    context: typer.Context,
    job: Job,
    *,
    outcome: Annotated[
        str | None,
        typer.Option(
            metavar="OUTCOME",
            autocompletion=lambda: list(AddOutcome),
            help=f"Only numbers that came to this: {', '.join(AddOutcome)}. Example: --outcome failed",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many. Example: --limit 200")] = _SHOWN,
    all_: Annotated[bool, typer.Option("--all", help="Every number that matches, however many there are.")] = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of the numbers of a job, in the order of their spelling."""
    request = request_of(context, customer, as_json)
    wanted = None if outcome is None else one_of(AddOutcome, outcome, "--outcome")
    look = number_jobs.look_at_number_jobs(request.settings)
    seen = look.one(request.customer, _named(request, job))
    found = look.every_outcome(OutcomeQuery(customer=seen.customer, job=seen.id, outcome=wanted))
    shown = found if all_ else islice(found, limit)
    if request.as_json:
        write_outcomes_json(sys.stdout, seen, shown, more=lambda: next(found, None) is not None)
        return
    count = 0
    while some := list(islice(shown, MAX_LIMIT)):
        request.output.show(outcomes_table(some))
        count += len(some)
    if not count:
        request.output.show(f"Job {seen.id} has no number that matches{'' if seen.state in JOB_ENDED else ' so far'}.")
    elif not all_ and next(found, None) is not None:
        request.output.note(f"The first {count} are shown: --limit or --all for more.")


@command(
    app,
    "resume",
    "jobs resume latest",
)
def resume(context: typer.Context, job: Job, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """Wake a worker for a job that goes on no longer; one that is at work, or has ended, stays as it is."""
    request = request_of(context, customer, as_json)
    start = number_jobs.start_number_job(request.settings)
    seen = start.resume(request.customer, _named(request, job))
    request.output.json({"job": job_json(seen)})
    if seen.state in JOB_ENDED:
        request.output.show(f"Job {seen.id} has ended: {seen.state}.")
        return
    request.output.show(f"A worker is woken for job {seen.id}. How far it is:")
    request.output.show_command(request.command("jobs", "show", seen.id))


def _named(request: Request, job: str) -> str:
    if job != _LATEST:
        return job
    page = number_jobs.look_at_number_jobs(request.settings).page(request.customer, 1, None)
    if not page.jobs:
        raise typer.TyperException(f"customer {request.customer} has no job")
    return page.jobs[0].id
