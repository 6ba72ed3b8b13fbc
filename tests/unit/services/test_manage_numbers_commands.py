"""Changing numbers by command: one or many, with a version or without, against rivals and lost answers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.commands import Assign, Cool, Edit, Release, Reserve, Unassign
from number_inventory.domain.decisions import Decision
from number_inventory.domain.errors import (
    InvalidInputError,
    NotFoundError,
    PreconditionFailedError,
    RecordBrokenError,
    RuleViolationError,
    SettingBrokenError,
    StorageBusyError,
)
from number_inventory.domain.macros import COOLING_DURATION, COOLING_ENABLED
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.ports.numbers import WriteResult
from number_inventory.services.change_numbers import MAX_ROUNDS
from number_inventory.services.manage_numbers import MAX_MANY, ItemResult, ManageNumbers
from tests.memory.fuse import ProcessDiedError
from tests.memory.inventory import MemoryInventory
from tests.memory.world import CUSTOMER, World
from tests.unit.domain.records import available, cooling, holders, of_microsoft, reserved, used

TO_ALICE = Assign("Microsoft", Usage.USER, "alice")
BY = "api:arn:aws:iam::1:user/ann"


@pytest.fixture
def world() -> World:
    world = World()
    for number in ("1001", "1002", "1003"):
        world.inventory.put(replace(available(), number=number))
    return world


@pytest.fixture
def manage(world: World) -> ManageNumbers:
    return ManageNumbers(world.inventory, world.macros, world.clock)


class Contested(MemoryInventory):
    """Before each of the first `times` writes, somebody else writes to the number."""

    times = 0

    def save(self, decisions: Sequence[Decision]) -> Sequence[WriteResult]:
        for decision in decisions[: self.times]:
            self._interfere(decision.after)
        return super().save(decisions)

    def delete(self, record: NumberRecord) -> WriteResult:
        if self.times:
            self._interfere(record)
        return super().delete(record)

    def _interfere(self, record: NumberRecord) -> None:
        self.times -= 1
        present = self.get(record.customer, record.number)
        assert present is not None
        self.put(replace(present, extra3=f"rival {self.times}"))


# --- one


def test_command_is_written_with_who_when_and_why(world: World, manage: ManageNumbers) -> None:
    """GIVEN an Available number WHEN assigned THEN what comes back is what is stored, stamped with the caller."""
    record = manage.one(CUSTOMER, " 1001 ", TO_ALICE, BY)

    assert record == world.number("1001")
    assert (record.status, record.assigned_to, record.version) == (Status.USED, "alice", 2)
    assert (record.updated_by, record.reason, record.updated_at) == (BY, "assigned", world.clock.at)


def test_release_keeps_the_reason_it_was_given(world: World, manage: ManageNumbers) -> None:
    world.inventory.put(replace(cooling(), number="1001"))
    assert manage.one(CUSTOMER, "1001", Release(" fraud desk asked "), BY).reason == "fraud desk asked"


def test_same_command_again_writes_nothing(world: World, manage: ManageNumbers) -> None:
    """GIVEN a caller whose answer got lost WHEN it asks again THEN it is told the number as it is, unwritten."""
    first = manage.one(CUSTOMER, "1001", TO_ALICE, BY)
    world.clock.advance(minutes=1)
    assert manage.one(CUSTOMER, "1001", TO_ALICE, BY) == first
    assert world.number("1001").version == 2


def test_answer_lost_by_the_database_is_told_and_asking_again_settles_it(world: World, manage: ManageNumbers) -> None:
    world.inventory.answers_lost = {"1001"}
    with pytest.raises(StorageBusyError, match=r"1001 .* could not be learnt.*history"):
        manage.one(CUSTOMER, "1001", TO_ALICE, BY)
    assert manage.one(CUSTOMER, "1001", TO_ALICE, BY).version == 2


def test_loser_of_a_race_decides_anew(world: World) -> None:
    """GIVEN a rival that writes first WHEN assigned THEN the number is read again, and its change stays."""
    world.inventory = Contested()
    world.inventory.put(replace(available(), number="1001"))
    world.inventory.times = MAX_ROUNDS - 1
    manage = ManageNumbers(world.inventory, world.macros, world.clock)
    record = manage.one(CUSTOMER, "1001", TO_ALICE, BY)
    assert (record.assigned_to, record.extra3, record.version) == ("alice", "rival 0", MAX_ROUNDS + 1)

    world.inventory.times = MAX_ROUNDS
    with pytest.raises(StorageBusyError, match="others kept changing"):
        manage.one(CUSTOMER, "1001", Edit({"tag": "new"}), BY)
    world.inventory.times = 1
    with pytest.raises(PreconditionFailedError):
        manage.one(CUSTOMER, "1001", Edit({"tag": "new"}), BY, if_version=world.number("1001").version)


def test_version_must_be_the_present_one(world: World, manage: ManageNumbers) -> None:
    """GIVEN a number at version 1 WHEN changed or deleted if at 2 THEN it is not, even where it already is so."""
    for command in (TO_ALICE, Edit({"site": "London"})):
        with pytest.raises(PreconditionFailedError) as refusal:
            manage.one(CUSTOMER, "1001", command, BY, if_version=2)
        assert (refusal.value.number, refusal.value.version) == ("1001", 1)
    with pytest.raises(PreconditionFailedError):
        manage.delete(CUSTOMER, "1001", BY, if_version=2)
    assert manage.one(CUSTOMER, "1001", TO_ALICE, BY, if_version=1).version == 2


@pytest.mark.parametrize(
    ("customer", "number", "field"), [("Acme", "1001", "customer"), (CUSTOMER, "x", "number"), (CUSTOMER, "", "number")]
)
def test_malformed_names_are_refused(manage: ManageNumbers, customer: str, number: str, field: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        manage.one(customer, number, TO_ALICE, BY)
    assert refusal.value.field == field
    with pytest.raises(InvalidInputError):
        manage.delete(customer, number, BY)


def test_malformed_command_is_refused_before_anything_is_read(world: World, manage: ManageNumbers) -> None:
    with pytest.raises(InvalidInputError, match="usage"):
        manage.one(CUSTOMER, "9999", Assign("", Usage.NONE, "alice"), BY)
    with pytest.raises(InvalidInputError, match="usage"):
        manage.many(CUSTOMER, ["9999"], Assign("", Usage.NONE, "alice"), BY)
    assert world.fuse.passed == []


def test_number_that_is_not_there_is_not_found(manage: ManageNumbers) -> None:
    with pytest.raises(NotFoundError, match="customer acme has no number 9999"):
        manage.one(CUSTOMER, "9999", TO_ALICE, BY)
    with pytest.raises(NotFoundError, match="customer acme has no number 9999"):
        manage.delete(CUSTOMER, "9999", BY, if_version=1)


def test_number_that_cannot_be_understood_is_never_changed(world: World, manage: ManageNumbers) -> None:
    world.inventory.unreadable = {"1001"}
    with pytest.raises(RecordBrokenError):
        manage.one(CUSTOMER, "1001", TO_ALICE, BY)
    with pytest.raises(RecordBrokenError):
        manage.delete(CUSTOMER, "1001", BY)


def test_cooling_by_the_customers_settings(world: World, manage: ManageNumbers) -> None:
    """GIVEN the customer's own duration, and cooling off WHEN cooled by hand or given back THEN each by its rule."""
    world.macros.put(CUSTOMER, COOLING_DURATION, "7")
    assert manage.one(CUSTOMER, "1001", Cool(), BY).release_date == world.clock.at + timedelta(days=7)
    manage.one(CUSTOMER, "1002", TO_ALICE, BY)
    assert manage.one(CUSTOMER, "1002", Unassign(), BY).status is Status.AVAILABLE
    world.macros.put(CUSTOMER, COOLING_ENABLED, "true")
    manage.one(CUSTOMER, "1002", TO_ALICE, BY)
    assert manage.one(CUSTOMER, "1002", Unassign(), BY).release_date == world.clock.at + timedelta(days=7)


