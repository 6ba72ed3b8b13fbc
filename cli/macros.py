"""`number-inventory macros`: the named settings."""

from typing import Annotated, Any

import typer

from cli.help import command
from cli.request import AsJson, Customer, Request, request_of
from cli.tables import details, fits, listing
from number_inventory.bootstrap import configuration
from number_inventory.domain.macros import MACROS, MacroValue, macro_definition

app = typer.Typer(no_args_is_help=True, help="Read and set named macros, such as how long numbers cool.")

_COLUMNS = ("Macro", "Value", "From", "Purpose")

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        autocompletion=lambda: sorted(MACROS),
        help="The macro, as `macros list` names it, such as audiocodes_cooling_duration.",
    ),
]
Global = Annotated[bool, typer.Option("--global", help="The value for every customer that has none of its own.")]


@command(
    app,
    "get",
    "macros get audiocodes_cooling_duration",
)
def get(
    context: typer.Context,
    name: Name,
    *,
    global_: Global = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Show the value in force and where it comes from: the customer, global, or the built-in default."""
    request = request_of(context, customer, as_json)
    macro = configuration.manage_macros(request.settings).get(name, _scope(request, everywhere=global_))
    _show(request, macro)


@command(
    app,
    "set",
    "# Numbers of this customer cool for a week",
    "macros set audiocodes_cooling_duration 7 --customer acme",
    "# For every customer that has no value of its own",
    "macros set audiocodes_cooling_duration 3 --global",
    "# Tell when fewer than 5 numbers of a site are left",
    "macros set number_stock_low_count@Berlin 5",
)
def set_macro(
    context: typer.Context,
    name: Name,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The new value.")],
    *,
    global_: Global = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Set a macro; a cooling duration counts for numbers that start to cool from now on."""
    request = request_of(context, customer, as_json)
    macro = configuration.manage_macros(request.settings).set(name, value, _scope(request, everywhere=global_))
    _show(request, macro)


@command(
    app,
    "unset",
    "macros unset audiocodes_cooling_duration --customer acme",
)
def unset(
    context: typer.Context,
    name: Name,
    *,
    global_: Global = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Forget a customer's own value, or the global one; shows the value that is in force then."""
    request = request_of(context, customer, as_json)
    _show(request, configuration.manage_macros(request.settings).unset(name, _scope(request, everywhere=global_)))


@command(
    app,
    "list",
    "macros list",
    "macros list --global",
)
def list_macros(
    context: typer.Context, *, global_: Global = False, customer: Customer = None, as_json: AsJson = False
) -> None:
    """List every macro with its value in force."""
    request = request_of(context, customer, as_json)
    macros = configuration.manage_macros(request.settings).all(_scope(request, everywhere=global_))
    request.output.json({"macros": [_json(macro) for macro in macros]})
    rows = [(macro.name, macro.value, macro.origin, macro_definition(macro.name).purpose) for macro in macros]
    if fits(_COLUMNS, rows, request.output.width):
        request.output.show(listing(_COLUMNS, rows))
        return
    request.output.show(listing(_COLUMNS[:-1], [row[:-1] for row in rows]))
    request.output.show("")
    request.output.show(details([(name, purpose) for name, _, _, purpose in rows]))


def _scope(request: Request, *, everywhere: bool) -> str | None:
    return None if everywhere else request.customer


def _json(macro: MacroValue) -> dict[str, Any]:
    definition = macro_definition(macro.name)
    return {
        "name": macro.name,
        "value": macro.value,
        "origin": macro.origin,
        "default": definition.default,
        "allowed": definition.allowed,
        "purpose": definition.purpose,
    }


def _show(request: Request, macro: MacroValue) -> None:
    definition = macro_definition(macro.name)
    request.output.json(_json(macro))
    request.output.show(
        details(
            [
                ("Macro", macro.name),
                ("Value", macro.value),
                ("From", macro.origin),
                ("Allowed", definition.allowed),
                ("Default", definition.default),
                ("Purpose", definition.purpose),
            ]
        )
    )
