"""`number-inventory doctor`: whether everything works, end to end, and what to do where it does not."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from cli import wiring
from cli.connection import stack_name
from cli.output import printable
from cli.request import AsJson, Customer, request_of
from cli.tables import listing
from number_inventory.domain.checkup import Check, Verdict

_BUDGET = timedelta(minutes=4)
"""How long a device may take over its answer."""

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
    for block in _told(checks, every=all_):
        output.show(block)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise typer.TyperException(f"{count}: {', '.join(f'{check.area} {check.name}' for check in problems[:5])}")


def _told(checks: Sequence[Check], *, every: bool) -> Iterator[RenderableType]:
    """What is well in a line for each kind, then what is not, one by one."""
    well = [check for check in checks if check.verdict is Verdict.OK]
    if every:
        yield listing(("Part", "Name", "Found"), [(check.area, check.name, check.said) for check in well])
    else:
        areas = dict.fromkeys(check.area for check in checks)
        yield listing(("Part", "Well", "Found"), [_summed(area, checks) for area in areas])
    for verdict in (Verdict.WARNING, Verdict.PROBLEM):
        alike: dict[tuple[str, str, str], list[str]] = {}
        for check in checks:
            if check.verdict is verdict:
                alike.setdefault((check.area, check.said, check.todo), []).append(check.name)
        for (area, said, todo), names in alike.items():
            yield _wrong(Check(area, ", ".join(names), verdict, said, todo))


def _summed(area: str, checks: Sequence[Check]) -> tuple[str, Text, str]:
    """How many parts of a kind are well; the only one of its kind says how."""
    of_kind = [check for check in checks if check.area == area]
    well = [check for check in of_kind if check.verdict is Verdict.OK]
    worst = next((word for word in (Verdict.PROBLEM, Verdict.WARNING) if any(c.verdict is word for c in of_kind)), None)
    count = Text(f"{len(well)} of {len(of_kind)}", style=_STYLES[worst or Verdict.OK])
    return area, count, f"{well[0].name}: {well[0].said}" if well and len(of_kind) == 1 else ""


def _wrong(check: Check) -> RenderableType:
    title = Text.assemble(
        "\n", (f"{check.verdict}: ", _STYLES[check.verdict]), (printable(f"{check.area} {check.name}"), "bold")
    )
    lines = [Padding(Text(printable(check.said)), (0, 0, 0, 2), expand=False)]
    if check.todo:
        lines.append(Padding(Text(printable(f"-> {check.todo}")), (0, 0, 0, 2), expand=False))
    return Group(title, *lines)
