"""The History port: each change has one place, whoever stores it how often; a number's are read newest first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from number_inventory.adapters.dynamodb.change_items import change_item, read_change
from number_inventory.domain.changes import Change, ChangeKey, ChangeKind, Unreadable
from number_inventory.domain.counts import MOST_CELLS, UNREADABLE, Cell, CounterKey, SiteCounter
from number_inventory.domain.errors import RecordBrokenError, StorageBusyError
from number_inventory.domain.numbers import MAX_TEXT, NumberRecord
from number_inventory.ports.history import History
from number_inventory.services.count_numbers import CountChanges, LookAtCounts
from number_inventory.services.record_history import RecordHistory
from tests.contract.conftest import RETENTION, Aws, Ports
from tests.contract.made import CUSTOMER, NOW, cooling, instants, listed, record, records, used, words
from tests.engines.faults import unwritten
from tests.memory.history import MemoryStatusEvents, change_of


@pytest.fixture
def history(ports: Ports) -> History:
    """Where changes are kept."""
    return ports.history


def life(number: str = "4711", versions: int = 5, first: int = 1) -> list[Change]:
    """A number that is added, used and cooling in turn, and deleted at last."""
    states: list[NumberRecord | None] = [None]
    states += [
        replace(used(number) if version % 2 else cooling(number), version=first + version)
        for version in range(versions)
    ]
    states.append(None)
    return [
        change_of(before, after, 10 * first + index, NOW + timedelta(minutes=index))
        for index, (before, after) in enumerate(pairwise(states))
    ]


def read(history: History, number: str = "4711", limit: int = 3) -> list[Change]:
    """All changes of a number, through all pages, as they happened."""
    found: list[Change] = []
    after = None
    while True:
        page = history.page(CUSTOMER, number, limit, after)
        assert len(page.changes) <= limit
        found += page.changes
        after = page.last
        if after is None:
            return found[::-1]


def test_changes_are_read_newest_first_page_by_page(history: History) -> None:
    """GIVEN numbers with a history WHEN one is read page by page THEN that is all of its own, and nothing else."""
    history.record([*life("4711"), *life("47110"), *life("+4711")])
    assert read(history, "4711") == life("4711")
    assert read(history, "+4711", limit=100) == life("+4711")
    assert read(history, "0") == []
    assert history.page("other", "4711", 10, None).changes == ()


def test_any_order_and_any_number_of_times_leave_the_same_history(history: History) -> None:
    """GIVEN batches that come again in other cuts and orders WHEN recorded THEN each change stands there once."""
    changes = life(versions=8)
    for batch in (changes[5:], changes[:3], changes[2:7][::-1], changes, []):
        history.record(batch)
    assert read(history) == changes


def test_second_life_of_a_number_comes_after_the_first(history: History) -> None:
    """GIVEN a number that is deleted and added again WHEN its history is read THEN both lives are there, in order."""
    both = life(versions=3) + life(versions=2, first=1_770_000_000_000)
    history.record(both[::-1])
    assert read(history) == both
    assert [change.kind for change in read(history)].count(ChangeKind.DELETED) == 2


def test_changes_of_one_version_by_other_hands_all_stand(history: History) -> None:
    """GIVEN a hand that writes without counting the version up WHEN recorded THEN every write is there, in order."""
    states = [replace(record(), version=5, description=text) for text in ("a", "b", "c")]
    changes = [change_of(before, after, index, NOW) for index, (before, after) in enumerate(pairwise(states), 9)]
    history.record(changes[::-1])
    assert read(history) == changes


def test_more_changes_than_a_request_takes_are_all_stored(aws: Aws) -> None:
    """GIVEN more changes than fit one request, and a table that leaves some unwritten THEN all stand there."""
    changes = [change_of(None, replace(used(number), version=1), 1, NOW) for number in listed(60)]
    with unwritten(aws.client, times=2):
        aws.history.record(changes)
    assert [aws.history.page(CUSTOMER, number, 5, None).changes for number in listed(60)] == [(c,) for c in changes]
    with unwritten(aws.client, times=50), pytest.MonkeyPatch.context() as patch:
        patch.setattr("number_inventory.adapters.dynamodb.batch_write.pause", lambda _: 0.0)
        with pytest.raises(StorageBusyError):
            aws.history.record(changes[:5])


def test_broken_item_is_reported_and_the_others_are_shown(aws: Aws) -> None:
    """GIVEN an item that another hand spoilt WHEN a history is read THEN the rest of it is, and the log names it."""
    changes = life(versions=2)
    aws.history.record(changes)
    key = {"number": {"S": f"{CUSTOMER}#4711"}, "change": {"S": "0000000000000001#x"}}
    aws.client.put_item(TableName=aws.tables.history, Item={**key, "at": {"S": "yesterday"}})
    assert read(aws.history) == changes
    assert "yesterday" in str(aws.broken[0])


def test_change_costs_one_unit_and_says_when_it_is_forgotten(metered: Aws) -> None:
    """GIVEN changes of numbers with their usual texts WHEN recorded THEN each is one write unit."""
    texts: dict[str, Any] = {
        "description": "Reception, second floor",
        "site": "Berlin",
        "tag": "front desk",
        "reason": "registered",
    }
    before = replace(
        used("+493012345678", **texts), version=1_790_000_000_000, updated_by="sync:sbc-berlin-1#1790000123"
    )
    after = replace(
        cooling("+493012345678", **texts),
        version=1_790_000_000_001,
        updated_by="sync:sbc-berlin-1#1790000124",
        updated_at=NOW,
    )
    changes = [change_of(before, replace(after, version=after.version + index), index, NOW) for index in range(25)]
    metered.meter.reset()
    metered.history.record(changes)
    assert metered.meter.requests == {"BatchWriteItem": 1}
    assert metered.meter.write_units == 25
    item = change_item(changes[0], RETENTION)
    assert item["expires_at"] == {"N": str(int((NOW + RETENTION).timestamp()))}
    metered.meter.reset()
    metered.history.page(CUSTOMER, "+493012345678", 10, None)
    assert metered.meter.requests == {"Query": 1}


# --- what is known, and counted


def test_what_is_stored_is_known_and_nothing_else(history: History) -> None:
    """GIVEN more changes than one request looks up WHEN asked for THEN those that are stored are known."""
    changes = [change_of(None, replace(used(number), version=1), 1, NOW) for number in listed(130)]
    history.record(changes[:120])
    assert set(history.known([change.key for change in changes])) == {change.key for change in changes[:120]}
    assert not history.known([])


def test_counter_is_written_by_who_read_it_last(ports: Ports) -> None:
    """GIVEN two who read a counter WHEN both write it THEN one does, and the other reads again."""
    key, other = CounterKey(CUSTOMER, "Berlin # 1"), CounterKey(CUSTOMER, "")
    [empty] = ports.counters.load([key]).values()
    assert empty == SiteCounter(key=key)
    changes = life(versions=4)[:3]
    first = replace(
        empty,
        cells={Cell("Used", "AudioCodes"): 3, Cell("Cooling", ""): -1, Cell(UNREADABLE, ""): 2, Cell("Used", "a#b"): 1},
        applied=frozenset(change.key for change in changes),
    )
    assert ports.counters.save(first)
    assert not ports.counters.save(replace(first, cells={}))
    found = ports.counters.load([key, other])
    assert found[key] == replace(first, version=1)
    assert found[other].version == 0
    assert ports.counters.save(replace(found[key], cells={}))
    assert not ports.counters.save(found[key])
    assert ports.counters.save(found[other])
    assert [counter.key for counter in ports.counters.of_customer(CUSTOMER)] == [other, key]
    assert ports.counters.of_customer("other") == []


def test_counter_with_the_longest_names_can_be_stored(ports: Ports) -> None:
    """GIVEN as many Vendors as one counts by themselves, and long names WHEN it is written THEN it is not too large."""
    key = CounterKey(CUSTOMER, "\N{GOTHIC LETTER AHSA}" * MAX_TEXT)
    [empty] = ports.counters.load([key]).values()
    names = [f"{each:03d}".ljust(MAX_TEXT, "\N{GOTHIC LETTER AHSA}") for each in range(MOST_CELLS)]
    full = replace(empty, cells={Cell(UNREADABLE, name): 100_000 for name in names})
    assert ports.counters.save(full)
    assert ports.counters.load([key])[key].cells == full.cells


def test_customers_that_have_numbers_are_listed_once(ports: Ports) -> None:
    """GIVEN counters of several Sites and customers WHEN their customers are listed THEN each once, in order."""
    keys = [CounterKey(customer, site) for customer in ("zeta", CUSTOMER, "a-b") for site in ("", "Berlin", "#")]
    for counter in ports.counters.load(keys).values():
        assert ports.counters.save(counter)
    ports.history.record(life(versions=2))
    assert list(ports.counters.customers()) == sorted(["zeta", CUSTOMER, "a-b"])


def test_counts_that_another_hand_spoilt_are_not_counted_on(aws: Aws) -> None:
    key = {"number": {"S": CUSTOMER}, "change": {"S": "count#"}}
    for cells, applied in (({"Lost#": {"N": "1"}}, b""), ({"Used#": {"N": "1"}}, b"x")):
        item: Any = {**key, "version": {"N": "1"}, "cells": {"M": cells}, "applied": {"B": applied}}
        aws.client.put_item(TableName=aws.tables.history, Item=item)
        with pytest.raises(RecordBrokenError, match="counter of site ''"):
            aws.counters.of_customer(CUSTOMER)


def test_counting_a_hundred_changes_costs_little(metered: Aws) -> None:
    """GIVEN a hundred changes of a Site WHEN counted and recorded THEN it is a unit each, and a few besides."""
    record_all = RecordHistory(CountChanges(metered.history, metered.counters), metered.history, MemoryStatusEvents())
    batches = [
        [change_of(None, replace(used(number, site="Berlin"), version=1), 1, NOW) for number in listed(100, first)]
        for first in (0, 100)
    ]
    record_all(batches[0])
    metered.meter.reset()
    record_all(batches[1])
    assert metered.meter.requests["PutItem"] == 1
    assert metered.meter.requests["BatchGetItem"] == 4, (
        "since when it counts; the counter; the batch, and what the counter remembers of before"
    )
    assert metered.meter.units["BatchWriteItem"] == 100
    assert metered.meter.units["PutItem"] <= 3
    record_all(batches[1])
    [counter] = metered.counters.of_customer(CUSTOMER)
    assert counter.cells == {Cell("Used", "AudioCodes"): 200}
    metered.meter.reset()
    LookAtCounts(metered.counters)(CUSTOMER)
    assert metered.meter.requests == {"Query": 1}


# --- items


def change(before: NumberRecord | None, after: NumberRecord | None, at: datetime) -> Change | None:
    """A change between any two states of a number; None where it is none."""
    if before is after is None:
        return None
    same = {"customer": CUSTOMER, "number": "4711", "version": 7}
    states = [replace(state, **same) if state else None for state in (before, after)]  # type: ignore[arg-type]
    return change_of(states[0], states[1], 9, at.replace(microsecond=0))


@given(st.none() | records(), st.none() | records(), instants)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_item_says_all_of_both_sides(before: NumberRecord | None, after: NumberRecord | None, at: datetime) -> None:
    """GIVEN any change WHEN it is stored and read again THEN before and after are exactly what they were."""
    made = change(before, after, at)
    if made is not None:
        assert read_change(change_item(made, timedelta(days=400))) == made


@given(words)
def test_number_that_cannot_be_understood_is_kept_as_it_stands(status: str) -> None:
    """GIVEN a number that some hand has spoilt WHEN its change is stored and read again THEN it is as it stood."""
    stored = {"status": {"S": "no " + status}, "version": {"N": "8"}, "colour": {"S": "red"}}
    key = ChangeKey(CUSTOMER, "4711", 8, "9".zfill(40))
    made = Change(key=key, streamed_at=NOW, before=replace(record(), version=7), after=Unreadable(stored, "spoilt"))
    again = read_change(change_item(made, RETENTION))
    assert isinstance(again.after, Unreadable)
    assert (again.after.stored, again.before, again.kind) == (stored, made.before, ChangeKind.UNREADABLE)


def test_what_is_too_large_is_left_out_by_name_and_never_guessed_at() -> None:
    """GIVEN two states that another hand made too large for one item WHEN stored THEN the rest is, and says so."""
    large = [{"status": {"S": "Used"}, "version": {"N": "8"}, "extra1": {"S": letter * 300_000}} for letter in "ab"]
    key = ChangeKey(CUSTOMER, "4711", 8, "9".zfill(40))
    made = Change(key=key, streamed_at=NOW, before=Unreadable(large[0], ""), after=Unreadable(large[1], ""))
    item = change_item(made, RETENTION)
    assert item["omitted"] == {"SS": ["extra1"]}
    assert len(str(item)) < 400_000
    again = read_change(item)
    assert isinstance(again.after, Unreadable)
    assert "without extra1" in again.after.cause
    assert again.streamed_at == NOW.astimezone(UTC)
