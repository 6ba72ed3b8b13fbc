"""Several stacks in one account: whatever has a name of its own takes it from its stack, and so nothing is shared."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

Resources = dict[str, dict[str, Any]]
Template = dict[str, Any]

_OWN_NAME = {"Ref": "AWS::StackName"}
_STACK = "${AWS::StackName}"

# Properties that name a resource within the account and region.
_NAMES = frozenset(
    {
        "AlarmName",
        "BucketName",
        "DashboardName",
        "FunctionName",
        "GroupName",
        "LayerName",
        "LogGroupName",
        "ManagedPolicyName",
        "Name",
        "QueryDefinitionName",
        "QueueName",
        "RoleName",
        "TableName",
        "TopicName",
        "UsagePlanName",
        "UserPoolName",
    }
)
# Whatever carries somebody else's name, so that it points at a resource of this very template.
_REFERENCES = frozenset({"AWS::Lambda::Permission", "AWS::Lambda::EventInvokeConfig"})


def _names(resources: Resources) -> Iterator[tuple[str, str, object]]:
    for name, resource in resources.items():
        if resource["Type"] in _REFERENCES:
            continue
        for key, value in resource.get("Properties", {}).items():
            if key in _NAMES:
                yield name, key, value


def test_names_are_those_of_the_stack(resources: Resources) -> None:
    """GIVEN everything that is given a name WHEN two stacks are deployed THEN the names differ as the stacks' do."""
    named = list(_names(resources))

    assert len(named) > 20
    for resource, key, value in named:
        assert value == _OWN_NAME or _STACK in json.dumps(value), f"{resource}.{key} is the same in every stack"


def test_metrics_are_those_of_the_stack(template: Template, resources: Resources) -> None:
    """GIVEN two stacks WHEN one counts something THEN only its own alarms see it."""
    own = {"Fn::Sub": "NumberInventory/${AWS::StackName}"}
    alarms = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    namespaces = [alarm["Namespace"] for alarm in alarms if "Namespace" in alarm]

    assert template["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == own
    assert len(namespaces) > 10
    for namespace in namespaces:
        assert namespace == own or str(namespace).startswith("AWS/"), f"{namespace} is the same in every stack"


def test_secrets_are_those_of_the_stack(template: Template, resources: Resources) -> None:
    """GIVEN two stacks without a ParameterPrefix WHEN both have a device of one name THEN each has its own login."""
    prefix = {"Fn::If": ["HasParameterPrefix", {"Ref": "ParameterPrefix"}, {"Fn::Sub": "/${AWS::StackName}"}]}

    assert template["Parameters"]["ParameterPrefix"]["Default"] == ""
    assert template["Globals"]["Function"]["Environment"]["Variables"]["PARAMETER_PREFIX"] == prefix
    assert template["Outputs"]["ParameterPrefix"]["Value"] == prefix
    allowed = [
        statement["Resource"]["Fn::Sub"]
        for resource in resources.values()
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if str(statement.get("Action", "")).find("ssm:") >= 0
    ]
    assert len(allowed) == 3
    assert all(variables == {"Prefix": prefix} for _, variables in allowed)


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        *((path, False) for path in ("/aws", "/aws-inventory/x", "/AwS/x", "/ssm", "/SSM-numbers", "/x/", "x", "/")),
        *((path, True) for path in ("", "/number-inventory", "/my-aws", "/inventory/aws", "/a-ws/ssm", "/s.s_m")),
    ],
)
def test_a_path_of_secrets_is_one_that_ssm_takes(template: Template, path: str, *, taken: bool) -> None:
    """GIVEN a path WHEN it begins as SSM's own do, or is none, THEN the deployment is refused and says why.

    The default is made of the stack's name, which CloudFormation cannot look into: the parameter says what then to do.
    """
    parameter = template["Parameters"]["ParameterPrefix"]

    assert bool(re.search(parameter["AllowedPattern"], path)) is taken
    assert all("aws" in parameter[text] for text in ("ConstraintDescription", "Description"))


def test_nothing_is_exported(template: Template) -> None:
    """GIVEN the outputs WHEN two stacks are deployed THEN none claims a name that the whole account knows."""
    assert not any("Export" in output for output in template["Outputs"].values())


@pytest.mark.parametrize("kind", ["AWS::DynamoDB::Table", "AWS::ApiGateway::Account", "AWS::IAM::Role"])
def test_what_others_rely_on_stays(resources: Resources, kind: str) -> None:
    """GIVEN what holds data, or what others of the account may use WHEN the stack goes THEN it stays.

    Everything else goes with its stack: queues and logs hold what happened, not what is.
    """
    kept = {name for name, each in resources.items() if each.get("DeletionPolicy") == "Retain"}
    lasting = {name for name, each in resources.items() if each.get("UpdateReplacePolicy") == "Retain"}

    assert kept == lasting
    of_kind = {name for name, each in resources.items() if each["Type"] == kind}
    expected = {"LogAccountRole"} if kind == "AWS::IAM::Role" else of_kind
    assert kept & of_kind == expected


def test_tables_with_indexes_are_made_one_after_the_other(resources: Resources) -> None:
    """GIVEN tables with indexes WHEN a stack is made THEN each waits for the one before it."""
    tables = {name: each for name, each in resources.items() if "GlobalSecondaryIndexes" in each.get("Properties", {})}
    waits = {name: each.get("DependsOn") for name, each in tables.items()}

    assert len(tables) > 1
    assert list(waits.values()) == [None, *list(tables)[:-1]]
