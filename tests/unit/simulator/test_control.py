"""The control API through its own client: what the world looks like to a caller afterwards."""

import pytest
import urllib3

from simulator.control import Control
from simulator.device import Device
from simulator.errors import SimulatorError, UnknownThingError
from simulator.faults import REGISTRY
from simulator.server import Simulator
from tests.unit.simulator.calling import Caller
from tests.unit.simulator.conftest import Clock


@pytest.fixture
def control(simulator: Simulator) -> Control:
    return simulator.control


def _aors(control: Control) -> list[str]:
    return [user["aor"] for user in control.users("modern")]


def test_a_user_registers_and_leaves(control: Control, administrator: Caller) -> None:
    """GIVEN a running device WHEN a number registers and leaves THEN the next answers of the device show it."""
    assert control.register("modern", "4711")["aor"] == "4711@10.8.5.71"
    assert administrator.count() == 11
    assert "<sip:4711@10.8.5.71:5060>;expires=180" in administrator.output()
    control.unregister("modern", "4711")
    assert administrator.count() == 10
    assert "4711" not in administrator.output()


def test_all_ways_to_describe_a_user(control: Control, administrator: Caller) -> None:
    """GIVEN names, numbers and contact fields WHEN registered THEN they are listed so."""
    control.register("modern", aor="Sue", contacts=3)
    control.register("modern", number="+441632960001", active=False, ip_group=4)
    control.register("modern", "7@h", contacts=[{"uri": "sip:7@h", "expires": 9}, {"uri": "sip:7@i", "userinfo": True}])
    lines = administrator.output().split("\r\n")
    sue = lines.index("Sue")
    assert lines[sue + 3].startswith("  <sip:Sue@10.8.5.71:5062>")
    assert "  <sip:+441632960001@10.8.5.71:5060>;expires=180; Not-Active; IPG:4; ID:14" in lines
    assert lines[lines.index("7@h") + 1 :][:2] == ["  <sip:7@h>;expires=9; IPG:1; ID:15", "  Userinfo; IPG:1; ID:16"]


def test_many_at_once(control: Control) -> None:
    """GIVEN lists of users WHEN added, replaced and generated THEN they stand beside or in place of the others."""
    control.register_many("modern", ["2000", {"aor": "Sue"}])
    assert _aors(control)[-2:] == ["2000@10.8.5.71", "Sue"]
    control.replace_all("modern", ["3000", "3001"])
    assert _aors(control) == ["3000@10.8.5.71", "3001@10.8.5.71"]
    control.replace_generated("modern", 500, seed=3, bare_percent=50)
    assert len(_aors(control)) == 500


def test_a_number_leaves_under_all_its_aors(control: Control) -> None:
    """GIVEN a number at two hosts WHEN it is unregistered by number THEN both go; by AOR one."""
    control.replace_all("modern", ["5@a", "5@b", "6@a", "6@b"])
    control.unregister("modern", "5", "6@b")
    assert _aors(control) == ["6@a"]


def test_nothing_leaves_when_one_is_unknown(control: Control) -> None:
    """GIVEN one unknown among known users WHEN they are unregistered THEN it is named and all stay."""
    with pytest.raises(UnknownThingError, match="9999 is not registered on modern"):
        control.unregister("modern", "1000", "9999")
    assert "1000@10.8.5.71" in _aors(control)


def test_churn_is_the_same_for_the_same_seed(control: Control) -> None:
    """GIVEN eleven users WHEN 30 percent churn twice from the same world THEN the same three leave for new numbers."""
    control.register("modern", "1010@elsewhere")
    before = _aors(control)
    change = control.churn("modern", 30, seed=8)
    after = _aors(control)
    assert (len(change["unregistered"]), len(change["registered"])) == (3, 3)
    assert set(after) == set(before) - set(change["unregistered"]) | set(change["registered"])
    assert not {aor.split("@")[0] for aor in change["registered"]} & {aor.split("@")[0] for aor in before}
    control.replace_all("modern", before)
    assert control.churn("modern", 30, seed=8) == change


def test_users_come_back_slowly_after_a_reboot(control: Control, administrator: Caller, clock: Clock) -> None:
    """GIVEN ten users WHEN it reboots with 100 s to re-register THEN uptime restarts, one comes each 10 s."""
    control.reboot("modern", reregister_seconds=100)
    assert administrator.status().json()["systemUpTime"] == 0
    assert administrator.count() == 0
    control.register("modern", "1009")
    assert administrator.count() == 1
    clock.now += 50
    assert administrator.count() == 6
    clock.now += 50
    assert administrator.count() == 10
    assert administrator.status().json()["systemUpTime"] == 10_000


