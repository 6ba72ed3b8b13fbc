"""The two kinds of event of the audit function: what to audit, and which audit to go on with."""

from typing import Any

import pytest

from number_inventory.domain.audit_runs import AuditMode
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.findings import FindingCode
from number_inventory.domain.numbers import MAX_TEXT
from number_inventory.events import AuditEvent, AuditStep, read_audit_event

PLAN = "0123456789abcdef" * 4
STEP = {"customer": "acme", "run": "20261123T071816-3f9ac2", "step": 3}


def test_nothing_said_is_a_report_on_all() -> None:
    """GIVEN an empty event WHEN read THEN it reports, on every customer, every Site and every code."""
    event = read_audit_event({})

    assert isinstance(event, AuditEvent)
    assert (event.mode, event.customer, event.site, event.codes, event.plan) == (
        AuditMode.REPORT,
        None,
        None,
        None,
        None,
    )


def test_everything_said_is_read() -> None:
    """GIVEN an event with customer, mode, Site and codes WHEN read THEN each is as it was said."""
    codes = ["orphaned", "stale_holder"]
    event = read_audit_event({"customer": "acme", "mode": "correct", "site": "berlin", "codes": codes})

    assert isinstance(event, AuditEvent)
    assert (event.customer, event.mode, event.site) == ("acme", AuditMode.CORRECT, "berlin")
    assert event.codes == [FindingCode.ORPHANED, FindingCode.STALE_HOLDER]


@pytest.mark.parametrize("customer", [{}, {"customer": "acme"}])
def test_a_plan_needs_no_more_than_its_mode(customer: dict[str, str]) -> None:
    """GIVEN a plan's checksum and mode correct WHEN read, with its customer or without THEN it is taken."""
    event = read_audit_event({"mode": "correct", "plan": PLAN, **customer})

    assert isinstance(event, AuditEvent)
    assert (event.plan, event.customer) == (PLAN, customer.get("customer"))


def test_every_site_that_a_number_may_have_can_be_audited() -> None:
    """GIVEN a Site of the greatest length WHEN read THEN it is that Site."""
    event = read_audit_event({"site": "s" * MAX_TEXT})

    assert isinstance(event, AuditEvent)
    assert event.site == "s" * MAX_TEXT


def test_the_site_may_be_none() -> None:
    """GIVEN an empty Site WHEN read THEN it means numbers without a Site, which is not the same as all."""
    event = read_audit_event({"site": ""})

    assert isinstance(event, AuditEvent)
    assert event.site == ""


def test_a_step_names_the_run_to_go_on_with() -> None:
    """GIVEN a run and its step WHEN read THEN it is a step, not an audit from the beginning."""
    event = read_audit_event(STEP)

    assert isinstance(event, AuditStep)
    assert event.model_dump() == STEP


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ([], "not list"),
        (None, "not NoneType"),
        ("{}", "not str"),
        ({"mode": "repair"}, "'report' or 'correct'"),
        ({"mode": ""}, "mode"),
        ({"mode": None}, "mode"),
        ({"customer": "Acme Ltd"}, "customer"),
        ({"customer": ""}, "customer"),
        ({"customers": ["acme"]}, "customers"),
        ({"site": "s" * (MAX_TEXT + 1)}, "site"),
        ({"site": 7}, "site"),
        ({"codes": []}, "codes"),
        ({"codes": "orphaned"}, "codes"),
        ({"codes": ["orphan"]}, "'status_mismatch'"),
        ({"codes": ["orphaned", "orphaned"]}, "names a code twice"),
        ({"codes": ["orphaned"] * 1000}, "names a code twice"),
        ({"plan": PLAN}, "'plan' goes with mode 'correct' only"),
        ({"mode": "report", "plan": PLAN}, "'plan' goes with mode 'correct' only"),
        ({"mode": "correct", "plan": PLAN, "site": "berlin"}, "without 'site' and 'codes'"),
        ({"mode": "correct", "plan": PLAN, "site": ""}, "without 'site' and 'codes'"),
        ({"mode": "correct", "plan": PLAN, "codes": ["orphaned"]}, "without 'site' and 'codes'"),
        ({"mode": "correct", "plan": ""}, "plan"),
        ({"mode": "correct", "plan": PLAN[1:]}, "plan"),
        ({"mode": "correct", "plan": PLAN.upper()}, "plan"),
        ({"mode": "correct", "plan": PLAN + "\n"}, "plan"),
        ({"run": STEP["run"]}, "customer: Field required"),
        ({"step": 0}, "run: Field required"),
        ({**STEP, "step": -1}, "step"),
        ({**STEP, "step": "3"}, "step"),
        ({**STEP, "step": True}, "step"),
        ({**STEP, "step": 1.5}, "step"),
        ({**STEP, "run": ""}, "run"),
        ({**STEP, "run": "a/b"}, "run"),
        ({**STEP, "run": "x" * 65}, "run"),
        ({**STEP, "run": None}, "run"),
        ({**STEP, "customer": None}, "customer"),
        ({**STEP, "mode": "correct"}, "mode"),
    ],
)
def test_everything_else_is_refused_by_name(event: Any, named: str) -> None:  # noqa: ANN401 - whatever is sent
    """GIVEN an event that makes no sense, or is two at once WHEN read THEN the error names the part."""
    with pytest.raises(InvalidInputError) as refused:
        read_audit_event(event)

    assert str(refused.value).startswith("event: ")
    assert named in str(refused.value)
    assert len(str(refused.value)) < 1000
