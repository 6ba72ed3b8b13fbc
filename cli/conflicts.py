"""`number-inventory conflicts`: the numbers that a device holds and another vendor uses."""

from collections.abc import Sequence

import typer
from rich.table import Table

from cli import wiring
from cli.help import command
from cli.number_views import number_json
from cli.request import AsJson, Customer, request_of
from cli.tables import listing, one_below_another, state
from cli.times import distance
from number_inventory.bootstrap import process
from number_inventory.domain.numbers import NumberRecord

_COLUMNS = ("Number", "Status", "Usage", "Vendor", "Assigned to", "Held by", "Site", "Description")
_SPARE = 2

app = typer.Typer(no_args_is_help=True, help="Look at numbers that a device holds and another vendor uses.")


@app.callback()
def conflicts() -> None:
    """Look at numbers that a device holds and another vendor uses: a person decides whose they are."""


@command(
    app,
    "list",
    "conflicts list",
    "conflicts list --customer acme --json",
)
def list_conflicts(context: typer.Context, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """List the numbers in conflict by their records; an audit also asks what each device holds."""
    request = request_of(context, customer, as_json)
    now = process.clock().now()
    with request.output.working("Looking at all numbers"):
        found = list(wiring.list_conflicts(request.settings)(request.customer))
    output = request.output
    output.json({"numbers": [number_json(record, now) for record in found]})
    if not found:
        output.show(f"No number of customer {request.customer} is held by a device and used by another vendor.")
        return
    held = [[f"{holder.device}, {distance(holder.since, now)}" for holder in record.holders] for record in found]
    output.show(_table(found, held, output.width))
    if not output.as_json:
        first = found[0].number
        output.show("\nIf a number is the device's, take it from the other one; it is the device's at once:")
        output.show_command(request.command("numbers", "unassign", first))
        output.show("If it is not, take it off the device: the next sync sees it.")


def _table(found: Sequence[NumberRecord], held: Sequence[Sequence[str]], width: int) -> Table:
    rows = [
        (
            record.number,
            state(record.status),
            record.usage,
            record.vendor or "(Cisco UCM)",
            record.assigned_to,
            one_below_another(devices, width),
            record.site,
            record.description,
        )
        for record, devices in zip(found, held, strict=True)
    ]
    return listing(_COLUMNS, rows, width=width, spare=_SPARE)
