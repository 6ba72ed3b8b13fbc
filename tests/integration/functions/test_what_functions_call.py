"""Functions call what their roles allow, all of it and nothing else: whatever is left over could be taken away.

What each may do is computed from the template, what it calls from the requests that its clients make here.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from number_inventory.adapters.dynamodb.counters import DynamoCounters
from number_inventory.adapters.dynamodb.registrations import DynamoRegistrations
from number_inventory.bootstrap import process
from number_inventory.domain.counts import Cell, CounterKey, SiteCounter
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.numbers import NumberRecord, Status
from simulator.server import Simulator
from tests.contract.made import cooling, record
from tests.engines.engine import shared_client
from tests.engines.faults import refusals
from tests.integration.functions.account import API, AUDIT, DISPATCHER, JOBS, RELEASE, WORKER, Account, batch
from tests.integration.functions.api_requests import add
from tests.integration.functions.aws_calls import RETRIED, Calls, allowed, batched
from tests.integration.functions.conftest import DOMAIN, NUMBERS, users
from tests.integration.functions.test_record_history import FUNCTION as HISTORY
from tests.integration.functions.test_record_history import Bus, bus, streamed
from tests.integration.functions.test_stock import WATCH
from tests.memory.clock import SettableClock
from tests.unit.adapters.test_stock_events import Bus as StockBus

__all__ = ["bus"]  # a fixture

LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


def test_the_dispatcher(account: Account, calls: Calls) -> None:
    """GIVEN a turn for one device and one for all WHEN dispatched THEN all that its role allows is called."""
    account.add_device("sbc-1")
    for event in ({}, {"customer": "acme", "device": "sbc-1"}):
        assert account.run(DISPATCHER, event).error is None

    assert calls.made == allowed("SyncDispatcher")


def test_the_stock(account: Account, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN stock that is low WHEN watched THEN all that its role allows is called."""
    told = StockBus()
    monkeypatch.setenv("EVENT_BUS", "numbers")
    monkeypatch.setattr(account.engine.session(), "events", lambda: told)
    counters = DynamoCounters(shared_client(account.engine), account.tables.history)
    assert counters.save(SiteCounter(key=CounterKey("acme", ""), cells={Cell("Available", ""): 1}))
    calls.made.clear()
    account.macros.put("acme", "number_stock_low_count", "5")
    assert account.run(WATCH, {}).answer["told"] == 1

    assert calls.made | {("events:PutEvents", "EventBus")} == allowed("WatchStock")


def test_the_history(account: Account, calls: Calls, bus: Bus) -> None:
    """GIVEN a change that comes alone, many that come together, and one of nothing WHEN recorded THEN all is called."""
    added = [replace(record(number=str(number)), version=1) for number in range(1, 40)]
    cooled = [replace(cooling(number=each.number), version=2) for each in added]
    changes = [
        streamed(before, after, after.version * 100 + place)
        for place, (before, after) in enumerate(zip(added, cooled, strict=True))
    ]
    broken: list[dict[str, Any]] = [{"dynamodb": {}}]
    for records in (changes[:1], changes[1:], broken):
        account.run(HISTORY, {"Records": records})
    assert bus.told

    assert calls.made | {("events:PutEvents", "EventBus")} == allowed("RecordHistory")


def test_the_jobs(account: Account, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a job whose numbers are there in part WHEN carried out in steps THEN all that its role allows is called."""
    clock = SettableClock(datetime.now(UTC), timedelta(milliseconds=150))
    monkeypatch.setattr(process, "clock", lambda: clock)
    account.put(NumberRecord(customer="acme", number="100007"))
    account.run(API, add({"first": "100000", "last": "100299"}))
    [step] = account.invocations.taken()
    calls.made.clear()
    assert account.run(JOBS, step, seconds_left=30.0).error is None
    assert account.invocations.asked, "it wakes the next"
    account.jobs_end()
    made = set(calls.made)
    account.run(API, add({"first": "200000", "last": "200299"}))
    calls.made.clear()
    with batched(monkeypatch):
        # moto does not understand the statement, but it is what is sent.
        account.run(JOBS, account.invocations.taken()[0])
    made |= calls.made

    assert made | {("lambda:InvokeFunction", "jobs"), RETRIED} == allowed("NumberJobs")


def test_the_release(account: Account, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN few and many that are due, cooled and reserved, WHEN released THEN all that its role allows is called."""

    def due(first: int, count: int) -> None:
        account.put(
            *(
                NumberRecord(customer="acme", number=str(number), status=Status.COOLING, release_date=LONG_AGO)
                for number in range(first, first + count)
            )
        )

    due(1000, 1)
    with refusals(process.dynamodb(), "UpdateItem", "ConditionalCheckFailedException"):
        account.run(RELEASE, {})
    due(2000, 40)
    with batched(monkeypatch):
        account.run(RELEASE, {})

    assert calls.made | {RETRIED} == allowed("ReleaseCooled")


def test_the_worker(account: Account, calls: Calls, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a device whose numbers come, go and are many WHEN synced THEN all that its role allows is called."""
    account.add_device("sbc-1", simulator)
    device, message = simulator.devices["sbc-1"], batch({"customer": "acme", "device": "sbc-1"})
    calls.made.clear()
    account.run(WORKER, message)
    device.unregister([f"4711@{DOMAIN}"])
    account.run(WORKER, message)
    with batched(monkeypatch):
        for numbers in (range(5000, 5040), range(5000, 5030)):
            device.replace_users(users(*NUMBERS, *map(str, numbers)))
            account.run(WORKER, message)

    assert calls.made | {RETRIED} == allowed("SyncWorker")


def test_the_audit(account: Account, calls: Calls, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN numbers that are wrong, few and many, and a lost register, WHEN audited THEN all is called."""
    simulator.devices["sbc-1"].replace_users(users(*NUMBERS, *map(str, range(5000, 5008))))
    for customer in ("acme", "other"):
        account.add_device("sbc-1", simulator, customer=customer)
        account.run(WORKER, batch({"customer": customer, "device": "sbc-1"}))
    registers = DynamoRegistrations(shared_client(account.engine), account.tables.registrations)
    registers.forget(DeviceKey("other", "sbc-1"))
    calls.made.clear()
    account.damage(NUMBERS[0], status="Available")
    account.lose(NUMBERS[1])
    plan = account.run(AUDIT, {"customer": "acme"}).answer["audits"][0]["checksum"]
    assert account.run(AUDIT, {"mode": "correct", "plan": plan}).error is None
    assert account.run(AUDIT, {"mode": "correct"}).error is None
    assert account.invocations.asked, "it wakes itself for each customer"
    account.audits_end()
    for number in range(5000, 5008, 2):
        account.damage(str(number), status="Available")
        account.lose(str(number + 1))
    with batched(monkeypatch):
        # moto does not understand the statements, but they are what is sent.
        account.run(AUDIT, {"customer": "acme", "mode": "correct"})

    assert calls.made | {("lambda:InvokeFunction", "audit"), RETRIED} == allowed("Audit")
