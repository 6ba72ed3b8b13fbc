"""`number-inventory numbers`: look numbers up and add them."""

import getpass
import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.output import plain
from cli.request import AsJson, Customer, Request, request_of
from cli.tables import details, listing, state
from cli.times import instant
from cli.words import one_of
from number_inventory import bootstrap
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.ports import NumberPage, NumberQuery
from number_inventory.services.lookup import MAX_LIMIT
from number_inventory.services.manage_numbers import NumberDetails, created

_DEFAULT_LIMIT = 50
_LISTED = ("Number", "Status", "Usage", "Vendor", "Held by", "Tag", "Site", "Description")
_SPARE = 2
"""How many of these columns, from the last, a narrow terminal does without; `numbers show` has them."""

_TEXTS = (
    ("Description", "description"),
    ("Site", "site"),
    ("Extra1", "extra1"),
    ("Extra2", "extra2"),
    ("Extra3", "extra3"),
    ("Internal Number Type", "internal_number_type"),
    ("E164 Number", "e164_number"),
    ("Reserved for", "reserved_for"),
    ("Reservation notes", "reservation_notes"),
)

app = typer.Typer(no_args_is_help=True, help="Look numbers up, list and add them.")


@app.command(epilog="Example: number-inventory numbers show +493012345678")
def show(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number, such as +493012345678 or 4711.")],
    *,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Show everything about one number."""
    request = request_of(context, customer, as_json)
    record = bootstrap.look_up_numbers(request.settings).one(request.customer, number)
    now = bootstrap.clock().now()
    request.output.json(number_json(record, now))
    request.output.show(number_table(record, now))


@app.command("list", epilog="Example: number-inventory numbers list --status Cooling --prefix +4930 --limit 200")
def list_numbers(
    context: typer.Context,
    *,
    status: Annotated[
        str | None,
        typer.Option(
            metavar="STATUS",
            autocompletion=lambda: list(Status),
            help=f"Only of this Status: {', '.join(Status)}. Example: --status Cooling",
        ),
    ] = None,
    vendor: Annotated[
        str | None, typer.Option(help="Only of this Vendor; '' is blank. Example: --vendor AudioCodes")
    ] = None,
    usage: Annotated[
        str | None,
        typer.Option(
            metavar="USAGE",
            autocompletion=lambda: list(filter(None, Usage)),
            help=f"Only of this Usage: '' for blank, {', '.join(filter(None, Usage))}. Example: --usage Device",
        ),
    ] = None,
    prefix: Annotated[str, typer.Option(help="Only numbers that begin so. Example: --prefix +4930")] = "",
    site: Annotated[str | None, typer.Option(help="Only of this Site. Example: --site Berlin")] = None,
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
    query = NumberQuery(
        customer=request.customer,
        status=None if status is None else one_of(Status, status, "--status"),
        vendor=vendor,
        usage=None if usage is None else one_of(Usage, usage, "--usage"),
        site=site,
        prefix=prefix,
    )
    pages = _pages(request, query, None if all_ else limit, after)
    if request.as_json:
        _write_json(request, pages)
    else:
        _show_tables(request, pages, filtered=query != NumberQuery(customer=request.customer) or after is not None)


@app.command(epilog="Example: number-inventory numbers add +493012345678 +493012345679 --site Berlin")
def add(
    context: typer.Context,
    numbers: Annotated[list[str], typer.Argument(metavar="NUMBER...", help="Numbers, such as +493012345678 or 4711.")],
    *,
    description: Annotated[str, typer.Option(help="Their Description. Example: --description 'Sales desk'")] = "",
    site: Annotated[str, typer.Option(help="Their Site. Example: --site Berlin")] = "",
    tag: Annotated[str, typer.Option(help="Their Tag. Example: --tag spare")] = "",
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Add numbers as Available; those that exist already are left as they are."""
    request = request_of(context, customer, as_json)
    details_ = NumberDetails(description=description, site=site, tag=tag)
    with request.output.working("Adding numbers"):
        report = bootstrap.add_numbers(request.settings)(
            request.customer, numbers, details_, f"operator:{getpass.getuser()}"
        )
    new = created(report)
    existed = sum(report.outcomes.values()) - new
    request.output.json({"created": new, "existed": existed, "failed": report.failed})
    request.output.show(
        f"{new} added." + (f" {existed} existed already; nothing about them changed." if existed else "")
    )
    if report.failed:
        raise typer.TyperException(f"not all are added: {report.unfinished()}; run it again")


def number_json(record: NumberRecord, now: datetime) -> dict[str, Any]:
    """A number for programs; its Tag as people see it now."""
    copied = {field.name: getattr(record, field.name) for field in fields(record)}
    holders = [{"device": holder.device, "since": holder.since} for holder in record.holders]
    return copied | {"tag": record.shown_tag(now), "holders": holders}


def number_table(record: NumberRecord, now: datetime) -> Table:
    """Everything about one number, for people."""
    holders = [f"{holder.device}, since {instant(holder.since, now)}" for holder in record.holders]
    texts = [(heading, str(getattr(record, name))) for heading, name in _TEXTS]
    return details(
        [
            ("Number", record.number),
            ("Customer", record.customer),
            ("Status", state(record.status)),
            ("Usage", record.usage),
            ("Vendor", record.vendor),
            ("Held by", "\n".join(holders)),
            ("Tag", record.shown_tag(now)),
            ("Release Date", instant(record.release_date, now)),
            *texts,
            ("Reserved until", instant(record.reserved_until, now)),
            ("Last change", instant(record.updated_at, now)),
            ("By", record.updated_by),
            ("Because", record.reason),
            ("Created", instant(record.created_at, now)),
        ]
    )


def numbers_table(records: tuple[NumberRecord, ...], now: datetime, width: int) -> Table:
    """A line for each number."""
    rows = [
        (
            record.number,
            state(record.status),
            record.usage,
            record.vendor,
            ", ".join(holder.device for holder in record.holders),
            record.shown_tag(now),
            record.site,
            record.description,
        )
        for record in records
    ]
    return listing(_LISTED, rows, width=width, spare=_SPARE)


def _pages(request: Request, query: NumberQuery, limit: int | None, after: str | None) -> Iterator[NumberPage]:
    """Pages until the limit or the end; a page may be empty and still have a next one."""
    look_up = bootstrap.look_up_numbers(request.settings)
    left = limit
    while True:
        page = look_up.page(query, MAX_LIMIT if left is None else min(left, MAX_LIMIT), after)
        yield page
        left = None if left is None else left - len(page.numbers)
        if page.last is None or left == 0:
            return
        after = page.last


def _write_json(request: Request, pages: Iterator[NumberPage]) -> None:
    """One object, written as the pages come, so that any number of them fits in memory."""
    now = bootstrap.clock().now()
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
            request.output.show(numbers_table(page.numbers, bootstrap.clock().now(), request.output.width))
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
