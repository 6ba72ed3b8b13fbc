"""`number-inventory backup`: all tables of a stack as files, and back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from cli import wiring
from cli.help import command
from cli.request import AsJson, Request, request_of
from cli.tables import listing

app = typer.Typer(no_args_is_help=True, help="Write all tables of a stack into a folder, and put them back.")

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the backup is. Example: backup-2026-11-23")]


@command(
    app,
    "write",
    "backup write backup-2026-11-23",
    "# Tables that point-in-time recovery has brought back beside the stack's",
    "backup write restored --suffix -restored",
)
def write(
    context: typer.Context,
    folder: Folder,
    *,
    suffix: Annotated[
        str,
        typer.Option(
            help="Read the tables that have the stack's names and this behind them. Example: --suffix -restored",
            show_default=False,
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write everything that stands in the tables, of all customers; credentials are not in them.

    Tables are read one after the other: switch the schedules off, and let nobody write meanwhile.
    """
    request = request_of(context, None, as_json)
    with request.output.progress("Reading tables") as bar:
        service = wiring.back_up(request.settings, folder, suffix)
        counts = service(request.target.stack, lambda table, done: bar(f"Reading {table}", done, None))
    _tell(request, counts)
    request.output.note(f"{folder} holds all numbers and whom they belong to: keep it where few can read it.")


@command(
    app,
    "restore",
    "# Into a new stack, whose tables are empty",
    "--stack inventory-2 backup restore backup-2026-11-23",
)
def restore(context: typer.Context, folder: Folder, *, as_json: AsJson = False) -> None:
    """Put a backup into a stack whose tables are empty; interrupted, give it again."""
    request = request_of(context, None, as_json)
    with request.output.progress("Checking the backup") as bar:
        service = wiring.restore_backup(request.settings, folder)
        counts = service(lambda table, done: bar(f"Putting {table} back", done, None))
    _tell(request, counts)
    request.output.note("Numbers are not counted yet. For each customer, give:")
    request.output.note_command(request.command("migrate", "--apply"))


def _tell(request: Request, counts: Mapping[str, int]) -> None:
    request.output.json({"tables": counts})
    request.output.show(listing(("Table", "Items"), [(name, count) for name, count in counts.items()]))
