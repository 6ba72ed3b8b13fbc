"""`Idempotency-Key`: a request is carried out once, and answered the same each time, whatever happens in between."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from number_inventory.adapters.dynamodb.keyed_requests import DynamoKeyedRequests
from number_inventory.bootstrap import process
from number_inventory.domain.errors import StorageBusyError
from number_inventory.domain.numbers import Status
from tests.engines.engine import shared_client
from tests.integration.functions.account import API, Account
from tests.integration.functions.api_requests import (
    add,
    bulk,
    claim,
    delete,
    do,
    edit,
    job,
    look_up,
    lookup,
    start,
    with_headers,
)
from tests.integration.functions.test_api_lookup import body, problem
from tests.memory.clock import SettableClock
from tests.memory.fuse import ProcessDiedError

BOB = {"usage": "User", "assignee": "bob"}
STOCK = {"first": "4700", "last": "4719"}


def keyed(event: dict[str, Any], key: str = "7f2c", arn: str = "") -> dict[str, Any]:
    """The request with a key; of another caller where one is named."""
    named = with_headers(event, {"Idempotency_Key": key})
    if arn:
        context = named["requestContext"]
        named["requestContext"] = {**context, "identity": {**context["identity"], "userArn": arn}}
    return named


@pytest.fixture
def stocked(account: Account) -> Account:
    body(account.run(API, add(STOCK)))
    body(account.run(API, do("reserve", "4701", {"for_whom": "ann"})))
    body(account.run(API, do("cool", "4702", {"days": 3})))
    body(account.run(API, do("assign", "4703", BOB)))
    return account


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SettableClock:
    clock = SettableClock(datetime.now(UTC))
    monkeypatch.setattr(process, "clock", lambda: clock)
    return clock


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (do("assign", "4700", BOB), 200),
        (do("unassign", "4703"), 200),
        (do("reserve", "4700", {"for_whom": "eve"}), 200),
        (do("unreserve", "4701"), 200),
        (do("cool", "4700"), 200),
        (do("release", "4702", {"reason": "a test"}), 200),
        (do("assign", "4701", BOB), 409),
        (do("assign", "4799", BOB), 404),
        (do("assign", "4700", {}), 400),
        (edit("4700", {"tag": "x"}), 200),
        (edit("4700", {"tag": "x"}, If_Match='"7"'), 412),
        (delete("4700"), 204),
        (add({"numbers": ["4700", "4799"]}), 200),
        (add({"first": "48000", "last": "48999"}), 202),
        (bulk({"command": "delete", "numbers": ["4700", "4701"]}), 200),
        (claim({"count": 2, "assign": BOB}), 200),
        (claim({"count": 99, "assign": BOB}), 409),
        (start("acme", {}), 202),
    ],
    ids=lambda part: f"{part['httpMethod']} {part['path']}" if isinstance(part, dict) else "",
)
def test_a_request_that_comes_again_gets_its_answer_again(stocked: Account, event: dict[str, Any], status: int) -> None:
    """GIVEN a request of every kind WHEN sent three times THEN one answer, to the byte, and one effect."""
    first = stocked.run(API, keyed(event))
    assert first.answer["statusCode"] == status, first.answer
    before = {number: stocked.inventory.get("acme", str(number)) for number in range(4700, 4720)}
    woken = stocked.invocations.taken()
    for _ in range(2):
        assert stocked.run(API, keyed(event)).answer == first.answer
    assert {number: stocked.inventory.get("acme", str(number)) for number in range(4700, 4720)} == before
    assert stocked.invocations.taken() == []
    assert len(woken) == (status == 202)


def test_a_claim_with_another_key_takes_further_numbers(stocked: Account) -> None:
    first = body(stocked.run(API, keyed(claim({"count": 2, "assign": BOB}), "a")))
    second = body(stocked.run(API, keyed(claim({"count": 2, "assign": BOB}), "b")))
    taken = {number["number"] for answer in (first, second) for number in answer["numbers"]}
    assert len(taken) == 4


@pytest.mark.parametrize(
    "other",
    [
        do("assign", "4700", {**BOB, "assignee": "eve"}),
        do("assign", "4704", BOB),
        do("reserve", "4700", {"for_whom": "bob"}),
        do("assign", "4700", BOB, If_Match='"1"'),
        delete("4700"),
    ],
)
def test_a_key_of_another_request_is_422(stocked: Account, other: dict[str, Any]) -> None:
    body(stocked.run(API, keyed(do("assign", "4700", BOB))))
    told = problem(stocked.run(API, keyed(other)), 422)
    assert "used for another request" in told["detail"]
    assert stocked.number("4700").assigned_to == "bob"
    assert stocked.number("4704").status is Status.AVAILABLE


def test_keys_are_each_callers_and_each_customers_own(stocked: Account) -> None:
    """GIVEN a key WHEN another caller uses it, or for another customer THEN it is a request of their own."""
    body(stocked.run(API, keyed(do("assign", "4700", BOB))))
    told = problem(stocked.run(API, keyed(do("assign", "4700", {**BOB, "assignee": "eve"}), arn="arn:eve")), 409)
    assert "bob" in told["detail"]
    problem(stocked.run(API, keyed(do("assign", "4700", BOB, customer="other"))), 404)


def test_while_the_first_is_carried_out_the_next_is_409(
    stocked: Account, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a request that died WHEN sent again THEN it waits for as long as the first could live, and then is done."""
    died = keyed(claim({"count": 3, "assign": BOB}))

    def dies(*_: object) -> None:
        raise ProcessDiedError

    with monkeypatch.context() as patch:
        patch.setattr(DynamoKeyedRequests, "settle", dies)
        patch.setattr(DynamoKeyedRequests, "let_go", lambda *_: None)
        with pytest.raises(ProcessDiedError):
            stocked.run(API, died, seconds_left=15)
    clock.at += timedelta(seconds=15)
    waits = stocked.run(API, died)
    assert "is being carried out" in problem(waits, 409)["detail"]
    assert waits.answer["multiValueHeaders"]["Retry-After"] == ["5"]
    clock.at += timedelta(seconds=5)
    done = body(stocked.run(API, died))
    assert len(done["numbers"]) == 3
    bobs = [number for number in range(4700, 4720) if stocked.number(str(number)).assigned_to == "bob"]
    assert [int(number["number"]) for number in done["numbers"]] == [number for number in bobs if number != 4703]


