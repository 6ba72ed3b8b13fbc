"""The API over HTTP, through API Gateway: lookups; what changes numbers, and audits, have tests of their own."""

import json

import pytest
import urllib3

from tests.e2e.conftest import NUMBERS
from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import DeployedStack


def test_customers_see_their_own_numbers_only(customer: Customer, stack: DeployedStack) -> None:
    """GIVEN two customers with the same number WHEN each asks THEN it gets its own, and no page leads to another's."""
    other = Customer(f"{customer.name}-b", stack, customer.simulator)
    for one in (customer, other):
        one.operate("numbers", "add", "4711", "--description", f"of {one.name}")
    customer.operate("numbers", "add", "4712", "*21#")

    for one in (customer, other):
        assert one.look("4711")["description"] == f"of {one.name}"
    assert [number["number"] for number in other.list().body["numbers"]] == ["4711"]
    assert other.get("4712").status == 404
    page = customer.list(limit="1").body
    assert [number["number"] for number in page["numbers"]] == ["*21#"]
    stolen = other.list(limit="1", cursor=page["next_cursor"])
    assert (stolen.status, stolen.body["errors"][0]["field"]) == (400, "cursor")


def test_pages_lead_to_the_end(customer: Customer) -> None:
    """GIVEN numbers of every form WHEN paged one by one, and filtered THEN all come in order, each once."""
    numbers = ["*21#", "+493012340001", "+493012340002", "1001", "4711"]
    customer.operate("numbers", "add", *numbers)
    found, cursor = [], ""
    while True:
        page = customer.list(limit="2", status="Available", **({"cursor": cursor} if cursor else {}))
        assert page.status == 200
        found += [number["number"] for number in page.body["numbers"]]
        cursor = page.body["next_cursor"]
        if not cursor:
            break

    assert found == numbers
    assert [number["number"] for number in customer.list(prefix="+49").body["numbers"]] == numbers[1:3]
    assert customer.list(status="Used").body == {"numbers": [], "next_cursor": None}


@pytest.mark.parametrize("number", NUMBERS)
def test_every_form_of_a_number_is_found(customer: Customer, number: str) -> None:
    """GIVEN a number with `+`, `*` or `#` WHEN looked up percent-encoded THEN it is found."""
    customer.operate("numbers", "add", number)

    assert customer.get(number).body["number"] == number


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/numbers/4799", 404),
        ("/numbers/47a1", 400),
        ("/numbers/%5B", 400),
        ("/numbers/" + "4" * 2000, 400),
        ("/numbers?status=used", 400),
        ("/numbers?limit=0", 400),
        ("/numbers?colour=red", 400),
        ("/numbers?cursor=made-up", 400),
        ("/numbers?vendor=" + "v" * 2000, 400),
        ("/audits/20260101T000000-000000", 404),
        ("/audits/20260101T000000-000000/findings", 404),
        ("/audits?limit=0", 400),
        ("/audits?colour=red", 400),
        ("/audits?cursor=made-up", 400),
        ("/audits/20260101T000000-000000/findings?code=orphan", 400),
    ],
)
def test_refusals_are_problem_details(customer: Customer, path: str, status: int) -> None:
    """GIVEN a request that cannot be answered WHEN asked THEN status, type and detail say why (RFC 9457)."""
    answer = customer.stack.get(f"/customers/{customer.name}{path}")

    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.body["status"], bool(answer.body["detail"])) == (status, True)


def test_there_is_nothing_else(stack: DeployedStack) -> None:
    """GIVEN a method or path that the API does not have WHEN asked THEN it is refused."""
    for method, path in (
        ("PUT", "/customers/acme/numbers/1"),
        ("DELETE", "/customers/acme/numbers"),
        ("POST", "/customers/acme/numbers/1/melt"),
        ("GET", "/customers/acme/numbers/1/assign"),
        ("POST", "/customers/acme/next-available"),
        ("DELETE", "/customers/acme/audits/1"),
        ("GET", "/x"),
    ):
        answer = urllib3.request(method, stack.description["api_url"] + path, timeout=30.0)
        assert answer.status in {403, 404, 405}
        json.loads(answer.data)
