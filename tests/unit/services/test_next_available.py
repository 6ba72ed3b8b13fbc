"""The next Available numbers: found in order, claimed all or none, each by one caller only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from number_inventory.domain.commands import Assign, Reserve
from number_inventory.domain.decisions import Decision
from number_inventory.domain.errors import (
    InvalidInputError,
    RuleViolationError,
    StorageBusyError,
    StorageRefusedError,
)
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.ports.numbers import WriteResult
from number_inventory.services import next_available
from number_inventory.services.next_available import ClaimAvailable, FindAvailable
from tests.memory.fuse import ProcessDiedError
from tests.memory.inventory import MemoryInventory
from tests.memory.world import CUSTOMER, World
from tests.unit.domain.records import available, cooling, holders, of_microsoft, reserved, used

TO_ALICE = Assign("Microsoft", Usage.USER, "alice")
BY = "api:ann"


def planted(inventory: MemoryInventory, *numbers: str) -> None:
    for number in numbers:
        inventory.put(replace(available(), number=number))


def stock(inventory: MemoryInventory) -> None:
    """Available are 1001, 1003, 1005, 1006, 1007, 10061 and 2001."""
    planted(inventory, "1001", "1003", "1005", "1006", "10061", "1007", "2001")
    inventory.put(replace(used(), number="1002"))
    inventory.put(replace(cooling(), number="1004"))
    inventory.put(replace(reserved(), number="1008"))
    inventory.put(replace(available(), number="1009", holders=holders("sbc1")))
    inventory.put(replace(available(), number="1000", customer="other"))


@pytest.fixture
def world() -> World:
    world = World()
    stock(world.inventory)
    return world


@pytest.fixture
def find(world: World) -> FindAvailable:
    return FindAvailable(world.inventory)


@pytest.fixture
def claim(world: World) -> ClaimAvailable:
    return ClaimAvailable(world.inventory, world.clock)


def take(claim: ClaimAvailable, count: int = 1, prefix: str = "", *, contiguous: bool = False) -> list[str]:
    taken = claim(CUSTOMER, count, prefix, contiguous=contiguous, command=TO_ALICE, by=BY)
    return [record.number for record in taken]


def states(inventory: MemoryInventory) -> dict[tuple[str, str], NumberRecord]:
    """Every number, but for its version and its stamp."""
    return {
        key: replace(record, version=0, updated_at=None, updated_by="", reason="", claim="")
        for key, record in inventory.all().items()
    }


# --- find


@pytest.mark.parametrize(
    ("count", "prefix", "contiguous", "found"),
    [
        (1, "", False, ["1001"]),
        (3, "", False, ["1001", "1003", "1005"]),
        (100, "", False, ["1001", "1003", "1005", "1006", "10061", "1007", "2001"]),
        (2, "2", False, ["2001"]),
        (2, "+", False, []),
        (2, "", True, ["1005", "1006"]),
        (3, "", True, ["1005", "1006", "1007"]),
        (4, "", True, []),
        (1, "10061", True, ["10061"]),
    ],
)
def test_first_numbers_that_nobody_has(
    find: FindAvailable, count: int, prefix: str, contiguous: bool, found: list[str]
) -> None:
    """GIVEN numbers of all kinds WHEN so many are looked for THEN the first are found that anybody may have."""
    assert [record.number for record in find(CUSTOMER, count, prefix, contiguous=contiguous)] == found


def test_row_is_of_one_length_and_never_wraps(world: World, find: FindAvailable) -> None:
    planted(world.inventory, "+4998", "+4999", "+5000", "98", "99", "100", "*1", "*2", "0099", "0100")
    assert [record.number for record in find(CUSTOMER, 3, contiguous=True)] == ["+4998", "+4999", "+5000"]
    assert find(CUSTOMER, 2, "9", contiguous=True)
    assert not find(CUSTOMER, 3, "9", contiguous=True)
    assert not find(CUSTOMER, 2, "*", contiguous=True)
    assert [record.number for record in find(CUSTOMER, 2, "0", contiguous=True)] == ["0099", "0100"]


def test_index_that_lags_is_not_believed(world: World, find: FindAvailable, claim: ClaimAvailable) -> None:
    """GIVEN an index that still shows used numbers and one that is gone THEN they are neither found nor claimed."""
    world.inventory.available_lag = ["1000", "1002", "1004", "1008"]
    assert [record.number for record in find(CUSTOMER, 2)] == ["1001", "1003"]
    assert [record.number for record in find(CUSTOMER, 3, contiguous=True)] == ["1005", "1006", "1007"]
    assert len(take(claim, 7)) == 7
    assert world.number("1008").reserved_for == "alice"
    assert world.number("1008").status is Status.RESERVED


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (("Acme", 1, ""), "customer"),
        ((CUSTOMER, 0, ""), "count"),
        ((CUSTOMER, 101, ""), "count"),
        ((CUSTOMER, 1, "x"), "prefix"),
    ],
)
def test_malformed_requests_are_refused(
    find: FindAvailable, claim: ClaimAvailable, asked: tuple[str, int, str], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        find(*asked)
    assert refusal.value.field == field
    with pytest.raises(InvalidInputError) as refusal:
        claim(*asked, contiguous=False, command=TO_ALICE, by=BY)
    assert refusal.value.field == field


def test_search_has_a_bound(world: World, find: FindAvailable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_available, "MAX_LOOKED_AT", 5)
    with pytest.raises(RuleViolationError, match="with a prefix"):
        find(CUSTOMER, 50, contiguous=True)
    assert len(find(CUSTOMER, 2)) == 2


# --- claim


def test_claimed_numbers_are_assigned(world: World, claim: ClaimAvailable) -> None:
    """GIVEN seven Available numbers WHEN three are claimed THEN they are alice's, and what comes back is stored."""
    taken = claim(CUSTOMER, 3, "10", contiguous=False, command=TO_ALICE, by=BY)
    assert [record.number for record in taken] == sorted(record.number for record in taken)
    assert len({record.number for record in taken}) == 3
    for record in taken:
        assert world.number(record.number) == record
        assert (record.status, record.assigned_to, record.updated_by, record.version) == (Status.USED, "alice", BY, 2)
        assert "claim" in record.reason


