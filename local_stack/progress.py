"""Shows what is being done: a spinner on a terminal, and one line for each step that ended."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


class Progress:
    """Reports steps to a person."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Shows a step while it runs, and how long it took.

        Args:
            what: The step, such as `Building the functions`.
        """
        begun = time.monotonic()
        try:
            with self._console.status(f"{what} ..."):
                yield
        except BaseException:
            self._console.print(f"[red]x[/] {what}", soft_wrap=True)
            raise
        self._console.print(f"[green]✓[/] {what} [dim]{time.monotonic() - begun:.1f} s[/]", soft_wrap=True)

    def say(self, line: str) -> None:
        """Shows one line."""
        self._console.print(line, soft_wrap=True, markup=False)
