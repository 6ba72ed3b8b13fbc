"""Importing numbers row by row: every row is told, races and deaths lose nothing, and a second run changes nothing."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from number_inventory.domain.errors import InvalidInputError, SettingBrokenError
from number_inventory.domain.imports import row_of
from number_inventory.domain.macros import COOLING_DURATION, COOLING_ENABLED
from number_inventory.domain.numbers import Status
from number_inventory.services.import_numbers import GivenRow, ImportNumbers, RowOutcome, RowResult
from tests.memory.fuse import ProcessDiedError
from tests.memory.world import CUSTOMER, World
from tests.unit.domain.records import available, used

BY = "operator:ann"


@pytest.fixture
def world() -> World:
    world = World()
    world.inventory.put(replace(available(), number="1001"))
    world.inventory.put(replace(used("sbc1"), number="3001"))
    return world


def rows(*cells: dict[str, str]) -> Iterable[GivenRow]:
    """The rows of a file."""
    return [GivenRow(place, each["number"], row_of(each)) for place, each in enumerate(cells, start=1)]


def run(world: World, given: Iterable[GivenRow], **options: bool) -> list[RowResult]:
    """Import them."""
    return list(ImportNumbers(world.inventory, world.macros, world.clock)(CUSTOMER, given, BY, **options))  # type: ignore[arg-type]


def outcomes(results: Iterable[RowResult]) -> list[str]:
    return [result.outcome for result in results]


FILE = (
    {"number": "1001", "description": "Lobby"},
    {"number": "1002", "status": "Used", "usage": "User", "assigned_to": "bob"},
    {"number": "3001", "status": "Available"},
    {"number": "1004", "status": "Reserved", "reserved_for": "ann"},
    {"number": "1002", "description": "again"},
)


def test_each_row_is_told_in_its_place() -> None:
    """GIVEN rows good and bad WHEN they are imported THEN each has its outcome, and the bad ones their reasons."""
    world = World()
    world.inventory.put(replace(available(), number="1001"))
    world.inventory.put(replace(used("sbc1"), number="3001"))
    given = [*rows(*FILE), GivenRow(6, "12x", None, "no number")]
    results = run(world, given)
    assert outcomes(results) == ["changed", "created", "refused", "created", "refused", "refused"]
    assert [result.row for result in results] == [1, 2, 3, 4, 5, 6]
    assert "is not freed by an import" in results[2].reason
    assert results[4].reason == "number 1002 stands in row 2 already"
    assert results[5].reason == "no number"
    made = world.number("1002")
    assert (made.status, made.assigned_to, made.created_by, made.reason) == (Status.USED, "bob", BY, "imported")
    assert world.number("1002").description == ""


def test_a_dry_run_tells_the_same_and_changes_nothing(world: World) -> None:
    before = world.inventory.all()
    assert outcomes(run(world, rows(*FILE), dry_run=True)) == ["changed", "created", "refused", "created", "refused"]
    assert world.inventory.all() == before


def test_a_second_run_finds_everything_done(world: World) -> None:
    run(world, rows(*FILE))
    before = world.inventory.all()
    assert outcomes(run(world, rows(*FILE))) == ["unchanged", "unchanged", "refused", "unchanged", "refused"]
    assert world.inventory.all() == before


def test_whoever_dies_anywhere_is_run_again_and_ends_the_same(world: World) -> None:
    """GIVEN a death at any call WHEN the import is run again THEN it ends as if nothing had happened."""
    points = len(world.fuse.passed)
    run(world, rows(*FILE))
    points, done = len(world.fuse.passed) - points, world.inventory.all()
    assert points > 5
    for point in range(points):
        other = World()
        other.inventory.put(replace(available(), number="1001"))
        other.inventory.put(replace(used("sbc1"), number="3001"))
        other.fuse.blow_at(point)
        with pytest.raises(ProcessDiedError):
            run(other, rows(*FILE))
        run(other, rows(*FILE))
        assert other.inventory.all() == done


def test_who_is_faster_keeps_the_number(world: World) -> None:
    """GIVEN a device that registers the number in between WHEN a row would assign it THEN the row is refused."""

    def device_was_faster() -> None:
        world.inventory.put(replace(used("sbc1"), number="1001", version=5))

    world.fuse.blow_at(2, device_was_faster)
    [result] = run(world, rows({"number": "1001", "status": "Used", "usage": "User", "assigned_to": "bob"}))
    assert (result.outcome, "registered on sbc1" in result.reason) == (RowOutcome.REFUSED, True)
    assert world.number("1001").assigned_to == ""


def test_lost_writes_and_broken_records_fail_alone(world: World) -> None:
    world.inventory.writes_lost = {"1001"}
    world.inventory.unreadable = {"3001"}
    results = run(world, rows({"number": "1001", "site": "B"}, {"number": "3001", "site": "B"}, {"number": "1009"}))
    assert outcomes(results) == ["failed", "failed", "created"]
    assert "run the import again" in results[0].reason
    assert outcomes(run(world, rows({"number": "1001", "site": "B"}))) == ["changed"]


def test_hundreds_are_taken_as_they_come(world: World) -> None:
    """GIVEN more rows than fit in a request WHEN the first results are there THEN the last rows are not read yet."""
    read: list[int] = []

    def lazily() -> Iterable[GivenRow]:
        for place in range(1, 351):
            read.append(place)
            yield GivenRow(place, str(5000 + place), row_of({"number": str(5000 + place)}))

    results = ImportNumbers(world.inventory, world.macros, world.clock)(CUSTOMER, lazily(), BY)
    assert next(results).outcome is RowOutcome.CREATED
    assert len(read) == 100
    assert len(list(results)) == 349


def test_global_cooling_decides_where_no_release_date_is_said(world: World) -> None:
    world.macros.put(CUSTOMER, COOLING_ENABLED, "true")
    world.macros.put(CUSTOMER, COOLING_DURATION, "broken")
    with pytest.raises(SettingBrokenError):
        run(world, rows({"number": "1002", "status": "Cooling"}))
    assert outcomes(run(world, rows({"number": "1002", "status": "Cooling", "release_date": "2026-03-09"}))) == [
        "created"
    ]


def test_a_malformed_customer_is_refused(world: World) -> None:
    with pytest.raises(InvalidInputError, match="customer"):
        list(ImportNumbers(world.inventory, world.macros, world.clock)("No Such", rows(), BY))