def test_broken_settings_stop_only_what_depends_on_them(world: World, manage: ManageNumbers) -> None:
    world.macros.put(CUSTOMER, COOLING_DURATION, "soon")
    with pytest.raises(SettingBrokenError):
        manage.one(CUSTOMER, "1001", Cool(), BY)
    with pytest.raises(SettingBrokenError):
        manage.many(CUSTOMER, ["1001"], Unassign(), BY)
    assert manage.one(CUSTOMER, "1001", Cool(3), BY).status is Status.COOLING


# --- delete


def test_only_what_nobody_has_is_deleted(world: World, manage: ManageNumbers) -> None:
    """GIVEN numbers in every state WHEN deleted THEN only the Available one that no device holds is gone."""
    states = [used(), of_microsoft(), reserved(), cooling(), replace(available(), holders=holders("sbc1"))]
    for index, record in enumerate(states):
        number = world.inventory.put(replace(record, number=f"200{index}")).number
        with pytest.raises(RuleViolationError, match=f"{number} cannot be deleted"):
            manage.delete(CUSTOMER, number, BY)
        assert world.number(number).status is record.status
    manage.delete(CUSTOMER, "1001", BY, if_version=1)
    assert world.inventory.get(CUSTOMER, "1001") is None
    assert world.inventory.get(CUSTOMER, "1002") is not None


