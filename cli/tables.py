"""Tables that fit narrow terminals: no frames, no blank columns, long text wraps in its own column."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from cli.output import printable

Cell = str | int | Text

_STYLES = {
    "Available": "green",
    "Used": "cyan",
    "Used-Utility": "cyan",
    "Reserved": "magenta",
    "Cooling": "yellow",
    "ok": "green",
    "applied": "green",
    "unchanged": "green",
    "complete": "green",
    "partial": "yellow",
    "busy": "yellow",
    "disabled": "yellow",
    "never_synced": "dim",
    "unreachable": "red",
    "login_refused": "red",
    "misconfigured": "red",
    "failed": "red",
    "unfinished": "red",
}


def state(word: str) -> Text:
    """A status, a health or a result in its colour."""
    return Text(printable(word.replace("_", " ")), style=_STYLES.get(word, ""))


def listing(headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, keep: int = 2) -> Table:
    """Rows under headings; columns that are blank in every row are left out, but for the first `keep`."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", collapse_padding=True)
    shown = [index for index in range(len(headings)) if index < keep or any(str(row[index]) for row in rows)]
    for index in shown:
        numeric = all(isinstance(row[index], int) for row in rows) and bool(rows)
        # The first column is what a reader looks for and copies: it stays in one piece as long as it can.
        table.add_column(headings[index], justify="right" if numeric else "left", no_wrap=not index, overflow="fold")
    for row in rows:
        table.add_row(*(_text(row[index]) for index in shown))
    return table


def details(pairs: Sequence[tuple[str, Cell]]) -> Table:
    """One thing, a line for each of its properties; blank ones are left out."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in pairs:
        if str(value):
            table.add_row(name, _text(value))
    return table


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(printable(str(cell)))
