"""No password in any log, metric, answer or error: `Account.run` searches all that a run says, whatever it runs into.

Here the runs go through everything that has to do with a login; the other tests are searched in passing.
"""

import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple
from urllib.parse import quote

import pytest

from functions.sync_devices import worker
from number_inventory.domain.devices import DeviceKey, Health
from simulator.server import Simulator
from tests.engines.engine import shared_client
from tests.integration.functions.account import API, AUDIT, CANARY, DISPATCHER, PREFIX, WORKER, Account, batch, failures
from tests.integration.functions.api_requests import audits, findings, listing, with_headers
from tests.integration.functions.settings_requests import device, devices
from tests.integration.functions.test_api_history import ask
from tests.integration.functions.test_api_settings import CREDENTIALS, NEW, SETTINGS
from tests.integration.functions.test_record_history import FUNCTION as HISTORY
from tests.integration.functions.test_record_history import Bus, bus, streamed
from tests.planted import spellings_found

__all__ = ["bus"]  # a fixture

MESSAGE = batch({"customer": "acme", "device": "sbc-1"})


@pytest.fixture
def key(account: Account, simulator: Simulator) -> Iterator[DeviceKey]:
    """The played device; the worker logs all it can."""
    worker.logger.setLevel("DEBUG")
    yield account.add_device("sbc-1", simulator)
    worker.logger.setLevel("INFO")


@pytest.mark.parametrize(
    ("fault", "health"),
    [
        (None, Health.OK),
        ("wrong-password", Health.LOGIN_REFUSED),
        ("monitor-role", Health.LOGIN_REFUSED),
        ("unreachable", Health.UNREACHABLE),
        ("self-signed-certificate", Health.UNREACHABLE),
        ("html-error", Health.UNREACHABLE),
        ("html-login-page", Health.MISCONFIGURED),
        ("redirect", Health.MISCONFIGURED),
        ("truncated-body", Health.UNREACHABLE),
        ("unknown-lines", Health.PARTIAL),
    ],
)
def test_no_password_is_shown(
    account: Account, key: DeviceKey, simulator: Simulator, fault: str | None, health: Health
) -> None:
    """GIVEN a device in this condition WHEN it is synced THEN all that is said holds no password, in any spelling."""
    if fault:
        simulator.devices["sbc-1"].arm(fault)
    ran = account.run(WORKER, MESSAGE, seconds_left=18)

    assert failures(ran) == []
    assert ran.logged
    assert CANARY not in str(account.state(key))
    assert account.state(key).health is health


@pytest.mark.parametrize(
    "stored",
    [
        f"Admin:{CANARY}",
        f'{{"username": "Admin", "password": "{CANARY}"',
        f'{{"username": "Admin", "passwort": "{CANARY}"}}',
        f'["Admin", "{CANARY}"]',
        f'{{"username": "", "password": "{CANARY}"}}',
        f'{{"username": "Admin", "password": ["{CANARY}"]}}',
    ],
)
def test_credentials_that_make_no_sense_are_not_repeated(account: Account, key: DeviceKey, stored: str) -> None:
    """GIVEN a parameter that is no user and password WHEN its device is synced THEN it is named, and not repeated."""
    ssm = account.engine.session().ssm()
    ssm.put_parameter(Name=f"{PREFIX}/acme/sbc-1/credentials", Value=stored, Type="SecureString", Overwrite=True)
    ran = account.run(WORKER, MESSAGE)

    assert failures(ran) == []
    assert f"{PREFIX}/acme/sbc-1/credentials" in account.state(key).cause
    assert CANARY not in account.state(key).cause


def test_nothing_that_is_kept_or_sent_holds_a_password(
    account: Account, key: DeviceKey, simulator: Simulator, bus: Bus
) -> None:
    """GIVEN a device that repeats its password WHEN all functions deal with it THEN no table, queue or event has it.

    What they answer and log meanwhile is searched as always; that is problem details, findings and histories, too.
    """
    played = simulator.devices["sbc-1"]
    account.run(WORKER, MESSAGE)
    played.arm("unknown-lines", text=f"Admin has logged in with {quote(CANARY)} and {CANARY}")
    account.run(WORKER, MESSAGE)
    keyed = {"Idempotency-Key": "2f1c"}
    for event in (
        with_headers(device("PUT", "sbc-2", NEW), keyed),
        device("PUT", "sbc-3", {**NEW, "credentials": [CANARY]}),
        with_headers(device("PUT", "sbc-2", {**CREDENTIALS, "also": CANARY}, below="/credentials"), keyed),
        device("PATCH", "sbc-2", {"address": f"https://inventory:{CANARY}@10.8.5.71"}),
        devices(),
        device("GET"),
        device("GET", below="/removals"),
        device("POST", body={"checksum": CANARY}, below="/removals/approve"),
    ):
        account.run(SETTINGS, event)
    account.run(DISPATCHER, {})

    account.damage("4711", status="Available")
    run = account.run(AUDIT, {"customer": "acme"}).answer["audits"][0]["id"]
    changes = [streamed(None, account.number(number), place) for place, number in enumerate(("4711",), 1)]
    account.run(HISTORY, {"Records": [*changes, {"dynamodb": {}}]})
    for event in (
        listing("acme"),
        audits("acme"),
        findings("acme", run),
        ask("/history", "4711"),
        ask("/explain", "4711"),
    ):
        assert account.run(API, event).answer["statusCode"] == 200

    kept = _kept(account)
    assert [part for part in ("***", "status_mismatch", "cause", "sbc-2") if part not in kept] == []
    assert bus.told
    assert spellings_found(kept + json.dumps(bus.told), CANARY) == []


def _kept(account: Account) -> str:
    """All items of all tables, and all messages of all queues; what is packed is unpacked."""
    client, said = shared_client(account.engine), ""
    for table in astuple(account.tables):
        said += json.dumps(client.scan(TableName=table)["Items"], default=_unpacked)
    for queue in account.sqs.list_queues()["QueueUrls"]:
        messages = account.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        said += json.dumps([message["Body"] for message in messages])
    return said


def _unpacked(value: bytes) -> str:
    with suppress(zlib.error):
        value = zlib.decompress(value)
    return value.decode("latin-1")


@pytest.mark.parametrize("spelling", [CANARY, quote(CANARY, safe=""), json.dumps(CANARY), f"{CANARY!r}"])
def test_the_search_finds_every_spelling(spelling: str) -> None:
    """GIVEN a password in any spelling WHEN a text is searched THEN it is found."""
    assert spellings_found(f"before {spelling} behind", CANARY)


def test_the_search_itself_finds(account: Account) -> None:
    """GIVEN a run that repeats a password in its error WHEN it is searched THEN it is found."""
    with pytest.raises(AssertionError):
        account.run(WORKER, batch({"customer": "acme", "device": CANARY}))
