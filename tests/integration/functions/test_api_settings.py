"""Devices, macros and settings through the API: the same as by the command line, and no password ever comes out."""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from number_inventory.adapters.dynamodb.devices import DynamoDevices
from number_inventory.adapters.dynamodb.keyed_requests import DynamoKeyedRequests
from number_inventory.adapters.ssm import SsmSecrets
from number_inventory.bootstrap import process
from number_inventory.domain.devices import Device, DeviceKey, Health
from number_inventory.domain.errors import StorageBusyError, StorageRefusedError
from number_inventory.domain.numbers import Status
from simulator.server import Simulator
from tests.engines.engine import shared_client
from tests.integration.functions.account import CANARY, WORKER, Account, batch
from tests.integration.functions.api_requests import with_headers
from tests.integration.functions.settings_requests import device, devices, macro, settings
from tests.integration.functions.test_api_lookup import body, problem
from tests.memory.clock import SettableClock

SETTINGS = "functions.settings_api.handler"
KEY = DeviceKey("acme", "sbc-1")
CREDENTIALS = {"username": "inventory", "password": CANARY}
NEW: dict[str, Any] = {"address": "https://10.8.5.71", "credentials": CREDENTIALS}
FULL: dict[str, Any] = {
    "address": "https://sbc.example:8443",
    "enabled": False,
    "tls": {"trust": "fingerprint", "fingerprint": "AB" * 32},
    "number_rules": [{"pattern": r"00(\d+)", "replacement": r"+\1"}],
    "hosts": ["Acme.Example"],
    "ip_groups": [2, 1],
    "read_timeout_seconds": 120,
}


@pytest.fixture
def added(account: Account) -> Account:
    body(account.run(SETTINGS, device("PUT", body=NEW)), 201)
    return account


def tag(account: Account) -> str:
    """The device's ETag."""
    return str(account.run(SETTINGS, device("GET")).answer["multiValueHeaders"]["ETag"][0])


# --- devices


def test_a_device_is_added_shown_and_configured_anew(account: Account) -> None:
    """GIVEN a new device WHEN put, and put again otherwise THEN it is there, each time as it was put."""
    shown = body(account.run(SETTINGS, device("PUT", body=NEW)), 201)
    assert (shown["address"], shown["enabled"], shown["health"]) == ("https://10.8.5.71", True, "never_synced")
    assert shown["next"] == "the next schedule syncs it"
    assert "credentials" not in shown
    assert account.secrets.credentials(KEY, fresh=True).password == CANARY
    assert body(account.run(SETTINGS, device("GET"))) == shown
    assert body(account.run(SETTINGS, devices())) == {"devices": [shown]}
    assert body(account.run(SETTINGS, devices("other"))) == {"devices": []}

    changed = body(account.run(SETTINGS, device("PUT", body={**FULL, "credentials": CREDENTIALS})))
    expected = {**FULL, "tls": {"trust": "fingerprint", "fingerprint": "ab" * 32, "ca_pem": ""}}
    expected |= {"hosts": ["acme.example"], "ip_groups": [1, 2]}
    assert {name: changed[name] for name in FULL} == expected
    assert changed["next"] == "enable it, so that schedules sync it"
    assert list(account.devices.enabled()) == []
    again = body(account.run(SETTINGS, device("PUT", body=NEW)))
    assert {**again, "credentials": None} == {**shown, "credentials": None}
    assert list(account.devices.enabled()) == [KEY]


def test_a_routing_manager_is_added_with_its_login(account: Account) -> None:
    """GIVEN a device of source arm WHEN put with either login THEN it is one, and stays one when parts change."""
    shown = body(account.run(SETTINGS, device("PUT", body={**NEW, "source": "arm", "login": "session"})), 201)
    assert (shown["source"], shown["login"]) == ("arm", "session")
    patched = body(account.run(SETTINGS, device("PATCH", body={"login": "basic"})))
    assert (patched["source"], patched["login"]) == ("arm", "basic")


def test_parts_of_a_device_are_changed(added: Account) -> None:
    changed = body(added.run(SETTINGS, device("PATCH", body={"hosts": ["b.example"], "read_timeout_seconds": 30})))
    assert (changed["hosts"], changed["read_timeout_seconds"], changed["address"]) == (
        ["b.example"],
        30,
        "https://10.8.5.71",
    )


