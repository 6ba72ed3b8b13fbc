"""What each operation asks of DynamoDB: requests and units, counted on the engine with single writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from benchmarks.audit_of_a_million import audit, load
from benchmarks.figure import Setting, say
from benchmarks.made_inventory import CUSTOMER, Size
from benchmarks.release_among_many import due
from benchmarks.release_among_many import load as load_numbers
from benchmarks.spent import Spent, spending
from benchmarks.stage import Stage, listed, staged
from number_inventory.adapters.dynamodb.counters import DynamoCounters
from number_inventory.adapters.dynamodb.history import DynamoHistory
from number_inventory.adapters.dynamodb.stock_days import DynamoStockDays
from number_inventory.domain.changes import Change, ChangeKey
from number_inventory.domain.commands import Assign, Unassign
from number_inventory.domain.decisions import Stamp
from number_inventory.domain.devices import Device, DeviceKey, SourceKind
from number_inventory.domain.lifecycle import Registration, registered
from number_inventory.domain.numbers import NumberRecord, Usage
from number_inventory.domain.stock import StockWatch
from number_inventory.services.count_numbers import CountChanges
from number_inventory.services.dispatch import DispatchSyncs
from number_inventory.services.look_at_stock import LookAtStock
from number_inventory.services.lookup import LookUpNumbers
from number_inventory.services.manage_numbers import AddNumbers, ManageNumbers, NumberDetails
from number_inventory.services.record_history import RecordHistory
from number_inventory.services.release import ReleaseCooled
from number_inventory.services.watch_stock import WatchStock
from tests.memory.queue import MemorySyncQueue

BASE, FEW = 200, 11
FLEET, DAYS_SEEN = 400, 30
_RETENTION = timedelta(days=400)
_ALL_OF_IT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Units:
    """What an operation asks for; what a run asks for anyway, and what it asks for each number.

    Attributes:
        fixed: (write units, read units) of a run that has something to do, none of it for a number.
        each: the same for each number.
    """

    fixed: tuple[float, float]
    each: tuple[float, float] = (0.0, 0.0)


def operation_units(setting: Setting) -> dict[str, Units]:
    """All operations, by what they do."""
    with staged(setting, batched=False) as stage:
        say("syncs and releases")
        units = _syncs(stage)
    with staged(setting, batched=False) as stage:
        units |= _releases(stage)
    with staged(setting, batched=False) as stage:
        say("commands, lookups, history, stock")
        units |= _commands(stage) | _history(stage) | _stock(stage)
    with staged(setting, batched=False) as stage:
        units |= _dispatches(stage)
    say("audits")
    units["audit"] = _audit(setting)
    return units


def _spent(stage: Stage, work: Callable[[], object]) -> Spent:
    with spending(stage.client) as spent:
        work()
    return spent


def _pair(spent: Spent) -> tuple[float, float]:
    return spent.write_units, spent.read_units + spent.absent_units


def _split(one: Spent, few: Spent) -> Units:
    """From what one number takes and what a few take: what is for the run, and what is for each."""
    (first_writes, first_reads), (all_writes, all_reads) = _pair(one), _pair(few)
    writes, reads = (all_writes - first_writes) / (FEW - 1), (all_reads - first_reads) / (FEW - 1)
    return Units((first_writes - writes, first_reads - reads), (writes, reads))


def _syncs(stage: Stage) -> dict[str, Units]:
    played = stage.played()
    everybody = listed(BASE)

    def sync(numbers: Sequence[str]) -> Spent:
        stage.clock.advance(minutes=5)
        played.shows(list(numbers))
        return _spent(stage, played.sync)

    sync(everybody)
    taken: dict[str, list[Spent]] = {"leave": [], "return": [], "appear": []}
    for turn, k in enumerate((1, FEW)):
        taken["leave"].append(sync(everybody[k:]))
        taken["return"].append(sync(everybody))
        taken["appear"].append(sync([*everybody, *listed(k, first=1_000 * (turn + 1))]))
        sync(everybody)
    units = {f"sync, numbers {what}": _split(*both) for what, both in taken.items()}
    sync(everybody)
    return {"sync, unchanged": Units(_pair(sync(everybody))), **units}


def _releases(stage: Stage) -> dict[str, Units]:
    release = ReleaseCooled(inventory=stage.inventory, clock=stage.clock, budget=_ALL_OF_IT)
    nothing = _spent(stage, release.release)
    load_numbers(stage, due(stage, 40))
    some = _spent(stage, release.release)
    writes, reads = (both[1] - both[0] for both in zip(_pair(nothing), _pair(some), strict=True))
    return {"release run": Units(_pair(nothing), (writes / 40, reads / 40))}


def _commands(stage: Stage) -> dict[str, Units]:
    add = AddNumbers(stage.inventory, stage.clock)
    manage = ManageNumbers(stage.inventory, stage.macros, stage.clock)
    number = "+493099999999"
    look_up = LookUpNumbers(stage.inventory)
    works: dict[str, Callable[[], object]] = {
        "add by hand": lambda: add(CUSTOMER, [number], NumberDetails(), "benchmark"),
        "lookup": lambda: look_up.one(CUSTOMER, number),
        "assign": lambda: manage.one(CUSTOMER, number, Assign("Microsoft", Usage.USER, "alice"), "benchmark"),
        "unassign": lambda: manage.one(CUSTOMER, number, Unassign(), "benchmark"),
    }
    return {what: Units(_pair(_spent(stage, work))) for what, work in works.items()}


def _history(stage: Stage) -> dict[str, Units]:
    history = DynamoHistory(stage.client, stage.tables.history, _RETENTION)
    counters = DynamoCounters(stage.client, stage.tables.history)
    events: Any = SimpleNamespace(publish=lambda _changes: ())
    record = RecordHistory(CountChanges(history, counters), history, events)
    record(_changes(stage, 1, first=500))
    one = _spent(stage, lambda: record(_changes(stage, 1, first=600)))
    many = _spent(stage, lambda: record(_changes(stage, 100, first=700)))
    return {
        "history, a change alone": Units(_pair(one)),
        "history, of a hundred each": Units((_pair(many)[0] / 100, _pair(many)[1] / 100)),
    }


def _changes(stage: Stage, count: int, first: int) -> list[Change]:
    stamp = Stamp(stage.clock.now(), "sync:sbc-1#1", "registered on sbc-1")
    changes = []
    for index, number in enumerate(listed(count, first=first)):
        before = NumberRecord(customer=CUSTOMER, number=number, version=1)
        after = registered(before, Registration(CUSTOMER, number, "sbc-1", 1), stamp).after
        key = ChangeKey(CUSTOMER, number, 2, f"{first + index:040d}")
        changes.append(Change(key=key, streamed_at=stage.clock.now(), before=before, after=after))
    return changes


class _Nobody:
    """Is told nothing: stock runs low once at most here."""

    def tell(self, watch: StockWatch, days_left: int | None) -> None:
        """Hear of it."""


def _stock(stage: Stage) -> dict[str, Units]:
    """One customer's day, with a month of days behind it; the history has counted numbers by now."""
    days = DynamoStockDays(stage.client, stage.tables.stock, _RETENTION)
    counters = DynamoCounters(stage.client, stage.tables.history)
    look = LookAtStock(counters=counters, days=days, macros=stage.macros, clock=stage.clock)
    watch = WatchStock(look=look, days=days, events=_Nobody())
    for _ in range(DAYS_SEEN):
        watch(CUSTOMER)
        stage.clock.advance(days=1)
    return {"watch of stock, a customer": Units(_pair(_spent(stage, lambda: watch(CUSTOMER))))}


