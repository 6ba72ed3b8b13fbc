"""Functions call what their roles allow, all of it and nothing else: whatever is left over could be taken away.

What each may do is computed from the template, what it calls from the requests that its clients make here.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from number_inventory.adapters.dynamodb.counters import DynamoCounters
from number_inventory.bootstrap import process
from number_inventory.domain.counts import Cell, CounterKey, SiteCounter
from number_inventory.domain.numbers import NumberRecord, Status
from simulator.server import Simulator
from tests.contract.made import cooling, record
from tests.engines.engine import shared_client
from tests.engines.faults import refusals
from tests.integration.functions.account import API, DISPATCHER, JOBS, RELEASE, WORKER, Account, batch
from tests.integration.functions.alarms import template
from tests.integration.functions.api_requests import add
from tests.integration.functions.conftest import DOMAIN, NUMBERS, users
from tests.integration.functions.test_record_history import FUNCTION as HISTORY
from tests.integration.functions.test_record_history import Bus, bus, streamed
from tests.integration.functions.test_stock import WATCH
from tests.memory.clock import SettableClock
from tests.unit.adapters.test_stock_events import Bus as StockBus

Call = tuple[str, str]
"""An action, and the resource that it is done to, as the template names it."""

__all__ = ["bus"]  # a fixture

RETRIED: Call = ("dynamodb:GetItem", "NumbersTable")
"""What stands is read where a batch of writes had to be sent twice; moto knows no conditions of such a batch. The
contract tests have it on engines that do (tests/contract/test_lost_answers.py)."""

LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


class Calls:
    """What runs ask of AWS, noted where the clients send it."""

    def __init__(self, account: Account) -> None:
        self.made: set[Call] = set()
        self._tables = {name: f"{kind.capitalize()}Table" for kind, name in asdict(account.tables).items()}

    def note(self, **said: Any) -> None:  # noqa: ANN401 - botocore's
        params, model = said["params"], said["model"]
        service, operation = model.service_model.service_name, model.name
        if service == "dynamodb":
            self.made |= set(self._of_tables(operation, params))
        elif service == "sqs":
            queue = {"sync": "SyncQueue", "history-dead": "HistoryDeadLetters"}[params["QueueUrl"].rpartition("/")[2]]
            self.made.add((f"sqs:{operation.removesuffix('Batch')}", queue))
        else:
            self.made.add((f"{service}:{operation}", params["Name"].rpartition("/")[2]))

    def _of_tables(self, operation: str, params: Mapping[str, Any]) -> Iterator[Call]:
        if operation == "BatchExecuteStatement":
            for statement in params["Statements"]:
                found = re.match(r'(\w+) (?:INTO )?"([^"]+)"', statement["Statement"])
                assert found, statement
                verb, table = found.groups()
                yield f"dynamodb:PartiQL{verb.capitalize()}", self._tables[table]
            return
        if operation == "TransactWriteItems":
            for item in params["TransactItems"]:
                [(what, of)] = item.items()
                yield f"dynamodb:{what}Item", self._tables[of["TableName"]]
            return
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        for table in params.get("RequestItems", [params.get("TableName")]):
            yield f"dynamodb:{operation}", self._tables[table] + index


@pytest.fixture
def calls(account: Account) -> Iterator[Calls]:
    """All that is asked of AWS by functions, and by nothing else: clients that were there before tell nothing."""
    noted = Calls(account)
    session = account.engine.session()._session
    session.register("before-parameter-build", noted.note)
    yield noted
    session.unregister("before-parameter-build", noted.note)


def allowed(function: str) -> set[Call]:
    """What a function's own code may do: its role, without what AWS itself does in its name."""
    resources = template()["Resources"]
    properties = resources[function]["Properties"]
    role = resources[properties["Role"].removesuffix(".Arn")]["Properties"]
    statements = [each for policy in role["Policies"] for each in policy["PolicyDocument"]["Statement"]]
    said = {
        (action, _name(resource))
        for statement in statements
        if isinstance(statement, dict)  # the others have conditions: a key, or a network
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"], of_text=True)
    }
    return {call for call in said if not call[0].startswith("logs:")} - _of_aws(properties)


def _of_aws(properties: Mapping[str, Any]) -> set[Call]:
    """What AWS does under the role: it takes from queues and streams, and keeps events of runs that failed."""
    done = set[Call]()
    if "EventInvokeConfig" in properties:
        done.add(("sqs:SendMessage", "InvocationDeadLetters"))
    for event in properties.get("Events", {}).values():
        if event["Type"] == "SQS":
            done |= {(f"sqs:{what}", "SyncQueue") for what in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")}
        if event["Type"] == "DynamoDB":
            reads = ("DescribeStream", "GetRecords", "GetShardIterator")
            done |= {(f"dynamodb:{what}", "NumbersTable.StreamArn") for what in reads}
            done.add(("dynamodb:ListStreams", "NumbersTable/stream/*"))
    return done


def _listed(value: Any, *, of_text: bool = False) -> list[Any]:  # noqa: ANN401 - one or many
    if isinstance(value, list) and of_text and value[0] == "MakeEventBus":
        return [value[1]]
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], dict):
        return [value[0]]  # a text with what is put into it
    return value if isinstance(value, list) else [value]


def _name(resource: str) -> str:
    if "/index/" in resource or "/stream/" in resource:
        return resource.replace("${", "").replace(".Arn}", "")
    return re.split(r"[/:-]", resource)[-1] if resource.startswith("arn:") else resource.removesuffix(".Arn")


@contextmanager
def batched(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Numbers are written many a request, as on AWS."""
    with patch.context() as within:
        within.setenv("BATCHED_WRITES", "true")
        yield


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