def test_number_that_is_taken_meanwhile_is_not_deleted(world: World) -> None:
    class Taken(MemoryInventory):
        def delete(self, record: NumberRecord) -> WriteResult:
            if record.version == 2:
                self.put(replace(record, status=Status.RESERVED, reserved_for="bob"))
            return super().delete(record)

    inventory = Taken()
    inventory.put(replace(available(), number="1001"))
    with pytest.raises(RuleViolationError, match="reserved for bob"):
        ManageNumbers(inventory, world.macros, world.clock).delete(CUSTOMER, "1001", BY)


def test_deletion_whose_answer_is_lost_may_be_asked_again(world: World, manage: ManageNumbers) -> None:
    """GIVEN a deletion whose first write, or second, stands unseen WHEN asked for again THEN the number is gone."""
    world.inventory.answers_lost = {"1001"}
    with pytest.raises(StorageBusyError):
        manage.delete(CUSTOMER, "1001", BY)
    assert (world.number("1001").deleting, world.number("1001").updated_by) == (True, BY)
    manage.delete(CUSTOMER, "1001", BY)
    assert world.inventory.get(CUSTOMER, "1001") is None

    class Unheard(MemoryInventory):
        def delete(self, record: NumberRecord) -> WriteResult:
            super().delete(record)
            return WriteResult.FAILED

    inventory = Unheard()
    inventory.put(replace(available(), number="1001"))
    unheard = ManageNumbers(inventory, world.macros, world.clock)
    with pytest.raises(StorageBusyError):
        unheard.delete(CUSTOMER, "1001", BY)
    with pytest.raises(NotFoundError):
        unheard.delete(CUSTOMER, "1001", BY)


def test_deletion_says_in_the_number_who_deletes_it_and_any_change_takes_that_back(
    world: World, manage: ManageNumbers
) -> None:
    """GIVEN a deletion that died after its first write WHEN the number is used THEN it is as if nothing had been."""
    last: list[NumberRecord] = []
    world.inventory.observers.append(lambda _, after: last.append(after))
    world.fuse.blow_at(2)
    with pytest.raises(ProcessDiedError):
        manage.delete(CUSTOMER, "1001", BY)
    assert [(each.deleting, each.updated_by, each.reason) for each in last] == [(True, BY, "deleted")]

    assert not manage.one(CUSTOMER, "1001", Reserve("bob"), BY).deleting
    with pytest.raises(RuleViolationError, match="reserved for bob"):
        manage.delete(CUSTOMER, "1001", BY)


