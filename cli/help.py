"""What `--help` says: a page as of a manual, with examples to copy, in the columns that the terminal has."""

import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from cli.request import COMMON, PROGRAM

_MARGIN = 2
_WIDEST = 100
"""Longer lines are hard to read."""
_NAMES = 26
"""Columns of an option's names; longer ones stand in a line of their own."""

_WRONGLY_CALLED = 2

EXIT_CODES = (
    "0 done; 1 failed, with one line on standard error that says what, where and what to do; 2 wrongly called; "
    "130 interrupted."
)

_GLUE = "\N{NO-BREAK SPACE}"
_EXAMPLE = "Example: "

Row = tuple[str, str]


Command = TypeVar("Command", bound=Callable[..., None])


def command(app: typer.Typer, name: str, *examples: str) -> Callable[[Command], Command]:
    """Makes a function a command of this name.

    Args:
        app: its group.
        name: what it is called by.
        examples: one a line, without the program's name; a line that begins with # says what the next one is for.
    """
    return app.command(name, cls=Explained, epilog=lines_of(*examples))


def group(app: typer.Typer, name: str, members: typer.Typer) -> None:
    """Makes commands a group of this name."""
    app.add_typer(members, name=name, cls=ExplainedGroup)


def lines_of(*examples: str) -> str:
    """Examples as they are printed."""
    return "\n".join(line if line.startswith("#") else f"{PROGRAM} {line}" for line in examples)


class Explained(TyperCommand):
    """A command that explains itself."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401 - Typer's own context
        """Its page."""
        page = _Page()
        page.usage(ctx.command_path, ["[OPTIONS]", *(_argument(each) for each in _arguments(self))])
        page.text(self.help or "")
        page.table("Arguments", [(_argument(each), _said_of(each, ctx)) for each in _arguments(self)])
        _tell_options(page, self, ctx)
        page.verbatim("Examples", self.epilog or "")
        page.text(EXIT_CODES, "Exit codes")
        return str(page)


class ExplainedGroup(TyperGroup):
    """A group of commands that explains itself, also when none of them is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own context
        """What is left for the command to read."""
        if not args and not ctx.resilient_parsing:
            typer.echo(self.get_help(ctx))
            raise typer.Exit(_WRONGLY_CALLED)
        return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401 - Typer's own context
        """Its page."""
        page = _Page()
        page.usage(ctx.command_path, ["[OPTIONS]", "COMMAND", "..."])
        page.text(self.help or "")
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        page.table("Commands", [(name, _summary(command)) for name, command in commands if command])
        _tell_options(page, self, ctx)
        page.verbatim("Examples", self.epilog or "")
        page.text(f"{ctx.command_path} COMMAND --help explains a command.")
        return str(page)


class _Page:
    """A page as it is being written."""

    def __init__(self) -> None:
        self._width = min(shutil.get_terminal_size().columns, _WIDEST)
        self._lines: list[str] = []

    def __str__(self) -> str:
        return "\n".join(self._lines).rstrip().replace(_GLUE, " ")

    def usage(self, path: str, pieces: Sequence[str]) -> None:
        """How it is called."""
        self._lines += [*self._wrapped(f"Usage: {path} {' '.join(pieces)}", "", " " * (len(path) + 8)), ""]

    def text(self, paragraphs: str, heading: str = "") -> None:
        """Paragraphs, divided by blank lines."""
        self._lines += [f"{heading}:"] if heading else []
        for paragraph in filter(None, (" ".join(each.split()) for each in paragraphs.split("\n\n"))):
            self._lines += [*self._wrapped(paragraph, " " * _MARGIN, " " * _MARGIN), ""]

    def verbatim(self, heading: str, lines: str) -> None:
        """Lines that are copied, and so are never broken."""
        if lines:
            self._lines += [f"{heading}:", *(f"{' ' * _MARGIN}{line}" for line in lines.splitlines()), ""]

    def table(self, heading: str, rows: Sequence[Row]) -> None:
        """Names, and what is said of each."""
        if not rows:
            return
        column = _MARGIN + min(max(len(name) for name, _ in rows), _NAMES) + 2
        self._lines.append(f"{heading}:")
        for name, said in rows:
            first = f"{' ' * _MARGIN}{name}"
            lines = self._wrapped(said, " " * column, " " * column)
            if lines and len(first) + 2 <= column:
                lines[0] = first.ljust(column) + lines[0].lstrip()
                first = ""
            self._lines += [first, *lines] if first else lines
        self._lines.append("")

    def _wrapped(self, text: str, first: str, others: str) -> list[str]:
        """Lines of the text; neither a word with hyphens nor an example of a few words is broken."""
        head, mark, example = text.partition(_EXAMPLE)
        if mark and len(example) + len(mark) + len(others) <= self._width:
            text = head + mark.rstrip() + _GLUE + example.replace(" ", _GLUE)
        return textwrap.TextWrapper(
            self._width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
        ).wrap(text)


def _arguments(command: TyperCommand) -> list[TyperArgument]:
    return [each for each in command.params if isinstance(each, TyperArgument)]


def _argument(argument: TyperArgument) -> str:
    name = (argument.metavar or argument.name or "").upper().removesuffix("...")
    name += "..." if argument.nargs != 1 else ""
    return name if argument.required else f"[{name}]"


def _tell_options(page: _Page, command: TyperCommand | TyperGroup, ctx: Any) -> None:  # noqa: ANN401 - as above
    """The options of its own, then those that all commands have."""
    options = [each for each in command.get_params(ctx) if isinstance(each, TyperOption) and not each.hidden]
    common = [each for each in options if each.rich_help_panel == COMMON or each.name == "help"]
    page.table("Options", [(_names(each), _said_of(each, ctx)) for each in options if each not in common])
    page.table("Common options", [(_names(each), _said_of(each, ctx)) for each in common])


def _names(option: TyperOption) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    if option.secondary_opts:
        return f"{names}, {', '.join(option.secondary_opts)}"
    if option.is_flag or option.count:
        return names
    choices = option.type_descriptor.choices
    takes = "|".join(map(str, choices)) if choices else (option.metavar or (option.name or "").upper().strip("_"))
    return f"{names} {takes}"


def _said_of(parameter: TyperOption | TyperArgument, ctx: Any) -> str:  # noqa: ANN401 - as above
    """Its help; before the example, whether it must be given, what it may be, and what counts else."""
    said, mark, example = (parameter.help or "").partition(_EXAMPLE)
    facts = "; ".join(_facts(parameter, ctx))
    return " ".join(part for part in (said.strip(), f"[{facts}]" if facts else "", mark + example) if part)


def _facts(parameter: TyperOption | TyperArgument, ctx: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    if parameter.required and isinstance(parameter, TyperOption):
        yield "required"
    least, most = parameter.min, parameter.max
    if least is not None:
        yield f"at least {least}" if most is None else f"{least} to {most}"
    if parameter.envvar:
        yield f"or {parameter.envvar}"
    shown, default = parameter.show_default, parameter.get_default(ctx, call=False)
    if isinstance(shown, str):
        yield f"default: {shown}"
    elif shown and isinstance(default, str | int) and default != "" and not getattr(parameter, "is_flag", False):
        yield f"default: {default}"
    elif shown and default is True and parameter.secondary_opts:
        yield f"default: {parameter.opts[0]}"


def _summary(command: Any) -> str:  # noqa: ANN401 - Typer's own
    """The first paragraph."""
    return " ".join((command.help or "").split("\n\n")[0].split())
