"""Numbers managed by an operator on a local AWS, beside a device that registers some of them."""

from simulator.server import Simulator
from tests.integration.cli.conftest import NUMBERS
from tests.integration.cli.operator import Operator
from tests.integration.cli.test_story import add_device


def test_numbers_that_nobody_registers_are_managed_and_devices_ones_refuse(
    operator: Operator, devices: Simulator
) -> None:
    """GIVEN numbers of a device and others WHEN an operator manages all THEN only what no device holds can be given."""
    add_device(operator, devices)
    operator("sync", "sbc-1")
    assert operator("numbers", "add", "5001", "5002", "5003", "5004", "--site", "Berlin").code == 0

    given = operator("numbers", "assign", "5001", NUMBERS[0], "--to", "alice", "--vendor", "Microsoft", "--json")
    assert given.code == 1
    assert [result["outcome"] for result in given.json["results"]] == ["assigned", "refused"]
    assert "registered on sbc-1" in given.json["results"][1]["error"]
    for words in (("cool", "4711"), ("reserve", "4711", "--for", "bob"), ("delete", "4711", "--yes")):
        refused = operator("numbers", *words)
        assert (refused.code, "registered on sbc-1" in refused.err) == (1, True)

    claimed = operator("numbers", "next", "--count", "2", "--contiguous", "--claim", "--reserve-for", "bob", "--json")
    assert [number["number"] for number in claimed.json["numbers"]] in (["5002", "5003"], ["5003", "5004"])
    assert operator("numbers", "next", "--count", "2").code == 1

    operator("macros", "set", "number_inventory_cooling_enabled", "true")
    assert "cooling started" in operator("numbers", "unassign", "5001").out
    assert operator("numbers", "show", "5001", "--json").json["status"] == "Cooling"
    assert operator("numbers", "release", "5001", "--reason", "a mistake").code == 0
    shown = operator("numbers", "show", "5001", "--json").json
    assert (shown["status"], shown["reason"], shown["assigned_to"]) == ("Available", "a mistake", "")
    assert shown["updated_by"].startswith("operator:")

    assert operator("numbers", "edit", "5001", "--description", "Front desk").code == 0
    [found] = operator("numbers", "list", "--text", "Front", "--json").json["numbers"]
    assert found["number"] == "5001"
    assert operator("numbers", "delete", "5001", "--yes").code == 0
    assert operator("numbers", "show", "5001").code == 1
    held = operator("numbers", "list", "--device", "sbc-1", "--reverse", "--json").json["numbers"]
    assert [number["number"] for number in held] == sorted(NUMBERS, reverse=True)
