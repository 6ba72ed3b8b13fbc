"""What the operator sees: results on standard output, everything said besides on standard error.

A program that reads the results (`--json`, or a pipe) gets them and nothing else.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

PIPE = 1000
"""Columns of an output that is no terminal: nothing is wrapped, so that it can be searched line by line."""

_BAR = 20
"""Columns of a progress bar."""

Progress = Callable[[str, int, int | None], None]
"""Tells how far the work is: in words, how much is done, and of how much if that is known."""


class Output:
    """Standard output and standard error of one command.

    Attributes:
        as_json: whether results are JSON; then `show` says nothing.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = _console(stderr=False)
        self._err = _console(stderr=True)

    @property
    def width(self) -> int:
        """Columns that a line of results may take."""
        return self._out.width

    def show(self, renderable: RenderableType) -> None:
        """A result for people."""
        if self.as_json:
            return
        shown = printable(renderable) if isinstance(renderable, str) else renderable
        if self._out.is_terminal:
            self._out.print(shown)
            return
        with self._out.capture() as captured:
            self._out.print(shown)
        # The blanks that fill up a table's last column are noise to a program.
        self.write("\n".join(line.rstrip() for line in captured.get().splitlines()))

    def show_command(self, command: str) -> None:
        """A command line to be copied: indented, and never broken by a line end of ours."""
        if not self.as_json:
            self._out.print(Text(f"  {printable(command)}"), soft_wrap=True)

    def json(self, value: object) -> None:
        """A result for programs."""
        if self.as_json:
            self.write(json.dumps(plain(value), indent=2, ensure_ascii=False))

    def write(self, text: str) -> None:
        """A line of standard output exactly as it is."""
        sys.stdout.write(f"{text}\n")

    def note(self, text: str) -> None:
        """Something worth knowing that is no result."""
        self._err.print(printable(text))

    def note_command(self, command: str) -> None:
        """A command line worth knowing, to be copied; see `show_command`."""
        self._err.print(Text(f"  {printable(command)}"), soft_wrap=True)

    def warn(self, text: str) -> None:
        """Something that a person should look at."""
        self._err.print(printable(f"warning: {text}"), style="yellow")

    @contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Shows that work goes on, while it goes on; only to a terminal."""
        if not self._err.is_terminal:
            yield
            return
        with self._err.status(printable(text)):
            yield

    @contextmanager
    def progress(self, text: str) -> Iterator[Progress]:
        """Shows how far long work is; only to a terminal, and gone when it is done."""
        if not self._err.is_terminal:
            yield lambda _text, _done, _total: None
            return
        from rich import progress  # noqa: PLC0415 - `--help` does without it

        columns = (
            progress.SpinnerColumn(),
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(_BAR),
            progress.TimeElapsedColumn(),
        )
        with progress.Progress(*columns, console=self._err, transient=True) as bar:
            task = bar.add_task(printable(text), total=None)
            yield lambda words, done, total: bar.update(task, description=printable(words), completed=done, total=total)


def printable(text: str) -> str:
    """The text without control characters: what a device or a record says must not steer the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def plain(value: object) -> Any:  # noqa: ANN401 - JSON is whatever it is
    """A value as JSON knows it: instants as RFC 3339 in UTC, sets in order, records by their field names."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return [plain(item) for item in sorted(value)]
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _console(*, stderr: bool) -> Console:
    """A console that takes text as it is: no markup, no emoji codes, no guessed colours."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPE
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)
