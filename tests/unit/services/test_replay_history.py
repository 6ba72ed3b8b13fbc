"""Changes that the stream still keeps are recorded once more, in order, each counted once, and nothing is lost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from number_inventory.domain.changes import Change
from number_inventory.domain.errors import InvalidInputError, StorageBusyError, StorageRefusedError
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.number_stream import StreamedChange
from number_inventory.services.count_numbers import CountChanges, LookAtCounts
from number_inventory.services.record_history import RecordHistory
from number_inventory.services.replay_history import BATCH_BYTES, WAITS, ReplayHistory, ReplayRequest
from tests.memory.clock import SettableClock
from tests.memory.history import MemoryCounters, MemoryHistory, MemoryStatusEvents, change_of

CUSTOMER = "acme"
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
FIRST = NOW - timedelta(hours=20)


@dataclass
class Scene:
    """A stream, and a function behind it that records as the deployed one does.

    Attributes:
        kept: what the stream keeps, in the order in which it tells of it, by what the function makes of it.
        batches: the sequences that the function was handed, batch by batch.
        failures: what it does with the next batches instead: raise, or answer with sequences.
        waited: seconds that the replay slept.
    """

    kept: dict[str, tuple[StreamedChange, Change]] = field(default_factory=dict)
    history: MemoryHistory = field(default_factory=MemoryHistory)
    counters: MemoryCounters = field(default_factory=MemoryCounters)
    events: MemoryStatusEvents = field(default_factory=MemoryStatusEvents)
    batches: list[list[str]] = field(default_factory=list)
    failures: list[Exception | list[str]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def happened(self, count: int, shard: str = "shard-1", size: int = 100) -> None:
        """So many numbers are added, a minute from each other."""
        for _ in range(count):
            sequence = len(self.kept) + 1
            number = NumberRecord(customer=CUSTOMER, number=f"{1000 + sequence}", version=sequence)
            change = change_of(None, number, sequence, FIRST + timedelta(minutes=sequence))
            self.kept[str(sequence)] = (
                StreamedChange(
                    shard=shard,
                    sequence=str(sequence),
                    at=change.streamed_at,
                    key=change.key,
                    content=b" " * size,
                ),
                change,
            )

    def changes(self, until: datetime) -> Iterator[StreamedChange]:
        """As the stream."""
        return iter([streamed for streamed, _ in self.kept.values() if streamed.at <= until])

    def record(self, batch: Sequence[StreamedChange]) -> Sequence[str]:
        """As the function."""
        self.batches.append([streamed.sequence for streamed in batch])
        failure = self.failures.pop(0) if self.failures else []
        if isinstance(failure, Exception):
            raise failure
        count = CountChanges(self.history, self.counters)
        changes = [self.kept[streamed.sequence][1] for streamed in batch if streamed.key is not None]
        RecordHistory(count, self.history, self.events)(changes)
        return failure

    def replay(self, **wanted: object) -> tuple[int, int, int]:
        """How many changes the stream had, the history did not know, and were handed over."""
        service = ReplayHistory(
            stream=self, history=self.history, function=self, clock=SettableClock(NOW), sleep=self.waited.append
        )
        report = service(ReplayRequest(**wanted))  # type: ignore[arg-type]  # as the test names them
        return report.changes, report.missing, report.replayed

    def total(self) -> int:
        """How many numbers the counters know."""
        return LookAtCounts(self.counters)(CUSTOMER).all.total


@pytest.fixture
def scene() -> Scene:
    """Nothing happened yet."""
    return Scene()


def test_lost_changes_are_recorded_and_a_second_replay_changes_nothing_but_tells_events_again(scene: Scene) -> None:
    """GIVEN changes of which some are recorded WHEN replayed twice THEN each is kept once, told each time."""
    scene.happened(5)
    scene.record([streamed for streamed, _ in scene.kept.values()][:2])
    assert scene.replay() == (5, 3, 5)
    assert (len(scene.history.all()), scene.total()) == (5, 5)
    kept = scene.history.all()
    assert scene.replay() == (5, 0, 5)
    assert (scene.history.all(), scene.total()) == (kept, 5)
    ids = [change.key.event_id for change in scene.events.told]
    assert (len(ids), len(set(ids))) == (12, 5)


def test_only_what_is_missing_is_told_once(scene: Scene) -> None:
    """GIVEN changes of which some are recorded WHEN what is missing is replayed THEN no event comes twice."""
    scene.happened(5)
    scene.record([streamed for streamed, _ in scene.kept.values()][:2])
    assert scene.replay(missing_only=True) == (5, 3, 3)
    assert sorted(change.key.number for change in scene.events.told) == ["1001", "1002", "1003", "1004", "1005"]
    assert scene.replay(missing_only=True) == (5, 0, 0)


def test_a_dry_run_counts_and_hands_nothing_over(scene: Scene) -> None:
    """GIVEN lost changes WHEN looked at THEN it is told how many, from when to when, and nothing is recorded."""
    scene.happened(3)
    service = ReplayHistory(stream=scene, history=scene.history, function=scene, clock=SettableClock(NOW))
    report = service(ReplayRequest(dry_run=True))
    assert (report.changes, report.missing, report.replayed) == (3, 3, 3)
    assert (report.oldest, report.newest) == (FIRST + timedelta(minutes=1), FIRST + timedelta(minutes=3))
    assert (scene.batches, scene.history.all()) == ([], [])


def test_batches_are_those_of_the_stream(scene: Scene) -> None:
    """GIVEN two shards WHEN replayed THEN no batch has both, more than a hundred, or more bytes than Lambda takes."""
    scene.happened(150)
    scene.happened(2, shard="shard-2", size=BATCH_BYTES // 2)
    scene.happened(1, shard="shard-2")
    told: list[int] = []
    service = ReplayHistory(stream=scene, history=scene.history, function=scene, clock=SettableClock(NOW))
    service(ReplayRequest(), lambda report: told.append(report.changes))
    assert [len(batch) for batch in scene.batches] == [100, 50, 2, 1]
    assert [int(name) for batch in scene.batches for name in batch] == list(range(1, 154))
    assert told == [100, 150, 152, 153]


def test_a_time_bounds_what_is_replayed(scene: Scene) -> None:
    """GIVEN changes a minute apart WHEN two minutes are asked for THEN these are replayed, nothing that is to come."""
    scene.happened(5)
    begin, end = FIRST + timedelta(minutes=2), FIRST + timedelta(minutes=3)
    assert scene.replay(since=begin, until=end) == (2, 2, 2)
    assert scene.batches == [["2", "3"]]
    assert scene.replay(since=NOW) == (0, 0, 0)
    with pytest.raises(InvalidInputError, match="since"):
        scene.replay(since=end, until=begin)
    with pytest.raises(InvalidInputError, match="since"):
        scene.replay(since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=2))


def test_a_record_that_nobody_understands_goes_its_way(scene: Scene) -> None:
    """GIVEN a record that is no change of a number WHEN replayed THEN the function has it, and it is told apart."""
    scene.happened(2)
    streamed, change = scene.kept["1"]
    scene.kept["1"] = (replace(streamed, key=None), change)
    service = ReplayHistory(stream=scene, history=scene.history, function=scene, clock=SettableClock(NOW))
    report = service(ReplayRequest(missing_only=True))
    assert (report.changes, report.missing, report.poisoned, report.replayed) == (2, 1, 1, 2)


def test_what_must_come_again_comes_again_alone(scene: Scene) -> None:
    """GIVEN a function that fails once and then leaves one event THEN it gets these again, after a wait."""
    scene.happened(3)
    scene.failures = [StorageBusyError("throttled"), ["2"]]
    assert scene.replay() == (3, 3, 3)
    assert scene.batches == [["1", "2", "3"], ["1", "2", "3"], ["2"]]
    assert scene.waited == list(WAITS[:2])


def test_names_that_nobody_knows_bring_all_of_it_again(scene: Scene) -> None:
    """GIVEN an answer that names no change of the batch THEN the whole batch comes again, as Lambda would have it."""
    scene.happened(2)
    scene.failures = [[""]]
    scene.replay()
    assert scene.batches == [["1", "2"], ["1", "2"]]


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (StorageBusyError("function x failed: KeyError: 'y'"), "function x failed: KeyError"),
        (["101"], "1 are recorded, and their events could not be published"),
    ],
)
def test_a_function_that_keeps_failing_stops_the_replay(
    scene: Scene, failure: Exception | list[str], said: str
) -> None:
    """GIVEN a function that fails at the second batch THEN it says where, why and what to do; the first is recorded."""
    scene.happened(150)
    scene.failures = [[], *([failure] * (len(WAITS) + 1))]
    with pytest.raises(StorageBusyError, match=said) as stopped:
        scene.replay()
    assert f"from {'2026-11-22T19:41:00Z'}" in str(stopped.value)
    assert "shard shard-1, sequence number 101" in str(stopped.value)
    assert "give the command again" in str(stopped.value)
    assert scene.waited == list(WAITS)
    assert {change.key.number for change in scene.history.all()} >= {f"{1000 + number}" for number in range(1, 101)}


def test_a_refusal_is_not_tried_again(scene: Scene) -> None:
    """GIVEN an operator without the right to invoke the function THEN that is told at once."""
    scene.happened(1)
    scene.failures = [StorageRefusedError("could not have function x record 1 changes: AccessDenied")]
    with pytest.raises(StorageRefusedError, match="AccessDenied"):
        scene.replay()
    assert scene.waited == []
