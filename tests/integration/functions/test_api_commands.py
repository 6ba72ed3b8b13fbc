"""Numbers managed over the API, one by one: every verb, who may have what, versions, and how all else is refused."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from number_inventory.bootstrap import process
from number_inventory.domain.macros import COOLING_DURATION, COOLING_ENABLED
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage
from tests.engines.faults import refusals
from tests.integration.connections import forget_connections
from tests.integration.functions.account import API, Account
from tests.integration.functions.api_requests import delete, do, edit, lookup, with_headers
from tests.integration.functions.conftest import fresh_account
from tests.integration.functions.test_api_lookup import NUMBERS, body, content_type, header, problem

ANN = "api:arn:aws:iam::123456789012:user/ann"
SINCE = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
HELD = (Holder("sbc-1", SINCE, 1),)
LATER = "2036-01-31T12:00:00Z"
ASSIGNED = {"usage": "User", "vendor": "Webex Calling", "assignee": "bob@example.com"}
VERBS: dict[str, dict[str, Any]] = {
    "assign": ASSIGNED,
    "unassign": {},
    "reserve": {"for_whom": "bob@example.com"},
    "unreserve": {},
    "cool": {"days": 2},
    "release": {"reason": "was never in use"},
}


@pytest.fixture
def acme(account: Account) -> Account:
    """A customer with a free number, one on a device, one in use, one reserved, one cooling; and another customer."""
    account.put(
        NumberRecord(customer="acme", number="1000"),
        NumberRecord(
            customer="acme", number="1001", status=Status.USED, usage=Usage.DEVICE, vendor=AUDIOCODES, holders=HELD
        ),
        NumberRecord(
            customer="acme",
            number="1002",
            status=Status.USED,
            usage=Usage.USER,
            vendor="Microsoft",
            assigned_to="eve@example.com",
        ),
        NumberRecord(customer="acme", number="1003", status=Status.RESERVED, reserved_for="bob@example.com"),
        NumberRecord(
            customer="acme",
            number="1004",
            status=Status.COOLING,
            cooling_since=SINCE,
            release_date=datetime(2036, 1, 1, tzinfo=UTC),
        ),
        NumberRecord(customer="other", number="1000"),
        NumberRecord(customer="other", number="2000"),
    )
    return account


def told(record: NumberRecord) -> tuple[str, str, str, str]:
    """What matters of a number in use."""
    return record.status, record.usage, record.vendor, record.assigned_to


# --- every verb


def test_a_number_is_assigned(acme: Account) -> None:
    """GIVEN an Available number WHEN assigned THEN it is shown as it is stored, with its new version as ETag."""
    ran = acme.run(API, do("assign", "1000", ASSIGNED))
    shown = body(ran)

    assert content_type(ran) == "application/json"
    assert (shown["status"], shown["usage"], shown["vendor"]) == ("Used", "User", "Webex Calling")
    assert (shown["assigned_to"], shown["updated_by"], shown["reason"]) == ("bob@example.com", ANN, "assigned")
    assert (shown["version"], header(ran, "ETag")) == (2, '"2"')
    assert body(acme.run(API, lookup("acme", "1000"))) == shown
    assert told(acme.number("1000")) == (Status.USED, Usage.USER, "Webex Calling", "bob@example.com")


def test_the_same_assignment_again_is_done_already(acme: Account) -> None:
    """GIVEN an assignment whose answer was lost WHEN sent again THEN it is answered the same and nothing is written."""
    first = body(acme.run(API, do("assign", "1000", ASSIGNED)))
    again = body(acme.run(API, do("assign", "1000", ASSIGNED)))

    assert again == first
    assert acme.number("1000").version == 2


def test_blank_vendor_is_cisco(acme: Account) -> None:
    """GIVEN no vendor WHEN assigned THEN the number is Cisco UCM's, as VOSS has it."""
    given = {"usage": "Hunt_Pilot", "assignee": "sales"}

    assert body(acme.run(API, do("assign", "1000", given)))["vendor"] == ""


