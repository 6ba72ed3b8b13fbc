"""The lookup of one number: what it shows, and how it refuses."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from functions.number_api import handler as number_api
from number_inventory.bootstrap import lookups, process
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage
from tests.engines.faults import refusals
from tests.integration.connections import forget_connections
from tests.integration.functions.account import API, Account, Ran
from tests.integration.functions.api_requests import listing, lookup, request
from tests.integration.functions.conftest import fresh_account

NOW = datetime.now(UTC).replace(microsecond=0)
SINCE = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
NUMBERS = ("4711", "+493012340001", "*21#", "#31#*", "1", "+1", "+" + "9" * 15, "0" * 20)
"""Every form that a number may have, at its shortest and longest."""


def body(ran: Ran, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must have this status."""
    assert (ran.error, ran.answer["statusCode"]) == (None, status), ran.answer
    parsed: dict[str, Any] = json.loads(ran.answer["body"])
    return parsed


def problem(ran: Ran, status: int) -> dict[str, Any]:
    """The problem details of an answer; checks that they are such (RFC 9457)."""
    told = body(ran, status)
    assert content_type(ran) == "application/problem+json"
    assert set(told) - {"errors", "current"} == {"type", "title", "status", "detail"}
    assert (told["type"], told["status"]) == ("about:blank", status)
    return told


def content_type(ran: Ran) -> str:
    """The content type of an answer."""
    return header(ran, "Content-Type")


def header(ran: Ran, name: str) -> str:
    """A header of an answer, which must have it once."""
    headers = {known.lower(): values for known, values in ran.answer["multiValueHeaders"].items()}
    [value] = headers[name.lower()]
    return str(value)


@pytest.fixture(scope="module")
def numbers() -> Iterator[Account]:
    """An account in which a customer has a number of every form, and another customer one of them; it stays so."""
    with fresh_account() as account:
        account.put(*(NumberRecord(customer="acme", number=number) for number in NUMBERS))
        account.put(NumberRecord(customer="other", number="4711", description="not acme's"))
        yield account


def test_a_used_number_is_shown_whole(numbers: Account) -> None:
    """GIVEN a number with every field set WHEN looked up THEN all of them are shown, times in UTC as RFC 3339."""
    numbers.put(
        NumberRecord(
            customer="whole",
            number="4711",
            status=Status.USED,
            usage=Usage.DEVICE,
            vendor=AUDIOCODES,
            tag="lobby",
            description="Reception",
            extra1="one",
            extra2="two",
            extra3="three",
            internal_number_type="DID",
            e164_number="+49304711",
            site="berlin",
            assigned_to="bob",
            reserved_for="ann",
            reservation_notes="until June",
            reserved_until=SINCE + timedelta(days=30),
            holders=(Holder("sbc-1", SINCE, 3), Holder("sbc-2", SINCE, 1)),
            created_at=SINCE,
            created_by="operator:ann",
            updated_at=SINCE + timedelta(milliseconds=250),
            updated_by="sync:sbc-1#3",
            reason="registered on sbc-1",
        )
    )
    ran = numbers.run(API, lookup("whole", "4711"))

    assert content_type(ran) == "application/json"
    assert body(ran) == {
        "customer": "whole",
        "number": "4711",
        "status": "Used",
        "usage": "Device",
        "vendor": "AudioCodes",
        "tag": "lobby",
        "release_date": None,
        "holders": [
            {"device": "sbc-1", "since": "2026-11-01T08:30:00Z"},
            {"device": "sbc-2", "since": "2026-11-01T08:30:00Z"},
        ],
        "description": "Reception",
        "extra1": "one",
        "extra2": "two",
        "extra3": "three",
        "internal_number_type": "DID",
        "e164_number": "+49304711",
        "site": "berlin",
        "assigned_to": "bob",
        "reserved_for": "ann",
        "reservation_notes": "until June",
        "reserved_until": "2026-12-01T08:30:00Z",
        "reason": "registered on sbc-1",
        "version": 1793521800000,
        "created_at": "2026-11-01T08:30:00Z",
        "created_by": "operator:ann",
        "updated_at": "2026-11-01T08:30:00.250000Z",
        "updated_by": "sync:sbc-1#3",
    }


