"""Many numbers through the API: a job is begun, its function works on it, and the API tells what came of it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from functions.rest.requests import MAX_BODY_BYTES
from number_inventory.bootstrap import process
from number_inventory.domain.numbers import Status
from tests.integration.functions.account import API, JOBS, Account
from tests.integration.functions.api_requests import add, job, jobs, outcomes, resume
from tests.integration.functions.test_api_lookup import body, problem
from tests.memory.clock import SettableClock

RANGE = {"first": "+4930100", "last": "+4930299", "site": "Berlin"}
ANN = "arn:aws:iam::123456789012:user/ann"


def begun(account: Account, sent: object = None) -> str:
    """Begin a job; returns its id."""
    ran = account.run(API, add(RANGE if sent is None else sent))
    assert ran.answer["statusCode"] == 202, ran.answer
    told = body(ran, 202)
    assert ran.answer["multiValueHeaders"]["Location"] == [f"jobs/{told['id']}"]
    assert (told["state"], told["done"], told["requested_by"]) == ("queued", 0, f"api:{ANN}")
    return str(told["id"])


def test_a_long_range_becomes_a_job_that_the_function_carries_out(account: Account) -> None:
    """GIVEN a range of 200 with one in it WHEN added THEN a job fills the gaps, and tells of every number."""
    body(account.run(API, add({"numbers": ["+4930150"], "site": "Munich"})))
    before = account.number("+4930150")
    name = begun(account)
    [ran] = account.jobs_end()

    told = body(account.run(API, job("acme", name)))
    assert ran.answer["jobs"] == [told]
    assert (told["state"], told["total"], told["done"], told["step"]) == ("finished", 200, 200, 0)
    assert (told["created"], told["existed"], told["failed"], told["cause"]) == (199, 1, 0, "")
    assert account.number("+4930150") == before
    new = account.number("+4930299")
    assert (new.status, new.site, new.created_by) == (Status.AVAILABLE, "Berlin", f"job:{name}")
    assert ran.counted() == {"NumbersCreated": 199, "NumbersExisted": 1, "NumbersNotAdded": 0, "JobsEnded": 1}
    existed = body(account.run(API, outcomes("acme", name, outcome="existed")))
    assert existed == {"outcomes": [{"number": "+4930150", "outcome": "existed"}], "next_cursor": None}


def test_a_long_list_becomes_a_job_however_large_its_body(account: Account) -> None:
    """GIVEN 800 numbers, more than any other body may hold WHEN sent THEN a job adds each once."""
    sent = [f"+49302{number:06d}" for number in range(800)]
    assert len(json.dumps(sent)) > MAX_BODY_BYTES
    name = begun(account, {"numbers": [*sent, sent[0]]})
    account.jobs_end()

    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = body(account.run(API, outcomes("acme", name, limit="300", **cursor)))
        found += [each["number"] for each in page["outcomes"] if each["outcome"] == "created"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == sent


def test_a_job_goes_on_in_the_next_invocation(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN too little time WHEN invoked THEN the next invocation goes on, and what the first one made is told so."""
    name = begun(account, {"first": "100000", "last": "100499"})
    clock = SettableClock(datetime.now(UTC), timedelta(milliseconds=150))
    monkeypatch.setattr(process, "clock", lambda: clock)
    first = account.run(JOBS, account.invocations.taken()[0], seconds_left=30.0, request_id="first")
    assert body(account.run(API, job("acme", name)))["state"] == "queued"
    assert account.inventory.get("acme", "100000") is not None
    ended = account.jobs_end()

    assert first.answer["jobs"][0]["step"] == 1
    told = body(account.run(API, job("acme", name)))
    assert (told["state"], told["created"]) == ("finished", 500)
    assert ended[-1].answer["jobs"] == [told]


def test_an_event_that_comes_twice_does_nothing(account: Account) -> None:
    name = begun(account)
    [event] = account.invocations.taken()
    account.run(JOBS, event)
    again = account.run(JOBS, event, request_id="again")

    assert (again.error, again.answer) == (None, {"jobs": []})
    assert body(account.run(API, job("acme", name)))["created"] == 200


def test_jobs_are_listed_and_belong_to_their_customer(account: Account) -> None:
    first, second = begun(account), begun(account)
    page = body(account.run(API, jobs("acme", limit="1")))
    assert [each["id"] for each in page["jobs"]] == [max(first, second)]
    rest = body(account.run(API, jobs("acme", cursor=page["next_cursor"])))
    assert ([each["id"] for each in rest["jobs"]], rest["next_cursor"]) == ([min(first, second)], None)

    assert body(account.run(API, jobs("other"))) == {"jobs": [], "next_cursor": None}
    for asked in (job("other", first), outcomes("other", first), resume("other", first), job("acme", "nothing")):
        assert "has no job" in problem(account.run(API, asked), 404)["detail"]
    problem(account.run(API, jobs("other", cursor=page["next_cursor"])), 400)
    problem(account.run(API, outcomes("acme", first, outcome="lost")), 400)
    problem(account.run(API, outcomes("acme", first, status="Used")), 400)


def test_where_nobody_can_be_woken_the_job_is_stopped_and_says_so(account: Account) -> None:
    """GIVEN Lambda refuses WHEN a job is begun THEN 503, and the job is there as one that did nothing."""
    account.invocations.refused.add("acme")
    problem(account.run(API, add(RANGE)), 503)

    [told] = body(account.run(API, jobs("acme")))["jobs"]
    assert (told["state"], told["done"]) == ("stopped", 0)
    assert "no worker could be woken" in told["cause"]


def test_a_job_that_lost_its_worker_is_resumed(account: Account) -> None:
    name = begun(account)
    account.invocations.taken()
    assert body(account.run(API, resume("acme", name)))["state"] == "queued"
    account.jobs_end()
    assert body(account.run(API, job("acme", name)))["state"] == "finished"


@pytest.mark.parametrize(
    "event",
    [{}, {"customer": "acme", "job": "x"}, {"customer": "acme", "job": "x/y", "step": 0}, {"job": "x", "step": 0}],
)
def test_an_event_that_is_none_is_refused(account: Account, event: object) -> None:
    assert "event" in str(account.refused(JOBS, event))
