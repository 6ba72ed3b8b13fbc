"""Requests that have a key: carried out once, however often they come and wherever they died."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from number_inventory.domain.commands import Assign
from number_inventory.domain.errors import (
    InvalidInputError,
    InventoryError,
    KeyReusedError,
    RequestUnderWayError,
    StorageBusyError,
)
from number_inventory.domain.keyed_requests import KEPT_FOR, Attempt, RequestName, digest_of, request_key
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.services.answer_once import AnswerOnce, CurrentAttempt
from number_inventory.services.next_available import ClaimAvailable
from tests.memory.clock import SettableClock
from tests.memory.fuse import Fuse, ProcessDiedError
from tests.memory.inventory import MemoryInventory
from tests.memory.keyed_requests import MemoryKeyedRequests

CUSTOMER = "acme"
NAME = RequestName(customer=CUSTOMER, caller="ann", key="k-1")
LEASE = timedelta(seconds=20)
ALICE = Assign("", Usage.USER, "alice")
STOCK = [*map(str, range(4700, 4712)), "4720", "4721", "4722"]


class Desk:
    """A stock of numbers, and claims of three of them under one key."""

    def __init__(self, *, contiguous: bool = False) -> None:
        self.fuse = Fuse()
        self.clock = SettableClock()
        self.inventory = MemoryInventory(self.fuse)
        for number in STOCK:
            self.inventory.put(NumberRecord(customer=CUSTOMER, number=number))
        self.requests = MemoryKeyedRequests(self.fuse)
        self.answer_once = AnswerOnce(self.requests, self.clock)
        self.contiguous = contiguous

    def claim(self, attempt: Attempt) -> tuple[bytes, bool]:
        """Claim three numbers as the API does."""
        take = ClaimAvailable(self.inventory, self.clock, before=CurrentAttempt(self.requests, attempt))
        taken = take(CUSTOMER, 3, "", contiguous=self.contiguous, command=ALICE, by="api:ann")
        return ",".join(record.number for record in taken).encode(), True

    def __call__(self) -> bytes:
        """Send the claim."""
        return self.answer_once(NAME, "three numbers", LEASE, self.claim)

    def alices(self) -> list[str]:
        """The numbers that alice has."""
        records = self.inventory.all().values()
        return sorted(record.number for record in records if record.assigned_to == "alice")


def throttled() -> None:
    """An answer that never came, after all of the client's own retries."""
    raise StorageBusyError("throttled")


@pytest.mark.parametrize("contiguous", [False, True])
@pytest.mark.parametrize("failure", [None, throttled], ids=["dies", "throttled"])
def test_a_claim_that_died_anywhere_gets_its_numbers_and_no_others(
    failure: Callable[[], None] | None, contiguous: bool
) -> None:
    """GIVEN a claim interrupted at any point WHEN sent again THEN three numbers are taken in all, and answered."""
    reference = Desk(contiguous=contiguous)
    reference()
    points = len(reference.fuse.passed)
    assert points > 10

    for point in range(points):
        desk = Desk(contiguous=contiguous)
        desk.fuse.blow_at(point, failure)
        with suppress(ProcessDiedError, InventoryError):
            desk()
        assert not desk.fuse.armed
        label = desk.fuse.passed[point]
        desk.clock.at += LEASE
        answer = desk()

        taken = answer.decode().split(",")
        assert desk.alices() == taken, label
        assert len(taken) == 3, label
        if contiguous:
            assert int(taken[2]) - int(taken[0]) == 2, label
        for number in set(STOCK) - set(taken):
            record = desk.inventory.get(CUSTOMER, number)
            assert record is not None
            assert (record.status, record.assigned_to) == (Status.AVAILABLE, ""), label
        assert desk() == answer, label


def test_an_answer_is_given_again_without_doing_it_again() -> None:
    desk = Desk()
    first = desk()
    assert [desk(), desk()] == [first, first]
    assert len(desk.alices()) == 3
    desk.clock.at += KEPT_FOR
    assert desk() != first, "a day later it is a new request"
    assert len(desk.alices()) == 6


def test_while_a_request_is_carried_out_its_repetition_waits() -> None:
    desk = Desk()
    seen: list[timedelta] = []

    def come() -> None:
        with pytest.raises(RequestUnderWayError) as refused:
            desk()
        seen.append(refused.value.wait)

    desk.fuse.blow_at(4, come)
    desk()
    assert seen == [LEASE]
    assert len(desk.alices()) == 3


def test_a_key_is_for_one_request() -> None:
    desk = Desk()
    desk()
    with pytest.raises(KeyReusedError):
        desk.answer_once(NAME, "four numbers", LEASE, desk.claim)
    assert len(desk.alices()) == 3


@pytest.mark.parametrize(
    "other",
    [
        RequestName(customer="other", caller="ann", key="k-1"),
        RequestName(customer=CUSTOMER, caller="bob", key="k-1"),
        RequestName(customer=CUSTOMER, caller="an", key="nk-1"),
    ],
)
def test_keys_of_others_are_others(other: RequestName) -> None:
    desk = Desk()
    desk()
    assert desk.answer_once(other, "another", LEASE, lambda _attempt: (b"done", True)) == b"done"


def test_an_answer_that_does_not_settle_the_request_is_not_kept() -> None:
    """GIVEN an answer such as 503, or an error WHEN the request comes again THEN it is carried out at once."""
    desk = Desk()
    answers = iter([(b"503", False), (b"200", True)])
    assert desk.answer_once(NAME, "x", LEASE, lambda _attempt: next(answers)) == b"503"

    def fails(_attempt: Attempt) -> tuple[bytes, bool]:
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        desk.answer_once(NAME, "x", LEASE, fails)
    assert desk.answer_once(NAME, "x", LEASE, lambda _attempt: next(answers)) == b"200"
    assert desk.answer_once(NAME, "x", LEASE, fails) == b"200"


def test_what_a_request_begins_has_one_name_in_every_attempt() -> None:
    desk = Desk()
    named: list[str] = []

    def begins(attempt: Attempt) -> tuple[bytes, bool]:
        named.append(CurrentAttempt(desk.requests, attempt).new_id(desk.clock.now()))
        return b"", False

    desk.answer_once(NAME, "x", LEASE, begins)
    desk.clock.at += timedelta(hours=1)
    desk.answer_once(NAME, "x", LEASE, begins)
    assert named[0] == named[1]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "köln", "a\n"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError, match="Idempotency-Key"):
        request_key(key)


def test_digests_tell_where_parts_end() -> None:
    assert digest_of([b"a", b"bc"]) != digest_of([b"ab", b"c"]) != digest_of([b"abc"])