def test_a_cooling_number_shows_its_days(numbers: Account) -> None:
    """GIVEN a cooling number with a tag of its own WHEN looked up THEN the Tag tells the days; the date is shown."""
    until = NOW + timedelta(days=2)
    numbers.put(NumberRecord(customer="cooling", number="4711", status=Status.COOLING, release_date=until, tag="lobby"))
    shown = body(numbers.run(API, lookup("cooling", "4711")))

    assert shown["tag"] == f"Cooling: 2 days until the Release Date, {until:%Y-%m-%d %H:%M} UTC"
    assert shown["release_date"] == f"{until:%Y-%m-%dT%H:%M:%SZ}"


def test_a_number_has_its_version_as_its_tag(numbers: Account) -> None:
    """GIVEN a number WHEN looked up THEN its ETag is its version; who has it already gets 304 and nothing else."""
    ran = numbers.run(API, lookup("acme", "4711"))
    assert header(ran, "ETag") == f'"{body(ran)["version"]}"' == '"1"'

    for known in ('"1"', 'W/"1"', '"7", "1"', "*", '"7",W/"1"'):
        spared = numbers.run(API, lookup("acme", "4711", If_None_Match=known))
        assert (spared.answer["statusCode"], spared.answer["body"]) == (304, ""), known
        assert header(spared, "ETag") == '"1"'
    for other in ('"2"', '"11"', "1", '"', "", "x" * 2000):
        assert body(numbers.run(API, lookup("acme", "4711", If_None_Match=other)))["number"] == "4711"
    problem(numbers.run(API, lookup("acme", "4712", If_None_Match="*")), 404)


def test_a_cooling_number_is_always_shown_anew(numbers: Account) -> None:
    """GIVEN a cooling number WHEN its version is known THEN it is shown: its Tag counts days without a write."""
    until = NOW + timedelta(days=9)
    numbers.put(NumberRecord(customer="known", number="4711", status=Status.COOLING, release_date=until))
    ran = numbers.run(API, lookup("known", "4711", If_None_Match='"1"'))

    assert body(ran)["tag"].startswith("Cooling: 9 days")
    assert header(ran, "ETag") == '"1"'


@pytest.mark.parametrize("number", NUMBERS)
def test_every_form_of_a_number_is_found(numbers: Account, number: str) -> None:
    """GIVEN a number with `+`, `*` or `#` WHEN looked up, decoded or percent-encoded THEN it is found."""
    encoded = "".join(f"%{ord(character):02X}" for character in number)
    for spelling in (number, encoded, encoded.lower()):
        assert body(numbers.run(API, lookup("acme", spelling)))["number"] == number


@pytest.mark.parametrize("path", ["/v1/customers/acme/numbers/%2A21%23", "/", "", "/customers/acme/numbers/*21#"])
def test_the_path_itself_does_not_matter(numbers: Account, path: str) -> None:
    """GIVEN a gateway that hands the path on in a way of its own WHEN looked up THEN the parameters decide."""
    assert body(numbers.run(API, {**lookup("acme", "*21#"), "path": path}))["number"] == "*21#"


def test_vosss_spelling_is_taken(numbers: Account) -> None:
    r"""GIVEN a number as VOSS exports it, `\+49...` WHEN looked up THEN it is found."""
    assert body(numbers.run(API, lookup("acme", "\\+493012340001")))["number"] == "+493012340001"


@pytest.mark.parametrize(("customer", "number"), [("acme", "4712"), ("other", "*21#"), ("nobody", "4711")])
def test_unknown_numbers_are_404(numbers: Account, customer: str, number: str) -> None:
    """GIVEN a number that the customer does not have WHEN looked up THEN 404 says so, whoever else has it."""
    told = problem(numbers.run(API, lookup(customer, number)), 404)

    assert told["detail"] == f"customer {customer} has no number {number}"


