"""The one way numbers change: lost races are run again, failures are kept apart, and time is kept."""

from collections.abc import Mapping, Sequence

import pytest

from number_inventory.domain.decisions import Decision, Outcome, Stamp
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.management import add_number, cool
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.services.change_numbers import MAX_CONFLICTS, MAX_ROUNDS, ChangeNumbers
from tests.memory.clock import START
from tests.memory.inventory import MemoryInventory
from tests.memory.world import CUSTOMER

STAMP = Stamp(START, "operator:ann", "a test")


def added(number: str, record: NumberRecord | None) -> Decision:
    return add_number(record, NumberRecord(customer=CUSTOMER, number=number), STAMP)


class Contested(MemoryInventory):
    """Somebody else writes each number right after it was read, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    def get_many(self, customer: str, numbers: Sequence[str]) -> Mapping[str, NumberRecord]:
        """Read, and lose the race."""
        found = super().get_many(customer, numbers)
        if self.left:
            self.left -= 1
            for number in numbers:
                self.put(NumberRecord(customer=customer, number=number, description=f"{self.left} left"))
        return found


def cooled(_number: str, record: NumberRecord | None) -> Decision | None:
    return cool(record, 2, STAMP) if record else None


@pytest.mark.parametrize("times", [0, 1, MAX_ROUNDS - 1])
def test_a_lost_race_is_decided_anew_on_what_is_there_now(times: int) -> None:
    """GIVEN somebody who is faster for a while, WHEN numbers change, THEN the last decision is on the latest record."""
    inventory = Contested(times)
    inventory.put(NumberRecord(customer=CUSTOMER, number="1001"))
    change = ChangeNumbers(inventory, lambda: True)

    change(CUSTOMER, ["1001"], cooled)

    record = inventory.get(CUSTOMER, "1001")
    assert record is not None
    assert (record.status, record.description) == (Status.COOLING, "0 left" if times else "")
    assert (change.report.writes, change.report.finished) == (1, True)


def test_a_race_that_is_lost_for_ever_is_reported() -> None:
    """GIVEN somebody who is always faster, WHEN numbers change, THEN it gives up after some rounds and says so."""
    inventory = Contested(10**6)
    change = ChangeNumbers(inventory, lambda: True)

    change(CUSTOMER, ["1001", "1002"], cooled)
    change(CUSTOMER, ["1001", "1002"], cooled)

    assert change.report.failed == ["1001", "1002"]
    assert not change.report.finished


def test_no_decision_is_no_write() -> None:
    """GIVEN nothing to decide, WHEN numbers change, THEN nothing is written or counted."""
    inventory = MemoryInventory()
    change = ChangeNumbers(inventory, lambda: True)

    change(CUSTOMER, ["1001"], lambda _number, _record: None)

    assert inventory.all() == {}
    assert (change.report.writes, dict(change.report.outcomes), change.report.finished) == (0, {}, True)


def test_a_broken_record_fails_alone() -> None:
    """GIVEN one record that cannot be understood, WHEN numbers change, THEN it fails with its reason; others go on."""
    inventory = MemoryInventory()
    change = ChangeNumbers(inventory, lambda: True)

    def decide(number: str, record: NumberRecord | None) -> Decision:
        if number == "1002":
            raise RecordBrokenError("number 1002", "status", "is no status")
        return added(number, record)

    change(CUSTOMER, ["1001", "1002", "1003"], decide)

    assert change.report.failed == ["1002"]
    assert "attribute 'status' is no status" in change.report.broken
    assert {number for _, number in inventory.all()} == {"1001", "1003"}


@pytest.mark.parametrize("looks", range(7))
def test_time_is_asked_before_each_read_and_each_write(looks: int) -> None:
    """GIVEN 250 numbers and time for so many steps, WHEN numbers change, THEN whole batches stand, and it is said."""
    inventory = MemoryInventory()
    left = iter([True] * looks)
    change = ChangeNumbers(inventory, lambda: next(left, False))

    change(CUSTOMER, [str(number) for number in range(1000, 1250)], added)

    assert len(inventory.all()) == min(looks // 2 * 100, 250)
    assert change.report.stopped == (looks < 6)
    assert change.report.finished == (looks == 6)


def test_conflicts_are_named_up_to_a_limit_and_counted_in_full() -> None:
    """GIVEN more conflicts than are named, WHEN reported, THEN the count is whole."""
    change = ChangeNumbers(MemoryInventory(), lambda: True)
    for number in range(MAX_CONFLICTS + 5):
        record = NumberRecord(customer=CUSTOMER, number=str(number))
        change.report.add(Decision(record, record, Outcome.CONFLICT))

    assert len(change.report.conflicts) == MAX_CONFLICTS
    assert change.report.outcomes[Outcome.CONFLICT] == MAX_CONFLICTS + 5
    assert change.report.writes == 0


def test_a_batch_is_no_more_than_a_read_takes() -> None:
    """GIVEN 250 numbers, WHEN they change, THEN they are read 100 at a time."""
    sizes: list[int] = []

    class Counting(MemoryInventory):
        def get_many(self, customer: str, numbers: Sequence[str]) -> Mapping[str, NumberRecord]:
            sizes.append(len(numbers))
            return super().get_many(customer, numbers)

    ChangeNumbers(Counting(), lambda: True)(CUSTOMER, [str(number) for number in range(250)], added)

    assert sizes == [100, 100, 50]
