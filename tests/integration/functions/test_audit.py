"""The audit function: whose inventory it looks at, what it corrects, how it goes on, and which events it refuses."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from number_inventory.adapters.dynamodb.counters import DynamoCounters
from number_inventory.bootstrap import audits, process
from number_inventory.domain.audit_runs import AuditMode, AuditScope
from number_inventory.domain.counts import Cell, CounterKey, SiteCounter
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import (
    AuditUnderWayError,
    InvalidInputError,
    NotFoundError,
    StorageBusyError,
    StorageRefusedError,
)
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.services.start_audit import StartAudit
from number_inventory.settings import AuditStartSettings
from simulator.server import Simulator
from tests.engines.engine import shared_client
from tests.engines.faults import refusals
from tests.integration.functions.account import AUDIT, WORKER, Account, Ran, batch
from tests.integration.functions.conftest import DOMAIN, NUMBERS
from tests.memory.audits import MemoryAuditWorkers
from tests.memory.clock import SettableClock

YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
PLAN = "0123456789abcdef" * 4


@pytest.fixture
def synced(account: Account, simulator: Simulator) -> Account:
    """A customer whose device was synced: three numbers, all of them right."""
    account.add_device("sbc-1", simulator)
    account.run(WORKER, batch({"customer": "acme", "device": "sbc-1"}))
    return account


@pytest.fixture
def wrong(synced: Account) -> Account:
    """The same, and then somebody wrote numbers past all rules, each wrong in another way."""
    synced.damage(NUMBERS[0], status="Available")
    synced.lose(NUMBERS[1])
    synced.damage(NUMBERS[2], vendor="Microsoft", usage="User")
    synced.put(NumberRecord(customer="acme", number="1", status=Status.COOLING, release_date=YESTERDAY))
    synced.put(NumberRecord(customer="acme", number="2", status=Status.USED, usage=Usage.DEVICE, vendor="AudioCodes"))
    return synced


FOUND = {
    "conflict": 1,
    "missing_number": 1,
    "orphaned": 1,
    "release_overdue": 1,
    "status_mismatch": 1,
}


def audited(account: Account, **event: object) -> dict[str, Any]:
    """The run of one customer's audit, which must come to its end."""
    ran = account.run(AUDIT, {"customer": "acme", **event})
    assert ran.error is None
    [run] = ran.answer["audits"]
    assert run["state"] in {"finished", "refused"}, run
    return dict(run)


def counted(run: dict[str, Any], outcome: str | None = None) -> dict[str, int]:
    """How many findings of each code a run has, of one outcome or of all."""
    counts = {
        code: sum(count for each, count in outcomes.items() if outcome in {None, each})
        for code, outcomes in run["counts"].items()
    }
    return {code: count for code, count in counts.items() if count}


def test_a_report_tells_and_corrects_nothing(wrong: Account) -> None:
    """GIVEN numbers that are wrong in five ways WHEN reported on THEN each is found and none is changed."""
    before = wrong.inventory.get_many("acme", [*NUMBERS, "1", "2"])
    run = audited(wrong, mode="report")

    assert (run["customer"], run["mode"], run["numbers"], run["ended_at"] is not None) == ("acme", "report", 4, True)
    assert counted(run) == FOUND
    assert counted(run, "reported") == {code: 1 for code in FOUND if code != "conflict"}
    assert len(run["checksum"]) == 64
    assert wrong.inventory.get_many("acme", [*NUMBERS, "1", "2"]) == before


def test_what_is_wrong_is_corrected_once(wrong: Account) -> None:
    """GIVEN the same numbers WHEN corrected THEN all are right but the conflict; a second audit finds nothing to do."""
    run = audited(wrong, mode="correct")

    assert counted(run, "corrected") == {code: 1 for code in FOUND if code != "conflict"}
    assert counted(run, "left") == {"conflict": 1}
    for number in NUMBERS[:2]:
        record = wrong.number(number)
        assert (record.status, record.usage, record.vendor) == (Status.USED, Usage.DEVICE, "AudioCodes")
        assert [holder.device for holder in record.holders] == ["sbc-1"]
    assert (wrong.number(NUMBERS[2]).vendor, wrong.number(NUMBERS[2]).status) == ("Microsoft", Status.USED)
    assert (wrong.number("1").status, wrong.number("2").status) == (Status.AVAILABLE, Status.COOLING)
    assert counted(audited(wrong, mode="correct")) == {"conflict": 1}


def test_an_audit_looks_where_it_is_told(wrong: Account) -> None:
    """GIVEN codes or a Site WHEN corrected THEN those findings only are dealt with."""
    assert counted(audited(wrong, mode="correct", codes=["orphaned", "conflict"])) == {"orphaned": 1, "conflict": 1}
    assert wrong.number("1").status is Status.COOLING
    wrong.damage("1", site="berlin")
    assert counted(audited(wrong, mode="correct", site="berlin")) == {"release_overdue": 1}
    assert wrong.number("1").status is Status.AVAILABLE


