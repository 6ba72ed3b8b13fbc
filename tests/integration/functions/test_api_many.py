"""Many numbers over the API: added, changed and shown by their names, and claimed whichever they are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from number_inventory.bootstrap import process
from number_inventory.domain.macros import COOLING_ENABLED
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage
from tests.engines.faults import refusals
from tests.integration.connections import forget_connections
from tests.integration.functions.account import API, Account
from tests.integration.functions.api_requests import add, available, bulk, claim, look_up, resume, start, with_headers
from tests.integration.functions.test_api_commands import ANN, ASSIGNED
from tests.integration.functions.test_api_lookup import body, problem

SINCE = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
HELD = (Holder("sbc-1", SINCE, 1),)
HUNDRED = [f"+49301000{number:02d}" for number in range(100)]
FOR_BOB = {"assign": ASSIGNED}


@pytest.fixture
def acme(account: Account) -> Account:
    """A customer with a free number, one on a device, one in use and one reserved; and another customer."""
    account.put(
        NumberRecord(customer="acme", number="1000"),
        NumberRecord(
            customer="acme", number="1001", status=Status.USED, usage=Usage.DEVICE, vendor=AUDIOCODES, holders=HELD
        ),
        NumberRecord(customer="acme", number="1002", status=Status.USED, usage=Usage.USER, assigned_to="eve"),
        NumberRecord(customer="acme", number="1003", status=Status.RESERVED, reserved_for="bob@example.com"),
        NumberRecord(customer="other", number="1000"),
        NumberRecord(customer="other", number="2000"),
    )
    return account


def results(account: Account, sent: dict[str, Any]) -> dict[str, str]:
    """The outcomes of a bulk command by number."""
    told = body(account.run(API, bulk(sent)))["results"]
    assert [item["number"] for item in told] == sent["numbers"], "each number has its result, in the order given"
    assert all(bool(item["error"]) == (item["outcome"] in {"refused", "not_found", "failed"}) for item in told)
    return {item["number"]: item["outcome"] for item in told}


def numbers(shown: dict[str, Any]) -> list[str]:
    """The numbers that an answer shows."""
    return [item["number"] for item in shown["numbers"]]


# --- adding


def test_numbers_are_added_once(acme: Account) -> None:
    """GIVEN new numbers and one that is there WHEN added twice THEN the new ones are made once, the other untouched."""
    sent = {"numbers": ["1002", "\\+4930100", "*21#"], "description": "desk", "site": "köln", "tag": "new"}
    before = acme.number("1002")

    assert body(acme.run(API, add(sent))) == {"created": 2, "existed": 1, "failed": []}
    assert body(acme.run(API, add(sent))) == {"created": 0, "existed": 3, "failed": []}
    made = acme.number("+4930100")
    assert (made.status, made.description, made.site, made.tag) == (Status.AVAILABLE, "desk", "köln", "new")
    assert made.created_by == ANN
    assert acme.number("1002") == before
    assert acme.inventory.get("other", "*21#") is None


def test_a_range_is_added(account: Account) -> None:
    """GIVEN a first and a last WHEN added THEN all from one to the other are there, at most 100."""
    sent = {"first": "+4930100000", "last": "+4930100099"}

    assert body(account.run(API, add(sent))) == {"created": 100, "existed": 0, "failed": []}
    assert account.number("+4930100042").status is Status.AVAILABLE


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "body"),
        ({"numbers": []}, "numbers"),
        ({"numbers": [*HUNDRED, "x"]}, "numbers.100"),
        ({"numbers": ["1"] * 100_001}, "numbers"),
        ({"numbers": ["1", "x"]}, "numbers.1"),
        ({"numbers": ["1" * 41]}, "numbers.0"),
        ({"numbers": [1]}, "numbers.0"),
        ({"numbers": "1"}, "numbers"),
        ({"numbers": ["1"], "first": "1", "last": "2"}, "body"),
        ({"first": "1"}, "body"),
        ({"last": "1"}, "body"),
        ({"first": "1", "last": "x"}, "last"),
        ({"first": "9", "last": "1"}, "last"),
        ({"first": "1", "last": "10"}, "last"),
        ({"first": "100000", "last": "200000"}, "last"),
        ({"first": "*1", "last": "*2"}, "last"),
        ({"numbers": ["1"], "tag": "t" * 201}, "tag"),
        ({"numbers": ["1"], "tag": "a\nb"}, "tag"),
        ({"numbers": ["1"], "site": None}, "site"),
        ({"numbers": ["1"], "status": "Used"}, "status"),
        ([], "body"),
        (None, "body"),
        ("[", "body"),
    ],
)
def test_malformed_additions_are_400(account: Account, sent: object, field: str) -> None:
    """GIVEN an addition that makes no sense WHEN sent THEN 400 names the part, and nothing is added."""
    ran = account.run(API, add(sent))
    told = problem(ran, 400)

    assert field in [error["field"] for error in told["errors"]], told
    assert len(ran.answer["body"]) < 1500
    assert account.inventory.get("acme", "1") is None


# --- many by name


def test_each_of_many_has_its_own_result(acme: Account) -> None:
    """GIVEN numbers in every state WHEN assigned at once THEN those that are free are, and each other says why."""
    sent = {"command": "assign", "numbers": ["1000", "1001", "1002", "1003", "1999"], **ASSIGNED}

    assert results(acme, sent) == {
        "1000": "assigned",
        "1001": "refused",
        "1002": "refused",
        "1003": "assigned",
        "1999": "not_found",
    }
    assert results(acme, sent)["1000"] == "unchanged"
    told = {item["number"]: item["error"] for item in body(acme.run(API, bulk(sent)))["results"]}
    assert "registered on sbc-1" in told["1001"]
    assert "assigned to eve" in told["1002"]
    assert (acme.number("1000").updated_by, acme.number("1000").version) == (ANN, 2)
    assert acme.number("1000", "other").version == 1


def test_a_hundred_go_through_a_life(account: Account) -> None:
    """GIVEN a hundred numbers WHEN every command is given to all of them THEN each is carried out."""
    account.macros.put("acme", COOLING_ENABLED, "true")
    body(account.run(API, add({"numbers": HUNDRED})))
    life: list[tuple[dict[str, Any], str]] = [
        ({"command": "edit", "site": "köln", "tag": "t"}, "edited"),
        ({"command": "reserve", "for_whom": "bob@example.com", "notes": "n"}, "reserved"),
        ({"command": "unreserve"}, "unreserved"),
        ({"command": "assign", **ASSIGNED}, "assigned"),
        ({"command": "unassign"}, "cooling_started"),
        ({"command": "release", "reason": "a test"}, "released"),
        ({"command": "cool", "days": 3}, "cooling_started"),
        ({"command": "release", "reason": "a test"}, "released"),
        ({"command": "delete"}, "deleted"),
        ({"command": "delete"}, "not_found"),
    ]
    for sent, outcome in life:
        assert set(results(account, {**sent, "numbers": HUNDRED}).values()) == {outcome}, sent


def test_a_broken_record_holds_up_no_other(acme: Account) -> None:
    """GIVEN a record that some other hand broke WHEN changed among others THEN it alone fails."""
    acme.plant_number("1066", status={"S": "Melting"})

    assert results(acme, {"command": "edit", "numbers": ["1000", "1066"], "tag": "a"}) == {
        "1000": "edited",
        "1066": "failed",
    }


def test_many_are_shown_by_name(acme: Account) -> None:
    """GIVEN numbers that are there and that are not WHEN asked for THEN both are told, each once, in their order."""
    shown = body(acme.run(API, look_up({"numbers": ["1003", "2000", "1000", "1003"]})))

    assert (numbers(shown), shown["missing"]) == (["1003", "1000"], ["2000"])
    assert body(acme.run(API, look_up({"numbers": ["2000"]}))) == {"numbers": [], "missing": ["2000"]}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "command"),
        ({"command": "assign", "numbers": ["1000"]}, "usage"),
        ({"command": "assign", "numbers": ["1000"], **ASSIGNED, "days": 3}, "days"),
        ({"command": "assign", "numbers": ["1000"], **ASSIGNED, "vendor": "AudioCodes"}, "vendor"),
        ({"command": "melt", "numbers": ["1000"]}, "command"),
        ({"command": ["assign"], "numbers": ["1000"]}, "command"),
        ({"command": "unassign", "numbers": []}, "numbers"),
        ({"command": "unassign", "numbers": [*HUNDRED, "1"]}, "numbers"),
        ({"command": "unassign", "numbers": ["1002", "1002"]}, "numbers"),
        ({"command": "unassign", "numbers": ["+4930", "\\+4930"]}, "numbers"),
        ({"command": "unassign", "numbers": ["1000", "x"]}, "numbers.1"),
        ({"command": "unassign", "numbers": ["1002"], "x" * 2000: 1}, "x" * 40),
        ({"command": "edit", "numbers": ["1000"]}, "body"),
        ({"command": "edit", "numbers": ["1000"], "tag": "t" * 201}, "tag"),
        ({"command": "release", "numbers": ["1000"]}, "reason"),
        ({"command": "cool", "numbers": ["1000"], "days": "2"}, "days"),
        ({"command": "delete", "numbers": ["1000"], "reason": "gone"}, "reason"),
        ({"command": "delete", "numbers": ["1000", "1000"]}, "numbers"),
        ([], "body"),
        (None, "body"),
    ],
)
def test_malformed_bulks_are_400(acme: Account, sent: object, field: str) -> None:
    """GIVEN a command that makes no sense WHEN sent for many THEN 400 names the part, and none of them is changed."""
    ran = acme.run(API, bulk(sent))
    told = problem(ran, 400)

    assert field in [error["field"] for error in told["errors"]], told
    assert len(ran.answer["body"]) < 1500
    assert {acme.number(number).version for number in ("1000", "1001", "1002", "1003")} == {1}


@pytest.mark.parametrize("sent", [{}, {"numbers": []}, {"numbers": [*HUNDRED, "1"]}, {"numbers": ["x"]}, [], None])
def test_malformed_lookups_are_400(acme: Account, sent: object) -> None:
    """GIVEN a lookup of many that makes no sense WHEN sent THEN 400."""
    assert problem(acme.run(API, look_up(sent)), 400)["errors"]


def test_a_broken_macro_is_told(acme: Account) -> None:
    """GIVEN cooling settings that cannot be read WHEN many are unassigned THEN 409 names the macro; all stay."""
    acme.macros.put("acme", COOLING_ENABLED, "maybe")
    refused = problem(acme.run(API, bulk({"command": "unassign", "numbers": ["1002"]})), 409)

    assert COOLING_ENABLED in refused["detail"]
    assert acme.number("1002").version == 1


def test_a_version_cannot_be_meant_for_many(acme: Account) -> None:
    """GIVEN `If-Match` WHEN a request is not about one number THEN 400 says so: nobody may think that it held."""
    events = (
        add({"numbers": ["1"]}),
        bulk({"command": "unassign", "numbers": ["1002"]}),
        claim(FOR_BOB),
        look_up({"numbers": ["1000"]}),
        start("acme", {}),
        resume("acme", "20261123T071816250-3f9ac2"),
    )
    for event in events:
        for tag in ("*", '"1"'):
            [error] = problem(acme.run(API, with_headers(event, {"If-Match": tag})), 400)["errors"]
            assert error["field"] == "If-Match"
        asked = {**event, "queryStringParameters": {"dry_run": "1"}, "multiValueQueryStringParameters": None}
        [error] = problem(acme.run(API, asked), 400)["errors"]
        assert error["field"] == "dry_run"
    assert acme.number("1002").version == acme.number("1000").version == 1


# --- whichever are free


@pytest.fixture
def pool(account: Account) -> Account:
    """A customer with 1100 to 1119 of which two are not free; two free ones elsewhere; another customer's."""
    account.put(*(NumberRecord(customer="acme", number=f"11{last:02d}") for last in range(20) if last not in {5, 12}))
    account.put(
        NumberRecord(customer="acme", number="1105", status=Status.RESERVED, reserved_for="ann"),
        NumberRecord(customer="acme", number="1112", status=Status.USED, usage=Usage.USER),
        NumberRecord(customer="acme", number="+4930100"),
        NumberRecord(customer="acme", number="+4930102"),
        NumberRecord(customer="other", number="2000"),
    )
    return account


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["+4930100"]),
        ({"count": "3"}, ["+4930100", "+4930102", "1100"]),
        ({"count": "3", "prefix": "11"}, ["1100", "1101", "1102"]),
        ({"count": "7", "prefix": "11", "contiguous": "true"}, [f"11{last:02d}" for last in range(13, 20)]),
        ({"count": "2", "prefix": "+49"}, ["+4930100", "+4930102"]),
        ({"count": "2", "prefix": "+49", "contiguous": "true"}, []),
        ({"count": "5", "prefix": "+49"}, ["+4930100", "+4930102"]),
        ({"prefix": "99"}, []),
        ({"prefix": "2000"}, []),
    ],
)
def test_free_numbers_are_found(pool: Account, query: dict[str, str], found: list[str]) -> None:
    """GIVEN free numbers WHEN asked for some THEN the first that fit are shown, and nothing is taken."""
    assert numbers(body(pool.run(API, available(**query)))) == found
    assert numbers(body(pool.run(API, available(**query)))) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"count": "0"}, "count"),
        ({"count": "101"}, "count"),
        ({"count": "many"}, "count"),
        ({"count": ["1", "2"]}, "count"),
        ({"prefix": "49a"}, "prefix"),
        ({"prefix": "1" * 2000}, "prefix"),
        ({"contiguous": "perhaps"}, "contiguous"),
        ({"limit": "3"}, "limit"),
    ],
)
def test_malformed_searches_are_400(pool: Account, query: dict[str, str | list[str]], field: str) -> None:
    """GIVEN a parameter that is unknown or out of range WHEN asked THEN 400 names it."""
    ran = pool.run(API, available("acme", **query))

    assert field in [error["field"] for error in problem(ran, 400)["errors"]]


