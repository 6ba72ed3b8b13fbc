"""The release function: what it releases, what it reports, and which events it refuses."""

from datetime import UTC, datetime, timedelta

import pytest

from number_inventory.domain.errors import InvalidInputError, StorageBusyError, StorageRefusedError
from number_inventory.domain.numbers import NumberRecord, Status
from tests.engines.faults import refusals
from tests.integration.functions.account import RELEASE, Account

NOW = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = NOW - timedelta(days=400)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def cooling(number: str, until: datetime, customer: str = "acme") -> NumberRecord:
    """A number that cools."""
    return NumberRecord(
        customer=customer, number=number, status=Status.COOLING, release_date=until, cooling_since=until - 2 * DAY
    )


@pytest.fixture
def four(account: Account) -> Account:
    """Two numbers that are due, one of them for 400 days, one that is due tomorrow, and one of another customer."""
    account.put(
        cooling("1001", NOW - timedelta(seconds=1)),
        cooling("1002", LONG_AGO),
        cooling("1003", NOW + DAY),
        cooling("1001", NOW - HOUR, "other"),
    )
    return account


def statuses(account: Account) -> dict[str, str]:
    """The Status of the four numbers."""
    found = {f"acme/{number}": str(account.number(number).status) for number in ("1001", "1002", "1003")}
    return found | {"other/1001": str(account.number("1001", "other").status)}


def test_what_is_due_becomes_available(four: Account) -> None:
    """GIVEN numbers due since a second and since 400 days WHEN released THEN both are free, and the next is not."""
    ran = four.run(RELEASE, {})

    assert (ran.error, ran.answer["due"], ran.answer["released"], ran.answer["finished"]) == (None, 3, 3, True)
    assert statuses(four) == {
        "acme/1001": "Available",
        "acme/1002": "Available",
        "acme/1003": "Cooling",
        "other/1001": "Available",
    }
    released = four.number("1002")
    assert (released.release_date, released.cooling_since, released.shown_tag(NOW)) == (None, None, "")


def test_release_of_one_customer(four: Account) -> None:
    """GIVEN due numbers of two customers WHEN one's are released THEN the other's stay."""
    assert four.run(RELEASE, {"mode": "release", "customer": "other"}).answer["released"] == 1
    assert statuses(four)["acme/1001"] == "Cooling"


def test_released_twice(four: Account) -> None:
    """GIVEN a schedule that is delivered twice WHEN both are run THEN the second finds nothing and writes nothing."""
    four.run(RELEASE, {})
    before = four.number("1001")
    again = four.run(RELEASE, {})

    assert (again.answer["due"], again.answer["released"]) == (0, 0)
    assert four.number("1001") == before


def test_reservations_lapse_in_their_time(four: Account) -> None:
    """GIVEN reservations that are over, until tomorrow, and without an end WHEN released THEN the first is free."""
    ends = {"2001": NOW - timedelta(seconds=1), "2002": NOW + DAY, "2003": None}
    four.put(
        *(
            NumberRecord(
                customer="acme", number=number, status=Status.RESERVED, reserved_for="bob", reserved_until=until
            )
            for number, until in ends.items()
        )
    )
    ran = four.run(RELEASE, {})

    assert (ran.error, ran.answer["released"], ran.answer["lapsed"], ran.answer["finished"]) == (None, 3, 1, True)
    assert ran.counted() == {"NumbersReleased": 3, "ReservationsLapsed": 1}
    free = four.number("2001")
    assert (free.status, free.reserved_for, free.reserved_until) == (Status.AVAILABLE, "", None)
    assert {four.number(number).status for number in ("2002", "2003")} == {Status.RESERVED}
    assert four.run(RELEASE, {}).answer["lapsed"] == 0