@pytest.mark.parametrize("event", [add({"first": "48000", "last": "48999"}), start("acme", {})])
def test_what_a_dead_request_began_is_not_begun_twice(
    stocked: Account, clock: SettableClock, monkeypatch: pytest.MonkeyPatch, event: dict[str, Any]
) -> None:
    """GIVEN a job or an audit whose request died WHEN sent again THEN it is the same job or audit."""
    with monkeypatch.context() as patch:
        patch.setattr(DynamoKeyedRequests, "settle", lambda *_: None)
        first = body(stocked.run(API, keyed(event)), 202)
    clock.at += timedelta(minutes=2)
    assert body(stocked.run(API, keyed(event)), 202)["id"] == first["id"]


@pytest.mark.parametrize("event", [add({"first": "48000", "last": "48999"}), start("acme", {})])
def test_what_nobody_could_be_woken_for_is_begun_anew(stocked: Account, event: dict[str, Any]) -> None:
    """GIVEN 503 WHEN sent again under its key THEN it is carried out: errors of ours are not kept."""
    stocked.invocations.refused.add("acme")
    problem(stocked.run(API, keyed(event)), 503)
    stocked.invocations.refused.clear()
    begun = body(stocked.run(API, keyed(event)), 202)
    assert begun["state"] == "queued"
    assert len(stocked.invocations.taken()) == 1


@pytest.mark.parametrize("event", [add({"first": "48000", "last": "48999"}), start("acme", {})])
def test_what_was_begun_anew_is_not_begun_twice(
    stocked: Account, clock: SettableClock, monkeypatch: pytest.MonkeyPatch, event: dict[str, Any]
) -> None:
    """GIVEN 503 and then a request that died WHEN sent a third time THEN it is what the second one began."""
    stocked.invocations.refused.add("acme")
    problem(stocked.run(API, keyed(event)), 503)
    stocked.invocations.refused.clear()
    with monkeypatch.context() as patch:
        patch.setattr(DynamoKeyedRequests, "settle", lambda *_: None)
        second = body(stocked.run(API, keyed(event)), 202)
    clock.at += timedelta(minutes=2)
    assert body(stocked.run(API, keyed(event)), 202)["id"] == second["id"]