def test_each_of_many_is_deleted_by_itself(world: World, manage: ManageNumbers) -> None:
    world.inventory.put(replace(used(), number="1002"))
    world.inventory.writes_lost = {"1003"}
    results = manage.delete_many(CUSTOMER, ["1001", "1002", "1003", "1004"], BY)
    assert [(result.number, result.outcome) for result in results] == [
        ("1001", "deleted"),
        ("1002", "refused"),
        ("1003", "failed"),
        ("1004", "not_found"),
    ]
    assert [bool(result.error) for result in results] == [False, True, True, True]


# --- many


def test_each_of_many_has_its_own_outcome(world: World, manage: ManageNumbers) -> None:
    """GIVEN numbers of every kind WHEN assigned together THEN each has its outcome, in the order asked for."""
    world.inventory.put(replace(used(), number="2001"))
    world.inventory.put(replace(of_microsoft(), number="2002", assigned_to="alice"))
    world.inventory.put(replace(available(), number="2003"))
    world.inventory.unreadable = {"2003"}
    world.inventory.writes_lost = {"1003"}

    numbers = ["2001", "1001", "9999", "2002", "2003", "1003", "1002"]
    results = manage.many(CUSTOMER, numbers, TO_ALICE, BY)

    assert [result.number for result in results] == numbers
    outcomes = ["refused", "assigned", "not_found", "unchanged", "failed", "failed", "assigned"]
    assert [result.outcome for result in results] == outcomes
    assert "registered on sbc1" in results[0].error
    assert [bool(result.error) for result in results] == [True, False, True, False, True, True, False]
    again = manage.many(CUSTOMER, ["1001", "1003"], TO_ALICE, BY)
    assert again == [ItemResult("1001", "unchanged"), ItemResult("1003", "assigned")]


def test_losers_among_many_decide_anew(world: World) -> None:
    inventory = Contested()
    for number in ("1001", "1002", "1003"):
        inventory.put(replace(available(), number=number))
    manage = ManageNumbers(inventory, world.macros, world.clock)
    inventory.times = 2
    results = manage.many(CUSTOMER, ["1001", "1002", "1003"], Reserve("bob"), BY)
    assert {result.outcome for result in results} == {"reserved"}
    inventory.times = 10_000
    results = manage.many(CUSTOMER, ["1001", "1002"], Edit({"tag": "x"}), BY)
    assert [(result.outcome, "others kept changing" in result.error) for result in results] == [("failed", True)] * 2


@pytest.mark.parametrize(
    "numbers",
    [[], [str(number) for number in range(1000, 1001 + MAX_MANY)], ["1001", "x"], ["1001", r"\+49", "+49"]],
    ids=["none", "too many", "malformed", "twice"],
)
def test_malformed_lists_change_nothing(world: World, manage: ManageNumbers, numbers: list[str]) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        manage.many(CUSTOMER, numbers, TO_ALICE, BY)
    assert refusal.value.field == "numbers"
    with pytest.raises(InvalidInputError):
        manage.delete_many(CUSTOMER, numbers, BY)
    assert {record.version for record in world.inventory.all().values()} == {1}


def test_number_freed_for_no_days_is_available_at_once(world: World, manage: ManageNumbers) -> None:
    world.macros.put(CUSTOMER, COOLING_ENABLED, "true")
    world.macros.put(CUSTOMER, COOLING_DURATION, "0")
    manage.one(CUSTOMER, "1001", TO_ALICE, BY)
    assert [result.outcome for result in manage.many(CUSTOMER, ["1001"], Unassign(), BY)] == ["released"]
    assert world.number("1001").status is Status.AVAILABLE
