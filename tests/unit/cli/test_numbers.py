"""The commands that change numbers: each number's outcome, exit codes, JSON, and what is asked before."""

import io
import json
import sys
from dataclasses import replace

import pytest

from number_inventory.bootstrap import lookups, number_changes, process
from number_inventory.domain.numbers import Status
from number_inventory.services.lookup import LookUpNumbers
from number_inventory.services.manage_numbers import ManageNumbers
from number_inventory.services.next_available import ClaimAvailable, FindAvailable
from tests.memory.world import World
from tests.unit.cli.conftest import Call
from tests.unit.domain.records import available, cooling, used

CUSTOMER = "default"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """1001 to 1005 are Available, 2001 cools, 3001 is a device's."""
    world = World()
    for number in ("1001", "1002", "1003", "1004", "1005"):
        world.inventory.put(replace(available(), customer=CUSTOMER, number=number, tag=""))
    world.inventory.put(replace(cooling(), customer=CUSTOMER, number="2001"))
    world.inventory.put(replace(used("sbc1"), customer=CUSTOMER, number="3001"))
    manage = ManageNumbers(world.inventory, world.macros, world.clock)
    monkeypatch.setattr(number_changes, "manage_numbers", lambda _settings: manage)
    monkeypatch.setattr(lookups, "look_up_numbers", lambda _settings: LookUpNumbers(world.inventory))
    monkeypatch.setattr(number_changes, "find_available", lambda _settings: FindAvailable(world.inventory))
    monkeypatch.setattr(
        number_changes, "claim_available", lambda _settings: ClaimAvailable(world.inventory, world.clock)
    )
    monkeypatch.setattr(process, "clock", lambda: world.clock)
    monkeypatch.setattr("cli.request.connect", lambda _target: None)
    monkeypatch.setenv("LOGNAME", "ann")
    return world


def test_life_of_a_number_by_hand(world: World, call: Call) -> None:
    """GIVEN an Available number WHEN every command is given in turn THEN each does what it says, in ann's name."""
    steps = (
        (("assign", "1001", "--to", "alice", "--vendor", "Microsoft"), Status.USED, "assigned"),
        (("assign", "1001", "--to", "alice", "--vendor", "Microsoft"), Status.USED, "unchanged"),
        (("unassign", "1001"), Status.AVAILABLE, "released"),
        (("reserve", "1001", "--for", "bob", "--until", "2027-01-31T12:00:00+01:00"), Status.RESERVED, "reserved"),
        (("unreserve", "1001"), Status.AVAILABLE, "unreserved"),
        (("cool", "1001", "--days", "3"), Status.COOLING, "cooling started"),
        (("release", "1001", "--reason", "wanted back"), Status.AVAILABLE, "released"),
        (("edit", "1001", "--description", "Lobby", "--extra1", ""), Status.AVAILABLE, "edited"),
    )
    for words, status, outcome in steps:
        ended = call("numbers", *words)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.splitlines()[1:] == [f"1001    {outcome}"]
        assert world.number("1001", CUSTOMER).status is status
    record = world.number("1001", CUSTOMER)
    assert (record.description, record.extra1, record.updated_by) == ("Lobby", "", "operator:ann")


def test_each_of_many_has_its_outcome(world: World, call: Call) -> None:
    """GIVEN numbers of which some cannot be assigned THEN the others are, and the exit code and a line say so."""
    ended = call("numbers", "assign", "1001", "3001", "9999", "1002", " 1001", "--to", "alice")
    assert ended.code == 1
    assert [line.split()[:2] for line in ended.out.splitlines()[1:]] == [
        ["1001", "assigned"],
        ["3001", "refused"],
        ["9999", "not"],
        ["1002", "assigned"],
    ]
    assert "registered on sbc1" in ended.out
    assert ended.err == "error: 2 of 4 numbers are not done; the others are\n"


def test_json_has_every_outcome(world: World, call: Call) -> None:
    ended = call("numbers", "cool", "1001", "3001", "--days", "2", "--json")
    assert ended.code == 1
    results = json.loads(ended.out)["results"]
    assert [(result["number"], result["outcome"]) for result in results] == [
        ("1001", "cooling_started"),
        ("3001", "refused"),
    ]
    assert "registered on sbc1" in results[1]["error"]


def test_refusal_of_one_number_is_one_line_that_says_who_has_it(world: World, call: Call) -> None:
    ended = call("numbers", "assign", "3001", "--to", "alice")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: number 3001 cannot be assigned: it is Used")
    assert "registered on sbc1" in ended.err


