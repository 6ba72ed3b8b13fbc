"""What a run says of itself: one structured summary line, and metrics in CloudWatch's embedded format."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from simulator.server import Simulator
from tests.integration.functions.account import AUDIT, DISPATCHER, RELEASE, WORKER, Account, Context, Ran, batch
from tests.integration.functions.conftest import DOMAIN

YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


def summary(ran: Ran, service: str, message: str) -> dict[str, Any]:
    """The one line of a run; checks what every line has."""
    assert ran.error is None
    [line] = ran.logged
    assert (line["service"], line["message"]) == (service, message)
    assert line["function_request_id"] == Context().aws_request_id
    assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta()
    return line


def metrics(ran: Ran, service: str) -> dict[str, float]:
    """The counts of a run; checks that they come in one piece, with one dimension."""
    [blob] = ran.metrics
    [directive] = blob["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("NumberInventory", [["service"]])
    assert {metric["Unit"] for metric in directive["Metrics"]} == {"Count"}
    assert blob["service"] == service
    return ran.counted()


def test_the_dispatcher(account: Account) -> None:
    """GIVEN two devices WHEN dispatched THEN the line says so; SQS counts messages by itself, so no metric does."""
    account.add_device("sbc-1")
    account.add_device("sbc-2")
    ran = account.run(DISPATCHER, {"customer": "acme"})

    line = summary(ran, "sync-dispatcher", "syncs queued")
    assert (line["level"], line["queued"], line["customer"]) == ("INFO", 2, "acme")
    assert ran.metrics == []


def test_the_worker(account: Account, simulator: Simulator) -> None:
    """GIVEN a device with three numbers, then one less WHEN synced THEN each line and metric says what was done."""
    account.add_device("sbc-1", simulator)
    first = account.run(WORKER, batch({"customer": "acme", "device": "sbc-1"}))
    simulator.devices["sbc-1"].unregister([f"4711@{DOMAIN}"])
    second = account.run(WORKER, batch({"customer": "acme", "device": "sbc-1"}))

    told = summary(first, "sync-worker", "device synced")["sync"]
    assert told["device"] == {"customer": "acme", "name": "sbc-1"}
    assert (told["result"], told["health"], told["complete"]) == ("applied", "ok", True)
    assert (told["users"], told["held"], told["appeared"], told["disappeared"], told["writes"]) == (3, 3, 3, 0, 3)
    assert told["outcomes"] == {"created": 3}
    watched = ("SyncsNotApplied", "RemovalsWaiting", "RemovalsHeld")
    always = dict.fromkeys(watched, 0)
    assert metrics(first, "sync-worker") == {"Numbers_created": 3, **always}
    assert summary(second, "sync-worker", "device synced")["level"] == "INFO"
    assert metrics(second, "sync-worker") == {"Numbers_cooling_started": 1, **always}


@pytest.mark.parametrize(
    ("fault", "health", "cause"),
    [
        ("wrong-password", "login_refused", "HTTP 401"),
        ("failed-status", "misconfigured", "failed"),
        ("wrong-count", "partial", "counts 3 registered users"),
    ],
)
def test_the_worker_on_a_device_with_a_fault(
    account: Account, simulator: Simulator, fault: str, health: str, cause: str
) -> None:
    """GIVEN a device that falls ill WHEN synced twice THEN the change is one warning, the metrics count both."""
    key = account.add_device("sbc-1", simulator)
    account.run(WORKER, batch({"customer": "acme", "device": "sbc-1"}))
    simulator.devices["sbc-1"].arm(fault)
    simulator.devices["sbc-1"].unregister([f"4711@{DOMAIN}"])
    runs = [account.run(WORKER, batch({"customer": "acme", "device": "sbc-1"})) for _ in range(2)]

    for ran, level in zip(runs, ("WARNING", "INFO"), strict=True):
        line = summary(ran, "sync-worker", "device synced")
        assert (line["level"], line["sync"]["health"]) == (level, health)
        assert metrics(ran, "sync-worker")[f"Devices_{health}"] == 1
    assert cause in summary(runs[0], "sync-worker", "device synced")["sync"]["cause"]
    assert account.state(key).health == health
    assert account.number("4711").status is Status.USED


def test_the_worker_on_several_devices(account: Account, simulator: Simulator) -> None:
    """GIVEN a batch of two devices WHEN worked THEN there is a line for each, and the metrics add up."""
    account.add_device("sbc-1", simulator)
    account.add_device("sbc-1", simulator, customer="other")
    bodies = [{"customer": customer, "device": "sbc-1"} for customer in ("acme", "other")]
    ran = account.run(WORKER, batch(*bodies))

    assert [line["sync"]["device"]["customer"] for line in ran.logged] == ["acme", "other"]
    assert metrics(ran, "sync-worker")["Numbers_created"] == 6


def test_the_release(account: Account) -> None:
    """GIVEN a number that is due WHEN released THEN the line and the metric say so."""
    account.put(NumberRecord(customer="acme", number="1", status=Status.COOLING, release_date=YESTERDAY))
    ran = account.run(RELEASE, {})

    told = summary(ran, "release-cooled", "cooled numbers released")["release"]
    assert (told["due"], told["released"], told["kept"], told["failed"], told["finished"]) == (1, 1, 0, [], True)
    assert metrics(ran, "release-cooled") == {"NumbersReleased": 1}


def test_the_audit(account: Account) -> None:
    """GIVEN one number WHEN audited THEN the line says so, and zero is sent of what alarms wait for."""
    account.put(NumberRecord(customer="acme", number="1"))
    ran = account.run(AUDIT, {"customer": "acme"})

    line = summary(ran, "audit", "number inventory audited")
    told = line["audit"]
    assert line["level"] == "INFO"
    assert [told] == ran.answer["audits"]
    assert (told["customer"], told["state"], told["numbers"], told["counts"]) == ("acme", "finished", 1, {})
    assert told["requested_by"] == f"invocation {Context().aws_request_id}"
    assert metrics(ran, "audit") == {
        **dict.fromkeys(("AuditCorrections", "AuditHeld", "AuditsStopped", "Findings_conflict"), 0),
        "NumbersAudited": 1,
        "AuditsEnded": 1,
    }


def test_the_audit_of_what_is_wrong(account: Account) -> None:
    """GIVEN a number that nobody holds and one that is overdue WHEN audited THEN line and metrics say what came of it.

    A line of what is reported and not corrected is a warning; one of what is corrected is none.
    """
    account.put(
        NumberRecord(customer="acme", number="1", status=Status.COOLING, release_date=YESTERDAY),
        NumberRecord(customer="acme", number="2", status=Status.USED, usage=Usage.DEVICE, vendor="AudioCodes"),
    )
    reported = account.run(AUDIT, {"customer": "acme"})
    corrected = account.run(AUDIT, {"customer": "acme", "mode": "correct"})

    assert summary(reported, "audit", "number inventory audited")["level"] == "WARNING"
    assert summary(corrected, "audit", "number inventory audited")["level"] == "INFO"
    for ran, done in ((reported, 0), (corrected, 2)):
        counts = metrics(ran, "audit")
        assert (counts["Findings_release_overdue"], counts["Findings_orphaned"]) == (1, 1)
        assert (counts["AuditCorrections"], counts["NumbersAudited"]) == (done, 2)


def test_the_audit_of_all_customers(account: Account) -> None:
    """GIVEN two customers WHEN the schedule fires THEN one line tells what was asked for; the runs tell the rest."""
    for customer in ("acme", "other"):
        account.add_device("sbc-1", customer=customer)
    ran = account.run(AUDIT, {})

    line = summary(ran, "audit", "audits asked for")
    assert (line["level"], line["customers"], line["under_way"]) == ("INFO", 2, [])
    assert ran.metrics == []
    assert [metrics(each, "audit")["AuditsEnded"] for each in account.audits_end()] == [1, 1]


@pytest.mark.parametrize("module", [DISPATCHER, WORKER, RELEASE, AUDIT])
def test_a_run_that_is_refused_counts_nothing(account: Account, module: str) -> None:
    """GIVEN an event that is refused WHEN run THEN no metric says that something was done, and nothing else is said."""
    ran = account.run(module, {"no": "such thing"})

    assert isinstance(ran.error, InvalidInputError)
    assert (ran.metrics, ran.logged) == ([], [])


def test_a_report_counts_nothing(account: Account) -> None:
    """GIVEN a report of what is due WHEN run THEN its answer is all that it says."""
    ran = account.run(RELEASE, {"mode": "report"})

    assert (ran.error, ran.output, ran.answer["due"]) == (None, "", 0)
