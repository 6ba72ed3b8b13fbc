"""The listing: every filter, paging to the end, and page tokens that nobody can make up."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.number_api.number_routes import KNOWN
from number_inventory.domain.numbers import AUDIOCODES, MAX_TEXT, Holder, NumberRecord, Status, Usage
from tests.integration.functions.account import API, Account
from tests.integration.functions.api_requests import listing, lookup, request
from tests.integration.functions.conftest import fresh_account
from tests.integration.functions.test_api_lookup import body, problem

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
HELD = (Holder("sbc-1", SINCE, 1),)
LONG = "x" * MAX_TEXT
LONGEST = NumberRecord(
    customer="longest",
    number="1001",
    status=Status.USED,
    usage=Usage.USER,
    site=LONG,
    vendor=LONG,
    assigned_to=LONG,
    description=LONG,
)
"""A number whose texts have all the characters that they may have."""
TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def number(text: str, status: Status = Status.AVAILABLE, usage: Usage = Usage.NONE, **fields: object) -> NumberRecord:
    """A number of acme."""
    return NumberRecord(customer="acme", number=text, status=status, usage=usage, **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def mixed() -> Iterator[Account]:
    """Numbers of every status, of several vendors, usages and sites; and another customer's. They stay so."""
    with fresh_account() as account:
        _put_mixed(account)
        yield account


def _put_mixed(account: Account) -> None:
    account.put(
        number("*21#", Status.RESERVED, reserved_for="ann"),
        number("+4930100", Status.USED, Usage.DEVICE, vendor=AUDIOCODES, holders=HELD, site="berlin"),
        number("+4930101", Status.USED, Usage.DEVICE, vendor=AUDIOCODES, holders=HELD),
        number("+4930200", Status.COOLING, release_date=TOMORROW, site="berlin"),
        number("1001", Status.USED, Usage.USER, vendor="Webex Calling", site="köln", assigned_to="ann", tag="Desk 7"),
        number("1002", Status.USED, Usage.HUNT_PILOT, updated_at=SINCE, description="Desk of sales"),
        number("1003", Status.USED_UTILITY, Usage.VOICEMAIL_PILOT),
        number("1004"),
        number("1005", site="berlin"),
        NumberRecord(customer="other", number="1001"),
        LONGEST,
    )


def listed(account: Account, customer: str = "acme", **query: str) -> list[str]:
    """All numbers of a listing, page by page to its end."""
    found: list[str] = []
    while True:
        page = body(account.run(API, listing(customer, **query)))
        assert len(page["numbers"]) <= int(query.get("limit", 50))
        found += [item["number"] for item in page["numbers"]]
        if page["next_cursor"] is None:
            return found
        query = {**query, "cursor": page["next_cursor"]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["*21#", "+4930100", "+4930101", "+4930200", "1001", "1002", "1003", "1004", "1005"]),
        ({"status": "Used"}, ["+4930100", "+4930101", "1001", "1002"]),
        ({"status": "Used-Utility"}, ["1003"]),
        ({"status": "Available"}, ["1004", "1005"]),
        ({"status": "Reserved"}, ["*21#"]),
        ({"status": "Cooling"}, ["+4930200"]),
        ({"vendor": "AudioCodes"}, ["+4930100", "+4930101"]),
        ({"vendor": "Webex Calling"}, ["1001"]),
        ({"vendor": "audiocodes"}, []),
        ({"vendor": "", "status": "Used"}, ["1002"]),
        ({"usage": "Device"}, ["+4930100", "+4930101"]),
        ({"usage": "Hunt_Pilot"}, ["1002"]),
        ({"usage": "", "status": "Cooling"}, ["+4930200"]),
        ({"prefix": "+49301"}, ["+4930100", "+4930101"]),
        ({"prefix": "+"}, ["+4930100", "+4930101", "+4930200"]),
        ({"prefix": "*21#"}, ["*21#"]),
        ({"prefix": "2"}, []),
        ({"prefix": "100"}, ["1001", "1002", "1003", "1004", "1005"]),
        ({"site": "berlin"}, ["+4930100", "+4930200", "1005"]),
        ({"site": "köln"}, ["1001"]),
        ({"status": "Available", "site": "berlin"}, ["1005"]),
        ({"assigned_to": "ann"}, ["1001"]),
        ({"assigned_to": "", "status": "Used", "vendor": ""}, ["1002"]),
        ({"device": "sbc-1"}, ["+4930100", "+4930101"]),
        ({"device": "sbc-2"}, []),
        ({"first": "1002", "last": "1004"}, ["1002", "1003", "1004"]),
        ({"first": "+4930101"}, ["+4930101", "+4930200", "1001", "1002", "1003", "1004", "1005"]),
        ({"last": "+4930100"}, ["*21#", "+4930100"]),
        ({"first": "1003", "prefix": "100", "status": "Available"}, ["1004", "1005"]),
        ({"changed_since": "2026-11-01T00:00:00Z"}, ["1002"]),
        ({"changed_since": "2026-11-01T01:00:00+01:00"}, ["1002"]),
        ({"changed_since": "2026-11-01T00:00:00.000001Z"}, []),
        ({"text": "Desk"}, ["1001", "1002"]),
        ({"text": "desk"}, []),
        ({"text": "of sales", "device": "sbc-1"}, []),
        (
            {"status": "Used", "vendor": "AudioCodes", "usage": "Device", "prefix": "+49", "site": "berlin"},
            ["+4930100"],
        ),
    ],
)
@pytest.mark.parametrize("limit", ["1", "2", "1000"])
def test_filters_and_pages(mixed: Account, query: dict[str, str], found: list[str], limit: str) -> None:
    """GIVEN a filter and a page size WHEN all pages are read THEN exactly the matching numbers come, either way."""
    assert listed(mixed, **query, limit=limit) == found
    assert listed(mixed, **query, limit=limit, order="asc") == found
    assert listed(mixed, **query, limit=limit, order="desc") == found[::-1]


