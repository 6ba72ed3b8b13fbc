"""The healthy device: every route, login, roles and the three styles of output."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from simulator.device import Account, Device
from simulator.listing import LIST_COMMAND, Style
from simulator.server import Simulator
from simulator.users import Contact, RegisteredUser
from tests.unit.simulator.calling import ALARMS, COUNT, COUNTS, SCRIPT, STATUS, Caller, description
from tests.unit.simulator.conftest import Clock


def test_status_tells_uptime_in_hundredths(administrator: Caller, device: Device, clock: Clock) -> None:
    """GIVEN a device up for a while WHEN 2.5 s pass THEN systemUpTime has grown by 250."""
    before = administrator.status().json()
    clock.now += 2.5
    after = administrator.status().json()
    assert after["systemUpTime"] - before["systemUpTime"] == 250
    assert before["productType"] == "Mediant SW"
    assert {"localTimeStamp", "ipAddress", "versionID", "serialNumber", "operationalState"} <= set(before)


def test_count_stands_in_the_list_of_figures_and_alone(administrator: Caller) -> None:
    """GIVEN ten users WHEN the figures are asked for THEN both paths say ten."""
    items = {item["id"]: item for item in administrator.ask("GET", COUNTS).json()["items"]}
    assert items["registeredUsers"]["value"] == 10
    assert administrator.ask("GET", COUNT).json() == items["registeredUsers"]


@pytest.mark.parametrize(("count_of", "expected"), [("aors", 10), ("contacts", 12)])
def test_count_counts_what_the_scenario_says(
    administrator: Caller, device: Device, monkeypatch: pytest.MonkeyPatch, count_of: str, expected: int
) -> None:
    """GIVEN one of ten users with three contacts WHEN counted THEN it is ten AORs or twelve contacts."""
    monkeypatch.setattr(device, "scenario", replace(device.scenario, count_of=count_of))
    contacts = tuple(Contact(f"sip:1000@10.8.5.71:{port}") for port in (5060, 5061, 5062))
    device.register([RegisteredUser("1000@10.8.5.71", contacts)])
    assert administrator.count() == expected


def test_modern_output(administrator: Caller, device: Device) -> None:
    """GIVEN contacts of all kinds WHEN listed THEN each has the newer tokens, lines end with CR LF, status is there."""
    device.replace_users(
        [
            RegisteredUser("1000@10.8.5.71", (Contact("sip:1000@10.8.5.71:5060"),)),
            RegisteredUser("Sue", (Contact("sip:Sue@h:5060", active=False, ip_group=2, expires=60),)),
            RegisteredUser("1001@h", (Contact("sip:1001@h:5060", userinfo=True),)),
        ]
    )
    answer = administrator.run().json()
    assert answer["status"] == "success"
    assert answer["description"] == "Incremental CLI Script file was loaded."
    lines = answer["output"].split("\r\n")
    assert lines[0] == f"modern# {LIST_COMMAND}"
    assert lines[4:10] == [
        "1000@10.8.5.71",
        "  <sip:1000@10.8.5.71:5060>;expires=180; IPG:1; ID:1",
        "Sue",
        "  <sip:Sue@h:5060>;expires=60; Not-Active; IPG:2; ID:2",
        "1001@h",
        "  Userinfo; IPG:1; ID:3",
    ]
    assert lines[-1] == "Total: 3 users, 3 contacts"


def test_classic_output(calling: Callable[..., Caller], simulator: Simulator) -> None:
    """GIVEN an older device WHEN listed THEN contacts say Active status, lines end with LF, there is no status."""
    waiting = RegisteredUser("1001@h", (Contact("sip:1001@h:5060", active=False),))
    simulator.devices["classic"].register([waiting])
    answer = calling("classic").run().json()
    assert set(answer) == {"description", "output"}
    lines = answer["output"].split("\n")
    assert "  <sip:1000@10.8.5.71:5060>;expires=180; Active status:1" in lines
    assert "  <sip:1001@h:5060>;expires=180; Active status:0" in lines
    assert not any(line.endswith("\r") for line in lines)


def test_dotted_output(calling: Callable[..., Caller]) -> None:
    """GIVEN a device that shows line breaks as dots WHEN listed THEN the output is one line."""
    output = calling("dotted").output()
    assert "\n" not in output
    assert ". 1000@10.8.5.71. <sip:1000@10.8.5.71:5060>;expires=180; IPG:1; ID:1. 1001@" in output


@pytest.mark.parametrize("style", list(Style))
def test_no_users_is_a_list_with_a_total_of_nothing(
    calling: Callable[..., Caller], simulator: Simulator, style: Style
) -> None:
    """GIVEN nobody registered WHEN listed THEN 200, no entry, and a total of 0."""
    simulator.devices[style].replace_users([])
    assert calling(style).output().endswith("Total: 0 users, 0 contacts")


def test_any_other_script_is_answered_with_an_error_text(administrator: Caller) -> None:
    """GIVEN a script that the device does not know WHEN it is sent THEN the answer says it is invalid."""
    answer = administrator.run("configure system\r\n").json()
    assert answer["status"] == "failure"
    assert answer["output"] == "modern# configure system\r\nInvalid command: configure system"
    assert "1000@" not in answer["output"]


def test_a_script_request_without_a_file_is_refused(administrator: Caller) -> None:
    """GIVEN no multipart part `file` WHEN a script is put THEN 400 names what is missing."""
    answer = administrator.ask("PUT", SCRIPT, body=LIST_COMMAND.encode())
    assert (answer.status, "`file`" in description(answer)) == (400, True)
    assert administrator.ask("PUT", SCRIPT, fields={"other": LIST_COMMAND}).status == 400


def test_no_alarms_is_204(administrator: Caller) -> None:
    """GIVEN no alarm WHEN alarms are paged THEN 204; an undocumented query parameter gets 400."""
    assert administrator.ask("GET", f"{ALARMS}?limit=10&after=5").status == 204
    assert administrator.ask("GET", f"{ALARMS}?page=1").status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", STATUS, 405),
        ("GET", SCRIPT, 405),
        ("DELETE", COUNT, 405),
        ("HEAD", STATUS, 405),
        ("GET", "/", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v2/status", 404),
    ],
)
def test_other_methods_and_paths(administrator: Caller, method: str, path: str, status: int) -> None:
    """GIVEN a path or method that the device does not have WHEN asked THEN 404 or 405."""
    answer = administrator.ask(method, path)
    assert answer.status == status
    assert ("Allow" in answer.headers) is (status == 405)


def test_the_monitor_reads_figures_but_no_files(calling: Callable[..., Caller]) -> None:
    """GIVEN a user with the Monitor role WHEN it asks THEN figures are shown and /files is 403."""
    monitor = calling(role=1)
    assert monitor.status().status == 200
    assert monitor.count() == 10
    assert monitor.run().status == 403


@pytest.mark.parametrize("header", ["", "Basic !!!", "Basic QWRtaW4=", "Bearer abc", "Basic QWRtaW46d3Jvbmc="])
def test_a_wrong_login_is_401(administrator: Caller, header: str) -> None:
    """GIVEN no login, a broken or a wrong one WHEN anything is asked THEN 401 with a challenge."""
    answer = administrator.ask("GET", STATUS, headers={"Authorization": header})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_login_of_another_device_is_wrong(administrator: Caller, simulator: Simulator) -> None:
    """GIVEN two devices WHEN one's login is used at the other THEN 401."""
    other: Account = simulator.devices["classic"].accounts[0]
    assert replace(administrator, account=other).status().status == 401


