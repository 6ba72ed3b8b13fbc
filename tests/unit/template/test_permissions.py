"""Each function may do what it needs and nothing else: no wildcards in the statements of the roles."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

Resources = dict[str, dict[str, Any]]

# The one thing that has no resource to name: network interfaces that Lambda makes, and only with a private network.
_ONLY_IN_VPC = "InVpc"


def _statements(resources: Resources) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """Role, statement, and the condition under which the template has it."""
    for name, resource in resources.items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                if "Fn::If" in statement:
                    condition, then, _ = statement["Fn::If"]
                    yield name, then, condition
                else:
                    yield name, statement, None


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _functions(resources: Resources) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def test_each_function_has_a_role_of_its_own(resources: Resources) -> None:
    """GIVEN the template WHEN the functions' roles are compared THEN no two share one and none is made by SAM."""
    roles = [function["Role"]["Fn::GetAtt"] for function in _functions(resources).values()]

    assert len(roles) == len(set(roles)) == 5
    assert not any("Policies" in function for function in _functions(resources).values())


def test_no_statement_allows_all_actions(resources: Resources) -> None:
    """GIVEN every statement of every role WHEN its actions are read THEN each is one named action."""
    statements = list(_statements(resources))

    assert len(statements) > 20
    for role, statement, _ in statements:
        for action in _as_list(statement["Action"]):
            assert "*" not in action, (role, action)


def test_no_statement_allows_all_resources(resources: Resources) -> None:
    """GIVEN every statement WHEN its resources are read THEN a wildcard stands for customer and device only."""
    for role, statement, condition in _statements(resources):
        for resource in _as_list(statement["Resource"]):
            text = json.dumps(resource)
            allowed = text.endswith('parameter${ParameterPrefix}/*/*/credentials"}') or condition == _ONLY_IN_VPC
            assert "*" not in text or allowed, (role, resource)


@pytest.mark.parametrize("action", ["dynamodb:Scan", "dynamodb:DeleteTable", "ssm:DeleteParameter", "iam:PassRole"])
def test_nobody_may(resources: Resources, action: str) -> None:
    """GIVEN an action that no function has any use for WHEN the roles are searched THEN none allows it."""
    allowed = {name for _, statement, _ in _statements(resources) for name in _as_list(statement["Action"])}

    assert action not in allowed


def test_only_the_worker_reads_credentials(resources: Resources) -> None:
    """GIVEN the devices' credentials WHEN the roles are searched THEN the sync worker alone may read them."""
    readers = {
        role for role, statement, _ in _statements(resources) if "/credentials" in json.dumps(statement["Resource"])
    }

    assert readers == {"SyncWorkerRole"}


def _allowed(resources: Resources, role: str, resource: object) -> set[str]:
    """What a role may do with one resource."""
    return {
        action
        for name, statement, _ in _statements(resources)
        if name == role and resource in _as_list(statement["Resource"])
        for action in _as_list(statement["Action"])
    }


def test_the_audit_and_the_api_alone_wake_audits(resources: Resources) -> None:
    """GIVEN the roles WHEN searched for who may invoke a function THEN it is these two, and the audit function only."""
    name = resources["Audit"]["Properties"]["FunctionName"]["Fn::Sub"]
    invokers = {
        role: statement["Resource"]
        for role, statement, _ in _statements(resources)
        if "lambda:InvokeFunction" in _as_list(statement["Action"])
    }
    scheduled = invokers.pop("ScheduleRole")

    assert {"Fn::GetAtt": "Audit.Arn"} in scheduled
    assert set(invokers) == {"AuditRole", "NumberApiRole"}
    assert all(resource["Fn::Sub"].endswith(f":function:{name}") for resource in invokers.values())


def test_the_api_changes_no_number_and_no_device(resources: Resources) -> None:
    """GIVEN the API, which starts audits WHEN its role is read THEN it writes to the audits' table and to no other."""
    read = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
    tables = [name for name, resource in resources.items() if resource["Type"] == "AWS::DynamoDB::Table"]
    written = {table for table in tables if _allowed(resources, "NumberApiRole", {"Fn::GetAtt": f"{table}.Arn"}) - read}

    assert written == {"AuditsTable"}


def test_the_audit_changes_no_device_and_no_register(resources: Resources) -> None:
    """GIVEN an audit, which reads what devices say WHEN its role is read THEN it cannot change what they have said."""
    read = {"dynamodb:BatchGetItem", "dynamodb:Query"}

    for table in ("DevicesTable", "RegistrationsTable", "MacrosTable"):
        allowed = _allowed(resources, "AuditRole", {"Fn::GetAtt": f"{table}.Arn"})
        assert allowed, table
        assert allowed <= read, table


def test_no_function_deletes_a_number(resources: Resources) -> None:
    """GIVEN law 6 (a sync or audit deletes nothing) WHEN the roles are searched THEN none could delete a number."""
    numbers = {"Fn::GetAtt": "NumbersTable.Arn"}
    deleters = [
        role
        for role, statement, _ in _statements(resources)
        if numbers in _as_list(statement["Resource"])
        and {"dynamodb:DeleteItem", "dynamodb:BatchWriteItem"} & set(_as_list(statement["Action"]))
    ]

    assert deleters == []
