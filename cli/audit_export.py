"""Findings as CSV or JSON, written as they come: any number of them fits in memory."""

import csv
import json
from collections.abc import Callable, Iterable
from typing import TextIO

from cli.audit_views import evidence_words, finding_json, run_json
from cli.exports import ExportFormat, safe_cell
from cli.output import plain
from number_inventory.domain.audit_runs import AuditRun
from number_inventory.domain.findings import Finding

COLUMNS = ("number", "code", "outcome", "before", "after", "reason", "evidence", "cause", "frees", "audit")


def write_findings(stream: TextIO, kind: ExportFormat, run: AuditRun, findings: Iterable[Finding]) -> int:
    """Write them all; returns how many they were."""
    return (_write_csv if kind is ExportFormat.CSV else write_json)(stream, run, findings)


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
