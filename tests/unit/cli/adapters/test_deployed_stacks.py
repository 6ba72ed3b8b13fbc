"""Where a deployed stack keeps things, read from the stack."""

from typing import Any

import pytest

from cli.adapters.cloudformation import DeployedStacks
from number_inventory.domain.errors import NotFoundError
from number_inventory.settings import OperatorSettings
from tests.memory.clock import SettableClock

OUTPUTS = {
    "NumbersTableName": "numbers",
    "RegistrationsTableName": "registrations",
    "DevicesTableName": "devices",
    "MacrosTableName": "macros",
    "AuditsTableName": "audits",
    "HistoryTableName": "history",
    "StockTableName": "stock",
    "AuditName": "number-inventory-audit",
    "JobsTableName": "jobs",
    "NumberJobsName": "number-inventory-number-jobs",
    "RecordHistoryName": "number-inventory-record-history",
    "ParameterPrefix": "/number-inventory",
}


class Session:
    """A session of AWS that knows one stack."""

    def __init__(self, outputs: dict[str, str], parameters: dict[str, str]) -> None:
        self._stack = {
            "StackStatus": "UPDATE_COMPLETE",
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        }

    def cloudformation(self) -> "Session":
        return self

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [self._stack], "ResponseMetadata": {"HTTPHeaders": {}}}


def stacks(outputs: dict[str, str], **parameters: str) -> DeployedStacks:
    return DeployedStacks(Session(outputs, parameters), SettableClock())  # type: ignore[arg-type]  # what it uses


def test_a_stack_tells_all_that_an_operator_needs() -> None:
    """GIVEN a deployed stack WHEN it is read THEN its outputs and parameters are an operator's settings."""
    found = stacks(OUTPUTS, CredentialsKeyArn="arn:key", AuditRetentionDays="30", LogLevel="INFO").settings("x")
    settings = OperatorSettings.load(found)
    assert (settings.audits_table, settings.audit_function) == ("audits", "number-inventory-audit")
    assert (settings.audit_retention_days, settings.credentials_key) == (30, "arn:key")
    assert OperatorSettings.load(stacks(OUTPUTS).settings("x")).credentials_key == ""


def test_a_stack_of_an_earlier_version_says_what_to_do() -> None:
    """GIVEN a stack without the audits' table WHEN it is read THEN one line says to deploy the present version."""
    earlier = {name: value for name, value in OUTPUTS.items() if name != "AuditsTableName"}
    with pytest.raises(NotFoundError) as told:
        stacks(earlier).settings("prod")
    assert str(told.value) == (
        "stack prod is UPDATE_COMPLETE and of an earlier version, without the output AuditsTableName: "
        "deploy the present version"
    )


def test_a_stack_of_something_else_is_told_as_such() -> None:
    """GIVEN a stack of something else WHEN it is read THEN that is what is said."""
    with pytest.raises(NotFoundError, match="has no output AuditName: it is no number inventory, or not deployed"):
        stacks({"Something": "else"}).settings("x")
