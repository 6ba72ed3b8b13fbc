"""The ports on every engine.

`ports` runs a test on the implementations in memory, so that they stay honest, and on the real adapters on every
engine. `aws` runs it on the real adapters only, with their client at hand; `database` on engines with real concurrency,
with single and with batched writes; `metered` on those again, with single writes, whose units they count; `cloud` on
those that play more of AWS than DynamoDB. Moto ignores the conditions of batched writes, so it gets single ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from number_inventory.adapters.dynamodb import at_once
from number_inventory.adapters.dynamodb.audits import DynamoAudits
from number_inventory.adapters.dynamodb.counters import DynamoCounters
from number_inventory.adapters.dynamodb.devices import DynamoDevices
from number_inventory.adapters.dynamodb.history import DynamoHistory
from number_inventory.adapters.dynamodb.inventory import DynamoInventory
from number_inventory.adapters.dynamodb.keyed_requests import DynamoKeyedRequests
from number_inventory.adapters.dynamodb.macros import DynamoMacros
from number_inventory.adapters.dynamodb.number_jobs import DynamoNumberJobs
from number_inventory.adapters.dynamodb.registrations import DynamoRegistrations
from number_inventory.adapters.dynamodb.stock_days import DynamoStockDays
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.ports.audits import Audits
from number_inventory.ports.devices import Devices
from number_inventory.ports.history import Counters, History
from number_inventory.ports.keyed_requests import KeyedRequests
from number_inventory.ports.macros import Macros
from number_inventory.ports.number_jobs import NumberJobs
from number_inventory.ports.numbers import Inventory
from number_inventory.ports.registrations import Registrations
from number_inventory.ports.stock import StockDays
from tests.engines.engine import (
    DYNAMODB_LOCAL,
    MINISTACK,
    MOTO,
    Engine,
    Tables,
    create_tables,
    drop_tables,
    shared_client,
)
from tests.engines.fixtures import dynamodb_local_engine, engine_named, ministack, moto_engine
from tests.engines.meter import Meter
from tests.memory.audits import MemoryAudits
from tests.memory.clock import SettableClock
from tests.memory.devices import MemoryDevices
from tests.memory.history import MemoryCounters, MemoryHistory
from tests.memory.inventory import MemoryInventory
from tests.memory.keyed_requests import MemoryKeyedRequests
from tests.memory.number_jobs import MemoryNumberJobs
from tests.memory.registrations import MemoryRegistrations
from tests.memory.settings import MemoryMacros
from tests.memory.stock import MemoryStockDays

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["dynamodb_local_engine", "ministack", "moto_engine"]

MEMORY = "memory"
RETENTION = timedelta(days=400)
PROCESSES = (MINISTACK, DYNAMODB_LOCAL)
_BATCHED = "-batched"
BATCHED = tuple(engine + _BATCHED for engine in PROCESSES)


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that keep something, on one engine."""

    inventory: Inventory
    devices: Devices
    registrations: Registrations
    macros: Macros
    audits: Audits
    jobs: NumberJobs
    history: History
    counters: Counters
    requests: KeyedRequests
    stock_days: StockDays


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws(Ports):
    """The real adapters, and what tests look behind them with.

    Attributes:
        broken: the broken items that were reported.
    """

    engine: Engine
    tables: Tables
    client: "DynamoDBClient"
    meter: Meter
    clock: SettableClock
    broken: list[RecordBrokenError]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sends all tests on one engine process to one worker, so that it is started once."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        params = callspec.params.values() if callspec else ()
        places = {param.removesuffix(_BATCHED) for param in params if isinstance(param, str)}
        for engine in places & set(PROCESSES):
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.xdist_group(f"engine-{engine}"))


@pytest.fixture(scope="session", params=[MEMORY, MOTO, *BATCHED])
def place(request: pytest.FixtureRequest) -> str:
    """Where the ports of a test keep what they keep."""
    return str(request.param)


@pytest.fixture(scope="session", params=[MOTO, MINISTACK, DYNAMODB_LOCAL + _BATCHED])
def aws_place(request: pytest.FixtureRequest) -> str:
    """Every engine."""
    return str(request.param)


