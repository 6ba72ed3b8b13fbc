"""`number-inventory history`: have changes recorded that were not recorded in time."""

from typing import Annotated

import typer

from cli import wiring
from cli.help import command
from cli.request import AsJson, Request, request_of
from cli.tables import details
from cli.times import instant
from cli.words import given_instant
from number_inventory.bootstrap import process
from number_inventory.services.replay_history import ReplayReport, ReplayRequest

app = typer.Typer(no_args_is_help=True, help="Bring lost changes into the history of numbers, of all customers.")


@app.callback()
def history() -> None:
    """Bring lost changes into the history of numbers, of all customers; `numbers history` shows that of one number."""


@command(
    app,
    "replay",
    "# How many changes the stream keeps, and how many of them are lost",
    "history replay --dry-run",
    "history replay --since 2026-11-23T02:00:00Z --missing",
)
def replay(
    context: typer.Context,
    *,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="RFC3339",
            help="Only what happened since then. Example: --since 2026-11-23T02:00:00Z",
            show_default="all that is kept",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="RFC3339",
            help="Only what happened until then. Example: --until 2026-11-23T14:00:00Z",
            show_default="now",
        ),
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only what is not in the history: no event comes twice.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what the stream keeps, and what is lost.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Have the deployed function record what the numbers' stream still keeps: all changes of the last 24 hours.

    Needed where record-history failed for so long that Lambda has given changes up. What is recorded stays as it is,
    and is counted once. Events are published again under the ids that they had; with --missing none is, nor one that
    alone was lost. It may be given at any time, and again; interrupted, give it again.
    """
    request = request_of(context, None, as_json)
    wanted = ReplayRequest(
        since=given_instant(since, "--since"),
        until=given_instant(until, "--until"),
        missing_only=missing,
        dry_run=dry_run,
    )
    words = "Reading the stream" if dry_run else "Having changes recorded"
    with request.output.progress(words) as bar:
        service = wiring.replay_history(request.settings)
        report = service(wanted, lambda so_far: bar(words, so_far.changes, None))
    _tell(request, report, wanted)


def _tell(request: Request, report: ReplayReport, wanted: ReplayRequest) -> None:
    output, now = request.output, process.clock().now()
    output.json(report)
    if not report.changes:
        output.show("The stream keeps no change of that time; it keeps each for 24 hours.")
        return
    done = "Would be handed over" if wanted.dry_run else "Handed over and recorded"
    rows: list[tuple[str, str | int]] = [
        ("Changes in the stream", report.changes),
        ("Oldest", instant(report.oldest, now)),
        ("Newest", instant(report.newest, now)),
        ("Not in the history", report.missing),
        (done, report.replayed),
    ]
    output.show(details(rows))
    if report.poisoned:
        output.warn(f"{report.poisoned} records are no change of a number: the function sends them to the dead letters")
    if wanted.dry_run and report.replayed:
        output.note("Nothing was handed over. To do so:")
        output.note_command(request.command("history", "replay", *_options(wanted)))


def _options(wanted: ReplayRequest) -> list[str]:
    """The options that say what was asked for, without the dry run."""
    instants = (("--since", wanted.since), ("--until", wanted.until))
    given = [word for option, when in instants if when is not None for word in (option, when.isoformat())]
    return [*given, *(["--missing"] if wanted.missing_only else [])]
