"""`python -m simulator`: plays devices until it is stopped."""

import json
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from simulator.errors import SimulatorError
from simulator.generator import Population
from simulator.listing import Style
from simulator.scenario import SOURCES, DeviceScenario, load_scenario
from simulator.server import Simulator

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_DEFAULT_USERS = 10


@app.command(epilog="Faults, the control API and scenario files are described in docs/simulator.md.")
def play(  # noqa: PLR0917 - Typer makes options of them
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="HTTPS port of the (first) device; 0 picks free ports.")
    ] = 8443,
    control_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port of the control API.", show_default="8444, or a free one with --port 0"
        ),
    ] = None,
    state_dir: Annotated[Path, typer.Option(help="Where the CA, the passwords and the ready file are kept.")] = Path(
        ".local/simulator"
    ),
    scenario: Annotated[Path | None, typer.Option(help="A JSON or YAML file that says which devices to play.")] = None,
    users: Annotated[
        int | None, typer.Option(min=0, help="How many users to make up.", show_default=str(_DEFAULT_USERS))
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same users.", show_default="1")] = None,
    style: Annotated[
        Style | None, typer.Option(help="How the device's command line prints.", show_default="modern")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="sbc, or arm: a Routing Manager with two nodes.", show_default="sbc")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,  # noqa: FBT002
) -> None:
    """Plays AudioCodes SBCs and Routing Managers over HTTPS, on 127.0.0.1 only, until Ctrl-C or SIGTERM."""
    if scenario and not (users is None and seed is None and style is None and source is None):
        raise SimulatorError(
            "--users, --seed, --style and --source are for playing without --scenario: put them in the file"
        )
    devices = load_scenario(scenario) if scenario else [_single(users, seed, style, source or "sbc")]
    if not devices[0].port:
        devices[0] = replace(devices[0], port=port)
    if control_port is None:
        control_port = 8444 if port else 0
    simulator = Simulator(devices, state_dir, control_port)
    stopped = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stopped.set())
    with simulator:
        _announce(simulator.describe(), as_json=as_json)
        stopped.wait()


def main() -> None:
    """Runs the command line; an error is one line and exit code 1."""
    try:
        app()
    except SimulatorError as error:
        print(f"simulator: {error}", file=sys.stderr)  # noqa: T201 - this is the command line
        sys.exit(1)


def _single(users: int | None, seed: int | None, style: Style | None, source: str) -> DeviceScenario:
    population = Population(users=_DEFAULT_USERS if users is None else users, seed=1 if seed is None else seed)
    name = f"{source}-1" if source in SOURCES else "sbc-1"
    return DeviceScenario(name=name, source=source, style=style or Style.MODERN, generated=population)


def _announce(description: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(description, indent=2), flush=True)  # noqa: T201 - this is the command line
        return
    console = Console()
    devices = description["devices"]
    assert isinstance(devices, list)  # noqa: S101 - tells the type checker
    for device in devices:
        console.print(_table(device))
    console.print(f"Control API  {description['control_url']}\nStop with Ctrl-C.", soft_wrap=True)
    sys.stdout.flush()


def _table(device: dict[str, object]) -> Table:
    table = Table(title=f"Device {device['name']}", title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("address", str(device["url"]))
    table.add_row("CA", str(device["ca_path"]))
    table.add_row("SHA-256", str(device["fingerprint"]))
    credentials = device["credentials"]
    assert isinstance(credentials, dict)  # noqa: S101 - tells the type checker
    for role, login in credentials.items():
        table.add_row(role, f"{login['username']} / {login['password']}")
    if device["source"] == "sbc":
        table.add_row("style", str(device["style"]))
    else:
        table.add_row("nodes", ", ".join(f"{node['name']} ({node['state']})" for node in device["nodes"]))  # type: ignore[attr-defined]  # as described
    table.add_row("users", str(device["users"]))
    return table
