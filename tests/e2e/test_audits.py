"""Audits on the deployed stack: by invocation, over the API and by the schedule, in as many steps as they need."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import pytest

from number_inventory.adapters.aws import AwsSession
from number_inventory.adapters.dynamodb.audits import DynamoAudits
from number_inventory.domain.audit_runs import AuditRun, AuditScope, RunState
from tests.e2e.conftest import NUMBERS, aor, users
from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import DeployedStack, FunctionFailedError, eventually

MANY = tuple(str(number) for number in range(20_000, 20_300))
"""More than one batch of corrections."""


def damaged(customer: Customer) -> Customer:
    """A customer whose device was synced, and whose numbers then were written past all rules, each in another way."""
    customer.add_device()
    customer.sync()
    customer.damage(NUMBERS[0], status="Available")
    customer.lose(NUMBERS[1])
    customer.damage(NUMBERS[2], vendor="Microsoft", usage="User")
    customer.operate("numbers", "add", "1", "2")
    customer.damage("1", status="Used", usage="Device", vendor="AudioCodes")
    customer.damage("2", status="Cooling", release_at="2026-01-01T00:00:00Z")
    return customer


CORRECTED = {"missing_number": 1, "orphaned": 1, "release_overdue": 1, "status_mismatch": 1}


def count(run: dict[str, Any], outcome: str) -> dict[str, int]:
    """How many findings of each code came to this."""
    return {code: outcomes[outcome] for code, outcomes in run["counts"].items() if outcome in outcomes}


def test_an_invoked_audit_corrects_what_is_wrong_once(customer: Customer) -> None:
    """GIVEN numbers that are wrong in five ways WHEN `correct` is invoked THEN they are right; again, nothing is left.

    The conflict is left to a person both times.
    """
    damaged(customer)
    [first] = customer.stack.invoke("audit", {"customer": customer.name, "mode": "correct"})["audits"]
    [second] = customer.stack.invoke("audit", {"customer": customer.name, "mode": "correct"})["audits"]

    assert (first["state"], count(first, "corrected"), count(first, "left")) == ("finished", CORRECTED, {"conflict": 1})
    assert second["counts"] == {"conflict": {"left": 1}}
    customer.shows("Used", *NUMBERS)
    customer.shows("Cooling", "1")
    customer.shows("Available", "2")
    assert customer.look(NUMBERS[2])["vendor"] == "Microsoft"
    assert [holder["device"] for holder in customer.look(NUMBERS[1])["holders"]] == ["sbc-1"]
    [line] = [
        line for line in customer.stack.log("audit") if f'"{first["id"]}"' in line and "inventory audited" in line
    ]
    assert '"orphaned"' in line


def test_a_report_is_followed_by_its_correction(customer: Customer) -> None:
    """GIVEN the same WHEN reported over the API, read page by page, and its plan corrected THEN just that is done."""
    damaged(customer)
    begun = customer.stack.post(f"/customers/{customer.name}/audits", {"mode": "report"})
    assert (begun.status, begun.body["state"]) == (202, "queued")
    where = urljoin(f"/customers/{customer.name}/audits", begun.headers["Location"])
    assert customer.stack.get(where).body["id"] == begun.body["id"]
    report = customer.audit_ended(begun.body["id"])
    assert count(report, "reported") == CORRECTED
    customer.shows("Available", NUMBERS[0])

    found, cursor = [], ""
    while True:
        page = customer.audits(report["id"], "findings", limit="2", **({"cursor": cursor} if cursor else {})).body
        found += page["findings"]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert [finding["number"] for finding in found] == sorted((*NUMBERS, "1", "2"))
    [held] = customer.audits(report["id"], "findings", code="status_mismatch").body["findings"]
    assert (held["before"], held["after"]) == ("Status Available", "Status Used")
    assert [(said["device"], said["word"]) for said in held["evidence"]] == [("sbc-1", "holds")]

    corrected = customer.audit(mode="correct", plan=report["checksum"])
    assert (corrected["plan"], count(corrected, "corrected")) == (report["checksum"], CORRECTED)
    refused = customer.audit(mode="correct", plan=report["checksum"])
    assert (refused["state"], count(refused, "corrected")) == ("refused", {})
    listed = [run["id"] for run in customer.audits(limit="2").body["audits"]]
    assert listed == [refused["id"], corrected["id"]], "the newest first"


def test_an_audit_never_frees_what_silence_alone_speaks_for(customer: Customer) -> None:
    """GIVEN a number that nobody holds and a device that does not answer WHEN corrected THEN it stays, unproven."""
    customer.add_device()
    customer.sync()
    customer.simulator.devices["sbc-1"].arm("unreachable")
    customer.sync()
    customer.operate("numbers", "add", "1")
    customer.damage("1", status="Used", usage="Device", vendor="AudioCodes")
    run = customer.audit(mode="correct")

    assert run["counts"] == {"orphaned": {"unproven": 1}}
    [finding] = customer.audits(run["id"], "findings").body["findings"]
    assert "sbc-1: it is unreachable since" in finding["cause"]
    customer.shows("Used", "1", *NUMBERS)


def test_one_audit_of_a_customer_at_a_time(customer: Customer) -> None:
    """GIVEN an audit that waits for its worker WHEN another is asked for THEN 409, or an error; woken, it ends.

    That it waits is arranged in the table: nobody was woken for it.
    """
    customer.operate("numbers", "add", "1")
    waiting = wait_for_a_worker(customer)
    refused = customer.stack.post(f"/customers/{customer.name}/audits", {})

    assert (refused.status, refused.headers["Content-Type"]) == (409, "application/problem+json")
    assert refused.body["detail"].endswith(f"/customers/{customer.name}/audits/{waiting}")
    assert refused.headers["Location"] == f"audits/{waiting}"
    with pytest.raises(FunctionFailedError, match=waiting):
        customer.stack.invoke("audit", {"customer": customer.name})

    step = {"customer": customer.name, "run": waiting, "step": 0}
    [run] = customer.stack.invoke("audit", step)["audits"]
    assert (run["id"], run["state"], run["numbers"]) == (waiting, "finished", 1)
    assert customer.stack.invoke("audit", step) == {"audits": []}, "an event that comes twice does nothing"
    assert customer.audit()["state"] == "finished"


def wait_for_a_worker(customer: Customer) -> str:
    """Stores a run that has the customer, as it is before its worker is woken; returns its id."""
    stack = customer.stack
    session = AwsSession(
        region=stack.description["region"],
        endpoint_url=stack.description["endpoint_url"],
        access_key=("test", "test"),
    )
    now = datetime.now(UTC)
    run = AuditRun(
        id=f"{now:%Y%m%dT%H%M%S}-000000",
        scope=AuditScope(customer=customer.name),
        requested_by="ann",
        state=RunState.QUEUED,
        created_at=now,
        updated_at=now,
    )
    audits = DynamoAudits(session.dynamodb(), stack.table("audits"), timedelta(days=1))
    assert audits.open(run, now + timedelta(minutes=15), now) == run
    return run.id


def test_the_schedule_audits_every_customer(customer: Customer) -> None:
    """GIVEN the template's audit schedule WHEN it fires THEN this customer, among all others, is corrected."""
    damaged(customer)
    fire_audit_schedule(customer)

    def ended() -> list[dict[str, Any]]:
        return [run for run in customer.audits().body["audits"] if run["ended_at"]]

    [run] = eventually(ended, seconds=300.0)
    assert (run["requested_by"], run["mode"], run["state"]) == ("schedule", "correct", "finished")
    assert count(run, "corrected") == CORRECTED


