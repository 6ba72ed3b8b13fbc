"""Tables that fit narrow terminals: no frames, no blank columns; long text wraps in its own column."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from cli.output import PIPE, printable

Cell = str | int | Text

_GAP = 2

_RIGID = 20
"""Columns that need no more are folded last: a Status, an instant or a count in two lines is hard to read."""

_LEAST = 8
"""What is left for each other column then."""

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
    "waiting": "yellow",
    "busy": "yellow",
    "disabled": "yellow",
    "never_synced": "dim",
    "unreachable": "red",
    "login_refused": "red",
    "misconfigured": "red",
    "failed": "red",
    "unfinished": "red",
    "queued": "dim",
    "planning": "yellow",
    "running": "yellow",
    "created": "green",
    "existed": "dim",
    "correcting": "yellow",
    "finished": "green",
    "refused": "red",
    "stopped": "red",
    "reported": "cyan",
    "corrected": "green",
    "superseded": "dim",
    "unproven": "yellow",
    "left": "magenta",
    "held": "yellow",
    "changed": "green",
}


def state(word: str) -> Text:
    """A status, a health or a result in its colour."""
    return Text(printable(word.replace("_", " ")), style=_STYLES.get(word, ""))


def listing(
    headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, keep: int = 2, width: int | None = None, spare: int = 0
) -> Table:
    """Rows under headings.

    Args:
        headings: one for each column.
        rows: the cells of each line, as many as there are headings.
        keep: columns that are blank in every row are left out, but for the first so many.
        width: columns of the terminal; None is as wide as it takes.
        spare: so many columns, from the last, are left out one by one while the table is wider than the terminal.
    """
    shown = [index for index in range(len(headings)) if index < keep or any(str(row[index]) for row in rows)]
    spares = [index for index in shown if index >= len(headings) - spare]
    while width is not None and spares and _width(headings, rows, shown) > width:
        shown.remove(spares.pop())
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    widths = {index: _widest(headings, rows, index) for index in shown}
    whole = _whole(widths, width)
    for index in shown:
        numeric = any(isinstance(row[index], int) for row in rows)
        table.add_column(
            headings[index],
            justify="right" if numeric else "left",
            no_wrap=index in whole,
            min_width=widths[index] if index in whole else None,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(_text(row[index]) for index in shown))
    return table


def fits(headings: Sequence[str], rows: Sequence[Sequence[Cell]], width: int) -> bool:
    """Whether every row has room in one line, without the columns that are blank in all of them."""
    shown = [index for index in range(len(headings)) if any(str(row[index]) for row in rows)]
    return _width(headings, rows, shown) <= width


def _width(headings: Sequence[str], rows: Sequence[Sequence[Cell]], shown: Sequence[int]) -> int:
    return sum(_widest(headings, rows, index) for index in shown) + _GAP * (len(shown) - 1)


def _whole(widths: Mapping[int, int], width: int | None) -> set[int]:
    """The columns that are kept in one piece while all others keep some room.

    The first is what a reader looks for and copies, so it comes first; then the narrow ones, the narrowest first.
    """
    if width is None:
        return {index for index, needs in widths.items() if not index or needs <= _RIGID}
    whole: set[int] = set()
    left = width - _GAP * (len(widths) - 1) - _LEAST * len(widths)
    for index in sorted(widths, key=lambda each: (each > 0, widths[each])):
        more = widths[index] - _LEAST
        if more <= left and (not index or widths[index] <= _RIGID):
            whole.add(index)
            left -= more
    return whole


def _widest(headings: Sequence[str], rows: Sequence[Sequence[Cell]], index: int) -> int:
    lines = (line for row in (headings, *rows) for line in str(row[index]).splitlines())
    return max(map(cell_len, lines), default=0)


def one_below_another(names: Sequence[str], width: int) -> str:
    """Several names in a cell: in a terminal one a line, in a pipe, where a row is a line, divided by commas."""
    return ("\n" if width < PIPE else ", ").join(names)


def who(signature: str, width: int) -> str:
    """Who made a change, short enough for a terminal: of a caller's ARN the name at its end. A pipe gets all of it."""
    kind, arn, rest = signature.partition("arn:")
    return f"{kind}{rest.rpartition('/')[2]}" if width < PIPE and arn and "/" in rest else signature


def details(pairs: Sequence[tuple[str, Cell]]) -> Table:
    """One thing, a line for each of its properties; blank ones are left out."""
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in pairs:
        if str(value):
            table.add_row(name, _text(value))
    return table


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(printable(str(cell)))
