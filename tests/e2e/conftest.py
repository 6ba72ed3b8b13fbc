"""Brings up a stack for these tests, on free ports and with its own files, beside whatever `make up` started.

`NUMBER_INVENTORY_TEST_STACK=<state folder>` takes a stack that runs already instead, such as `.local`:
quicker while a test is being written.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from local_stack import processes
from local_stack.layout import default_layout
from local_stack.progress import Progress
from local_stack.stack import LocalStack, StackOptions
from simulator.listing import Style
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from simulator.users import RegisteredUser, plain_user
from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import DeployedStack
from tests.engines.guard import guarded
from tests.integration.cli.operator import CANARY

DOMAIN = "10.8.5.71"
NUMBERS = ("+493012340001", "*21#", "4711")
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
    with guarded(state):
        local.up(StackOptions(processes.free_port(), 0, {"SyncSchedule": "rate(1 minute)"}))
        try:
            yield DeployedStack.read(state)
        finally:
            local.down()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the played devices keep their certificates: made once, they need not be made again."""
    return tmp_path_factory.mktemp("devices")


@pytest.fixture(scope="session")
def unattended(stack: DeployedStack, certificates: Path) -> Iterator[Customer]:
    """A customer with a device that no test ever has synced: that is left to the template's schedule."""
    scenario = DeviceScenario(name="sbc-1", domain=DOMAIN, password=CANARY, users=users("+498912340001"))
    with Simulator([scenario], certificates) as simulator:
        customer = Customer(f"unattended-{uuid4().hex[:10]}", stack, simulator)
        customer.add_device()
        yield customer
        customer.disable_devices()


@pytest.fixture
def customer(unattended: Customer, certificates: Path) -> Iterator[Customer]:
    """A customer with two played devices at loopback, neither of them configured yet; three numbers on `sbc-1`."""
    scenarios = [
        DeviceScenario(name=name, style=Style.MODERN, domain=DOMAIN, password=CANARY, users=shown)
        for name, shown in (("sbc-1", users(*NUMBERS)), ("sbc-2", ()))
    ]
    with Simulator(scenarios, certificates) as simulator:
        # The unattended one is there from the beginning, so that its schedule's time goes by during the other tests.
        customer = Customer(f"c-{uuid4().hex[:10]}", unattended.stack, simulator)
        yield customer
        # A device that is gone keeps workers busy at every schedule.
        customer.disable_devices()


def users(*numbers: str) -> tuple[RegisteredUser, ...]:
    """Users as the played devices register them."""
    return tuple(plain_user(aor(number), DOMAIN) for number in numbers)


def aor(number: str) -> str:
    """The address of record that a number has on the played devices."""
    return f"{number}@{DOMAIN}"
