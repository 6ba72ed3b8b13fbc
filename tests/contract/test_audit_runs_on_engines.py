"""Whole audits on the real adapters: what they find and mend, what they leave alone, and what they ask of DynamoDB."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from botocore.model import OperationModel

from number_inventory.adapters.dynamodb.batch_write import batch_put
from number_inventory.adapters.dynamodb.number_items import number_item, number_key
from number_inventory.domain.audit_runs import AuditMode, AuditRun, RunState
from number_inventory.domain.devices import Health
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.numbers import NumberRecord, Usage
from number_inventory.ports.devices import RegisterHead
from tests.contract.audit_scene import BUDGET, Product
from tests.contract.conftest import Aws
from tests.contract.made import CUSTOMER, KEY, NOW, cooling, listed, record, used
from tests.memory.damage import Inventory, damage, populated

COUNT = 150
SHARE = 0.3


class Calls:
    """Counts requests by table and operation, from its making to its closing."""

    def __init__(self, aws: Aws) -> None:
        self.counted: Counter[tuple[str, str]] = Counter()
        self._tables = aws.tables
        self._events = aws.client.meta.events
        self._events.register("provide-client-params.dynamodb", self._count)

    def close(self) -> None:
        """Leave the client as it was."""
        self._events.unregister("provide-client-params.dynamodb", self._count)

    def writes(self) -> set[str]:
        """The kinds of tables that anything was written to."""
        kinds = {
            getattr(self._tables, kind): kind for kind in ("numbers", "registrations", "devices", "macros", "audits")
        }
        reading = ("GetItem", "BatchGetItem", "Query", "Scan")
        return {kinds[table] for table, operation in self.counted if operation not in reading}

    def _count(self, params: dict[str, Any], model: OperationModel, **_: object) -> None:
        for table in self._named(params):
            self.counted[table, model.name] += 1

    def _named(self, params: dict[str, Any]) -> set[str]:
        if "TableName" in params:
            return {params["TableName"]}
        if "RequestItems" in params:
            return set(params["RequestItems"])
        if "TransactItems" in params:
            return {body["TableName"] for action in params["TransactItems"] for body in action.values()}
        return {statement["Statement"].split('"')[1] for statement in params["Statements"]}


@contextmanager
def counted(aws: Aws) -> Iterator[Calls]:
    """Count what is asked meanwhile."""
    calls = Calls(aws)
    try:
        yield calls
    finally:
        calls.close()


@pytest.fixture
def damaged() -> Inventory:
    """Some hundred numbers in memory, many of them damaged in every way."""
    inventory = populated(COUNT, seed=20261123)
    damage(inventory, share=SHARE)
    return inventory


def moved_to(aws: Aws, inventory: Inventory) -> Product:
    """The same inventory on an engine: its devices as synced there, and every record as it stands in memory."""
    product = Product(aws)
    for key in inventory.devices:
        product.add_device(key.name)
        product.device_shows(key, [number for number, names in inventory.held.items() if key.name in names])
        assert product.sync(key).complete
    records = {number: each for (_, number), each in inventory.world.inventory.all().items()}
    items = [number_item(each, each.version) for each in records.values()]
    batch_put(aws.client, aws.tables.numbers, items, purpose="move the numbers")
    for number in inventory.held.keys() - records.keys():
        aws.client.delete_item(TableName=aws.tables.numbers, Key=number_key(CUSTOMER, number))
    return product


def shown(finding: Finding) -> tuple[object, ...]:
    """A finding without what differs from one place to another, such as the numbers of syncs."""
    words = [(each.device, each.word) for each in finding.evidence]
    return finding.number, finding.code, finding.before, finding.after, finding.outcome, finding.frees, words


def plain(found: NumberRecord) -> NumberRecord:
    """A record without versions, numbers of syncs and stamps."""
    holders = tuple(replace(holder, since=NOW, sync=0) for holder in found.holders)
    return replace(
        found, holders=holders, version=0, created_at=None, created_by="", updated_at=None, updated_by="", reason=""
    )


def everything(product: Product, kind: str) -> list[str]:
    """All items of a table, in a form that can be compared."""
    table = getattr(product.aws.tables, kind)
    pages = product.aws.client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return sorted(repr(sorted(item.items())) for page in pages for item in page["Items"])


def test_an_engine_finds_and_mends_what_memory_does(aws: Aws, damaged: Inventory) -> None:
    """GIVEN hundreds of numbers damaged in every way, WHEN reported and corrected by plan, THEN all as in memory."""
    world, product = damaged.world, moved_to(aws, damaged)

    in_memory, on_engine = world.audit(AuditMode.REPORT), product.audit(AuditMode.REPORT)
    assert [shown(each) for each in product.findings(on_engine)] == [shown(each) for each in world.findings(in_memory)]
    assert (on_engine.checksum, on_engine.counts) == (in_memory.checksum, in_memory.counts)
    assert set(on_engine.counts) == set(FindingCode)

    world.audit(AuditMode.CORRECT, plan=in_memory.checksum)
    done = product.audit(AuditMode.CORRECT, plan=on_engine.checksum)
    assert done.total(FindingOutcome.CORRECTED) == on_engine.total(FindingOutcome.REPORTED)
    records = {number: plain(each) for (_, number), each in world.inventory.all().items()}
    found = product.all_numbers(sorted(records))
    assert {number: plain(each) for number, each in found.items()} == records


def test_a_report_writes_to_no_table_but_its_own(aws: Aws, damaged: Inventory) -> None:
    """GIVEN damage, WHEN reported, THEN nothing but the audit's own table is written to."""
    product = moved_to(aws, damaged)
    kinds = ("numbers", "registrations", "devices", "macros")
    before = {kind: everything(product, kind) for kind in kinds}

    with counted(aws) as calls:
        run = product.audit(AuditMode.REPORT)

    assert run.total(FindingOutcome.REPORTED) > COUNT // 10
    assert calls.writes() == {"audits"}
    assert {kind: everything(product, kind) for kind in kinds} == before


