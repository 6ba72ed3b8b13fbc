"""Audits and what they found, as people and programs see them."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.output import plain, printable
from cli.tables import Cell, details, fits, listing, state, who
from cli.times import distance, duration, instant
from number_inventory.domain.audit_runs import ENDED, AuditRun
from number_inventory.domain.findings import Finding, FindingOutcome
from number_inventory.domain.testimony import Statement, Word

_WORDS = {
    Word.HOLDS: "holds it",
    Word.DENIES: "does not hold it",
    Word.CANNOT_SAY: "cannot say",
    Word.CHANGING: "is being synced",
}
_INDENT = 2
_Cause = tuple[FindingOutcome, str]
_FINDING = ("Number", "Finding", "Outcome", "Before", "After")
_WHY = ("Reason", "Evidence", "Cause")


def run_json(run: AuditRun) -> dict[str, Any]:
    """A run for programs."""
    scope = run.scope
    return {
        "id": run.id,
        "customer": run.customer,
        "mode": scope.mode,
        "site": scope.site,
        "codes": scope.codes,
        "plan": scope.plan,
        "state": run.state,
        "cause": run.cause,
        "requested_by": run.requested_by,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "ended_at": run.ended_at,
        "step": run.step,
        "numbers": run.numbers,
        "expected": run.expected,
        "used": run.used,
        "unreadable": run.unreadable,
        "held_back": run.held_back,
        "moving": run.moving,
        "checksum": run.checksum,
        "counts": run.counts,
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding for programs."""
    told: dict[str, Any] = plain(finding)
    return told


def runs_table(runs: Sequence[AuditRun], now: datetime, width: int) -> Table:
    """A line for each run."""
    headings = ("Audit", "Mode", "State", "Findings", "Corrected", "Begun", "By", "Only")
    rows = [
        (
            run.id,
            run.scope.mode,
            state(run.state),
            run.total() if run.checksum else "",
            run.total(FindingOutcome.CORRECTED) or "",
            distance(run.created_at, now),
            who(run.requested_by, width),
            _only(run),
        )
        for run in runs
    ]
    return listing(headings, rows, keep=4, width=width, spare=2)


def run_table(run: AuditRun, now: datetime) -> Table:
    """What a run was asked for, and how far it is."""
    took = f", took {duration((run.ended_at - run.created_at).total_seconds())}" if run.ended_at else ""
    moved = f", last heard of {distance(run.updated_at, now)}" if run.state not in ENDED else ""
    return details(
        [
            ("Audit", run.id),
            ("Customer", run.customer),
            ("Mode", f"{run.scope.mode}, exactly the plan" if run.scope.plan else run.scope.mode),
            ("Only", _only(run)),
            ("State", Text.assemble(state(run.state), moved)),
            ("Note", Text(printable(run.cause), style="yellow")),
            ("Begun", instant(run.created_at, now) + took),
            ("By", run.requested_by),
            ("Numbers", _numbers(run)),
            ("Unreadable", _unreadable(run)),
            (
                "Passed by",
                f"{run.moving}, which changed at that moment; the next audit sees them" if run.moving else "",
            ),
            ("Plan", run.checksum if run.total() else ""),
            ("Wanted plan", run.scope.plan if run.scope.plan != run.checksum else ""),
        ]
    )


def counts_table(run: AuditRun, width: int) -> Table:
    """How many findings of which code had which outcome; outcomes are columns where the terminal is wide enough."""
    counts = {code: outcomes for code, outcomes in run.counts.items() if any(outcomes.values())}
    headings = ("Finding", *(outcome.capitalize() for outcome in FindingOutcome))
    rows: list[list[Cell]] = [
        [state(code), *(outcomes.get(outcome) or "" for outcome in FindingOutcome)] for code, outcomes in counts.items()
    ]
    if len(rows) > 1:
        rows.append(["in all", *(run.total(outcome) or "" for outcome in FindingOutcome)])
    if fits(headings, rows, width):
        return listing(headings, rows, keep=1)
    lines = [
        (state(code), state(outcome), count)
        for code, outcomes in counts.items()
        for outcome, count in outcomes.items()
        if count
    ]
    return listing(("Finding", "Outcome", "Numbers"), lines)