def test_hundreds_are_changed_a_hundred_at_a_time(world: World, call: Call) -> None:
    numbers = [str(number) for number in range(5000, 5250)]
    for number in numbers:
        world.inventory.put(replace(available(), customer=CUSTOMER, number=number))
    ended = call("numbers", "edit", *numbers, "--site", "Berlin", "--json")
    assert ended.code == 0
    assert [result["number"] for result in json.loads(ended.out)["results"]] == numbers
    assert world.number("5249", CUSTOMER).site == "Berlin"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("assign", "1001", "--to", ""), "assignee: must have 1 to 200 characters"),
        (("assign", "1001", "--to", "alice", "--vendor", "audiocodes"), "vendor: must not be AudioCodes"),
        (("assign", "1001", "--to", "alice", "--usage", "Toy"), "--usage"),
        (("assign", "10x1", "--to", "alice"), "must be '+' and 1 to 15 digits"),
        (("reserve", "1001", "--for", "bob", "--until", "tomorrow"), "--until"),
        (("reserve", "1001", "--for", "bob", "--until", "2020-01-01T00:00:00Z"), "until: must lie in the future"),
        (("cool", "1001", "--days", "1000"), "days: must be a whole number from 0 to 999"),
        (("release", "2001", "--reason", " "), "reason: must have 1 to 200 characters"),
        (("edit", "1001"), "must name at least one of description"),
        (("edit", "1001", "--tag", "a\x1bb"), "tag: must not hold control characters"),
        (("next", "--claim"), "--claim"),
        (("next", "--assign-to", "alice"), "--claim"),
        (("next", "--claim", "--assign-to", "alice", "--reserve-for", "bob"), "--claim"),
        (("next", "--count", "101"), "--count"),
        (("list", "--changed-since", "noon"), "--changed-since"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(
    world: World, call: Call, words: tuple[str, ...], said: str
) -> None:
    before = world.inventory.all()
    ended = call("numbers", *words)
    assert ended.code in {1, 2}
    assert said in ended.err
    assert world.inventory.all() == before


# --- delete


def test_deletion_is_asked_about(world: World, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN no terminal, or an operator who says no THEN nothing is deleted; --yes does not ask."""
    ended = call("numbers", "delete", "1001", "1002")
    assert (ended.code, ended.err) == (
        1,
        "error: 2 numbers: not deleted, since nobody can confirm it here; add --yes\n",
    )
    for answer, code in (("n\n", 1), ("y\n", 0)):
        typed = io.StringIO(answer)
        monkeypatch.setattr(typed, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", typed)
        assert call("numbers", "delete", "1001").code == code
        assert (world.inventory.get(CUSTOMER, "1001") is None) == (code == 0)
    ended = call("numbers", "delete", "1002", "3001", "1001", "--yes")
    assert ended.code == 1
    assert [line.split()[1] for line in ended.out.splitlines()[1:]] == ["deleted", "refused", "not"]
    assert world.number("3001", CUSTOMER).status is Status.USED


# --- next


def test_next_numbers_are_shown_and_stay_available(world: World, call: Call) -> None:
    ended = call("numbers", "next", "--count", "2", "--json")
    assert [number["number"] for number in json.loads(ended.out)["numbers"]] == ["1001", "1002"]
    assert world.number("1001", CUSTOMER).status is Status.AVAILABLE
    assert call("numbers", "next").out.splitlines()[1].startswith("1001")


def test_too_few_are_shown_and_fail(world: World, call: Call) -> None:
    ended = call("numbers", "next", "--count", "9", "--prefix", "10")
    assert ended.code == 1
    assert len(ended.out.splitlines()) == 6
    assert ended.err == "error: only 5 of 9 such numbers are available\n"


def test_next_numbers_are_claimed_all_or_none(world: World, call: Call) -> None:
    ended = call("numbers", "next", "--count", "3", "--contiguous", "--claim", "--assign-to", "alice", "--json")
    taken = json.loads(ended.out)["numbers"]
    assert [(number["status"], number["assigned_to"]) for number in taken] == [("Used", "alice")] * 3
    ended = call("numbers", "next", "--count", "3", "--claim", "--reserve-for", "bob", "--notes", "desk")
    assert (ended.code, ended.out) == (1, "")
    assert "only 2 are available" in ended.err
    assert call("numbers", "next", "--count", "2", "--claim", "--reserve-for", "bob").code == 0
    reserved = [record for record in world.inventory.all().values() if record.reserved_for == "bob"]
    assert len(reserved) == 2


# --- list


def test_list_finds_by_what_it_is_asked(world: World, call: Call) -> None:
    call("numbers", "assign", "1003", "--to", "alice")

    def listed(*words: str) -> list[str]:
        return [number["number"] for number in json.loads(call("numbers", "list", *words, "--json").out)["numbers"]]

    assert listed("--assigned-to", "alice") == ["1003"]
    assert listed("--device", "sbc1") == ["3001"]
    assert listed("--first", "1002", "--last", "1004", "--reverse") == ["1004", "1003", "1002"]
    assert listed("--text", "Recep", "--limit", "1") == ["1001"]
    assert listed("--changed-since", "2020-01-01T00:00:00Z") == ["1003"]
    assert "Assigned to" in call("numbers", "list").out


def test_a_list_says_who_waits_for_a_number_and_how_long_it_cools(world: World, call: Call) -> None:
    """GIVEN a reserved and a cooling number WHEN listed in 80 columns THEN for whom, and in few words how long."""
    call("numbers", "reserve", "1001", "--for", "bob")
    lines = [line.split() for line in call("numbers", "list", width=80).out.splitlines()]
    assert ["1001", "Reserved", "for", "bob"] in lines
    [cools] = [line for line in lines if line[:2] == ["2001", "Cooling"]]
    assert cools[-1] == "left"
    whole = call("numbers", "list").out
    assert "until the Release Date" in whole