def test_a_body_over_the_limit_is_refused(administrator: Caller) -> None:
    """GIVEN a script of more than 1 MiB WHEN it is announced THEN 413, without reading it."""
    answer = administrator.ask("PUT", SCRIPT, headers={"Content-Length": str(2**20 + 1)}, body=b"")
    assert answer.status == 413


def test_a_connection_serves_many_requests(administrator: Caller, device: Device) -> None:
    """GIVEN one connection WHEN several requests are made THEN it is kept open."""
    for _ in range(3):
        administrator.status()
        administrator.run()
    pool = administrator.pool.connection_from_url(administrator.url)
    assert pool.num_connections == 1
    assert len(device.requests()) == 6


def test_requests_are_remembered_without_credentials(administrator: Caller, device: Device) -> None:
    """GIVEN a right and a wrong login WHEN the requests are looked at THEN they say so and hold no password."""
    administrator.run()
    wrong = Account("Admin", "canary-5f1d", "Administrator")
    replace(administrator, account=wrong).status()
    first, second = device.requests()
    assert (first.method, first.path, first.status, first.login) == ("PUT", SCRIPT, 200, "right")
    assert first.script == LIST_COMMAND
    assert (second.status, second.login, second.in_progress) == (401, "wrong", 1)
    assert "canary-5f1d" not in repr(device.requests())
    assert administrator.account.password not in repr(device.requests())
