"""The API's two functions call what their roles allow, all of it and nothing else, when every route is driven."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from number_inventory.adapters.dynamodb.registrations import DynamoRegistrations
from number_inventory.domain.devices import DeviceKey
from simulator.server import Simulator
from tests.engines.engine import shared_client
from tests.integration.functions.account import API, WORKER, Account, batch
from tests.integration.functions.alarms import template
from tests.integration.functions.api_requests import (
    add,
    audit,
    audits,
    available,
    bulk,
    claim,
    delete,
    do,
    edit,
    findings,
    job,
    jobs,
    listing,
    look_up,
    lookup,
    outcomes,
    request,
    resume,
    start,
    with_headers,
)
from tests.integration.functions.aws_calls import RETRIED, Calls, allowed, batched, wakes
from tests.integration.functions.conftest import NUMBERS, users
from tests.integration.functions.settings_requests import device, devices, macro, settings
from tests.integration.functions.test_api_history import ask
from tests.integration.functions.test_api_settings import CREDENTIALS, NEW, SETTINGS

_KEYED = {"Idempotency-Key": "2f1c"}


@dataclass
class Driver:
    """Sends requests to one function, and knows which of its routes have answered well."""

    account: Account
    module: str
    answered: set[str] = field(default_factory=set)

    def __call__(self, event: dict[str, Any], status: int = 200) -> dict[str, Any]:
        """Send a request that must be answered so."""
        ran = self.account.run(self.module, event)
        assert ran.error is None
        assert ran.answer["statusCode"] == status, ran.answer["body"]
        if status < 300:
            self.answered.add(f"{event['httpMethod']} {event['resource']}")
        return dict(json.loads(ran.answer["body"] or "{}"))


def routes(function: str) -> set[str]:
    """What the gateway hands to a function."""
    return {
        f"{method.upper()} {path}"
        for path, methods in template()["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"].items()
        for method, operation in methods.items()
        if f"${{{function}.Arn}}" in str(operation["x-amazon-apigateway-integration"]["uri"])
    }


def test_numbers(account: Account, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN every route of the number API WHEN driven THEN all that its role allows is called."""
    send = Driver(account, API)
    for _ in range(2):
        send(with_headers(add({"numbers": ["1", "2", "3", "4", "5"]}), _KEYED))
    for event in (lookup("acme", "1"), listing("acme", limit="1"), look_up({"numbers": ["1", "9"]}), available()):
        send(event)
    for verb, sent in (
        ("assign", {"usage": "User", "assignee": "bob"}),
        ("unassign", None),
        ("reserve", {"for_whom": "bob"}),
        ("unreserve", None),
        ("cool", {"days": 1}),
        ("release", {"reason": "wanted"}),
    ):
        send(do(verb, "1", sent))
    send(edit("1", {"site": "Berlin"}))
    send(bulk({"command": "delete", "numbers": ["4"]}))
    send(delete("5"), 204)
    send(claim({"count": 2, "reserve": {"for_whom": "ann"}}))
    send(ask("/history", "1"))
    send(ask("/explain", "1"))
    for what in ("counts", "stock"):
        send(request(f"/customers/{{customer}}/{what}", {"customer": "acme"}))

    many = send(add({"numbers": [str(number) for number in range(10000, 10200)]}), 202)["id"]
    send(resume("acme", many))
    for event in (jobs("acme"), job("acme", many), outcomes("acme", many)):
        send(event)

    run = send(start("acme", {}), 202)["id"]
    for event in (audits("acme"), audit("acme", run), findings("acme", run)):
        send(event)
    woken = wakes(account)
    account.invocations.refused.add("nobody")
    send(start("nobody", {}), 503)

    with batched(monkeypatch):
        # moto does not understand the statements, but they are what is sent.
        account.run(API, add({"numbers": [str(number) for number in range(100, 150)]}))
        account.run(API, bulk({"command": "edit", "numbers": ["1", "2", "3"], "site": "Bonn"}))

    assert send.answered == routes("NumberApi")
    assert calls.made | woken | {RETRIED} == allowed("NumberApi")


def test_settings(account: Account, calls: Calls, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN every route of the settings API WHEN driven THEN all that its role allows is called."""
    send = Driver(account, SETTINGS)
    names = ("sbc-1", "sbc-2", "sbc-3")
    for name in names:
        account.add_device(name, simulator)
    account.macros.put("acme", "audiocodes_removal_guard_count", "1")
    for shown in ((*NUMBERS, *map(str, range(5000, 5040))), ()):
        simulator.devices["sbc-1"].replace_users(users(*shown))
        account.run(WORKER, batch(*({"customer": "acme", "device": name} for name in names)))
    calls.made.clear()

    for _ in range(2):
        send(with_headers(device("PUT", "sbc-4", NEW), _KEYED), 201)
    send(devices())
    send(device("GET"))
    send(device("PATCH", body={"enabled": True}))
    send(device("PUT", body=CREDENTIALS, below="/credentials"), 204)
    send(device("POST", below="/sync"), 202)
    held = send(device("GET", below="/removals"))["held"]
    send(device("POST", body={"checksum": held["checksum"]}, below="/removals/approve"))
    for customer in ("acme", None):
        send(macro("PUT", "audiocodes_cooling_duration", {"value": "3"}, customer))
        send(macro("GET", customer=customer))
        send(macro("GET", "audiocodes_cooling_duration", customer=customer))
        send(macro("DELETE", "audiocodes_cooling_duration", customer=customer))
    send(settings("GET"))
    send(settings("PATCH", {"enable_number_inventory_cooling": True}))
    lost = DynamoRegistrations(shared_client(account.engine), account.tables.registrations)
    lost.forget(DeviceKey("acme", "sbc-1"))
    for name in ("sbc-1", "sbc-2"):
        send(device("DELETE", name, query={"confirm": "43"}))
    with batched(monkeypatch):
        # moto does not understand the statements, but they are what is sent.
        account.run(SETTINGS, device("DELETE", "sbc-3", query={"confirm": "43"}))

    assert send.answered == routes("SettingsApi")
    assert calls.made | {RETRIED} == allowed("SettingsApi")