def test_where_keys_cannot_be_kept_nothing_is_done(stocked: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise StorageBusyError("throttled")

    monkeypatch.setattr(DynamoKeyedRequests, "begin", busy)
    refused = stocked.run(API, keyed(do("assign", "4700", BOB)))
    assert "nothing was done" in problem(refused, 503)["detail"]
    assert refused.answer["multiValueHeaders"]["Retry-After"] == ["2"]
    assert stocked.number("4700").status is Status.AVAILABLE


def test_requests_that_change_nothing_need_no_key(stocked: Account) -> None:
    """GIVEN lookups with a key WHEN something changes in between THEN they show what is."""
    for event in (lookup("acme", "4700"), look_up({"numbers": ["4700"]})):
        body(stocked.run(API, keyed(event)))
        body(stocked.run(API, do("assign", "4700", BOB)))
        assert '"assigned_to":"bob"' in stocked.run(API, keyed(event)).answer["body"]
        body(stocked.run(API, do("unassign", "4700")))
    problem(stocked.run(API, keyed(job("acme", "nothing"))), 404)


def test_users_of_one_name_in_two_pools_are_two_callers(stocked: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN two user pools with an ann each WHEN both claim under the same key THEN each has a number of its own."""
    monkeypatch.setenv("API_AUTH", "COGNITO")
    given = []
    for pool in ("eu-central-1_one", "eu-central-1_two"):
        event = keyed(claim({"count": 1, "assign": BOB}))
        token = {"iss": f"https://cognito-idp.example/{pool}", "cognito:username": "ann"}
        token["cognito:groups"] = "customer:acme:operator"
        event["requestContext"] |= {"identity": {}, "authorizer": {"claims": token}}
        given += [each["number"] for each in body(stocked.run(API, event))["numbers"]]
    assert len(set(given)) == 2


@pytest.mark.parametrize("event", [do("unassign", "4703"), bulk({"command": "unassign", "numbers": ["4703"]})])
def test_what_others_did_since_is_not_undone(
    stocked: Account, clock: SettableClock, monkeypatch: pytest.MonkeyPatch, event: dict[str, Any]
) -> None:
    """GIVEN a number given back, whose answer was not kept, and given to eve WHEN sent again THEN eve keeps it."""

    def lost(*_: object) -> None:
        raise StorageBusyError("throttled")

    with monkeypatch.context() as patch:
        patch.setattr(DynamoKeyedRequests, "settle", lost)
        body(stocked.run(API, keyed(event)))
    clock.advance(minutes=5)
    body(stocked.run(API, do("assign", "4703", {"usage": "User", "assignee": "eve"})))
    told = stocked.run(API, keyed(event)).answer["body"]
    assert "has changed since this was sent first" in told
    assert stocked.number("4703").assigned_to == "eve"


def test_what_is_stored_of_a_request_cannot_be_tried_out(stocked: Account) -> None:
    """GIVEN one request under two keys WHEN its digests are compared THEN they differ: passwords may be in bodies."""
    for key in ("7f2c", "8a3d"):
        body(stocked.run(API, keyed(do("assign", "4700", BOB), key)))
    stored = shared_client(stocked.engine).scan(TableName=stocked.tables.requests)["Items"]
    assert len({item["content"]["S"] for item in stored}) == len(stored) == 2


@pytest.mark.parametrize("key", ["a b", "x" * 256, "k\u00f6ln"])
def test_what_is_no_key_is_400(stocked: Account, key: str) -> None:
    told = problem(stocked.run(API, keyed(do("assign", "4700", BOB), key)), 400)
    assert told["errors"][0]["field"] == "Idempotency-Key"
    assert stocked.number("4700").status is Status.AVAILABLE
