"""A running simulator with one device of each style, put back to the same world before each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3

from simulator.device import Device
from simulator.listing import Style
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from simulator.users import plain_user
from tests.unit.simulator.calling import Caller

USERS = tuple(plain_user(f"{number}@10.8.5.71", "10.8.5.71") for number in range(1000, 1010))


class Clock:
    """A clock that stands still until it is told otherwise; seconds."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Simulator]:
    scenarios = [DeviceScenario(name=str(style), style=style, users=USERS) for style in Style]
    with Simulator(scenarios, tmp_path_factory.mktemp("simulator"), clock=clock) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    for device in running.devices.values():
        device.disarm()
        device.replace_users(USERS)
        device.forget_requests()
        device.reboot(0)
    return running


@pytest.fixture
def device(simulator: Simulator) -> Device:
    return simulator.devices["modern"]


@pytest.fixture
def calling(simulator: Simulator) -> Iterator[Callable[..., Caller]]:
    """Makes callers: `calling(device name, ca)`; their connections are closed after the test."""
    pools: list[urllib3.PoolManager] = []

    def make(name: str = "modern", role: int = 0, ca: Path | None = None) -> Caller:
        pool = urllib3.PoolManager(ca_certs=str(ca or simulator.certificates.ca_path))
        pools.append(pool)
        return Caller(simulator.url(name), simulator.devices[name].accounts[role], pool)

    yield make
    for pool in pools:
        pool.clear()


@pytest.fixture
def administrator(calling: Callable[..., Caller]) -> Caller:
    return calling()
