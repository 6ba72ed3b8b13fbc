"""The played Routing Manager (ARM): login, nodes, pages, and what it shows of a node that it cannot reach."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from simulator.device import Device
from simulator.errors import SimulatorError, UnknownThingError
from simulator.nodes import Node
from simulator.scenario import DeviceScenario, load_scenario
from simulator.server import Simulator
from simulator.users import plain_user
from tests.unit.simulator.calling import Caller

USERS = tuple(plain_user(f"{number}@h", "h") for number in range(1000, 1010))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    scenario = DeviceScenario(name="arm", source="arm", users=USERS, page_limit=4)
    with Simulator([scenario, DeviceScenario(name="sbc")], tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def device(running: Simulator) -> Device:
    device = running.devices["arm"]
    device.disarm()
    for name in list(device.nodes):
        device.set_node(name, {"state": "Available", "operative_state": "Available", "forgets": False})
    device.replace_users(USERS)
    return device


@pytest.fixture
def calling(running: Simulator, device: Device) -> Iterator[Callable[..., Caller]]:
    pool = urllib3.PoolManager(ca_certs=str(running.certificates.ca_path))
    yield lambda role=0: Caller(running.url("arm"), device.accounts[role], pool)
    pool.clear()


def listed(caller: Caller, limit: int = 4) -> list[str]:
    """All AORs, page after page."""
    aors: list[str] = []
    after = ""
    while after != "-1":
        page: dict[str, Any] = caller.ask(
            "GET", f"/ARM/v1/registeredUsers?limit={limit}" + (f"&after={after}" if after else "")
        ).json()
        aors += [user["aor"] for user in page["registeredUsers"]]
        after = page["cursor"]["after"]
    return aors


@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_pages_show_everybody_once(calling: Callable[..., Caller], limit: int) -> None:
    """GIVEN ten users and a limit, WHEN read to the last cursor, THEN each is there once, four a page at most."""
    assert listed(calling(), limit) == [user.aor for user in USERS]


def test_the_cursor_is_the_last_user_so_that_who_leaves_lets_nobody_be_passed_over(
    calling: Callable[..., Caller], device: Device
) -> None:
    """GIVEN a page that was read, WHEN one on it leaves, THEN the next page begins with who follows."""
    first = calling().ask("GET", "/ARM/v1/registeredUsers?limit=4").json()
    device.unregister(["1000"])
    second = calling().ask("GET", f"/ARM/v1/registeredUsers?limit=4&after={first['cursor']['after']}").json()
    assert [user["aor"] for user in second["registeredUsers"]] == ["1004@h", "1005@h", "1006@h", "1007@h"]
    assert second["total"] == 9


def test_a_node_that_is_not_heard_shows_what_was_known_last(calling: Callable[..., Caller], device: Device) -> None:
    """GIVEN a node that cannot be reached, WHEN users come and go there, THEN none of it shows until it is back."""
    there = [user.aor for user in device.users() if user.node == "node-1"]
    device.set_node("node-1", {"operative_state": "Unknown"})
    device.unregister(there[:1])
    device.register([plain_user("77@h", "h").__class__("77@h", USERS[0].contacts, "node-1")])
    assert listed(calling()) == [user.aor for user in USERS]
    states = {node["name"]: node["operativeState"] for node in calling().ask("GET", "/ARM/v1/nodes").json()["nodes"]}
    assert states == {"node-1": "Unknown", "node-2": "Available"}

    device.set_node("node-1", {"forgets": True})
    assert set(listed(calling())).isdisjoint(there)

    device.set_node("node-1", {"operative_state": "Available"})
    assert set(listed(calling())) == {user.aor for user in USERS} - set(there[:1]) | {"77@h"}


def test_a_session_takes_the_place_of_user_and_password(calling: Callable[..., Caller], device: Device) -> None:
    """GIVEN a login by its body, WHEN its cookie is sent, THEN that is enough until the logout."""
    caller = calling()
    login = {"username": caller.account.username, "password": caller.account.password}
    opened = caller.pool.request("POST", f"{caller.url}/ARM/v1/login", json=login)
    cookie = {"Cookie": opened.headers["Set-Cookie"].partition(";")[0]}
    status = caller.pool.request("GET", f"{caller.url}/ARM/v1/status", headers=cookie)
    assert status.json()["product"] == "AudioCodes Routing Manager"
    caller.pool.request("POST", f"{caller.url}/ARM/v1/logout", headers=cookie)
    assert caller.pool.request("GET", f"{caller.url}/ARM/v1/status", headers=cookie).status == 401
    assert device.sessions == 0


@pytest.mark.parametrize("body", [b"", b"[]", b'{"username": "Admin"}', b'{"username": "Admin", "password": "x"}'])
def test_a_wrong_login_opens_no_session(calling: Callable[..., Caller], device: Device, body: bytes) -> None:
    """GIVEN a login without the right password, WHEN sent, THEN 401."""
    caller = calling()
    assert caller.pool.request("POST", f"{caller.url}/ARM/v1/login", body=body).status == 401
    assert device.sessions == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ARM/v1/registeredUsers?colour=red", 400),
        ("GET", "/ARM/v1/registeredUsers?limit=0", 400),
        ("GET", "/ARM/v1/registeredUsers?after=x", 400),
        ("PUT", "/ARM/v1/nodes", 405),
        ("GET", "/api/v1/status", 404),
    ],
)
def test_what_is_not_there_is_refused(calling: Callable[..., Caller], method: str, path: str, status: int) -> None:
    """GIVEN another path, method or parameter, WHEN asked, THEN it is refused."""
    assert calling().ask(method, path).status == status


def test_a_monitor_does_not_see_users(calling: Callable[..., Caller]) -> None:
    """GIVEN the Monitor, WHEN it asks for nodes and users, THEN it gets the nodes only."""
    monitor = calling(1)
    assert monitor.ask("GET", "/ARM/v1/nodes").status == 200
    assert monitor.ask("GET", "/ARM/v1/registeredUsers").status == 403


def test_nodes_are_driven_over_the_control_api(running: Simulator, device: Device) -> None:
    """GIVEN the control API, WHEN nodes are changed, added and removed, THEN they are so, with their users."""
    control = running.control
    assert control.set_node("arm", "node-2", state="Logged out")["state"] == "Logged out"
    assert control.set_node("arm", "node-3")["operative_state"] == "Available"
    assert control.register("arm", aor="1000@h", node="node-3")["node"] == "node-3"
    assert [node["name"] for node in control.nodes("arm")] == ["node-1", "node-2", "node-3"]
    control.remove_node("arm", "node-3")
    assert [user.node for user in device.users() if user.aor == "1000@h"] != ["node-3"]
    for wrong in ({"state": "Asleep"}, {"operative_state": "?"}, {"forgets": 1}, {"colour": 1}):
        with pytest.raises(SimulatorError):
            control.set_node("arm", "node-1", **wrong)
    with pytest.raises(UnknownThingError):
        control.remove_node("arm", "node-9")
    with pytest.raises(SimulatorError, match="has no node 'node-9'; there are node-1, node-2"):
        control.register("arm", "1", node="node-9")


def test_an_sbc_has_no_nodes_and_no_faults_of_pages(running: Simulator) -> None:
    """GIVEN an SBC, WHEN a node or a fault of a Routing Manager is given to it, THEN it is refused; and vice versa."""
    control = running.control
    with pytest.raises(SimulatorError, match="no Routing Manager"):
        control.set_node("sbc", "node-1")
    with pytest.raises(SimulatorError, match="plays sbc, which has no fault short-pages"):
        control.arm("sbc", "short-pages")
    with pytest.raises(SimulatorError, match="plays arm, which has no fault unknown-lines"):
        control.arm("arm", "unknown-lines")


def test_a_scenario_may_have_routing_managers(tmp_path: Path) -> None:
    """GIVEN a scenario with nodes, WHEN loaded, THEN they are there; an ARM without any has two."""
    path = tmp_path / "scenario.yaml"
    path.write_text(
        "devices: [{source: arm, nodes: [north, {name: south, state: Unavailable}],"
        ' users: [{number: "1", node: south}]},'
        " {source: arm}]"
    )
    first, second = load_scenario(path)
    assert first.nodes == (Node(name="north"), Node(name="south", state="Unavailable"))
    assert (first.name, first.users[0].node) == ("arm-1", "south")
    assert [node.name for node in second.nodes] == ["node-1", "node-2"]


@pytest.mark.parametrize(
    "device",
    [
        "{source: tape}",
        "{nodes: [a]}",
        "{source: arm, nodes: []}",
        "{source: arm, nodes: [a, a]}",
        "{source: arm, nodes: [{state: Available}]}",
        "{source: arm, page_limit: 0}",
        "{source: arm, faults: {unknown-lines: {}}}",
        "{faults: {short-pages: {}}}",
    ],
)
def test_scenarios_that_make_no_sense(tmp_path: Path, device: str) -> None:
    """GIVEN what no such device has, WHEN loaded, THEN it is refused."""
    path = tmp_path / "scenario.yaml"
    path.write_text(f"devices: [{device}]")
    with pytest.raises(SimulatorError):
        load_scenario(path)
