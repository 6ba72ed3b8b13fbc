"""Who may do what with a user pool's token: every route there is, for callers of other customers and of lower roles."""

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.rest.access import Role, required_role
from local_stack.api_document.routes import DescribedRoute, described_routes
from number_inventory.domain.numbers import NumberRecord
from tests.integration.functions.account import API, Account
from tests.integration.functions.api_requests import add, edit, listing, lookup, request
from tests.integration.functions.conftest import fresh_account
from tests.integration.functions.test_api_lookup import body, problem

ROUTES, _ = described_routes()
TOKEN = {
    "sub": "0f5c1d8e-7e0b-4c8e-9d57-1a2b3c4d5e6f",
    "aud": "4h5k6example7client8id9",
    "email": "ann@example.com",
    "email_verified": "true",
    "event_id": "3a4f1b2c-0d5e-4f60-8a71-9b2c3d4e5f60",
    "token_use": "id",
    "auth_time": "1795430400",
    "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example1",
    "cognito:username": "ann",
    "exp": "Mon Nov 23 13:00:00 UTC 2026",
    "iat": "Mon Nov 23 12:00:00 UTC 2026",
}
"""The claims of an ID token as API Gateway hands them on: all of them as text, instants as well."""

NAMES = [f"{route.method} {route.path}" for route in ROUTES]


@pytest.fixture(scope="module")
def acme() -> Iterator[Account]:
    """An account with one number, whose API takes tokens."""
    with fresh_account() as account, pytest.MonkeyPatch.context() as patch:
        patch.setenv("API_AUTH", "COGNITO")
        account.put(NumberRecord(customer="acme", number="4711"))
        yield account


def by(event: dict[str, Any], claims: object) -> dict[str, Any]:
    """The request as API Gateway hands it on from the holder of a token; nobody signs it."""
    context = {**event["requestContext"], "identity": {"sourceIp": "192.0.2.9", "userArn": None}}
    return {**event, "requestContext": {**context, "authorizer": {"claims": claims}}}


def in_groups(event: dict[str, Any], *groups: str) -> dict[str, Any]:
    """The request of someone in these groups."""
    return by(event, {**TOKEN, "cognito:groups": ",".join(groups)})


def asked(route: DescribedRoute, customer: str = "acme") -> dict[str, Any]:
    """A request for a route; what else it names is not there, and its body makes no sense."""
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    parameters = {name: customer if name == "customer" else "4799" for name in names}
    return request(route.path, parameters, method=route.method, body="[]" if route.method != "GET" else None)


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_every_route_is_confined_to_the_customer_and_the_role(acme: Account, route: DescribedRoute) -> None:
    """GIVEN any route of the API WHEN asked without a role, a high enough one, or for another customer THEN 403.

    And whoever has the role comes to the route, which answers whatever it answers.
    """
    needed = required_role(route.method, route.path)
    own = [f"customer:acme:{role.name.lower()}" for role in Role]
    # What is not one customer's is for those who have the role for all of them.
    of_all = "{customer}" not in route.path
    enough, too_low = ([], own) if of_all else (own[needed - 1 :], own[: needed - 1])
    whose = "all customers" if of_all else "customer acme"
    foreign = ("customer:other:administrator", "customer:acme-2:administrator", "customer:acm:administrator")
    told_wrong = ("acme:administrator", "customer:acme:root", "customer:acme:", "CUSTOMER:ACME:ADMINISTRATOR", "*", "")

    for group in (*too_low, *foreign, *told_wrong):
        told = problem(acme.run(route.module, in_groups(asked(route), group)), 403)
        assert told["detail"] == f"this needs the role {needed.name.lower()} for {whose}, which the token has not"
    for group in (*enough, "customer:*:administrator"):
        assert acme.run(route.module, in_groups(asked(route), group)).answer["statusCode"] != 403, group
        if "acme" in group:
            problem(acme.run(route.module, in_groups(asked(route, "other"), group)), 403)


