"""The dispatcher: who gets a turn, and which events it refuses."""

import pytest

from number_inventory.domain.errors import InvalidInputError, NotFoundError, StorageBusyError, StorageRefusedError
from tests.integration.functions.account import DISPATCHER, Account


@pytest.fixture
def three(account: Account) -> Account:
    """An account with two customers, three enabled devices and a disabled one."""
    account.add_device("sbc-1")
    account.add_device("sbc-2")
    account.add_device("sbc-1", customer="other")
    account.add_device("sbc-9", enabled=False)
    return account


@pytest.mark.parametrize(
    ("event", "asked_for"),
    [
        ({}, ["acme/sbc-1", "acme/sbc-2", "other/sbc-1"]),
        ({"customer": "acme"}, ["acme/sbc-1", "acme/sbc-2"]),
        ({"customer": "nobody"}, []),
        ({"customer": "other", "device": "sbc-1"}, ["other/sbc-1"]),
    ],
)
def test_enabled_devices_get_their_turn(three: Account, event: dict[str, str], asked_for: list[str]) -> None:
    """GIVEN devices of two customers WHEN all, a customer's or one are dispatched THEN exactly those are queued."""
    ran = three.run(DISPATCHER, event)

    assert ran.answer == {"queued": len(asked_for)}
    assert [f"{body['customer']}/{body['device']}" for body in three.queued()] == asked_for


def test_more_devices_than_a_batch_holds(account: Account) -> None:
    """GIVEN 23 devices WHEN they are dispatched THEN there are 23 messages: SQS takes ten a request."""
    for place in range(23):
        account.add_device(f"sbc-{place}")

    assert account.run(DISPATCHER, {}).answer == {"queued": 23}
    assert len(account.queued()) == 23


def test_no_devices(account: Account) -> None:
    """GIVEN no device WHEN the schedule fires THEN nothing is queued and nothing is wrong."""
    ran = account.run(DISPATCHER, {})

    assert (ran.answer, ran.error) == ({"queued": 0}, None)


def test_a_schedule_delivered_twice_asks_twice(three: Account) -> None:
    """GIVEN a schedule that fires twice WHEN both are run THEN each device is asked for twice, which does no harm."""
    three.run(DISPATCHER, {})
    three.run(DISPATCHER, {})

    assert len(three.queued()) == 6


def test_an_unknown_device_is_named(three: Account) -> None:
    """GIVEN a device that is not there WHEN it is dispatched THEN the error names it and nothing is queued."""
    error = three.refused(DISPATCHER, {"customer": "acme", "device": "sbc-7"})

    assert isinstance(error, NotFoundError)
    assert "acme" in str(error)
    assert "sbc-7" in str(error)
    assert three.queued() == []


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ([], "JSON object, not list"),
        ([{}], "JSON object, not list"),
        (None, "JSON object, not NoneType"),
        ("{}", "JSON object, not str"),
        (7, "JSON object, not int"),
        ({"device": "sbc-1"}, "'customer' is missing"),
        ({"device": "sbc-1", "customer": None}, "'customer' is missing"),
        ({"customers": "acme"}, "customers"),
        ({"customer": "acme", "devise": "sbc-1"}, "devise"),
        ({"customer": 7}, "customer"),
        ({"customer": ["acme"]}, "customer"),
        ({"customer": ""}, "customer"),
        ({"customer": "Acme"}, "customer"),
        ({"customer": "#global"}, "customer"),
        ({"customer": "a" * 64}, "customer"),
        ({"customer": "acme", "device": "sbc#1"}, "device"),
        ({"customer": "acme", "device": "../sbc-1"}, "device"),
        ({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}, "detail-type"),
    ],
)
def test_malformed_events_are_refused(three: Account, event: object, named: str) -> None:
    """GIVEN an event that makes no sense WHEN it arrives THEN the error names the part, and nobody gets a turn."""
    error = three.refused(DISPATCHER, event)

    assert isinstance(error, InvalidInputError)
    assert str(error).startswith("event: ")
    assert named in str(error)
    assert three.queued() == []


def test_the_longest_names_are_taken(account: Account) -> None:
    """GIVEN names of 63 characters WHEN their device is dispatched THEN it is queued."""
    account.add_device("d" * 63, customer="c" * 63)

    assert account.run(DISPATCHER, {"customer": "c" * 63, "device": "d" * 63}).answer == {"queued": 1}


def test_a_queue_that_is_gone_fails_the_run(three: Account) -> None:
    """GIVEN a queue that does not exist WHEN the schedule fires THEN the run fails, so that the schedule tells."""
    three.sqs.delete_queue(QueueUrl=three.queue_url)

    assert isinstance(three.refused(DISPATCHER, {}), StorageRefusedError)


def test_a_busy_queue_fails_the_run_and_names_devices(three: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a queue that nothing answers for WHEN the schedule fires THEN the run fails as one to try again."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")

    error = three.refused(DISPATCHER, {})

    assert isinstance(error, StorageBusyError)
    assert "3 of 3 syncs" in str(error)
    assert "acme/sbc-1" in str(error)
