"""The account that the functions run in, and the device that they ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from types import SimpleNamespace

import pytest
from moto import mock_aws

from number_inventory.adapters.dynamodb import at_once
from number_inventory.adapters.dynamodb.audits import DynamoAudits
from number_inventory.adapters.dynamodb.devices import DynamoDevices
from number_inventory.adapters.dynamodb.inventory import DynamoInventory
from number_inventory.adapters.dynamodb.macros import DynamoMacros
from number_inventory.adapters.ssm import SsmSecrets
from number_inventory.adapters.system_clock import SystemClock
from number_inventory.bootstrap import process
from simulator.listing import Style
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from simulator.users import RegisteredUser, plain_user
from tests.engines.engine import MOTO, REGION, Engine, create_tables
from tests.integration.connections import forget_connections
from tests.integration.functions.account import (
    AUDIT_FUNCTION,
    CANARY,
    JOB_FUNCTION,
    PREFIX,
    Account,
    Invocations,
)
from tests.integration.functions.aws_calls import Calls, noted

DOMAIN = "10.8.5.71"
RETENTION = timedelta(days=400)
NUMBERS = ("+493012340001", "+493012340002", "4711")


def users(*parts: str) -> tuple[RegisteredUser, ...]:
    """Users registered at the played device's domain."""
    return tuple(plain_user(f"{part}@{DOMAIN}", DOMAIN) for part in parts)


@contextmanager
def fresh_account() -> Iterator[Account]:
    """A fresh account and an environment as the template sets it; AWS's own waits between retries take no time."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        # Two threads that write the first items of a partition at once can make moto lose one of them.
        patch.setattr(at_once, "WRITE_THREADS", 1)
        account = _account(Engine(MOTO, None))
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
        for name, value in _environment(account).items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        forget_connections()
        # Kept over all tests: it reads botocore's descriptions of the services, which would be most of a test's time.
        patch.setattr(process, "session", account.engine.session)
        patch.setattr(account.engine.session(), "functions", lambda: account.invocations)
        yield account
        forget_connections()


def _account(engine: Engine) -> Account:
    session = engine.session()
    dynamodb, ssm, sqs = session.dynamodb(), session.ssm(), session.sqs()
    tables = create_tables(dynamodb)
    return Account(
        engine=engine,
        tables=tables,
        sqs=sqs,
        queue_url=sqs.create_queue(QueueName="sync")["QueueUrl"],
        inventory=DynamoInventory(dynamodb, tables.numbers),
        devices=DynamoDevices(dynamodb, tables.devices, SystemClock()),
        macros=DynamoMacros(dynamodb, tables.macros),
        audits=DynamoAudits(dynamodb, tables.audits, RETENTION),
        secrets=SsmSecrets(ssm, PREFIX),
        invocations=Invocations(),
    )


def _environment(account: Account) -> dict[str, str]:
    return {f"{name}_table".upper(): table for name, table in asdict(account.tables).items()} | {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SYNC_QUEUE_URL": account.queue_url,
        "AUDIT_FUNCTION": AUDIT_FUNCTION,
        "JOB_FUNCTION": JOB_FUNCTION,
        "PARAMETER_PREFIX": PREFIX,
        "API_AUTH": "AWS_IAM",
        "DEVICE_ADDRESS_POLICY": "local",
        "POWERTOOLS_METRICS_NAMESPACE": "NumberInventory",
    }


@pytest.fixture
def account() -> Iterator[Account]:
    """An account for one test."""
    with fresh_account() as fresh:
        yield fresh


@pytest.fixture
def calls(account: Account) -> Iterator[Calls]:
    """What functions ask of AWS."""
    with noted(account) as calls:
        yield calls


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    scenario = DeviceScenario(name="sbc-1", style=Style.MODERN, domain=DOMAIN, password=CANARY)
    with Simulator([scenario], tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(_running: Simulator) -> Simulator:
    """A played device `sbc-1` with three users that are numbers, and no faults."""
    device = _running.devices["sbc-1"]
    device.disarm()
    device.replace_users(users(*NUMBERS))
    device.forget_requests()
    return _running
