"""One id leads from a schedule through the queue to what is written, and stands in every line of the logs between."""

import pytest

from number_inventory.domain.explanation import ActorKind, actor_of
from number_inventory.domain.numbers import NumberRecord, Status
from simulator.server import Simulator
from tests.integration.functions.account import (
    API,
    AUDIT,
    DISPATCHER,
    RELEASE,
    REQUEST_ID,
    WORKER,
    Account,
    Ran,
    batch,
)
from tests.integration.functions.api_requests import lookup
from tests.integration.functions.conftest import NUMBERS
from tests.integration.functions.test_what_runs_say import YESTERDAY

RUN = "d32c5kddcf5bb8c3"
"""As EventBridge Scheduler names an attempt."""

SCHEDULE = {"correlation_id": RUN}


def ids(ran: Ran) -> set[str]:
    """The correlation ids of all lines that a run logged."""
    assert ran.logged
    return {line["correlation_id"] for line in ran.logged}


def test_from_the_schedule_to_the_number(account: Account, simulator: Simulator) -> None:
    """GIVEN a schedule's run WHEN its syncs come off the queue THEN log and numbers have its id, and say who it was."""
    account.add_device("sbc-1", simulator)
    dispatched = account.run(DISPATCHER, SCHEDULE)
    [message] = account.queued()
    synced = account.run(WORKER, batch(message))

    assert message["correlation_id"] == RUN
    assert ids(dispatched) == ids(synced) == {RUN}
    number = account.number(NUMBERS[0])
    [holder] = number.holders
    assert number.updated_by == f"sync:sbc-1#{holder.sync}@{RUN}"
    actor = actor_of(number.updated_by)
    assert (actor.kind, actor.name, actor.sync) == (ActorKind.DEVICE, "sbc-1", holder.sync)


def test_from_the_release_to_the_number(account: Account) -> None:
    """GIVEN a number that is due WHEN the schedule releases it THEN log and number have its id."""
    account.put(NumberRecord(customer="acme", number="1", status=Status.COOLING, release_date=YESTERDAY))
    ran = account.run(RELEASE, SCHEDULE)

    assert ids(ran) == {RUN}
    assert account.number("1").updated_by == f"release@{RUN}"
    assert actor_of(f"release@{RUN}").kind is ActorKind.RELEASE


def test_an_audit_has_the_id_of_its_run(account: Account) -> None:
    """GIVEN a schedule's audit of two customers WHEN they are carried out THEN each has its own id, that of the run."""
    for customer in ("acme", "other"):
        account.add_device("sbc-1", customer=customer)
    asked = account.run(AUDIT, {**SCHEDULE, "mode": "correct"})
    runs = [audit["id"] for audit in asked.answer["audits"]]

    assert ids(asked) == {RUN}
    assert [ids(each) for each in account.audits_end()] == [{run} for run in runs]


@pytest.mark.parametrize("said", [None, "<aws.scheduler.execution-id>", "a_b==", "x" * 65])
def test_without_a_schedule_it_is_the_invocations(account: Account, said: str | None) -> None:
    """GIVEN a run by hand, or a scheduler that says no id, WHEN run after another THEN it has its own id."""
    account.add_device("sbc-1")
    account.run(DISPATCHER, SCHEDULE)
    account.queued()

    event = {"correlation_id": said} if said else {}
    assert ids(account.run(DISPATCHER, event)) == {REQUEST_ID}
    assert [message["correlation_id"] for message in account.queued()] == [REQUEST_ID]


def test_a_message_that_makes_no_sense_has_no_others_id(account: Account, simulator: Simulator) -> None:
    """GIVEN a message behind one of a schedule WHEN it is malformed THEN its line has the invocation's id."""
    account.add_device("sbc-1", simulator)
    good = {"customer": "acme", "device": "sbc-1", **SCHEDULE}
    ran = account.run(WORKER, batch(good, {**good, "device": "", "correlation_id": "other"}))

    assert [line["correlation_id"] for line in ran.logged] == [RUN, REQUEST_ID]


def test_a_request_has_the_id_that_its_caller_got(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a request that fails WHEN its log is read THEN it has the id that API Gateway told the caller."""
    monkeypatch.setenv("NUMBERS_TABLE", "no-such-table")
    event = lookup("acme", "4711")
    event["requestContext"] = {**event.get("requestContext", {}), "requestId": "c6af9ac6-7b61-11e6"}
    ran = account.run(API, event)

    assert ids(ran) == {"c6af9ac6-7b61-11e6"}
