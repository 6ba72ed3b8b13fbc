"""Fixtures that start the engines; import what is needed in a conftest.

MiniStack must be there (`make setup`). DynamoDB Local is used where `make dynamodb-local` could fetch it; else its
tests are skipped and say so.
"""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from local_stack import dynamodb_local, processes
from local_stack.emulator import start_emulator
from local_stack.layout import default_layout
from local_stack.processes import LOOPBACK
from tests.engines.engine import DYNAMODB_LOCAL, MINISTACK, MOTO, Engine
from tests.engines.guard import guarded


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """MiniStack in a process of its own."""
    port, folder = processes.free_port(), tmp_path_factory.mktemp("ministack")
    with guarded(folder):
        process = start_emulator(default_layout(folder), port)
        processes.save(process, folder / "ministack.process.json")
        try:
            yield Engine(MINISTACK, f"http://{LOOPBACK}:{port}")
        finally:
            process.stop()


@pytest.fixture(scope="session")
def dynamodb_local_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """AWS's own engine in a process of its own."""
    layout = default_layout()
    # It needs Maven and a JDK, which `make test` does not ask for; CI fetches it before the tests.
    if not dynamodb_local.is_fetched(layout):
        pytest.skip("DynamoDB Local is not here: `make dynamodb-local` fetches it where there is Maven and a JDK")
    folder = tmp_path_factory.mktemp("dynamodb-local")
    with guarded(folder), dynamodb_local.serving(layout, folder / "engine.log") as endpoint_url:
        yield Engine(DYNAMODB_LOCAL, endpoint_url)


@pytest.fixture
def moto_engine() -> Iterator[Engine]:
    """Moto, for the length of one test."""
    with mock_aws():
        yield Engine(MOTO, None)


_FIXTURES = {MOTO: "moto_engine", MINISTACK: "ministack", DYNAMODB_LOCAL: "dynamodb_local_engine"}


def engine_named(name: str, request: pytest.FixtureRequest) -> Engine:
    """The engine of this name, started when it is first asked for."""
    engine: Engine = request.getfixturevalue(_FIXTURES[name])
    return engine
