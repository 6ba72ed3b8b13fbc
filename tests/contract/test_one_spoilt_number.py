"""What another hand has done to one number holds up no other: not their release, sync, audit, commands or history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from number_inventory.adapters.dynamodb.change_items import change_item, read_change, state_of
from number_inventory.adapters.dynamodb.number_items import number_change, number_item, read_number
from number_inventory.adapters.dynamodb.stored_numbers import DynamoStoredNumbers
from number_inventory.domain.changes import Change, ChangeKey, ChangeKind
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.numbers import MAX_TEXT, NumberRecord, Status
from number_inventory.ports.numbers import WriteResult
from tests.contract.audit_scene import Product
from tests.contract.conftest import RETENTION, Aws
from tests.contract.made import CUSTOMER, NOW, cooling, put, record, used, written
from tests.contract.test_broken_items import spoil
from tests.engines.engine import MOTO
from tests.engines.faults import refusals
from tests.memory.history import change_of

YESTERDAY = NOW - timedelta(days=1)
BETWEEN_SECONDS = {"S": "2026-02-28T12:00:00.5Z"}
OUT_OF_RANGE = {"S": "0001-01-01T00:00:00+14:00"}


def status(aws: Aws, number: str, customer: str = CUSTOMER) -> Status:
    """The Status that a number has."""
    found = aws.inventory.get(customer, number)
    assert found is not None
    return found.status


@pytest.mark.parametrize("date", [BETWEEN_SECONDS, OUT_OF_RANGE], ids=["between seconds", "out of range"])
def test_no_other_number_waits_for_its_release(aws: Aws, date: dict[str, str]) -> None:
    """GIVEN a Release Date by another hand WHEN the release runs THEN others of all customers are released."""
    aws.clock.at = NOW
    for customer, number in ((CUSTOMER, "1"), (CUSTOMER, "2"), ("other", "3")):
        put(aws.inventory, replace(cooling(number, until=YESTERDAY), customer=customer))
    spoil(aws, "1", "release_at", date)
    Product(aws).release_cooled.release()
    assert status(aws, "2") is status(aws, "3", "other") is Status.AVAILABLE


@pytest.mark.parametrize("date", [BETWEEN_SECONDS, OUT_OF_RANGE], ids=["between seconds", "out of range"])
def test_no_other_number_waits_for_its_sync_or_audit(aws: Aws, date: dict[str, str]) -> None:
    """GIVEN a Release Date by another hand WHEN a sync meets it, or an audit THEN others are brought right."""
    aws.clock.at = NOW
    world = Product(aws)
    device = world.add_device("sbc-1")
    put(aws.inventory, cooling("1", until=YESTERDAY), cooling("3", until=YESTERDAY))
    spoil(aws, "1", "release_at", date)
    world.device_shows(device, ["1", "2"])
    world.sync(device)
    assert status(aws, "2") is Status.USED

    spoil(aws, "3", "release_at", date)
    spoil(aws, "2", "status", {"S": "Available"})
    world.audit()
    assert status(aws, "2") is Status.USED


def test_a_release_date_between_two_seconds_is_the_later(aws: Aws) -> None:
    """GIVEN such a date WHEN it is released THEN not before the whole second, and the next write spells it whole."""
    put(aws.inventory, cooling("1", until=NOW), cooling("2", until=NOW))
    for number in "12":
        spoil(aws, number, "release_at", {"S": "2026-03-01T12:00:00.5Z"})
    second = NOW + timedelta(seconds=1)
    assert list(aws.inventory.due(NOW + timedelta(milliseconds=999))) == []
    assert {due.release_date for batch in aws.inventory.due(second) for due in batch} == {second}
    [glances] = [part.numbers for part in aws.inventory.sweep(CUSTOMER)]
    assert {glance.release_date for glance in glances} == {second}

    one = aws.inventory.get(CUSTOMER, "1")
    assert one is not None
    aws.inventory.save([written(replace(one, tag="touched"), one)])
    two = aws.inventory.get(CUSTOMER, "2")
    assert two is not None
    DynamoStoredNumbers(aws.client, aws.tables.numbers).rewrite([two], 0)
    for item in aws.client.scan(TableName=aws.tables.numbers)["Items"]:
        assert item["release_at"] == {"S": "2026-03-01T12:00:01Z"}


def test_a_number_without_room_fails_alone(aws: Aws) -> None:
    """GIVEN a number that another hand has filled up WHEN it and others are written THEN it fails, and they stand."""
    stored = put(aws.inventory, *(record(number) for number in "12345"))
    spoil(aws, "3", "carrier", {"S": "x" * ((405_000 if aws.engine.name == MOTO else 409_600) - 1_000)})
    grown = [replace(each, **{f"extra{index}": "y" * MAX_TEXT for index in (1, 2, 3)}) for each in stored]  # type: ignore[arg-type]
    longer = [replace(each, description="y" * MAX_TEXT, tag="y" * MAX_TEXT, site="y" * MAX_TEXT) for each in grown]
    results = aws.inventory.save([written(after, before) for after, before in zip(longer, stored, strict=True)])
    assert [result is WriteResult.WRITTEN for result in results] == [True, True, False, True, True]
    assert results[2] is WriteResult.FAILED
    assert [number for number in "12345" if not getattr(aws.inventory.get(CUSTOMER, number), "site", "")] == ["3"]


def test_a_batch_that_is_refused_for_one_is_written_one_by_one(aws: Aws) -> None:
    """GIVEN a request that is refused for what is in it WHEN numbers are written THEN only one of them has failed."""
    stored = put(aws.inventory, *(record(number) for number in "123"))
    with (
        refusals(aws.client, "BatchExecuteStatement", "ValidationException"),
        refusals(aws.client, "UpdateItem", "ValidationException"),
    ):
        results = aws.inventory.save([written(replace(each, tag="new"), each) for each in stored])
    assert sorted(results) == [WriteResult.FAILED, WriteResult.WRITTEN, WriteResult.WRITTEN]


def test_no_other_change_waits_for_its_history(aws: Aws) -> None:
    """GIVEN a change of which the table refuses the states WHEN recorded with others THEN all of them are kept."""
    deep: dict[str, Any] = {"S": "bottom"}
    for _ in range(31):
        deep = {"M": {"x": deep}}
    spoilt = state_of(CUSTOMER, "1", {"status": {"S": "Free"}, "version": {"N": "2"}, "deep": deep})
    key = ChangeKey(CUSTOMER, "1", 2, "7".zfill(40))
    changes = [
        Change(key=key, streamed_at=NOW, before=replace(record("1"), version=1), after=spoilt),
        change_of(None, replace(used("2"), version=1), 8, NOW),
    ]
    aws.history.record(changes)
    aws.history.record(changes)
    [kept] = aws.history.page(CUSTOMER, "1", 10, None).changes
    assert (kept.key, kept.kind) == (key, ChangeKind.UNREADABLE)
    assert aws.history.page(CUSTOMER, "2", 10, None).changes == (changes[1],)
    assert aws.history.known([key]) == {key}


# --- the law behind it

_spellings = st.one_of(
    st.datetimes(timezones=st.timezones() | st.just(UTC)).map(datetime.isoformat),
    st.builds(
        "{}T{}{}{}".format,
        st.sampled_from(["0001-01-01", "2026-03-01", "9999-12-31"]),
        st.sampled_from(["00:00:00", "23:59:59"]),
        st.sampled_from(["", ".5", ".000", ".999999"]),
        st.sampled_from(["Z", "+14:00", "-14:00", "+00:00:01", ""]),
    ),
    st.text(max_size=30),
)
_values = st.one_of(
    _spellings.map(lambda spelling: {"S": spelling}),
    st.integers(-1, 10**38).map(lambda number: {"N": str(number)}),
    st.just({"BOOL": True}),
    st.dictionaries(
        st.text(min_size=1, max_size=5),
        st.fixed_dictionaries(
            {"M": st.fixed_dictionaries({"since": _spellings.map(lambda at: {"S": at}), "sync": st.just({"N": "1"})})}
        ),
        max_size=2,
    ).map(lambda holders: {"M": holders}),
)
_names = st.sampled_from(
    [*number_item(replace(used(), release_date=NOW, tag="x", updated_at=NOW), 1), "reserved_until"]
)


@given(st.dictionaries(_names.filter(lambda name: name not in {"customer", "number"}), _values, max_size=4))
def test_what_is_read_can_be_written_and_kept(attributes: dict[str, Any]) -> None:
    """GIVEN a number into which a hand wrote anything WHEN it is not said to be broken THEN it can be written."""
    item = number_item(cooling(), 1) | attributes
    try:
        read = read_number(item)
    except RecordBrokenError:
        read = None
    if read is not None:
        number_change(read, replace(read, status=Status.AVAILABLE, release_date=None))
    state = state_of(CUSTOMER, "4711", item)
    assert isinstance(state, NumberRecord) is (read is not None)
    made = Change(key=ChangeKey(CUSTOMER, "4711", 1, "9".zfill(40)), streamed_at=NOW, before=None, after=state)
    assert read_change(change_item(made, RETENTION)).kind is made.kind
