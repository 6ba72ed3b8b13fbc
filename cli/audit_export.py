r"""Findings as CSV or JSON, written as they come: any number of them fits in memory.

CSV is as RFC 4180 has it. Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula, and `+49...`
is no exception: such a cell has a backslash before it, as VOSS writes `\+44...`. A cell that begins with a backslash
gets another one. So whoever reads the file takes one backslash off the beginning of a cell.
"""

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import typer

from cli.audit_views import evidence_words, finding_json, run_json
from cli.output import plain
from number_inventory.domain.audit_runs import AuditRun
from number_inventory.domain.findings import Finding

COLUMNS = ("number", "code", "outcome", "before", "after", "reason", "evidence", "cause", "frees", "audit")

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
"""What makes a cell a formula at its beginning; the wide forms do in East Asian spreadsheets."""


class ExportFormat(StrEnum):
    """What an export is written in."""

    CSV = "csv"
    JSON = "json"


def write_findings(stream: TextIO, kind: ExportFormat, run: AuditRun, findings: Iterable[Finding]) -> int:
    """Write them all; returns how many they were."""
    return (_write_csv if kind is ExportFormat.CSV else write_json)(stream, run, findings)


def safe_cell(text: str) -> str:
    """The text as no spreadsheet takes it for a formula."""
    return f"\\{text}" if text.startswith((*_FORMULA, "\\")) else text


def write_json(
    stream: TextIO, run: AuditRun, findings: Iterable[Finding], more: Callable[[], bool] | None = None
) -> int:
    """One object, a line for each finding; `more` tells in the end whether these were not all."""
    stream.write(f'{{"audit": {json.dumps(plain(run_json(run)), ensure_ascii=False)},\n"findings": [')
    count = 0
    for finding in findings:
        stream.write((",\n" if count else "\n") + json.dumps(finding_json(finding), ensure_ascii=False))
        count += 1
    stream.write("\n]" if count else "]")
    stream.write("}\n" if more is None else f',\n"more": {json.dumps(more())}}}\n')
    return count


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


def _write_csv(stream: TextIO, run: AuditRun, findings: Iterable[Finding]) -> int:
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for finding in findings:
        count += 1
        told = finding_json(finding) | {
            "evidence": evidence_words(finding),
            "frees": "yes" if finding.frees else "no",
            "audit": run.id,
        }
        writer.writerow([safe_cell(str(told[column])) for column in COLUMNS])
    return count


def _unwritable(path: Path, problem: str) -> typer.BadParameter:
    return typer.BadParameter(f"{path} {problem}", param_hint="--output")
