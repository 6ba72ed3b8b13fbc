"""The KeyedRequests port: a request that has a key is one attempt's at a time, and its answer is kept."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.errors import LeaseLostError
from number_inventory.domain.keyed_requests import KEPT_FOR, Attempt
from number_inventory.ports.keyed_requests import Answered, KeyedRequests, UnderWay
from tests.contract.conftest import Aws, Ports
from tests.contract.made import NOW

SECOND = timedelta(seconds=1)
ANSWER = b'{"statusCode": 200}'


@pytest.fixture
def requests(ports: Ports) -> KeyedRequests:
    return ports.requests


def attempt(holder: str = "first", at: int = 0, name: str = "a" * 64) -> Attempt:
    """An attempt that begins `at` seconds from now and may take 20."""
    begun = NOW + at * SECOND
    return Attempt(name=name, token=f"token of {holder}", begun_at=begun, holder=holder, until=begun + 20 * SECOND)


def begin(requests: KeyedRequests, new: Attempt, content: str = "content") -> Attempt | UnderWay | Answered | None:
    """Begin an attempt at its beginning."""
    return requests.begin(new, content, new.begun_at, new.begun_at + KEPT_FOR)


def test_a_request_is_one_attempts_until_it_is_answered(requests: KeyedRequests) -> None:
    """GIVEN an attempt WHEN the request comes again THEN it is under way, and then it has its answer."""
    first = attempt()
    assert begin(requests, first) == first
    assert begin(requests, attempt("second", 19)) == UnderWay(first.until)
    requests.settle(first, ANSWER)
    assert begin(requests, attempt("second", 19)) == Answered(ANSWER)
    assert begin(requests, attempt("third", 3600)) == Answered(ANSWER)


def test_another_request_under_the_key_is_refused(requests: KeyedRequests) -> None:
    begin(requests, attempt())
    assert begin(requests, attempt("second", 1), "other") is None
    assert begin(requests, attempt("second", 60), "other") is None
    requests.settle(attempt(), ANSWER)
    assert begin(requests, attempt("second", 60), "other") is None
    other = attempt("second", name="b" * 64)
    assert begin(requests, other, "other") == other


def test_who_takes_over_from_the_dead_knows_what_they_were_about(requests: KeyedRequests) -> None:
    """GIVEN an attempt that died WHEN its time is over THEN the next one has its token and what it was to take."""
    first = attempt()
    begin(requests, first)
    requests.intend(first, ["4711", "4712"])
    requests.intend(first, ["4712", "+493"])
    second = attempt("second", 20)
    assert begin(requests, second) == replace(
        second, token=first.token, begun_at=first.begun_at, intended=frozenset({"4711", "4712", "+493"})
    )
    requests.intend(second, ["5"])

    with pytest.raises(LeaseLostError):
        requests.intend(first, ["6"])
    requests.settle(first, b"late")
    requests.let_go(first, NOW)
    assert begin(requests, attempt("third", 21)) == UnderWay(second.until)
    requests.settle(second, ANSWER)
    assert begin(requests, attempt("third", 21)) == Answered(ANSWER)


def test_a_request_that_is_let_go_may_be_carried_out_at_once(requests: KeyedRequests) -> None:
    first = attempt()
    begin(requests, first)
    requests.let_go(first, NOW + SECOND)
    second = attempt("second", 1)
    assert begin(requests, second) == replace(second, token=first.token, begun_at=NOW)
    requests.settle(second, ANSWER)
    requests.let_go(second, NOW + 2 * SECOND)
    assert begin(requests, attempt("third", 2)) == Answered(ANSWER)


def test_an_attempt_that_begins_twice_is_the_same(requests: KeyedRequests) -> None:
    """GIVEN an answer of the database that was lost WHEN asked again THEN the attempt is no stranger to itself."""
    first = attempt()
    begin(requests, first)
    assert begin(requests, first) == first


def test_a_day_later_the_key_is_new(requests: KeyedRequests) -> None:
    """GIVEN an answer that nobody has deleted yet WHEN its time is over THEN any request may have the key."""
    begin(requests, attempt())
    requests.settle(attempt(), ANSWER)
    day = int(KEPT_FOR.total_seconds())
    assert begin(requests, attempt("second", day - 1)) == Answered(ANSWER)
    later = attempt("second", day)
    assert begin(requests, later, "other") == later


def test_of_simultaneous_attempts_one_carries_it_out(database: Aws) -> None:
    """GIVEN a request that died WHEN twelve take it over at once THEN one has it, and the others wait."""
    begin(database.requests, attempt())
    with ThreadPoolExecutor(12) as pool:
        begun = list(pool.map(lambda n: begin(database.requests, attempt(f"next-{n}", 30)), range(12)))
    assert sum(isinstance(each, Attempt) for each in begun) == 1
    assert sum(isinstance(each, UnderWay) for each in begun) == 11


def test_a_request_is_forgotten_in_time(aws: Aws) -> None:
    begin(aws.requests, attempt())
    [item] = aws.client.scan(TableName=aws.tables.requests)["Items"]
    assert item["expires_at"]["N"] == str(int((NOW + KEPT_FOR).timestamp()))
