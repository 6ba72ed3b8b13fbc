"""Input that nobody means well with, at every place of every request: refused in the one form, or harmless."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_stack.api_document.routes import DescribedRoute, described_routes
from number_inventory.domain.numbers import NumberRecord
from tests.integration.functions.account import Account, Ran
from tests.integration.functions.api_requests import request
from tests.integration.functions.conftest import fresh_account
from tests.integration.functions.test_api_lookup import body, problem

HOSTILE = (
    "\x00\n",
    "\u202e\u0665",
    "x" * 8000,
    "-1",
    "9" * 400,
    "../../etc/passwd",
    "%00%2F",
    "<script>' OR 1=1 --",
    "customer#global",
)
NOT_IN_PATHS = ("", "\ud800")
"""What no gateway hands on in a path: there would be another address, or none."""
DOCUMENT: dict[str, Any] = json.loads(Path("docs/openapi.json").read_text(encoding="utf-8"))
ROUTES, _ = described_routes()
NAMES = [f"{route.method} {route.path}" for route in ROUTES]
WITH_BODIES = [route for route in ROUTES if "requestBody" in route.operation]
VALID = {"customer": "acme", "number": "4711"}


@pytest.fixture(scope="module")
def acme() -> Iterator[Account]:
    """Two customers with numbers."""
    with fresh_account() as account:
        account.put(
            *(NumberRecord(customer=name, number=f"47{n}") for name in ("acme", "other") for n in range(11, 14))
        )
        yield account


def asked(route: DescribedRoute, path: dict[str, str], query: dict[str, str], sent: object = None) -> dict[str, Any]:
    """A request for a route, with what is told and otherwise valid names."""
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    parameters = {name: path.get(name, VALID.get(name, "x-1")) for name in names}
    text = sent if sent is None or isinstance(sent, str) else json.dumps(sent)
    return request(route.path, parameters, dict(query), method=route.method, body=text)


def parameters_of(route: DescribedRoute, place: str) -> list[str]:
    """The names of the parameters that a route has in its path or query."""
    told = DOCUMENT["paths"][route.path][route.method.lower()]["parameters"]
    return [parameter["name"] for parameter in told if parameter.get("in") == place]


def stands(ran: Ran) -> None:
    """The answer is no failure; a refusal has the one form, and repeats little of what was sent."""
    assert ran.error is None, ran.error
    status = ran.answer["statusCode"]
    assert status < 500, ran.answer
    if status >= 400:
        problem(ran, status)
        assert len(ran.answer["body"]) < 1500


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_hostile_paths_and_parameters_are_refused(acme: Account, route: DescribedRoute) -> None:
    """GIVEN a hostile value for any name in a path or any parameter WHEN asked THEN it is refused, or finds nothing."""
    for value in HOSTILE:
        for name in parameters_of(route, "path"):
            ran = acme.run(route.module, asked(route, {name: value}, {}))
            stands(ran)
            assert ran.answer["statusCode"] >= 400, (name, value)
    for value in (*HOSTILE, *NOT_IN_PATHS):
        for name in parameters_of(route, "query"):
            stands(acme.run(route.module, asked(route, {}, {name: value})))
        stands(acme.run(route.module, asked(route, {}, {value: "1"}, {})))


@pytest.mark.parametrize("route", WITH_BODIES, ids=[f"{route.method} {route.path}" for route in WITH_BODIES])
def test_hostile_bodies_are_refused(acme: Account, route: DescribedRoute) -> None:
    """GIVEN a body that is no JSON, or in which any field is hostile WHEN sent THEN 400, and nothing is done."""
    schema = DOCUMENT["paths"][route.path][route.method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    fields = {name for name in _names(schema) if name not in {"mode", "contiguous"}}
    bodies: tuple[object, ...] = (
        "{",
        "nope",
        "\ud800",
        "[" * 5000,
        [],
        7,
        "null null",
        {"": 1},
        {"x" * 3000: {}},
        {"\ud800": 1},
    )
    for sent in bodies:
        ran = acme.run(route.module, asked(route, {}, {}, sent))
        stands(ran)
        assert ran.answer["statusCode"] >= 400, sent
    for name in sorted(fields):
        values: tuple[object, ...] = (*HOSTILE[:4], *NOT_IN_PATHS, {}, 1e308, True, [[None]])
        for value in values:
            stands(acme.run(route.module, asked(route, {}, {}, {name: value})))


def _names(schema: dict[str, Any]) -> set[str]:
    """The fields that a body may have."""
    if "$ref" in schema:
        return _names(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    kinds = schema.get("anyOf", []) + schema.get("oneOf", [])
    return set(schema.get("properties", {})).union(*(_names(kind) for kind in kinds))


LISTINGS = [route for route in ROUTES if "cursor" in parameters_of(route, "query")]


@pytest.mark.parametrize("route", LISTINGS, ids=[f"{route.method} {route.path}" for route in LISTINGS])
def test_foreign_and_tampered_cursors_are_refused(acme: Account, route: DescribedRoute) -> None:
    """GIVEN a cursor of another customer, another listing, or a changed one WHEN used THEN 400 names it."""
    [numbers] = [each for each in ROUTES if (each.method, each.path) == ("GET", "/customers/{customer}/numbers")]
    pages = {
        name: body(acme.run(numbers.module, asked(numbers, {"customer": name}, {"limit": "1"})))["next_cursor"]
        for name in ("acme", "other")
    }
    foreign = pages["other"] if route.path == numbers.path else pages["acme"]
    wrong = (foreign, foreign[:-1], foreign + "A", foreign[::-1], "A" * 43, foreign.swapcase(), f" {foreign}", "=", "é")

    for cursor in wrong:
        told = problem(acme.run(route.module, asked(route, {}, {"cursor": cursor})), 400)
        assert [error["field"] for error in told["errors"]] == ["cursor"], cursor


def test_a_wrong_choice_is_told_the_choices(acme: Account) -> None:
    """GIVEN a value that is none of the choices WHEN sent THEN the message lists them as they are to be written."""
    by_name = {f"{route.method} {route.path}": route for route in ROUTES}
    listing = by_name["GET /customers/{customer}/numbers"]
    told = problem(acme.run(listing.module, asked(listing, {}, {"usage": "Melting"})), 400)
    assert told["errors"][0]["message"].startswith("must be empty, Device, User, ")

    assign = by_name["POST /customers/{customer}/numbers/{number}/assign"]
    told = problem(acme.run(assign.module, asked(assign, {}, {}, {"usage": "Melting", "assignee": "bob"})), 400)
    [error] = told["errors"]
    assert error["field"] == "usage"
    assert error["message"].startswith("must be Device, User, ")
    assert error["message"].endswith(" or VOSS_Phone")
    assert "'" not in error["message"]


def test_of_many_wrong_numbers_the_first_are_told(acme: Account) -> None:
    """GIVEN thousands of malformed numbers WHEN added THEN 400 names the first ones by their places."""
    [add] = [route for route in ROUTES if (route.method, route.path) == ("POST", "/customers/{customer}/numbers")]
    told = problem(acme.run(add.module, asked(add, {}, {}, {"numbers": ["1", *["x"] * 5000]})), 400)

    assert [error["field"] for error in told["errors"]] == [f"numbers.{place}" for place in range(1, 21)]