@pytest.mark.parametrize(
    "number",
    [
        "47a11",
        "+",
        "+" + "1" * 16,
        "1" * 21,
        "++49",
        "4711+",
        "+49*",
        "[",
        "]",
        "4711/4712",
        "47 11",
        "4711\n",
        "٤٧١١",
        "\uff14\uff17\uff11\uff11",
        "☎",
        "%",
        "%25",
        "<script>",
        "4711;drop",
        "4" * 2000,
        "ü" * 2000,
    ],
)
def test_malformed_numbers_are_400(numbers: Account, number: str) -> None:
    """GIVEN what is no number WHEN looked up THEN 400 names the field, says what is allowed, and repeats little."""
    ran = numbers.run(API, lookup("acme", number))
    if number.strip() == "4711":
        assert body(ran)["number"] == "4711", "white space around a number is no part of it"
        return
    told = problem(ran, 400)

    assert "'+' and 1 to 15 digits" in told["detail"]
    [error] = told["errors"]
    assert error["field"] == "number"
    assert len(ran.answer["body"]) < 700


@pytest.mark.parametrize(
    "customer", ["Acme", "a b", "#global", "acme#4711", "-acme", "..", "[", "ü", "%", "a" * 64, "x" * 2000]
)
def test_malformed_customers_are_400(numbers: Account, customer: str) -> None:
    """GIVEN what cannot be a customer WHEN a number or a page is asked for THEN 400 names the field."""
    for event in (lookup(customer, "4711"), listing(customer)):
        ran = numbers.run(API, event)
        told = problem(ran, 400)
        [error] = told["errors"]
        assert error["field"] == "customer"
        assert "lower case" in error["message"]
        assert len(ran.answer["body"]) < 700


@pytest.mark.parametrize(
    ("method", "resource"),
    [
        ("GET", "/"),
        ("GET", "/customers"),
        ("GET", "/customers/acme"),
        ("GET", "/customers/acme/numbers/4711/holders"),
        ("PUT", "/customers/acme/numbers/4711"),
        ("DELETE", "/customers/acme/numbers"),
        ("OPTIONS", "/customers/acme/numbers"),
        ("HEAD", "/customers/acme/numbers/4711"),
        ("GET", "/customers/acme/numbers/4711/assign"),
        ("POST", "/customers/acme/numbers/4711"),
        ("POST", "/customers/acme/numbers/4711/melt"),
        ("POST", "/customers/acme/numbers/bulk/assign/now"),
        ("POST", "/customers/acme/next-available"),
        ("GET", "/customers/acme/next-available/claim"),
        ("TRACE", "/customers/acme/numbers"),
        ("", "/customers/acme/numbers"),
        ("GET", "/v2/ü/%00"),
    ],
)
def test_other_addresses_are_404(numbers: Account, method: str, resource: str) -> None:
    """GIVEN an address that nothing is at WHEN asked THEN 404 repeats it, as problem details."""
    told = problem(numbers.run(API, request(resource, None, method=method)), 404)

    assert told["detail"] == f"there is nothing at {method} {resource}"