def _dispatches(stage: Stage) -> dict[str, Units]:
    """The units of asking for all syncs; the messages are SQS's."""
    dispatch = DispatchSyncs(stage.devices, MemorySyncQueue())
    nothing = _spent(stage, dispatch)
    for index in range(FLEET):
        key = DeviceKey(CUSTOMER, f"sbc-{index}")
        stage.devices.add(Device(key=key, source=SourceKind.SBC, address="https://192.0.2.7"))
    (_, fixed), (_, reads) = _pair(nothing), _pair(_spent(stage, dispatch))
    return {"dispatch": Units((0.0, fixed), (0.0, max(0.0, reads - fixed) / FLEET))}


def _audit(setting: Setting) -> Units:
    """From two sizes, as large as tell pages of a megabyte from the run itself."""
    few, many = 4_000, 8_000
    spent = []
    for count in (few, many):
        with staged(setting) as stage:
            now = datetime.now(UTC).replace(microsecond=0)
            load(stage.client, stage.tables, Size(numbers=count, devices=2, seed=setting.seed, now=now), numbers=True)
            spent.append(_spent(stage, lambda stage=stage: audit(stage.client, stage.tables)))  # type: ignore[misc]
    writes, reads = ((both[1] - both[0]) / (many - few) for both in zip(*map(_pair, spent), strict=True))
    fixed_writes, fixed_reads = _pair(spent[0])
    return Units((fixed_writes - few * writes, fixed_reads - few * reads), (writes, reads))
