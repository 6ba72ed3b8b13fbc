"""Counts are exact: whatever comes how often, in which cut, by how many shards at once, and dies where."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from number_inventory.domain import counts
from number_inventory.domain.changes import Change, Unreadable
from number_inventory.domain.counts import UNREADABLE, CounterKey, SiteCounter, counts_of
from number_inventory.domain.errors import StorageBusyError
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.services.count_numbers import CountChanges
from number_inventory.services.record_history import RecordHistory
from tests.contract.made import CUSTOMER, NOW, record
from tests.memory.fuse import Fuse, ProcessDiedError
from tests.memory.history import MemoryCounters, MemoryHistory, MemoryStatusEvents, change_of

SHARDS = (("1", "2"), ("3", "4"))
"""The numbers whose changes come by each of two shards; a number's all come by one."""

Place = tuple[str, str, str] | None
Step = tuple[int, int, Place]


def some_life(chance: Random) -> list[Step]:
    """Numbers of both shards that come, go from place to place, and are deleted."""

    def place() -> Place:
        if chance.random() < 0.2:
            return None
        status = chance.choice([*Status, UNREADABLE])
        return status, chance.choice(["", "Microsoft"]), chance.choice(["", "Berlin"])

    return [(chance.randrange(2), chance.randrange(2), place()) for _ in range(30)]


class Shards:
    """Two shards of a stream, and the history, counters and events behind it."""

    def __init__(self, streams: list[list[Change]]) -> None:
        self.streams = streams
        self.done = [0, 0]
        self.fuse = Fuse()
        self.history, self.counters = MemoryHistory(self.fuse), MemoryCounters(self.fuse)
        self.events = MemoryStatusEvents(self.fuse)
        self.record = RecordHistory(CountChanges(self.history, self.counters), self.history, self.events)

    def deliver(self, shard: int, again: int, count: int) -> None:
        """Hand over a batch of a shard; it is done once that comes to its end."""
        first = max(self.done[shard] - again, 0)
        batch = self.streams[shard][first : first + count]
        self.record(batch)
        self.done[shard] = max(self.done[shard], first + len(batch))

    def disturbed(self, shard: int, again: int, count: int, what: str, point: int) -> None:
        """Hand over a batch while something happens."""
        others = {"other shard": 1 - shard, "same shard": shard}

        def others_act() -> None:
            # They do all of their work, and more; the first goes on behind them, as one that was held up does.
            for _ in range(3):
                self.deliver(others[what], again, count)

        if what != "done":
            self.fuse.blow_at(point, self._failure(what) or others_act)
        try:
            self.deliver(shard, again, count)
        except (ProcessDiedError, StorageBusyError):
            pass
        finally:
            self.fuse.disarm()

    @staticmethod
    def _failure(what: str) -> Callable[[], None] | None:
        def die() -> None:
            raise ProcessDiedError(what)

        def busy() -> None:
            raise StorageBusyError(what)

        return {"dies": die, "busy": busy}.get(what)


def streams_of(steps: list[Step]) -> tuple[list[list[Change]], Counter[object]]:
    """What each shard tells of numbers that go from place to place; and where they are in the end."""
    present: dict[str, NumberRecord | Unreadable | None] = {}
    streams: list[list[Change]] = [[], []]
    for version, (shard, which, place) in enumerate(steps, start=1):
        number = SHARDS[shard][which]
        before, after = present.get(number), _at(number, version, place)
        if before is None and after is None:
            continue
        known = record(number, version=version)
        made = change_of(None, known, version, NOW)
        streams[shard].append(replace(made, before=before, after=after))
        present[number] = after
    ends: Counter[object] = Counter()
    for state in present.values():
        if isinstance(state, Unreadable):
            ends[UNREADABLE, "", ""] += 1
        elif state is not None:
            ends[str(state.status), state.vendor, state.site] += 1
    return streams, ends


def _at(number: str, version: int, place: Place) -> NumberRecord | Unreadable | None:
    if place is None:
        return None
    status, vendor, site = place
    if status == UNREADABLE:
        return Unreadable({"version": {"N": str(version)}}, "spoilt")
    return record(number, version=version, status=Status(status), vendor=vendor, site=site)


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_every_change_counts_once(seed: int) -> None:
    """GIVEN batches in any cut, again and again, dying anywhere, beside each other THEN each change counts once."""
    chance = Random(seed)  # noqa: S311 - a test that can be run again
    streams, ends = streams_of(some_life(chance))
    shards = Shards(streams)
    for _ in range(15):
        what = chance.choice(["done", "dies", "busy", "other shard", "same shard"])
        shards.disturbed(chance.randrange(2), chance.randrange(4), chance.randint(1, 4), what, chance.randrange(12))
    for shard in (0, 1):
        while shards.done[shard] < len(streams[shard]):
            shards.deliver(shard, 0, 4)

    counters = shards.counters.of_customer(CUSTOMER)
    found = {
        (cell.status, cell.vendor, counter.key.site): count
        for counter in counters
        for cell, count in counter.cells.items()
    }
    assert found == ends
    assert counts_of(counters).all.total == ends.total()
    assert {change.key for change in shards.history.all()} == {change.key for each in streams for change in each}


@pytest.mark.parametrize("seed", range(10))
def test_counters_forget_what_the_history_knows(seed: int) -> None:
    """GIVEN many batches WHEN counted THEN a counter remembers the changes of its last batch, and no others."""
    streams, _ = streams_of(some_life(Random(seed)))  # noqa: S311 - a test that can be run again
    shards = Shards(streams)
    for shard in (0, 1):
        while shards.done[shard] < len(streams[shard]):
            shards.deliver(shard, 0, 3)
    assert all(len(counter.applied) <= 3 for counter in shards.counters.of_customer(CUSTOMER))


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([None, "a", "b", "c", "d", "e"]))), st.integers(1, 4))
@settings(max_examples=200)
def test_counter_stays_small_and_exact_by_status(steps: list[tuple[int, str | None]], room: int) -> None:
    """GIVEN more Vendors than there is room for WHEN numbers come and go THEN the counter is small, its sum exact."""
    counter = SiteCounter(key=CounterKey(CUSTOMER, ""))
    present: dict[int, NumberRecord | None] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "MOST_CELLS", room)
        for version, (which, vendor) in enumerate(steps, start=1):
            before = present.get(which)
            after = vendor and record(str(4700 + which), version=version, status=Status.USED, vendor=vendor)
            present[which] = after or None
            if before is None and not after:
                continue
            change = change_of(before, after or None, version, NOW)
            if counts.deltas(change):
                counter = counter.counting([change], ())
            assert len(counter.cells) <= room + 1
            assert all(count > 0 for count in counter.cells.values())
            assert sum(counter.cells.values()) == sum(each is not None for each in present.values())
