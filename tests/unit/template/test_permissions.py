"""Each function may do what it needs and nothing else: no wildcards in the statements of the roles."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.number_api import (
    audit_routes,
    command_routes,
    count_routes,
    history_routes,
    job_routes,
    number_routes,
    stock_routes,
)
from functions.rest.access import Role, required_role
from functions.settings_api import device_routes, macro_routes

Resources = dict[str, dict[str, Any]]

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})

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

    assert len(roles) == len(set(roles)) == 9
    assert not any("Policies" in function for function in _functions(resources).values())


def test_no_statement_allows_all_actions(resources: Resources) -> None:
    """GIVEN every statement of every role WHEN its actions are read THEN each is one named action."""
    statements = list(_statements(resources))

    assert len(statements) > 20
    for role, statement, _ in statements:
        for action in _as_list(statement["Action"]):
            assert "*" not in action, (role, action)


def test_no_statement_allows_all_resources(resources: Resources) -> None:
    """GIVEN every statement WHEN its resources are read THEN a wildcard stands for what cannot be known before.

    That is customer and device of credentials, and the stream of a table, whose name is the instant of its making.
    """
    for role, statement, condition in _statements(resources):
        for resource in _as_list(statement["Resource"]):
            text = json.dumps(resource)
            unknown = 'parameter${Prefix}/*/*/credentials"' in text or text.endswith('${NumbersTable.Arn}/stream/*"}')
            allowed = unknown or condition == _ONLY_IN_VPC
            assert "*" not in text or allowed, (role, resource)


@pytest.mark.parametrize("action", ["dynamodb:Scan", "dynamodb:DeleteTable", "ssm:GetParametersByPath", "iam:PassRole"])
def test_nobody_may(resources: Resources, action: str) -> None:
    """GIVEN an action that no function has any use for WHEN the roles are searched THEN none allows it."""
    allowed = {name for _, statement, _ in _statements(resources) for name in _as_list(statement["Action"])}

    assert action not in allowed


def test_one_function_reads_credentials_and_another_stores_them(resources: Resources) -> None:
    """GIVEN the devices' credentials WHEN the roles are searched THEN nobody both reads and stores them."""
    allowed = {
        role: set(_as_list(statement["Action"]))
        for role, statement, _ in _statements(resources)
        if "/credentials" in json.dumps(statement["Resource"])
    }

    assert allowed == {
        "SyncWorkerRole": {"ssm:GetParameter"},
        "SettingsApiRole": {"ssm:PutParameter", "ssm:DeleteParameter"},
    }


def _allowed(resources: Resources, role: str, resource: object) -> set[str]:
    """What a role may do with one resource."""
    return {
        action
        for name, statement, _ in _statements(resources)
        if name == role and resource in _as_list(statement["Resource"])
        for action in _as_list(statement["Action"])
    }


def test_the_api_alone_wakes_audits_and_jobs_besides_themselves(resources: Resources) -> None:
    """GIVEN the roles WHEN searched for who may invoke a function THEN it is the API and each of the two itself."""
    audit, jobs = (resources[name]["Properties"]["FunctionName"]["Fn::Sub"] for name in ("Audit", "NumberJobs"))
    invokers = {
        role: _as_list(statement["Resource"])
        for role, statement, _ in _statements(resources)
        if "lambda:InvokeFunction" in _as_list(statement["Action"])
    }
    scheduled = invokers.pop("ScheduleRole")

    assert {"Fn::GetAtt": "Audit.Arn"} in scheduled
    named = {
        role: [resource["Fn::Sub"].rpartition(":function:")[2] for resource in invoked]
        for role, invoked in invokers.items()
    }
    assert named == {"AuditRole": [audit], "NumberJobsRole": [jobs], "NumberApiRole": [audit, jobs]}


def test_the_api_changes_numbers_and_starts_audits_and_jobs(resources: Resources) -> None:
    """GIVEN the API WHEN its role is read THEN it writes to the tables of numbers, audits, jobs and requests."""
    read = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
    tables = [name for name, resource in resources.items() if resource["Type"] == "AWS::DynamoDB::Table"]
    written = {table for table in tables if _allowed(resources, "NumberApiRole", {"Fn::GetAtt": f"{table}.Arn"}) - read}

    assert written == {"NumbersTable", "AuditsTable", "JobsTable", "RequestsTable"}
    assert _allowed(resources, "NumberApiRole", {"Fn::GetAtt": "MacrosTable.Arn"}) <= read
    assert _allowed(resources, "NumberApiRole", {"Fn::Sub": "${NumbersTable.Arn}/index/idle"}) == {"dynamodb:Query"}


