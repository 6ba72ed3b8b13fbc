"""The function that keeps what becomes of numbers, on batches as Lambda hands them over."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from number_inventory.adapters.dynamodb.change_items import change_item
from number_inventory.adapters.dynamodb.counters import DynamoCounters
from number_inventory.adapters.dynamodb.history import DynamoHistory
from number_inventory.adapters.dynamodb.number_items import number_item
from number_inventory.bootstrap import histories, process
from number_inventory.domain.changes import ChangeKind, Unreadable
from number_inventory.domain.errors import InvalidInputError, StorageBusyError
from number_inventory.domain.numbers import NumberRecord
from tests.contract.made import NOW, cooling, record, used
from tests.engines.engine import shared_client
from tests.engines.faults import refusals
from tests.integration.functions.account import Account
from tests.integration.functions.conftest import RETENTION

FUNCTION = "functions.record_history.handler"


class Bus:
    """Stands in for EventBridge: takes all but the events of `deaf` numbers."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.deaf: set[str] = set()

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's own name
        details = [json.loads(entry["Detail"]) for entry in Entries]
        self.told += [detail for detail in details if detail["number"] not in self.deaf]
        return {
            "Entries": [{"ErrorCode": "x"} if each["number"] in self.deaf else {"EventId": "y"} for each in details]
        }


@pytest.fixture
def bus(account: Account, monkeypatch: pytest.MonkeyPatch) -> Bus:
    """A bus, a queue of dead letters, and no waits."""
    taken = Bus()
    letters = account.sqs.create_queue(QueueName="history-dead")["QueueUrl"]
    monkeypatch.setenv("EVENT_BUS", "numbers")
    monkeypatch.setenv("HISTORY_DEAD_LETTERS_URL", letters)
    monkeypatch.setattr(account.engine.session(), "events", lambda: taken)
    monkeypatch.setattr("number_inventory.adapters.eventbridge.pause", lambda _: 0.0)
    histories.record_history.cache_clear()
    return taken


def streamed(before: NumberRecord | None, after: NumberRecord | None, sequence: int) -> dict[str, Any]:
    """One record of the stream, as Lambda hands it over."""
    images = {"OldImage": before, "NewImage": after}
    known = after or before
    assert known is not None
    data: dict[str, Any] = {name: number_item(each, each.version) for name, each in images.items() if each}
    keys = {"customer": {"S": known.customer}, "number": {"S": known.number}}
    data |= {"Keys": keys, "SequenceNumber": str(sequence), "ApproximateCreationDateTime": NOW.timestamp()}
    return {"eventID": str(sequence), "eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": data}


def kept(account: Account, number: str = "4711") -> list[ChangeKind]:
    """What the history says of a number, as it happened."""
    history = DynamoHistory(shared_client(account.engine), account.tables.history, RETENTION)
    return [change.kind for change in history.page("acme", number, 100, None).changes][::-1]


def letters(account: Account) -> list[dict[str, Any]]:
    """What waits for a person."""
    url = account.sqs.get_queue_url(QueueName="history-dead")["QueueUrl"]
    messages = account.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


ADDED, USED, COOLS = replace(record(), version=1), replace(used(), version=2), replace(cooling(), version=3)
BATCH = [streamed(None, ADDED, 101), streamed(ADDED, USED, 102), streamed(USED, COOLS, 103)]


def test_batch_is_recorded_told_and_counted(account: Account, bus: Bus) -> None:
    ran = account.run(FUNCTION, {"Records": [*BATCH, streamed(COOLS, replace(COOLS, version=4, tag="x"), 104)]})
    assert ran.answer == {"batchItemFailures": []}
    assert kept(account) == [ChangeKind.CREATED, ChangeKind.REGISTERED, ChangeKind.COOLED, ChangeKind.EDITED]
    assert [detail["id"] for detail in bus.told] == ["acme/4711/1-101", "acme/4711/2-102", "acme/4711/3-103"]
    assert ran.counted() == {"ChangesRecorded": 4, "EventsPublished": 3}


