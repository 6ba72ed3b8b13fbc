"""Command lines of this program, read by its own parser and not carried out."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from cli import main as program

PROGRAM = "number-inventory"


def idle_parser() -> Any:  # noqa: ANN401 - Typer's own
    """The program as it reads a command line: every command does nothing."""
    command: Any = get_command(program.app)
    for leaf in leaves(command):
        leaf.callback = lambda **_given: None
    for parameter in command.params:
        if "--install-completion" in parameter.opts:
            parameter.callback = None
    return command


def leaves(group: Any) -> Iterator[Any]:  # noqa: ANN401 - Typer's own
    """Every command of a group and of the groups in it."""
    for command in group.commands.values():
        yield from leaves(command) if hasattr(command, "commands") else [command]


def says_only_which(parser: Any, words: tuple[str, ...]) -> bool:  # noqa: ANN401 - Typer's own
    """Whether words, the program's name aside, say no more than which command is meant."""
    at = parser
    for word in words:
        if word.startswith("--"):
            continue
        if word not in getattr(at, "commands", {}):
            return False
        at = at.commands[word]
    return True