def test_a_busy_database_asks_to_come_again(numbers: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a database that throttles WHEN a number or a page is asked for THEN 503 says when to try again."""
    client = numbers.inventory._client
    monkeypatch.setattr(process, "dynamodb", lambda: client)
    forget_connections()
    for operation, event in (("GetItem", lookup("acme", "4711")), ("Query", listing("acme"))):
        with refusals(client, operation, "ThrottlingException", times=5, message="secret detail"):
            ran = numbers.run(API, event)
        told = problem(ran, 503)
        assert told["detail"] == "the inventory cannot be read now; try again"
        assert ran.answer["multiValueHeaders"]["Retry-After"] == ["2"]
        assert "ThrottlingException" in ran.output
    assert body(numbers.run(API, lookup("acme", "4711")))["number"] == "4711"


def test_what_went_wrong_inside_stays_inside(numbers: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a refusal, a broken record or an error of our own WHEN asked THEN 500 tells nothing; the log does."""
    item = {"customer": "broken", "number": "4711", "status": "Melting"}
    numbers.inventory._client.put_item(
        TableName=numbers.tables.numbers, Item={name: {"S": text} for name, text in item.items()}
    )
    broken = numbers.run(API, lookup("broken", "4711"))
    monkeypatch.setenv("NUMBERS_TABLE", "no-such-table")
    forget_connections()
    refused = numbers.run(API, lookup("acme", "4711"))
    monkeypatch.setattr(lookups, "lookups_of_the_api", SimpleNamespace())
    unforeseen = numbers.run(API, lookup("acme", "4711"))

    for ran, inside in ((broken, "Melting"), (refused, "ResourceNotFoundException"), (unforeseen, "SimpleNamespace")):
        told = problem(ran, 500)
        assert told["detail"] == "something failed here; the log of the function tells what"
        assert inside not in ran.answer["body"]
        assert inside in ran.output
        assert [line["level"] for line in ran.logged] == ["ERROR"]


def test_a_lookup_waits_for_nothing_that_it_does_not_need() -> None:
    """GIVEN a fresh process WHEN the function is loaded THEN of the product's own parts it has what lookups use."""
    ours = "[name for name in sys.modules if name.startswith(('number_inventory.', 'functions.number_api.'))]"
    program = f"import json, sys, {API}; print(json.dumps({ours}))"
    loaded = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(json.loads(loaded.stdout)) == {
        "functions.number_api.handler",
        "functions.number_api.number_bodies",
        "functions.number_api.number_routes",
        "functions.number_api.parameters",
        "number_inventory.adapters",
        "number_inventory.adapters.audiocodes",
        "number_inventory.adapters.audiocodes.address",
        "number_inventory.adapters.system_clock",
        "number_inventory.bootstrap",
        "number_inventory.bootstrap.lookups",
        "number_inventory.bootstrap.process",
        "number_inventory.bootstrap.rest",
        "number_inventory.bootstrap.stores",
        "number_inventory.domain",
        "number_inventory.domain.cooling",
        "number_inventory.domain.errors",
        "number_inventory.domain.numbers",
        "number_inventory.observability",
        "number_inventory.ports",
        "number_inventory.ports.numbers",
        "number_inventory.services",
        "number_inventory.services.lookup",
        "number_inventory.settings",
    }


@pytest.mark.parametrize("customer", ["acme", "audits", "audits-gmbh", "jobs", "jobs-1", "counts", "stock", "history"])
def test_a_customer_may_have_the_name_of_anything(customer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a customer that is named like a part of a path WHEN asked for THEN the routes are those for all others."""
    added: list[str] = []
    for thing in ("audits", "jobs", "history", "counts", "stock", "commands"):
        monkeypatch.setattr(number_api, f"add_{thing}", partial(added.append, thing))

    of_customer = f"/customers/{customer}"
    for method, behind in (
        ("POST", "numbers/bulk"),
        ("GET", "next-available"),
        ("POST", "audits"),
        ("GET", "jobs/x"),
        ("GET", "numbers/1/explain"),
        ("GET", "counts"),
        ("GET", "stock"),
        ("GET", "numbers"),
        ("GET", "numbers/1"),
    ):
        number_api.add_routes(method, f"{of_customer}/{behind}")

    assert added == ["commands", "commands", "audits", "jobs", "history", "counts", "stock"]


@pytest.mark.parametrize(
    "event", [{}, [], None, "GET", {"Records": []}, {"httpMethod": "GET"}, {"httpMethod": 1, "path": "/"}]
)
def test_what_is_no_request_is_refused(numbers: Account, event: object) -> None:
    """GIVEN an event that is no request of API Gateway WHEN it arrives THEN the error says what was expected."""
    error = numbers.refused(API, event)

    assert isinstance(error, InvalidInputError)
    assert str(error).startswith("event: ")
    assert "API Gateway" in str(error)
