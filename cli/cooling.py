"""`number-inventory cooling`: the numbers that rest before anybody gets them again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Any

import typer
from rich.table import Table

from cli import wiring
from cli.help import command
from cli.number_views import number_json
from cli.request import AsJson, Customer, request_of
from cli.tables import listing, one_below_another, who
from cli.times import distance, minute
from number_inventory.bootstrap import process
from number_inventory.domain.cooling import MAX_COOLING_DAYS
from number_inventory.domain.numbers import NumberRecord
from number_inventory.services.list_cooling import CoolingNumber

_DEFAULT_LIMIT = 50
_COLUMNS = ("Number", "Release Date", "In", "Was", "Of", "Since", "By")
_SPARE = 2

app = typer.Typer(no_args_is_help=True, help="Look at the numbers that cool.")


@app.callback()
def cooling() -> None:
    """Look at the numbers that cool: until when, and whose they were."""


@command(
    app,
    "list",
    "cooling list",
    "# What is released within a day",
    "cooling list --within 1 --all",
)
def list_cooling(
    context: typer.Context,
    *,
    within: Annotated[
        int | None,
        typer.Option(
            min=0, max=MAX_COOLING_DAYS, metavar="DAYS", help="Only what is released by then. Example: --within 1"
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many. Example: --limit 200")] = _DEFAULT_LIMIT,
    all_: Annotated[bool, typer.Option("--all", help="All of them, however many there are.")] = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """List what cools, the earliest Release Date first, and whose it was before."""
    request = request_of(context, customer, as_json)
    now = process.clock().now()
    until = None if within is None else now + timedelta(days=within)
    service = wiring.list_cooling(request.settings)
    with request.output.working("Looking for what cools"):
        found = iter(service(request.customer, None if all_ else limit + 1, until))
        shown = list(found if all_ else islice(found, limit))
        more = next(found, None) is not None
    request.output.json({"numbers": [_json(each, now) for each in shown], "more": more})
    if not shown:
        days = "1 day" if within == 1 else f"{within} days"
        soon = "" if within is None else f" and is released within {days}"
        request.output.show(f"No number of customer {request.customer} cools{soon}.")
        return
    request.output.show(_table(shown, now, request.output.width))
    if more:
        request.output.note(f"The first {len(shown)} are shown: --limit or --all for more.")


def _json(each: CoolingNumber, now: datetime) -> dict[str, Any]:
    before = None if each.before is None else number_json(each.before, now)
    return {"number": number_json(each.record, now), "before": before}


def _table(shown: Sequence[CoolingNumber], now: datetime, width: int) -> Table:
    rows = [
        (
            each.record.number,
            minute(each.record.release_date) if each.record.release_date else "",
            distance(each.record.release_date, now).removeprefix("in ") if each.record.release_date else "",
            _was(each.before),
            _whose(each.before, width),
            distance(each.record.cooling_since, now) if each.record.cooling_since else "",
            who(each.record.updated_by, width),
        )
        for each in shown
    ]
    return listing(_COLUMNS, rows, width=width, spare=_SPARE)


def _was(before: NumberRecord | None) -> str:
    if before is None:
        return ""
    return f"{before.status} / {before.usage}" if before.usage else str(before.status)


def _whose(before: NumberRecord | None, width: int) -> str:
    """Who had it: devices, or somebody of a vendor."""
    if before is None:
        return ""
    devices = one_below_another([holder.device for holder in before.holders], width)
    return devices or " of ".join(filter(None, (before.assigned_to, before.vendor)))