def test_faults_are_armed_shown_and_disarmed(control: Control, administrator: Caller, device: Device) -> None:
    """GIVEN two armed faults WHEN one and then all are disarmed THEN the device behaves so."""
    control.arm("modern", "wrong-count", by=5)
    control.arm("modern", "no-content")
    assert control.device("modern")["faults"] == ["no-content", "wrong-count"]
    assert (administrator.count(), administrator.run().status) == (15, 204)
    control.disarm("modern", "no-content")
    assert (administrator.count(), administrator.run().status) == (15, 200)
    control.disarm("modern")
    assert administrator.count() == 10
    assert device.armed() == {}


def test_the_catalogue_has_every_fault(control: Control) -> None:
    """GIVEN the catalogue WHEN asked for THEN it has all faults with summary and default parameters."""
    catalogue = control.faults()
    assert set(catalogue) == set(REGISTRY)
    assert catalogue["lockout"]["parameters"]["after"] == 3
    assert all(entry["summary"] for entry in catalogue.values())


def test_requests_are_shown_and_forgotten(control: Control, administrator: Caller) -> None:
    """GIVEN a request WHEN the log is asked for THEN it is there without credentials, until it is forgotten."""
    administrator.count()
    (seen,) = control.requests("modern")
    assert (seen["method"], seen["status"], seen["login"], seen["script"]) == ("GET", 200, "right", None)
    assert administrator.account.password not in str(seen)
    control.forget_requests("modern")
    assert control.requests("modern") == []


def test_devices_tell_how_to_reach_them(control: Control, simulator: Simulator) -> None:
    """GIVEN three devices WHEN listed THEN each has its own port and all that a caller needs."""
    devices = control.devices()
    assert len({device["port"] for device in devices}) == 3
    assert devices[0]["url"] == simulator.url("modern")
    assert devices[0]["credentials"]["administrator"]["username"] == "Admin"
    assert devices[0] == control.device("modern")


@pytest.mark.parametrize(
    ("request_line", "body", "status", "message"),
    [
        ("GET /devices/moon", None, 404, "no device 'moon'; there are modern, classic, dotted"),
        ("GET /moon", None, 404, "there is no GET /moon"),
        ("POST /devices/modern/register", "{", 400, "not JSON"),
        ("POST /devices/modern/register", "[]", 400, "must be a JSON object"),
        ("POST /devices/modern/register", "{}", 400, "a user is written as"),
        ("POST /devices/modern/register", '{"number": 1000}', 400, "put it in quotes"),
        ("POST /devices/modern/register", '{"number": "10a0"}', 400, "characters that it cannot have"),
        ("POST /devices/modern/register", '{"aor": "a b"}', 400, "characters that it cannot have"),
        ("POST /devices/modern/register", '{"aor": "a", "contacts": 6}', 400, "1 to 5 contacts"),
        ("POST /devices/modern/register", '{"aor": "a", "contacts": "x"}', 400, "`contacts` is a number"),
        ("POST /devices/modern/register", '{"aor": "a", "expires": "x"}', 400, "`expires` of a contact"),
        ("POST /devices/modern/register", '{"aor": "a", "size": 1}', 400, "no field 'size'"),
        ("POST /devices/modern/register", '{"aor": "a", "contacts": 1, "size": 1}', 400, "not both"),
        ("POST /devices/modern/register", '{"aor": "a", "contacts": [1]}', 400, "an object with a `uri`"),
        ("POST /devices/modern/users", "{}", 400, "`users`, a list, or `generated`"),
        ("POST /devices/modern/unregister", '{"users": "1000"}', 400, "`users` must be a list"),
        ("POST /devices/modern/churn", "{}", 400, "`percent` must be a number"),
        ("POST /devices/modern/churn", '{"percent": 101}', 400, "from 0 to 100"),
        ("POST /devices/modern/reboot", '{"reregister_seconds": -1}', 400, "0 or more"),
        ("PUT /devices/modern/faults", '{"reset": 1}', 400, "must be a JSON object"),
        ("PUT /devices/modern/faults", '{"moon": {}}', 404, "no fault 'moon'"),
        ("DELETE /devices/modern/faults/reset", None, 404, "not armed"),
    ],
)
def test_bad_requests_are_named(
    simulator: Simulator, request_line: str, body: str | None, status: int, message: str
) -> None:
    """GIVEN a request that makes no sense WHEN it is sent THEN 400 or 404 and a line that says why."""
    method, path = request_line.split()
    answer = urllib3.request(method, simulator.control_url + path, body=body)
    assert answer.status == status
    assert message in answer.json()["error"]


def test_a_client_without_a_simulator() -> None:
    """GIVEN nobody at the address WHEN the client asks THEN one line says so."""
    with pytest.raises(SimulatorError, match=r"no simulator answers at http://127\.0\.0\.1:9"):
        Control("http://127.0.0.1:9").devices()