def test_a_claim_takes_what_it_asks_for(pool: Account) -> None:
    """GIVEN free numbers WHEN some are claimed THEN so many are the caller's, and no others."""
    taken = body(pool.run(API, claim({"count": 5, "prefix": "11", **FOR_BOB})))

    assert len(set(numbers(taken))) == 5
    assert all(number.startswith("11") for number in numbers(taken))
    for shown in taken["numbers"]:
        record = pool.number(shown["number"])
        assert (record.status, record.assigned_to, record.updated_by) == (Status.USED, "bob@example.com", ANN)
        assert shown["version"] == record.version
    left = numbers(body(pool.run(API, available(count="100", prefix="11"))))
    assert len(left) == 13
    assert not set(left) & set(numbers(taken))


def test_a_claim_reserves_numbers_in_a_row(pool: Account) -> None:
    """GIVEN a row of free numbers WHEN claimed to be reserved THEN they follow one another, for whom they are for."""
    reserve = {"for_whom": "ann", "until": "2036-01-31T12:00:00Z"}
    taken = body(pool.run(API, claim({"count": 7, "prefix": "11", "contiguous": True, "reserve": reserve})))

    assert numbers(taken) == [f"11{last:02d}" for last in range(13, 20)]
    assert {shown["reserved_for"] for shown in taken["numbers"]} == {"ann"}
    assert {shown["reserved_until"] for shown in taken["numbers"]} == {"2036-01-31T12:00:00Z"}