def test_a_second_correction_finds_and_writes_nothing(aws: Aws, damaged: Inventory) -> None:
    """GIVEN damage that was corrected, WHEN corrected again, THEN nothing but conflicts is found, nothing written."""
    product = moved_to(aws, damaged)
    report = product.audit(AuditMode.REPORT)
    with counted(aws) as calls:
        product.audit(AuditMode.CORRECT, plan=report.checksum)
    assert calls.writes() == {"audits", "numbers"}
    after = everything(product, "numbers")

    with counted(aws) as calls:
        again = product.audit(AuditMode.CORRECT)

    conflicts = sum(1 for way in damaged.damaged.values() if way == "conflict")
    assert again.counts == {FindingCode.CONFLICT: {FindingOutcome.LEFT: conflicts}}
    assert calls.writes() == {"audits"}
    assert everything(product, "numbers") == after


# --- what sound numbers cost

SOUND = 700
LONG_TEXT = "x" * 2_000


def sound(aws: Aws) -> Product:
    """Sound numbers of over a megabyte, so that they come in pages; most on a device, the others cooling or free."""
    product = Product(aws)
    numbers = listed(SOUND)
    on_device, resting, free = numbers[:420], numbers[420:560], numbers[560:]
    product.add_device(KEY.name)
    lease = aws.devices.acquire(KEY, NOW, NOW + BUDGET)
    assert lease is not None
    register = aws.registrations.intend(lease, aws.registrations.load(lease), frozenset(on_device))
    state = replace(lease.state, health=Health.OK, last_complete_at=NOW, held_numbers=len(on_device))
    register = aws.registrations.compact(lease, register)
    assert aws.devices.finish(lease, state, RegisterHead("loaded", register.base, register.mark))
    records = [used(number, description=LONG_TEXT) for number in on_device]
    records += [cooling(number, description=LONG_TEXT) for number in resting]
    records += [record(number, description=LONG_TEXT) for number in free]
    items = [number_item(each, 1) for each in records]
    batch_put(aws.client, aws.tables.numbers, items, purpose="load the numbers")
    return product


def bare_read(aws: Aws) -> int:
    """Read every number page by page; returns the pages."""
    pages = aws.client.get_paginator("query").paginate(
        TableName=aws.tables.numbers,
        KeyConditionExpression="customer = :customer",
        ExpressionAttributeValues={":customer": {"S": CUSTOMER}},
    )
    return sum(1 for page in pages if page["Items"])


@pytest.mark.parametrize("mode", AuditMode)
def test_an_audit_of_sound_numbers_costs_a_bare_read_and_a_few_requests(metered: Aws, mode: AuditMode) -> None:
    """GIVEN sound numbers WHEN audited THEN for the price of reading them once, registers and its own notes (P8)."""
    product = sound(metered)
    metered.meter.reset()
    pages = bare_read(metered)
    bare_units = metered.meter.units["Query"]
    assert pages > 1

    metered.meter.reset()
    run = product.audit(mode)

    assert (run.state, run.numbers, run.total()) == (RunState.FINISHED, SOUND, 0)
    requests = metered.meter.requests
    asked_besides = {"heads": 1, "register": 2, "findings": 1, "earlier runs": 2}
    assert requests["Query"] <= pages + sum(asked_besides.values())
    assert requests.total() - requests["Query"] <= 10
    assert not {"UpdateItem", "BatchWriteItem"} & set(requests)
    assert metered.meter.read_units <= 1.05 * bare_units + 15
    assert metered.meter.write_units <= 30


def test_a_suspect_costs_its_own_readings_and_no_others(metered: Aws) -> None:
    """GIVEN one wrong number among many sound ones WHEN corrected THEN a few requests more, and one number write."""
    product = sound(metered)
    metered.meter.reset()
    product.audit(AuditMode.CORRECT)
    for_nothing = metered.meter.requests.copy()
    number = listed(1)[0]
    wrong = number_item(replace(used(number), usage=Usage.HUNT_PILOT), 2)
    metered.client.put_item(TableName=metered.tables.numbers, Item=wrong)

    metered.meter.reset()
    run: AuditRun = product.audit(AuditMode.CORRECT)

    assert run.counts == {FindingCode.USAGE_MISMATCH: {FindingOutcome.CORRECTED: 1}}
    assert metered.meter.requests["UpdateItem"] == for_nothing["UpdateItem"] + 1
    assert metered.meter.total_requests <= for_nothing.total() + 20
