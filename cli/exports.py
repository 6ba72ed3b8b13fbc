r"""Files that an export writes: whole or not at all, and as no spreadsheet calculates with them.

CSV is as RFC 4180 has it. Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula, and `+49...`
is no exception: such a cell has a backslash before it, as VOSS writes `\+44...`. A cell that begins with a backslash
gets another one. So whoever reads the file takes one backslash off the beginning of a cell.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from cli.words import one_of

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
"""What makes a cell a formula at its beginning; the wide forms do in East Asian spreadsheets."""


class ExportFormat(StrEnum):
    """What an export is written in."""

    CSV = "csv"
    JSON = "json"


FormatWord = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        autocompletion=lambda: list(ExportFormat),
        show_default="csv, or as the file's name ends",
        help="csv or json. Example: --format json",
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", show_default="standard output", help="Where to. Example: -o export.csv"
    ),
]


def export_format(text: str | None, path: Path | None, *, as_json: bool) -> ExportFormat:
    """The format that is asked for; else by `--json` or the end of the file's name.

    Raises:
        typer.BadParameter: there is no such format, or it contradicts `--json`.
    """
    if text is not None:
        kind = one_of(ExportFormat, text, "--format")
        if as_json and path is None and kind is not ExportFormat.JSON:
            raise typer.BadParameter("standard output is either csv or JSON: leave out --json", param_hint="--format")
        return kind
    suffixed = path is not None and path.suffix.lower() == ".json"
    return ExportFormat.JSON if suffixed or (as_json and path is None) else ExportFormat.CSV


def safe_cell(text: str) -> str:
    """The text as no spreadsheet takes it for a formula."""
    return f"\\{text}" if text.startswith((*_FORMULA, "\\")) else text


def read_cell(text: str) -> str:
    """What a cell says that `safe_cell` may have written."""
    return text.removeprefix("\\")


@contextmanager
def destination(path: Path | None) -> Iterator[TextIO]:
    """Where an export goes: standard output, or a file, which is there when it is whole and not before.

    Raises:
        typer.BadParameter: the file cannot be written.
    """
    if path is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(newline="", encoding="utf-8")
        yield sys.stdout
        return
    # What a link leads to is replaced, not the link.
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise _unwritable(path, "is no file")
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        stream = fresh.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise _unwritable(path, f"cannot be written ({error.strerror})") from None
    try:
        with stream:
            yield stream
        fresh.replace(target)
    except OSError as error:
        raise _unwritable(path, f"cannot be written ({error.strerror})") from None
    finally:
        fresh.unlink(missing_ok=True)


def _unwritable(path: Path, problem: str) -> typer.BadParameter:
    return typer.BadParameter(f"{path} {problem}", param_hint="--output")
