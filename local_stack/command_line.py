"""`python -m local_stack`: up, down, status, demo, sam-local."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local_stack import device_simulator, emulator, sam_local
from local_stack.api_document.document import document
from local_stack.api_document.page import write_page
from local_stack.demo.telling import run as run_demo
from local_stack.errors import LocalStackError
from local_stack.layout import Layout, default_layout
from local_stack.progress import Progress
from local_stack.stack import LocalStack, StackOptions

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True, help=__doc__)

StateFolder = Annotated[
    Path | None,
    typer.Option("--state", envvar="NUMBER_INVENTORY_STATE", help="Folder of the stack's files. [default: .local]"),
]
Port = Annotated[
    int,
    typer.Option(envvar="NUMBER_INVENTORY_PORT", min=1, max=65535, help="Loopback port of the local AWS."),
]
SimulatorPort = Annotated[
    int,
    typer.Option(
        envvar="NUMBER_INVENTORY_SIMULATOR_PORT",
        min=0,
        max=65534,
        help="Loopback port of the played device; its control API has the next one. 0 takes free ports.",
    ),
]


@app.command()
def up(
    state: StateFolder = None,
    port: Port = emulator.DEFAULT_PORT,
    simulator_port: SimulatorPort = device_simulator.DEFAULT_PORT,
    sync_schedule: Annotated[str, typer.Option(help="How often devices are synced.")] = "rate(1 minute)",
) -> None:
    """Starts the local AWS and a played device, builds, deploys, and writes stack.json."""
    progress = Progress()
    options = StackOptions(port, simulator_port, {"SyncSchedule": sync_schedule})
    layout = default_layout(state)
    described = LocalStack(layout, progress).up(options)
    progress.say(f"Up. The lookup API is at {described['api_url']}; everything else is in {layout.description}.")
    write_page(document(), layout.api_page)
    progress.say(f"What the API takes and answers is to be read at {layout.api_page.resolve().as_uri()}")
    for line in how_to_add(described["simulator"]):
        print(line)


def how_to_add(simulator: Mapping[str, Any]) -> Iterator[str]:
    """How a person configures the device that is played; its login is the simulator's own and opens nothing else.

    Args:
        simulator: What `stack.json` says of the simulator.
    """
    played = json.loads(Path(simulator["description"]).read_text(encoding="utf-8"))["devices"][0]
    login = played["credentials"]["administrator"]
    yield f"A device is played at {played['url']}. To add it and take its numbers in:"
    yield f"  export NUMBER_INVENTORY_DEVICE_PASSWORD={login['password']}"
    yield (
        f"  .venv/bin/number-inventory --local devices add {played['name']} --address {played['url']} "
        f"--username {login['username']} --ca-file {played['ca_path']}"
    )
    yield f"  .venv/bin/number-inventory --local sync {played['name']}"


@app.command()
def down(state: StateFolder = None) -> None:
    """Stops what `up` started. The local AWS keeps nothing."""
    stopped = LocalStack(default_layout(state), Progress()).down()
    Progress().say("Stopped." if stopped else "Nothing was running.")


@app.command()
def demo(
    state: Annotated[Path | None, typer.Option(help="Folder of its files. [default: .local/demo]")] = None,
) -> None:
    """Shows the whole story on a stack of its own: starts it, checks every claim, stops it."""
    root = default_layout().root
    layout = Layout(root=root, state=(state or root / ".local" / "demo").resolve())
    raise typer.Exit(run_demo(layout, Console(highlight=False)))


@app.command(name="sam-local", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run_sam_local(
    context: typer.Context,
    state: StateFolder = None,
    aws_port: Annotated[
        int, typer.Option(envvar="NUMBER_INVENTORY_PORT", help="Loopback port of the local AWS, if it is not up.")
    ] = emulator.DEFAULT_PORT,
    device_port: Annotated[
        int, typer.Option(envvar="NUMBER_INVENTORY_SIMULATOR_PORT", help="That of the played device.")
    ] = device_simulator.DEFAULT_PORT,
) -> None:
    """Runs `sam local start-api`, `start-lambda` or `invoke FUNCTION` in Docker, on the local stack's tables.

    Whatever else is said goes to SAM, such as `invoke Audit --event audit.json`; nothing means `start-api`. Starts the
    local stack if it is not up.
    """
    command = context.args or ["start-api"]
    layout, progress = default_layout(state), Progress()
    sam_local.check(command)
    stack = LocalStack(layout, progress)
    described = stack.status() or stack.up(StackOptions(aws_port, device_port, {"SyncSchedule": "rate(1 minute)"}))
    options = sam_local.prepare(layout, progress)
    sam_local.run(layout, described["endpoint_url"], command, options)


@app.command()
def status(state: StateFolder = None) -> None:
    """Prints stack.json if the stack is up and answers; exit code 1 if it is not."""
    described = LocalStack(default_layout(state), Progress()).status()
    if described is None:
        raise LocalStackError("the local stack is not up: `make up` starts it")
    print(json.dumps(described, indent=2))


def main() -> None:
    """Runs the command line; an error is told in a line and ends with exit code 1."""
    try:
        app()
    except LocalStackError as error:
        print(f"local stack: {error}", file=sys.stderr)
        sys.exit(1)
    except (BotoCoreError, ClientError) as error:
        print(f"local stack: the local AWS refused: {error}; `make down` and `make up` start it anew", file=sys.stderr)
        sys.exit(1)
