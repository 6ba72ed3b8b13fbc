"""Numbers managed over HTTP, through API Gateway, the function and its role, on the deployed stack."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from number_inventory.domain.macros import COOLING_ENABLED
from tests.e2e.conftest import NUMBERS, aor
from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import Answer, eventually

BOB = {"usage": "User", "vendor": "Webex Calling", "assignee": "bob@example.com"}
EVE = BOB | {"assignee": "eve@example.com"}
FAR = "2036-01-31T12:00:00Z"


def done(answer: Answer, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must have this status."""
    assert answer.status == status, answer.body
    assert isinstance(answer.body, dict)
    return answer.body


def refused(answer: Answer, status: int) -> dict[str, Any]:
    """The problem details of an answer."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    return done(answer, status)


@pytest.mark.parametrize("number", ["*21#", "+493012340001", "4711"])
def test_a_number_lives_its_life(customer: Customer, number: str) -> None:
    """GIVEN a number of any form WHEN it goes through all that can be done with it THEN each step tells how it is."""
    assert done(customer.have("numbers", {"numbers": [number], "site": "Berlin"})) == {
        "created": 1,
        "existed": 0,
        "failed": [],
    }
    reserved = done(customer.do("reserve", number, {"for_whom": "bob@example.com", "until": FAR}))
    assert (reserved["status"], reserved["reserved_until"]) == ("Reserved", FAR)
    assert refused(customer.do("assign", number, EVE), 409)["current"]["reserved_for"] == "bob@example.com"
    assert done(customer.do("assign", number, BOB))["assigned_to"] == "bob@example.com"
    second = refused(customer.do("assign", number, EVE), 409)
    assert (second["current"]["status"], second["current"]["assigned_to"]) == ("Used", "bob@example.com")

    assert done(customer.do("unassign", number))["status"] == "Available", "global cooling is off by default"
    customer.operate("macros", "set", COOLING_ENABLED, "true")
    done(customer.do("assign", number, BOB))
    cooling = done(customer.do("unassign", number))
    until = datetime.fromisoformat(cooling["release_date"])
    assert cooling["status"] == "Cooling"
    assert timedelta(days=29, hours=23) < until - datetime.now(UTC) <= timedelta(days=30, seconds=1)
    refused(customer.do("assign", number, BOB), 409)
    refused(customer.change("DELETE", number), 409)
    assert refused(customer.do("release", number, {}), 400)["errors"][0]["field"] == "reason"
    assert done(customer.do("release", number, {"reason": "never rang"}))["reason"] == "never rang"

    seen = customer.get(number)
    tag = seen.headers["ETag"]
    assert tag == f'"{seen.body["version"]}"'
    edited = customer.change("PATCH", number, {"description": "Köln ☎"}, If_Match=tag)
    assert done(edited)["description"] == "Köln ☎"
    stale = customer.change("PATCH", number, {"description": "late"}, If_Match=tag)
    refused(stale, 412)
    assert stale.headers["ETag"] == edited.headers["ETag"] != tag
    refused(customer.change("DELETE", number, If_Match=tag), 412)
    assert customer.change("DELETE", number, If_Match=edited.headers["ETag"]).status == 204
    assert customer.get(number).status == 404


def test_who_has_a_number_as_it_is_is_spared_it(customer: Customer) -> None:
    """GIVEN a number that the caller has WHEN asked for with its ETag THEN 304, until it changes."""
    done(customer.have("numbers", {"numbers": ["4711"]}))
    tag = customer.get("4711").headers["ETag"]
    path = f"/customers/{customer.name}/numbers/4711"

    spared = customer.stack.send("GET", path, If_None_Match=tag)
    assert (spared.status, spared.body, spared.headers["ETag"]) == (304, None, tag)
    done(customer.change("PATCH", "4711", {"tag": "new"}))
    assert done(customer.stack.send("GET", path, If_None_Match=tag))["tag"] == "new"


def test_a_number_on_a_device_is_nobodys_to_give(customer: Customer) -> None:
    """GIVEN numbers registered on a device WHEN the API is to give them away in any way THEN it does not."""
    customer.add_device()
    customer.sync()
    before = customer.look("4711")
    assert before["status"] == "Used"

    claimed = refused(customer.do("assign", "4711", BOB), 409)
    assert "registered on sbc-1" in claimed["detail"]
    assert [holder["device"] for holder in claimed["current"]["holders"]] == ["sbc-1"]
    for verb, sent in (
        ("unassign", None),
        ("reserve", {"for_whom": "bob"}),
        ("unreserve", None),
        ("cool", {"days": 1}),
        ("release", {"reason": "mine"}),
    ):
        refused(customer.do(verb, "4711", sent), 409)
    refused(customer.change("DELETE", "4711"), 409)
    # Even where some other hand has written that it is free.
    customer.damage("4711", status="Available", usage="", vendor="", idle_pool=f"{customer.name}#Available")
    refused(customer.do("assign", "4711", BOB), 409)
    refused(customer.have("next-available/claim", {"assign": BOB}), 409)
    bulk = done(customer.have("numbers/bulk", {"command": "assign", "numbers": list(NUMBERS), **BOB}))
    assert {item["outcome"] for item in bulk["results"]} == {"refused"}

    customer.simulator.devices["sbc-1"].unregister([aor("4711")])
    customer.sync()
    assert customer.look("4711")["status"] == "Cooling", "in use a moment ago, so it cools"
    refused(customer.do("assign", "4711", BOB), 409)


def test_a_device_takes_a_number_that_was_given_away(customer: Customer) -> None:
    """GIVEN a number assigned over the API WHEN a device registers it THEN it is a conflict, and then the device's."""
    done(customer.have("numbers", {"numbers": ["4711"]}))
    done(customer.do("assign", "4711", BOB))
    customer.add_device()
    customer.sync()
    both = customer.look("4711")
    assert (both["vendor"], both["assigned_to"]) == ("Webex Calling", "bob@example.com")
    assert [holder["device"] for holder in both["holders"]] == ["sbc-1"]

    freed = done(customer.do("unassign", "4711"))
    assert (freed["status"], freed["usage"], freed["vendor"], freed["assigned_to"]) == (
        "Used",
        "Device",
        "AudioCodes",
        "",
    )