def test_customers_see_their_own(mixed: Account) -> None:
    """GIVEN two customers WHEN each lists THEN neither sees a number of the other."""
    assert listed(mixed, "other") == ["1001"]
    assert listed(mixed, "nobody") == []


def test_every_text_that_a_number_may_have_can_be_looked_for(mixed: Account) -> None:
    """GIVEN texts of the greatest length WHEN listed by them THEN the number is found."""
    for name in ("site", "vendor", "assigned_to", "text"):
        assert listed(mixed, "longest", **{name: LONG}) == ["1001"]


def test_a_page_may_be_empty_and_have_a_next_one(mixed: Account) -> None:
    """GIVEN an index that still lists what is Available no more WHEN paged THEN an empty page leads on to the rest."""
    mixed.put(*(NumberRecord(customer="lagging", number=text) for text in ("1004", "1005")))
    mixed.inventory._client.update_item(
        TableName=mixed.tables.numbers,
        Key={"customer": {"S": "lagging"}, "number": {"S": "1004"}},
        UpdateExpression="SET #status = :used",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":used": {"S": "Used"}},
    )
    first = body(mixed.run(API, listing("lagging", status="Available", limit="1")))
    assert first["numbers"] == []
    assert first["next_cursor"]
    assert listed(mixed, "lagging", status="Available", limit="1") == ["1005"]


def test_a_cursor_stays_good(mixed: Account) -> None:
    """GIVEN a cursor WHEN numbers come before and behind its place THEN it goes on from there, with another limit."""
    mixed.put(*(NumberRecord(customer="growing", number=text) for text in ("1001", "1003", "1005")))
    page = body(mixed.run(API, listing("growing", limit="2")))
    mixed.put(*(NumberRecord(customer="growing", number=text) for text in ("1002", "1004")))
    rest = body(mixed.run(API, listing("growing", limit="10", cursor=page["next_cursor"])))

    assert [item["number"] for item in rest["numbers"]] == ["1004", "1005"]


def altered(token: str) -> list[str]:
    """The token in every way of tampering that a caller could think of."""
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    flipped = []
    for place in (0, 8, len(raw) - 1):
        other = bytearray(raw)
        other[place] ^= 1
        flipped.append(base64.urlsafe_b64encode(bytes(other)).decode().rstrip("="))
    longer = base64.urlsafe_b64encode(bytes(raw) + b"0").decode().rstrip("=")
    unsigned = base64.urlsafe_b64encode(b"1001").decode().rstrip("=")
    noise = f"{token[:5]}!!!!{token[5:]}"
    return [
        *flipped,
        longer,
        unsigned,
        noise,
        f"{token}=",
        token[:-1],
        token[1:],
        token[::-1],
        "1001",
        "=",
        "[",
        "ü",
        "\x00",
        "A" * 200,
    ]


def test_altered_cursors_are_400(mixed: Account) -> None:
    """GIVEN a cursor WHEN a bit, its length or all of it is changed THEN 400 names the cursor."""
    page = body(mixed.run(API, listing("acme", limit="2")))
    for cursor in altered(page["next_cursor"]):
        told = problem(mixed.run(API, listing("acme", limit="2", cursor=cursor)), 400)
        [error] = told["errors"]
        assert error["field"] == "cursor"