def fire_audit_schedule(customer: Customer) -> None:
    """Has the scheduler do now, once, exactly what the template's schedule does daily."""
    scheduler, group = customer.stack.client("scheduler"), customer.stack.description["stack_name"]
    names = [item["Name"] for item in scheduler.list_schedules(GroupName=group)["Schedules"]]
    targets = [scheduler.get_schedule(Name=name, GroupName=group)["Target"] for name in names]
    [audit] = [target for target in targets if target["Arn"].endswith(customer.stack.description["functions"]["audit"])]
    scheduler.create_schedule(
        Name=f"audit-{customer.name}",
        GroupName=group,
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={name: audit[name] for name in ("Arn", "RoleArn", "Input")},
    )


@pytest.fixture
def short_of_time(stack: DeployedStack) -> Iterator[DeployedStack]:
    """The stack with an audit function whose time is all kept for handing over: each invocation has one batch."""
    functions, name = stack.client("lambda"), stack.description["functions"]["audit"]
    before = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=30)
    yield stack
    functions.update_function_configuration(FunctionName=name, Timeout=before)


def test_an_audit_goes_on_until_it_is_done(short_of_time: DeployedStack, customer: Customer) -> None:
    """GIVEN more to correct than one invocation has time for WHEN corrected THEN others go on until all is done."""
    customer.simulator.devices["sbc-1"].replace_users(users(*MANY))
    customer.add_device()
    customer.sync()
    customer.lose(*MANY)
    run = customer.audit(mode="correct")

    assert run["step"] > 1, "one invocation dealt with several batches though it had no time"
    assert (run["state"], count(run, "corrected")) == ("finished", {"missing_number": len(MANY)})
    assert customer.audit(mode="correct")["counts"] == {}
    listed = customer.list(limit="1000", status="Used").body["numbers"]
    assert [number["number"] for number in listed] == list(MANY)


def test_syncs_go_on_during_audits(customer: Customer) -> None:
    """GIVEN numbers that come and go WHEN audited after each sync THEN the audit never has anything to correct."""
    customer.add_device()
    device = customer.simulator.devices["sbc-1"]
    for leaving, coming in (("4711", "4712"), ("4712", "4711")):
        device.unregister([aor(leaving)])
        device.register(users(coming))
        begun = customer.stack.post(f"/customers/{customer.name}/audits", {"mode": "correct"}).body["id"]
        customer.sync()
        assert customer.audit_ended(begun)["state"] == "finished"
        assert customer.audit(mode="correct")["counts"] == {}
        customer.shows("Used", coming)
