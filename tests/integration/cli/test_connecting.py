"""Which inventory a command works on, and what it says if there is none."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local_stack import emulator
from tests.engines.engine import REGION, Engine, Tables, create_tables, drop_tables
from tests.integration.cli.conftest import AUDIT_FUNCTION, JOB_FUNCTION, RECORD_FUNCTION
from tests.integration.cli.operator import Operator

ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
NO_FILES = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


@pytest.fixture
def tables(ministack: Engine) -> Iterator[Tables]:
    """Fresh tables."""
    client = ministack.session().dynamodb()
    tables = create_tables(client)
    yield tables
    drop_tables(client, tables)
    client.close()


@pytest.fixture
def stack(ministack: Engine, tables: Tables) -> Iterator[str]:
    """A deployed stack with the outputs that the template has, for these tables."""
    outputs = {
        "NumbersTableName": tables.numbers,
        "RegistrationsTableName": tables.registrations,
        "DevicesTableName": tables.devices,
        "MacrosTableName": tables.macros,
        "AuditsTableName": tables.audits,
        "HistoryTableName": tables.history,
        "StockTableName": tables.stock,
        "AuditName": AUDIT_FUNCTION,
        "JobsTableName": tables.jobs,
        "NumberJobsName": JOB_FUNCTION,
        "RecordHistoryName": RECORD_FUNCTION,
        "ParameterPrefix": f"/{tables.numbers}",
    }
    yield from _deployed(ministack, f"inventory-{tables.numbers}", outputs)


@pytest.fixture
def other_stack(ministack: Engine, tables: Tables) -> Iterator[str]:
    """A deployed stack of something else."""
    yield from _deployed(ministack, f"other-{tables.numbers}", {"Something": "else"})


def _deployed(ministack: Engine, name: str, outputs: dict[str, str]) -> Iterator[str]:
    assert ministack.endpoint_url is not None
    client = emulator.client("cloudformation", ministack.endpoint_url)
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    client.create_stack(StackName=name, TemplateBody=json.dumps(template))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    yield name
    client.delete_stack(StackName=name)
    client.close()


@pytest.fixture
def account(ministack: Engine, tmp_path: Path) -> Operator:
    """An operator who works on an AWS account, which MiniStack plays."""
    assert ministack.endpoint_url is not None
    return Operator(tmp_path, (), tuple(({"AWS_ENDPOINT_URL": ministack.endpoint_url} | NO_FILES).items()))


def test_a_deployed_stack_tells_where_its_tables_are(account: Operator, stack: str) -> None:
    """GIVEN a deployed stack WHEN it is named by option or environment THEN commands work on its tables."""
    region = ("--region", REGION)
    assert account("--stack", stack, *region, "numbers", "add", "4711", **ACCOUNT).code == 0
    listed = account("numbers", "list", "--json", **ACCOUNT, NUMBER_INVENTORY_STACK=stack, AWS_REGION=REGION)
    assert [number["number"] for number in listed.json["numbers"]] == ["4711"]
    hint = account("--stack", stack, *region, "devices", "list", **ACCOUNT)
    assert f"number-inventory --stack {stack} --region {REGION} devices add" in hint.out


def test_a_stack_that_is_missing_or_another_is_told(account: Operator, other_stack: str) -> None:
    """GIVEN no stack of that name, or one of something else WHEN a command runs THEN one line says so."""
    missing = account("--region", REGION, "devices", "list", **ACCOUNT)
    assert (missing.code, missing.out, missing.err.count("\n")) == (1, "", 1)
    assert "there is no stack 'number-inventory'" in missing.err
    other = account("--region", REGION, "--stack", other_stack, "devices", "list", **ACCOUNT)
    assert other.code == 1
    assert "has no output AuditName: it is no number inventory" in other.err


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        ((), ACCOUNT, "no AWS region is set"),
        (("--region", REGION), {"AWS_EC2_METADATA_DISABLED": "true"}, "there are no AWS credentials"),
        (("--region", REGION, "--profile", "nobody"), ACCOUNT, "there is no AWS profile 'nobody'"),
        (("--region", REGION, "--stack", ""), ACCOUNT, "stack: must be the name of a CloudFormation stack"),
    ],
)
def test_what_is_missing_to_reach_aws_is_told(
    account: Operator, options: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    """GIVEN no region, no keys, no such profile or no name WHEN a command runs THEN one line says which."""
    refused = account(*options, "devices", "list", **environment)
    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert said in refused.err


def test_local_reaches_the_local_stack_only(operator: Operator) -> None:
    """GIVEN an environment full of an account WHEN --local is given THEN none of it counts."""
    operator = replace(operator, own_process=True)
    account = {
        "AWS_PROFILE": "production",
        "AWS_ENDPOINT_URL": "http://192.0.2.1:1",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://192.0.2.1:1",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_REGION": "us-east-1",
        "HTTP_PROXY": "http://192.0.2.1:1",
        "http_proxy": "http://192.0.2.1:1",
        "NUMBER_INVENTORY_STACK": "production",
    }
    assert operator("numbers", "list", "--json", **account).json["numbers"] == []


def test_local_without_a_local_stack_says_how_to_start_one(operator: Operator, tmp_path: Path) -> None:
    """GIVEN no description, a broken one, one of elsewhere or one of a stack that stopped THEN one line says so."""
    description = tmp_path / ".local" / "stack.json"
    good = json.loads(description.read_text())

    def said() -> str:
        refused = operator("devices", "list")
        assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
        return refused.err

    description.write_text(json.dumps(good | {"endpoint_url": "http://127.0.0.1:1"}))
    assert "does not answer at http://127.0.0.1:1: start it with `make up`" in said()
    description.write_text(json.dumps(good | {"endpoint_url": "https://dynamodb.eu-central-1.amazonaws.com"}))
    assert "which is not on this machine" in said()
    description.write_text('{"endpoint_url": ')
    assert "does not describe a local stack" in said()
    description.unlink()
    assert "there is no local stack" in said()
    assert "make up" in said()


def test_the_state_folder_may_be_elsewhere(operator: Operator, tmp_path: Path) -> None:
    """GIVEN NUMBER_INVENTORY_STATE WHEN --local is given THEN the stack described there is taken."""
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / ".local").rename(elsewhere)
    assert operator("numbers", "list").code == 1
    assert operator("numbers", "list", NUMBER_INVENTORY_STATE=str(elsewhere)).code == 0
