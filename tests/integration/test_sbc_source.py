"""The source for SBCs against the played device; what every source promises is in test_device_sources."""

from collections.abc import Iterator

import pytest

from number_inventory.adapters.audiocodes.cli_grammar import COMMAND
from number_inventory.domain.aors import compile_rules
from number_inventory.domain.errors import (
    DeviceError,
    DeviceRejectedError,
    DeviceUnreachableError,
    LoginRefusedError,
)
from number_inventory.domain.snapshots import UserScope, claims_of
from simulator.generator import Population, generate
from simulator.listing import Style
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from simulator.users import Contact, RegisteredUser
from tests.integration.asking import CANARY, NOW, USERS, Asking


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    scenarios = [DeviceScenario(name=str(style), style=style, users=USERS, password=CANARY) for style in Style]
    counting = DeviceScenario(name="counts-contacts", count_of="contacts", users=USERS, password=CANARY)
    calm = DeviceScenario(name="calm", users=USERS, password=CANARY)
    with Simulator([*scenarios, counting, calm], tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    for device in running.devices.values():
        device.disarm()
        device.replace_users(USERS)
        device.forget_requests()
    return running


@pytest.fixture(params=list(Style))
def each_style(simulator: Simulator, request: pytest.FixtureRequest) -> Asking:
    return Asking(simulator, simulator.devices[str(request.param)])


@pytest.fixture
def asking(simulator: Simulator) -> Asking:
    return Asking(simulator, simulator.devices["modern"])


# --- the happy path


def test_a_healthy_device_gives_a_complete_snapshot(each_style: Asking) -> None:
    # GIVEN a device of any style WHEN it is asked
    snapshot = each_style.snapshot()
    # THEN all its users are there and it is proven that these are all
    assert [user.aor for user in snapshot.users] == [user.aor for user in USERS]
    assert snapshot.complete
    assert (snapshot.reported_count, snapshot.taken_at, snapshot.product) == (20, NOW, "Mediant SW")
    assert snapshot.uptime_seconds is not None
    assert snapshot.uptime_seconds >= 1614
    assert snapshot.version.startswith("7.")
    assert snapshot.serial.isdigit()


def test_the_device_is_asked_five_times_one_after_the_other_and_only_to_show(simulator: Simulator) -> None:
    # GIVEN a healthy device, which no other test keeps busy WHEN it is asked
    asking = Asking(simulator, simulator.devices["calm"])
    asking.snapshot()
    # THEN it is asked for status, count, list, count and status, with one fixed script, one request at a time
    assert asking.asked() == ["GET status", "GET global", "PUT incremental", "GET global", "GET status"]
    assert {request.script.strip() for request in asking.played.requests() if request.script} == {COMMAND}
    assert {(request.login, request.in_progress) for request in asking.played.requests()} == {("right", 1)}
    assert asking.pauses == []


def test_a_thousand_users_of_all_kinds_are_read(each_style: Asking) -> None:
    # GIVEN extensions, E.164 numbers, names, several contacts and contacts that are not confirmed
    population = Population(users=1000, bare_percent=5, inactive_percent=5)
    made = generate(population)
    each_style.played.replace_users(made)
    # WHEN the device is asked
    snapshot = each_style.snapshot()
    # THEN every user is there as the device has it
    assert snapshot.complete
    assert [
        (user.aor, tuple((c.uri, c.active, c.expires_seconds) for c in user.contacts)) for user in snapshot.users
    ] == [(user.aor, tuple((c.uri, c.active, c.expires) for c in user.contacts)) for user in made]


def test_contacts_from_the_user_table_and_ip_groups_are_read(asking: Asking) -> None:
    # GIVEN a user from the device's own table and one of another IP group
    asking.played.replace_users(
        [
            RegisteredUser("1000@10.8.5.71", (Contact("sip:1000@10.8.5.71", userinfo=True, ip_group=4),)),
            RegisteredUser("1001@10.8.5.71", (Contact("sip:1001@10.8.5.71", ip_group=7, active=False),)),
        ]
    )
    # WHEN the device is asked THEN both are known with their groups
    users = asking.snapshot().users
    assert [(user.aor, user.ip_group) for user in users] == [("1000@10.8.5.71", 4), ("1001@10.8.5.71", 7)]
    assert [contact.active for user in users for contact in user.contacts] == [True, False]


@pytest.mark.parametrize("fault", ["five-contacts", "bare-aors"])
@pytest.mark.parametrize("name", ["modern", "counts-contacts"])
def test_five_contacts_and_bare_aors_are_complete_whatever_is_counted(
    simulator: Simulator, fault: str, name: str
) -> None:
    # GIVEN a device that counts AORs, or contacts, and an unusual but sound list
    asking = Asking(simulator, simulator.devices[name])
    asking.played.arm(fault)
    # WHEN it is asked THEN the list is complete and says the same numbers
    snapshot = asking.snapshot()
    assert snapshot.complete
    claims = claims_of(snapshot.users, compile_rules(()), UserScope())
    assert claims.claimed == {str(number) for number in range(1000, 1020)}


def test_an_empty_device_is_complete_only_by_its_count(asking: Asking) -> None:
    # GIVEN nobody registered WHEN the count says so too THEN everybody is gone; without a count nothing is proven
    asking.played.replace_users([])
    assert asking.snapshot().complete
    asking.played.arm("null-count")
    assert "empty list" in asking.snapshot().incomplete_because


# --- lists that are not the whole truth


@pytest.mark.parametrize(
    ("fault", "parameters", "reason", "listed"),
    [
        ("wrong-count", {"by": 3}, "counts 23 registered users, but lists 20", 20),
        ("wrong-count", {"by": -20}, "counts 0 registered users, but lists 20", 20),
        ("changing-count", {}, "went from 22 to 23", 20),
        ("null-count", {"skip": 1}, "went from", 20),
        ("truncated-output", {"percent": 50}, "not understood", None),
        ("truncated-output", {"percent": 0}, "counts 20 registered users, but lists 0", 0),
        ("unknown-lines", {}, "{unconfirmed-binding}", 20),
        ("unknown-lines", {"text": "4711", "count": 2}, "'4711'", 21),
        ("no-content", {}, "counts 20 registered users, but lists 0", 0),
    ],
)
def test_a_doubtful_list_is_partial_and_shows_what_there_is(
    each_style: Asking, fault: str, parameters: dict[str, object], reason: str, listed: int | None
) -> None:
    # GIVEN a device with that fault WHEN it is asked
    each_style.played.arm(fault, **parameters)
    snapshot = each_style.snapshot()
    # THEN the snapshot is partial, says why, and holds what was understood
    assert not snapshot.complete
    assert reason in snapshot.incomplete_because
    assert len(snapshot.users) == listed if listed is not None else 0 < len(snapshot.users) < 20


def test_users_that_come_and_go_meanwhile_lead_to_another_list(asking: Asking) -> None:
    # GIVEN a count that moves while the first list is made and then stays
    asking.played.arm("wrong-count", times=1, by=-1)
    # WHEN the device is asked THEN the list is asked for again, and is complete
    assert asking.snapshot().complete
    assert asking.asked()[1:-1] == ["GET global", "PUT incremental", "GET global", "PUT incremental", "GET global"]


def test_lists_are_asked_for_again_a_few_times_only(asking: Asking) -> None:
    # GIVEN a count that never rests, or always differs THEN the list is asked for three times, or twice
    asking.played.arm("changing-count")
    asking.snapshot()
    assert asking.asked().count("PUT incremental") == 3
    asking.played.disarm()
    asking.played.forget_requests()
    asking.played.arm("wrong-count")
    asking.snapshot()
    assert asking.asked().count("PUT incremental") == 2


@pytest.mark.parametrize("fault", ["null-count", "not-found"])
def test_a_device_without_a_count_is_complete_on_other_grounds(asking: Asking, fault: str) -> None:
    # GIVEN a device that gives no count, or does not know the question THEN its list is complete all the same
    asking.played.arm(fault)
    snapshot = asking.snapshot()
    assert snapshot.complete
    assert snapshot.reported_count is None
    assert len(snapshot.users) == 20


def test_400_means_empty_only_where_the_count_is_zero(asking: Asking) -> None:
    # GIVEN a device that answers 400 where there is nothing THEN a count of zero proves it, no count does not
    asking.played.replace_users([])
    asking.played.arm("empty-400")
    assert asking.snapshot().complete
    asking.played.arm("null-count")
    assert "HTTP 400 (No content)" in asking.snapshot().incomplete_because


def test_400_is_a_refusal_where_the_count_is_not_zero(asking: Asking) -> None:
    # GIVEN users, and 400 for the list THEN that is an error that tells the device's words
    asking.played.arm("empty-400", always=True)
    with pytest.raises(DeviceRejectedError, match=r"refuses the list command \(No content\)"):
        asking.snapshot()


# --- no snapshot at all


@pytest.mark.parametrize(
    ("fault", "parameters", "error", "words"),
    [
        ("wrong-password", {}, LoginRefusedError, "HTTP 401"),
        ("monitor-role", {}, LoginRefusedError, "HTTP 403.*Administrator"),
        ("ha-sync", {}, DeviceUnreachableError, "HTTP 409"),
        ("too-many-requests", {"retry_after": 0}, DeviceUnreachableError, "HTTP 429"),
        ("unavailable", {}, DeviceUnreachableError, "HTTP 503"),
        ("html-error", {}, DeviceUnreachableError, "HTTP 500"),
        ("html-error", {"route": "list", "status": 502}, DeviceUnreachableError, "HTTP 502"),
        ("html-error", {"status": 404}, DeviceRejectedError, "HTTP 404"),
        ("html-error", {"route": "list", "status": 405}, DeviceRejectedError, "HTTP 405"),
        ("html-login-page", {}, DeviceRejectedError, "not JSON"),
        ("html-login-page", {"route": "list"}, DeviceRejectedError, "not JSON"),
        ("not-found", {"route": "status"}, DeviceRejectedError, "HTTP 404 .*REST API"),
        ("no-output", {}, DeviceRejectedError, "no output"),
        ("no-output", {"missing": False}, DeviceRejectedError, "no output"),
        ("failed-status", {}, DeviceRejectedError, r"failed \(CLI Script failed.\)"),
        ("failed-status", {"with_output": True}, DeviceRejectedError, "failed"),
        ("truncated-body", {}, DeviceUnreachableError, "broke off"),
        ("truncated-body", {"percent": 0}, DeviceUnreachableError, "broke off"),
        ("truncated-body", {"percent": 99}, DeviceUnreachableError, "broke off"),
        ("reset", {}, DeviceUnreachableError, "broke off"),
        ("unreachable", {}, DeviceUnreachableError, "no connection"),
        ("slow-answer", {"seconds": 20}, DeviceUnreachableError, "no answer within 1 s"),
        ("slow-drip", {"bytes": 1, "seconds": 0.05}, DeviceUnreachableError, "took too long"),
        ("gigantic-body", {"megabytes": 4}, DeviceRejectedError, "larger than 1 MiB"),
        ("gigantic-body", {"megabytes": 4, "announced": False}, DeviceRejectedError, "larger than 1 MiB"),
        ("redirect", {"to": "scheme"}, DeviceRejectedError, r"redirects to http://127\.0\.0\.1:[0-9]+ "),
        ("redirect", {"to": "host"}, DeviceRejectedError, r"redirects to https://localhost:[0-9]+ "),
        ("redirect", {"to": "/elsewhere"}, DeviceRejectedError, "another path of itself"),
        ("redirect", {"to": "https://u:secret@evil.example/x?y"}, DeviceRejectedError, r"to https://evil\.example \("),
        ("expired-certificate", {}, DeviceUnreachableError, "certificate has expired"),
        ("self-signed-certificate", {}, DeviceUnreachableError, "not trusted"),
        ("other-host-certificate", {}, DeviceUnreachableError, "not trusted.*name that stands in the certificate"),
    ],
)
def test_a_fault_is_the_right_kind_of_error(
    asking: Asking, fault: str, parameters: dict[str, object], error: type[DeviceError], words: str
) -> None:
    # GIVEN a device with that fault WHEN it is asked THEN the error says by type and in words what is the matter
    asking.played.arm(fault, **parameters)
    with pytest.raises(error, match=words):
        asking.snapshot()