@pytest.mark.parametrize(
    ("number", "who"),
    [
        ("1001", "registered on sbc-1"),
        ("1002", "assigned to eve@example.com"),
        ("1003", "reserved for bob@example.com"),
        ("1004", "it is Cooling"),
    ],
)
def test_what_somebody_has_is_409_and_says_who(acme: Account, number: str, who: str) -> None:
    """GIVEN a number that is not free WHEN another is to have it THEN 409 tells who has it, and the number as it is."""
    before = acme.number(number)
    ran = acme.run(API, do("assign", number, ASSIGNED | {"assignee": "mallory@example.com"}))
    refused = problem(ran, 409)

    assert who in refused["detail"]
    assert refused["current"] == body(acme.run(API, lookup("acme", number)))
    assert header(ran, "ETag") == '"1"'
    assert acme.number(number) == before


def test_a_reserved_number_is_for_one_alone(acme: Account) -> None:
    """GIVEN a reservation WHEN assigned to whom it is for THEN it is theirs, and the reservation is over."""
    shown = body(acme.run(API, do("assign", "1003", ASSIGNED)))

    assert (shown["status"], shown["assigned_to"], shown["reserved_for"]) == ("Used", "bob@example.com", "")


@pytest.mark.parametrize(
    ("macros", "status"),
    [
        ({}, "Available"),
        ({COOLING_ENABLED: "false", COOLING_DURATION: "7"}, "Available"),
        ({COOLING_ENABLED: "true", COOLING_DURATION: "0"}, "Available"),
        ({COOLING_ENABLED: "true", COOLING_DURATION: "7"}, "Cooling"),
    ],
)
def test_a_number_is_given_back_under_the_customers_settings(
    acme: Account, macros: dict[str, str], status: str
) -> None:
    """GIVEN global cooling settings WHEN a number is unassigned THEN it cools so long, or is Available at once."""
    for name, value in macros.items():
        acme.macros.put("acme", name, value)
    shown = body(acme.run(API, do("unassign", "1002")))

    assert (shown["status"], shown["usage"], shown["vendor"], shown["assigned_to"]) == (status, "", "", "")
    until = acme.number("1002").release_date
    assert (until is not None) == (status == "Cooling")
    if until:
        assert timedelta(days=7) - timedelta(minutes=5) < until - datetime.now(UTC) < timedelta(days=7, seconds=2)


def test_a_devices_number_cannot_be_given_back(acme: Account) -> None:
    """GIVEN a number on a device WHEN unassigned THEN 409: it goes when the device's registration goes."""
    assert "sbc-1" in problem(acme.run(API, do("unassign", "1001")), 409)["detail"]


def test_a_number_is_reserved_prolonged_and_freed(acme: Account) -> None:
    """GIVEN an Available number WHEN reserved, prolonged, and unreserved THEN each is shown; no other gets it."""
    given = {"for_whom": "ann@example.com", "until": "2036-01-31T13:00:00+01:00", "notes": "joins in June"}
    shown = body(acme.run(API, do("reserve", "1000", given)))
    assert (shown["status"], shown["reserved_for"], shown["reservation_notes"]) == (
        "Reserved",
        "ann@example.com",
        "joins in June",
    )
    assert shown["reserved_until"] == LATER
    problem(acme.run(API, do("reserve", "1000", {"for_whom": "eve@example.com"})), 409)

    longer = body(acme.run(API, do("reserve", "1000", {"for_whom": "ann@example.com"})))
    assert (longer["reserved_until"], longer["version"]) == (None, 3)
    free = body(acme.run(API, do("unreserve", "1000")))
    assert (free["status"], free["reserved_for"]) == ("Available", "")


@pytest.mark.parametrize(("given", "days"), [({"days": 5}, 5), ({}, 30), (None, 30), ({"days": None}, 30)])
def test_a_number_is_cooled_by_hand(acme: Account, given: dict[str, Any] | None, days: int) -> None:
    """GIVEN an Available number WHEN cooled for some days, or for the customer's THEN its Release Date says so."""
    shown = body(acme.run(API, do("cool", "1000", given)))
    until = datetime.fromisoformat(shown["release_date"])

    assert shown["status"] == "Cooling"
    assert shown["tag"].startswith(f"Cooling: {days} days")
    assert timedelta(days=days) - timedelta(minutes=5) < until - datetime.now(UTC) <= timedelta(days=days, seconds=1)


