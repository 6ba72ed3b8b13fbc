"""`number-inventory numbers import` and `export`: numbers in files, with VOSS's columns."""

import csv
import getpass
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from cli import wiring
from cli.exports import ExportFormat, FormatWord, OutputFile, destination, export_format, safe_cell
from cli.help import command
from cli.number_columns import HEADINGS, NUMBER_FIELDS, by_heading, cells_of
from cli.number_files import NumberFile, number_file
from cli.number_filters import Pick, picks_numbers
from cli.number_pages import pages_of
from cli.number_views import number_json
from cli.output import Output, plain
from cli.request import AsJson, Customer, request_of
from cli.tables import Cell, listing, state
from cli.words import one_of
from number_inventory.bootstrap import process
from number_inventory.domain.errors import InventoryError
from number_inventory.domain.imports import NOBODY_NAMED
from number_inventory.domain.numbers import NumberRecord
from number_inventory.services.import_numbers import RowOutcome, RowResult

_SHOWN = 20
"""How many reasons why rows are not done are shown, each with its first row; --outcomes has all rows."""

_EXACT_DIGITS = 15
"""A spreadsheet that takes a number for one to calculate with keeps so many digits, and no zeros before them."""

_UNDONE_COLUMNS = ("Row", "Number", "Outcome", "Why")
_UNDONE = frozenset({RowOutcome.REFUSED, RowOutcome.FAILED})

app = typer.Typer()


class Delimiter(StrEnum):
    """What stands between two cells."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"


_SIGNS = {Delimiter.COMMA: ",", Delimiter.SEMICOLON: ";", Delimiter.TAB: "\t"}


@command(
    app,
    "import",
    "# What would become of each row; nothing is changed",
    "numbers import numbers.csv --dry-run",
    "numbers import numbers.csv",
    "# From VOSS, whose rows do not say who has a number",
    "numbers import voss.csv --for 'from VOSS' --outcomes told.csv",
)
def import_numbers(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or JSON; - is standard input.")],
    *,
    format_: FormatWord = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each row, and change nothing.")
    ] = False,
    for_: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="NAME",
            show_default=False,
            help="Who has Used and Reserved numbers in rows that name nobody. Example: --for 'from VOSS'",
        ),
    ] = "",
    blank_clears: Annotated[
        bool, typer.Option("--blank-clears", help="A blank cell removes the number's text; else it says nothing.")
    ] = False,
    outcomes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write what became of each row, as CSV. Example: --outcomes outcomes.csv"),
    ] = None,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Bring numbers in from a file: new ones are added, others get the file's texts, and nobody loses one.

    A row is carried out whole or refused with the reason; the others go on. Run again, it goes on where it stopped.

    Ends with exit code 1 if a row was refused or failed.
    """
    request = request_of(context, customer, as_json)
    kind = export_format(format_, file if str(file) != "-" else None, as_json=False)
    if outcomes is not None and outcomes.resolve() == file.resolve():
        raise typer.BadParameter("is the file to be imported", param_hint="--outcomes")
    with ExitStack() as stack:
        source = stack.enter_context(number_file(file, kind, blank_clears=blank_clears))
        total = source.count()
        _warn_of_columns(request.output, source)
        service = wiring.import_numbers(request.settings)
        # Closed before its file is, also where an interruption leaves it half read.
        given = stack.enter_context(closing(source.given()))
        results = service(request.customer, given, f"operator:{getpass.getuser()}", for_whom=for_, dry_run=dry_run)
        teller = _Teller(request.output, total, dry_run=dry_run, outcomes=_opened(stack, outcomes))
        try:
            teller.tell_of(results)
        except (InventoryError, KeyboardInterrupt):
            teller.end(stopped=True)
            raise
        teller.end(stopped=False)
    if undone := sum(teller.counts[outcome] for outcome in _UNDONE):
        raise typer.TyperException(
            f"{undone} of {total} rows are not done; the others {'would be' if dry_run else 'are'}"
        )


@command(
    app,
    "export",
    "numbers export --output numbers.csv",
    "# For a spreadsheet where the comma divides decimals",
    "numbers export --excel --delimiter semicolon -o berlin.csv",
    "# Who uses a vendor's numbers, as JSON",
    "numbers export --vendor Microsoft --output microsoft.json",
)
@picks_numbers
def export_numbers(
    context: typer.Context,
    *,
    format_: FormatWord = None,
    output: OutputFile = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="Let spreadsheets know that it is UTF-8, and keep zeros before numbers.")
    ] = False,
    delimiter: Annotated[
        str,
        typer.Option(
            metavar="SIGN",
            autocompletion=lambda: list(Delimiter),
            help=f"Between two cells: {', '.join(Delimiter)}. Example: --delimiter semicolon",
        ),
    ] = Delimiter.COMMA,
    pick: Pick,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    r"""Export numbers as CSV with VOSS's columns, or as JSON, in the order of their spelling.

    The file is there when it is whole, and not before.

    In CSV, cells that begin with = + - @ or a backslash get a backslash before it, as VOSS writes \+49...
    """
    request = request_of(context, customer, as_json)
    path = None if output is None or str(output) == "-" else output
    kind = export_format(format_, path, as_json=request.as_json)
    sign = _SIGNS[one_of(Delimiter, delimiter, "--delimiter")]
    query = pick(request.customer)
    matching = (record for page in pages_of(request, query) for record in page.numbers)
    with request.output.progress("Exporting numbers") as tell, destination(path) as stream:
        records = _counted(matching, lambda count: tell(f"{count} numbers", count, None))
        if kind is ExportFormat.JSON:
            count = _write_json(stream, records)
        else:
            count = _write_csv(stream, records, sign, excel=excel)
    if path is not None:
        request.output.json({"numbers": count, "file": str(path)})
        request.output.show(f"{count} numbers are in {path}.")


