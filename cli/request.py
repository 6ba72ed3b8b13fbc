"""What every command is told besides its own arguments, and what it works with."""

import shlex
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import typer

from cli.connection import Target, connect
from cli.output import Output
from number_inventory.domain.devices import DeviceKey

if TYPE_CHECKING:
    from number_inventory.settings import OperatorSettings

PROGRAM = "number-inventory"
DEFAULT_CUSTOMER = "default"
COMMON = "Common"
"""Panel of the options that every command has."""

Customer = Annotated[
    str | None,
    typer.Option(
        "--customer",
        "-c",
        help="Whose devices and numbers. Example: -c acme",
        show_default=False,
        rich_help_panel=COMMON,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON, and nothing else.", rich_help_panel=COMMON)
]


@dataclass
class Request:
    """The options of the program and of the command together.

    Attributes:
        customer: whose devices and numbers.
        as_json: whether results are JSON.
    """

    target: Target = field(default_factory=Target)
    customer: str = DEFAULT_CUSTOMER
    as_json: bool = False

    @cached_property
    def output(self) -> Output:
        """Where results and notes go."""
        return Output(as_json=self.as_json)

    @cached_property
    def settings(self) -> "OperatorSettings":
        """Where the inventory is; the first look at it connects."""
        return connect(self.target)

    def device(self, name: str) -> DeviceKey:
        """The customer's device of this name."""
        return DeviceKey(self.customer, name)

    def command(self, *words: str) -> str:
        """A command line for the same inventory, ready to be copied."""
        given = [PROGRAM]
        given += ["--local"] if self.target.local else []
        given += ["--stack", self.target.stack] if self.target.stack != Target().stack and not self.target.local else []
        given += ["--region", self.target.region] if self.target.region else []
        given += ["--profile", self.target.profile] if self.target.profile else []
        given += ["-c", self.customer] if self.customer != DEFAULT_CUSTOMER else []
        return shlex.join([*given, *words])


def request_of(context: typer.Context, customer: str | None, as_json: bool) -> Request:  # noqa: FBT001 - as Typer gives it
    """The request of a command: its own `--customer` and `--json` go before the program's."""
    program: Request = context.ensure_object(Request)
    return replace(program, customer=customer or program.customer, as_json=as_json or program.as_json)