def test_a_cooling_is_ended_early_with_a_reason(acme: Account) -> None:
    """GIVEN a Cooling number WHEN released with a reason THEN it is Available, and the reason is kept."""
    shown = body(acme.run(API, do("release", "1004", {"reason": "a test number"})))

    assert (shown["status"], shown["release_date"], shown["tag"]) == ("Available", None, "")
    assert (shown["reason"], shown["updated_by"]) == ("a test number", ANN)


def test_texts_are_edited_in_any_state(acme: Account) -> None:
    """GIVEN numbers of every Status WHEN texts are given THEN those change, the others stay, and so does the Status."""
    given = {"description": "Köln ☎", "extra3": "x" * 200, "e164_number": "\\+492211000", "site": "Köln"}
    for number in ("1000", "1001", "1002", "1003", "1004"):
        before = acme.number(number)
        ran = acme.run(API, edit(number, given))
        shown = body(ran)
        assert (shown["description"], shown["e164_number"], shown["extra1"]) == ("Köln ☎", "+492211000", "")
        assert (shown["status"], header(ran, "ETag")) == (before.status, '"2"')
        assert acme.number(number).holders == before.holders
        cleared = body(acme.run(API, edit(number, {"site": "", "e164_number": ""})))
        assert (cleared["site"], cleared["e164_number"], cleared["description"]) == ("", "", "Köln ☎")


def test_a_number_is_deleted(acme: Account) -> None:
    """GIVEN an Available number WHEN deleted THEN 204 and it is gone; once more is 404, another customer's stays."""
    ran = acme.run(API, delete("1000"))
    assert (ran.error, ran.answer["statusCode"], ran.answer["body"]) == (None, 204, "")

    assert acme.inventory.get("acme", "1000") is None
    assert acme.number("1000", "other").version == 1
    problem(acme.run(API, delete("1000")), 404)
    problem(acme.run(API, lookup("acme", "1000")), 404)


@pytest.mark.parametrize("number", ["1001", "1002", "1003", "1004"])
def test_only_available_numbers_are_deleted(acme: Account, number: str) -> None:
    """GIVEN a number that is not Available WHEN deleted THEN 409 shows it, and it stays."""
    before = acme.number(number)
    assert problem(acme.run(API, delete(number)), 409)["current"]["status"] == before.status
    assert acme.number(number) == before


@pytest.mark.parametrize("number", NUMBERS)
def test_every_form_of_a_number_is_managed(account: Account, number: str) -> None:
    """GIVEN a number with `+`, `*` or `#` WHEN changed, decoded or percent-encoded THEN it is that number."""
    account.put(NumberRecord(customer="acme", number=number))
    encoded = "".join(f"%{ord(character):02X}" for character in number)
    for spelling in (number, encoded, encoded.lower()):
        assert body(account.run(API, edit(spelling, {"tag": spelling})))["tag"] == spelling
    assert body(account.run(API, do("assign", encoded, ASSIGNED)))["number"] == number
    assert body(account.run(API, do("unassign", number)))["status"] == "Available"
    assert account.run(API, delete(encoded)).answer["statusCode"] == 204


def test_a_caller_without_a_name_is_the_api(acme: Account) -> None:
    """GIVEN an API that lets everybody in WHEN a number is changed THEN it says that the API did it."""
    event = do("assign", "1000", ASSIGNED)
    event["requestContext"]["identity"] = {"sourceIp": "192.0.2.9", "userArn": None}

    assert body(acme.run(API, event))["updated_by"] == "api"


# --- versions


CHANGES = [
    do("assign", "1000", ASSIGNED),
    do("reserve", "1000", VERBS["reserve"]),
    do("cool", "1000", {"days": 1}),
    do("unassign", "1000"),
    edit("1000", {"tag": "seen"}),
    delete("1000"),
]


@pytest.mark.parametrize("event", CHANGES, ids=lambda event: event["path"].rpartition("/")[2] + event["httpMethod"])
def test_a_change_is_made_on_what_was_seen_or_not_at_all(acme: Account, event: dict[str, Any]) -> None:
    """GIVEN a version that is no longer WHEN changed under it THEN 412 tells the present one; under that it is done."""
    acme.run(API, edit("1000", {"description": "meanwhile"}))
    before = acme.number("1000")
    for stale in ('"1"', '"3"', 'W/"2"', '"two"', '""', '"02"', '"' + "9" * 500 + '"'):
        ran = acme.run(API, with_headers(event, {"If-Match": stale}))
        refused = problem(ran, 412)
        assert header(ran, "ETag") == '"2"'
        assert "version 2" in refused["detail"]
        assert acme.number("1000") == before

    done = acme.run(API, with_headers(event, {"if-match": '"2"'}))
    assert done.answer["statusCode"] in {200, 204}


