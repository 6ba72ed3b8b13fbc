"""What the deployment itself promises: everything is there, in the shape that the template says."""

import json
import subprocess
import sys

import pytest

from tests.e2e.deployed_stack import DeployedStack
from tests.unit.docs.documented import ROOT, Documented, commands


def test_deployed_tables_have_their_indexes(stack: DeployedStack) -> None:
    """GIVEN the deployed stack WHEN its tables are described THEN they have the indexes that the functions query."""
    dynamodb = stack.client("dynamodb")
    indexes = {
        name: {
            index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
            for index in dynamodb.describe_table(TableName=stack.table(name))["Table"].get("GlobalSecondaryIndexes", [])
        }
        for name in stack.description["tables"]
    }

    assert indexes == {
        "numbers": {
            "cooling": ["cooling_shard", "release_at"],
            "lapsing": ["lapse_shard", "reserved_until"],
            "idle": ["idle_pool", "number"],
        },
        "registrations": {},
        "devices": {"scheduled": ["schedule_shard", "device_key"]},
        "macros": {},
        "audits": {},
        "jobs": {},
        "history": {"counted": ["counted", "number"]},
        "requests": {},
        "stock": {},
    }


def test_four_schedules_are_enabled(stack: DeployedStack) -> None:
    """GIVEN the deployed stack WHEN its schedules are listed THEN sync, release, audit and stock run."""
    scheduler = stack.client("scheduler")
    names = [item["Name"] for item in scheduler.list_schedules(GroupName=stack.description["stack_name"])["Schedules"]]
    schedules = [scheduler.get_schedule(Name=name, GroupName=stack.description["stack_name"]) for name in names]

    functions = stack.description["functions"]
    inputs = {item["Target"]["Arn"].rpartition(":")[2]: json.loads(item["Target"]["Input"]) for item in schedules}
    assert {each.pop("correlation_id") for each in inputs.values()} == {"<aws.scheduler.execution-id>"}
    assert {each.pop("scheduled") for each in inputs.values()} == {True}
    assert inputs == {
        functions["sync_dispatcher"]: {},
        functions["release_cooled"]: {},
        functions["audit"]: {"mode": "correct"},
        functions["watch_stock"]: {},
    }
    assert len(schedules) == len(inputs)
    assert all(item["State"] == "ENABLED" for item in schedules)
    assert all("DeadLetterConfig" in item["Target"] and "RetryPolicy" in item["Target"] for item in schedules)


def test_dead_letters_wait_long_enough_to_be_seen(stack: DeployedStack) -> None:
    """GIVEN the deployed stack WHEN a sync fails three times THEN its request is kept for two weeks."""
    sqs = stack.client("sqs")
    queues = stack.description["queues"]
    attributes = sqs.get_queue_attributes(QueueUrl=queues["sync"], AttributeNames=["All"])["Attributes"]
    dead = sqs.get_queue_attributes(QueueUrl=queues["sync_dead_letters"], AttributeNames=["All"])["Attributes"]

    assert dead["QueueArn"] in attributes["RedrivePolicy"]
    assert int(dead["MessageRetentionPeriod"]) == 14 * 24 * 3600


@pytest.mark.parametrize("documented", commands("python3", ROOT / "docs" / "local-stack.md"), ids=str)
def test_the_description_has_what_the_page_reads_from_it(stack: DeployedStack, documented: Documented) -> None:
    """GIVEN a stack that is up WHEN a piece of Python of the page is run beside it THEN it prints a value."""
    _, *words = documented.words
    done = subprocess.run([sys.executable, *words], cwd=stack.folder, capture_output=True, text=True, check=True)  # noqa: S603 - the page's own
    assert done.stdout.strip()
