"""`number-inventory doctor`: whether everything works, end to end, and what to do where it does not."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import wiring
from cli.connection import stack_name
from cli.output import printable
from cli.request import AsJson, Customer, request_of
from cli.tables import listing
from number_inventory.domain.checkup import Check, Verdict

_BUDGET = timedelta(minutes=4)
"""How long a device may take over its answer."""

_NAMED = 5
"""How many problems the last line names."""

_STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.PROBLEM: "red"}


def doctor(
    context: typer.Context,
    devices: Annotated[
        list[str] | None,
        typer.Argument(metavar="DEVICE", help="Ask only these devices; else every enabled one.", show_default=False),
    ] = None,
    *,
    no_devices: Annotated[bool, typer.Option("--no-devices", help="Ask no device, only look at the stack.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="Show what is well one by one, too.")] = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Look at the stack, its settings and heartbeats, and at each device; say what is wrong and what to do.

    Nothing is changed. Devices are asked from this machine, as a sync would.

    Ends with exit code 1 if there is a problem; warnings alone are none.
    """
    if devices and no_devices:
        raise typer.BadParameter("name devices or take --no-devices", param_hint="--no-devices")
    request = request_of(context, customer, as_json)
    output = request.output
    with output.progress("Looking") as tell:
        service = wiring.check_up(
            request.settings, stack_name(request.target), output.warn, _BUDGET, lambda words: tell(words, 0, None)
        )
        checks = list(service(request.customer, () if no_devices else devices or None))
    problems = [check for check in checks if check.verdict is Verdict.PROBLEM]
    output.json({"ok": not problems, "checks": checks})
    for block in _well(checks, every=all_):
        output.show(block)
    for check in _wrong(checks):
        output.show(_described(check))
        if check.command:
            output.show_command(f"   {request.command(*check.command)}")
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        named = [f"{check.area} {check.name}" for check in problems[:_NAMED]]
        named += [f"and {len(problems) - _NAMED} more"] if len(problems) > _NAMED else []
        raise typer.TyperException(f"{count}: {', '.join(named)}")


def _well(checks: Sequence[Check], *, every: bool) -> Iterator[RenderableType]:
    """What is well, in a line for each kind, or one by one."""
    well = [check for check in checks if check.verdict is Verdict.OK]
    if every:
        yield listing(("Part", "Name", "Found"), [(check.area, check.name, check.said) for check in well])
    else:
        areas = dict.fromkeys(check.area for check in checks)
        yield listing(("Part", "Well", "Found"), [_summed(area, checks) for area in areas])


def _wrong(checks: Sequence[Check]) -> Iterator[Check]:
    """What is not well, warnings first; parts of a kind that are alike are told together."""
    for verdict in (Verdict.WARNING, Verdict.PROBLEM):
        alike: dict[Check, list[str]] = {}
        for check in checks:
            if check.verdict is verdict:
                alike.setdefault(replace(check, name=""), []).append(check.name)
        yield from (replace(check, name=", ".join(names)) for check, names in alike.items())


def _summed(area: str, checks: Sequence[Check]) -> tuple[str, Text, str]:
    """How many parts of a kind are well; the only one of its kind says how."""
    of_kind = [check for check in checks if check.area == area]
    well = [check for check in of_kind if check.verdict is Verdict.OK]
    worst = next((word for word in (Verdict.PROBLEM, Verdict.WARNING) if any(c.verdict is word for c in of_kind)), None)
    count = Text(f"{len(well)} of {len(of_kind)}", style=_STYLES[worst or Verdict.OK])
    return area, count, f"{well[0].name}: {well[0].said}" if well and len(of_kind) == 1 else ""


def _described(check: Check) -> RenderableType:
    title = Text.assemble(
        "\n", (f"{check.verdict}: ", _STYLES[check.verdict]), (printable(f"{check.area} {check.name}"), "bold")
    )
    lines: list[RenderableType] = [Padding(Text(printable(check.said)), (0, 0, 0, 2), expand=False)]
    if check.todo:
        todo = Table.grid(padding=(0, 1, 0, 0))
        todo.add_row("  ->", Text(printable(f"{check.todo}{':' if check.command else ''}")))
        lines.append(todo)
    return Group(title, *lines)