@pytest.mark.parametrize(
    "sent",
    [
        {"count": 19, "prefix": "11"},
        {"count": 8, "prefix": "11", "contiguous": True},
        {"count": 1, "prefix": "99"},
        {"count": 1, "prefix": "2000"},
        {"count": 100},
    ],
)
def test_a_claim_takes_all_or_none(pool: Account, sent: dict[str, Any]) -> None:
    """GIVEN fewer free numbers than claimed WHEN claimed THEN 409 says so, and none is taken."""
    free = body(pool.run(API, available(count="100")))
    refused = problem(pool.run(API, claim({**sent, **FOR_BOB})), 409)

    assert "available" in refused["detail"]
    assert numbers(body(pool.run(API, available(count="100")))) == numbers(free)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "body"),
        ({"count": 1}, "body"),
        ({**FOR_BOB, "reserve": {"for_whom": "bob"}}, "body"),
        ({"assign": {}}, "assign.usage"),
        ({"assign": ASSIGNED | {"vendor": "AudioCodes"}}, "vendor"),
        ({"assign": ASSIGNED | {"days": 1}}, "assign.days"),
        ({"reserve": {"for_whom": "a", "until": "2020-01-01T00:00:00Z"}}, "until"),
        ({**FOR_BOB, "count": 0}, "count"),
        ({**FOR_BOB, "count": 101}, "count"),
        ({**FOR_BOB, "count": "1"}, "count"),
        ({**FOR_BOB, "contiguous": "yes"}, "contiguous"),
        ({**FOR_BOB, "prefix": "x"}, "prefix"),
        ({**FOR_BOB, "prefix": "1" * 21}, "prefix"),
        ({**FOR_BOB, "numbers": ["1100"]}, "numbers"),
        (None, "body"),
    ],
)
def test_malformed_claims_are_400(pool: Account, sent: object, field: str) -> None:
    """GIVEN a claim that makes no sense WHEN sent THEN 400 names the part, and nothing is taken."""
    told = problem(pool.run(API, claim(sent)), 400)

    assert field in [error["field"] for error in told["errors"]], told
    assert len(numbers(body(pool.run(API, available(count="100"))))) == 20