def test_simultaneous_claims_get_different_numbers(customer: Customer) -> None:
    """GIVEN 20 free numbers WHEN 20 callers claim one each at the same time THEN each has its own, and none is left."""
    done(customer.have("numbers", {"first": "+4930100", "last": "+4930119"}))

    def claim(caller: int) -> Answer:
        return customer.have("next-available/claim", {"assign": BOB | {"assignee": f"caller-{caller}"}})

    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(claim, range(20)))
    taken = {done(answer)["numbers"][0]["number"]: caller for caller, answer in enumerate(answers)}

    assert len(taken) == 20
    for number, caller in taken.items():
        assert customer.look(number)["assigned_to"] == f"caller-{caller}"
    refused(customer.have("next-available/claim", {"assign": BOB}), 409)


def test_one_number_has_one_taker(customer: Customer) -> None:
    """GIVEN one free number WHEN 10 callers want that very one at once THEN one has it and all others hear who."""
    done(customer.have("numbers", {"numbers": ["4711"]}))

    def assign(caller: int) -> Answer:
        return customer.do("assign", "4711", BOB | {"assignee": f"caller-{caller}"})

    with ThreadPoolExecutor(10) as callers:
        answers = list(callers.map(assign, range(10)))
    [winner] = [answer.body for answer in answers if answer.status == 200]
    told = {refused(answer, 409)["current"]["assigned_to"] for answer in answers if answer.status != 200}

    assert told == {winner["assigned_to"]} == {customer.look("4711")["assigned_to"]}


def test_a_hundred_at_once(customer: Customer) -> None:
    """GIVEN a hundred numbers WHEN added, edited, shown, and deleted at once THEN each has its result."""
    numbers = [f"+49302{place:04d}" for place in range(100)]
    assert done(customer.have("numbers", {"first": numbers[0], "last": numbers[-1]}))["created"] == 100
    done(customer.do("assign", numbers[7], BOB))
    edited = done(customer.have("numbers/bulk", {"command": "edit", "numbers": numbers, "site": "Köln"}))
    assert {item["outcome"] for item in edited["results"]} == {"edited"}
    row = done(customer.stack.get(f"/customers/{customer.name}/next-available", count="9", contiguous="true"))
    assert [item["number"] for item in row["numbers"]] == numbers[8:17]
    deleted = done(customer.have("numbers/bulk", {"command": "delete", "numbers": numbers}))
    outcomes = {item["number"]: item["outcome"] for item in deleted["results"]}
    assert outcomes == dict.fromkeys(numbers, "deleted") | {numbers[7]: "refused"}
    shown = done(customer.have("numbers/lookup", {"numbers": numbers}))
    assert ([item["number"] for item in shown["numbers"]], len(shown["missing"])) == ([numbers[7]], 99)


