"""Backups: all items of all tables, as they are; and back into tables that are empty, once and whole."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.adapters.backup_files import BackupFolder
from number_inventory.adapters.dynamodb.counters import DynamoCounters
from number_inventory.adapters.dynamodb.stored_numbers import DynamoStoredNumbers
from number_inventory.adapters.dynamodb.whole_tables import DynamoWholeTables
from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.macros import GLOBAL
from number_inventory.ports.whole_tables import StoredItem
from number_inventory.services.back_up import BackUp, Restore
from number_inventory.services.count_numbers import CountChanges
from number_inventory.services.migrate_numbers import MigrateNumbers
from number_inventory.services.record_history import RecordHistory
from tests.contract.conftest import Aws
from tests.contract.made import CUSTOMER, KEY, NOW, cooling, device, put, record, run, used
from tests.engines.engine import Tables, create_tables, drop_tables
from tests.memory.history import MemoryStatusEvents, change_of

LATER = NOW + timedelta(minutes=5)
ORDER = ("macros", "devices", "registrations", "audits", "jobs", "stock", "history", "numbers")


def whole(aws: Aws, tables: Tables) -> DynamoWholeTables:
    """All tables of a set."""
    return DynamoWholeTables(aws.client, {name: getattr(tables, name) for name in ORDER})


def marks(aws: Aws, tables: Tables) -> MigrateNumbers:
    """Who knows that numbers come back, by a clock that waits for nobody."""
    return MigrateNumbers(
        numbers=DynamoStoredNumbers(aws.client, tables.numbers),
        counters=DynamoCounters(aws.client, tables.history),
        clock=aws.clock,
        sleep=lambda seconds: aws.clock.advance(seconds=seconds),
    )


def spelt(tables: DynamoWholeTables) -> dict[str, list[str]]:
    """All items of all tables but the mark of a recount, in an order of their own."""
    mark = {"S": "recount"}
    return {
        name: sorted(json.dumps(item, sort_keys=True) for item in tables.items(name) if item.get("change") != mark)
        for name in tables.names
    }


@pytest.fixture
def empty(aws: Aws) -> Iterator[Tables]:
    """The tables of a new stack."""
    tables = create_tables(aws.client)
    yield tables
    drop_tables(aws.client, tables)


@pytest.fixture
def written(aws: Aws, tmp_path: Path) -> BackupFolder:
    """A backup of a stack in which something stands in nearly every table, binary and nested things among it."""
    put(aws.inventory, used("1"), cooling("2"), record("3", created_at=NOW, description="Empfang ☎"))
    aws.devices.add(device(ip_groups=frozenset({3, 1}), hosts=frozenset({"b", "a"})))
    lease = aws.devices.acquire(KEY, NOW, LATER)
    assert lease is not None
    aws.registrations.intend(lease, aws.registrations.load(lease), frozenset({"1"}))
    aws.macros.put(GLOBAL, "audiocodes_cooling_duration", "7")
    aws.audits.open(run(), LATER, NOW)
    changes = [change_of(None, aws.inventory.get(CUSTOMER, number), int(number), NOW) for number in ("1", "2", "3")]
    RecordHistory(CountChanges(aws.history, aws.counters), aws.history, MemoryStatusEvents())(changes)
    folder = BackupFolder(tmp_path / "backup", NOW)
    counts = BackUp(whole(aws, aws.tables), folder)("number-inventory")
    assert {name: counts[name] for name in ("numbers", "devices", "macros", "registrations")} == {
        "numbers": 3,
        "devices": 1,
        "macros": 1,
        "registrations": 1,
    }
    return folder


def test_everything_comes_back_as_it_was(aws: Aws, written: BackupFolder, empty: Tables) -> None:
    """GIVEN a backup WHEN it is put into empty tables THEN they hold the same items, and counts become whole."""
    before = spelt(whole(aws, aws.tables))

    Restore(whole(aws, empty), written, marks(aws, empty))()

    assert spelt(whole(aws, empty)) == before
    # The stream tells of them as of new ones: they are neither, and nothing is counted before the count.
    history, counters, events = aws.history, DynamoCounters(aws.client, empty.history), MemoryStatusEvents()
    numbers = DynamoStoredNumbers(aws.client, empty.numbers)
    came = [each.record for found in numbers.stored(CUSTOMER) for each in found if each.record]
    RecordHistory(CountChanges(history, counters), history, events)(
        [change_of(None, each, 100 + index, NOW) for index, each in enumerate(came)]
    )
    assert events.told == []
    assert marks(aws, empty).look(CUSTOMER).counted is None

    marks(aws, empty).apply(CUSTOMER, recount=False)
    touched = {each.number: each.record for found in numbers.stored(CUSTOMER) for each in found}
    RecordHistory(CountChanges(history, counters), history, events)(
        [change_of(each, touched[each.number], 200 + index, aws.clock.at) for index, each in enumerate(came)]
    )
    assert marks(aws, empty).look(CUSTOMER).finished
    assert events.told == []


def test_full_tables_are_left_alone(aws: Aws, written: BackupFolder) -> None:
    """GIVEN a stack with data WHEN a backup is to go into it THEN it is refused, and nothing changes."""
    before = spelt(whole(aws, aws.tables))

    with pytest.raises(RuleViolationError, match=r"not empty \(macros, .*numbers\): a backup goes into a new stack"):
        Restore(whole(aws, aws.tables), written, marks(aws, aws.tables))()
    assert spelt(whole(aws, aws.tables)) == before


class Failing(DynamoWholeTables):
    """Tables of which one cannot be written for now."""

    def put(self, table: str, items: Sequence[StoredItem]) -> None:
        """Fail half-way."""
        if table == "history":
            raise ConnectionError(table)
        super().put(table, items)


@pytest.mark.parametrize("mark", ["expect_restored", "restored"])
def test_a_restore_goes_on_that_died_between_two_customers(
    aws: Aws, tmp_path: Path, empty: Tables, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    """GIVEN a restore that died when it had marked one of two customers WHEN it is given again THEN it ends."""
    put(aws.inventory, record("9"), replace(record("9"), customer="beta"))
    folder = BackupFolder(tmp_path, NOW)
    BackUp(whole(aws, aws.tables), folder)("number-inventory")
    unmarked = getattr(MigrateNumbers, mark)

    def dies(self: MigrateNumbers, customer: str) -> None:
        if customer == "beta":
            raise ConnectionError(customer)
        unmarked(self, customer)

    monkeypatch.setattr(MigrateNumbers, mark, dies)
    with pytest.raises(ConnectionError):
        Restore(whole(aws, empty), folder, marks(aws, empty))()
    monkeypatch.undo()
    Restore(whole(aws, empty), folder, marks(aws, empty))()

    assert spelt(whole(aws, empty)) == spelt(whole(aws, aws.tables))
    assert not any(marks(aws, empty).expects_restored(customer) for customer in (CUSTOMER, "beta"))


def test_a_restore_goes_on_where_it_was_interrupted(aws: Aws, written: BackupFolder, empty: Tables) -> None:
    """GIVEN a restore that died half-way WHEN it is given again THEN it comes to its end, and once only."""
    names = {name: getattr(empty, name) for name in ORDER}
    with pytest.raises(ConnectionError):
        Restore(Failing(aws.client, names), written, marks(aws, empty))()
    with pytest.raises(RuleViolationError, match="not all of them are there: give that command again"):
        marks(aws, empty).apply(CUSTOMER, recount=False)

    Restore(whole(aws, empty), written, marks(aws, empty))()

    assert spelt(whole(aws, empty)) == spelt(whole(aws, aws.tables))
    with pytest.raises(RuleViolationError):
        Restore(whole(aws, empty), written, marks(aws, empty))()
