"""The options by which commands pick numbers."""

from typing import Annotated

import typer

from number_inventory.domain.numbers import Status, Usage

StatusWord = Annotated[
    str | None,
    typer.Option(
        "--status",
        metavar="STATUS",
        autocompletion=lambda: list(Status),
        help=f"Only of this Status: {', '.join(Status)}. Example: --status Cooling",
    ),
]
VendorText = Annotated[
    str | None, typer.Option("--vendor", help="Only of this Vendor; '' is blank. Example: --vendor AudioCodes")
]
UsageWord = Annotated[
    str | None,
    typer.Option(
        "--usage",
        metavar="USAGE",
        autocompletion=lambda: list(filter(None, Usage)),
        help=f"Only of this Usage: '' for blank, {', '.join(filter(None, Usage))}. Example: --usage Device",
    ),
]
PrefixText = Annotated[str, typer.Option("--prefix", help="Only numbers that begin so. Example: --prefix +4930")]
SiteText = Annotated[str | None, typer.Option("--site", help="Only of this Site. Example: --site Berlin")]
AssigneeText = Annotated[
    str | None, typer.Option("--assigned-to", help="Only what is assigned to this one. Example: --assigned-to alice")
]
DeviceName = Annotated[str, typer.Option("--device", help="Only what this device holds. Example: --device sbc-1")]