def test_batch_that_comes_again_in_another_cut_changes_nothing(account: Account, bus: Bus) -> None:
    account.run(FUNCTION, {"Records": BATCH[:2]})
    account.run(FUNCTION, {"Records": BATCH[1:]})
    account.run(FUNCTION, {"Records": BATCH})
    assert kept(account) == [ChangeKind.CREATED, ChangeKind.REGISTERED, ChangeKind.COOLED]
    assert len({detail["id"] for detail in bus.told}) == 3


POISON: dict[str, Any] = {
    "no record": "x",
    "no keys": {"dynamodb": {"SequenceNumber": "105"}},
    "no image": {"dynamodb": {**BATCH[0]["dynamodb"], "NewImage": None}},
    "no sequence": {"dynamodb": {**BATCH[0]["dynamodb"], "SequenceNumber": "x"}},
    "an odd attribute": {"dynamodb": {**BATCH[0]["dynamodb"], "NewImage": {"status": "x"}}},
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_poisoned_record_is_kept_for_a_person_and_stops_nothing(account: Account, bus: Bus, poison: object) -> None:
    """GIVEN a record that is none of a number's WHEN its batch comes THEN it is a dead letter, the others are done."""
    ran = account.run(FUNCTION, {"Records": [BATCH[0], poison, *BATCH[1:]]})
    assert ran.answer == {"batchItemFailures": []}
    assert kept(account) == [ChangeKind.CREATED, ChangeKind.REGISTERED, ChangeKind.COOLED]
    [letter] = letters(account)
    assert letter["record"] == poison
    assert letter["cause"].startswith("record: ")
    assert ran.counted()["RecordsPoisoned"] == 1
    assert [line["cause"] for line in ran.logged if line["level"] == "WARNING"] == [letter["cause"]]


def test_dead_letter_that_is_too_long_is_kept_in_part(account: Account, bus: Bus) -> None:
    account.run(FUNCTION, {"Records": [{"dynamodb": {"SequenceNumber": "1", "noise": "x" * 300_000}}]})
    [letter] = letters(account)
    assert letter["cut"].startswith('{"cause": "record: ')
    assert len(letter["cut"]) == 30_000


def test_broken_number_is_recorded_as_it_stands(account: Account, bus: Bus) -> None:
    """GIVEN a number that another hand spoilt, with bytes in it WHEN it changes THEN its history has that."""
    spoilt = streamed(USED, replace(USED, version=3), 103)
    image = spoilt["dynamodb"]["NewImage"]
    image |= {
        "status": {"S": "Lost"},
        "blob": {"L": [{"B": b64encode(b"\0x").decode()}, {"M": {"a": {"BS": ["eA=="]}}}]},
    }
    ran = account.run(FUNCTION, {"Records": [spoilt]})
    assert ran.counted()["ChangesUnreadable"] == 1
    history = DynamoHistory(shared_client(account.engine), account.tables.history, RETENTION)
    [change] = history.page("acme", "4711", 10, None).changes
    assert change.kind is ChangeKind.UNREADABLE
    assert isinstance(change.after, Unreadable)
    stored: Any = change.after.stored
    assert stored["blob"] == {"L": [{"B": b"\0x"}, {"M": {"a": {"BS": [b"x"]}}}]}
    assert change_item(change, RETENTION)["after"]["M"] == stored


@pytest.mark.parametrize(
    ("date", "kind"),
    [("2026-03-05T12:00:00.5Z", ChangeKind.COOLED), ("9999-12-31T23:59:59-14:00", ChangeKind.UNREADABLE)],
)
def test_release_date_of_another_hand_keeps_no_history_waiting(
    account: Account, bus: Bus, date: str, kind: ChangeKind
) -> None:
    """GIVEN a Release Date as only another hand writes it WHEN its batch comes THEN all of it is recorded."""
    odd = streamed(COOLS, replace(COOLS, version=4), 104)
    odd["dynamodb"]["NewImage"]["release_at"] = {"S": date}
    ran = account.run(FUNCTION, {"Records": [*BATCH[:2], odd, streamed(None, replace(used("+4989"), version=1), 105)]})
    assert ran.answer == {"batchItemFailures": []}
    assert kept(account)[-1] is kind
    assert kept(account, "+4989") == [ChangeKind.CREATED]
    assert letters(account) == []


def test_spoilt_counter_keeps_no_history_waiting(account: Account, bus: Bus) -> None:
    """GIVEN a counter that another hand spoilt WHEN numbers change THEN it is reported, and all are recorded."""
    client, table = shared_client(account.engine), account.tables.history
    spoilt: Any = {"number": {"S": "acme"}, "change": {"S": "count#"}, "version": {"N": "1"}, "cells": {"S": "x"}}
    client.put_item(TableName=table, Item=spoilt)
    elsewhere = replace(record(), version=1, customer="beta")
    ran = account.run(FUNCTION, {"Records": [*BATCH, streamed(None, elsewhere, 104)]})
    assert ran.answer == {"batchItemFailures": []}
    assert len(kept(account)) == 3
    assert "counter of site '' of customer acme" in ran.output
    assert client.get_item(TableName=table, Key={name: spoilt[name] for name in ("number", "change")})["Item"] == spoilt
    [counted] = DynamoCounters(client, table).of_customer("beta")
    assert sum(counted.cells.values()) == 1


def test_events_that_are_not_taken_come_again(account: Account, bus: Bus) -> None:
    """GIVEN a bus that takes no event of one number WHEN a batch comes THEN that one comes again, and then is told."""
    other = replace(used("+4989"), version=2)
    batch = [streamed(None, ADDED, 100), streamed(None, other, 101), streamed(ADDED, replace(USED, tag="x"), 102)]
    bus.deaf = {"+4989"}
    assert account.run(FUNCTION, {"Records": batch}).answer == {"batchItemFailures": [{"itemIdentifier": "101"}]}
    assert kept(account, "+4989") == [ChangeKind.CREATED], "the history does not wait for the event"

    # All of a batch: as an error, which is tried again even where answers are not looked into.
    assert isinstance(account.refused(FUNCTION, {"Records": batch[1:]}), StorageBusyError)
    bus.deaf = set()
    assert account.run(FUNCTION, {"Records": batch[1:]}).answer == {"batchItemFailures": []}
    assert {detail["id"] for detail in bus.told} == {"acme/4711/1-100", "acme/+4989/2-101", "acme/4711/2-102"}


def test_batch_that_the_database_does_not_take_comes_again_untold(
    account: Account, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a busy database WHEN a batch comes THEN it is an error, nothing is told, and the next try does all."""
    client = shared_client(account.engine)
    monkeypatch.setattr(process, "dynamodb", lambda: client)
    with refusals(client, "BatchWriteItem", "ThrottlingException", times=5):
        assert isinstance(account.refused(FUNCTION, {"Records": BATCH}), StorageBusyError)
    assert bus.told == []
    account.run(FUNCTION, {"Records": BATCH})
    assert len(kept(account)) == len(bus.told) == 3


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"Records": "x"}])
def test_what_is_no_batch_is_refused(account: Account, bus: Bus, event: object) -> None:
    assert isinstance(account.refused(FUNCTION, event), InvalidInputError)


def test_lost_queue_of_dead_letters_loses_no_record(account: Account, bus: Bus) -> None:
    """GIVEN a queue that takes nothing WHEN a poisoned record comes THEN the batch comes again."""
    with refusals(account.sqs, "SendMessage", "AccessDenied"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(account.engine.session(), "sqs", lambda: account.sqs)
        histories.history_dead_letters.cache_clear()
        ran = account.run(FUNCTION, {"Records": ["x", *BATCH]})
    assert ran.error is not None
    assert not isinstance(ran.error, ClientError)
