"""How the demonstration speaks: headings, what is done, what was checked; coloured on a terminal, else plain lines."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

_COLOURS = {"Used": "cyan", "Cooling": "yellow", "Available": "green"}
_WIDE = 136
"""Columns from which on a Tag fits into the table."""
_QUOTED = "    "
_LINES_APART_SECONDS = 15.0
_POLL_SECONDS = 0.5


class Narrator:
    """Tells a person what happens.

    Attributes:
        console: Where it is told.
        chapter: The chapter being told, for messages of failure.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.chapter = "Getting ready"
        self._chapters = 0

    def begin(self, title: str, why: str = "") -> None:
        """Begins a chapter.

        Args:
            title: What it shows.
            why: The rule behind it.
        """
        self._chapters += 1
        self.chapter = f"{self._chapters}. {title}"
        self.console.print()
        self.console.print(Text(self.chapter, style="bold"))
        if why:
            self.explain(why)

    def explain(self, text: str) -> None:
        """Says why the next thing happens."""
        self._hanging("  ", Text(text, style="dim"))

    def acts(self, text: str) -> None:
        """Says what is done now."""
        self._hanging("  > ", Text(text))

    def asks(self, api_url: str, path: str) -> None:
        """Shows a request to the API, on two lines where one is too short."""
        mark = f"  > GET {api_url}"
        if len(mark) + len(path) <= self.console.width:
            self._hanging(mark + path, Text())
        else:
            self._hanging(mark, Text())
            self._hanging("        ", Text(path))

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Shows on a terminal that work goes on, while it goes on."""
        with self.console.status(f"{what} ..."):
            yield

    def types(self, command: str) -> None:
        """Shows a command as one would type it."""
        self._hanging("  $ ", Text(command, style="magenta"))

    @property
    def quotable(self) -> int:
        """Columns that fit into a line of what is quoted."""
        return self.console.width - len(_QUOTED)

    def quotes(self, text: str) -> None:
        """Shows what a program, a function or the API answered."""
        for line in text.splitlines():
            self._hanging(_QUOTED if line else "", Text(line, style="dim"))

    def checked(self, text: str) -> None:
        """Says what was checked and found right."""
        shown = Text(text)
        for word, colour in _COLOURS.items():
            shown.highlight_words([word], colour)
        self._hanging(Text("  ✓ ", style="green"), shown)

    def failed(self, text: str) -> None:
        """Says what is wrong."""
        self._hanging(Text("  ✗ ", style="bold red"), Text(text))

    def waits(self, what: str, done: Callable[[], bool], *, due: float, seconds: float) -> bool:
        """Waits, and shows for how long.

        Args:
            what: What is waited for.
            done: Whether it has happened.
            due: In how many seconds it is expected.
            seconds: After how many it is given up.

        Returns:
            Whether it happened.
        """
        show = self._bar if self.console.is_terminal else self._lines
        return show(what, done, due, seconds)

    def table(self, numbers: Sequence[dict[str, Any]]) -> None:
        """Shows numbers as the API tells them; where a Tag does not fit beside them, it stands below."""
        wide = self.console.width >= _WIDE
        headings = ("Number", "Status", "Usage", "Vendor", "Held by", "Release Date UTC", *(("Tag",) if wide else ()))
        rows = [(*_cells(number), *((number["tag"],) if wide else ())) for number in numbers]
        self._rows(headings, rows)
        tags = [(number["number"], number["tag"]) for number in numbers if number["tag"]]
        if tags and not wide:
            self._rows(("Number", "Tag"), tags)

    def _rows(self, headings: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
        table = Table(*headings, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
        for row in rows:
            table.add_row(*row)
        with self.console.capture() as captured:
            self.console.print(table)
        # The blanks that fill up the last column are noise in a log.
        lines = [line.rstrip() for line in captured.get().splitlines()]
        self.console.file.write("\n".join((*lines, "", "")))

    def _bar(self, what: str, done: Callable[[], bool], due: float, seconds: float) -> bool:
        columns = (TextColumn("  {task.description}"), BarColumn(20), TextColumn("{task.fields[left]}"))
        begun = time.monotonic()
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(what, total=max(due, 1.0), left="")
            while not (happened := done()) and (passed := time.monotonic() - begun) < seconds:
                left = f"in about {due - passed:.0f} s" if passed < due else "any moment now"
                progress.update(task, completed=min(passed, due), left=left)
                time.sleep(_POLL_SECONDS)
        return happened

    def _lines(self, what: str, done: Callable[[], bool], due: float, seconds: float) -> bool:
        begun = time.monotonic()
        said = -_LINES_APART_SECONDS
        while not (happened := done()) and (passed := time.monotonic() - begun) < seconds:
            if passed - said >= _LINES_APART_SECONDS:
                left = f"in about {due - passed:.0f} s" if passed < due else "any moment now"
                self._hanging("  ", Text(f"{what} {left} ..."))
                said = passed
            time.sleep(_POLL_SECONDS)
        return happened

    def _hanging(self, mark: str | Text, text: Text) -> None:
        """Prints a text whose further lines begin below the first one, not below its mark."""
        first = Text(mark) if isinstance(mark, str) else mark
        blank = Text(" " * first.cell_len)
        for index, line in enumerate(text.wrap(self.console, self.console.width - first.cell_len)):
            line.rstrip()
            self.console.print(Text.assemble(blank if index else first, line), soft_wrap=True)


def _cells(number: dict[str, Any]) -> tuple[str | Text, ...]:
    holders = ", ".join(holder["device"] for holder in number["holders"])
    status = Text(number["status"], style=_COLOURS.get(number["status"], ""))
    release = (number["release_date"] or "")[:16].replace("T", " ")
    return number["number"], status, number["usage"], number["vendor"], holders, release
