"""`audit export`: CSV and JSON, to standard output and to files."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from cli.audit_export import COLUMNS, write_findings
from cli.exports import ExportFormat, destination, safe_cell
from number_inventory.domain.audit_runs import RunState
from number_inventory.domain.errors import StorageBusyError
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.numbers import canonical_number
from tests.unit.cli.audit_desk import DENIES, FINDINGS, HOLDS, RUN, SILENT, AuditDesk, a_run, finding
from tests.unit.cli.conftest import Call

FORMULAS = ["=1+1", "+493012340001", "-2", "@SUM(A1)", "\tx", "\rx", "\nx", "\uff1d1+1", "\\+49", "\\"]


def read_back(text: str) -> list[dict[str, str]]:
    """The rows of a CSV, read strictly, with the backslashes taken off."""
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return [{name: cell.removeprefix("\\") for name, cell in row.items()} for row in rows]


def test_csv_has_a_header_and_a_line_for_each_finding(desk: AuditDesk, call: Call) -> None:
    """GIVEN findings WHEN they are exported THEN RFC 4180: a header, CRLF, quotes where needed, every finding."""
    desk.ended(*FINDINGS)
    ended = call("audit", "export", "latest")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.split("\r\n")
    assert lines[0] == "number,code,outcome,before,after,reason,evidence,cause,frees,audit"
    assert (len(lines), lines[-1]) == (len(FINDINGS) + 2, "")
    rows = read_back(ended.out)
    assert [row["number"] for row in rows] == [each.number for each in FINDINGS]
    assert rows[3] | {"reason": ""} == {
        "number": "+493012340003",
        "code": "orphaned",
        "outcome": "reported",
        "before": "Used / Device / AudioCodes",
        "after": "Cooling for 2 days",
        "reason": "",
        "evidence": "sbc-1 does not hold it (sync 12, last proof 2026-11-23T07:13:16Z)",
        "cause": "",
        "frees": "yes",
        "audit": RUN,
    }


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula_and_all_can_be_read_back(text: str) -> None:
    """GIVEN text that a spreadsheet would calculate with WHEN it is written THEN it begins with a backslash."""
    record = replace(FINDINGS[0], before=text, cause=text)
    stream = io.StringIO(newline="")
    write_findings(stream, ExportFormat.CSV, a_run(), [record])
    [cells] = list(csv.reader(io.StringIO(stream.getvalue(), newline=""), strict=True))[1:]
    assert [cell for cell in cells if cell[:1] in "=+-@\t\r\n\uff1d" and cell] == []
    [row] = read_back(stream.getvalue())
    assert (row["before"], row["cause"]) == (text, text)


def test_numbers_are_written_as_they_can_be_read_anywhere() -> None:
    """GIVEN numbers WHEN they are written THEN `+49` as VOSS writes it, which this product reads."""
    assert safe_cell("+493012340001") == "\\+493012340001"
    assert canonical_number(safe_cell("+493012340001")) == "+493012340001"
    assert [safe_cell(number) for number in ("4711", "*67", "#31#")] == ["4711", "*67", "#31#"]


def test_what_quotes_would_break_is_kept() -> None:
    """GIVEN text with quotes, commas and line ends WHEN it is written and read THEN it is the same."""
    text = 'a "b", c\r\nd;e'
    stream = io.StringIO(newline="")
    write_findings(stream, ExportFormat.CSV, a_run(), [replace(FINDINGS[0], reason=text)])
    assert read_back(stream.getvalue())[0]["reason"] == text


def test_the_evidence_of_all_devices_is_in_one_cell() -> None:
    """GIVEN several devices WHEN a finding is written THEN all that they say, with times as RFC 3339."""
    stream = io.StringIO(newline="")
    shown = finding("4711", FindingCode.ORPHANED, FindingOutcome.UNPROVEN, DENIES, SILENT)
    write_findings(stream, ExportFormat.CSV, a_run(), [shown])
    assert read_back(stream.getvalue())[0]["evidence"] == (
        "sbc-1 does not hold it (sync 12, last proof 2026-11-23T07:13:16Z) | "
        "sbc-2 cannot say: it is unreachable since 2026-11-20T07:18:16+00:00 (sync 7, last proof 2026-11-20T07:18:16Z)"
    )


def test_json_is_one_object_with_the_audit_and_its_findings(desk: AuditDesk, call: Call) -> None:
    """GIVEN findings WHEN they are exported as JSON THEN one object; none is an empty list."""
    desk.ended(*FINDINGS)
    for words in (["--format", "JSON"], ["--json"]):
        told = json.loads(call("audit", "export", "latest", *words).out)
        assert list(told) == ["audit", "findings"]
        assert told["audit"]["id"] == RUN
        assert [each["outcome"] for each in told["findings"]] == [each.outcome for each in FINDINGS]
        assert told["findings"][0]["evidence"][0]["proven_at"] == "2026-11-23T07:13:16Z"
    nothing = call("audit", "export", "latest", "--json", "--outcome", "failed")
    assert json.loads(nothing.out)["findings"] == []


def test_an_export_may_be_of_one_code_or_outcome(desk: AuditDesk, call: Call) -> None:
    """GIVEN findings WHEN a code and an outcome are named THEN only these are exported."""
    desk.ended(*FINDINGS)
    rows = read_back(call("audit", "export", RUN, "--code", "orphaned", "--outcome", "reported").out)
    assert [row["number"] for row in rows] == ["+493012340003"]


@pytest.mark.parametrize(
    ("name", "words", "first"),
    [
        ("findings.csv", [], "number,code"),
        ("findings.JSON", [], '{"audit"'),
        ("findings.json", ["--format", "csv"], "number,code"),
        ("findings", ["--format", "json"], '{"audit"'),
        ("findings.csv", ["--json"], "number,code"),
    ],
)
def test_a_file_is_written_in_the_format_of_its_name(  # noqa: PLR0917 - three fixtures, three parameters
    desk: AuditDesk, call: Call, tmp_path: Path, name: str, words: list[str], first: str
) -> None:
    """GIVEN a file WHEN an export goes there THEN in the format asked for, else as its name ends; and it says so."""
    desk.ended(*FINDINGS)
    path = tmp_path / name
    ended = call("audit", "export", "latest", "-o", str(path), *words)
    assert ended.code == 0
    assert path.read_bytes().decode().startswith(first)
    assert list(tmp_path.iterdir()) == [path]
    if "--json" in words:
        assert json.loads(ended.out) == {"audit": RUN, "findings": 6, "file": str(path)}
    else:
        assert ended.out == f"6 findings of audit {RUN} are in {path}.\n"


def test_a_minus_is_standard_output(desk: AuditDesk, call: Call) -> None:
    """GIVEN `-` WHEN an export goes there THEN it is standard output, where JSON and CSV are one or the other."""
    desk.ended(*FINDINGS)
    assert call("audit", "export", "latest", "-o", "-").out.startswith("number,code")
    both = call("audit", "export", "latest", "--format", "csv", "--json")
    assert (both.code, both.out) == (2, "")
    assert "either csv or JSON" in both.err


def test_a_half_file_is_never_left(
    desk: AuditDesk, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN an export that breaks off WHEN it ends THEN the file of before is as it was, and nothing lies beside it."""

    def breaks_off(*_: object) -> Iterator[Finding]:
        yield FINDINGS[0]
        assert len(list(tmp_path.iterdir())) == 2, "the new one is written beside the old one"
        raise StorageBusyError("the table is busy")

    desk.ended(*FINDINGS)
    path = tmp_path / "findings.csv"
    path.write_text("of yesterday")
    monkeypatch.setattr("number_inventory.services.look_at_audits.LookAtAudits.every_finding", breaks_off)
    ended = call("audit", "export", "latest", "-o", str(path))
    assert (ended.code, ended.out, ended.err) == (1, "", "error: the table is busy\n")
    assert path.read_text() == "of yesterday"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed_and_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """GIVEN a link, a folder or no folder WHEN an export goes there THEN the link's file, or an error."""
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with destination(tmp_path / "link") as stream:
        stream.write("x")
    assert ((tmp_path / "file").read_text(), (tmp_path / "link").is_symlink()) == ("x", True)
    for path, said in ((tmp_path, "is no file"), (tmp_path / "no" / "where", "No such file or directory")):
        with pytest.raises(typer.BadParameter, match=said), destination(path):
            pass


def test_an_audit_that_is_under_way_warns(desk: AuditDesk, call: Call) -> None:
    """GIVEN an audit at work WHEN it is exported THEN a warning that this is not all."""
    desk.ended(*FINDINGS, state=RunState.CORRECTING, ended_at=None)
    ended = call("audit", "export", "latest")
    assert ended.out.startswith("number,code")
    assert ended.err == f"warning: audit {RUN} is still correcting: this is not all of it\n"


@pytest.mark.parametrize("kind", ExportFormat)
def test_findings_are_written_as_they_come(kind: ExportFormat) -> None:
    """GIVEN more findings than fit in memory WHEN they are exported THEN each is written before the next is read."""
    stream = io.StringIO(newline="")

    def many() -> Iterator[Finding]:
        for place in range(1000):
            before = stream.tell()
            yield finding(f"{place}", FindingCode.MISSING_NUMBER, FindingOutcome.REPORTED, HOLDS)
            assert stream.tell() > before

    assert write_findings(stream, kind, a_run(), many()) == 1000
    if kind is ExportFormat.CSV:
        assert len(read_back(stream.getvalue())) == 1000
    assert len(COLUMNS) == len(set(COLUMNS))
