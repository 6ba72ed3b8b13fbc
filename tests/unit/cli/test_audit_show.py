"""`audit show` and `audit list`: audits and their findings, on terminals of any width, in pipes and as JSON."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.audit_runs import AuditMode, AuditScope, RunState
from number_inventory.domain.findings import FindingCode, FindingOutcome
from number_inventory.domain.testimony import Statement, Word
from tests.unit.cli.audit_desk import FINDINGS, NOW, RUN, AuditDesk, a_run, finding
from tests.unit.cli.conftest import Call, Ended


def findings_of(ended: Ended) -> list[str]:
    """The lines of the table of findings, up to the blank line behind it."""
    lines = ended.out.splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("Number  "))
    end = lines.index("", begin) if "" in lines[begin:] else len(lines)
    return [line.rstrip() for line in lines[begin:end]]


def test_a_narrow_terminal_shows_each_finding_in_lines_of_its_own(desk: AuditDesk, call: Call) -> None:
    """GIVEN 80 columns WHEN findings are shown THEN what is wrong, what it becomes, who says so, and why not yet."""
    desk.ended(*FINDINGS[2:5])
    ended = call("audit", "show", "latest", width=80)
    assert findings_of(ended) == [
        "Number         Finding   Outcome",
        "+493012340002  conflict  left",
        "  Used / Mobile / Cisco",
        "  sbc-1 holds it (sync 12, last proof 8 minutes ago)",
        "+493012340003  orphaned  reported",
        "  Used / Device / AudioCodes -> Cooling for 2 days",
        "  sbc-1 does not hold it (sync 12, last proof 8 minutes ago)",
        "+493012340004  orphaned  unproven",
        "  Used / Device / AudioCodes -> Cooling for 2 days",
        "  sbc-2 cannot say (sync 7, last proof 3 days ago)",
        "  it cannot be proven that no device holds it: sbc-2: it is unreachable since",
        "  2026-11-20T07:18:16+00:00",
    ]
    assert ended.out.count("registered on a device, but used by another vendor") == 1, "each reason is told once"


def test_a_wider_terminal_shows_the_change_beside_the_finding(desk: AuditDesk, call: Call) -> None:
    """GIVEN 120 columns WHEN findings are shown THEN before and after stand in columns."""
    desk.ended(*FINDINGS[2:4])
    assert findings_of(call("audit", "show", "latest", width=120))[:4] == [
        "Number         Finding   Outcome   Before                      After",
        "+493012340002  conflict  left      Used / Mobile / Cisco",
        "  sbc-1 holds it (sync 12, last proof 8 minutes ago)",
        "+493012340003  orphaned  reported  Used / Device / AudioCodes  Cooling for 2 days",
    ]


def test_a_pipe_has_a_line_for_each_finding(desk: AuditDesk, call: Call) -> None:
    """GIVEN no terminal WHEN findings are shown THEN each is one line with everything about it, to be searched."""
    desk.ended(*FINDINGS)
    lines = findings_of(call("audit", "show", "latest"))
    assert lines[0].split() == ["Number", "Finding", "Outcome", "Before", "After", "Reason", "Evidence", "Cause"]
    assert len(lines) == 1 + len(FINDINGS)
    assert "sbc-2 cannot say: it is unreachable since" in lines[5]
    assert "it cannot be proven that no device holds it" in lines[5]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_nothing_is_wider_than_the_terminal(desk: AuditDesk, call: Call, width: int) -> None:
    """GIVEN a terminal WHEN audits and findings are shown THEN no line is wider, but for commands and checksums."""
    desk.ended(*FINDINGS)
    desk.runs["20261122T000000-000000"] = a_run(RunState.STOPPED, id="20261122T000000-000000", requested_by="b" * 40)
    for words in (["show", RUN], ["list"]):
        ended = call("audit", *words, width=width)
        assert ended.code == 0
        assert [line for line in ended.out.splitlines() if len(line.rstrip()) > width] == []


def test_outcomes_have_their_colours(desk: AuditDesk, call: Call) -> None:
    """GIVEN a terminal WHEN findings are shown THEN outcomes are coloured; with NO_COLOR they are not."""
    desk.ended(*FINDINGS)
    assert "\x1b[33munproven" in call("audit", "show", "latest", width=80).painted
    assert "\x1b[33m" not in call("audit", "show", "latest", width=80, NO_COLOR="1").painted


def test_what_devices_say_cannot_steer_the_terminal(desk: AuditDesk, call: Call) -> None:
    """GIVEN a finding with escape sequences in it WHEN it is shown THEN they are gone."""
    bad = "\x1b]0;owned\x07"
    said = Statement(device="sbc-1", word=Word.HOLDS, note=bad)
    desk.ended(
        replace(finding("1", FindingCode.CONFLICT, FindingOutcome.LEFT, said, cause=bad), before=bad, reason=bad)
    )
    for width in (0, 80, 120):
        assert "\x1b]" not in call("audit", "show", "latest", width=width).painted


def test_many_outcomes_at_once_are_listed_one_below_the_other(desk: AuditDesk, call: Call) -> None:
    """GIVEN more outcomes than columns have room WHEN they are counted THEN each has a line."""
    found = [finding(f"{place}", FindingCode.ORPHANED, outcome) for place, outcome in enumerate(FindingOutcome)]
    desk.ended(*found)
    lines = [line.rstrip() for line in call("audit", "show", "latest", width=60).out.splitlines()]
    start = lines.index("Finding   Outcome     Numbers")
    assert lines[start + 1 : start + 3] == ["orphaned  reported          1", "orphaned  corrected         1"]
    assert "Finding   Reported  Corrected  Superseded  Unproven  Left  Held  Failed" in [
        line.rstrip() for line in call("audit", "show", "latest", width=80).out.splitlines()
    ]


@pytest.mark.parametrize("page_size", [1, 1000])
def test_findings_are_chosen_by_code_and_outcome(desk: AuditDesk, call: Call, page_size: int) -> None:
    """GIVEN findings WHEN a code or an outcome is named THEN only these, even where pages between are empty."""
    desk.page_size = page_size
    desk.ended(*FINDINGS)

    def shown(*words: str) -> list[str]:
        return [each["number"] for each in json.loads(call("audit", "show", RUN, *words, "--json").out)["findings"]]

    assert shown() == [each.number for each in FINDINGS]
    assert shown("--code", "ORPHANED") == ["+493012340003", "+493012340004"]
    assert shown("--code", "orphaned", "--outcome", "unproven") == ["+493012340004"]
    assert shown("--outcome", "failed") == []
    assert call("audit", "show", RUN, "--outcome", "failed").out.endswith("\n\nNo finding matches.\n")


def test_a_limit_tells_that_there_is_more(desk: AuditDesk, call: Call) -> None:
    """GIVEN more findings than the limit WHEN they are shown THEN the first ones, and a note; with --all, every one."""
    desk.ended(*FINDINGS)
    some = call("audit", "show", "latest", "--limit", "2")
    assert len(findings_of(some)) == 3
    assert "The first 2 are shown: --limit or --all for more, or `audit export`." in some.err
    told = json.loads(call("audit", "show", "latest", "--limit", "2", "--json").out)
    assert (len(told["findings"]), told["more"], told["audit"]["id"]) == (2, True, RUN)
    exactly = call("audit", "show", "latest", "--limit", str(len(FINDINGS)))
    assert exactly.err == ""
    assert json.loads(call("audit", "show", "latest", "--all", "--json").out)["more"] is False


def test_a_run_that_is_under_way_says_how_far_it_is(desk: AuditDesk, call: Call) -> None:
    """GIVEN a run at work WHEN it is shown THEN how far it is, and when it was last heard of."""
    desk.runs[RUN] = a_run(RunState.PLANNING, numbers=40, expected=100, updated_at=NOW + timedelta(minutes=2))
    out = call("audit", "show", "latest").out
    assert "State     planning, last heard of 60 seconds ago\n" in out
    assert "Numbers   40 of about 100 read so far\n" in out
    assert out.endswith("\n\nNothing is found so far.\n")


def test_what_a_run_was_asked_for_is_shown(desk: AuditDesk, call: Call) -> None:
    """GIVEN a refused plan with a Site and codes WHEN it is shown THEN all of that, and both plans."""
    codes = frozenset({FindingCode.ORPHANED, FindingCode.STALE_HOLDER})
    scope = AuditScope(customer="default", mode=AuditMode.CORRECT, site="", codes=codes, plan="5" * 64)
    run = desk.ended(*FINDINGS, scope=scope, state=RunState.REFUSED, cause="reality has moved")
    lines = [line.split(maxsplit=1) for line in call("audit", "show", "latest", width=80).out.splitlines()[:10]]
    assert ["Mode", "correct, exactly the plan"] in [[first, rest.strip()] for first, rest in lines]
    assert ["Only", "Site blank, orphaned, stale holder"] in [[first, rest.strip()] for first, rest in lines]
    assert ["Note", "reality has moved"] in [[first, rest.strip()] for first, rest in lines]
    out = call("audit", "show", "latest").out
    assert f"Plan         {run.checksum}\nWanted plan  {'5' * 64}\n" in out


def test_what_is_not_there_is_told(desk: AuditDesk, call: Call) -> None:
    """GIVEN no audit, or none of this name WHEN it is asked for THEN one line, exit code 1."""
    none = call("-c", "acme", "audit", "show", "latest")
    assert (none.code, none.out) == (1, "")
    assert none.err == (
        "error: customer acme has no audit yet: start one with number-inventory -c acme audit run --report\n"
    )
    desk.ended(*FINDINGS)
    other = call("-c", "acme", "audit", "show", RUN)
    assert (other.code, other.err) == (1, f"error: customer acme has no audit {RUN}\n")
    assert call("audit", "export", "20260101T000000-000000").code == 1
    wrong = call("audit", "show", RUN, "--outcome", "gone")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "must be one of reported, corrected" in wrong.err


def test_audits_are_listed_the_newest_first(desk: AuditDesk, call: Call) -> None:
    """GIVEN audits WHEN they are listed THEN the newest first, with what came of each, as many as asked for."""
    desk.ended(*FINDINGS)
    older = "20261122T000000-000000"
    desk.runs[older] = a_run(
        RunState.STOPPED,
        id=older,
        created_at=NOW - timedelta(days=2),
        scope=AuditScope(customer="default", mode=AuditMode.CORRECT, site="Bonn"),
        requested_by="schedule",
    )
    lines = [line.rstrip() for line in call("audit", "list", width=120).out.splitlines()]
    assert lines == [
        "Audit                   Mode     State     Findings  Begun          By              Only",
        "20261123T071816-3f9ac2  report   finished         6  3 minutes ago  operator:alice",
        "20261122T000000-000000  correct  stopped             2 days ago     schedule        Site Bonn",
    ]
    limited = call("audit", "list", "--limit", "1")
    assert len(limited.out.splitlines()) == 2
    assert limited.err == "The newest 1 are shown: --limit for more.\n"
    told = json.loads(call("audit", "list", "--limit", "1", "--json").out)
    assert ([each["id"] for each in told["audits"]], told["more"]) == ([RUN], True)


def test_an_empty_list_says_how_to_begin(desk: AuditDesk, call: Call) -> None:
    """GIVEN no audit WHEN audits are listed THEN how to start one that changes nothing."""
    assert call("audit", "list").out.endswith("\n  number-inventory audit run --report\n")
    assert json.loads(call("audit", "list", "--json").out) == {"audits": [], "more": False}
