"""Every fault that a device can play, against a whole sync: what it makes of the device, and that it frees no number.

The device is played over real TLS on this machine; while it plays a fault it has lost half of its users as well, so
that whoever believed what it shows would free ten numbers.
"""

from collections.abc import Iterator

import pytest

from number_inventory.adapters.audiocodes.connection import Heard
from number_inventory.domain.devices import Health
from number_inventory.ports.secrets import Credentials
from simulator.device import Device as PlayedDevice
from simulator.faults import REGISTRY
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from tests.integration.played_world import CANARY, HALF, NUMBERS, USERS, Played

Fault = tuple[str, dict[str, object], Health, str]
FAULTS: list[Fault] = [
    ("wrong-password", {}, Health.LOGIN_REFUSED, "HTTP 401"),
    ("lockout", {"after": 1}, Health.LOGIN_REFUSED, "HTTP 401"),
    ("monitor-role", {}, Health.LOGIN_REFUSED, "HTTP 403"),
    ("expired-certificate", {}, Health.UNREACHABLE, "certificate has expired"),
    ("self-signed-certificate", {}, Health.UNREACHABLE, "not trusted"),
    ("other-host-certificate", {}, Health.UNREACHABLE, "not trusted"),
    ("unreachable", {}, Health.UNREACHABLE, "no connection"),
    ("no-content", {}, Health.PARTIAL, "but lists 0"),
    ("empty-400", {"always": True}, Health.MISCONFIGURED, "HTTP 400"),
    ("ha-sync", {}, Health.UNREACHABLE, "HTTP 409"),
    ("failed-status", {}, Health.MISCONFIGURED, "failed"),
    ("failed-status", {"with_output": True}, Health.MISCONFIGURED, "failed"),
    ("html-error", {}, Health.UNREACHABLE, "HTTP 500"),
    ("html-login-page", {}, Health.MISCONFIGURED, "not JSON"),
    ("not-found", {"route": "status"}, Health.MISCONFIGURED, "HTTP 404"),
    ("redirect", {"to": "scheme"}, Health.MISCONFIGURED, "redirects"),
    ("redirect", {"to": "host"}, Health.MISCONFIGURED, "redirects"),
    ("too-many-requests", {"retry_after": 0}, Health.UNREACHABLE, "HTTP 429"),
    ("unavailable", {}, Health.UNREACHABLE, "HTTP 503"),
    ("null-count", {"skip": 1}, Health.PARTIAL, "went from"),
    ("wrong-count", {"by": 10}, Health.PARTIAL, "counts 20 registered users, but lists 10"),
    ("changing-count", {}, Health.PARTIAL, "went from"),
    ("truncated-output", {}, Health.PARTIAL, "not understood"),
    ("no-output", {}, Health.MISCONFIGURED, "no output"),
    ("unknown-lines", {}, Health.PARTIAL, "not understood"),
    ("truncated-body", {}, Health.UNREACHABLE, "broke off"),
    ("reset", {}, Health.UNREACHABLE, "broke off"),
    ("slow-answer", {"seconds": 20}, Health.UNREACHABLE, "no answer within 1 s"),
    ("slow-drip", {"bytes": 1, "seconds": 0.05}, Health.UNREACHABLE, "took too long"),
    ("gigantic-body", {"megabytes": 4}, Health.MISCONFIGURED, "larger than 1 MiB"),
]
HARMLESS: dict[str, dict[str, object]] = {
    "five-contacts": {},
    "bare-aors": {},
    "null-count": {},
    "not-found": {},
    "empty-400": {},
}
"""What looks odd and proves all that a device holds nevertheless."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    scenarios = [DeviceScenario(name=name, users=USERS, password=CANARY) for name in ("sbc1", "restarts", "asked")]
    with Simulator(scenarios, tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def played(running: Simulator) -> PlayedDevice:
    device = running.devices["sbc1"]
    device.disarm()
    device.replace_users(USERS)
    return device


def test_every_fault_of_the_simulator_is_tried() -> None:
    """GIVEN the faults that the simulator has for an SBC, THEN each stands in one of the two lists here."""
    assert {name for name, *_ in FAULTS} | HARMLESS.keys() == {
        name for name, kind in REGISTRY.items() if "sbc" in kind.sources
    }


@pytest.mark.parametrize("played_fault", FAULTS, ids=[f"{name}-{place}" for place, (name, *_) in enumerate(FAULTS)])
def test_a_fault_frees_no_number_and_says_what_it_is(
    running: Simulator, played: PlayedDevice, played_fault: Fault
) -> None:
    """GIVEN a device with a fault that lost half its users, WHEN synced twice, THEN none goes, and why is told."""
    fault, parameters, health, words = played_fault
    world = Played(running, "sbc1")
    if fault == "lockout":
        world.secrets.store(world.key, Credentials("Admin", "wrong"))
    played.replace_users(HALF)

    for _ in range(2):
        played.disarm()
        played.arm(fault, **parameters)
        summary = world.sync(world.key)
        assert (summary.health, summary.disappeared) == (health, 0)
        assert world.held_by(world.key) == set(NUMBERS)
    state = world.devices.get(world.key).state
    assert state.health is health
    assert CANARY not in state.cause
    if health is not Health.LOGIN_REFUSED:
        assert words in state.cause

    played.disarm()
    played.replace_users(USERS)
    if fault == "lockout":
        world.secrets.store(world.key, Credentials(played.accounts[0].username, CANARY))
    world.recovered(world.key)


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_only_looks_odd_is_understood(running: Simulator, played: PlayedDevice, fault: str) -> None:
    """GIVEN a device that shows its users otherwise, or no count, WHEN synced, THEN all is well."""
    world = Played(running, "sbc1")
    played.arm(fault, **HARMLESS[fault])

    assert world.sync(world.key).health is Health.OK
    assert world.held_by(world.key) == set(NUMBERS)
    assert world.lost == []


def test_users_who_come_back_slowly_after_a_restart_lose_nothing(running: Simulator) -> None:
    """GIVEN a device that restarts and has nobody at first, WHEN synced, THEN its numbers wait for them."""
    world, played = Played(running, "restarts"), running.devices["restarts"]
    played.reboot(3600)

    assert world.sync(world.key).health is Health.WAITING
    assert "restarted" in world.devices.get(world.key).state.cause
    played.replace_users(USERS)
    world.recovered(world.key)


def test_a_restart_while_it_is_asked_loses_nothing(running: Simulator) -> None:
    """GIVEN a device that restarts after it told its uptime, and misses a few, WHEN synced twice, THEN they wait."""
    played = running.devices["asked"]
    restarting: list[bool] = []

    def restart(heard: Heard) -> None:
        if heard.path.endswith("/status") and restarting:
            restarting.clear()
            played.reboot(0)
            played.replace_users(USERS[3:])

    world = Played(running, "asked", heard=restart)
    restarting.append(True)

    assert world.sync(world.key).health is Health.PARTIAL
    assert world.sync(world.key).health is Health.WAITING
    played.replace_users(USERS)
    world.recovered(world.key)


def test_a_factory_reset_loses_nothing_without_a_person(running: Simulator, played: PlayedDevice) -> None:
    """GIVEN a device that answers well and has nobody any more, WHEN synced, THEN all is held for a person."""
    world = Played(running, "sbc1")
    played.replace_users(())

    assert world.sync(world.key).health is Health.HELD
    played.replace_users(USERS)
    world.recovered(world.key)