def test_claimed_numbers_may_be_reserved(world: World, claim: ClaimAvailable) -> None:
    [record] = claim(CUSTOMER, 1, "2", contiguous=False, command=Reserve("bob"), by=BY)
    assert (record.number, record.status, record.reserved_for) == ("2001", Status.RESERVED, "bob")


def test_row_is_claimed_as_a_whole(world: World, claim: ClaimAvailable) -> None:
    assert take(claim, 3, contiguous=True) == ["1005", "1006", "1007"]
    with pytest.raises(RuleViolationError, match="2 Available numbers in a row"):
        take(claim, 2, contiguous=True)


def test_too_few_means_none(world: World, claim: ClaimAvailable) -> None:
    """GIVEN seven numbers WHEN eight are claimed THEN none is taken, and it is told how many there are."""
    before = states(world.inventory)
    with pytest.raises(RuleViolationError, match="only 7 are available"):
        take(claim, 8)
    with pytest.raises(RuleViolationError, match=r"begin with 2: only 1 are available"):
        take(claim, 2, "2")
    assert states(world.inventory) == before


def test_numbers_of_an_earlier_release_are_claimed_like_any_others(world: World, claim: ClaimAvailable) -> None:
    """GIVEN numbers of an earlier release WHEN too many are claimed, or answers are lost THEN none leaks."""
    for record in world.inventory.all().values():
        world.inventory.put(replace(record, outdated=True))
    with pytest.raises(RuleViolationError, match="only 7 are available"):
        take(claim, 8)
    assert not [record for record in world.inventory.all().values() if record.assigned_to == "alice"]

    for record in world.inventory.all().values():
        world.inventory.put(replace(record, outdated=True))
    world.inventory.answers_lost = {"1001", "1003", "1005", "1006", "10061", "1007", "2001"}
    assert len(take(claim, 2)) == 2
    assert len([record for record in world.inventory.all().values() if record.assigned_to == "alice"]) == 2


def test_malformed_command_is_refused_before_anything_is_read(world: World, claim: ClaimAvailable) -> None:
    with pytest.raises(InvalidInputError, match="assignee"):
        claim(CUSTOMER, 1, "", contiguous=False, command=Assign("", Usage.USER, ""), by=BY)
    assert world.fuse.passed == []


def test_claims_one_after_the_other_get_numbers_of_their_own(claim: ClaimAvailable) -> None:
    """GIVEN one assignee and several claims THEN none of them takes an earlier one's number for its own."""
    taken = [take(claim)[0] for _ in range(7)]
    assert len(set(taken)) == 7
    with pytest.raises(RuleViolationError, match="only 0 are available"):
        take(claim)


class Rivals(MemoryInventory):
    """Somebody else takes a number of each save, just before it, as long as there are rivals left."""

    rivals = 0

    def save(self, decisions: Sequence[Decision]) -> Sequence[WriteResult]:
        if self.rivals and decisions:
            self.rivals -= 1
            present = self.get(CUSTOMER, decisions[0].after.number)
            assert present is not None
            self.put(replace(present, status=Status.USED, vendor="Microsoft", assigned_to=f"rival {self.rivals}"))
        return super().save(decisions)


@pytest.mark.parametrize("rivals", [1, 3])
def test_lost_race_moves_on_to_the_next(world: World, rivals: int) -> None:
    inventory = Rivals()
    stock(inventory)
    inventory.rivals = rivals
    taken = take(ClaimAvailable(inventory, world.clock), 2)
    mine = [record.number for record in inventory.all().values() if record.assigned_to == "alice"]
    assert sorted(mine) == taken
    assert len(taken) == 2