def test_any_version_will_do(acme: Account) -> None:
    """GIVEN `If-Match: *` WHEN changed THEN any version is right; where there is no number it is 404."""
    assert body(acme.run(API, edit("1000", {"tag": "a"}, If_Match="*")))["tag"] == "a"
    problem(acme.run(API, edit("1999", {"tag": "a"}, If_Match="*")), 404)
    problem(acme.run(API, edit("1999", {"tag": "a"}, If_Match='"1"')), 404)


@pytest.mark.parametrize("tag", ["1", "'1'", '"1', '"1", "2"', "W/1", "ü", '"a"b"', "x" * 2000])
def test_what_is_no_tag_is_400(acme: Account, tag: str) -> None:
    """GIVEN a header that is no single ETag WHEN changed THEN 400 names it: it is not passed over."""
    for event in (edit("1000", {"tag": "a"}), do("unassign", "1002"), delete("1000")):
        ran = acme.run(API, with_headers(event, {"If-Match": tag}))
        [error] = problem(ran, 400)["errors"]
        assert error["field"] == "If-Match"
        assert len(ran.answer["body"]) < 700
    assert acme.number("1000").version == 1


# --- whose


def test_nothing_reaches_another_customers_number(acme: Account) -> None:
    """GIVEN a number that only another customer has WHEN changed in any way THEN 404, and it stays as it was."""
    before = acme.number("2000", "other")
    for event in (
        *(do(verb, "2000", sent) for verb, sent in VERBS.items()),
        edit("2000", {"tag": "mine"}),
        delete("2000"),
    ):
        told_ = problem(acme.run(API, event), 404)
        assert told_["detail"] == "customer acme has no number 2000"
    for event in (do("assign", "1000", ASSIGNED), edit("1000", {"tag": "mine"}), delete("1000")):
        acme.run(API, event)
    assert acme.number("2000", "other") == before
    assert acme.number("1000", "other").version == 1


@pytest.mark.parametrize("customer", ["Acme", "a b", "#global", "acme#1", "..", "ü", "%", "x" * 2000])
def test_malformed_customers_are_400(acme: Account, customer: str) -> None:
    """GIVEN what cannot be a customer WHEN anything is changed THEN 400 names the field."""
    events = [do(verb, "1000", sent, customer) for verb, sent in VERBS.items()]
    for event in (*events, edit("1000", {"tag": "a"}, customer), delete("1000", customer)):
        [error] = problem(acme.run(API, event), 400)["errors"]
        assert error["field"] == "customer"


@pytest.mark.parametrize("number", ["47a11", "+", "1" * 21, "lookup", "bulk", "4" * 2000, "☎", "a/b"])
def test_malformed_numbers_are_400(acme: Account, number: str) -> None:
    """GIVEN what is no number WHEN it is to be changed THEN 400 names the field and what is allowed."""
    events = [do(verb, number, sent) for verb, sent in VERBS.items()]
    for event in (*events, edit(number, {"tag": "a"}), delete(number)):
        ran = acme.run(API, event)
        [error] = problem(ran, 400)["errors"]
        assert error["field"] == "number"
        assert "'+' and 1 to 15 digits" in error["message"]
        assert len(ran.answer["body"]) < 700


