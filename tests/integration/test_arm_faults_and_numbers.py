"""Every fault that a Routing Manager (ARM) can play, against a whole sync: what it makes of it, and what it frees.

That is nothing. While it plays a fault it has lost half of its users as well, so that whoever believed what it shows
would free ten numbers.
"""

from collections.abc import Iterator

import pytest

from number_inventory.domain.devices import Health, LoginMethod
from number_inventory.ports.secrets import Credentials
from simulator.device import Device as PlayedDevice
from simulator.faults import REGISTRY
from simulator.nodes import STATES
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from tests.integration.played_world import CANARY, HALF, NUMBERS, USERS, Played

Fault = tuple[str, dict[str, object], Health, str]
LIST: dict[str, object] = {"route": "list"}
FAULTS: list[Fault] = [
    ("wrong-password", {}, Health.LOGIN_REFUSED, ""),
    ("lockout", {"after": 1}, Health.LOGIN_REFUSED, ""),
    ("monitor-role", {}, Health.LOGIN_REFUSED, ""),
    ("expired-certificate", {}, Health.UNREACHABLE, "certificate has expired"),
    ("self-signed-certificate", {}, Health.UNREACHABLE, "not trusted"),
    ("other-host-certificate", {}, Health.UNREACHABLE, "not trusted"),
    ("unreachable", {}, Health.UNREACHABLE, "no connection"),
    ("no-content", {}, Health.PARTIAL, "the list is empty"),
    ("no-content", {"route": "nodes"}, Health.PARTIAL, "names no nodes"),
    ("empty-400", {"always": True}, Health.PARTIAL, "HTTP 400"),
    ("empty-400", {"always": True, "route": "nodes"}, Health.PARTIAL, "names no nodes"),
    ("ha-sync", {}, Health.UNREACHABLE, "HTTP 409"),
    ("html-error", {}, Health.UNREACHABLE, "HTTP 500"),
    ("html-error", {"route": "nodes", "status": 502}, Health.UNREACHABLE, "HTTP 502"),
    ("html-error", {"route": "list", "status": 405}, Health.MISCONFIGURED, "HTTP 405"),
    ("html-login-page", {}, Health.MISCONFIGURED, "not JSON"),
    ("not-found", LIST, Health.MISCONFIGURED, "HTTP 404"),
    ("redirect", {"to": "scheme"}, Health.MISCONFIGURED, "redirects"),
    ("redirect", {"to": "host"}, Health.MISCONFIGURED, "redirects"),
    ("too-many-requests", {"retry_after": 0}, Health.UNREACHABLE, "HTTP 429"),
    ("unavailable", {}, Health.UNREACHABLE, "HTTP 503"),
    ("wrong-count", {**LIST, "by": 10}, Health.PARTIAL, "says that there are 20 registered users, but lists 10"),
    ("null-count", LIST, Health.PARTIAL, "does not say how many registered users"),
    ("changing-count", LIST, Health.PARTIAL, "changed while its pages were read"),
    ("truncated-body", {}, Health.UNREACHABLE, "broke off"),
    ("reset", {}, Health.UNREACHABLE, "broke off"),
    ("slow-answer", {"seconds": 20}, Health.UNREACHABLE, "no answer within 1 s"),
    ("slow-drip", {"bytes": 1, "seconds": 0.05}, Health.UNREACHABLE, "took too long"),
    ("gigantic-body", {"megabytes": 4}, Health.MISCONFIGURED, "larger than 1 MiB"),
    ("slipping-cursor", {}, Health.PARTIAL, "did not show the same"),
    ("change-between-pages", {}, Health.PARTIAL, "changed while its pages were read"),
    ("change-between-pages", {"comes": True}, Health.PARTIAL, "did not show the same"),
    ("repeating-cursor", {}, Health.PARTIAL, "its cursor comes back"),
    ("endless-cursor", {}, Health.PARTIAL, "goes on after"),
    ("endless-cursor", {"empty": True}, Health.PARTIAL, "does not end"),
    ("lost-users", {}, Health.PARTIAL, "says that there are 10 registered users, but lists"),
    ("odd-entries", {}, Health.PARTIAL, "not understood"),
    ("feature-off", {"how": "flag"}, Health.MISCONFIGURED, "Enable registered users feature"),
    ("feature-off", {"how": "error"}, Health.MISCONFIGURED, "Enable registered users feature"),
    ("feature-off", {"how": "silent"}, Health.PARTIAL, "the list is empty"),
]
HARMLESS: dict[str, dict[str, object]] = {
    "five-contacts": {},
    "bare-aors": {},
    "not-found": {"route": "status"},
    "short-pages": {"size": 7},
    "slipping-cursor": {},
    "same-aor-on-two-nodes": {},
    "empty-400": {},
}
"""What looks odd and proves all that a device holds nevertheless."""

