"""A recount is exact, whatever happens to the numbers beside it, and however late and often their changes come."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from number_inventory.domain.changes import MIGRATION, ChangeKind
from number_inventory.domain.counts import Recount
from number_inventory.domain.numbers import Status
from number_inventory.services.count_numbers import CountChanges
from number_inventory.services.migrate_numbers import MigrateNumbers, MigrationReport
from number_inventory.services.record_history import RecordHistory
from tests.contract.made import CUSTOMER, NOW, record, stamp, written
from tests.memory.clock import SettableClock
from tests.memory.history import MemoryCounters, MemoryHistory, MemoryStatusEvents, change_of
from tests.memory.inventory import MemoryInventory
from tests.memory.stored_numbers import MemoryStoredNumbers

NUMBERS = [str(4700 + index) for index in range(12)]


class Restart(Exception):  # noqa: N818 - it is no error: the operator runs it again
    """The program that migrates dies here."""


class Inventory:
    """Numbers of which some are older than the stream, the stream, and who counts; all of it by one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 - a test that can be run again
        self.clock = SettableClock(NOW)
        self.numbers = MemoryInventory()
        self.counters, self.history, self.events = MemoryCounters(), MemoryHistory(), MemoryStatusEvents()
        self.record = RecordHistory(CountChanges(self.history, self.counters), self.history, self.events)
        self.told = 0
        self.made: list[datetime] = []
        self.deaths = 2
        for _ in range(8):
            self.somebody_writes()
        # All of it was written before the table had a stream.
        self.forget_the_stream()
        self.migrate = MigrateNumbers(
            numbers=MemoryStoredNumbers(self.numbers, self.others),
            counters=self.counters,
            clock=self.clock,
            sleep=self.sleep,
            settle=timedelta(seconds=90),
        )

    def others(self) -> None:
        """Writers and the stream go on between any two steps; now and then the migration itself dies."""
        for _ in range(self.chance.randrange(3)):
            self.chance.choice([self.somebody_writes, self.the_stream_tells])()
        if self.deaths and self.chance.random() < 0.03:
            self.deaths -= 1
            raise Restart

    def sleep(self, seconds: float) -> None:
        """Much happens while it waits."""
        for _ in range(4):
            self.pass_time(seconds / 4)
            self.somebody_writes()
            self.the_stream_tells()

    def somebody_writes(self) -> None:
        """A number comes, changes or goes, by a clock that may be off; or it is deleted."""
        self.pass_time(self.chance.randrange(3) / 1000)
        number = self.chance.choice(NUMBERS)
        known = self.numbers.get(CUSTOMER, number)
        if known is not None and self.chance.random() < 0.3:
            self.numbers.delete(known)
            return
        fields = {
            "status": self.chance.choice(list(Status)),
            "vendor": self.chance.choice(["", "Microsoft"]),
            "site": self.chance.choice(["", "Berlin"]),
        }
        moment = stamp(at=self.clock.at + timedelta(seconds=self.chance.uniform(-20, 20)))
        new = replace(known or record(number, created_at=moment.at), **fields, updated_at=moment.at, updated_by="test")  # type: ignore[arg-type]
        self.numbers.save([written(new, known)])

    def pass_time(self, seconds: float) -> None:
        """Time passes; what was written before was written then."""
        self.note()
        self.clock.advance(seconds=seconds)

    def note(self) -> None:
        """Keep when the changes were made of which nobody has heard yet."""
        self.made += [self.clock.at] * (len(self.numbers.stream) - len(self.made))

    def forget_the_stream(self) -> None:
        """Nobody will ever hear of what was written so far."""
        self.numbers.stream.clear()
        self.made.clear()

    def the_stream_tells(self, most: int = 4) -> None:
        """Some changes come to whoever counts them, a few of them once more."""
        first = max(self.told - self.chance.randrange(3), 0)
        batch = range(first, min(self.told + self.chance.randint(1, most), len(self.numbers.stream)))
        self.note()
        if batch:
            self.record([change_of(*self.numbers.stream[index], index + 1, self.made[index]) for index in batch])
            self.told = max(self.told, batch.stop)

    def run(self) -> MigrationReport:
        """Migrate, and again where it died."""
        while True:
            try:
                return self.migrate.apply(CUSTOMER, recount=True)
            except Restart:
                continue

    def settle(self) -> None:
        """The stream tells of all that is left."""
        while self.told < len(self.numbers.stream):
            self.the_stream_tells()

    def counted(self) -> Counter[tuple[str, str, str]]:
        """What the counters say."""
        return Counter(
            {
                (counter.key.site, cell.status, cell.vendor): count
                for counter in self.counters.of_customer(CUSTOMER)
                for cell, count in counter.cells.items()
            }
        )

    def true(self) -> Counter[tuple[str, str, str]]:
        """What there is."""
        return Counter((each.site, str(each.status), each.vendor) for each in self.numbers.all().values())


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_counts_are_whole_after_a_recount(seed: int) -> None:
    """GIVEN numbers older than the stream WHEN counted anew beside writers, and dying THEN counts are exact."""
    inventory = Inventory(seed)
    report = inventory.run()
    inventory.settle()

    assert report.finished
    assert inventory.counted() == inventory.true()
    inventory.deaths = 0
    inventory.migrate = replace(inventory.migrate, numbers=MemoryStoredNumbers(inventory.numbers))
    seen = inventory.migrate.look(CUSTOMER)
    assert (seen.finished, seen.off, seen.counted) == (True, 0, len(inventory.numbers.all()))

    # They stay so, and a second recount is as exact as the first.
    for _ in range(10):
        inventory.somebody_writes()
    inventory.settle()
    assert inventory.counted() == inventory.true()
    inventory.run()
    inventory.settle()
    assert inventory.counted() == inventory.true()


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_a_migration_changes_nothing_that_a_number_says(seed: int) -> None:
    """GIVEN a migration that nobody disturbs WHEN it is done THEN numbers say what they said, and no event is told."""
    inventory = Inventory(seed)
    inventory.migrate = replace(
        inventory.migrate, numbers=MemoryStoredNumbers(inventory.numbers), sleep=inventory.pass_time
    )
    before = {key: replace(known, version=0) for key, known in inventory.numbers.all().items()}
    report = inventory.run()
    inventory.settle()

    assert report.rewritten == len(before)
    assert {key: replace(known, version=0) for key, known in inventory.numbers.all().items()} == before
    assert {(change.kind, change.by) for change in inventory.history.all()} <= {(ChangeKind.TOUCHED, MIGRATION)}
    assert inventory.events.told == []
    # Once more has nothing to do.
    assert inventory.migrate.apply(CUSTOMER, recount=False).rewritten == 0


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_what_comes_from_a_backup_is_neither_told_nor_created(seed: int) -> None:
    """GIVEN a backup that is put back WHEN it is counted THEN counts are exact, and nobody hears of new numbers."""
    inventory = Inventory(seed)
    inventory.migrate = replace(
        inventory.migrate, numbers=MemoryStoredNumbers(inventory.numbers), sleep=inventory.pass_time
    )
    backup = list(inventory.numbers.all().values())
    for known in backup:
        inventory.numbers.lose(known.customer, known.number)
    inventory.forget_the_stream()
    inventory.pass_time(3600)

    inventory.migrate.expect_restored(CUSTOMER)
    for known in backup:
        inventory.numbers.restore(known)
        inventory.the_stream_tells()
    inventory.migrate.restored(CUSTOMER)
    inventory.settle()
    inventory.run()
    inventory.settle()

    assert inventory.counted() == inventory.true()
    assert inventory.true().total() == len(backup)
    assert inventory.events.told == []
    assert {change.kind for change in inventory.history.all()} <= {ChangeKind.TOUCHED}


def test_of_two_recounts_at_once_one_begins() -> None:
    """GIVEN two operators WHEN both begin a recount THEN the second one's is refused, and says what to do."""
    counters = MemoryCounters()
    assert counters.put_recount(Recount(customer=CUSTOMER, since=5), None)
    assert not counters.put_recount(Recount(customer=CUSTOMER, since=6), None)
