"""Faults of refusal, of contents and of login, each seen through a real HTTPS request."""

import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest
import urllib3

from simulator.device import Device
from simulator.errors import SimulatorError, UnknownThingError
from simulator.faults import REGISTRY, make_fault
from simulator.server import Simulator
from tests.unit.simulator.calling import COUNT, COUNTS, SCRIPT, STATUS, Caller, description
from tests.unit.simulator.conftest import Clock


@pytest.mark.parametrize(
    ("fault", "path", "status"),
    [
        ("no-content", SCRIPT, 204),
        ("ha-sync", SCRIPT, 409),
        ("not-found", COUNT, 404),
        ("too-many-requests", STATUS, 429),
        ("unavailable", COUNTS, 503),
        ("html-error", STATUS, 500),
        ("html-login-page", STATUS, 200),
        ("wrong-password", STATUS, 401),
        ("monitor-role", SCRIPT, 403),
        ("redirect", SCRIPT, 302),
    ],
)
def test_refusals(administrator: Caller, device: Device, fault: str, path: str, status: int) -> None:
    """GIVEN a fault of refusal WHEN the path is asked THEN its status comes; when it is disarmed all is well again."""
    device.arm(fault)
    assert _status(administrator, path) == status
    assert device.requests()[0].faults == (fault,)
    device.disarm(fault)
    assert _status(administrator, path) == HTTPStatus.OK


@pytest.mark.parametrize(
    ("fault", "other"), [("no-content", COUNT), ("ha-sync", STATUS), ("not-found", SCRIPT), ("monitor-role", COUNT)]
)
def test_refusals_leave_other_paths_alone(administrator: Caller, device: Device, fault: str, other: str) -> None:
    """GIVEN a fault that concerns one path WHEN another is asked THEN it answers."""
    device.arm(fault)
    assert _status(administrator, other) == HTTPStatus.OK


def test_empty_is_400_only_when_empty(administrator: Caller, device: Device) -> None:
    """GIVEN empty-400 WHEN nobody is registered THEN 400, else the list; with `always` 400 all the same."""
    device.arm("empty-400")
    assert administrator.run().status == 200
    device.replace_users([])
    assert (administrator.run().status, description(administrator.run())) == (400, "No content")
    device.arm("empty-400", always=True)
    device.register([])
    assert administrator.run().status == 400


def test_failed_status_with_and_without_output(administrator: Caller, device: Device) -> None:
    """GIVEN failed-status WHEN listed THEN 200 with status failure, and output only where asked for."""
    device.arm("failed-status")
    answer = administrator.run()
    assert (answer.status, answer.json()["status"], answer.json()["output"]) == (200, "failure", "")
    device.arm("failed-status", with_output=True)
    assert administrator.run().json()["status"] == "failure"
    assert "1000@10.8.5.71" in administrator.output()


def test_errors_that_are_not_json(administrator: Caller, device: Device) -> None:
    """GIVEN html-error with a status of its own WHEN asked THEN that status and a body that no JSON parser takes."""
    device.arm("html-error", status=502)
    answer = administrator.status()
    assert (answer.status, answer.headers["Content-Type"]) == (502, "text/html")
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_later_is_announced_unless_it_is_zero(administrator: Caller, device: Device) -> None:
    """GIVEN 429 and 503 WHEN they have a retry_after THEN it is a header."""
    device.arm("unavailable", retry_after=7)
    assert administrator.status().headers["Retry-After"] == "7"
    device.arm("unavailable", retry_after=0)
    assert "Retry-After" not in administrator.status().headers


def test_redirect_to_another_scheme_is_a_trap(administrator: Caller, device: Device, simulator: Simulator) -> None:
    """GIVEN a redirect to plain HTTP WHEN a careless caller follows with its login THEN the trap tells."""
    device.arm("redirect")
    target = administrator.status().headers["Location"]
    assert target == f"{simulator.control_url}/trapped/modern"
    urllib3.request("GET", target, headers={"Authorization": "Basic eA=="})
    urllib3.request("GET", target)
    caught = simulator.control.trapped()[-2:]
    assert [entry["credentials"] for entry in caught] == [True, False]


def test_redirect_to_another_host(administrator: Caller, device: Device) -> None:
    """GIVEN a redirect to another host WHEN asked THEN it names this device as localhost, or the given address."""
    device.arm("redirect", to="host")
    target = administrator.status().headers["Location"]
    assert target == administrator.url.replace("127.0.0.1", "localhost") + STATUS
    device.arm("redirect", to="https://elsewhere.example/")
    assert administrator.status().headers["Location"] == "https://elsewhere.example/"


def test_counts_that_cannot_be_trusted(administrator: Caller, device: Device) -> None:
    """GIVEN null, wrong or changing counts WHEN counted THEN they are null, off by so many, never the same."""
    device.arm("null-count")
    assert administrator.count() is None
    device.disarm()
    device.arm("wrong-count", by=-3)
    assert administrator.count() == 7
    device.disarm()
    device.arm("changing-count", step=2)
    assert [administrator.count() for _ in range(3)] == [10, 12, 14]
    assert administrator.output().endswith("Total: 10 users, 10 contacts")


