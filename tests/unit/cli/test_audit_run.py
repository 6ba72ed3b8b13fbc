"""`audit run`: what it asks for, how it waits, what it tells, and how it ends."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cli.audit_wait import progress_of
from functions.number_api.audit_bodies import AuditBody
from number_inventory.domain.audit_runs import AuditMode, AuditScope, RunState
from number_inventory.domain.errors import StorageBusyError, StorageRefusedError
from number_inventory.domain.findings import FindingCode, FindingOutcome
from tests.unit.cli.audit_desk import CORRECTED, DENIES, FINDINGS, NOW, RUN, AuditDesk, a_run, finding
from tests.unit.cli.conftest import Call

QUEUED, PLANNING, CORRECTING = RunState.QUEUED, RunState.PLANNING, RunState.CORRECTING
FINISHED, REFUSED, STOPPED = RunState.FINISHED, RunState.REFUSED, RunState.STOPPED
TOO_MANY = "it would free too many numbers at once"


def of_outcome(outcome: FindingOutcome, count: int = 1, cause: str = "") -> list[Any]:
    """Findings of one outcome."""
    numbers = [f"+4930{place:06}" for place in range(count)]
    return [finding(number, FindingCode.ORPHANED, outcome, DENIES, cause=cause) for number in numbers]


def test_a_report_tells_what_is_wrong_and_the_next_command(desk: AuditDesk, call: Call) -> None:
    """GIVEN wrong numbers WHEN they are reported THEN counts, what needs a person, and how to correct exactly this."""
    desk.goes(QUEUED, PLANNING, FINISHED, found=FINDINGS)
    ended = call("audit", "run")
    checksum = desk.runs[RUN].checksum
    assert ended.code == 0
    assert "Numbers   120000 read, 73412 of them used by AudioCodes devices" in ended.out
    assert "Finding                       Reported  Unproven  Left\n" in ended.out
    assert "missing number                       2\n" in ended.out
    assert "in all                               4         1     1\n" in ended.out
    told = ended.out[ended.out.index("For a person to look at:") :]
    assert "+493012340002  conflict  left" in told
    assert "+493012340004  orphaned  unproven" in told
    assert "+493012340003" not in told, "what can be corrected is no question to a person"
    assert ended.out.endswith(f"\n  number-inventory audit run --plan {checksum}\n")
    assert ended.err == f"Audit {RUN} has begun.\n"


def test_the_next_command_can_be_copied_from_any_terminal(desk: AuditDesk, call: Call) -> None:
    """GIVEN a narrow terminal WHEN the plan's command is shown THEN in one piece, for the same customer and stack."""
    desk.goes(FINISHED, found=FINDINGS)
    ended = call("--stack", "test", "audit", "run", "-c", "acme", width=60)
    command = f"  number-inventory --stack test -c acme audit run --plan {desk.runs[RUN].checksum}\n"
    assert command in ended.out


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        ([], AuditScope(customer="default")),
        (["--report", "-c", "acme"], AuditScope(customer="acme")),
        (["--correct", "--site", "Berlin"], AuditScope(customer="default", mode=AuditMode.CORRECT, site="Berlin")),
        (
            ["--code", "Missing number", "--code", "orphaned", "--code", "orphaned"],
            AuditScope(customer="default", codes=frozenset({FindingCode.MISSING_NUMBER, FindingCode.ORPHANED})),
        ),
    ],
)
def test_options_say_what_is_audited(desk: AuditDesk, call: Call, words: list[str], scope: AuditScope) -> None:
    """GIVEN options WHEN an audit is started THEN it is about them; without any it changes nothing."""
    desk.goes(FINISHED)
    assert call("audit", "run", *words).code == 0
    assert [run.scope for run in desk.woken] == [scope]
    assert desk.woken[0].requested_by == "operator:alice"


def test_a_plan_is_corrected_as_it_was_reported(desk: AuditDesk, call: Call) -> None:
    """GIVEN a reported plan WHEN it is named THEN it is corrected, with the report's own Site and codes."""
    scope = AuditScope(customer="default", site="Bonn", codes=frozenset({FindingCode.ORPHANED}))
    reported = desk.ended(*FINDINGS, id="20261122T000000-000000", scope=scope)
    desk.goes(PLANNING, CORRECTING, FINISHED, found=CORRECTED)
    ended = call("audit", "run", "--plan", reported.checksum)
    assert ended.code == 0
    assert [run.scope for run in desk.woken] == [replace(scope, mode=AuditMode.CORRECT, plan=reported.checksum)]
    assert "Mode         correct, exactly the plan" in ended.out
    assert "in all                                4         1     1\n" in ended.out
    assert "--plan" not in ended.out, "there is nothing left to correct"


