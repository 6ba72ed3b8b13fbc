"""`number-inventory migrate`: bring stored numbers up to date, and count them anew."""

from dataclasses import replace
from typing import Annotated

import typer

from cli import wiring
from cli.request import AsJson, Customer, Request, request_of
from cli.tables import details
from number_inventory.services.migrate_numbers import PACE, MigrateNumbers, MigrationReport

_FASTEST = 4000


def migrate(
    context: typer.Context,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this, only tell what there is to do.")] = False,
    recount: Annotated[
        bool, typer.Option("--recount", help="With --apply: count all numbers anew, which takes six minutes at least.")
    ] = False,
    pace: Annotated[
        int, typer.Option(min=1, max=_FASTEST, help="Numbers written a second, at most. Example: --pace 2000")
    ] = PACE,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Bring numbers to the form and into the indexes of this release; needed after some upgrades and after a restore.

    It writes each number as it is, if nobody changed it meanwhile: syncs and people may go on. Interrupted, repeat it.
    """
    request = request_of(context, customer, as_json)
    if recount and not apply:
        raise typer.BadParameter("goes with --apply", param_hint="--recount")
    service = replace(wiring.migrate_numbers(request.settings), pace=pace)
    report = _run(request, service, apply=apply, recount=recount)
    request.output.json(report)
    request.output.show(details(_told(report, applied=apply)))
    _advise(request, report, applied=apply)


def _run(request: Request, service: MigrateNumbers, *, apply: bool, recount: bool) -> MigrationReport:
    words = "Bringing numbers up to date" if apply else "Looking at numbers"
    with request.output.progress(words) as bar:
        if apply:
            return service.apply(request.customer, recount=recount, tell=lambda done: bar(words, done, None))
        return service.look(request.customer, tell=lambda done: bar(words, done, None))


def _told(report: MigrationReport, *, applied: bool) -> list[tuple[str, str | int]]:
    rows: list[tuple[str, str | int]] = [("Customer", report.customer), ("Numbers", report.numbers)]
    if applied:
        rows.append(("Written", report.rewritten))
    else:
        rows.append(("Of an earlier form", report.outdated))
        rows.append(("Not counted yet", report.uncounted))
        rows.append(("In the counts", "being counted anew" if report.counted is None else report.counted))
        rows.append(("Counts that are off", "" if report.off is None else report.off))
    rows.append(("Not readable", report.unreadable))
    return rows


def _advise(request: Request, report: MigrationReport, *, applied: bool) -> None:
    output = request.output
    if report.unreadable:
        named = ", ".join(report.unreadable_numbers)
        output.warn(f"{report.unreadable} numbers cannot be understood, and were left as they are: {named}")
    if applied or report.finished:
        return
    recount = report.off or report.uncounted or report.counted is None
    output.note("To put that right, beside whatever else goes on:")
    output.note_command(request.command("migrate", "--apply", *(["--recount"] if recount else [])))