@pytest.fixture(scope="session", params=[MINISTACK, DYNAMODB_LOCAL + _BATCHED])
def process_place(request: pytest.FixtureRequest) -> str:
    """Every engine in a process of its own, which are the faster ones."""
    return str(request.param)


@pytest.fixture(scope="session", params=[*PROCESSES, *BATCHED])
def database_place(request: pytest.FixtureRequest) -> str:
    """Every engine on which two conditional writers can never both win."""
    return str(request.param)


@pytest.fixture(scope="session", params=PROCESSES)
def metered_place(request: pytest.FixtureRequest) -> str:
    """Every engine that counts write units, where it does so."""
    return str(request.param)


@pytest.fixture(scope="session", params=[MOTO, MINISTACK])
def cloud_place(request: pytest.FixtureRequest) -> str:
    """Every engine that has more than DynamoDB."""
    return str(request.param)


@pytest.fixture
def cloud(cloud_place: str, request: pytest.FixtureRequest) -> Engine:
    """An engine with the Parameter Store and SQS."""
    return engine_named(cloud_place, request)


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients try again at once, for tests in which they are refused again and again."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture
def ports(place: str, request: pytest.FixtureRequest) -> Iterator[Ports]:
    """The ports, in memory and on every engine."""
    if place == MEMORY:
        yield Ports(
            MemoryInventory(),
            MemoryDevices(),
            MemoryRegistrations(),
            MemoryMacros(),
            MemoryAudits(),
            MemoryNumberJobs(),
            MemoryHistory(),
            MemoryCounters(),
            MemoryKeyedRequests(),
            MemoryStockDays(),
        )
    else:
        yield from _on(place, request)


@pytest.fixture
def aws(aws_place: str, request: pytest.FixtureRequest) -> Iterator[Aws]:
    """The real adapters on every engine."""
    yield from _on(aws_place, request)


@pytest.fixture
def aws_on_moto(request: pytest.FixtureRequest) -> Iterator[Aws]:
    """The real adapters on the engine that takes the least time."""
    yield from _on(MOTO, request)


@pytest.fixture
def aws_in_process(process_place: str, request: pytest.FixtureRequest) -> Iterator[Aws]:
    """The real adapters on the engines in processes of their own."""
    yield from _on(process_place, request)


@pytest.fixture
def database(database_place: str, request: pytest.FixtureRequest) -> Iterator[Aws]:
    """The real adapters on the engines with real concurrency."""
    yield from _on(database_place, request)


@pytest.fixture
def metered(metered_place: str, request: pytest.FixtureRequest) -> Iterator[Aws]:
    """The real adapters with single writes, on the engines that count their units."""
    yield from _on(metered_place, request)


def _on(place: str, request: pytest.FixtureRequest) -> Iterator[Aws]:
    engine = engine_named(place.removesuffix(_BATCHED), request)
    if engine.name == MOTO:
        # Two threads that write the first items of a partition at once can make moto lose one of them.
        request.getfixturevalue("monkeypatch").setattr(at_once, "WRITE_THREADS", 1)
    client = shared_client(engine)
    tables = create_tables(client)
    meter = Meter(client)
    broken: list[RecordBrokenError] = []
    clock = SettableClock()
    yield Aws(
        inventory=DynamoInventory(client, tables.numbers, broken.append, batched=place.endswith(_BATCHED)),
        devices=DynamoDevices(client, tables.devices, clock, broken.append),
        registrations=DynamoRegistrations(client, tables.registrations),
        macros=DynamoMacros(client, tables.macros),
        audits=DynamoAudits(client, tables.audits, RETENTION, broken.append),
        jobs=DynamoNumberJobs(client, tables.jobs, RETENTION, broken.append),
        history=DynamoHistory(client, tables.history, RETENTION, broken.append),
        counters=DynamoCounters(client, tables.history),
        requests=DynamoKeyedRequests(client, tables.requests),
        stock_days=DynamoStockDays(client, tables.stock, RETENTION, broken.append),
        engine=engine,
        tables=tables,
        client=client,
        meter=meter,
        clock=clock,
        broken=broken,
    )
    meter.close()
    drop_tables(client, tables)
