"""The doctor as people and programs hear it: what is well in short, what is not with what to do, and the exit code."""

import json
from collections.abc import Collection, Iterator
from typing import Any

import pytest

from cli import wiring
from number_inventory.domain.checkup import Check, Verdict
from tests.unit.cli.conftest import Call

WELL = (Check("table", "NumbersTable", Verdict.OK, "ACTIVE"), Check("table", "MacrosTable", Verdict.OK, "ACTIVE"))
MUTE = tuple(Check("alarm", name, Verdict.WARNING, "tells nobody", "deploy with AlarmTopicArn") for name in ("A", "B"))
DOWN = Check("device", "sbc-1", Verdict.PROBLEM, "no answer\x1b[2J", "look at it")


class Examined:
    """A check-up with these results."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.checks: tuple[Check, ...] = WELL
        self.asked: list[Collection[str] | None] = []
        self.stacks: list[str] = []
        monkeypatch.setattr(wiring, "check_up", self._check_up)
        monkeypatch.setattr("cli.request.connect", lambda _target: None)

    def _check_up(self, _settings: object, stack: str, *_rest: object) -> Any:  # noqa: ANN401 - a use case
        self.stacks.append(stack)
        return self._looked

    def _looked(self, _customer: str, devices: Collection[str] | None) -> Iterator[Check]:
        self.asked.append(devices)
        yield from self.checks


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> Examined:
    return Examined(monkeypatch)


def test_where_all_is_well_a_line_for_each_kind_says_so(examined: Examined, call: Call) -> None:
    ended = call("--stack", "prod", "doctor")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split() for line in ended.out.splitlines()] == [["Part", "Well"], ["table", "2", "of", "2"]]
    assert examined.stacks == ["prod"]
    assert "MacrosTable   ACTIVE" in call("doctor", "--all").out
    assert json.loads(call("doctor", "--json").out)["ok"] is True


def test_problems_end_with_1_and_say_what_to_do_and_warnings_do_not(examined: Examined, call: Call) -> None:
    examined.checks = (*WELL, *MUTE)
    ended = call("doctor", width=80)
    assert ended.code == 0
    assert "warning: alarm A, B\n  tells nobody\n  -> deploy with AlarmTopicArn\n" in ended.out
    examined.checks = (*WELL, DOWN)
    ended = call("doctor", width=80)
    assert (ended.code, ended.err.splitlines()[-1]) == (1, "error: 1 problem: device sbc-1")
    assert "problem: device sbc-1\n  no answer\N{REPLACEMENT CHARACTER}[2J\n  -> look at it" in ended.out
    told = json.loads(call("doctor", "--json").out)
    assert (told["ok"], told["checks"][-1]["verdict"], told["checks"][-1]["todo"]) == (False, "problem", "look at it")


def test_the_command_that_helps_is_ready_to_be_copied(examined: Examined, call: Call) -> None:
    """GIVEN a problem with a command WHEN it is told THEN the command stands in one line, for the same inventory."""
    late = Check("sync", "sbc-1", Verdict.PROBLEM, "was last synced " + "long ago " * 9, "sync it", ("sync", "sbc-1"))
    examined.checks = (*WELL, late)
    ended = call("--stack", "prod", "-c", "acme", "doctor", width=40)
    assert "  -> sync it:\n     number-inventory --stack prod -c acme sync sbc-1\n" in ended.out
    assert json.loads(call("doctor", "--json").out)["checks"][-1]["command"] == ["sync", "sbc-1"]


def test_many_problems_are_counted_and_the_first_are_named(examined: Examined, call: Call) -> None:
    examined.checks = tuple(
        Check("device", f"sbc-{index}", Verdict.PROBLEM, f"fault {index}", "x") for index in range(7)
    )
    last = call("doctor").err.splitlines()[-1]
    assert last == "error: 7 problems: device sbc-0, device sbc-1, device sbc-2, device sbc-3, device sbc-4, and 2 more"


def test_devices_are_asked_as_named(examined: Examined, call: Call) -> None:
    for words in ((), ("sbc-1",), ("--no-devices",)):
        call("doctor", *words)
    assert examined.asked == [None, ["sbc-1"], ()]
    assert call("doctor", "sbc-1", "--no-devices").code == 2
