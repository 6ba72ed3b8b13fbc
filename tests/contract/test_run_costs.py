"""What whole runs ask of DynamoDB besides syncs: every operation that docs/cost.md names, to the unit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from number_inventory.domain.audit_runs import AuditRun, AuditScope, RunState
from number_inventory.domain.changes import Change, ChangeKey
from number_inventory.domain.lifecycle import Registration, registered
from number_inventory.domain.numbers import NumberRecord
from number_inventory.domain.stock import StockWatch
from number_inventory.services.count_numbers import CountChanges
from number_inventory.services.dispatch import DispatchSyncs
from number_inventory.services.look_at_stock import LookAtStock
from number_inventory.services.manage_numbers import AddNumbers, NumberDetails
from number_inventory.services.record_history import RecordHistory
from number_inventory.services.run_audit import RunAudit
from number_inventory.services.start_audit import StartAudit
from number_inventory.services.watch_stock import WatchStock
from tests.contract.conftest import Aws
from tests.contract.made import CUSTOMER, KEY, NOW, device, listed, put, record, stamp
from tests.memory.queue import MemorySyncQueue

NAME = "20260301T120000-000001"


class Nobody:
    """Whoever could be told or woken: nobody needs to be here."""

    def publish(self, changes: Sequence[Change]) -> Sequence[Change]:
        """None of them fails."""
        return changes[:0]

    def tell(self, watch: StockWatch, days_left: int | None) -> None:
        """Hear of it."""

    def wake(self, run: AuditRun) -> None:
        """One invocation has all the time that it needs."""
        raise AssertionError(f"audit {run.id} did not end in one step")


def changes(count: int, first: int) -> list[Change]:
    """Numbers that become used, as the stream tells of them."""
    made = []
    for index, number in enumerate(listed(count, first=first)):
        before = NumberRecord(customer=CUSTOMER, number=number, version=1)
        after = registered(before, Registration(CUSTOMER, number, KEY.name, 1), stamp()).after
        key = ChangeKey(CUSTOMER, number, 2, f"{first + index:040d}")
        made.append(Change(key=key, streamed_at=NOW, before=before, after=after))
    return made


def history(aws: Aws) -> RecordHistory:
    """The history, which publishes to nobody."""
    return RecordHistory(CountChanges(aws.history, aws.counters), aws.history, Nobody())


def test_adding_by_hand_costs_the_number_and_its_place_among_the_idle(metered: Aws) -> None:
    AddNumbers(metered.inventory, metered.clock)(CUSTOMER, ["4711"], NumberDetails(), "operator:test")
    assert metered.meter.write_units == 2


def test_units_of_the_history(metered: Aws) -> None:
    """GIVEN a counter WHEN a change comes alone, or a hundred THEN each costs a unit, and the counter one a batch."""
    keep = history(metered)
    keep(changes(1, first=100))
    for count, first in ((1, 200), (100, 300)):
        metered.meter.reset()
        keep(changes(count, first))
        assert metered.meter.write_units == count + 1


def test_a_day_of_watching_stock_costs_a_unit(metered: Aws) -> None:
    """GIVEN a month of days WHEN a customer's stock is looked at THEN that is one write, and reads that do not grow."""
    history(metered)(changes(3, first=100))
    look = LookAtStock(counters=metered.counters, days=metered.stock_days, macros=metered.macros, clock=metered.clock)
    watch = WatchStock(look=look, days=metered.stock_days, events=Nobody())
    for _ in range(10):
        watch(CUSTOMER)
        metered.clock.advance(days=1)
    metered.meter.reset()
    watch(CUSTOMER)
    assert metered.meter.write_units == 1
    assert metered.meter.requests == {"Query": 6, "BatchWriteItem": 1}


def test_dispatching_reads_the_index_and_writes_nothing(metered: Aws) -> None:
    """GIVEN devices WHEN their syncs are queued THEN that is a request a shard, however many they are."""
    for index in range(30):
        metered.devices.add(device(replace(KEY, name=f"sbc-{index}")))
    metered.meter.reset()
    assert DispatchSyncs(metered.devices, MemorySyncQueue())() == 30
    assert metered.meter.requests == {"Query": 4}
    assert metered.meter.write_units == 0


def test_an_audit_of_sound_numbers_costs_a_run_and_no_number(metered: Aws) -> None:
    """GIVEN few numbers and many WHEN audited THEN both cost the same writes and, below a megabyte, requests."""
    spent: list[tuple[float, dict[str, int]]] = []
    for before, count in ((0, 10), (10, 300)):
        put(metered.inventory, *(record(number) for number in listed(count)[before:]))
        metered.meter.reset()
        done = audited(metered, f"{NAME[:-1]}{len(spent)}")
        assert (done.state, done.numbers, done.total()) == (RunState.FINISHED, count, 0)
        spent.append((metered.meter.write_units, dict(metered.meter.requests)))
    assert spent[0] == spent[1]
    assert sum(spent[0][1].values()) <= 12


def audited(aws: Aws, name: str) -> AuditRun:
    """A whole audit that reports."""
    aws.clock.at = datetime.now(UTC)
    run = StartAudit(aws.audits, Nobody(), aws.clock, lambda _at: name).open(AuditScope(customer=CUSTOMER), "test")
    parts: dict[str, Any] = {name: getattr(aws, name) for name in ("audits", "inventory", "devices", "registrations")}
    work = RunAudit(
        **parts,
        macros=aws.macros,
        workers=Nobody(),
        clock=aws.clock,
        proof_age=timedelta(hours=24),
        budget=timedelta(hours=1),
    )
    done = work(CUSTOMER, run.id, run.step, "test")
    assert done is not None
    return done
