"""`number-inventory numbers`: look numbers up, add them, and what `cli.number_commands` does to them."""

import getpass
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import typer

from cli import number_commands, number_history, number_transfer
from cli.help import command
from cli.job_views import job_json, job_table
from cli.job_wait import fail_unless_done, look_again, wait_for_job
from cli.number_filters import Pick, picks_numbers
from cli.number_pages import pages_of
from cli.number_views import number_json, number_table, numbers_table
from cli.output import plain
from cli.request import AsJson, Customer, Request, request_of
from cli.stock import stock
from cli.words import given_instant
from number_inventory.bootstrap import histories, lookups, number_changes, number_jobs, process
from number_inventory.domain.number_jobs import MAX_JOB_NUMBERS
from number_inventory.domain.numbers import count_between, numbers_between
from number_inventory.ports.numbers import NumberPage, NumberQuery
from number_inventory.services.manage_numbers import MAX_MANY, NumberDetails, created

_DEFAULT_LIMIT = 50
_HOUR = 3600

app = typer.Typer(no_args_is_help=True, help="Look numbers up, add, change, assign and delete them.")
app.add_typer(number_commands.app)
app.add_typer(number_history.app)
app.add_typer(number_transfer.app)
command(
    app,
    "stock",
    "numbers stock",
)(stock)


@command(
    app,
    "show",
    "numbers show +493012345678",
    "# As it was then",
    "numbers show +493012345678 --as-of 2026-11-25T12:00:00Z",
)
def show(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number, such as +493012345678 or 4711.")],
    *,
    as_of: Annotated[
        str | None, typer.Option(metavar="RFC3339", help="As it was then. Example: --as-of 2026-11-25T12:00:00Z")
    ] = None,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Show everything about one number, as it is or as it was."""
    at = given_instant(as_of, "--as-of")
    request = request_of(context, customer, as_json)
    now = at or process.clock().now()
    if at is not None:
        record = histories.look_at_history(request.settings).as_of(request.customer, number, at)
    else:
        record = lookups.look_up_numbers(request.settings).one(request.customer, number)
    request.output.json(number_json(record, now))
    request.output.show(number_table(record, now))


@command(
    app,
    "list",
    "numbers list --status Cooling --prefix +4930 --limit 200",
    "# What a device holds",
    "numbers list --device sbc-1 --all",
    "# A range of internal numbers, for a program",
    "numbers list --first 4000 --last 4999 --all --json",
)
@picks_numbers
def list_numbers(
    context: typer.Context,
    *,
    pick: Pick,
    reverse: Annotated[bool, typer.Option("--reverse", help="From the last number to the first.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many. Example: --limit 200")] = _DEFAULT_LIMIT,
    all_: Annotated[bool, typer.Option("--all", help="Every number that matches, however many there are.")] = False,
    after: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Go on after this number. Example: --after +493012345678")
    ] = None,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """List a customer's numbers in the order of their spelling."""
    request = request_of(context, customer, as_json)
    query = pick(request.customer)
    filtered = query != NumberQuery(customer=request.customer) or after is not None
    pages = pages_of(request, replace(query, reverse=reverse), None if all_ else limit, after)
    if request.as_json:
        _write_json(request, pages)
    else:
        _show_tables(request, pages, filtered=filtered)


@command(
    app,
    "add",
    "numbers add +493012345678 4711 --site Berlin",
    "# More than 100 become a job, which the deployed function carries out",
    "numbers add --range +49301000 +49301999 --site Berlin",
)
def add(
    context: typer.Context,
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="NUMBER...", help="Numbers, such as +493012345678 or 4711.")
    ] = None,
    *,
    range_: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--range",
            metavar="FIRST LAST",
            help=f"All numbers from the one to the other; more than {MAX_MANY} become a job, which the deployed "
            "function carries out. Example: --range +49301000 +49301999",
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end of the job.")] = True,
    timeout: Annotated[
        int, typer.Option(min=1, metavar="SECONDS", help="Wait at most so long. Example: --timeout 600")
    ] = _HOUR,
    description: Annotated[str, typer.Option(help="Their Description. Example: --description 'Sales desk'")] = "",
    site: Annotated[str, typer.Option(help="Their Site. Example: --site Berlin")] = "",
    tag: Annotated[str, typer.Option(help="Their Tag. Example: --tag spare")] = "",
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Add numbers as Available; those that exist already are left as they are."""
    if bool(numbers) == (range_ is not None):
        raise typer.BadParameter("give numbers, or a first and a last one with --range", param_hint="NUMBER...")
    request = request_of(context, customer, as_json)
    details_ = NumberDetails(description=description, site=site, tag=tag)
    if range_ is not None and count_between(*range_, MAX_JOB_NUMBERS) > MAX_MANY:
        _add_by_job(request, range_, details_, timeout if wait else 0)
        return
    wanted = numbers or numbers_between(*(range_ or ("", "")), MAX_MANY)
    with request.output.working("Adding numbers"):
        report = number_changes.add_numbers(request.settings)(
            request.customer, wanted, details_, f"operator:{getpass.getuser()}"
        )
    new = created(report)
    existed = sum(report.outcomes.values()) - new
    request.output.json({"created": new, "existed": existed, "failed": report.failed})
    request.output.show(
        f"{new} added." + (f" {existed} existed already; nothing about them changed." if existed else "")
    )
    if report.failed:
        raise typer.TyperException(f"not all are added: {report.unfinished()}; run it again")


def _add_by_job(request: Request, ends: tuple[str, str], details_: NumberDetails, seconds: int) -> None:
    """Let the function add a range, and wait for so many seconds."""
    start = number_jobs.start_number_job(request.settings)
    job = start.of_range(request.customer, *ends, details_, f"operator:{getpass.getuser()}")
    if not seconds:
        request.output.json({"job": job_json(job)})
        request.output.show(f"Job {job.id} adds {job.total} numbers. How far it is:")
        request.output.show_command(look_again(request, job))
        return
    ended = wait_for_job(request, job, seconds)
    request.output.json({"job": job_json(ended)})
    request.output.show(job_table(ended, process.clock().now()))
    fail_unless_done(request, ended, seconds)


def _write_json(request: Request, pages: Iterator[NumberPage]) -> None:
    """One object, written as the pages come, so that any number of them fits in memory."""
    now = process.clock().now()
    first, last = True, None
    for page in pages:
        if first:
            request.output.write('{"numbers": [')
        for record in page.numbers:
            separator = "" if first else ","
            first = False
            request.output.write(separator + json.dumps(plain(number_json(record, now)), ensure_ascii=False))
        last = page.last
    request.output.write(f'], "next_after": {json.dumps(last)}}}')


def _show_tables(request: Request, pages: Iterator[NumberPage], *, filtered: bool) -> None:
    shown, last = 0, None
    for page in pages:
        if page.numbers:
            request.output.show(numbers_table(page.numbers, process.clock().now(), request.output.width))
        shown, last = shown + len(page.numbers), page.last
    if not shown and last is None:
        request.output.show(_nothing(request, filtered=filtered))
    if last is not None:
        request.output.note(f"{shown} shown, and there may be more: --limit, --all, or --after {last} to go on.")


def _nothing(request: Request, *, filtered: bool) -> str:
    if filtered:
        return f"Customer {request.customer} has no number that matches."
    example = request.command("numbers", "add", "+493012345678")
    return f"Customer {request.customer} has no numbers yet; a sync brings them, or add one with:\n  {example}"
