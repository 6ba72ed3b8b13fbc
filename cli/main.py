"""`number-inventory`: the program, its own options, and how it ends.

Errors are one line on standard error. Exit codes: 0 done, 1 failed, 2 wrongly called, 130 interrupted.
"""

import os
import sys
from typing import Annotated, Any

import typer

from cli import audits, backup, conflicts, cooling, devices, history_replay, jobs, macros, numbers
from cli.connection import DEFAULT_STACK, Target
from cli.doctor import doctor
from cli.help import ExplainedGroup, command, group, lines_of
from cli.migrate import migrate
from cli.output import printable
from cli.release import release
from cli.request import DEFAULT_CUSTOMER, PROGRAM, AsJson, Request
from cli.sync import sync
from number_inventory.domain.errors import InventoryError

_INTERRUPTED = 130


class _Program(ExplainedGroup):
    """The program; its commands stand in the order in which they are wanted."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - Typer's own context
        """First what one begins with, last what is seldom needed."""
        return sorted(super().list_commands(ctx), key=_ORDER.index)


_ORDER = [
    *("devices", "sync", "numbers", "cooling", "release", "conflicts", "macros"),
    *("audit", "jobs", "doctor", "history", "backup", "migrate"),
]

app = typer.Typer(
    name=PROGRAM,
    cls=_Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
group(app, "devices", devices.app)
group(app, "numbers", numbers.app)
group(app, "cooling", cooling.app)
group(app, "conflicts", conflicts.app)
group(app, "macros", macros.app)
group(app, "audit", audits.app)
group(app, "jobs", jobs.app)
group(app, "history", history_replay.app)
group(app, "backup", backup.app)
command(
    app,
    "migrate",
    "migrate",
    "migrate --apply",
    "# After a restore",
    "migrate --apply --recount",
)(migrate)
command(
    app,
    "sync",
    "sync sbc-1 sbc-2",
    "sync --all --customer acme",
)(sync)
command(
    app,
    "release",
    "# What would be released by then; nothing is changed",
    "release --report --as-of 2026-11-25T12:00:00Z",
    "release --all-customers",
)(release)
command(
    app,
    "doctor",
    "doctor",
    "doctor sbc-1",
    "# Only the stack, for a program",
    "doctor --no-devices --json",
)(doctor)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it
    if wanted:
        import importlib.metadata  # noqa: PLC0415 - slow to load, and nothing else needs it

        sys.stdout.write(f"{PROGRAM} {importlib.metadata.version(PROGRAM)}\n")
        raise typer.Exit


@app.callback(
    epilog=lines_of(
        "# On the local stack that `make up` started",
        "--local devices list",
        "# A customer's devices, with a profile of the AWS configuration",
        "--profile prod -c acme sync --all",
    )
)
def program(
    context: typer.Context,
    *,
    local: Annotated[
        bool, typer.Option("--local", help="Work on the local stack that `make up` started, and on nothing else.")
    ] = False,
    stack: Annotated[
        str,
        typer.Option(envvar="NUMBER_INVENTORY_STACK", help="The CloudFormation stack. Example: --stack inventory-test"),
    ] = DEFAULT_STACK,
    region: Annotated[
        str | None, typer.Option(help="AWS region, else AWS_REGION or the profile's. Example: --region eu-central-1")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="AWS profile, else AWS_PROFILE or keys in the environment. Example: --profile prod"),
    ] = None,
    customer: Annotated[
        str,
        typer.Option(
            "--customer", "-c", envvar="NUMBER_INVENTORY_CUSTOMER", help="Whose devices and numbers. Example: -c acme"
        ),
    ] = DEFAULT_CUSTOMER,
    as_json: AsJson = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Keep the numbers of AudioCodes devices true: devices, numbers, cooling and release.

    These options stand before the command; --customer and --json may stand behind it as well.
    """
    del version  # it has ended the program by itself
    target = Target(local=local, stack=stack, region=region, profile=profile)
    context.obj = Request(target=target, customer=customer, as_json=as_json)


def main() -> None:
    """Runs the program and ends the process with its exit code."""
    try:
        code = app(prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        _fail(_words(error), error.exit_code)
    except InventoryError as error:
        _fail(str(error), 1)
    except (typer.Abort, KeyboardInterrupt):
        _fail("interrupted", _INTERRUPTED)
    except BrokenPipeError:
        _leave_closed_pipe()
    else:
        if code == _INTERRUPTED:
            _fail("interrupted", _INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def _words(error: typer.TyperException) -> str:
    """The message of a wrong call, and where to read how it is called."""
    context: typer.Context | None = getattr(error, "ctx", None)
    message = error.format_message().replace("Value error, ", "").strip()
    if context is None or not message:
        return message
    missed = getattr(error, "option_name", "")
    if missed in _OWN_OPTIONS and context.parent is not None:
        return (
            f"{missed} stands before the command: {PROGRAM} {missed} {context.command_path.removeprefix(f'{PROGRAM} ')}"
        )
    return f"{message.rstrip('.')} (see: {context.command_path} --help)"


_OWN_OPTIONS = frozenset({"--local", "--stack", "--region", "--profile"})


def _fail(message: str, code: int) -> None:
    """Ends the process; the message is one line, whatever it quotes."""
    if message:
        sys.stderr.write(f"error: {printable(' '.join(message.split()))}\n")
    sys.exit(code)


def _leave_closed_pipe() -> None:
    """Ends quietly when the reader of the output has gone, such as `head`."""
    # What is still buffered goes nowhere: Python's own flush at exit would fail once more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)


if __name__ == "__main__":
    main()
