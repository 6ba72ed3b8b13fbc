"""A claim that is made again after its first attempt died finds what that one took, whatever was written since."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from number_inventory.domain.commands import Assign, Command, Edit, Reserve, Unassign, Unreserve
from number_inventory.domain.lifecycle import Registration, registered
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.services.change_numbers import ChangeNumbers
from number_inventory.services.manage_numbers import ManageNumbers
from number_inventory.services.next_available import ClaimAvailable
from tests.memory.fuse import ProcessDiedError
from tests.memory.world import CUSTOMER, World
from tests.unit.domain.records import NOW, available, stamp

TO_ALICE = Assign("Microsoft", Usage.USER, "alice")
FOR_ALICE = Reserve("alice", NOW + timedelta(days=9))
LONGER = Reserve("alice", NOW + timedelta(days=99))
BY = "api:ann"


@dataclass
class Attempts:
    """All attempts at one claim."""

    mark: str = "m1"
    intended: frozenset[str] = frozenset()

    def intend(self, numbers: Sequence[str]) -> None:
        self.intended |= frozenset(numbers)


@pytest.fixture
def world() -> World:
    world = World()
    for number in ("11", "12", "13", "14", "15", "16"):
        world.inventory.put(replace(available(), number=number))
    return world


def claimed(
    world: World, attempts: Attempts, command: Assign | Reserve, count: int = 1, *, contiguous: bool = False
) -> list[str]:
    claim = ClaimAvailable(world.inventory, world.clock, before=attempts)
    taken = claim(CUSTOMER, count, "", contiguous=contiguous, command=command, by=BY)
    return [record.number for record in taken]


def had(world: World) -> list[str]:
    """The numbers that alice has."""
    records = world.inventory.all().values()
    return [record.number for record in records if "alice" in {record.assigned_to, record.reserved_for}]


def by_hand(world: World, number: str, command: Command) -> NumberRecord:
    return ManageNumbers(world.inventory, world.macros, world.clock).one(CUSTOMER, number, command, "operator:bob")


def seen_on_a_device(world: World, number: str) -> None:
    change = ChangeNumbers(world.inventory, lambda: True)
    change(CUSTOMER, [number], lambda _, seen: registered(seen, Registration(CUSTOMER, number, "a", 1), stamp()))


TOUCHES: dict[str, tuple[Assign | Reserve, Callable[[World, str], object]]] = {
    "edited": (TO_ALICE, lambda world, number: by_hand(world, number, Edit({"description": "desk"}))),
    "edited while reserved": (FOR_ALICE, lambda world, number: by_hand(world, number, Edit({"site": "Berlin"}))),
    "prolonged": (FOR_ALICE, lambda world, number: by_hand(world, number, LONGER)),
    "seen on a device": (TO_ALICE, seen_on_a_device),
}


@pytest.mark.parametrize("name", TOUCHES)
def test_a_number_that_was_touched_since_is_given_again(world: World, name: str) -> None:
    """GIVEN a claim that died unheard WHEN its number is touched, and the claim made again THEN it is that number."""
    command, touch = TOUCHES[name]
    attempts = Attempts()
    first = claimed(world, attempts, command)
    touch(world, *first)
    assert claimed(world, attempts, command) == first == had(world)


@pytest.mark.parametrize(("command", "undone"), [(TO_ALICE, Unassign()), (FOR_ALICE, Unreserve())])
def test_a_number_that_went_and_came_to_the_same_person_since_is_not_the_claims(
    world: World, command: Assign | Reserve, undone: Command
) -> None:
    """GIVEN a number taken, freed and given to the same person by hand WHEN claimed again THEN it is another one."""
    attempts = Attempts()
    [first] = claimed(world, attempts, command)
    assert by_hand(world, first, undone).claim == ""
    by_hand(world, first, command)
    [second] = claimed(world, attempts, command)
    assert had(world) == sorted([first, second])
    assert first != second


def test_a_reserved_number_that_became_a_devices_is_not_the_claims(world: World) -> None:
    attempts = Attempts()
    [first] = claimed(world, attempts, FOR_ALICE)
    seen_on_a_device(world, first)
    assert world.number(first).claim == ""
    assert claimed(world, attempts, FOR_ALICE) != [first]


@pytest.mark.parametrize("contiguous", [False, True])
def test_a_claim_that_died_anywhere_takes_no_more_than_it_gives(contiguous: bool) -> None:
    """GIVEN a death at every point of a claim, and an edit of all it took WHEN made again THEN no more is taken.

    A row that was taken in part is given back: which one it was to be, nobody knows.
    """
    for point in range(100):
        world = World()
        for number in ("11", "12", "13", "14", "15", "16"):
            world.inventory.put(replace(available(), number=number))
        attempts = Attempts()
        world.fuse.blow_at(point)
        try:
            claimed(world, attempts, TO_ALICE, 3, contiguous=contiguous)
        except ProcessDiedError:
            for number in had(world):
                by_hand(world, number, Edit({"description": "desk"}))
            again = claimed(world, attempts, TO_ALICE, 3, contiguous=contiguous)
            assert (again, len(again)) == (had(world), 3)
            continue
        assert point > 1
        return
    pytest.fail("a claim has no end of points")


def test_what_a_device_holds_by_now_is_not_given_back(world: World) -> None:
    """GIVEN part of a row taken, and seen on a device since WHEN the row is claimed again THEN that one stays there."""
    attempts = Attempts()
    [first] = claimed(world, attempts, TO_ALICE)
    seen_on_a_device(world, first)
    row = claimed(world, attempts, TO_ALICE, 3, contiguous=True)
    assert first not in row
    assert (world.number(first).status, world.number(first).assigned_to) == (Status.USED, "alice")