def test_truncated_output_ends_within_a_line(administrator: Caller, device: Device) -> None:
    """GIVEN truncated-output WHEN listed THEN the JSON is whole and the list ends in the midst of a line."""
    whole = administrator.output()
    device.arm("truncated-output", percent=40)
    cut = administrator.output()
    assert whole.startswith(cut)
    assert cut.split("\r\n")[-1] != whole.split("\r\n")[cut.count("\r\n")]
    assert "Total" not in cut


def test_unknown_lines_stand_among_the_entries(administrator: Caller, device: Device) -> None:
    """GIVEN unknown-lines WHEN listed THEN the odd line is there so many times, the rest unchanged."""
    whole = administrator.output().split("\r\n")
    device.arm("unknown-lines", count=2, text="??? 1003@10.8.5.71 ???")
    lines = administrator.output().split("\r\n")
    assert lines.count("??? 1003@10.8.5.71 ???") == 2
    assert [line for line in lines if "???" not in line] == whole


def test_no_output(administrator: Caller, device: Device) -> None:
    """GIVEN no-output WHEN listed THEN there is no output, or it is null."""
    device.arm("no-output")
    assert "output" not in administrator.run().json()
    device.arm("no-output", missing=False)
    assert administrator.run().json()["output"] is None


def test_five_contacts_and_bare_aors(administrator: Caller, device: Device) -> None:
    """GIVEN both views WHEN listed THEN each user part stands alone and is followed by five contacts."""
    device.arm("five-contacts")
    device.arm("bare-aors")
    lines = administrator.output().split("\r\n")
    first = lines.index("1000")
    assert lines[first + 6] == "1001"
    assert len(set(lines[first + 1 : first + 6])) == 5
    assert administrator.count() == 10


def test_lockout_blocks_the_address_for_everyone(calling: Callable[..., Caller], device: Device, clock: Clock) -> None:
    """GIVEN lockout after 2 WHEN two logins fail THEN right ones are refused too, until the time is over."""
    administrator, monitor = calling(), calling(role=1)
    device.arm("lockout", after=2, seconds=60)
    device.arm("wrong-password", times=2)
    assert [administrator.status().status, administrator.status().status] == [401, 401]
    assert [administrator.status().status, monitor.status().status] == [403, 403]
    clock.now += 61
    assert administrator.status().status == 200


def test_lockout_counts_failures_in_a_row_only(administrator: Caller, device: Device) -> None:
    """GIVEN lockout after 2 WHEN a right login comes between two wrong ones THEN nobody is blocked."""
    device.arm("lockout", after=2)
    for _ in range(2):
        device.arm("wrong-password", times=1)
        assert administrator.status().status == 401
        assert administrator.status().status == 200


def test_skip_and_times(administrator: Caller, device: Device) -> None:
    """GIVEN a fault that skips one and strikes two WHEN asked five times THEN the second and third are struck."""
    device.arm("unavailable", route="status", skip=1, times=2)
    administrator.count()
    assert [administrator.status().status for _ in range(5)] == [200, 503, 503, 200, 200]


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("reset", {"route": "moon"}, "`route` must be one of any"),
        ("reset", {"times": 0}, "`times` 1 or more"),
        ("reset", {"percent": "half"}, "`percent` of the fault reset cannot be 'half'"),
        ("reset", {"percent": True}, "cannot be True"),
        ("reset", {"colour": 1}, "no parameter 'colour'; it has percent, route, skip, times"),
        ("five-contacts", {"contacts": 6}, "from 1 to 5"),
    ],
)
def test_parameters_that_mean_nothing(name: str, parameters: dict[str, object], message: str) -> None:
    """GIVEN a wrong parameter WHEN a fault is made THEN the error names it and what is allowed."""
    with pytest.raises(SimulatorError, match=message):
        make_fault(name, parameters)


def test_an_unknown_fault(device: Device) -> None:
    """GIVEN a name that is no fault, or is not armed WHEN it is armed or disarmed THEN the error says so."""
    with pytest.raises(UnknownThingError, match="no fault 'gremlin'; there are bare-aors"):
        device.arm("gremlin")
    with pytest.raises(UnknownThingError, match="reset is not armed"):
        device.disarm("reset")


def test_every_fault_is_documented() -> None:
    """GIVEN the registry WHEN looked through THEN every fault has a summary, valid defaults and a row in the docs."""
    assert all(kind.__doc__ for kind in REGISTRY.values())
    page = (Path(__file__).parents[3] / "docs/simulator.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|.*\|.*\|.*\|$", page, re.MULTILINE)) == set(REGISTRY)
    assert [make_fault(name, {}).name for name in REGISTRY] == list(REGISTRY)


def _status(caller: Caller, path: str) -> int:
    return int((caller.run() if path == SCRIPT else caller.ask("GET", path)).status)
