"""`history replay`: what is asked for, what is told, to people and to programs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cli import wiring
from number_inventory.bootstrap import process
from number_inventory.services.replay_history import ReplayReport, ReplayRequest
from tests.memory.clock import SettableClock
from tests.unit.cli.conftest import Call

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
BEGIN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class Replayer:
    """The use case, which tells what the test says.

    Attributes:
        asked: what was wanted, each time.
    """

    def __init__(self) -> None:
        self.report = ReplayReport()
        self.asked: list[ReplayRequest] = []

    def __call__(self, request: ReplayRequest, tell: Any) -> ReplayReport:  # noqa: ANN401 - a callback
        self.asked.append(request)
        tell(self.report)
        return self.report


@pytest.fixture
def replayer(monkeypatch: pytest.MonkeyPatch) -> Replayer:
    """In place of the one that reads a stream."""
    replayer = Replayer()
    monkeypatch.setattr(wiring, "replay_history", lambda _settings: replayer)
    monkeypatch.setattr(process, "clock", lambda: SettableClock(NOW))
    monkeypatch.setattr("cli.request.connect", lambda _target: None)
    return replayer


def test_a_dry_run_tells_what_is_lost_and_how_to_bring_it_back(replayer: Replayer, call: Call) -> None:
    """GIVEN lost changes WHEN looked at THEN counts and times are told, and the very command that replays them."""
    replayer.report = ReplayReport(changes=1200, oldest=BEGIN, newest=NOW, missing=300, poisoned=1, replayed=301)
    ended = call(
        "--stack", "inventory", "history", "replay", "--since", "2026-11-23T02:00:00Z", "--missing", "--dry-run"
    )
    assert ended.code == 0
    assert replayer.asked == [ReplayRequest(since=BEGIN, missing_only=True, dry_run=True)]
    lines = [line.split(maxsplit=4) for line in ended.out.splitlines()]
    assert ["Changes", "in", "the", "stream", "1200"] in lines
    assert ["Not", "in", "the", "history", "300"] in lines
    assert "2026-11-23 02:00 UTC (12 hours ago)" in ended.out
    assert "1 records are no change of a number" in ended.err
    command = "number-inventory --stack inventory history replay --since 2026-11-23T02:00:00+00:00 --missing"
    assert ended.err.splitlines()[-1].strip() == command


def test_a_replay_tells_what_it_did(replayer: Replayer, call: Call) -> None:
    """GIVEN a replay WHEN it is done THEN it is told how many were recorded; to a program as JSON."""
    replayer.report = ReplayReport(changes=5, oldest=BEGIN, newest=NOW, missing=2, replayed=5, batches=1)
    assert "Handed over and recorded  5" in call("history", "replay").out
    told = call("history", "replay", "--until", "2026-11-23T02:00:00Z", "--json").out
    assert '"oldest": "2026-11-23T02:00:00Z"' in told
    assert replayer.asked == [ReplayRequest(), ReplayRequest(until=BEGIN)]


def test_nothing_to_replay_is_said(replayer: Replayer, call: Call) -> None:
    """GIVEN a stream without changes of that time THEN that is said in a sentence."""
    ended = call("history", "replay")
    assert (ended.code, ended.err) == (0, "")
    assert "keeps no change of that time" in ended.out


def test_an_instant_without_a_zone_is_refused(replayer: Replayer, call: Call) -> None:
    """GIVEN an instant that may mean several THEN the command is wrongly called, and nothing is read."""
    ended = call("history", "replay", "--since", "2026-11-23T02:00")
    assert (ended.code, replayer.asked) == (2, [])
    assert "--since" in ended.err