def test_a_plan_is_corrected_as_it_was_told_or_not_at_all(wrong: Account) -> None:
    """GIVEN a report's plan WHEN the world moved THEN it is refused; WHEN it is the same THEN it is corrected."""
    stale = audited(wrong)["checksum"]
    wrong.damage("1", status="Available")
    refused = audited(wrong, mode="correct", plan=stale)
    assert (refused["state"], counted(refused, "corrected"), refused["plan"]) == ("refused", {}, stale)

    ran = wrong.run(AUDIT, {"mode": "correct", "plan": audited(wrong)["checksum"]})
    [run] = ran.answer["audits"]
    assert (run["customer"], run["state"]) == ("acme", "finished")
    assert counted(run, "corrected") == {"status_mismatch": 1, "missing_number": 1, "orphaned": 1}


def test_what_only_silence_speaks_for_is_left_and_told(wrong: Account, simulator: Simulator) -> None:
    """GIVEN a number that nobody holds and a device that is down WHEN corrected THEN it stays as it is, unproven."""
    simulator.devices["sbc-1"].arm("unreachable")
    wrong.run(WORKER, batch({"customer": "acme", "device": "sbc-1"}), seconds_left=20)
    run = audited(wrong, mode="correct")

    assert counted(run, "unproven") == {"orphaned": 1}
    assert wrong.number("2").status is Status.USED