@pytest.mark.parametrize(
    "change",
    [{"address": "https://203.0.113.9"}, {"address": "https://10.8.5.71:8443"}, {"tls": {"trust": "insecure"}}],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_stored_credentials_go_nowhere_else(added: Account, method: str, change: dict[str, Any]) -> None:
    """GIVEN a device WHEN it is led elsewhere, or to anybody THEN only with credentials of that place.

    Otherwise whoever may configure devices, but not read credentials, could have them sent to a host of their own.
    """
    sent = {**change, "address": change.get("address", NEW["address"])} if method == "PUT" else change
    before = body(added.run(SETTINGS, device("GET")))
    told = problem(added.run(SETTINGS, device(method, body=sent)), 400)
    assert told["errors"][0]["field"] == "credentials"
    assert body(added.run(SETTINGS, device("GET"))) == before

    fresh = {"username": "another", "password": "of-another-device"}
    changed = body(added.run(SETTINGS, device(method, body={**sent, "credentials": fresh})))
    assert changed != before
    assert added.secrets.credentials(KEY, fresh=True).username == "another"


def test_a_change_is_bound_to_what_was_seen(added: Account) -> None:
    """GIVEN a tag WHEN somebody else was faster THEN 412 with the present tag, and nothing is changed."""
    seen = tag(added)
    body(added.run(SETTINGS, device("PATCH", body={"enabled": False}, If_Match=seen)))
    present = tag(added)
    assert present != seen
    for late in (
        device("PATCH", body={"enabled": True}, If_Match=seen),
        device("PUT", body=NEW, If_Match=seen),
        device("PUT", body=NEW, If_None_Match="*"),
        device("DELETE", query={"confirm": "0"}, If_Match=seen),
        device("PATCH", body={"enabled": True}, If_Match=f"W/{present}"),
    ):
        refused = added.run(SETTINGS, late)
        problem(refused, 412)
        assert refused.answer["multiValueHeaders"]["ETag"] == [present]
    assert tag(added) == present
    problem(added.run(SETTINGS, device("PUT", "new", NEW, If_Match="*")), 412)
    for malformed in ("x", ""):
        problem(added.run(SETTINGS, device("PATCH", body={"enabled": True}, If_Match=malformed)), 400)
    body(added.run(SETTINGS, device("PATCH", body={"enabled": True}, If_Match="*")))


def test_a_condition_that_nothing_could_meet_is_refused(added: Account) -> None:
    """GIVEN `If-Match` WHEN what changes has no ETag THEN 400, and nothing happens: nobody may think that it held."""
    days = "audiocodes_cooling_duration"
    asked = (
        device("PUT", below="/credentials", body={"username": "eve", "password": "x"}),
        device("POST", below="/sync"),
        device("POST", below="/removals/approve", body={"checksum": "5f" * 32}),
        macro("PUT", days, {"value": "7"}),
        macro("PUT", days, {"value": "7"}, None),
        macro("DELETE", days),
        settings("PATCH", {"number_inventory_cooling_duration_days": 7}),
    )
    for event in asked:
        for condition in ("*", tag(added)):
            [error] = problem(added.run(SETTINGS, with_headers(event, {"If-Match": condition})), 400)["errors"]
            assert error["field"] == "If-Match"
    assert added.secrets.credentials(KEY, fresh=True).username == "inventory"
    assert added.queued() == []
    assert {each["origin"] for each in body(added.run(SETTINGS, macro("GET")))["macros"]} == {"default"}


DAYS = "audiocodes_cooling_duration"
NOT_HEARD = [
    (device("PUT", body=NEW), device("PATCH", body={"hosts": ["other.example"]})),
    (device("PUT", "new", NEW), device("PATCH", "new", {"hosts": ["other.example"]})),
    (device("PATCH", body={"enabled": False}), device("PATCH", body={"enabled": True})),
    (macro("PUT", DAYS, {"value": "7"}), macro("PUT", DAYS, {"value": "3"})),
    (macro("PUT", DAYS, {"value": "7"}, None), macro("PUT", DAYS, {"value": "3"}, None)),
    (macro("DELETE", DAYS), macro("PUT", DAYS, {"value": "3"})),
    (
        settings("PATCH", {"number_inventory_cooling_duration_days": 7}),
        settings("PATCH", {"number_inventory_cooling_duration_days": 3}),
    ),
]


@pytest.mark.parametrize(("first", "others"), NOT_HEARD)
def test_what_others_changed_since_a_keyed_request_is_not_undone(
    added: Account, monkeypatch: pytest.MonkeyPatch, first: dict[str, Any], others: dict[str, Any]
) -> None:
    """GIVEN a change whose answer was not kept, and then another's WHEN sent again THEN 409, and theirs stays."""
    keyed = with_headers(first, {"Idempotency-Key": "7f2c"})

    def lost(*_: object) -> None:
        raise StorageBusyError("throttled")

    body(added.run(SETTINGS, device("PATCH", body={"hosts": ["first.example"], "enabled": True})))
    with monkeypatch.context() as patch:
        patch.setattr(DynamoKeyedRequests, "settle", lost)
        patch.setattr(DynamoKeyedRequests, "let_go", lambda *_: None)
        assert added.run(SETTINGS, keyed).answer["statusCode"] in {200, 201}
    clock = SettableClock(datetime.now(UTC) + timedelta(minutes=2))
    monkeypatch.setattr(process, "clock", lambda: clock)
    again = added.run(SETTINGS, keyed)
    assert again.answer["statusCode"] == 200, "nobody came between"

    with monkeypatch.context() as patch:
        patch.setattr(DynamoKeyedRequests, "settle", lost)
        patch.setattr(DynamoKeyedRequests, "let_go", lambda *_: None)
        other = with_headers(first, {"Idempotency-Key": "8a3d"})
        assert added.run(SETTINGS, other).answer["statusCode"] == 200
    body(added.run(SETTINGS, others))
    clock.advance(minutes=2)
    told = problem(added.run(SETTINGS, other), 409)
    assert "has changed since this was sent first" in told["detail"]


def test_a_refused_login_is_resumed_by_enabling(added: Account) -> None:
    """GIVEN a device that refused its login WHEN enabled, although it is THEN its credentials are tried again."""
    lease = added.devices.acquire(KEY, *_now_and_later())
    assert lease is not None
    refused = replace(lease.state, health=Health.LOGIN_REFUSED, cause="401", refused_credentials=1)
    assert added.devices.finish(lease, refused, None)
    shown = body(added.run(SETTINGS, device("GET")))
    assert (shown["health"], shown["cause"]) == ("login_refused", "401")
    assert "replace its credentials, or enable it again" in shown["next"]

    body(added.run(SETTINGS, device("PATCH", body={"enabled": True})))
    assert added.devices.get(KEY).state.refused_credentials == 0


def _now_and_later() -> tuple[datetime, datetime]:
    from datetime import datetime

    now = datetime.now(UTC)
    return now, now + timedelta(minutes=1)


def test_credentials_are_replaced_and_never_shown(added: Account, caplog: pytest.LogCaptureFixture) -> None:
    """GIVEN all that libraries can log WHEN credentials are replaced THEN they are stored, and nowhere else."""
    caplog.set_level(logging.DEBUG)
    answer = added.run(SETTINGS, device("PUT", below="/credentials", body={"username": "bob", "password": CANARY}))
    assert (answer.answer["statusCode"], answer.answer["body"]) == (204, "")
    stored = added.secrets.credentials(KEY, fresh=True)
    assert (stored.username, stored.password) == ("bob", CANARY)
    assert CANARY not in caplog.text
    problem(added.run(SETTINGS, device("PUT", "other", CREDENTIALS, below="/credentials")), 404)


@pytest.mark.parametrize(
    "sent",
    [
        {**NEW, "credentials": {"username": "x", "password": CANARY * 20}},
        {**NEW, "credentials": {"username": "x", "password": [CANARY]}},
        {**NEW, "credentials": {"password": CANARY}},
        {**NEW, "credentials": CANARY},
        {**NEW, "password": CANARY},
        {**NEW, "address": f"https://admin:{CANARY}@10.8.5.71"},
    ],
)
def test_no_refusal_repeats_a_password(account: Account, sent: object, caplog: pytest.LogCaptureFixture) -> None:
    """GIVEN a body that is refused WHEN it holds a password THEN neither answer nor log has it (`run` looks)."""
    caplog.set_level(logging.DEBUG)
    ran = account.run(SETTINGS, device("PUT", body=sent))
    assert ran.answer["statusCode"] == 400
    assert CANARY not in caplog.text
    problem(account.run(SETTINGS, device("GET")), 404)


def test_no_failure_of_aws_repeats_a_password(
    added: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object) -> None:
        raise StorageRefusedError("could not store the credentials")

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(SsmSecrets, "store", refused)
    ran = added.run(SETTINGS, device("PUT", body=CREDENTIALS, below="/credentials"))
    assert ran.answer["statusCode"] == 500
    assert CANARY not in caplog.text


def test_a_keyed_request_keeps_no_password(account: Account) -> None:
    """GIVEN an Idempotency-Key WHEN credentials are put THEN what is kept of the request does not hold them."""
    for _ in range(2):
        body(account.run(SETTINGS, device("PUT", body=NEW, Idempotency_Key="7f2c")), 201)
    kept = account.tables.requests

    items = shared_client(account.engine).scan(TableName=kept)["Items"]
    assert len(items) == 1
    assert CANARY not in json.dumps(items, default=lambda value: value.decode("latin1"))


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"address": "https://10.8.5.71"}, "credentials"),
        ({**NEW, "address": "http://10.8.5.71"}, "address"),
        ({**NEW, "address": "https://10.8.5.71/api"}, "address"),
        ({**NEW, "read_timeout_seconds": 4}, "read_timeout_seconds"),
        ({**NEW, "source": "ovoc"}, "source"),
        ({**NEW, "login": "session"}, "login"),
        ({**NEW, "hosts": ["a.example:5060"]}, "hosts"),
        ({**NEW, "number_rules": [{"pattern": "(", "replacement": ""}]}, "number rule"),
        ({**NEW, "tls": {"trust": "fingerprint"}}, "tls"),
        ({**NEW, "tls": {"trust": "insecure", "ca_pem": "x"}}, "tls"),
        ({**NEW, "tls": {"ca_pem": "-----BEGIN PRIVATE KEY-----"}}, "tls"),
        ({**NEW, "tls": {"ca_pem": "nonsense"}}, "tls"),
        ({**NEW, "tls": {"trust": "fingerprint", "fingerprint": "AB"}}, "fingerprint"),
        ({**NEW, "nonsense": 1}, "nonsense"),
        ({}, "address"),
    ],
)
def test_a_configuration_that_cannot_work_is_400(account: Account, sent: object, field: str) -> None:
    told = problem(account.run(SETTINGS, device("PUT", body=sent)), 400)
    assert field in told["errors"][0]["field"], told
    assert account.devices.of_customer("acme") == []