class _Teller:
    """Tells what becomes of the rows while they are carried out."""

    def __init__(self, output: Output, total: int, *, dry_run: bool, outcomes: TextIO | None) -> None:
        self._output = output
        self._total = total
        self._dry_run = dry_run
        self._writer = None if outcomes is None else csv.writer(outcomes, lineterminator="\r\n")
        self._undone: dict[tuple[RowOutcome, str], tuple[RowResult, int]] = {}
        self.counts: Counter[RowOutcome] = Counter()

    def tell_of(self, results: Iterable[RowResult]) -> None:
        """Take results as they come, and show how far it is."""
        if self._writer:
            self._writer.writerow(("Row", HEADINGS["number"], "Outcome", "Reason"))
        if self._output.as_json:
            self._output.write(f'{{"dry_run": {json.dumps(self._dry_run)}, "rows": [')
        with self._output.progress("Importing numbers") as tell:
            for done, result in enumerate(results, start=1):
                self._take(result)
                if done % 100 == 0 or done == self._total:
                    tell(f"{done} of {self._total} rows", done, self._total)

    def _take(self, told: RowResult) -> None:
        result = replace(told, reason=by_heading(told.reason))
        first = not self.counts
        self.counts[result.outcome] += 1
        if self._writer:
            self._writer.writerow((result.row, safe_cell(result.number), result.outcome, safe_cell(result.reason)))
        if self._output.as_json:
            self._output.write(("" if first else ",") + json.dumps(plain(result), ensure_ascii=False))
        elif result.outcome in _UNDONE:
            alike = (result.outcome, result.reason)
            shown, count = self._undone.get(alike, (result, 0))
            if count or len(self._undone) < _SHOWN:
                self._undone[alike] = shown, count + 1

    def end(self, *, stopped: bool) -> None:
        """Say what became of them all."""
        counts = {str(outcome): self.counts[outcome] for outcome in RowOutcome}
        if self._output.as_json:
            self._output.write(f'], "outcomes": {json.dumps(counts)}, "stopped": {json.dumps(stopped)}}}')
            return
        if not self._total:
            self._output.show("The file has no rows.")
            return
        rows = [(state(outcome), self.counts[outcome]) for outcome in RowOutcome if self.counts[outcome]]
        self._output.show(listing(("Outcome", "Rows"), rows))
        if self._undone:
            self._output.show("")
            self._output.show(listing(_UNDONE_COLUMNS, [_undone(*each) for each in self._undone.values()]))
        more = sum(self.counts[outcome] for outcome in _UNDONE) - sum(count for _, count in self._undone.values())
        if more:
            self._output.note(f"{more} more rows are not done: --outcomes FILE has them all.")
        if self._dry_run:
            self._output.note("Nothing was changed: this is what would become of the rows.")
        elif stopped:
            self._output.note(
                f"{sum(self.counts.values())} of {self._total} rows were seen to. Run it again: it goes on."
            )


def _undone(first: RowResult, count: int) -> tuple[Cell, ...]:
    """A line for a row that is not done, and for those that are not for the same reason."""
    alike = f" (so {count - 1} more)" if count > 1 else ""
    hint = "; --for NAME names one for all rows that name nobody" if first.reason.endswith(NOBODY_NAMED) else ""
    return first.row, first.number, state(first.outcome), f"{first.reason}{hint}{alike}"


def _warn_of_columns(output: Output, source: NumberFile) -> None:
    if source.passed_over:
        names = ", ".join(repr(name[:40]) for name in source.passed_over[:10])
        output.warn(f"columns that are no field of a number are passed over: {names}")


def _opened(stack: ExitStack, path: Path | None) -> TextIO | None:
    """Where outcomes go as they come, so that they are there whatever happens."""
    if path is None:
        return None
    try:
        return stack.enter_context(path.open("w", encoding="utf-8", newline=""))
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written ({error.strerror})", param_hint="--outcomes") from None


def _counted(records: Iterable[NumberRecord], tell: Callable[[int], None]) -> Iterator[NumberRecord]:
    for count, record in enumerate(records, start=1):
        if count % 100 == 0:
            tell(count)
        yield record


def _write_json(stream: TextIO, records: Iterable[NumberRecord]) -> int:
    """One object, a line for each number."""
    now = process.clock().now()
    stream.write('{"numbers": [')
    count = 0
    for record in records:
        stream.write((",\n" if count else "\n") + json.dumps(plain(number_json(record, now)), ensure_ascii=False))
        count += 1
    stream.write("\n]}\n" if count else "]}\n")
    return count


def _write_csv(stream: TextIO, records: Iterable[NumberRecord], sign: str, *, excel: bool) -> int:
    now = process.clock().now()
    if excel:
        stream.write("\N{ZERO WIDTH NO-BREAK SPACE}")
    writer = csv.writer(stream, delimiter=sign, lineterminator="\r\n")
    writer.writerow(HEADINGS.values())
    count = 0
    for record in records:
        count += 1
        cells = cells_of(record, now)
        writer.writerow([_cell(field, cells[field], excel=excel) for field in HEADINGS])
    return count


def _cell(field: str, text: str, *, excel: bool) -> str:
    calculated = text.isdigit() and (text.startswith("0") or len(text) > _EXACT_DIGITS)
    if excel and calculated and field in NUMBER_FIELDS:
        return f"\\{text}"
    return safe_cell(text)
