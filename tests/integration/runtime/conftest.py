"""Builds the functions for this interpreter, and gives them an AWS to call."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from local_stack.deployment import architecture, build
from local_stack.environment import aws_variables
from local_stack.errors import LocalStackError
from local_stack.layout import Layout, default_layout
from tests.engines.engine import Engine, Tables, create_tables
from tests.engines.fixtures import ministack
from tests.engines.guard import guarded
from tests.integration.runtime.emulated import copy_client

__all__ = ["ministack"]

PREFIX = "/runtime-test"
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Runtime:
    """What functions run on here.

    Attributes:
        layout: where their build and their logs are.
        client: the folder of Lambda's runtime interface client.
        environment: what the template would tell them.
    """

    layout: Layout
    client: Path
    engine: Engine
    tables: Tables
    environment: dict[str, str]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sends all tests here to one worker: they share a build."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.xdist_group("runtime"))


@pytest.fixture(scope="session")
def runtime(ministack: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """The functions, built for this interpreter, and an AWS with empty tables."""
    try:
        architecture()
    except LocalStackError as error:
        # The runtime interface emulator exists for x86_64 and arm64 only; the error names this machine's processor.
        pytest.skip(str(error))
    assert ministack.endpoint_url is not None
    layout = default_layout(tmp_path_factory.mktemp("runtime"))
    build(layout, Path(sys.executable))
    session = ministack.session()
    tables = create_tables(session.dynamodb())
    environment = {f"{name}_table".upper(): table for name, table in asdict(tables).items()} | {
        **aws_variables(ministack.endpoint_url),
        "SYNC_QUEUE_URL": session.sqs().create_queue(QueueName="runtime-sync")["QueueUrl"],
        "HISTORY_DEAD_LETTERS_URL": session.sqs().create_queue(QueueName="runtime-history-dead")["QueueUrl"],
        "EVENT_BUS": "default",
        "AUDIT_FUNCTION": "runtime-audit",
        "JOB_FUNCTION": "runtime-number-jobs",
        "PARAMETER_PREFIX": PREFIX,
        "API_AUTH": "AWS_IAM",
        "DEVICE_ADDRESS_POLICY": "local",
        "POWERTOOLS_METRICS_NAMESPACE": "NumberInventory",
    }
    with guarded(layout.state):
        yield Runtime(layout, copy_client(tmp_path_factory.mktemp("client")), ministack, tables, environment)
