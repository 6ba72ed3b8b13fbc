"""What cools and what is in conflict, as people and programs see it."""

import json
from dataclasses import replace

import pytest

from cli import wiring
from number_inventory.bootstrap import process
from number_inventory.services.list_conflicts import ListConflicts
from number_inventory.services.list_cooling import ListCooling
from tests.memory.history import MemoryHistory
from tests.memory.world import World
from tests.unit.cli.conftest import Call
from tests.unit.domain.records import cooling, of_microsoft
from tests.unit.services.test_listings_of_what_needs_a_look import keep


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Nothing in it yet."""
    world, history = World(), MemoryHistory()
    monkeypatch.setattr(wiring, "list_cooling", lambda _settings: ListCooling(world.inventory, history))
    monkeypatch.setattr(wiring, "list_conflicts", lambda _settings: ListConflicts(world.inventory))
    monkeypatch.setattr(process, "clock", lambda: world.clock)
    monkeypatch.setattr("cli.request.connect", lambda _target: None)
    for number in ("2001", "2002"):
        world.inventory.put(replace(cooling(), customer="acme", number=number))
    record = world.number("2001", "acme")
    keep(history, replace(of_microsoft(), customer="acme", number="2001", assigned_to="bob"), record, 1)
    world.inventory.put(replace(of_microsoft("sbc1"), customer="acme", number="3001", assigned_to="ann"))
    return world


def test_cooling_is_listed_for_people_and_programs(world: World, call: Call) -> None:
    out = call("-c", "acme", "cooling", "list", width=80).out
    header, first, second = out.splitlines()
    assert header.split() == ["Number", "Release", "Date", "In", "Was", "Of", "Since"]
    assert first.split()[:1] + first.split()[4:] == [
        "2001", "2", "days", "Used", "/", "User", "bob", "of", "Microsoft", "now"
    ]  # fmt: skip
    assert second.startswith("2002")
    told = json.loads(call("-c", "acme", "cooling", "list", "--limit", "1", "--json").out)
    assert told["more"] is True
    [number] = told["numbers"]
    assert (number["number"]["status"], number["before"]["assigned_to"]) == ("Cooling", "bob")
    assert "The first 1 are shown" in call("-c", "acme", "cooling", "list", "--limit", "1").err
    assert call("cooling", "list").out == "No number of customer default cools.\n"
    assert call("-c", "acme", "cooling", "list", "--within", "1").out.endswith("cools and is released within 1 day.\n")


def test_conflicts_are_listed_with_what_to_do(world: World, call: Call) -> None:
    lines = call("conflicts", "list", "-c", "acme", width=80).out.splitlines()
    assert lines[1].split() == ["3001", "Used", "User", "Microsoft", "ann", "sbc1,", "24", "hours", "ago", "London"]
    assert "  number-inventory -c acme numbers unassign 3001" in lines
    [number] = json.loads(call("conflicts", "list", "-c", "acme", "--json").out)["numbers"]
    assert (number["number"], number["holders"][0]["device"]) == ("3001", "sbc1")
    assert "No number of customer default is held" in call("conflicts", "list").out
