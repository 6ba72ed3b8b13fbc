"""What cools, and what two claim: listed by the records, in order, without stumbling over what is broken."""

from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.changes import Change, ChangeKey
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status
from number_inventory.ports.numbers import DueNumber
from number_inventory.services.list_conflicts import ListConflicts
from number_inventory.services.list_cooling import ListCooling
from tests.memory.history import MemoryHistory
from tests.memory.world import CUSTOMER, World
from tests.unit.domain.records import NOW, available, cooling, holders, of_microsoft, used


@pytest.fixture
def world() -> World:
    return World()


def keep(history: MemoryHistory, before: NumberRecord | None, after: NumberRecord, sequence: int) -> None:
    """Let the history know of a change."""
    key = ChangeKey(after.customer, after.number, after.version, f"{sequence:040d}")
    history.record([Change(key=key, streamed_at=NOW, before=before, after=after)])


# --- cooling


def test_what_cools_is_told_with_whose_it_was_the_earliest_first(world: World) -> None:
    """GIVEN cooling numbers, one with a lagging entry, one broken THEN the others, by date, as they were before."""
    history = MemoryHistory()
    for days, number in ((3, "1003"), (1, "1001"), (2, "1002"), (4, "1004")):
        world.inventory.put(replace(cooling(NOW + timedelta(days=days)), number=number))
    was = replace(used("sbc1"), number="1001", version=4)
    cools = replace(world.number("1001"), version=5)
    keep(history, was, cools, 1)
    keep(history, cools, replace(cools, description="edited", version=6), 2)
    world.inventory.put(replace(available(), number="1009"))
    world.inventory.index_lag = [DueNumber(CUSTOMER, "1009", NOW), DueNumber(CUSTOMER, "1010", NOW)]
    world.inventory.unreadable = {"1002"}
    listed = ListCooling(world.inventory, history)
    found = list(listed(CUSTOMER))
    assert [(each.record.number, each.before) for each in found] == [("1001", was), ("1003", None), ("1004", None)]
    assert [each.record.number for each in listed(CUSTOMER, 4)] == ["1001"], "of the first four entries one is true"
    assert [each.record.number for each in listed(CUSTOMER, until=NOW + timedelta(days=3))] == ["1001", "1003"]
    assert list(listed("nobody")) == []
    with pytest.raises(InvalidInputError, match="customer"):
        list(listed("No Such"))


# --- conflicts


def test_conflicts_are_what_a_device_holds_and_another_vendor_uses(world: World) -> None:
    """GIVEN numbers of all kinds THEN only those are listed that an audit calls a conflict."""
    kinds = {
        "1001": of_microsoft("sbc1"),
        "1002": of_microsoft(),
        "1003": used("sbc1"),
        "1004": replace(available(), holders=holders("sbc1")),
        "1005": replace(of_microsoft("sbc1", "sbc2"), status=Status.USED_UTILITY),
        "1006": replace(of_microsoft("sbc1"), vendor=AUDIOCODES),
        "1007": replace(of_microsoft("sbc1"), vendor=""),
    }
    for number, record in kinds.items():
        world.inventory.put(replace(record, number=number))
    found = [record.number for record in ListConflicts(world.inventory)(CUSTOMER)]
    assert found == ["1001", "1005", "1007"]
