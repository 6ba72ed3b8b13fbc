"""Files of numbers, read row by row: CSV as spreadsheets and VOSS write it, JSON as this program does.

Whatever is wrong with a row is told with the row, and the next one is read. Whatever is wrong with the file itself (its
encoding, its header, a quote that is never closed) is found by `count_rows`, before the first row is carried out.
"""

import codecs
import csv
import io
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, NoReturn, TextIO

import typer

from cli.exports import ExportFormat, read_cell
from cli.number_columns import HEADINGS, field_of, is_told_only
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.imports import row_of
from number_inventory.services.import_numbers import GivenRow

MAX_ROW = 1_000_000
"""Characters of a row: more is a quote that was never closed, or no such file at all."""

_CHUNK = 1 << 16
_DELIMITERS = (",", ";", "\t")
_OBJECT_OF_OURS = re.compile(r'\s*\{\s*"numbers"\s*:\s*\[')
_POWER = re.compile(r"[0-9]+[.,]?[0-9]*[eE]\+[0-9]+", re.ASCII)
_FROM_A_SPREADSHEET = "a spreadsheet has calculated with it: have the column be text there, then export it anew"

_Cells = Mapping[str, str]


class NumberFile:
    """A file of numbers, which may be read as often as one likes."""

    def __init__(self, stream: IO[bytes], name: str, kind: ExportFormat, *, blank_clears: bool) -> None:
        self._stream = stream
        self._name = name
        self._kind = kind
        self._blank_clears = blank_clears
        self.passed_over: list[str] = []
        """Columns that are no field of a number; known once a row was read."""

    def count(self) -> int:
        """How many rows there are.

        Raises:
            typer.BadParameter: it cannot be read as such a file, and where it goes wrong.
        """
        return sum(1 for _ in self._rows())

    def given(self) -> Generator[GivenRow, None, None]:
        """Its rows, as an import takes them."""
        for place, (cells, problem) in enumerate(self._rows(), start=1):
            number = cells.get("number", "").strip()[:40]
            if problem:
                yield GivenRow(place, number, None, problem)
                continue
            try:
                yield GivenRow(place, number, row_of(cells, blank_clears=self._blank_clears))
            except InvalidInputError as error:
                hint = f" ({_FROM_A_SPREADSHEET})" if _POWER.fullmatch(number) else ""
                yield GivenRow(place, number, None, f"{error}{hint}")

    def _rows(self) -> Iterator[tuple[_Cells, str]]:
        text = self._text()
        try:
            yield from self._csv_rows(text) if self._kind is ExportFormat.CSV else self._json_rows(text)
        except UnicodeError:
            self._refuse("is not UTF-8: save it as CSV UTF-8")
        finally:
            text.detach()

    def _text(self) -> io.TextIOWrapper:
        self._stream.seek(0)
        start = self._stream.read(2)
        self._stream.seek(0)
        wide = start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
        return io.TextIOWrapper(self._stream, encoding="utf-16" if wide else "utf-8-sig", newline="")

    # --- CSV

    def _csv_rows(self, text: TextIO) -> Iterator[tuple[_Cells, str]]:
        lines = self._lines(text)
        first = next(lines, "")
        if first.lower().startswith("sep="):
            first = next(lines, "")
        delimiter = max(_DELIMITERS, key=first.count)
        reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        try:
            header = self._header(next(reader, []))
            for row in reader:
                if not any(cell.strip() for cell in row):
                    continue
                yield (
                    {field: read_cell(cell.strip()) for field, cell in zip(header, row, strict=False) if field},
                    (f"has {len(row)} cells, and the header has {len(header)}" if len(row) > len(header) else ""),
                )
        except csv.Error as error:
            self._refuse(f"is no CSV from line {reader.line_num} on: {error}")

    def _lines(self, text: TextIO) -> Iterator[str]:
        for number in range(1, sys.maxsize):
            line = text.readline(MAX_ROW + 1)
            if not line:
                return
            if len(line) > MAX_ROW:
                self._refuse(f"has more than {MAX_ROW} characters in line {number}: it is no file of numbers")
            yield line

    def _header(self, headings: list[str]) -> list[str | None]:
        fields = [field_of(heading) for heading in headings]
        if "number" not in fields:
            found = ", ".join(heading.strip()[:40] for heading in headings[:20] if heading.strip()) or "none"
            self._refuse(f"has no column {HEADINGS['number']!r} in its first line; its columns are: {found}")
        for heading, field in zip(headings, fields, strict=True):
            if field is not None and fields.count(field) > 1:
                self._refuse(f"has more than one column for {HEADINGS[field]!r}")
            if field is None:
                self._pass_over(heading)
        return fields

    # --- JSON

    def _json_rows(self, text: TextIO) -> Iterator[tuple[_Cells, str]]:
        for item in self._json_items(text):
            yield self._json_cells(item) if isinstance(item, dict) else ({}, "is no object")

    def _json_items(self, text: TextIO) -> Iterator[Any]:
        """The objects of an array, of ours, or one after the other; only so much of the file is in memory as needed."""
        decoder, buffer, place = json.JSONDecoder(parse_float=str), text.read(_CHUNK), 0
        if ours := _OBJECT_OF_OURS.match(buffer):
            place = ours.end()
        elif buffer.lstrip().startswith("["):
            place = buffer.index("[") + 1
        array = place > 0
        while True:
            place = _skip(buffer, place)
            if buffer[place : place + 1] == "]":
                return
            try:
                item, end = decoder.raw_decode(buffer, place)
            except RecursionError:
                self._refuse("has values within values without end")
            except ValueError:
                more = text.read(_CHUNK)
                if not more:
                    self._end(buffer[place:], array=array)
                    return
                if len(buffer) - place > MAX_ROW:
                    self._refuse("is no JSON of numbers")
                buffer, place = buffer[place:] + more, 0
                continue
            yield item
            place = end

    def _end(self, rest: str, *, array: bool) -> None:
        if rest or array:
            self._refuse(f"is no JSON, or ends too early, at {rest[:40]!r}")

    def _json_cells(self, item: dict[str, Any]) -> tuple[_Cells, str]:
        cells: dict[str, str] = {}
        for key, value in item.items():
            field = field_of(key)
            if field is None:
                self._pass_over(key)
            elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
                cells[field] = str(value)
            elif value is not None:
                return cells, f"{field}: must be a text"
        return cells, ""

    # --- both

    def _pass_over(self, heading: str) -> None:
        if heading.strip() and not is_told_only(heading) and heading not in self.passed_over:
            self.passed_over.append(heading)

    def _refuse(self, problem: str) -> NoReturn:
        raise typer.BadParameter(f"{self._name} {problem}", param_hint="FILE")


@contextmanager
def number_file(path: Path, kind: ExportFormat, *, blank_clears: bool) -> Iterator[NumberFile]:
    """A file of numbers; `-` is standard input, which is kept in a temporary file meanwhile.

    Raises:
        typer.BadParameter: it cannot be opened.
    """
    with ExitStack() as stack:
        try:
            if str(path) == "-":
                stream: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(sys.stdin.buffer, stream)
            else:
                stream = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise typer.BadParameter(f"{path} cannot be read ({error.strerror})", param_hint="FILE") from None
        name = "standard input" if str(path) == "-" else str(path)
        yield NumberFile(stream, name, kind, blank_clears=blank_clears)


def _skip(buffer: str, place: int) -> int:
    while place < len(buffer) and buffer[place] in " \t\r\n,":
        place += 1
    return place