PAGED = {"changing-count", "slipping-cursor", "change-between-pages", "repeating-cursor", "endless-cursor"}
"""What shows only where there are several pages."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    scenario = DeviceScenario(name="arm1", source="arm", users=USERS, password=CANARY)
    with Simulator([scenario], tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def played(running: Simulator) -> PlayedDevice:
    device = running.devices["arm1"]
    device.disarm()
    for name in list(device.nodes):
        device.set_node(name, {"state": "Available", "operative_state": "Available", "forgets": False})
    device.replace_users(USERS)
    return device


def play(device: PlayedDevice, fault: str, parameters: dict[str, object]) -> None:
    device.disarm()
    if fault in PAGED:
        device.arm("short-pages", size=3)
    if fault == "slipping-cursor":
        device.arm("change-between-pages", comes=True)
    device.arm(fault, **parameters)


def test_every_fault_of_a_routing_manager_is_tried() -> None:
    """GIVEN the faults that the simulator has for an ARM, THEN each stands in one of the two lists here."""
    assert {name for name, *_ in FAULTS} | HARMLESS.keys() == {
        name for name, kind in REGISTRY.items() if "arm" in kind.sources
    }


@pytest.mark.parametrize("played_fault", FAULTS, ids=[f"{name}-{place}" for place, (name, *_) in enumerate(FAULTS)])
def test_a_fault_frees_no_number_and_says_what_it_is(
    running: Simulator, played: PlayedDevice, played_fault: Fault
) -> None:
    """GIVEN an ARM with a fault that lost half its users, WHEN synced twice, THEN none goes, and why is told."""
    fault, parameters, health, words = played_fault
    world = Played(running, "arm1", LoginMethod.SESSION if len(words) % 2 else LoginMethod.BASIC)
    if fault == "lockout":
        world.secrets.store(world.key, Credentials("Admin", "wrong"))
    played.replace_users(HALF)

    for _ in range(2):
        play(played, fault, parameters)
        summary = world.sync(world.key)
        assert (summary.health, summary.disappeared) == (health, 0)
        assert world.held_by(world.key) >= set(NUMBERS)
    cause = world.devices.get(world.key).state.cause
    assert words in cause or health is Health.LOGIN_REFUSED
    assert CANARY not in cause

    played.disarm()
    played.replace_users(USERS)
    if fault == "lockout":
        world.secrets.store(world.key, Credentials(played.accounts[0].username, CANARY))
    assert world.lost == []


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_only_looks_odd_is_understood(running: Simulator, played: PlayedDevice, fault: str) -> None:
    """GIVEN an ARM that shows its users otherwise, or no total, WHEN synced, THEN all is well."""
    world = Played(running, "arm1")
    if fault == "slipping-cursor":
        played.arm("short-pages", size=3)
    played.arm(fault, **HARMLESS[fault])

    assert world.sync(world.key).health is Health.OK
    assert world.held_by(world.key) == set(NUMBERS)


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize(
    "changes", [*({"state": state} for state in STATES[1:]), {"operative_state": "Unknown"}], ids=str
)
def test_a_node_that_is_not_heard_frees_nothing(
    running: Simulator, played: PlayedDevice, changes: dict[str, str], forgets: bool
) -> None:
    """GIVEN users who left, and a node in another state, WHEN synced, THEN all wait for it, and it is named."""
    world = Played(running, "arm1")
    played.set_node("node-2", {**changes, "forgets": forgets})
    played.unregister(NUMBERS[:4])
    played.register(USERS[:0])

    summary = world.sync(world.key)

    assert (summary.health, summary.disappeared) == (Health.PARTIAL, 0)
    assert "node node-2 " in world.devices.get(world.key).state.cause
    assert world.held_by(world.key) == set(NUMBERS)

    # WHEN it is heard again THEN those who left go, and nobody else
    played.set_node("node-2", {"state": "Available", "operative_state": "Available"})
    assert world.sync(world.key).disappeared == 4
    assert world.held_by(world.key) == set(NUMBERS[4:])


def test_users_of_a_node_that_is_not_heard_are_still_added(running: Simulator, played: PlayedDevice) -> None:
    """GIVEN a node that is away, WHEN a user comes at the other, THEN its number is Used at once."""
    world = Played(running, "arm1")
    played.set_node("node-2", {"state": "Logged out"})
    played.set_node("node-1", {})
    played.register([USERS[0].__class__("4711@h", USERS[0].contacts, "node-1")])

    assert world.sync(world.key).appeared == 1


def test_one_who_moves_to_another_node_loses_nothing(running: Simulator, played: PlayedDevice) -> None:
    """GIVEN a user who leaves a node and registers at another, WHEN synced, THEN nothing changes."""
    world = Played(running, "arm1")
    moved = next(user for user in played.users() if user.node == "node-1")
    played.unregister([moved.aor])
    played.register([moved.__class__(moved.aor, moved.contacts, "node-2")])

    summary = world.sync(world.key)

    assert (summary.health, summary.appeared, summary.disappeared) == (Health.OK, 0, 0)


def test_a_factory_reset_loses_nothing_without_a_person(running: Simulator, played: PlayedDevice) -> None:
    """GIVEN an ARM that answers well and has nobody any more, WHEN synced, THEN all is held for a person."""
    world = Played(running, "arm1")
    played.replace_users(())

    assert world.sync(world.key).health is Health.HELD
    played.replace_users(USERS)
    world.recovered(world.key)