def test_the_audit_changes_no_register_and_adds_no_device(resources: Resources) -> None:
    """GIVEN an audit, which reads what devices say WHEN its role is read THEN it cannot change what they have said.

    It may say of a device that is there that its register is damaged.
    """
    read = {"dynamodb:BatchGetItem", "dynamodb:Query"}
    devices = {"Fn::GetAtt": "DevicesTable.Arn"}
    assert _allowed(resources, "AuditRole", devices) - read == {"dynamodb:UpdateItem"}

    for table in ("RegistrationsTable", "MacrosTable"):
        allowed = _allowed(resources, "AuditRole", {"Fn::GetAtt": f"{table}.Arn"})
        assert allowed, table
        assert allowed <= read, table


def test_a_job_adds_numbers_and_changes_none(resources: Resources) -> None:
    """GIVEN a job, which leaves numbers that exist as they are WHEN its role is read THEN it can change none."""
    allowed = _allowed(resources, "NumberJobsRole", {"Fn::GetAtt": "NumbersTable.Arn"})

    assert allowed == {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:PartiQLInsert"}


def test_people_alone_delete_numbers(resources: Resources) -> None:
    """GIVEN law 6 (a sync or audit deletes nothing) WHEN the roles are searched THEN the API alone deletes numbers."""
    numbers = {"Fn::GetAtt": "NumbersTable.Arn"}
    deleters = {
        role
        for role, statement, _ in _statements(resources)
        if numbers in _as_list(statement["Resource"])
        and {"dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:PartiQLDelete"}
        & set(_as_list(statement["Action"]))
    }

    assert deleters == {"NumberApiRole"}


def test_the_history_reads_the_stream_and_changes_no_number(resources: Resources) -> None:
    """GIVEN the function that keeps what became of numbers WHEN its role is read THEN it writes the history alone."""
    tables = [name for name, resource in resources.items() if resource["Type"] == "AWS::DynamoDB::Table"]
    touched = {table for table in tables if _allowed(resources, "RecordHistoryRole", {"Fn::GetAtt": f"{table}.Arn"})}
    publishers = {
        role for role, statement, _ in _statements(resources) if "events:PutEvents" in _as_list(statement["Action"])
    }

    assert touched == {"HistoryTable"}
    assert publishers == {"RecordHistoryRole", "WatchStockRole"}


def test_who_watches_stock_writes_what_is_known_of_it_alone(resources: Resources) -> None:
    """GIVEN the function that looks at stock WHEN its role is read THEN it reads no number, and writes that alone."""
    tables = [name for name, resource in resources.items() if resource["Type"] == "AWS::DynamoDB::Table"]
    allowed = {table: _allowed(resources, "WatchStockRole", {"Fn::GetAtt": f"{table}.Arn"}) for table in tables}

    assert {table: actions for table, actions in allowed.items() if actions} == {
        "HistoryTable": {"dynamodb:Query"},
        "MacrosTable": {"dynamodb:Query"},
        "StockTable": {"dynamodb:Query", "dynamodb:PutItem", "dynamodb:BatchWriteItem"},
    }


# --- the API


_NAMED = {"customer": "acme", "number": "4711", "audit": "a1", "job": "j1", "device": "sbc-1", "name": "m"}


def _methods(resources: Resources, function: str) -> set[str]:
    """Every method that a function answers as it stands in the ARN of a call: `v1/GET/customers/acme/numbers`."""
    paths = resources["Api"]["Properties"]["DefinitionBody"]["paths"]
    return {
        f"v1/{method.upper()}{re.sub('{(.+?)}', lambda found: _NAMED[found[1]], path)}"
        for path, methods in paths.items()
        for method, operation in methods.items()
        if _function(operation) == function
    }


def _function(operation: dict[str, Any]) -> str:
    """The function that answers a method."""
    uri: str = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
    return uri.partition("functions/${")[2].partition(".Arn}")[0]


def _covered(pattern: str, arns: set[str]) -> set[str]:
    """Those that a pattern of IAM covers; its `*` stands for anything, slashes as well."""
    expression = re.compile(".*".join(map(re.escape, pattern.split("*"))))
    return {arn for arn in arns if expression.fullmatch(arn)}


@pytest.mark.parametrize("function", ["NumberApi", "SettingsApi"])
def test_the_gateway_may_call_a_function_for_each_of_its_methods(resources: Resources, function: str) -> None:
    """GIVEN the API's methods WHEN their function's permissions are read THEN each is covered, by one."""
    patterns = [
        resource["Properties"]["SourceArn"]["Fn::Sub"].partition(":${Api}/")[2]
        for resource in resources.values()
        if resource["Type"] == "AWS::Lambda::Permission" and resource["Properties"]["FunctionName"] == {"Ref": function}
    ]
    methods = _methods(resources, function)
    covered = [arn for pattern in patterns for arn in _covered(pattern, methods)]

    assert sorted(covered) == sorted(methods)
    assert all(_covered(pattern, methods) for pattern in patterns)
    assert all(pattern.startswith("v1/") and pattern.split("/")[1] in METHODS for pattern in patterns)


def test_the_gateway_has_the_methods_of_the_function(resources: Resources) -> None:
    """GIVEN the routes of the function WHEN compared with the API's definition THEN they are the same."""
    routers = {
        "NumberApi": (
            number_routes,
            command_routes,
            audit_routes,
            count_routes,
            history_routes,
            job_routes,
            stock_routes,
        ),
        "SettingsApi": (device_routes, macro_routes),
    }
    routed = {
        (function, f"v1/{method}{path.replace('<', '{').replace('>', '}')}")
        for function, modules in routers.items()
        for router in (module.router for module in modules)
        for path, methods, *_ in router._routes
        for method in methods
    }
    paths = resources["Api"]["Properties"]["DefinitionBody"]["paths"]

    assert routed == {
        (_function(operation), f"v1/{method.upper()}{path}")
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def _documented_policy(role: Role) -> list[str]:
    """The patterns of the policy that the documentation gives for a role, from the stage on."""
    told = Path("docs/api.md").read_text(encoding="utf-8")
    policy = json.loads(told.split(f"\n{role.name.capitalize()}:\n\n```json\n")[1].partition("```")[0])
    [statement] = policy["Statement"]
    assert (policy["Version"], statement["Effect"], statement["Action"]) == (
        "2012-10-17",
        "Allow",
        "execute-api:Invoke",
    )
    return [arn.partition(":abc123/")[2] for arn in statement["Resource"]]


@pytest.mark.parametrize("role", Role)
def test_the_policies_for_callers_give_their_roles(resources: Resources, role: Role) -> None:
    """GIVEN a policy of the documentation WHEN compared with every method THEN it gives what its role may, no more."""
    paths = resources["Api"]["Properties"]["DefinitionBody"]["paths"]
    may = {
        f"v1/{method.upper()}{path}": required_role(method.upper(), path)
        for path, ways in paths.items()
        for method in ways
        if path.startswith("/customers/")
    }
    everybodys = {f"v1/{method.upper()}{path}" for path, ways in paths.items() for method in ways} - may.keys()
    own = {re.sub("{[a-z]+}", "4711", call.replace("{customer}", "acme")): needed for call, needed in may.items()}
    foreign = {call.replace("/acme/", "/other/") for call in own} | {call.replace("/acme/", "/acmex/") for call in own}
    nested = {"v1/GET/customers/other/numbers/x/customers/acme/x", "v1/POST/customers/other/customers/acme/numbers"}
    patterns = _documented_policy(role)

    covered = set().union(*(_covered(pattern, own.keys() | foreign | nested | everybodys) for pattern in patterns))

    assert covered == {call for call, needed in own.items() if needed <= role}
    assert all(pattern.split("/")[1] in METHODS for pattern in patterns)


def test_the_private_network_needs_what_operations_says(resources: Resources) -> None:
    """GIVEN what the worker calls itself WHEN it stands in a private network THEN the page names a way to each service.

    Messages, logs and network interfaces are Lambda's own business, and SSM decrypts: no way is needed for them.
    """
    services = {
        action.partition(":")[0]
        for role, statement, _ in _statements(resources)
        if role == "SyncWorkerRole"
        for action in _as_list(statement["Action"])
    }
    page = Path("docs/operations.md").read_text(encoding="utf-8")

    assert services - {"sqs", "logs", "ec2", "kms"} == {"dynamodb", "ssm"}
    assert set(re.findall(r"com\.amazonaws\.<region>\.(\w+)", page)) == {"dynamodb", "ssm"}
    inside = [name for name, function in _functions(resources).items() if "VpcConfig" in function]
    assert inside == ["SyncWorker"]