def test_row_that_somebody_broke_is_given_back_and_another_taken(world: World) -> None:
    """GIVEN two rows, and a rival in the midst of the first THEN the other is claimed, and nothing else is."""

    class InTheMidst(MemoryInventory):
        broken = ""

        def save(self, decisions: Sequence[Decision]) -> Sequence[WriteResult]:
            if not self.broken and len(decisions) == 2:
                self.broken = decisions[1].after.number
                self.put(replace(available(), number=self.broken, status=Status.USED, vendor="Microsoft"))
            return super().save(decisions)

    inventory = InTheMidst()
    planted(inventory, "11", "12", "13", "21", "22", "23")
    taken = take(ClaimAvailable(inventory, world.clock), 3, contiguous=True)
    assert taken == (["21", "22", "23"] if inventory.broken < "20" else ["11", "12", "13"])
    assert [number for (_, number), record in inventory.all().items() if record.assigned_to == "alice"] == taken
    given_back = [record for record in inventory.all().values() if "given back" in record.reason]
    assert {record.status for record in given_back} == {Status.AVAILABLE}
    assert len(given_back) == 2


def test_what_somebody_changed_meanwhile_is_not_given_back(world: World) -> None:
    """GIVEN a claim that comes to nothing WHEN a device has taken one of its numbers meanwhile THEN it stays there."""

    class TakenAgain(MemoryInventory):
        def get_many(self, customer: str, numbers: Sequence[str]) -> Mapping[str, NumberRecord]:
            present = self.get(CUSTOMER, "11")
            if present and present.assigned_to == "alice":
                self.put(replace(present, holders=holders("sbc1")))
            return super().get_many(customer, numbers)

    inventory = TakenAgain()
    planted(inventory, "11")
    with pytest.raises(RuleViolationError):
        take(ClaimAvailable(inventory, world.clock), 2)
    record = inventory.get(CUSTOMER, "11")
    assert record is not None
    assert (record.assigned_to, len(record.holders)) == ("alice", 1)


# --- faults


def test_lost_answer_is_looked_up(world: World, claim: ClaimAvailable) -> None:
    """GIVEN writes that are lost, and others whose answers are THEN what stands counts, and the rest does not."""
    world.inventory.answers_lost = {"1001", "1005"}
    world.inventory.writes_lost = {"1003"}
    assert len(take(claim, 6)) == 6
    mine = [record for record in world.inventory.all().values() if record.assigned_to == "alice"]
    assert len(mine) == 6
    assert not world.inventory.answers_lost


@pytest.mark.parametrize("contiguous", [False, True])
@pytest.mark.parametrize("error", [StorageBusyError("busy"), StorageRefusedError("refused"), KeyboardInterrupt()])
def test_claim_that_fails_anywhere_gives_back_what_it_took(error: BaseException, contiguous: bool) -> None:
    """GIVEN an error at every single point of a claim THEN nothing of it stays taken."""

    def fail() -> None:
        raise error

    for point in range(100):
        world = World()
        planted(world.inventory, "11", "12", "13")
        before = states(world.inventory)
        world.fuse.blow_at(point, fail)
        claim = ClaimAvailable(world.inventory, world.clock)
        try:
            taken = take(claim, 3, contiguous=contiguous)
        except type(error):
            assert states(world.inventory) == before
            continue
        if not world.fuse.armed:
            pytest.fail(f"the error at point {point} was swallowed")
        assert taken == ["11", "12", "13"]
        return
    pytest.fail("a claim has no end of points")


def test_process_that_dies_leaves_numbers_that_are_the_callers(world: World) -> None:
    """GIVEN a death at every single point THEN each number is as before or alice's; the same claim again succeeds."""
    for point in range(100):
        world = World()
        planted(world.inventory, *(str(number) for number in range(11, 17)))
        world.fuse.blow_at(point)
        claim = ClaimAvailable(world.inventory, world.clock)
        try:
            take(claim, 3)
        except ProcessDiedError:
            owned = {record.assigned_to for record in world.inventory.all().values()}
            assert owned <= {"", "alice"}
            assert len(take(claim, 3)) == 3
            continue
        return
    pytest.fail("a claim has no end of points")


def test_what_cannot_be_given_back_is_named(world: World, claim: ClaimAvailable) -> None:
    """GIVEN a database that fails for good half-way THEN the caller learns which numbers may still be taken."""

    class Failing(MemoryInventory):
        calls = 0

        def get_many(self, customer: str, numbers: Sequence[str]) -> Mapping[str, NumberRecord]:
            self.calls += 1
            if self.calls > 1:
                raise StorageBusyError("no answer")
            return super().get_many(customer, numbers)

    inventory = Failing()
    planted(inventory, "11")
    with pytest.raises(StorageBusyError, match=r"may still be assigned: 11 \(no answer\)"):
        take(ClaimAvailable(inventory, world.clock), 2)


def test_number_of_an_unreadable_record_is_passed_over(world: World, claim: ClaimAvailable) -> None:
    world.inventory.unreadable = {"1001"}
    assert len(take(claim, 6)) == 6
    with pytest.raises(RuleViolationError):
        take(claim)


def test_numbers_of_others_are_left_alone(world: World, claim: ClaimAvailable) -> None:
    world.inventory.put(replace(of_microsoft(), number="3001", assigned_to="bob"))
    take(claim, 7)
    assert world.number("3001").assigned_to == "bob"
    assert world.number("1000", "other").status is Status.AVAILABLE