def test_a_report_looks_ahead_and_changes_nothing(four: Account) -> None:
    """GIVEN an instant in two days WHEN reported THEN all are named in the order of their dates, and stay Cooling."""
    as_of = NOW + 2 * DAY
    ran = four.run(RELEASE, {"mode": "report", "as_of": as_of.isoformat()})

    assert ran.answer["due"] == 4
    assert [due["number"] for due in ran.answer["numbers"]] == ["1002", "1001", "1001", "1003"]
    assert ran.answer["numbers"][3] == {
        "customer": "acme",
        "number": "1003",
        "release_date": (NOW + DAY).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    assert set(statuses(four).values()) == {"Cooling"}


def test_a_report_counts_to_the_second(four: Account) -> None:
    """GIVEN a number due at an instant WHEN reported as of that instant and a second before THEN it is in and out."""
    exact, before = NOW + DAY, NOW + DAY - timedelta(seconds=1)

    assert four.run(RELEASE, {"mode": "report", "as_of": exact.isoformat()}).answer["due"] == 4
    assert four.run(RELEASE, {"mode": "report", "as_of": before.isoformat()}).answer["due"] == 3


@pytest.mark.parametrize("spelling", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.500Z", "%Y-%m-%d %H:%M:%S+00:00"])
def test_a_report_takes_any_spelling_of_rfc_3339(four: Account, spelling: str) -> None:
    """GIVEN the same instant as RFC 3339 lets it be spelled WHEN reported THEN the answer is the same."""
    as_of = (NOW + DAY).strftime(spelling)

    assert four.run(RELEASE, {"mode": "report", "as_of": as_of, "customer": "acme"}).answer["due"] == 3


def test_an_offset_counts(four: Account) -> None:
    """GIVEN an instant in another time zone WHEN reported THEN it is that instant, not its digits."""
    elsewhere = (NOW + DAY - HOUR).strftime("%Y-%m-%dT%H:%M:%S-01:00")

    ran = four.run(RELEASE, {"mode": "report", "as_of": elsewhere, "customer": "acme"})

    assert ran.answer["due"] == 3
    assert ran.answer["as_of"] == (NOW + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_report_without_an_instant_is_of_now(four: Account) -> None:
    """GIVEN no `as_of` WHEN reported THEN it names what is due now."""
    assert four.run(RELEASE, {"mode": "report", "customer": "acme"}).answer["due"] == 2


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({"mode": "report", "as_of": "2026-11-25T08:00:00"}, "as_of"),
        ({"mode": "report", "as_of": "2026-11-25"}, "as_of"),
        ({"mode": "report", "as_of": "tomorrow"}, "as_of"),
        ({"mode": "report", "as_of": ""}, "as_of"),
        ({"mode": "report", "as_of": "1795593600"}, "as_of"),
        ({"mode": "report", "as_of": 1795593600}, "as_of"),
        ({"mode": "report", "as_of": "2026-13-01T00:00:00Z"}, "as_of"),
        ({"mode": "report", "as_of": "0001-01-01T00:00:00+14:00"}, "as_of"),
        ({"mode": "report", "as_of": "9999-12-31T23:59:59-14:00"}, "as_of"),
        ({"mode": "release", "as_of": "2026-11-25T08:00:00Z"}, "'as_of' goes with mode 'report' only"),
        ({"as_of": "2036-11-25T08:00:00Z"}, "'as_of' goes with mode 'report' only"),
        ({"mode": "Release"}, "mode"),
        ({"mode": "dry-run"}, "mode"),
        ({"mode": None}, "mode"),
        ({"mdoe": "report"}, "mdoe"),
        ({"customer": "ACME"}, "customer"),
        ({"customer": {"S": "acme"}}, "customer"),
        ([], "not list"),
        ("report", "not str"),
        (None, "not NoneType"),
    ],
)
def test_malformed_events_are_refused(four: Account, event: object, named: str) -> None:
    """GIVEN an event that makes no sense WHEN it arrives THEN the error names the part, and nothing is released."""
    error = four.refused(RELEASE, event)

    assert isinstance(error, InvalidInputError)
    assert str(error).startswith("event: ")
    assert named in str(error)
    assert set(statuses(four).values()) == {"Cooling"}


def test_a_number_in_the_index_that_came_back_is_kept(account: Account) -> None:
    """GIVEN a cooling that a record no longer confirms WHEN released THEN the record decides."""
    account.put(NumberRecord(customer="acme", number="1001", status=Status.USED, release_date=LONG_AGO))

    assert account.run(RELEASE, {}).answer["released"] == 0
    assert account.number("1001").status is Status.USED


def test_numbers_that_cannot_be_written_fail_the_run_after_the_others(
    four: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a table that throttles one write to the end WHEN released THEN the others are, and the run fails, named.

    Moto carries the write out all the same, so there it is a write whose answers were lost.
    """
    client = four.inventory._client
    monkeypatch.setattr("number_inventory.bootstrap.process.dynamodb", lambda: client)
    code = "ProvisionedThroughputExceededException"
    # Two writes at the same time, five tries each: nine refusals are too many for one of them, whichever it is.
    with refusals(client, "UpdateItem", code, times=9):
        ran = four.run(RELEASE, {"customer": "acme"})

    assert isinstance(ran.error, StorageBusyError)
    assert "1 numbers could not be changed (100" in str(ran.error)
    assert ran.counted() == {"NumbersReleased": 1, "ReleaseBacklog": 1, "RunsThrottled": 1}
    four.run(RELEASE, {})
    assert [number for number, status in statuses(four).items() if status == "Cooling"] == ["acme/1003"]


def test_a_table_that_is_gone_fails_the_run(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a table that does not exist WHEN released or reported THEN the error says what could not be read."""
    monkeypatch.setenv("NUMBERS_TABLE", "no-such-table")
    for event in ({}, {"mode": "report"}):
        error = account.refused(RELEASE, event)
        assert isinstance(error, StorageRefusedError)
        assert "due for release" in str(error)


def test_no_time_left_releases_nothing_and_says_so(four: Account) -> None:
    """GIVEN a function that is about to end WHEN released THEN it stops in good order; the next run goes on."""
    ran = four.run(RELEASE, {}, seconds_left=1)

    assert (ran.error, ran.answer["released"], ran.answer["finished"]) == (None, 0, False)
    assert four.run(RELEASE, {}).answer["released"] == 3
