"""What the port for device sources promises, of each source and each login, against played devices over real TLS."""

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace

import pytest

from number_inventory.adapters.audiocodes.address import AddressPolicy
from number_inventory.adapters.audiocodes.connection import Heard
from number_inventory.domain.devices import LoginMethod, TlsSettings, TlsTrust
from number_inventory.domain.errors import DeviceError, DeviceRejectedError, DeviceUnreachableError, LoginRefusedError
from number_inventory.ports.secrets import Credentials
from simulator.faults import REGISTRY
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from tests.integration.asking import CANARY, USERS, Asking

KINDS = [("sbc", LoginMethod.BASIC), ("arm", LoginMethod.BASIC), ("arm", LoginMethod.SESSION)]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    names = {"sbc": "sbc", "arm": "arm", **{f"restarts-{kind}-{login}": kind for kind, login in KINDS}}
    scenarios = [DeviceScenario(name=name, source=kind, users=USERS, password=CANARY) for name, kind in names.items()]
    with Simulator(scenarios, tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture(params=KINDS, ids="-".join)
def asking(simulator: Simulator, request: pytest.FixtureRequest) -> Asking:
    kind, login = request.param
    played = simulator.devices[kind]
    played.disarm()
    played.replace_users(USERS)
    played.forget_requests()
    return Asking(simulator, played, login=login)


def test_a_snapshot_is_whole_and_leaves_nothing_open(asking: Asking) -> None:
    # GIVEN a healthy device WHEN it is asked
    snapshot = asking.snapshot()
    # THEN all is there, in order, proven, said by whom; one request at a time, and no session is left
    assert [user.aor for user in snapshot.users] == [user.aor for user in USERS]
    assert snapshot.complete
    assert snapshot.reported_count == len(USERS)
    assert all((snapshot.product, snapshot.version, snapshot.serial, snapshot.uptime_seconds))
    assert {request.in_progress for request in asking.played.requests()} == {1}
    assert asking.played.sessions == 0


@pytest.mark.parametrize(
    ("fault", "parameters", "error", "words"),
    [
        ("html-error", {}, DeviceUnreachableError, "HTTP 500"),
        ("html-error", {"route": "list", "status": 405}, DeviceRejectedError, "HTTP 405"),
        ("html-login-page", {"route": "list"}, DeviceRejectedError, "not JSON"),
        ("truncated-body", {"percent": 99}, DeviceUnreachableError, "broke off"),
        ("slow-drip", {"bytes": 1, "seconds": 0.05}, DeviceUnreachableError, "took too long"),
        ("gigantic-body", {"megabytes": 4, "announced": False}, DeviceRejectedError, "larger than 1 MiB"),
        ("redirect", {"to": "host"}, DeviceRejectedError, r"redirects to https://localhost:[0-9]+ "),
    ],
)
def test_a_fault_is_the_same_error_everywhere(
    asking: Asking, fault: str, parameters: dict[str, object], error: type[DeviceError], words: str
) -> None:
    # GIVEN a device with that fault WHEN it is asked THEN the error says by type and in words what is the matter
    asking.played.arm(fault, **parameters)
    with pytest.raises(error, match=words):
        asking.snapshot()


@pytest.mark.parametrize("fault", ["wrong-password", "monitor-role"])
def test_a_refused_login_is_tried_once_and_never_again(asking: Asking, fault: str) -> None:
    # GIVEN a device that refuses the user WHEN it is asked
    asking.played.arm(fault)
    with pytest.raises(LoginRefusedError):
        asking.snapshot()
    # THEN there was one refusal, nothing after it but the end of a session, and no pause
    asked = [request for request in asking.played.requests() if not request.path.endswith("/logout")]
    assert {request.status for request in asked[:-1]} <= {200}
    assert asked[-1].status in {401, 403}
    assert asking.pauses == []


def test_a_wrong_password_does_not_lock_the_address_out(asking: Asking) -> None:
    # GIVEN a device that locks after three failures WHEN a wrong password was tried once
    asking.played.arm("lockout", after=3)
    with pytest.raises(LoginRefusedError):
        asking.snapshot(credentials=Credentials("Admin", "wrong"))
    # THEN the right one still works; once locked out, that is a refused login too
    assert asking.snapshot().complete
    asking.played.arm("lockout", after=1)
    for password in ("wrong", CANARY):
        with pytest.raises(LoginRefusedError, match="block"):
            asking.snapshot(credentials=Credentials("Admin", password))


@pytest.mark.parametrize("fault", ["unavailable", "too-many-requests", "ha-sync", "unreachable"])
def test_what_passes_by_itself_is_waited_for(asking: Asking, fault: str) -> None:
    # GIVEN a device that is not ready for two requests WHEN it is asked THEN it is asked again, after growing pauses
    asking.played.arm(fault, times=2)
    assert asking.snapshot().complete
    assert len(asking.pauses) == 2
    assert 0.5 <= asking.pauses[0] <= 2
    assert asking.pauses[0] < asking.pauses[1] * 2


@pytest.mark.parametrize(("kind", "login"), KINDS)
def test_a_restart_behind_the_first_answer_is_noticed(simulator: Simulator, kind: str, login: LoginMethod) -> None:
    # GIVEN a device that restarts right behind its status, and has nobody then WHEN it is asked
    def restart(heard: Heard) -> None:
        if heard.path.endswith("/status") and not restarted:
            restarted.append(heard)
            asking.played.reboot(3600)

    restarted: list[Heard] = []
    asking = Asking(simulator, simulator.devices[f"restarts-{kind}-{login}"], login=login, heard=restart)
    snapshot = asking.snapshot()
    # THEN its empty list proves nothing, and the next sync knows of the restart
    assert snapshot.users[:] == ()
    assert "restarted" in snapshot.incomplete_because
    assert snapshot.uptime_seconds is not None
    assert snapshot.uptime_seconds < 600


def test_a_pause_that_the_device_asks_for_is_kept(asking: Asking) -> None:
    # GIVEN 429 with a Retry-After of seven seconds WHEN the device is asked THEN so much time passes at least
    asking.played.arm("too-many-requests", times=1, retry_after=7)
    assert asking.snapshot().complete
    assert asking.pauses[0] >= 7


def test_a_pause_longer_than_the_budget_is_not_waited_for(asking: Asking) -> None:
    # GIVEN a device that asks for an hour WHEN it is asked THEN that is the end of it for now
    asking.played.arm("unavailable", retry_after=3600)
    with pytest.raises(DeviceUnreachableError, match="tried once"):
        asking.snapshot()
    assert asking.pauses == []


def test_a_budget_bounds_everything(asking: Asking) -> None:
    # GIVEN no time at all WHEN the device is asked THEN nothing is sent
    asking.budget_seconds = 0
    with pytest.raises(DeviceUnreachableError, match="no time left"):
        asking.snapshot()
    assert asking.asked() == []


def test_a_redirect_carries_no_credentials_anywhere(simulator: Simulator, asking: Asking) -> None:
    # GIVEN a device that redirects to plain HTTP, where a trap listens WHEN it is asked
    asking.played.arm("redirect", to="scheme")
    with pytest.raises(DeviceRejectedError):
        asking.snapshot()
    # THEN nobody came to the trap
    assert simulator.control.trapped() == []


# --- trust


def test_the_pinned_fingerprint_is_enough_and_must_fit(simulator: Simulator, asking: Asking) -> None:
    # GIVEN the certificate's fingerprint, written either way, and no CA THEN the device is trusted
    fingerprint = simulator.certificates.fingerprint
    pairs = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    for pinned in (fingerprint, pairs):
        tls = TlsSettings(trust=TlsTrust.FINGERPRINT, fingerprint=pinned)
        assert asking.snapshot(replace(asking.device, tls=tls)).complete
    # WHEN it shows another certificate, even one of the CA THEN nothing is sent
    other = TlsSettings(trust=TlsTrust.FINGERPRINT, fingerprint="0" * 64)
    asking.played.forget_requests()
    with pytest.raises(DeviceUnreachableError, match="another certificate than the pinned one"):
        asking.snapshot(replace(asking.device, tls=other))
    assert asking.asked() == []


def test_without_its_ca_a_device_is_not_trusted(asking: Asking) -> None:
    # GIVEN the system's CAs only WHEN the device shows a certificate of its own CA THEN nothing is sent
    with pytest.raises(DeviceUnreachableError, match="not trusted"):
        asking.snapshot(replace(asking.device, tls=TlsSettings()))
    assert asking.asked() == []
    assert asking.pauses == []


@pytest.mark.parametrize("fault", ["expired-certificate", "self-signed-certificate", "other-host-certificate"])
def test_insecure_takes_any_certificate_and_warns_each_time(asking: Asking, fault: str) -> None:
    # GIVEN the explicit choice to check nothing WHEN the device is asked twice
    asking.played.arm(fault)
    device = replace(asking.device, tls=TlsSettings(trust=TlsTrust.INSECURE))
    assert asking.snapshot(device).complete
    assert asking.snapshot(device).complete
    # THEN each time says so
    assert (
        asking.warnings == ["device default/lab: its certificate is not verified, as its settings say (insecure)"] * 2
    )


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (TlsSettings(ca_pem="no certificate"), "CA bundle"),
        (TlsSettings(trust=TlsTrust.FINGERPRINT, fingerprint=""), "64 hexadecimal digits"),
        (TlsSettings(trust=TlsTrust.FINGERPRINT, fingerprint="ab" * 20), "64 hexadecimal digits"),
    ],
)
def test_trust_that_cannot_be_read_is_an_error_before_anything_is_sent(
    asking: Asking, tls: TlsSettings, words: str
) -> None:
    # GIVEN a broken CA bundle or fingerprint WHEN the device is asked THEN the setting is named
    with pytest.raises(DeviceRejectedError, match=words):
        asking.snapshot(replace(asking.device, tls=tls))
    assert asking.asked() == []