@pytest.mark.parametrize("customer", ["*", "acme/../other", "", "ACME", "acme ", "%2A", "[", "ü", "x" * 5000])
def test_no_spelling_of_a_customer_gets_round_it(acme: Account, customer: str) -> None:
    """GIVEN another customer, however it is spelt WHEN asked for THEN 403: what is checked is what the route gets."""
    refused = acme.run(API, in_groups(listing(customer), "customer:acme:administrator", "customer:x:reader"))

    assert len(problem(refused, 403)["detail"]) < 200


def test_a_path_that_names_no_customer_is_for_those_of_all(acme: Account) -> None:
    """GIVEN an address without a customer WHEN asked by one customer's administrator THEN 403; else 404."""
    for path in ("/", "/customers", "/customers/acme", "/numbers"):
        problem(acme.run(API, in_groups(request(path, None), "customer:acme:administrator")), 403)
        problem(acme.run(API, in_groups(request(path, None), "customer:*:administrator")), 404)


@pytest.mark.parametrize(
    "claims",
    [None, {}, TOKEN, {**TOKEN, "cognito:groups": None}, {**TOKEN, "cognito:groups": 7}, {"scope": "numbers/read"}],
)
def test_a_token_without_groups_is_refused(acme: Account, claims: object) -> None:
    """GIVEN a token that says nothing of groups, or no token at all WHEN a number is asked for THEN 403."""
    problem(acme.run(API, by(lookup("acme", "4711"), claims)), 403)


@pytest.mark.parametrize(
    "groups", ["customer:acme:reader,staff", "[staff customer:acme:reader]", ["customer:acme:reader"]]
)
def test_groups_are_read_in_every_form(acme: Account, groups: object) -> None:
    """GIVEN groups as gateways hand them on, with others among them WHEN a number is asked for THEN it is shown."""
    assert body(acme.run(API, by(lookup("acme", "4711"), {**TOKEN, "cognito:groups": groups})))["number"] == "4711"


def test_a_change_is_kept_with_the_user(acme: Account) -> None:
    """GIVEN an operator's token WHEN a number is changed THEN it tells who did it; without a name, the user's id."""
    operator = "customer:acme:operator"
    for number, token in (("4801", TOKEN), ("4802", {"sub": TOKEN["sub"]})):
        body(acme.run(API, in_groups(add({"numbers": [number]}), operator)))
        changed = by(edit(number, {"description": "Lobby"}), {**token, "cognito:groups": operator})
        told = body(acme.run(API, changed))["updated_by"]
        assert told == f"api:cognito:{token.get('cognito:username', TOKEN['sub'])}"


@pytest.mark.parametrize("auth", [None, "", "cognito", "IAM"])
def test_an_api_that_does_not_know_who_checks_lets_nobody_in(
    acme: Account, auth: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a function whose API_AUTH is missing or unknown WHEN asked without a token THEN 403."""
    monkeypatch.delenv("API_AUTH")
    if auth is not None:
        monkeypatch.setenv("API_AUTH", auth)

    problem(acme.run(API, lookup("acme", "4711")), 403)


def test_a_body_is_not_looked_into_before(acme: Account) -> None:
    """GIVEN a body that is no JSON, or far too large WHEN sent by a reader THEN 403, as for any other body."""
    for sent in ("{", "x" * 100_000, json.dumps({"numbers": ["1"]})):
        event = request("/customers/{customer}/numbers", {"customer": "acme"}, method="POST", body=sent)
        problem(acme.run(API, in_groups(event, "customer:acme:reader")), 403)


def test_every_function_behind_the_api_takes_part() -> None:
    """GIVEN the functions of the document WHEN their modules are read THEN each answers by way of the one check."""
    for module in {route.module for route in ROUTES}:
        assert importlib.import_module(module).answer.__module__ == "functions.rest.app"
