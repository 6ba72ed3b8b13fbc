"""The parts of a stack, judged: what works is ok, what does not is a problem, and each says what to do."""

import pytest

from number_inventory.domain.checkup import (
    AlarmPart,
    FeedPart,
    FunctionPart,
    Part,
    QueuePart,
    SchedulePart,
    StackPart,
    TablePart,
    UnseenPart,
    Verdict,
)

NUMBERS = dict.fromkeys(("cooling", "idle", "lapsing"), "ACTIVE")
IMAGES = "NEW_AND_OLD_IMAGES"


@pytest.mark.parametrize(
    "part",
    [
        StackPart("s", "UPDATE_COMPLETE"),
        TablePart("MacrosTable", "ACTIVE"),
        TablePart("NumbersTable", "UPDATING", NUMBERS, IMAGES),
        TablePart("DevicesTable", "ACTIVE", {"scheduled": ""}),
        FunctionPart("Audit", "Active", "Successful"),
        FunctionPart("Audit", "Inactive", "Successful"),
        FeedPart("Changes", "Enabled", ""),
        FeedPart("Changes", "Enabled", "OK - 10 records"),
        SchedulePart("Sync", "ENABLED", "rate(5 minutes)"),
        QueuePart("SyncQueue", 7, dead=False),
        QueuePart("SyncDeadLetters", 0, dead=True),
        AlarmPart("Alarm", "INSUFFICIENT_DATA", "", told=True),
    ],
)
def test_what_works_is_ok(part: Part) -> None:
    check = part.judged()
    assert (check.verdict, check.todo) == (Verdict.OK, "")
    assert check.said


@pytest.mark.parametrize(
    ("part", "verdict", "said"),
    [
        (StackPart("s", "UPDATE_ROLLBACK_COMPLETE"), Verdict.PROBLEM, "ROLLBACK"),
        (StackPart("s", "UPDATE_IN_PROGRESS"), Verdict.WARNING, "IN_PROGRESS"),
        (TablePart("MacrosTable", "DELETING"), Verdict.PROBLEM, "is DELETING"),
        (TablePart("NumbersTable", "ACTIVE", {"idle": "ACTIVE"}, IMAGES), Verdict.PROBLEM, "index cooling, lapsing"),
        (TablePart("NumbersTable", "ACTIVE", NUMBERS), Verdict.PROBLEM, "its stream shows nothing"),
        (TablePart("NumbersTable", "ACTIVE", NUMBERS, "KEYS_ONLY"), Verdict.PROBLEM, "its stream shows KEYS_ONLY"),
        (TablePart("DevicesTable", "ACTIVE", {"scheduled": "CREATING"}), Verdict.WARNING, "not ready"),
        (FunctionPart("Audit", "Failed", "Successful", "no subnet"), Verdict.PROBLEM, "no subnet"),
        (FunctionPart("Audit", "Active", "Failed", "bad layer"), Verdict.PROBLEM, "bad layer"),
        (FunctionPart("Audit", "Pending", "InProgress"), Verdict.WARNING, "is Pending"),
        (FeedPart("Changes", "Disabled", ""), Verdict.PROBLEM, "is Disabled"),
        (FeedPart("Changes", "Enabled", "PROBLEM: Function call failed"), Verdict.PROBLEM, "Function call failed"),
        (SchedulePart("Sync", "DISABLED", "rate(5 minutes)"), Verdict.PROBLEM, "nothing happens by itself"),
        (QueuePart("SyncDeadLetters", 1, dead=True), Verdict.PROBLEM, "1 message that failed"),
        (AlarmPart("Alarm", "ALARM", "3 > 1", told=True), Verdict.PROBLEM, "3 > 1"),
        (AlarmPart("Alarm", "OK", "", told=False), Verdict.WARNING, "tells nobody"),
        (UnseenPart("table", "MacrosTable", "AccessDenied"), Verdict.WARNING, "AccessDenied"),
        (UnseenPart("table", "MacrosTable", "", missing=True), Verdict.PROBLEM, "is gone"),
    ],
)
def test_what_does_not_says_so_and_what_to_do(part: Part, verdict: Verdict, said: str) -> None:
    check = part.judged()
    assert (check.verdict, said in check.said) == (verdict, True)
    assert check.todo