def test_the_ordinary_policy_refuses_this_machine(asking: Asking) -> None:
    # GIVEN the policy of a deployment WHEN a device is said to be on loopback THEN nothing is sent
    asking.policy = AddressPolicy.PUBLIC_AND_PRIVATE
    with pytest.raises(DeviceRejectedError, match="this machine"):
        asking.snapshot()
    assert asking.asked() == []


# --- secrets

FAULTS = [
    ("wrong-password", {}),
    ("monitor-role", {}),
    ("lockout", {"after": 1}),
    ("redirect", {"to": f"https://evil.example/{CANARY}"}),
    ("redirect", {"to": f"https://{CANARY}"}),
    ("html-error", {}),
    ("html-login-page", {}),
    ("unavailable", {}),
    ("unreachable", {}),
    ("truncated-body", {}),
    ("slow-answer", {"seconds": 5}),
    ("self-signed-certificate", {}),
    ("unknown-lines", {"text": f"1000@h is {CANARY}"}),
    ("odd-entries", {"lacks": "text"}),
    ("wrong-count", {}),
]


@pytest.mark.parametrize(("fault", "parameters"), FAULTS)
def test_no_credential_shows_in_any_message_log_or_traceback(
    asking: Asking, caplog: pytest.LogCaptureFixture, fault: str, parameters: dict[str, object]
) -> None:
    # GIVEN any fault, some with the password in the device's own words, and everything logged WHEN the device is asked
    caplog.set_level(logging.DEBUG)
    if asking.device.source not in REGISTRY[fault].sources:
        asking.played.replace_users([replace(USERS[0], aor=CANARY)])
        fault, parameters = "html-error", {"route": "list", "status": 404}
    asking.played.arm(fault, **parameters)
    said: list[object] = [asking.credentials]
    try:
        snapshot = asking.snapshot()
        said += [snapshot.incomplete_because, snapshot]
    except DeviceError as error:
        logging.getLogger("test").exception("failed")
        said += [error, repr(error), *traceback.format_exception(error)]
    # THEN neither the password nor its encoded form is anywhere
    text = "\n".join([*map(str, said), *asking.warnings, caplog.text])
    assert "canary" not in text
    assert "Y2FuYXJ5" not in text
    assert "Basic" not in text
    assert "session=" not in text