def test_a_busy_database_tells_what_to_look_for(pool: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a database that throttles WHEN numbers are claimed THEN 503 says to look before claiming again."""
    client = pool.inventory._client
    monkeypatch.setattr(process, "dynamodb", lambda: client)
    forget_connections()
    with refusals(client, "BatchGetItem", "ThrottlingException", times=500):
        ran = pool.run(API, claim({"count": 1, **FOR_BOB}))
    told = problem(ran, 503)

    assert ran.answer["multiValueHeaders"]["Retry-After"] == ["2"]
    assert "look for numbers" in told["detail"]
    assert len(numbers(body(pool.run(API, available(count="100"))))) == 20


@pytest.mark.parametrize("customer", ["Acme", "#global", "..", "ü", "x" * 2000])
def test_malformed_customers_are_400(account: Account, customer: str) -> None:
    """GIVEN what cannot be a customer WHEN any of it is asked for THEN 400 names the field."""
    events = (
        add({"numbers": ["1"]}, customer),
        bulk({"command": "unassign", "numbers": ["1"]}, customer),
        bulk({"command": "delete", "numbers": ["1"]}, customer),
        look_up({"numbers": ["1"]}, customer),
        available(customer),
        claim(FOR_BOB, customer),
    )
    for event in events:
        [error] = problem(account.run(API, event), 400)["errors"]
        assert error["field"] == "customer"
