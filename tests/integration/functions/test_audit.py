"""The audit function: whose inventory it looks at, what it finds, and which events it refuses."""

from datetime import UTC, datetime

import pytest

from number_inventory.domain.errors import InvalidInputError, StorageRefusedError
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage
from tests.integration.functions.account import AUDIT, Account

HELD = (Holder("sbc-1", datetime(2026, 11, 1, tzinfo=UTC), 1),)


def held(number: str, status: Status = Status.USED, usage: Usage = Usage.DEVICE) -> NumberRecord:
    """A number that a device holds, with a Status and Usage of its own."""
    return NumberRecord(customer="acme", number=number, status=status, usage=usage, vendor=AUDIOCODES, holders=HELD)


@pytest.fixture
def wrong(account: Account) -> Account:
    """An inventory with one sound number and two that are wrong, one of them twice."""
    account.add_device("sbc-1")
    account.add_device("sbc-1", customer="other")
    account.put(held("1001"), held("1002", Status.AVAILABLE), held("1003", Status.RESERVED, Usage.NONE))
    return account


def test_findings_are_told_and_nothing_is_corrected(wrong: Account) -> None:
    """GIVEN numbers with a wrong Status or Usage WHEN audited THEN each finding is told, and the numbers stay."""
    before = [wrong.number(number) for number in ("1001", "1002", "1003")]
    ran = wrong.run(AUDIT, {"customer": "acme", "mode": "report"})

    [audit] = ran.answer["audits"]
    assert (audit["customer"], audit["numbers"]) == ("acme", 3)
    assert audit["found"] == {"status_mismatch": 2, "usage_mismatch": 1}
    assert [(finding["number"], finding["code"], finding["before"]) for finding in audit["findings"]] == [
        ("1002", "status_mismatch", "Available"),
        ("1003", "status_mismatch", "Reserved"),
        ("1003", "usage_mismatch", ""),
    ]
    assert "sbc-1" in audit["findings"][0]["evidence"]
    assert [wrong.number(number) for number in ("1001", "1002", "1003")] == before


def test_every_customer_with_a_device_is_audited(wrong: Account) -> None:
    """GIVEN two customers with a device WHEN the schedule fires THEN both are audited, each with its own line."""
    ran = wrong.run(AUDIT, {})

    assert {audit["customer"]: audit["numbers"] for audit in ran.answer["audits"]} == {"acme": 3, "other": 0}
    assert [line["level"] for line in sorted(ran.logged, key=lambda line: line["audit"]["customer"])] == [
        "WARNING",
        "INFO",
    ]
    assert ran.counted() == {"NumbersAudited": 3, "AuditFindings": 3}


def test_a_customer_without_numbers(account: Account) -> None:
    """GIVEN a customer that has nothing WHEN audited THEN nothing is found."""
    [audit] = account.run(AUDIT, {"customer": "nobody"}).answer["audits"]

    assert (audit["numbers"], audit["found"], audit["findings"]) == (0, {}, [])


def test_no_customers(account: Account) -> None:
    """GIVEN no device at all WHEN the schedule fires THEN there is nothing to audit, and nothing is wrong."""
    ran = account.run(AUDIT, {})

    assert (ran.error, ran.answer) == (None, {"audits": []})


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({"mode": "correct"}, "mode"),
        ({"mode": ""}, "mode"),
        ({"customer": "Acme Ltd"}, "customer"),
        ({"customers": ["acme"]}, "customers"),
        ([], "not list"),
        (None, "not NoneType"),
        (3.5, "not float"),
    ],
)
def test_malformed_events_are_refused(account: Account, event: object, named: str) -> None:
    """GIVEN an event that makes no sense WHEN it arrives THEN the error names the part."""
    error = account.refused(AUDIT, event)

    assert isinstance(error, InvalidInputError)
    assert str(error).startswith("event: ")
    assert named in str(error)


def test_a_table_that_is_gone_fails_the_run(wrong: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a table that does not exist WHEN audited THEN the error says whose numbers could not be read."""
    monkeypatch.setenv("NUMBERS_TABLE", "no-such-table")
    error = wrong.refused(AUDIT, {"customer": "acme"})

    assert isinstance(error, StorageRefusedError)
    assert "acme" in str(error)