def test_nobody_elses_plan_is_corrected(desk: AuditDesk, call: Call) -> None:
    """GIVEN another customer's plan WHEN it is named THEN it is not corrected."""
    reported = desk.ended(*FINDINGS, scope=AuditScope(customer="acme"))
    refused = call("audit", "run", "--plan", reported.checksum)
    assert (refused.code, refused.out, desk.woken) == (1, "", [])
    assert refused.err.startswith("error: no audit of customer default gave the plan")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--plan", "5f2b", "--report"], "error: Invalid value for --plan: a plan is for correcting"),
        (["--plan", "5f2b", "--site", ""], "error: Invalid value for --plan: a plan brings its own"),
        (["--plan", "5f2b", "--code", "orphaned"], "error: Invalid value for --plan: a plan brings its own"),
        (["--code", "lost"], "error: Invalid value for --code: must be one of status_mismatch, usage_mismatch, "),
        (["--timeout", "0"], "error: Invalid value for '--timeout'"),
    ],
)
def test_what_does_not_go_together_is_told(desk: AuditDesk, call: Call, words: list[str], said: str) -> None:
    """GIVEN options that do not go together WHEN they are given THEN exit code 2, one line, and no audit."""
    refused = call("audit", "run", *words)
    assert (refused.code, refused.out, refused.err.count("\n"), desk.woken) == (2, "", 1, [])
    assert refused.err.startswith(said)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ({"state": REFUSED, "cause": "reality has moved", "found": FINDINGS}, "was refused: reality has moved"),
        ({"state": STOPPED, "cause": "the table is gone"}, "was stopped: the table is gone"),
        (
            {"state": FINISHED, "found": of_outcome(FindingOutcome.FAILED, 2)},
            "could not correct 2 of its findings; run it again",
        ),
        (
            {"state": PLANNING, "ended_at": None, "checksum": ""},
            f"is still planning after 60 seconds and goes on; see: number-inventory audit show {RUN}",
        ),
    ],
    ids=["refused", "stopped", "failed", "too late"],
)
def test_what_is_not_done_ends_with_an_error(desk: AuditDesk, call: Call, end: dict[str, Any], said: str) -> None:
    """GIVEN an audit that did not do it all WHEN it is waited for THEN exit code 1, and one line that says why."""
    desk.goes(PLANNING, **end)
    ended = call("audit", "run", "--correct", "--timeout", "60")
    assert ended.code == 1
    assert ended.err.splitlines()[1:] == [f"error: audit {RUN} {said}"]
    assert ended.out, "what is known is shown all the same"
    told = json.loads(call("audit", "run", "--correct", "--timeout", "60", "--json").out)
    assert told["audit"]["state"] == end["state"]


def test_a_refused_plan_says_how_to_go_on(desk: AuditDesk, call: Call) -> None:
    """GIVEN a plan that reality has left WHEN it is refused THEN how to see the new one, and how to correct that."""
    desk.goes(REFUSED, found=FINDINGS, cause="reality has moved")
    lines = call("audit", "run", "--correct").out.splitlines()
    assert lines[-2:] == [
        f"  number-inventory audit show {RUN} --all",
        f"  number-inventory audit run --plan {desk.runs[RUN].checksum}",
    ]


def test_what_is_held_is_named_with_the_way_to_approve_it(desk: AuditDesk, call: Call) -> None:
    """GIVEN too many numbers to free WHEN they are held THEN the first of them, the rest by command, and what to do."""
    desk.goes(FINISHED, found=of_outcome(FindingOutcome.HELD, 5, TOO_MANY), held_back=5)
    ended = call("audit", "run", "--correct", "--site", "Bad Ems", "--code", "orphaned", width=80)
    assert ended.code == 0
    assert ended.out.count("orphaned  held") == 3
    assert ended.out.count(TOO_MANY) == 1, "what they have in common is told once"
    assert f"  number-inventory audit show {RUN} --all --outcome held\n" in ended.out
    assert ended.out.endswith("\n  number-inventory audit run --report --site 'Bad Ems' --code orphaned\n")


def test_nothing_wrong_is_told_as_such(desk: AuditDesk, call: Call) -> None:
    """GIVEN a sound inventory WHEN it is audited THEN that is what is told, and no plan."""
    desk.goes(FINISHED)
    ended = call("audit", "run")
    assert ended.out.endswith("\n\nNothing wrong was found.\n")
    assert "Plan" not in ended.out


def test_what_was_passed_by_is_told(desk: AuditDesk, call: Call) -> None:
    """GIVEN numbers that moved or are not understood WHEN the audit ends THEN it says how many."""
    desk.goes(FINISHED, moving=2, unreadable=1)
    ended = call("audit", "run")
    assert "Unreadable  1 stored number not understood; the function's log says which" in ended.out
    assert "Passed by   2, which changed at that moment; the next audit sees them" in ended.out


def test_an_audit_that_is_under_way_is_named(desk: AuditDesk, call: Call) -> None:
    """GIVEN an audit under way WHEN another is started THEN one line names it, and none is started."""
    desk.under_way = a_run(PLANNING, id="20261123T070000-aaaaaa")
    refused = call("-c", "acme", "audit", "run")
    assert (refused.code, refused.out, desk.woken) == (1, "", [])
    assert refused.err == (
        "error: audit 20261123T070000-aaaaaa of customer acme is under way; wait for its end. "
        "How far it is: number-inventory -c acme audit show 20261123T070000-aaaaaa\n"
    )


