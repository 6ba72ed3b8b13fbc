"""What became of a number, over the API: change by change, as of an instant, and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from number_inventory.adapters.dynamodb.counters import DynamoCounters
from number_inventory.adapters.dynamodb.history import DynamoHistory
from number_inventory.domain.numbers import NumberRecord, Status, first_version
from number_inventory.services.count_numbers import CountChanges
from tests.engines.engine import shared_client
from tests.integration.functions.account import API, Account
from tests.integration.functions.api_requests import request
from tests.integration.functions.conftest import RETENTION
from tests.integration.functions.test_api_lookup import body, problem
from tests.memory.history import change_of

NUMBER = "+4930100"
_ONE = "/customers/{customer}/numbers/{number}"
BORN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=9)


def ask(what: str, number: str = NUMBER, customer: str = "acme", **query: str | list[str]) -> dict[str, Any]:
    """A request for what became of a number."""
    return request(_ONE + what, {"customer": customer, "number": number}, query)


@pytest.fixture
def life(account: Account) -> list[NumberRecord]:
    """A number that was added nine days ago, and given to one after the other, a day each; its history is whole."""
    first = NumberRecord(
        customer="acme", number=NUMBER, created_at=BORN, created_by="api:ann", updated_at=BORN, updated_by="api:ann"
    )
    states = [replace(first, version=first_version(first))]
    for day, assignee in enumerate(("bob", "eve", "sue"), start=1):
        changed = replace(states[-1], status=Status.USED, assigned_to=assignee, updated_at=BORN + timedelta(days=day))
        states.append(replace(changed, version=states[-1].version + 1, updated_by="operator:joe", reason="assigned"))
    account.put(replace(states[-1], version=0))
    shared_client(account.engine).update_item(
        TableName=account.tables.numbers,
        Key={"customer": {"S": "acme"}, "number": {"S": NUMBER}},
        UpdateExpression="SET version = :last",
        ExpressionAttributeValues={":last": {"N": str(states[-1].version)}},
    )
    history = DynamoHistory(shared_client(account.engine), account.tables.history, RETENTION)
    pairs = zip([None, *states], states, strict=False)
    history.record([change_of(*pair, index, BORN + timedelta(days=index - 1)) for index, pair in enumerate(pairs, 1)])
    return states


def test_history_goes_page_by_page_newest_first(account: Account, life: list[NumberRecord]) -> None:
    """GIVEN a number WHEN its history is read by cursors THEN it is all there, once, each with both its sides."""
    found: list[dict[str, Any]] = []
    query: dict[str, str] = {"limit": "3"}
    while True:
        page = body(account.run(API, ask("/history", **query)))
        found += page["changes"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert [change["version"] for change in found] == [state.version for state in life[::-1]]
    assert [change["kind"] for change in found] == ["assigned", "assigned", "assigned", "created"]
    assert (found[0]["by"], found[0]["reason"], found[0]["changed"]) == ("operator:joe", "assigned", ["assigned_to"])
    assert (found[0]["before"]["assigned_to"], found[0]["after"]["assigned_to"]) == ("eve", "sue")
    assert found[-1]["before"] is None
    assert found[-1]["id"].startswith(f"acme/{NUMBER}/{life[0].version}-")


def test_number_is_shown_as_of_an_instant(account: Account, life: list[NumberRecord]) -> None:
    for day, assignee in enumerate(("", "bob", "eve", "sue")):
        at = BORN + timedelta(days=day, hours=23)
        shown = body(account.run(API, ask("", as_of=at.isoformat())))
        assert (shown["assigned_to"], shown["version"]) == (assignee, life[day].version)
    told = problem(account.run(API, ask("", as_of=(BORN - timedelta(seconds=1)).isoformat())), 404)
    assert "had no number" in told["detail"]


@pytest.mark.parametrize(
    ("as_of", "why"),
    [
        ("2999-01-01T00:00:00Z", "future"),
        ("2001-01-01T00:00:00Z", "lies before what the history has"),
        ("2026-01-01", "RFC 3339"),
        ("1700000000", "RFC 3339"),
        ("", "RFC 3339"),
    ],
)
def test_instants_that_cannot_be_answered_are_refused(
    account: Account, life: list[NumberRecord], as_of: str, why: str
) -> None:
    told = problem(account.run(API, ask("", as_of=as_of)), 400)
    assert [error["field"] for error in told["errors"]] == ["as_of"]
    assert why in told["detail"] or "timezone" in told["detail"]


def test_explanation_says_all_in_sentences_and_in_fields(account: Account, life: list[NumberRecord]) -> None:
    account.macros.put("acme", "number_inventory_cooling_enabled", "true")
    told = body(account.run(API, ask("/explain")))
    assert (told["status"], told["version"], told["history_caught_up"]) == ("Used", life[-1].version, True)
    assert told["cause"]["kind"] == "assigned"
    assert told["cause"]["by"] == {"kind": "operator", "name": "joe", "sync": None}
    assert told["setting"]["name"] == "number_inventory_cooling_duration_days"
    assert (told["setting"]["value"], told["setting"]["origin"], told["setting"]["days"]) == ("30", "default", 30)
    assert (told["next"]["status"], told["next"]["at"]) == ("Cooling", None)
    for sentence in (told["sentence"], told["cause"]["sentence"], told["next"]["sentence"], told["history"]):
        assert sentence.endswith(".")


def test_explanation_without_the_latest_history_says_so(account: Account, life: list[NumberRecord]) -> None:
    account.damage(NUMBER, description="x")
    client = shared_client(account.engine)
    client.update_item(
        TableName=account.tables.numbers,
        Key={"customer": {"S": "acme"}, "number": {"S": NUMBER}},
        UpdateExpression="SET version = :more",
        ExpressionAttributeValues={":more": {"N": str(life[-1].version + 1)}},
    )
    told = body(account.run(API, ask("/explain")))
    assert told["history_caught_up"] is False
    assert "has not caught up" in told["history"]
    assert told["cause"]["kind"] is None


@pytest.mark.parametrize("what", ["", "/history", "/explain"])
def test_nothing_crosses_customers_and_nothing_unknown_is_passed_over(
    account: Account, life: list[NumberRecord], what: str
) -> None:
    query = {} if what else {"as_of": BORN.isoformat()}
    assert problem(account.run(API, ask(what, customer="other", **query)), 404)
    assert problem(account.run(API, ask(what, number="4712", **query)), 404)
    assert problem(account.run(API, ask(what, since="x", **query)), 400)["errors"][0]["field"] == "since"
    assert problem(account.run(API, ask(what, number="x", **query)), 400)


def test_cursor_of_another_number_is_refused(account: Account, life: list[NumberRecord]) -> None:
    cursor = body(account.run(API, ask("/history", limit="1")))["next_cursor"]
    assert problem(account.run(API, ask("/history", number="4712", cursor=cursor)), 400)
    assert problem(account.run(API, ask("/history", customer="other", cursor=cursor)), 400)


def test_counts_are_told_by_status_vendor_and_site(account: Account) -> None:
    """GIVEN numbers in two Sites, of two vendors WHEN counted THEN by each, with filters, and nobody else's."""
    used = {"status": Status.USED, "vendor": "Microsoft"}
    numbers: list[NumberRecord] = [
        NumberRecord(customer="acme", number="1", version=1),
        NumberRecord(customer="acme", number="2", version=1, site="Berlin"),
        NumberRecord(customer="acme", number="3", version=1, site="Berlin", **used),  # type: ignore[arg-type]
        NumberRecord(customer="other", number="1", version=1, site="Berlin"),
    ]
    client = shared_client(account.engine)
    history = DynamoHistory(client, account.tables.history, RETENTION)
    CountChanges(history, DynamoCounters(client, account.tables.history))(
        [change_of(None, number, index, BORN) for index, number in enumerate(numbers)]
    )

    def counted(customer: str = "acme", **query: str | list[str]) -> Any:  # noqa: ANN401 - JSON
        return body(account.run(API, request("/customers/{customer}/counts", {"customer": customer}, query)))

    told = counted()
    assert (told["customer"], told["total"], told["utilisation_percent"]) == ("acme", 3, 33.3)
    assert {status: count for status, count in told["by_status"].items() if count} == {"Available": 2, "Used": 1}
    assert {site: tally["total"] for site, tally in told["by_site"].items()} == {"": 1, "Berlin": 2}
    assert told["by_vendor"]["Microsoft"]["utilisation_percent"] == 100
    assert counted(site="Berlin")["total"] == 2
    assert counted(site="Berlin", vendor="")["total"] == 1
    assert (counted("nobody")["total"], counted("nobody")["utilisation_percent"]) == (0, None)
    for query in ({"status": "Used"}, {"site": "x" * 201}):
        assert problem(account.run(API, request("/customers/{customer}/counts", {"customer": "acme"}, {**query})), 400)
