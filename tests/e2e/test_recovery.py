"""Two stacks in one account, and one of them restored from the other's backup: counts, history and events are right."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local_stack import description
from local_stack.deployment import deploy
from local_stack.layout import default_layout
from number_inventory.adapters.aws import AwsSession
from number_inventory.adapters.dynamodb.counters import DynamoCounters
from number_inventory.adapters.dynamodb.stored_numbers import DynamoStoredNumbers
from number_inventory.adapters.system_clock import SystemClock
from number_inventory.services.migrate_numbers import MigrateNumbers, MigrationReport
from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import DeployedStack, eventually

# A second deployment takes its time; on the engines, tests/contract has the same of backups and of migrations.
pytestmark = pytest.mark.long

SOON = timedelta(seconds=2)
"""All clocks here are this machine's: a recount need not wait for others."""


def migration(stack: DeployedStack) -> MigrateNumbers:
    """What `number-inventory migrate` does on a stack."""
    endpoint = stack.description["endpoint_url"]
    client = AwsSession(region="eu-central-1", endpoint_url=endpoint, access_key=("test", "test")).dynamodb()
    return MigrateNumbers(
        numbers=DynamoStoredNumbers(client, stack.table("numbers")),
        counters=DynamoCounters(client, stack.table("history")),
        clock=SystemClock(),
        lead=SOON,
        settle=SOON,
    )


def counted(stack: DeployedStack, customer: str) -> MigrationReport:
    """What a look tells once the stream has told all."""
    service = migration(stack)
    eventually(lambda: service.look(customer).finished)
    return service.look(customer)


@pytest.fixture(scope="module")
def other(stack: DeployedStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedStack]:
    """A second stack of another name beside the first one, from the same build."""
    folder = tmp_path_factory.mktemp("other") / ".local"
    built = replace(default_layout(stack.folder / ".local"), state=stack.folder / ".local")
    endpoint, name = stack.description["endpoint_url"], f"other-{uuid4().hex[:6]}"
    outputs = deploy(built, endpoint, {"ScheduleState": "DISABLED"}, stack_name=name)
    folder.mkdir()
    described = description.describe(
        stack_name=name,
        endpoint_url=endpoint,
        outputs=outputs,
        pids=stack.description["pids"],
        simulator=stack.description["simulator"],
    )
    description.write(folder / "stack.json", described)
    yield DeployedStack.read(folder)
    stack.client("cloudformation").delete_stack(StackName=name)


def test_two_stacks_share_nothing(stack: DeployedStack, other: DeployedStack) -> None:
    """GIVEN two stacks WHEN their descriptions are compared THEN no table, function, queue, bus or path is of both."""

    def names(described: dict[str, Any]) -> set[str]:
        kinds = ("tables", "functions", "queues")
        return {name for kind in kinds for name in described[kind].values()} | {
            described[name] for name in ("event_bus", "parameter_prefix", "api_url", "stack_name")
        }

    assert len(names(stack.description)) > 20
    assert names(stack.description).isdisjoint(names(other.description))


def test_a_stack_is_restored_from_another_ones_backup(customer: Customer, other: DeployedStack, tmp_path: Path) -> None:
    """GIVEN a stack with a synced device WHEN its backup is put into a new one THEN that one is as the first was.

    Items are the same; counts are whole after a migration; the history goes on, and nobody is told of new numbers. The
    first stack is recounted as well, as after numbers that came before its stream.
    """
    customer.add_device()
    customer.sync()
    stack = customer.stack
    customer.operate("numbers", "add", "+493055550001", "--site", "Berlin")
    assert counted(stack, customer.name).finished
    customer.operate("devices", "disable", "sbc-1")
    backup = tmp_path / "backup"

    wrote = customer.operate("backup", "write", str(backup), "--json").json["tables"]
    restored = Customer(customer.name, other, customer.simulator)
    assert restored.operate("backup", "restore", str(backup), "--json").json["tables"] == wrote
    for table in ("numbers", "devices", "registrations", "macros"):
        assert items(other, table, customer.name) == items(stack, table, customer.name), table
    assert other.get(f"/customers/{customer.name}/counts").status == 503

    report = migration(other).apply(customer.name, recount=False)
    assert (report.rewritten, report.unreadable) == (report.numbers, 0)
    seen = counted(other, customer.name)
    assert (seen.off, seen.counted) == (0, report.numbers)
    told = other.get(f"/customers/{customer.name}/numbers/+493055550001/history").body["changes"]
    assert (told[0]["kind"], told[0]["by"]) == ("touched", "migration")
    assert [change["kind"] for change in told[1:]] == ["created"]
    assert migration(stack).apply(customer.name, recount=True).finished
    assert counted(stack, customer.name).off == 0


def items(stack: DeployedStack, table: str, customer: str) -> dict[str, Any]:
    """All items of a customer in a table, by their keys."""
    client = stack.client("dynamodb")
    [first, second] = [
        key["AttributeName"] for key in client.describe_table(TableName=stack.table(table))["Table"]["KeySchema"]
    ]
    pages = client.get_paginator("scan").paginate(TableName=stack.table(table))
    found = [item for page in pages for item in page["Items"] if item[first]["S"].partition("#")[0] == customer]
    return {item[second]["S"]: item for item in found}