def test_without_waiting_it_is_only_started(desk: AuditDesk, call: Call) -> None:
    """GIVEN --no-wait WHEN an audit is started THEN its name, and how to look at it."""
    desk.goes(PLANNING, FINISHED)
    ended = call("audit", "run", "--no-wait")
    assert (ended.code, ended.err, desk.slept) == (0, "", [])
    assert ended.out == f"Audit {RUN} has begun. How far it is:\n  number-inventory audit show {RUN}\n"
    assert json.loads(call("audit", "run", "--no-wait", "--json").out)["audit"]["state"] == "queued"


def test_an_interrupted_wait_leaves_the_audit_going(desk: AuditDesk, call: Call) -> None:
    """GIVEN a wait WHEN it is interrupted THEN exit code 130, and a word that the audit goes on, and where to look."""
    desk.goes(PLANNING, FINISHED)
    desk.trouble = [None, KeyboardInterrupt()]
    ended = call("audit", "run", "--correct")
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.splitlines()[1:] == [
        f"Audit {RUN} goes on without being watched. How far it is:",
        f"  number-inventory audit show {RUN}",
        "error: interrupted",
    ]
    assert desk.runs[RUN].state is PLANNING


def test_a_busy_table_does_not_end_the_wait(desk: AuditDesk, call: Call) -> None:
    """GIVEN looks that fail for a while WHEN it is waited THEN it goes on; if they fail on and on, it says so."""
    desk.goes(FINISHED)
    desk.trouble = [StorageBusyError("busy")] * 4
    assert call("audit", "run").code == 0
    desk.trouble = [StorageBusyError("the table is busy")] * 5
    given_up = call("audit", "run")
    assert given_up.code == 1
    assert f"Audit {RUN} goes on without being watched" in given_up.err
    assert given_up.err.endswith("error: the table is busy\n")
    desk.trouble = [StorageRefusedError("signed out")]
    assert call("audit", "run").err.endswith("error: signed out\n"), "what cannot get better is told at once"


def test_one_looks_soon_at_first_and_then_less_and_less(desk: AuditDesk, call: Call) -> None:
    """GIVEN a long audit WHEN it is waited for THEN ever longer between looks, and never past the time-out."""
    desk.goes(PLANNING, ended_at=None)
    call("audit", "run", "--timeout", "60")
    assert desk.slept[:2] == [0.5, 0.75]
    assert max(desk.slept) == 5.0
    assert sum(desk.slept) == 60.0


def test_json_is_what_the_api_answers(desk: AuditDesk, call: Call) -> None:
    """GIVEN --json WHEN an audit ends THEN one object on standard output, the audit as the API has it, and no note."""
    desk.goes(FINISHED, found=FINDINGS)
    ended = call("audit", "run", "--site", "", "--code", "conflict", "--json")
    told = json.loads(ended.out)["audit"]
    assert ended.err == ""
    assert set(told) == set(AuditBody.model_fields)
    assert AuditBody.model_validate(told).counts[FindingCode.ORPHANED] == {"reported": 1, "unproven": 1}
    assert (told["site"], told["codes"], told["created_at"]) == ("", ["conflict"], "2026-11-23T07:18:16Z")


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (a_run(QUEUED), ("Waiting for its turn", 0, None)),
        (a_run(PLANNING), ("Reading numbers: 0", 0, None)),
        (a_run(PLANNING, numbers=40, expected=100), ("Reading numbers: 40 of about 100", 40, 100)),
        (a_run(PLANNING, numbers=140, expected=100), ("Reading numbers: 140", 140, 140)),
        (
            a_run(CORRECTING, position="4711", counts={FindingCode.ORPHANED: {FindingOutcome.REPORTED: 3}}),
            ("Correcting 3 findings, now at 4711", 0, None),
        ),
        (
            a_run(
                CORRECTING,
                counts={
                    FindingCode.ORPHANED: {FindingOutcome.REPORTED: 1, FindingOutcome.CORRECTED: 2},
                    FindingCode.STALE_HOLDER: {FindingOutcome.SUPERSEDED: 1, FindingOutcome.LEFT: 9},
                },
            ),
            ("Correcting: 2 of 4", 3, 4),
        ),
    ],
)
def test_progress_in_words_and_numbers(run: Any, told: tuple[str, int, int | None]) -> None:  # noqa: ANN401 - built by `a_run`
    """GIVEN a run on its way WHEN it is watched THEN how far it is, with a total where that is known."""
    assert progress_of(run) == told


def test_a_terminal_shows_the_progress_and_clears_it(desk: AuditDesk, call: Call) -> None:
    """GIVEN a terminal WHEN an audit is waited for THEN progress is on standard error, and results are apart."""
    desk.goes(PLANNING, FINISHED, found=FINDINGS)
    desk.course[0] |= {"numbers": 40, "expected": 100}
    ended = call("audit", "run", width=80)
    assert "Reading numbers: 40 of about 100" in ended.err
    assert "Reading numbers" not in ended.out
    assert desk.runs[RUN].created_at == NOW