def test_a_proof_is_too_old_after_the_hours_that_are_set(wrong: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a device synced three hours ago WHEN proofs are good for two THEN nothing is freed; for four, it is."""
    now = process.clock().now() + timedelta(hours=3)
    monkeypatch.setattr(process, "clock", lambda: _Clock(lambda: now))
    monkeypatch.setenv("AUDIT_PROOF_HOURS", "2")
    assert counted(audited(wrong, mode="correct"), "unproven") == {"orphaned": 1}
    monkeypatch.setenv("AUDIT_PROOF_HOURS", "4")
    now += timedelta(minutes=5)
    assert counted(audited(wrong, mode="correct"), "corrected") == {"orphaned": 1}


class _Clock:
    """A clock that a test sets."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now


# --- all customers


def test_all_customers_are_handed_over(synced: Account) -> None:
    """GIVEN two customers WHEN the schedule fires THEN each has a run that waits, and a worker is woken for each."""
    synced.add_device("sbc-1", customer="other")
    synced.put(NumberRecord(customer="other", number="1"))
    ran = synced.run(AUDIT, {"mode": "correct"})

    assert [(run["customer"], run["state"], run["mode"]) for run in ran.answer["audits"]] == [
        ("acme", "queued", "correct"),
        ("other", "queued", "correct"),
    ]
    expected = [{"customer": run["customer"], "run": run["id"], "step": 0} for run in ran.answer["audits"]]
    assert synced.invocations.asked == expected
    ended = [run for each in synced.audits_end() for run in each.answer["audits"]]
    assert [(run["customer"], run["state"], run["numbers"], run["requested_by"]) for run in ended] == [
        ("acme", "finished", 3, "schedule"),
        ("other", "finished", 1, "schedule"),
    ]


def test_the_only_customer_is_audited_at_once(synced: Account) -> None:
    """GIVEN one customer with a device WHEN the schedule fires THEN nobody else is woken: it is audited here."""
    [run] = synced.run(AUDIT, {"mode": "correct"}).answer["audits"]

    assert (run["customer"], run["state"], run["requested_by"]) == ("acme", "finished", "schedule")
    assert synced.invocations.asked == []


def test_a_customer_whose_devices_are_gone_is_audited_still(synced: Account) -> None:
    """GIVEN a customer that was audited WHEN it has no enabled device any more THEN the schedule still audits it."""
    audited(synced)
    synced.devices.set_enabled(DeviceKey("acme", "sbc-1"), enabled=False)
    [run] = synced.run(AUDIT, {}).answer["audits"]

    assert (run["customer"], run["numbers"]) == ("acme", 3)


def test_a_customer_that_never_had_a_device_to_sync_is_audited(account: Account) -> None:
    """GIVEN a customer with numbers, but no device to sync and no earlier audit WHEN all are audited THEN it is."""
    counters = DynamoCounters(shared_client(account.engine), account.tables.history)
    counters.save(SiteCounter(key=CounterKey("acme", ""), cells={Cell("Available", ""): 1}))
    [run] = account.run(AUDIT, {}).answer["audits"]

    assert (run["customer"], run["state"]) == ("acme", "finished")


def test_no_customers(account: Account) -> None:
    """GIVEN no device and no number WHEN the schedule fires THEN there is nothing to audit, and nothing is wrong."""
    ran = account.run(AUDIT, {})

    assert (ran.error, ran.answer) == (None, {"audits": []})


def test_a_customer_without_numbers(account: Account) -> None:
    """GIVEN a customer that has nothing WHEN audited THEN nothing is found."""
    [run] = account.run(AUDIT, {"customer": "nobody"}).answer["audits"]

    assert (run["numbers"], run["counts"], run["state"]) == (0, {}, "finished")


def test_one_bad_customer_stops_no_other(synced: Account) -> None:
    """GIVEN three customers of whom one cannot be started WHEN the schedule fires THEN the others are, and it is told.

    WHEN Lambda tries again THEN the one is started as well, and none of the others twice.
    """
    for customer in ("better", "worse"):
        synced.add_device("sbc-1", customer=customer)
    synced.invocations.refused.add('"better"')
    ran = synced.run(AUDIT, {"mode": "correct"})

    assert isinstance(ran.error, StorageBusyError)
    assert "audits of 1 of 3 customers" in str(ran.error)
    assert "better" in str(ran.error)
    assert [line["customer"] for line in ran.logged if line["level"] == "ERROR"] == ["better"]
    started = synced.invocations.taken()
    assert [event["customer"] for event in started] == ["acme", "worse"]

    synced.invocations.refused.clear()
    again = synced.run(AUDIT, {"mode": "correct"})
    assert again.error is None
    states = {audit["customer"]: audit.get("state", audit.get("under_way")) for audit in again.answer["audits"]}
    assert states == {"acme": started[0]["run"], "better": "queued", "worse": started[1]["run"]}
    # Those that wait for their worker are woken once more: their first event may have been lost.
    assert {event["customer"] for event in synced.invocations.asked} == {"acme", "better", "worse"}
    ended = [run["customer"] for each in synced.audits_end() for run in each.answer["audits"]]
    assert sorted(ended) == ["acme", "better", "worse"]


# --- one at a time


def under_way(account: Account) -> dict[str, Any]:
    """A run of acme's that has begun and has not ended: its worker is at it."""
    start = audits.start_audit(AuditStartSettings.load())
    scope = start.scope(customer="acme", mode=AuditMode.REPORT, site=None, codes=(), plan="")
    run = start(scope, "ann")
    now = process.clock().now()
    assert account.audits.claim("acme", run.id, 0, "another", now=now, until=now + timedelta(minutes=5))
    return account.invocations.taken()[0]


def test_two_audits_of_a_customer_are_one_too_many(synced: Account) -> None:
    """GIVEN an audit under way WHEN its customer is named THEN an error names the run; the schedule passes it by."""
    run = under_way(synced)["run"]
    named = synced.refused(AUDIT, {"customer": "acme"})
    ran = synced.run(AUDIT, {})

    assert isinstance(named, AuditUnderWayError)
    assert run in str(named)
    assert (ran.error, ran.answer) == (None, {"audits": [{"customer": "acme", "under_way": run}]})
    assert synced.invocations.asked == []


def test_a_step_that_another_has_is_no_error(synced: Account) -> None:
    """GIVEN an event that is delivered twice WHEN the second comes THEN it does nothing."""
    event = under_way(synced)
    ran = synced.run(AUDIT, event)

    assert (ran.error, ran.answer) == (None, {"audits": []})
    assert [line["message"] for line in ran.logged] == ["audit has gone on elsewhere"]


def test_a_retry_goes_on_where_the_first_try_failed(wrong: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a database that is busy WHEN a run fails and Lambda tries again THEN the same run comes to its end."""
    client = wrong.inventory._client
    monkeypatch.setattr(process, "dynamodb", lambda: client)
    with refusals(client, "BatchGetItem", "ThrottlingException", times=50):
        first = wrong.run(AUDIT, {"customer": "acme", "mode": "correct"})
    assert isinstance(first.error, StorageBusyError)
    [begun] = wrong.audits.page("acme", 10, None).runs
    assert begun.state == "planning"

    assert isinstance(wrong.run(AUDIT, {"customer": "acme"}, request_id="other").error, AuditUnderWayError)
    [run] = wrong.run(AUDIT, {"customer": "acme", "mode": "correct"}).answer["audits"]
    assert (run["id"], run["state"]) == (begun.id, "finished")
    assert counted(run) == FOUND


def test_an_audit_takes_as_many_invocations_as_it_needs(wrong: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN an audit that its time is not enough for WHEN it hands over THEN the next step goes on, to the same end."""
    ticks = _Ticking()
    monkeypatch.setattr(process, "clock", lambda: ticks)
    first = wrong.run(AUDIT, {"customer": "acme", "mode": "correct"})
    [begun] = first.answer["audits"]
    assert (begun["state"], begun["step"]) == ("correcting", 1)
    assert wrong.invocations.asked == [{"customer": "acme", "run": begun["id"], "step": 1}]
    assert (first.metrics, [line["message"] for line in first.logged]) == ([], ["audit goes on in its next step"])

    ticks.step = timedelta()
    [last] = wrong.audits_end()
    [run] = last.answer["audits"]
    assert (run["id"], run["state"], run["step"]) == (begun["id"], "finished", 1)
    assert counted(run, "corrected") == {code: 1 for code in FOUND if code != "conflict"}


class _Ticking:
    """A clock by which everything takes its time."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self.step = timedelta(seconds=8)

    def now(self) -> datetime:
        self._now += self.step
        return self._now


# --- what goes wrong


@pytest.mark.parametrize(
    ("event", "kind", "named"),
    [
        ({"mode": "repair"}, InvalidInputError, "mode"),
        ({"customer": "Acme Ltd"}, InvalidInputError, "customer"),
        ({"customers": ["acme"]}, InvalidInputError, "customers"),
        ({"codes": ["orphan"]}, InvalidInputError, "codes"),
        ({"plan": PLAN}, InvalidInputError, "plan"),
        ({"run": "20261123T071816-3f9ac2"}, InvalidInputError, "customer"),
        ([], InvalidInputError, "not list"),
        (None, InvalidInputError, "not NoneType"),
        ({"mode": "correct", "plan": PLAN}, NotFoundError, PLAN),
        ({"customer": "acme", "run": "20261123T071816-3f9ac2", "step": 0}, NotFoundError, "20261123T071816-3f9ac2"),
    ],
)
def test_what_makes_no_sense_is_refused(account: Account, event: object, kind: type[Exception], named: str) -> None:
    """GIVEN an event that is malformed, or names what is not there WHEN it arrives THEN the error names the part."""
    error = account.refused(AUDIT, event)

    assert isinstance(error, kind)
    assert named in str(error)


def test_a_table_that_is_gone_stops_the_audit_and_says_so(wrong: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a table that does not exist WHEN audited THEN the run is stopped, told, counted, and the error raised."""
    monkeypatch.setenv("NUMBERS_TABLE", "no-such-table")
    ran = wrong.run(AUDIT, {"customer": "acme"})

    assert isinstance(ran.error, StorageRefusedError)
    assert "acme" in str(ran.error)
    [line] = ran.logged
    assert (line["level"], line["audit"]["state"]) == ("WARNING", "stopped")
    assert "ResourceNotFoundException" in line["audit"]["cause"]
    assert ran.counted()["AuditsStopped"] == 1

    monkeypatch.undo()
    assert counted(audited(wrong)) == FOUND


def test_an_audit_whose_worker_vanished_is_told_by_the_next(wrong: Account) -> None:
    """GIVEN an audit that nobody came back to WHEN the customer is audited again THEN it is ended, told and counted."""
    long_ago = SettableClock(datetime.now(UTC) - timedelta(hours=2))
    start = StartAudit(wrong.audits, MemoryAuditWorkers(), long_ago)
    dead = start.open(AuditScope(customer="acme", mode=AuditMode.REPORT), "ann")
    ran = wrong.run(AUDIT, {"customer": "acme"})

    told = {line["audit"]["id"]: line["audit"] for line in ran.logged if "audit" in line}
    assert len(told) == 2
    assert told[dead.id]["state"] == "stopped"
    assert "without a word" in told[dead.id]["cause"]
    assert (ran.counted()["AuditsStopped"], ran.counted()["AuditsEnded"]) == (1, 2)
    assert wrong.run(AUDIT, {"customer": "acme"}).counted()["AuditsStopped"] == 0


def test_a_record_that_nobody_understands_stops_no_other(wrong: Account) -> None:
    """GIVEN a broken record WHEN corrected THEN it is counted and named, and all others are corrected."""
    wrong.plant_number("3", status={"S": "Retired"})
    ran: Ran = wrong.run(AUDIT, {"customer": "acme", "mode": "correct"})

    [run] = ran.answer["audits"]
    assert (run["state"], run["unreadable"], counted(run)) == ("finished", 1, FOUND)
    assert "number 3 of customer acme" in ran.output
    assert [line["level"] for line in ran.logged if "audit" in line] == ["WARNING"]


def test_a_number_that_left_meanwhile_is_seen_as_it_is(synced: Account, simulator: Simulator) -> None:
    """GIVEN a number that left its device but was not synced yet WHEN corrected THEN the audit waits for the sync."""
    simulator.devices["sbc-1"].unregister([f"4711@{DOMAIN}"])

    assert audited(synced, mode="correct")["counts"] == {}
    synced.run(WORKER, batch({"customer": "acme", "device": "sbc-1"}))
    assert audited(synced, mode="correct")["counts"] == {}
    assert synced.number("4711").status is Status.COOLING
