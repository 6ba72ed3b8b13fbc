"""`number-inventory release`: release what has cooled, or tell what will be released."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from cli.request import AsJson, Customer, Request, request_of
from cli.tables import listing
from cli.times import instant, minute
from number_inventory.bootstrap import number_changes, process
from number_inventory.services.release import ReleaseReport, ReleaseSummary

_BUDGET = timedelta(minutes=15)
"""How long a run may take; the next one, or the schedule's, goes on."""


def release(
    context: typer.Context,
    *,
    report: Annotated[
        bool, typer.Option("--report", help="Only tell what would be released; changes nothing.")
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="RFC3339", help="With --report: by when. Example: --as-of 2026-11-25T12:00:00Z", show_default="now"
        ),
    ] = None,
    all_customers: Annotated[bool, typer.Option("--all-customers", help="Of every customer, not of one.")] = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Make numbers Available that have cooled, or whose reservation lapsed; the schedule does the same by itself."""
    request = request_of(context, customer, as_json)
    if as_of is not None and not report:
        raise typer.BadParameter(
            "goes with --report only: numbers are released at their Release Date", param_hint="--as-of"
        )
    until = None if as_of is None else _instant(as_of)
    whose = None if all_customers else request.customer
    service = number_changes.release_cooled(request.settings, _BUDGET)
    if report:
        now = process.clock().now()
        _report(request, service.report(until or now, whose), now)
        return
    with request.output.working("Releasing what has cooled"):
        summary = service.release(whose)
    _tell(request, summary)


def _instant(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise typer.BadParameter(
            f"must be an instant with its zone, such as 2026-11-25T12:00:00Z, not {text!r}", param_hint="--as-of"
        )
    return when


def _report(request: Request, report: ReleaseReport, now: datetime) -> None:
    output = request.output
    output.json(report)
    if report.lapsing:
        ends = [(end.number, instant(end.reserved_until, now), end.customer) for end in report.reservations]
        output.show(listing(("Reserved number", "Until", "Customer"), ends))
        output.show(f"\n{report.lapsing} reservations lapse by {minute(report.as_of)}; nothing was changed.")
    if not report.due:
        output.show(f"Nothing is to be released by {minute(report.as_of)}.")
        return
    several = len({due.customer for due in report.numbers}) > 1
    rows = [(due.number, instant(due.release_date, now), due.customer if several else "") for due in report.numbers]
    output.show(listing(("Number", "Release Date", "Customer"), rows))
    output.show(f"\n{report.due} to be released by {minute(report.as_of)}; nothing was changed.")
    if len(report.numbers) < report.due:
        output.note(f"The first {len(report.numbers)} are shown.")


def _tell(request: Request, summary: ReleaseSummary) -> None:
    output = request.output
    output.json(summary)
    kept = f"; {summary.kept} came back or cool anew and stay" if summary.kept else ""
    lapsed = f"; {summary.lapsed} reservations lapsed" if summary.lapsed else ""
    output.show(f"{summary.released} released{lapsed}{kept}." if summary.due or lapsed else "Nothing was due.")
    if summary.failed:
        raise typer.TyperException(f"not all that is due is released: {summary.cause}; run it again")
    if not summary.finished:
        raise typer.TyperException("time ran out before all were released: run it again")
