"""The Inventory port: what is written is what is read, and only on the record it was decided on."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from number_inventory.domain.lifecycle import Registration, registered
from number_inventory.domain.management import add_number
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, first_version
from number_inventory.ports.numbers import Inventory, WriteResult
from tests.contract.conftest import Aws, Ports
from tests.contract.made import (
    CUSTOMER,
    KEY,
    NOW,
    come,
    cooling,
    gone,
    listed,
    put,
    record,
    records,
    stamp,
    used,
    written,
)

_EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def inventory(ports: Ports) -> Inventory:
    return ports.inventory


def test_unknown_number_is_none(inventory: Inventory) -> None:
    assert inventory.get(CUSTOMER, "4711") is None
    assert inventory.peek(CUSTOMER, "4711") is None
    assert dict(inventory.get_many(CUSTOMER, ["4711"])) == {}


@_EXAMPLES
@given(new=records(), other=records())
def test_any_record_survives_being_created_and_changed(
    inventory: Inventory, new: NumberRecord, other: NumberRecord
) -> None:
    """GIVEN any record WHEN it is stored and then changed into any other THEN each is read as it was written."""
    before = inventory.get(new.customer, new.number)
    created = written(replace(new, version=before.version if before else 0), before)

    assert inventory.save([created]) == [WriteResult.WRITTEN]
    stored = inventory.get(new.customer, new.number)
    version = before.version + created.needs_write if before else first_version(new)
    assert stored == replace(new, version=version)

    after = replace(other, customer=new.customer, number=new.number, version=version)
    change = written(after, stored)
    assert inventory.save([change]) == [WriteResult.WRITTEN]
    expected = replace(after, version=version + 1) if change.needs_write else stored
    assert inventory.get(new.customer, new.number) == expected
    assert inventory.peek(new.customer, new.number) == expected


def test_new_number_on_an_existing_one_is_superseded(inventory: Inventory) -> None:
    """GIVEN a number WHEN somebody writes it as new THEN it stays as it is."""
    [stored] = put(inventory, used("4711"))

    assert inventory.save([written(record("4711", tag="late"))]) == [WriteResult.SUPERSEDED]
    assert inventory.get(CUSTOMER, "4711") == stored


def test_change_of_an_older_version_is_superseded(inventory: Inventory) -> None:
    """GIVEN a number that was changed since it was read WHEN the reader writes THEN nothing of it stands."""
    [seen] = put(inventory, used("4711"))
    inventory.save([written(replace(seen, tag="first"), seen)])

    assert inventory.save([written(replace(seen, tag="second"), seen)]) == [WriteResult.SUPERSEDED]
    stored = inventory.get(CUSTOMER, "4711")
    assert stored is not None
    assert (stored.tag, stored.version) == ("first", 2)


def test_change_of_a_number_that_is_not_there_is_superseded(inventory: Inventory) -> None:
    seen = used("4711", version=3)
    assert inventory.save([written(replace(seen, tag="x"), seen)]) == [WriteResult.SUPERSEDED]
    assert inventory.get(CUSTOMER, "4711") is None


def test_decision_without_change_counts_as_written_and_writes_nothing(inventory: Inventory) -> None:
    [stored] = put(inventory, used("4711"))
    assert inventory.save([written(stored, stored)]) == [WriteResult.WRITTEN]
    assert inventory.get(CUSTOMER, "4711") == stored
    assert inventory.save([]) == []


def test_results_stand_in_the_order_of_the_decisions(inventory: Inventory) -> None:
    """GIVEN many decisions, every third on an old version WHEN saved THEN exactly those are superseded."""
    seen = put(inventory, *(used(number) for number in listed(60)))
    late = {number for index, number in enumerate(listed(60)) if index % 3 == 0}
    inventory.save([written(replace(each, tag="moved"), each) for each in seen if each.number in late])

    results = inventory.save([gone(each) for each in seen])

    expected = [WriteResult.SUPERSEDED if each.number in late else WriteResult.WRITTEN for each in seen]
    assert list(results) == expected
    stored = inventory.get_many(CUSTOMER, listed(60))
    assert {number for number, each in stored.items() if each.status is Status.COOLING} == set(listed(60)) - late


def test_get_many_finds_all_that_exist_and_asks_for_each_once(inventory: Inventory) -> None:
    """GIVEN more numbers than fit one request, asked for twice each THEN those that exist come back."""
    put(inventory, *(used(number) for number in listed(230)))
    found = inventory.get_many(CUSTOMER, [*listed(250), *listed(250)])
    assert sorted(found) == listed(230)
    assert all(found[number].number == number for number in found)


def test_customers_never_see_each_other(inventory: Inventory) -> None:
    put(inventory, used("4711"))
    assert inventory.get("other", "4711") is None
    assert dict(inventory.get_many("other", ["4711"])) == {}
    assert [each for part in inventory.sweep("other") for each in part.numbers] == []
    assert inventory.save([written(replace(record("4711"), customer="other"))]) == [WriteResult.WRITTEN]
    mine = inventory.get(CUSTOMER, "4711")
    assert mine is not None
    assert mine.status is Status.USED


# --- due


def due(inventory: Inventory, *, days: float, customer: str | None = None) -> set[tuple[str, str]]:
    until = NOW + timedelta(days=days)
    found = [each for batch in inventory.due(until, customer) for each in batch]
    assert all(each.release_date <= until for each in found)
    assert len(found) == len(set(found))
    return {(each.customer, each.number) for each in found}


def test_due_is_what_has_reached_its_release_date_to_the_second(inventory: Inventory) -> None:
    """GIVEN cooling numbers WHEN asked what is due THEN the date itself counts, a second before does not."""
    put(inventory, cooling("1"), cooling("2", until=NOW + timedelta(days=2, seconds=1)), cooling("3", until=NOW))
    assert due(inventory, days=0) == {(CUSTOMER, "3")}
    assert due(inventory, days=2) == {(CUSTOMER, "1"), (CUSTOMER, "3")}
    assert due(inventory, days=2 - 0.1 / 86400) == {(CUSTOMER, "3")}
    assert due(inventory, days=2 + 1.5 / 86400) == {(CUSTOMER, "1"), (CUSTOMER, "2"), (CUSTOMER, "3")}


def test_due_knows_no_limit_on_how_late(inventory: Inventory) -> None:
    """GIVEN a number whose date passed years ago THEN it is due (VOSS looks back 20 days only)."""
    put(inventory, cooling("1", until=NOW - timedelta(days=4000)))
    assert due(inventory, days=0) == {(CUSTOMER, "1")}


def test_due_lists_all_customers_or_one(inventory: Inventory) -> None:
    put(inventory, cooling("1"), replace(cooling("1"), customer="other"), cooling("2"))
    assert due(inventory, days=2) == {(CUSTOMER, "1"), ("other", "1"), (CUSTOMER, "2")}
    assert due(inventory, days=2, customer="other") == {("other", "1")}


def test_due_forgets_a_number_that_came_back_and_finds_its_next_cooling(inventory: Inventory) -> None:
    [stored] = put(inventory, used("4711"))
    inventory.save([gone(stored, days=2)])
    cooled = inventory.get(CUSTOMER, "4711")
    assert cooled is not None
    assert due(inventory, days=3) == {(CUSTOMER, "4711")}

    inventory.save([come("4711", cooled, sync=3)])
    assert due(inventory, days=3) == set()

    back = inventory.get(CUSTOMER, "4711")
    assert back is not None
    inventory.save([gone(back, days=5, sync=4)])
    assert due(inventory, days=3) == set()
    assert due(inventory, days=5) == {(CUSTOMER, "4711")}


def test_cooling_without_release_date_is_stored_and_never_due(inventory: Inventory) -> None:
    """GIVEN a Cooling number without a date (an audit finding) THEN it can be read, and is not due."""
    put(inventory, record("4711", status=Status.COOLING))
    stored = inventory.get(CUSTOMER, "4711")
    assert stored is not None
    assert stored.release_date is None
    assert due(inventory, days=10_000) == set()


def test_due_of_many_in_every_shard(inventory: Inventory) -> None:
    put(inventory, *(cooling(number) for number in listed(80)))
    assert due(inventory, days=2) == {(CUSTOMER, number) for number in listed(80)}


def test_holders_keep_the_order_of_their_names(inventory: Inventory) -> None:
    """GIVEN several holders THEN they are read in the order in which the rules keep them, so that equal is equal."""
    holders = tuple(Holder(name, NOW, 1) for name in ("a", "b-2", "b10", "z"))
    put(inventory, record("4711", status=Status.USED, holders=holders))
    stored = inventory.get(CUSTOMER, "4711")
    assert stored is not None
    assert stored.holders == holders


# --- lapsing


def reserved(number: str = "4711", until: datetime | None = NOW, **fields: object) -> NumberRecord:
    return record(number, status=Status.RESERVED, reserved_for="bob", reserved_until=until, **fields)


def lapsing(inventory: Inventory, until: datetime = NOW, customer: str | None = None) -> set[tuple[str, str]]:
    found = [each for batch in inventory.lapsing(until, customer) for each in batch]
    assert all(each.reserved_until <= until for each in found)
    assert len(found) == len(set(found))
    return {(each.customer, each.number) for each in found}


def test_reservations_lapse_at_their_end_to_the_microsecond(inventory: Inventory) -> None:
    """GIVEN reservations with ends around an instant WHEN asked what has lapsed THEN none too early, none too late."""
    ends = {str(index): NOW + timedelta(microseconds=offset) for index, offset in enumerate((-1, 0, 1, 400_000, 10**6))}
    put(inventory, *(reserved(number, end) for number, end in ends.items()), reserved("9", None))
    for at in (*ends.values(), NOW + timedelta(milliseconds=999)):
        assert lapsing(inventory, at) == {(CUSTOMER, number) for number, end in ends.items() if end <= at}


def test_reservations_lapse_however_late_of_all_customers_or_one(inventory: Inventory) -> None:
    put(inventory, reserved("1", NOW - timedelta(days=4000)), replace(reserved("1"), customer="other"))
    assert lapsing(inventory) == {(CUSTOMER, "1"), ("other", "1")}
    assert lapsing(inventory, customer="other") == {("other", "1")}


def test_only_reserved_numbers_with_an_end_lapse(inventory: Inventory) -> None:
    """GIVEN a reservation WHEN it is prolonged, made endless or taken up THEN it does not lapse at its first end."""
    stored = put(inventory, *(reserved(number) for number in ("1", "2", "3", "4")))
    changes = (
        replace(stored[0], reserved_until=NOW + timedelta(days=1)),
        replace(stored[1], reserved_until=None),
        replace(stored[2], status=Status.USED),
    )
    inventory.save([written(after, before) for after, before in zip(changes, stored, strict=False)])
    assert lapsing(inventory) == {(CUSTOMER, "4")}
    assert lapsing(inventory, NOW + timedelta(days=1)) == {(CUSTOMER, "1"), (CUSTOMER, "4")}


def test_reservations_of_many_in_every_shard(inventory: Inventory) -> None:
    put(inventory, *(reserved(number) for number in listed(80)))
    assert lapsing(inventory) == {(CUSTOMER, number) for number in listed(80)}


def test_items_from_before_the_index_keep_working_and_enter_it_with_their_next_write(aws: Aws) -> None:
    """GIVEN a reserved item without what is new WHEN it is read and changed THEN it reads as ever, and then lapses."""
    [stored] = put(aws.inventory, reserved("1"))
    key = {"customer": {"S": CUSTOMER}, "number": {"S": "1"}}
    aws.client.update_item(TableName=aws.tables.numbers, Key=key, UpdateExpression="REMOVE lapse_shard, assigned_to")
    assert aws.inventory.get(CUSTOMER, "1") == stored
    assert lapsing(aws.inventory) == set()
    aws.inventory.save([written(replace(stored, tag="x"), stored)])
    assert lapsing(aws.inventory) == {(CUSTOMER, "1")}


# --- delete


def test_number_is_deleted_only_at_its_version(inventory: Inventory) -> None:
    """GIVEN a number that changed since it was read WHEN its reader deletes it THEN it stays, until read again."""
    [seen, other] = put(inventory, record("1"), record("2"))
    inventory.save([written(replace(seen, tag="first"), seen)])
    assert inventory.delete(seen) is WriteResult.SUPERSEDED
    present = inventory.get(CUSTOMER, "1")
    assert present is not None
    assert inventory.delete(present) is WriteResult.WRITTEN
    assert inventory.get(CUSTOMER, "1") is None
    assert inventory.get(CUSTOMER, "2") == other
    assert [number for batch in inventory.available(CUSTOMER, "", 10) for number in batch] == ["2"]


def test_number_that_is_gone_was_deleted_by_somebody_else(inventory: Inventory) -> None:
    [seen] = put(inventory, record("1"))
    assert inventory.delete(seen) is WriteResult.WRITTEN
    assert inventory.delete(seen) is WriteResult.SUPERSEDED
    assert inventory.save([written(replace(seen, tag="late"), seen)]) == [WriteResult.SUPERSEDED]
    assert inventory.save([written(record("1"))]) == [WriteResult.WRITTEN]


def test_peek_many_finds_what_get_many_finds(inventory: Inventory) -> None:
    put(inventory, *(used(number) for number in listed(120)))
    assert dict(inventory.peek_many(CUSTOMER, listed(150))) == dict(inventory.get_many(CUSTOMER, listed(150)))


def test_number_that_was_deleted_and_added_again_is_another_one(inventory: Inventory) -> None:
    """GIVEN decisions about a number WHEN it was deleted and a device brought it back THEN none of them is written."""
    (new,) = inventory.save([add_number(None, record(), stamp(at=NOW))])
    assert new is WriteResult.WRITTEN
    before = inventory.get(CUSTOMER, "4711")
    assert before is not None
    assert inventory.delete(before) is WriteResult.WRITTEN
    later = stamp(f"sync:{KEY.name}#1", NOW + timedelta(milliseconds=1))
    assert inventory.save([registered(None, Registration(CUSTOMER, "4711", KEY.name, 1), later)]) == [
        WriteResult.WRITTEN
    ]

    assert inventory.delete(before) is WriteResult.SUPERSEDED
    assert inventory.save([written(replace(before, vendor="Microsoft"), before)]) == [WriteResult.SUPERSEDED]

    after = inventory.get(CUSTOMER, "4711")
    assert after is not None
    assert (after.status, after.vendor) == (Status.USED, AUDIOCODES)
    assert after.version > before.version