def findings_view(findings: Sequence[Finding], now: datetime, width: int) -> RenderableType:
    """Findings and what shows them.

    A line for each, where that fits: always in a pipe, seldom on a terminal. Else two lines or more, with evidence and
    cause below the finding; reasons, and causes that several have in common, are told once, at the end.
    """
    rows = [(*_row(each), each.reason, evidence_words(each, now), each.cause) for each in findings]
    if fits((*_FINDING, *_WHY), rows, width):
        return listing((*_FINDING, *_WHY), rows, keep=len(_FINDING))
    told = Counter((each.outcome, each.cause) for each in findings if each.cause)
    common = {cause for cause, count in told.items() if count > 1}
    return Group(*_blocks(findings, now, width, common), "", _reasons(findings, common))


def evidence_words(finding: Finding, now: datetime | None = None) -> str:
    """What devices say of the number, in a line; instants are told as distances from `now`, or as they are."""
    return " | ".join(_said(statement, now) for statement in finding.evidence)


def _said(statement: Statement, now: datetime | None) -> str:
    rests_on = [f"sync {statement.sync}"] if statement.sync else []
    if statement.proven_at is not None:
        when = plain(statement.proven_at) if now is None else distance(statement.proven_at, now)
        rests_on.append(f"last proof {when}")
    note = f": {statement.note}" if statement.note else ""
    return f"{statement.device} {_WORDS[statement.word]}{note}" + (f" ({', '.join(rests_on)})" if rests_on else "")


def _blocks(
    findings: Sequence[Finding], now: datetime, width: int, common: Collection[_Cause]
) -> Iterator[RenderableType]:
    rows = [_row(finding) for finding in findings]
    shown = _FINDING if fits(_FINDING, rows, width) else _FINDING[:3]
    widths = [max(cell_len(str(row[index])) for row in (_FINDING, *rows)) for index in range(len(shown))]
    yield _line([Text(heading, style="bold") for heading in shown], widths)
    for finding, row in zip(findings, rows, strict=True):
        yield _line(row[: len(shown)], widths)
        if shown != _FINDING:
            changes = finding.after != finding.before
            yield _below(f"{finding.before} -> {finding.after}" if changes else finding.before)
        for statement in finding.evidence:
            # What the cause says as well is said once.
            known = bool(statement.note) and statement.note in finding.cause
            yield _below(_said(replace(statement, note="") if known else statement, now), style="dim")
        if finding.cause and (finding.outcome, finding.cause) not in common:
            yield _below(finding.cause, style="yellow")


def _line(cells: Sequence[Cell], widths: Sequence[int]) -> Text:
    gap = " " * _INDENT
    padded = []
    for cell, width in zip(cells, widths, strict=True):
        text = cell.copy() if isinstance(cell, Text) else Text(printable(str(cell)))
        text.pad_right(width - text.cell_len)
        padded.append(text)
    line = Text(gap).join(padded)
    line.rstrip()
    return line


def _below(text: str, style: str = "") -> Padding:
    return Padding(Text(printable(text), style=style), (0, 0, 0, _INDENT), expand=False)


def _reasons(findings: Sequence[Finding], common: Iterable[_Cause]) -> Table:
    """Why each kind of finding is one, and what came of them: said once for all of them."""
    reasons = dict.fromkeys((finding.code, finding.reason) for finding in findings)
    return details([(str(state(word)), said) for word, said in (*reasons, *sorted(common))])


def _row(finding: Finding) -> tuple[Cell, ...]:
    after = "" if finding.after == finding.before else finding.after
    return finding.number, state(finding.code), state(finding.outcome), finding.before, after


def _only(run: AuditRun) -> str:
    site = [] if run.scope.site is None else [f"Site {run.scope.site or 'blank'}"]
    codes = [str(state(code)) for code in sorted(run.scope.codes)]
    return ", ".join([*site, *codes])


def _numbers(run: AuditRun) -> str:
    if not run.checksum:
        of = f" of about {run.expected}" if run.expected > run.numbers else ""
        return f"{run.numbers}{of} read so far"
    return f"{run.numbers} read, {run.used} of them used by AudioCodes devices"


def _unreadable(run: AuditRun) -> Text:
    if not run.unreadable:
        return Text()
    numbers = "number" if run.unreadable == 1 else "numbers"
    return Text(f"{run.unreadable} stored {numbers} not understood; the function's log says which", style="red")
