"""Asking the operator; a password is never an option, where process lists and histories show it.

Questions go to standard error: standard output is for results.
"""

import getpass
import os
import sys
from typing import Annotated

import typer

from number_inventory.ports.secrets import Credentials

PASSWORD_VARIABLE = "NUMBER_INVENTORY_DEVICE_PASSWORD"  # noqa: S105 - the variable's name, not a password

Username = Annotated[
    str | None,
    typer.Option("--username", "-u", help="User on the device; asked for if left out. Example: -u inventory"),
]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help=f"Read the password from standard input. Without it: {PASSWORD_VARIABLE} if set, else a hidden prompt. "
        "Example: --password-stdin < password.txt",
    ),
]


def ask_credentials(device: str, username: str | None, *, password_stdin: bool) -> Credentials:
    """The device's user and password, from the options, the environment or the terminal.

    Raises:
        typer.BadParameter: they were not given and nobody can be asked.
    """
    if username is None:
        _need_terminal("--username", "standard input is no terminal to ask on: name the user")
        username = _answer(f"User on {device}: ")
    if password_stdin:
        return Credentials(username, sys.stdin.readline().rstrip("\r\n"))
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None:
        _need_terminal("--password-stdin", f"no terminal to ask on: pass the password there, or in {PASSWORD_VARIABLE}")
        password = getpass.getpass(f"Password of {username} on {device}: ")
    return Credentials(username, password)


def confirmed(question: str) -> bool:
    """Whether the operator says yes; whatever else is typed is a no."""
    return _answer(f"{question} [y/N]: ").lower() in {"y", "yes"}


def _answer(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise typer.Abort
    return line.strip()


def _need_terminal(option: str, message: str) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter(message, param_hint=option)
