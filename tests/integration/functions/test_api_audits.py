"""Audits over the API: started, followed and read; who may see which; and how everything else is refused."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.number_api.audit_bodies import AuditBody, FindingBody
from number_inventory.bootstrap import process
from number_inventory.domain.findings import FindingCode
from number_inventory.domain.numbers import MAX_TEXT, Holder, NumberRecord, Status, Usage
from number_inventory.observability import audit_as_json
from tests.engines.faults import refusals
from tests.integration.connections import forget_connections
from tests.integration.functions.account import API, Account
from tests.integration.functions.api_requests import audit, audits, findings, listing, request, start
from tests.integration.functions.conftest import fresh_account
from tests.integration.functions.test_api_lookup import body, content_type, problem

ANN = "arn:aws:iam::123456789012:user/ann"
PLAN = "0123456789abcdef" * 4
NUMBERS = ("+4930100", "+4930101", "1001", "1002")
"""Orphans: in use by AudioCodes, and no device holds them."""


def orphan(number: str) -> NumberRecord:
    """A number of acme that is in use by nobody."""
    return NumberRecord(
        customer="acme", number=number, status=Status.USED, usage=Usage.DEVICE, vendor="AudioCodes", site="berlin"
    )


@pytest.fixture
def acme(account: Account) -> Account:
    """A customer with four orphans and a conflict, which no device can tell anything about."""
    device = (Holder("gone", datetime.fromisoformat("2026-11-01T00:00:00Z"), 1),)
    account.put(*(orphan(number) for number in NUMBERS))
    account.put(NumberRecord(customer="acme", number="1003", status=Status.COOLING, holders=device))
    return account


def started(account: Account, **order: object) -> dict[str, Any]:
    """An audit that was started over the API, and came to its end."""
    begun = body(account.run(API, start("acme", order)), 202)
    account.audits_end()
    return body(account.run(API, audit("acme", begun["id"])))


def test_an_audit_is_started_and_followed(acme: Account) -> None:
    """GIVEN an order WHEN posted THEN 202 tells the run and its address; it is carried out elsewhere, to its end."""
    ran = acme.run(API, start("acme", {"mode": "report", "site": "berlin", "codes": ["orphaned"]}))
    begun = body(ran, 202)

    assert ran.answer["multiValueHeaders"]["Location"] == [f"audits/{begun['id']}"]
    assert content_type(ran) == "application/json"
    assert (begun["state"], begun["requested_by"], begun["customer"]) == ("queued", ANN, "acme")
    assert (begun["mode"], begun["site"], begun["codes"], begun["plan"]) == ("report", "berlin", ["orphaned"], "")
    assert acme.invocations.asked == [{"customer": "acme", "run": begun["id"], "step": 0}]
    assert body(acme.run(API, audit("acme", begun["id"]))) == begun

    [ended] = acme.audits_end()
    shown = body(acme.run(API, audit("acme", begun["id"])))
    assert [shown] == ended.answer["audits"], "the function and the API tell the same of a run"
    assert (shown["state"], shown["numbers"], shown["counts"]) == ("finished", 4, {"orphaned": {"reported": 4}})
    assert (len(shown["checksum"]), shown["created_at"] <= shown["ended_at"]) == (64, True)


def test_an_audit_shows_all_that_there_is_to_say(acme: Account) -> None:
    """GIVEN what a run is WHEN it is shown THEN nothing is forgotten that was added to it."""
    [run] = acme.audits.page("acme", 1, None).runs if started(acme) else []

    assert set(audit_as_json(run)) == set(AuditBody.model_fields)


def test_a_caller_without_a_name_is_the_api(acme: Account) -> None:
    """GIVEN an API that lets everybody in WHEN an audit is started THEN it says that the API asked for it."""
    event = start("acme", {})
    event["requestContext"]["identity"] = {"sourceIp": "192.0.2.9", "userArn": None}

    assert body(acme.run(API, event), 202)["requested_by"] == "api"


def test_a_second_audit_of_a_customer_is_409(acme: Account) -> None:
    """GIVEN an audit under way WHEN another is posted THEN 409 tells its address; another customer may have one."""
    first = body(acme.run(API, start("acme", {})), 202)["id"]
    ran = acme.run(API, start("acme", {"mode": "correct"}))

    assert f"/customers/acme/audits/{first}" in problem(ran, 409)["detail"]
    assert ran.answer["multiValueHeaders"]["Location"] == [f"audits/{first}"]
    assert body(acme.run(API, start("other", {})), 202)["customer"] == "other"
    assert len(acme.invocations.asked) == 2
    acme.audits_end()
    assert body(acme.run(API, start("acme", {})), 202)["id"] != first


def test_a_plan_is_corrected_by_its_checksum(acme: Account) -> None:
    """GIVEN the plan of a report WHEN posted by its customer THEN it is corrected; by another it is not known."""
    plan = started(acme, codes=["orphaned"])["checksum"]

    stolen = problem(acme.run(API, start("other", {"mode": "correct", "plan": plan})), 404)
    assert plan in stolen["detail"]
    assert "acme" not in stolen["detail"]
    problem(acme.run(API, start("acme", {"mode": "correct", "plan": PLAN})), 404)
    corrected = started(acme, mode="correct", plan=plan)
    assert (corrected["plan"], corrected["codes"]) == (plan, ["orphaned"])
    assert corrected["counts"] == {"orphaned": {"corrected": 4}}
    assert {acme.number(number).status for number in NUMBERS} == {Status.COOLING}


def test_findings_tell_what_shows_them(acme: Account) -> None:
    """GIVEN an audit WHEN its findings are read THEN each has number, code, before, after, evidence and outcome."""
    run = started(acme)["id"]
    [finding] = body(acme.run(API, findings("acme", run, code="stale_holder")))["findings"]

    assert set(finding) == set(FindingBody.model_fields)
    assert (finding["number"], finding["code"], finding["outcome"]) == ("1003", "stale_holder", "reported")
    assert finding["evidence"] == [
        {"device": "gone", "word": "denies", "sync": 0, "proven_at": None, "note": "there is no such device any more"}
    ]
    assert all(finding[text] for text in ("before", "after", "reason"))


# --- pages


def paged(account: Account, what: str, ask: Any, **query: str) -> list[Any]:  # noqa: ANN401 - a maker of requests
    """All of a listing, page by page to its end."""
    found: list[Any] = []
    while True:
        page = body(account.run(API, ask(**query)))
        assert len(page[what]) <= int(query["limit"])
        found += page[what]
        if page["next_cursor"] is None:
            return found
        query = {**query, "cursor": page["next_cursor"]}


@pytest.mark.parametrize("limit", ["1", "2", "1000"])
def test_audits_are_listed_newest_first(acme: Account, limit: str) -> None:
    """GIVEN three audits WHEN paged THEN all come, the newest first, each once; another customer has none."""
    ids = [started(acme)["id"] for _ in range(3)]
    listed = paged(acme, "audits", lambda **query: audits("acme", **query), limit=limit)

    assert [run["id"] for run in listed] == ids[::-1]
    assert body(acme.run(API, audits("other"))) == {"audits": [], "next_cursor": None}


@pytest.fixture(scope="module")
def one_audit() -> Iterator[tuple[Account, str]]:
    """An account with one audit that has ended; it stays so."""
    with fresh_account() as account:
        device = (Holder("gone", datetime.fromisoformat("2026-11-01T00:00:00Z"), 1),)
        account.put(*(orphan(number) for number in NUMBERS))
        account.put(NumberRecord(customer="acme", number="1003", status=Status.COOLING, holders=device))
        yield account, started(account)["id"]


@pytest.mark.parametrize("limit", ["1", "2", "1000"])
@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [*NUMBERS, "1003", "1003"]),
        ({"code": "orphaned"}, list(NUMBERS)),
        ({"code": "stale_holder"}, ["1003"]),
        ({"outcome": "reported"}, [*NUMBERS, "1003", "1003"]),
        ({"outcome": "corrected"}, []),
        ({"code": "orphaned", "outcome": "left"}, []),
    ],
)
def test_findings_are_listed_by_number(
    one_audit: tuple[Account, str], query: dict[str, str], numbers: list[str], limit: str
) -> None:
    """GIVEN a filter and a page size WHEN all pages are read THEN the matching findings come in order, each once."""
    account, run = one_audit
    listed = paged(account, "findings", lambda **more: findings("acme", run, **more), **query, limit=limit)

    assert [finding["number"] for finding in listed] == numbers


def test_cursors_of_another_listing_are_400(one_audit: tuple[Account, str]) -> None:
    """GIVEN a cursor WHEN used in another listing, by another customer or with other filters THEN 400."""
    account, run = one_audit
    account.put(*(NumberRecord(customer="acme", number=number) for number in ("8001", "8002")))
    for _ in range(2):
        started(account)
    of_findings = body(account.run(API, findings("acme", run, code="orphaned", limit="1")))["next_cursor"]
    of_audits = body(account.run(API, audits("acme", limit="1")))["next_cursor"]
    of_numbers = body(account.run(API, listing("acme", limit="1")))["next_cursor"]
    others = [
        findings("acme", run, cursor=of_findings),
        findings("acme", run, code="conflict", cursor=of_findings),
        findings("acme", run, code="orphaned", outcome="left", cursor=of_findings),
        findings("acme", run, cursor=of_audits),
        findings("acme", run, cursor=of_numbers),
        audits("acme", cursor=of_findings),
        audits("acme", cursor=of_numbers),
        audits("other", cursor=of_audits),
        listing("acme", cursor=of_findings),
        listing("acme", cursor=of_audits),
    ]
    for event in others:
        [error] = problem(account.run(API, event), 400)["errors"]
        assert error["field"] == "cursor"
    assert account.run(API, findings("acme", run, code="orphaned", cursor=of_findings)).answer["statusCode"] == 200
    assert account.run(API, audits("acme", cursor=of_audits)).answer["statusCode"] == 200


# --- whose


def test_customers_see_their_own_audits(one_audit: tuple[Account, str]) -> None:
    """GIVEN an audit of one customer WHEN another asks for it or its findings THEN it is not there."""
    account, run = one_audit

    for event in (audit("other", run), findings("other", run), audit("acme", "20260101T000000-000000")):
        problem(account.run(API, event), 404)


@pytest.mark.parametrize(
    "customer", ["Acme", "a b", "#customers", "plan#" + PLAN, "acme#" + PLAN, "..", "ü", "x" * 2000]
)
def test_malformed_customers_are_400(one_audit: tuple[Account, str], customer: str) -> None:
    """GIVEN what cannot be a customer WHEN anything of its audits is asked for THEN 400 names the field."""
    account, run = one_audit
    for event in (start(customer, {}), audits(customer), audit(customer, run), findings(customer, run)):
        [error] = problem(account.run(API, event), 400)["errors"]
        assert error["field"] == "customer"
    assert account.invocations.asked == []


# --- refusals


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"mode": "repair"}, "mode"),
        ({"mode": None}, "mode"),
        ({"site": "s" * (MAX_TEXT + 1)}, "site"),
        ({"site": 7}, "site"),
        ({"codes": []}, "codes"),
        ({"codes": "orphaned"}, "codes"),
        ({"codes": ["orphaned", "orphan"]}, "codes.1"),
        ({"codes": ["orphaned", "orphaned"]}, "codes"),
        ({"plan": PLAN}, "body"),
        ({"mode": "correct", "plan": PLAN, "site": "berlin"}, "body"),
        ({"mode": "correct", "plan": "stale"}, "plan"),
        ({"customer": "other"}, "customer"),
        ({"colour": "red"}, "colour"),
        ({"x" * 2000: "red"}, "x" * 40),
        ([], "body"),
        (None, "body"),
        ("null", "body"),
        (7, "body"),
        ('"report"', "body"),
        ("", "body"),
        ("{", "body"),
        ("mode=correct", "body"),
        ("[" * 10_000, "body"),
        ("{}" * 2, "body"),
        ('{"site": "\\ud800"}', "site"),
        ('{"mode": "\\ud800"}', "mode"),
        ('{"codes": ["\\ud800"]}', "codes.0"),
        ('{"site": ' + "9" * 5000 + "}", "body"),
    ],
)
def test_malformed_orders_are_400(one_audit: tuple[Account, str], order: object, field: str) -> None:
    """GIVEN a body that makes no sense WHEN posted THEN 400 names the part, and nothing is started."""
    account, _ = one_audit
    ran = account.run(API, start("acme", order))
    told = problem(ran, 400)

    assert field in [error["field"] for error in told["errors"]], told
    assert len(ran.answer["body"]) < 1500
    assert account.invocations.asked == []


def test_a_body_is_needed(one_audit: tuple[Account, str]) -> None:
    """GIVEN no body at all WHEN posted THEN 400 says so: nothing said is not the same as everything."""
    account, _ = one_audit
    event = request("/customers/{customer}/audits", {"customer": "acme"}, method="POST")

    [error] = problem(account.run(API, event), 400)["errors"]
    assert error["field"] == "body"


def test_large_bodies_are_413(one_audit: tuple[Account, str]) -> None:
    """GIVEN more than 10 KB, plain or as base64 WHEN posted THEN 413, before anything looks into it."""
    account, _ = one_audit
    large = "{" + " " * 10 * 1024 + "}"
    encoded = {**start("acme", base64.b64encode(large.encode()).decode()), "isBase64Encoded": True}

    for event in (start("acme", large), encoded, start("acme", '"' + "ü" * 6000 + '"')):
        assert "10240" in problem(account.run(API, event), 413)["detail"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_other_kinds_of_body_are_415(one_audit: tuple[Account, str], kind: str) -> None:
    """GIVEN a body that does not say that it is JSON WHEN posted THEN 415: no form of a web page starts an audit."""
    account, _ = one_audit
    event = start("acme", {"mode": "correct"})
    event["headers"]["content-type"] = kind

    assert "application/json" in problem(account.run(API, event), 415)["detail"]


def test_bodies_may_be_base64_and_name_their_charset(acme: Account) -> None:
    """GIVEN a body in base64, of type application/json with a charset WHEN posted THEN it is taken."""
    event = start("acme", base64.b64encode(b'{"site": "k\xc3\xb6ln"}').decode())
    event["headers"]["Content-Type"] = "application/json; charset=utf-8"

    assert body(acme.run(API, {**event, "isBase64Encoded": True}), 202)["site"] == "köln"


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (start("acme", {}, {"mode": "correct"}), "mode"),
        (start("acme", {}, {"dry": "1"}), "dry"),
        (audits("acme", state="finished"), "state"),
        (audits("acme", limit="0"), "limit"),
        (audits("acme", limit="1001"), "limit"),
        (audits("acme", limit=["1", "1"]), "limit"),
        (audits("acme", cursor="made-up"), "cursor"),
        (audits("acme", cursor="c" * 2000), "cursor"),
        (audit("acme", "20260101T000000-000000", fields="id"), "fields"),
        (findings("acme", "20260101T000000-000000", number="1001"), "number"),
        (findings("acme", "20260101T000000-000000", code="orphan"), "code"),
        (findings("acme", "20260101T000000-000000", code="ORPHANED"), "code"),
        (findings("acme", "20260101T000000-000000", outcome="done"), "outcome"),
        (findings("acme", "20260101T000000-000000", limit="many"), "limit"),
    ],
)
def test_malformed_queries_are_400(one_audit: tuple[Account, str], event: dict[str, Any], field: str) -> None:
    """GIVEN a parameter that is unknown, repeated or out of range WHEN asked THEN 400 names it; nothing is started."""
    account, _ = one_audit
    told = problem(account.run(API, event), 400)

    assert field in [error["field"] for error in told["errors"]]
    assert account.invocations.asked == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_audits_cannot_be_changed(one_audit: tuple[Account, str], method: str) -> None:
    """GIVEN an audit WHEN it is to be changed or deleted THEN there is no such thing."""
    account, run = one_audit
    event = {**audit("acme", run), "httpMethod": method, "body": "{}"}

    problem(account.run(API, event), 404)


def test_a_function_that_cannot_be_woken_asks_to_come_again(acme: Account) -> None:
    """GIVEN Lambda that throttles WHEN an audit is posted THEN 503; the next try starts one, for nothing is taken."""
    acme.invocations.refused.add("acme")
    ran = acme.run(API, start("acme", {}))
    problem(ran, 503)
    assert ran.answer["multiValueHeaders"]["Retry-After"] == ["2"]
    acme.invocations.refused.clear()

    assert started(acme)["state"] == "finished"


def test_a_busy_database_asks_to_come_again(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a database that throttles WHEN audits are asked for THEN 503 says when to try again."""
    client = acme.inventory._client
    monkeypatch.setattr(process, "dynamodb", lambda: client)
    forget_connections()
    for operation, event in (("GetItem", audit("acme", "20260101T000000-000000")), ("Query", audits("acme"))):
        with refusals(client, operation, "ThrottlingException", times=5):
            problem(acme.run(API, event), 503)


words = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "acme", "orphaned", "1001", "%", "%ff", "[", "\x00", "20260101T000000-000000"]),
)
bodies = st.one_of(
    words,
    st.sampled_from(['{"site": "\\ud800"}', '{"\\ud800": 1}', '{"site": 1e999}', '{"site": NaN}']),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | words,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
        max_leaves=8,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "mode": st.sampled_from(["report", "correct", ""]) | words,
            "site": st.none() | words,
            "codes": st.none() | st.lists(st.sampled_from([*FindingCode, "x"]), max_size=4),
            "plan": st.none() | st.just(PLAN) | words,
        },
    ),
)
names = st.one_of(st.sampled_from(["code", "outcome", "limit", "cursor"]), words)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(customer=words, run=words, order=bodies, query=st.dictionaries(names, words, max_size=3))
def test_no_request_brings_the_api_down(
    one_audit: tuple[Account, str], customer: str, run: str, order: object, query: dict[str, Any]
) -> None:
    """GIVEN any text as customer, audit, body and parameters WHEN asked THEN the answer is JSON and no 5xx."""
    account, known = one_audit
    for event in (
        start("fuzzed", order),
        start(customer, order, dict(query)),
        audits(customer),
        request("/customers/{customer}/audits", {"customer": "acme"}, dict(query)),
        audit("acme", run),
        request("/customers/{customer}/audits/{audit}/findings", {"customer": "acme", "audit": known}, dict(query)),
        request("/customers/{customer}/audits/{audit}/findings", {"customer": "acme", "audit": run}, dict(query)),
    ):
        ran = account.run(API, event)
        assert ran.error is None
        assert ran.answer["statusCode"] in {200, 202, 400, 404, 409}, ran.answer
        json.loads(ran.answer["body"])
    account.invocations.taken()