def test_a_reservation_lapses_in_its_time(customer: Customer) -> None:
    """GIVEN a reservation with an end WHEN the release job runs before and after it THEN it frees the number after."""
    done(customer.have("numbers", {"numbers": ["4711"]}))
    soon = (datetime.now(UTC) + timedelta(seconds=6)).replace(microsecond=0)
    done(customer.do("reserve", "4711", {"for_whom": "bob@example.com", "until": soon.isoformat()}))
    customer.stack.invoke("release_cooled", {})
    if datetime.now(UTC) < soon:
        assert customer.look("4711")["status"] == "Reserved", "never early"

    assert eventually(lambda: datetime.now(UTC) > soon)
    customer.stack.invoke("release_cooled", {})
    free = customer.look("4711")
    assert (free["status"], free["reserved_for"], free["reserved_until"]) == ("Available", "", None)


def test_filters_reach_the_function(customer: Customer) -> None:
    """GIVEN numbers WHEN listed by range, text, time and the other way round THEN those come that match."""
    done(customer.have("numbers", {"first": "1000", "last": "1009", "description": "Desk of sales"}))
    before = datetime.now(UTC)
    done(customer.change("PATCH", "1004", {"tag": "Lobby"}))

    def listed(**query: str) -> list[str]:
        return [item["number"] for item in done(customer.list(**query))["numbers"]]

    assert listed(first="1002", last="1004", order="desc") == ["1004", "1003", "1002"]
    assert listed(text="Lobby") == ["1004"]
    assert listed(changed_since=before.isoformat()) == ["1004"]
    assert len(listed(text="Desk")) == 10
    page = customer.list(limit="4", order="desc").body
    assert [item["number"] for item in page["numbers"]] == ["1009", "1008", "1007", "1006"]
    rest = customer.list(limit="4", order="desc", cursor=page["next_cursor"]).body
    assert [item["number"] for item in rest["numbers"]] == ["1005", "1004", "1003", "1002"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "numbers/4711/assign", {"usage": "User"}, 400),
        ("POST", "numbers/4711/assign", "usage=User", 400),
        ("POST", "numbers/4799/assign", BOB, 404),
        ("POST", "numbers/47a1/assign", BOB, 400),
        ("PATCH", "numbers/4711", {"status": "Available"}, 400),
        ("PATCH", "numbers/4711", {"tag": "t" * 11_000}, 413),
        ("DELETE", "numbers/4799", None, 404),
        ("POST", "numbers", {"numbers": ["x"]}, 400),
        ("POST", "numbers/bulk", {"command": "melt", "numbers": ["1"]}, 400),
        ("POST", "numbers/lookup", {}, 400),
        ("POST", "next-available/claim", {}, 400),
        ("GET", "next-available?count=0", None, 400),
        ("GET", "numbers?order=up", None, 400),
    ],
)
def test_refusals_are_problem_details(customer: Customer, method: str, path: str, body: object, status: int) -> None:
    """GIVEN a request that cannot be carried out WHEN sent THEN status and detail say why (RFC 9457)."""
    assert refused(customer.stack.send(method, f"/customers/{customer.name}/{path}", body), status)["detail"]


def test_nothing_reaches_another_customers_numbers(customer: Customer) -> None:
    """GIVEN a number that another customer has WHEN changed in any way THEN it is not there, and stays as it is."""
    other = Customer(f"{customer.name}-b", customer.stack, customer.simulator)
    done(other.have("numbers", {"numbers": ["4711"]}))
    before = other.look("4711")

    for answer in (customer.do("assign", "4711", BOB), customer.change("PATCH", "4711", {"tag": "x"})):
        refused(answer, 404)
    refused(customer.change("DELETE", "4711"), 404)
    refused(customer.have("next-available/claim", {"assign": BOB}), 409)
    assert done(customer.have("numbers/lookup", {"numbers": ["4711"]}))["missing"] == ["4711"]
    assert other.look("4711") == before