# --- refusals


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (do("assign", "1000", {}), "usage"),
        (do("assign", "1000", {"usage": "User"}), "assignee"),
        (do("assign", "1000", ASSIGNED | {"usage": "user"}), "usage"),
        (do("assign", "1000", ASSIGNED | {"usage": ""}), "usage"),
        (do("assign", "1000", ASSIGNED | {"usage": None}), "usage"),
        (do("assign", "1000", ASSIGNED | {"assignee": ""}), "assignee"),
        (do("assign", "1000", ASSIGNED | {"assignee": "   "}), "assignee"),
        (do("assign", "1000", ASSIGNED | {"assignee": "a" * 201}), "assignee"),
        (do("assign", "1000", ASSIGNED | {"assignee": "a\nb"}), "assignee"),
        (do("assign", "1000", ASSIGNED | {"assignee": 7}), "assignee"),
        (do("assign", "1000", ASSIGNED | {"vendor": "AudioCodes"}), "vendor"),
        (do("assign", "1000", ASSIGNED | {"vendor": "audiocodes "}), "vendor"),
        (do("assign", "1000", ASSIGNED | {"vendor": "v" * 201}), "vendor"),
        (do("assign", "1000", ASSIGNED | {"colour": "red"}), "colour"),
        (do("assign", "1000"), "body"),
        (do("assign", "1000", []), "body"),
        (do("assign", "1000", "null"), "body"),
        (do("assign", "1000", "{"), "body"),
        (do("assign", "1000", '{"usage": "User", "assignee": "\\ud800"}'), "assignee"),
        (do("unassign", "1002", {"days": 3}), "days"),
        (do("unassign", "1002", []), "body"),
        (do("unassign", "1002", "7"), "body"),
        (do("reserve", "1000", {}), "for_whom"),
        (do("reserve", "1000", {"for_whom": ""}), "for_whom"),
        (do("reserve", "1000", {"for_whom": "a", "until": "2020-01-01T00:00:00Z"}), "until"),
        (do("reserve", "1000", {"for_whom": "a", "until": "2036-01-01"}), "until"),
        (do("reserve", "1000", {"for_whom": "a", "until": "2036-01-01T00:00:00"}), "until"),
        (do("reserve", "1000", {"for_whom": "a", "until": 2_000_000_000}), "until"),
        (do("reserve", "1000", {"for_whom": "a", "until": "9999-01-01T00:00:00Z"}), "until"),
        (do("reserve", "1000", {"for_whom": "a", "notes": "n" * 201}), "notes"),
        (do("unreserve", "1003", {"for_whom": "bob@example.com"}), "for_whom"),
        (do("cool", "1000", {"days": -1}), "days"),
        (do("cool", "1000", {"days": 1000}), "days"),
        (do("cool", "1000", {"days": "2"}), "days"),
        (do("cool", "1000", {"days": 2.5}), "days"),
        (do("cool", "1000", {"days": True}), "days"),
        (do("cool", "1000", '{"days": NaN}'), "days"),
        (do("release", "1004", {}), "reason"),
        (do("release", "1004", {"reason": ""}), "reason"),
        (do("release", "1004", {"reason": " "}), "reason"),
        (do("release", "1004", {"reason": "r" * 201}), "reason"),
        (do("release", "1004"), "body"),
        (edit("1000", {}), "body"),
        (edit("1000", None), "body"),
        (edit("1000", {"status": "Available"}), "status"),
        (edit("1000", {"vendor": "Microsoft"}), "vendor"),
        (edit("1000", {"tag": None}), "body"),
        (edit("1000", {"tag": "t" * 201}), "tag"),
        (edit("1000", {"tag": "a\x00"}), "tag"),
        (edit("1000", {"tag": 1}), "tag"),
        (edit("1000", {"e164_number": "abc"}), "e164_number"),
        (edit("1000", {"x" * 2000: "a"}), "x" * 40),
    ],
)
def test_malformed_bodies_are_400(acme: Account, event: dict[str, Any], field: str) -> None:
    """GIVEN a body that makes no sense WHEN sent THEN 400 names the part, and nothing is changed."""
    ran = acme.run(API, event)
    told_ = problem(ran, 400)

    assert field in [error["field"] for error in told_["errors"]], told_
    assert len(ran.answer["body"]) < 1500
    assert {acme.number(f"100{last}").version for last in range(5)} == {1}


def test_parameters_are_refused(acme: Account) -> None:
    """GIVEN a query on a change WHEN sent THEN 400 names it: nobody may think that `?dry_run=true` was heard."""
    events = [do(verb, "1000", sent) for verb, sent in VERBS.items()]
    for event in (*events, edit("1000", {"tag": "a"}), delete("1000")):
        asked = {**event, "queryStringParameters": {"dry_run": "1"}, "multiValueQueryStringParameters": None}
        [error] = problem(acme.run(API, asked), 400)["errors"]
        assert error["field"] == "dry_run"
    assert acme.number("1000").version == 1


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json"])
def test_other_kinds_of_body_are_415(acme: Account, kind: str) -> None:
    """GIVEN a body that does not say that it is JSON WHEN sent THEN 415: no form of a web page gives numbers away."""
    for event in (do("assign", "1000", ASSIGNED), edit("1000", {"tag": "a"})):
        ran = acme.run(API, with_headers(event, {"content-type": kind}))
        assert "application/json" in problem(ran, 415)["detail"]


