"""`numbers history`, `numbers explain` and `numbers show --as-of`: tables, JSON, and what is refused."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.number_api.count_routes import CountsBody
from functions.number_api.history_bodies import ChangeBody, ExplanationBody
from number_inventory.bootstrap import histories, lookups, process
from number_inventory.domain.commands import Reserve, Unreserve
from number_inventory.services.count_numbers import CountChanges, LookAtCounts
from number_inventory.services.lookup import LookUpNumbers
from tests.memory.history import MemoryCounters, MemoryHistory
from tests.memory.world import CUSTOMER
from tests.unit.cli.conftest import Call
from tests.unit.domain.records import used
from tests.unit.services.test_look_at_history import BY, NUMBER, Desk

MINE = ("--customer", CUSTOMER)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A number that was reserved for bob for a day, and is Available since an hour."""
    desk = Desk()
    desk.add()
    desk.passes(days=1)
    desk.manage.one(CUSTOMER, NUMBER, Reserve("bob"), BY)
    desk.passes(days=1)
    desk.manage.one(CUSTOMER, NUMBER, Unreserve(), BY)
    desk.passes(hours=1)
    desk.told()
    monkeypatch.setattr(histories, "look_at_history", lambda _settings: desk.look)
    monkeypatch.setattr(lookups, "look_up_numbers", lambda _settings: LookUpNumbers(desk.world.inventory))
    monkeypatch.setattr(process, "clock", lambda: desk.world.clock)
    monkeypatch.setattr("cli.request.connect", lambda _target: None)
    return desk


def test_history_is_a_line_a_change(desk: Desk, call: Call) -> None:
    ended = call("numbers", "history", NUMBER, *MINE)
    assert (ended.code, ended.err) == (0, "")
    heading, *lines = ended.out.splitlines()
    assert heading.split() == ["When", "What", "Status", "By", "Because", "Changed"]
    assert [("unreserved" in lines[0]), ("reserved" in lines[1]), ("created" in lines[2])] == [True, True, True]
    assert all(BY in line for line in lines)


def test_history_goes_on_where_it_ended(desk: Desk, call: Call) -> None:
    first = call("numbers", "history", NUMBER, "--limit", "2", "--json", *MINE)
    told = json.loads(first.out)
    assert [change["kind"] for change in told["changes"]] == ["unreserved", "reserved"]
    for change in told["changes"]:
        assert set(change) == set(ChangeBody.model_fields)
    rest = call("numbers", "history", NUMBER, "--after", told["next_after"], "--json", *MINE)
    assert [change["kind"] for change in json.loads(rest.out)["changes"]] == ["created"]
    assert "there are more" in first.err


def test_explanation_is_a_line_a_question(desk: Desk, call: Call) -> None:
    ended = call("numbers", "explain", NUMBER, *MINE)
    assert (ended.code, ended.err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in ended.out.splitlines())
    assert lines["Status"] == "Available"
    assert "no longer kept for anybody by the API" in lines["Why"]
    assert "as soon as a device registers it" in lines["Next"]
    told = json.loads(call("numbers", "explain", NUMBER, "--json", *MINE).out)
    assert set(told) == set(ExplanationBody.model_fields)
    assert ExplanationBody.model_validate(told).cause.by.name == BY.removeprefix("api:")


def test_number_is_shown_as_it_was(desk: Desk, call: Call) -> None:
    then = (desk.world.clock.at - timedelta(hours=2)).isoformat()
    assert "bob" in call("numbers", "show", NUMBER, "--as-of", then, *MINE).out
    assert "bob" not in call("numbers", "show", NUMBER, *MINE).out
    assert json.loads(call("numbers", "show", NUMBER, "--as-of", then, "--json", *MINE).out)["status"] == "Reserved"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("show", NUMBER, "--as-of", "2001-01-01T00:00:00Z"), "lies before what the history has"),
        (("show", NUMBER, "--as-of", "yesterday"), "must be an instant with its zone"),
        (("history", "9999"), "has no number 9999"),
        (("explain", "9999"), "has no number 9999"),
    ],
)
def test_what_cannot_be_told_is_refused_in_a_line(desk: Desk, call: Call, words: tuple[str, ...], why: str) -> None:
    ended = call("numbers", *words, *MINE)
    assert (ended.code != 0, ended.out) == (True, "")
    assert why in ended.err


def test_counts_are_a_line_each(desk: Desk, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a customer's numbers WHEN counted THEN a line for all, each Site and each Vendor."""
    counters = MemoryCounters()
    for number in ("1", "2"):
        desk.world.inventory.put(replace(used(), number=number, customer=CUSTOMER))
    CountChanges(MemoryHistory(), counters)(desk.stream.changes)
    monkeypatch.setattr(histories, "look_at_counts", lambda _settings: LookAtCounts(counters))
    ended = call("numbers", "count", *MINE)
    assert (ended.code, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines == [
        "What All Available Used In use",
        "all numbers 3 1 2 66.7 %",
        "site - 1 1 0 0.0 %",
        "site London 2 0 2 100.0 %",
        "vendor - 1 1 0 0.0 %",
        "vendor AudioCodes 2 0 2 100.0 %",
    ]
    told = json.loads(call("numbers", "count", "--site", "London", "--json", *MINE).out)
    assert CountsBody.model_validate(told).total == 2
    assert set(told) == set(CountsBody.model_fields)
