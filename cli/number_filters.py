"""The options by which commands pick numbers, and what they pick."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from cli.words import given_instant, one_of
from number_inventory.domain.numbers import Status, Usage
from number_inventory.ports.numbers import NumberQuery

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
    str | None,
    typer.Option(
        "--assigned-to", metavar="NAME", help="Only what is assigned to this one. Example: --assigned-to alice"
    ),
]
DeviceName = Annotated[str, typer.Option("--device", help="Only what this device holds. Example: --device sbc-1")]

TextPart = Annotated[
    str, typer.Option("--text", help="Only with this in Description or Tag, capitals as they are. Example: --text desk")
]
FirstNumber = Annotated[
    str, typer.Option("--first", metavar="NUMBER", help="From this number on. Example: --first 4000")
]
LastNumber = Annotated[str, typer.Option("--last", metavar="NUMBER", help="Up to this number. Example: --last 4999")]
ChangedSince = Annotated[
    str | None,
    typer.Option(
        "--changed-since",
        metavar="RFC3339",
        help="Only changed then or later. Example: --changed-since 2026-11-25T12:00:00Z",
    ),
]


Pick = Callable[[str], NumberQuery]
"""Which numbers of a customer are meant.

Raises:
    typer.BadParameter: there is no such Status or Usage, or no such instant.
"""


def picks_numbers(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options that pick numbers; it gets what they pick as `pick`, a `Pick`."""
    signature = inspect.signature(command)
    options = list(inspect.signature(_query).parameters.values())[1:]

    @functools.wraps(command)
    def picking(**given: Any) -> None:  # noqa: ANN401 - whatever the command takes
        filters = {option.name: given.pop(option.name) for option in options}
        command(**given, pick=functools.partial(_query, **filters))

    parameters = list(signature.parameters.values())
    at = list(signature.parameters).index("pick")
    parameters[at : at + 1] = options
    picking.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # Typer reads it
    return picking


def _query(
    customer: str,
    *,
    status: StatusWord = None,
    vendor: VendorText = None,
    usage: UsageWord = None,
    prefix: PrefixText = "",
    site: SiteText = None,
    assigned_to: AssigneeText = None,
    device: DeviceName = "",
    text: TextPart = "",
    first: FirstNumber = "",
    last: LastNumber = "",
    changed_since: ChangedSince = None,
) -> NumberQuery:
    return NumberQuery(
        customer=customer,
        status=None if status is None else one_of(Status, status, "--status"),
        vendor=vendor,
        usage=None if usage is None else one_of(Usage, usage, "--usage"),
        prefix=prefix,
        site=site,
        assigned_to=assigned_to,
        device=device,
        text=text,
        first=first,
        last=last,
        changed_since=given_instant(changed_since, "--changed-since"),
    )
