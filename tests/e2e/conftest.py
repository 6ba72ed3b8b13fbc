"""Brings up a stack for these tests, on free ports and with its own files, beside whatever `make up` started.

`NUMBER_INVENTORY_TEST_STACK=<state folder>` takes a stack that runs already instead, such as `.local`:
quicker while a test is being written.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack import processes
from local_stack.layout import default_layout
from local_stack.progress import Progress
from local_stack.stack import LocalStack, StackOptions
from tests.e2e.deployed_stack import DeployedStack

_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks all tests here, and sends them to one worker: they share one stack."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.stack)
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedStack]:
    """The template deployed to a local AWS, with a played device beside it."""
    running = os.environ.get("NUMBER_INVENTORY_TEST_STACK")
    if running:
        yield DeployedStack.read(Path(running).resolve())
        return
    state = tmp_path_factory.mktemp("stack") / ".local"
    local = LocalStack(default_layout(state), Progress())
    local.up(StackOptions(processes.free_port(), 0, {"SyncSchedule": "rate(1 minute)"}))
    try:
        yield DeployedStack.read(state)
    finally:
        local.down()