def test_cursors_of_another_listing_are_400(mixed: Account) -> None:
    """GIVEN a cursor WHEN used by another customer or with other filters THEN 400, not another's numbers."""
    page = body(mixed.run(API, listing("acme", status="Used", limit="1")))
    cursor = page["next_cursor"]
    others = [
        listing("other", status="Used", cursor=cursor),
        listing("acme", cursor=cursor),
        listing("acme", status="Cooling", cursor=cursor),
        listing("acme", status="Used", vendor="", cursor=cursor),
        listing("acme", status="Used", prefix="1", cursor=cursor),
        listing("acme", status="Used", site="berlin", cursor=cursor),
        listing("acme", status="Used", order="desc", cursor=cursor),
        listing("acme", status="Used", device="sbc-1", cursor=cursor),
        listing("acme", status="Used", first="1", cursor=cursor),
        listing("acme", status="Used", last="1", cursor=cursor),
        listing("acme", status="Used", changed_since="2026-11-01T00:00:00Z", cursor=cursor),
        listing("acme", status="Used", text="x", cursor=cursor),
        listing("acme", status="Used", assigned_to="x", cursor=cursor),
    ]
    for event in others:
        assert "cursor" in problem(mixed.run(API, event), 400)["detail"]
    assert mixed.run(API, listing("acme", status="Used", cursor=cursor)).answer["statusCode"] == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "1.5"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"limit": "9" * 2000}, "limit"),
        ({"status": "used"}, "status"),
        ({"status": ""}, "status"),
        ({"status": "Melting"}, "status"),
        ({"usage": "device"}, "usage"),
        ({"vendor": "v" * (MAX_TEXT + 1)}, "vendor"),
        ({"site": "s" * (MAX_TEXT + 1)}, "site"),
        ({"vendor": "v" * 2000}, "vendor"),
        ({"site": "s" * 2000}, "site"),
        ({"prefix": "49a"}, "prefix"),
        ({"prefix": " 49"}, "prefix"),
        ({"prefix": "++"}, "prefix"),
        ({"prefix": "["}, "prefix"),
        ({"prefix": "\uff11"}, "prefix"),
        ({"prefix": "1" * 2000}, "prefix"),
        ({"cursor": "c" * 2000}, "cursor"),
        ({"cursor": "c" * 201}, "cursor"),
        ({"device": "SBC 1"}, "device"),
        ({"device": ""}, "device"),
        ({"device": "d" * 2000}, "device"),
        ({"first": "49a"}, "first"),
        ({"first": ""}, "first"),
        ({"last": "+"}, "last"),
        ({"last": "9" * 2000}, "last"),
        ({"changed_since": "yesterday"}, "changed_since"),
        ({"changed_since": "2026-11-01"}, "changed_since"),
        ({"changed_since": "2026-11-01T00:00:00"}, "changed_since"),
        ({"changed_since": "1763895600"}, "changed_since"),
        ({"changed_since": "0001-01-01T00:00:00+14:00"}, "changed_since"),
        ({"changed_since": ""}, "changed_since"),
        ({"changed_since": "2" * 2000}, "changed_since"),
        ({"text": ""}, "text"),
        ({"text": "t" * 201}, "text"),
        ({"assigned_to": "a" * 201}, "assigned_to"),
        ({"order": "up"}, "order"),
        ({"order": "ASC"}, "order"),
        ({"reverse": "true"}, "reverse"),
        ({"stauts": "Used"}, "stauts"),
        ({"Status": "Used"}, "Status"),
        ({"": "x"}, ""),
        ({"status": ["Used", "Cooling"]}, "status"),
        ({"limit": ["1", "1"]}, "limit"),
    ],
)
def test_malformed_queries_are_400(mixed: Account, query: dict[str, str | list[str]], field: str) -> None:
    """GIVEN a parameter that is unknown, repeated or out of range WHEN listed THEN 400 names it and what is allowed."""
    ran = mixed.run(API, request("/customers/{customer}/numbers", {"customer": "acme"}, query))
    told = problem(ran, 400)

    assert field in [error["field"] for error in told["errors"]]
    assert len(ran.answer["body"]) < 1500


def test_a_lookup_takes_no_parameters(mixed: Account) -> None:
    """GIVEN a lookup of one number WHEN it has a query THEN it is answered, or refused by name: never a 5xx."""
    event = {**lookup("acme", "1001"), "queryStringParameters": {"x": "1"}}

    assert mixed.run(API, event).answer["statusCode"] in {200, 400}


words = st.one_of(
    st.text(max_size=30), st.sampled_from(["", "acme", "1001", "+49", "*21#", "%", "%2", "%ff", "[", "\x00"])
)


names = st.one_of(st.sampled_from(sorted(KNOWN)), words)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(customer=words, asked=words, query=st.dictionaries(names, words, max_size=3))
def test_no_request_brings_the_api_down(mixed: Account, customer: str, asked: str, query: dict[str, str]) -> None:
    """GIVEN any text as customer, number and parameters WHEN asked THEN the answer is JSON and no 5xx."""
    page = "/customers/{customer}/numbers"
    for event in (
        lookup(customer, asked),
        request(page, {"customer": "acme"}, dict(query)),
        request(page, {"customer": customer}, dict(query)),
    ):
        ran = mixed.run(API, event)
        assert ran.error is None
        assert ran.answer["statusCode"] in {200, 400, 404}, ran.answer
        json.loads(ran.answer["body"])