def test_large_bodies_are_413(acme: Account) -> None:
    """GIVEN more than 10 KB, plain or as base64 WHEN sent THEN 413, before anything looks into it."""
    large = json.dumps({"tag": "t" * 11_000})
    encoded = {**edit("1000", base64.b64encode(large.encode()).decode()), "isBase64Encoded": True}
    for event in (edit("1000", large), encoded, do("assign", "1000", large)):
        assert "10240" in problem(acme.run(API, event), 413)["detail"]


def test_a_broken_macro_is_told(acme: Account) -> None:
    """GIVEN cooling settings that cannot be read WHEN unassigned THEN 409 names the macro; the number stays used."""
    acme.macros.put("acme", COOLING_ENABLED, "maybe")
    refused = problem(acme.run(API, do("unassign", "1002")), 409)

    assert COOLING_ENABLED in refused["detail"]
    assert acme.number("1002").version == 1


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
def test_a_busy_database_asks_to_come_again(acme: Account, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """GIVEN a database that throttles WHEN a number is changed THEN 503 says when to try again; then it is done."""
    client = acme.inventory._client
    monkeypatch.setattr(process, "dynamodb", lambda: client)
    forget_connections()
    with refusals(client, operation, "ThrottlingException", times=5, message="secret detail"):
        ran = acme.run(API, do("assign", "1000", ASSIGNED))
    refused = problem(ran, 503)

    assert ran.answer["multiValueHeaders"]["Retry-After"] == ["2"]
    assert "asking again does no harm" in refused["detail"]
    assert "secret" not in ran.answer["body"]
    assert body(acme.run(API, do("assign", "1000", ASSIGNED)))["version"] == 2


def test_a_broken_record_stays_as_it_is(acme: Account) -> None:
    """GIVEN a record that some other hand broke WHEN it is to be changed THEN 500; the log says why."""
    acme.plant_number("1066", status={"S": "Melting"})
    for event in (do("assign", "1066", ASSIGNED), edit("1066", {"tag": "a"}), delete("1066")):
        ran = acme.run(API, event)
        problem(ran, 500)
        assert "Melting" in ran.output
        assert "Melting" not in ran.answer["body"]


# --- anything at all


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Account]:
    """An account with one number that anything may happen to."""
    with fresh_account() as account:
        account.put(NumberRecord(customer="acme", number="1000"))
        yield account


words = st.one_of(
    st.text(max_size=30), st.sampled_from(["", "acme", "1000", "User", "%", "%ff", "[", "\x00", LATER, '"1"', "*"])
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=6,
)
fields = st.sampled_from(
    ["usage", "assignee", "vendor", "for_whom", "until", "notes", "days", "reason", "tag", "site", "e164_number"]
)
bodies = st.one_of(words, st.none(), anything, st.dictionaries(fields, words | st.integers() | st.just("User")))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(path=st.tuples(words, words), given_body=bodies, verb=st.sampled_from(sorted(VERBS)), tag=words)
def test_no_request_brings_the_api_down(
    fuzzed: Account, path: tuple[str, str], given_body: object, verb: str, tag: str
) -> None:
    """GIVEN any text as customer, number, body and ETag WHEN sent THEN the answer is JSON and no 5xx."""
    customer, number = path
    for event in (
        do(verb, "1000", given_body),
        do(verb, number, given_body, customer),
        edit("1000", given_body),
        edit("1000", given_body, If_Match=tag),
        delete(number, If_Match=tag),
        delete("1000", customer),
    ):
        ran = fuzzed.run(API, event)
        assert ran.error is None
        assert ran.answer["statusCode"] in {200, 204, 400, 404, 409, 412}, ran.answer
        if ran.answer["statusCode"] != 204:
            json.loads(ran.answer["body"])