@pytest.mark.parametrize("sent", [{}, {"enabled": None}, {"credentials": None}, {"address": "ftp://x"}])
def test_a_change_that_makes_no_sense_is_400(added: Account, sent: object) -> None:
    before = tag(added)
    problem(added.run(SETTINGS, device("PATCH", body=sent)), 400)
    assert tag(added) == before


def test_others_that_change_a_device_at_once_are_not_undone(added: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a change between reading and writing WHEN written THEN decided anew: neither is lost."""
    reconfigure = DynamoDevices.reconfigure
    others = [replace(added.devices.get(KEY).device, read_timeout_seconds=99)]

    def raced(self: DynamoDevices, before: Device, after: Device) -> bool:
        if others:
            assert reconfigure(self, before, others.pop())
        return reconfigure(self, before, after)

    monkeypatch.setattr(DynamoDevices, "reconfigure", raced)
    changed = body(added.run(SETTINGS, device("PATCH", body={"hosts": ["b.example"]})))
    assert (changed["hosts"], changed["read_timeout_seconds"]) == (["b.example"], 99)


def test_a_sync_is_queued(added: Account) -> None:
    ran = added.run(SETTINGS, device("POST", below="/sync"))
    assert body(ran, 202) == {"queued": 1}
    assert ran.answer["multiValueHeaders"]["Location"] == ["../sbc-1"]
    assert added.queued() == [{"customer": "acme", "device": "sbc-1"}]
    problem(added.run(SETTINGS, device("POST", "other", below="/sync")), 404)


def test_a_device_is_removed_once_its_numbers_are_confirmed(account: Account, simulator: Simulator) -> None:
    """GIVEN a device that holds numbers WHEN removed THEN only by their count, and they cool."""
    key = account.add_device("sbc-1", simulator)
    account.run(WORKER, batch({"customer": "acme", "device": "sbc-1"}))
    held = account.state(key).held_numbers
    assert held == 3
    for wrong in ({}, {"confirm": "2"}):
        told = problem(account.run(SETTINGS, device("DELETE", query=wrong)), 409)  # type: ignore[arg-type]
        assert "held 3 numbers" in told["detail"]
        assert "cool for 2 days" in told["detail"]
        assert "confirm=3" in told["detail"]

    removed = body(account.run(SETTINGS, device("DELETE", query={"confirm": "3"})))
    assert removed == {"device": "sbc-1", "outcomes": {"cooling_started": 3}}
    assert account.number("4711").status is Status.COOLING
    problem(account.run(SETTINGS, device("GET")), 404)
    problem(account.run(SETTINGS, device("DELETE", query={"confirm": "3"})), 404)
    problem(account.run(SETTINGS, device("DELETE", query={"confirm": "x"})), 400)


def test_a_device_is_not_removed_while_the_cooling_time_is_unknown(added: Account) -> None:
    added.macros.put("acme", "audiocodes_cooling_duration", "soon")
    told = problem(added.run(SETTINGS, device("DELETE", query={"confirm": "0"})), 409)
    assert "audiocodes_cooling_duration" in told["detail"]


# --- macros and settings


def test_macros_are_resolved_set_and_forgotten(account: Account) -> None:
    """GIVEN a global and an own value WHEN each is set and forgotten THEN the next level counts, and says so."""
    name = "audiocodes_cooling_duration"

    def shown() -> tuple[str, str]:
        told = body(account.run(SETTINGS, macro("GET", name)))
        return told["value"], told["origin"]

    assert shown() == ("2", "default")
    assert body(account.run(SETTINGS, macro("PUT", name, {"value": "5"}, None)))["origin"] == "global"
    assert shown() == ("5", "global")
    assert body(account.run(SETTINGS, macro("PUT", name, {"value": " 7 "})))["origin"] == "customer"
    assert shown() == ("7", "customer")
    assert body(account.run(SETTINGS, macro("GET", name, customer=None)))["value"] == "5"
    assert body(account.run(SETTINGS, macro("DELETE", name)))["value"] == "5"
    assert body(account.run(SETTINGS, macro("DELETE", name)))["value"] == "5"
    assert body(account.run(SETTINGS, macro("DELETE", name, customer=None)))["origin"] == "default"
    listed = body(account.run(SETTINGS, macro("GET")))["macros"]
    assert [each["name"] for each in listed] == sorted(each["name"] for each in listed)
    assert listed == body(account.run(SETTINGS, macro("GET", customer=None)))["macros"]
    assert all(each["allowed"] and each["purpose"] for each in listed)


@pytest.mark.parametrize("value", ["-1", "1000", "two", ""])
def test_a_value_that_is_not_allowed_is_400_and_says_what_is(account: Account, value: str) -> None:
    told = problem(account.run(SETTINGS, macro("PUT", "audiocodes_cooling_duration", {"value": value})), 400)
    assert told["errors"][0]["field"] == "audiocodes_cooling_duration"
    assert "0 to 999" in told["detail"]
    assert body(account.run(SETTINGS, macro("GET", "audiocodes_cooling_duration")))["origin"] == "default"


def test_an_unknown_macro_is_404_and_names_those_there_are(account: Account) -> None:
    for method, sent in (("GET", None), ("PUT", {"value": "1"}), ("DELETE", None)):
        told = problem(account.run(SETTINGS, macro(method, "nonsense", sent)), 404)
        assert "audiocodes_cooling_duration" in told["detail"]
    problem(account.run(SETTINGS, macro("GET", customer="ACME")), 400)


def test_cooling_settings_have_the_names_of_the_field(account: Account) -> None:
    """GIVEN the settings WHEN changed THEN they are the macros of that meaning, and null is what all have."""
    enabled, days = "enable_number_inventory_cooling", "number_inventory_cooling_duration_days"
    assert body(account.run(SETTINGS, settings("GET"))) == {enabled: False, days: 30}
    assert body(account.run(SETTINGS, settings("PATCH", {enabled: True, days: 7}))) == {enabled: True, days: 7}
    assert body(account.run(SETTINGS, macro("GET", "number_inventory_cooling_enabled")))["value"] == "true"
    assert body(account.run(SETTINGS, settings("GET", customer="other"))) == {enabled: False, days: 30}
    assert body(account.run(SETTINGS, settings("PATCH", {days: None}))) == {enabled: True, days: 30}
    for wrong in ({days: 1000}, {days: "7"}, {enabled: "yes"}, {"nonsense": 1}):
        problem(account.run(SETTINGS, settings("PATCH", wrong)), 400)
    account.macros.put("acme", "number_inventory_cooling_duration_days", "soon")
    assert "number_inventory_cooling_duration_days" in problem(account.run(SETTINGS, settings("GET")), 409)["detail"]
