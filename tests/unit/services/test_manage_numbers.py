"""Adding numbers by hand."""

import pytest

from number_inventory.domain.decisions import Outcome
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.numbers import Status
from number_inventory.services.manage_numbers import AddNumbers, NumberDetails, created
from tests.memory.world import CUSTOMER, World

DETAILS = NumberDetails(description="Reception", site="London", tag="lobby")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def add(world: World) -> AddNumbers:
    return AddNumbers(world.inventory, world.clock)


def test_numbers_are_added_as_available(world: World, add: AddNumbers) -> None:
    """GIVEN two numbers in several spellings, WHEN added, THEN each is Available once, with its details and adder."""
    report = add(CUSTOMER, ["1001", r"\+441001", " 1001 ", "+441001"], DETAILS, "operator:ann")

    assert created(report) == 2
    record = world.number("+441001")
    assert (record.status, record.description, record.site, record.tag) == (
        Status.AVAILABLE,
        "Reception",
        "London",
        "lobby",
    )
    assert (record.created_by, record.reason) == ("operator:ann", "added to the inventory")


def test_a_number_that_exists_is_left_as_it_is(world: World, add: AddNumbers) -> None:
    """GIVEN a number in use, WHEN it is added, THEN it is counted as unchanged and not touched."""
    key = world.add_device()
    world.device_shows(key, "1001")
    world.sync(key)
    before = world.number("1001")

    report = add(CUSTOMER, ["1001", "1002"], DETAILS, "operator:ann")

    assert (created(report), report.outcomes[Outcome.UNCHANGED], report.writes) == (1, 1, 1)
    assert world.number("1001") == before


def test_one_malformed_number_stops_the_addition_before_it_begins(world: World, add: AddNumbers) -> None:
    """GIVEN a malformed number among good ones, WHEN added, THEN it is named, and nothing is added."""
    with pytest.raises(InvalidInputError, match="x1002"):
        add(CUSTOMER, ["1001", "x1002"], DETAILS, "operator:ann")
    with pytest.raises(InvalidInputError, match="customer"):
        add("Acme", ["1001"], DETAILS, "operator:ann")

    assert world.inventory.all() == {}


def test_what_could_not_be_written_is_named_and_may_be_added_again(world: World, add: AddNumbers) -> None:
    """GIVEN one write lost and one answer lost, WHEN added, THEN both are named; adding again completes it."""
    world.inventory.writes_lost = {"1001"}
    world.inventory.answers_lost = {"1002"}
    numbers = [str(number) for number in range(1001, 1204)]

    report = add(CUSTOMER, numbers, DETAILS, "operator:ann")
    assert (report.failed, report.finished, created(report)) == (["1001", "1002"], False, 201)

    report = add(CUSTOMER, numbers, DETAILS, "operator:ann")
    assert (report.failed, created(report), report.outcomes[Outcome.UNCHANGED]) == ([], 1, 202)
