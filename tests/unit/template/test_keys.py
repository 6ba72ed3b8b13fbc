"""A KMS key of one's own for tables, queues and logs: all of them have it, and each role the rights that it needs."""

import fnmatch
import json
from pathlib import Path
from typing import Any

import pytest

Resources = dict[str, dict[str, Any]]

KEY = {"Ref": "DataKeyArn"}
_NOTHING = {"Ref": "AWS::NoValue"}
_VIA = "${AWS::Region}.${AWS::URLSuffix}"

# Where each kind of resource names its key.
_ENCRYPTED = {
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
}


def _with(value: Any, conditions: frozenset[str]) -> Any:  # noqa: ANN401 - any part of a template
    """A part of the template as it is deployed where these conditions hold, and no others."""
    if isinstance(value, list):
        return [_with(item, conditions) for item in value if _with(item, conditions) != _NOTHING]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, then, otherwise = value["Fn::If"]
        return _with(then if condition in conditions else otherwise, conditions)
    decided = {key: _with(item, conditions) for key, item in value.items()}
    return {key: item for key, item in decided.items() if item != _NOTHING}


@pytest.fixture
def keyless(resources: Resources) -> Resources:
    """The resources without DataKeyArn."""
    deployed: Resources = _with(resources, frozenset())
    return deployed


@pytest.fixture
def keyed(resources: Resources) -> Resources:
    """The resources with DataKeyArn."""
    deployed: Resources = _with(resources, frozenset({"HasDataKey"}))
    return deployed


def _of_type(resources: Resources, kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def test_nothing_changes_without_a_key(keyless: Resources) -> None:
    """GIVEN no key of one's own WHEN deployed THEN all is encrypted with keys of AWS, and no role has rights to any."""
    # SSEEnabled alone would take a key that AWS charges for.
    assert {str(table["SSESpecification"]) for table in _of_type(keyless, "AWS::DynamoDB::Table").values()} == {
        str({"SSEEnabled": False})
    }
    for name, queue in _of_type(keyless, "AWS::SQS::Queue").items():
        assert queue["SqsManagedSseEnabled"] is True, name
        assert "KmsMasterKeyId" not in queue, name
    assert not any("KmsKeyId" in group for group in _of_type(keyless, "AWS::Logs::LogGroup").values())
    assert "DataKeyArn" not in json.dumps(keyless)


@pytest.mark.parametrize(("kind", "where"), _ENCRYPTED.items())
def test_the_key_encrypts_all_of_a_kind(keyed: Resources, kind: str, where: tuple[str, ...]) -> None:
    """GIVEN a key of one's own WHEN deployed THEN each table, queue and log group is encrypted with it."""
    found = _of_type(keyed, kind)

    assert len(found) >= 5
    for name, properties in found.items():
        value: Any = properties
        for step in where:
            value = value[step]
        assert value == KEY, name
    if kind == "AWS::SQS::Queue":
        assert not any(queue["SqsManagedSseEnabled"] for queue in found.values()), "a queue has one way of encryption"


def _rights(role: dict[str, Any]) -> dict[str, set[str]]:
    """What a role may do with the key, by the service through which alone it may."""
    rights: dict[str, set[str]] = {}
    for statement in _statements(role):
        if statement["Resource"] == KEY:
            [via] = [each["Fn::Sub"] for each in statement["Condition"]["StringEquals"].values()]
            assert list(statement["Condition"]["StringEquals"]) == ["kms:ViaService"]
            rights.setdefault(via, set()).update(_as_list(statement["Action"]))
    return rights


def _statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for policy in role.get("Policies", []) for each in policy["PolicyDocument"]["Statement"]]


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_role_has_what_the_key_asks_of_it_and_no_more(keyed: Resources) -> None:
    """GIVEN a key of one's own WHEN a role reads tables, or sends or takes messages THEN it may use the key for that.

    Tables ask for Decrypt, read or written; sending a message for a data key and Decrypt, taking one for Decrypt. Logs
    ask nothing of roles: CloudWatch Logs uses the key itself.
    """
    roles = _of_type(keyed, "AWS::IAM::Role")
    with_rights = 0
    for name, role in roles.items():
        may = {action for statement in _statements(role) for action in _as_list(statement["Action"])}
        needed: dict[str, set[str]] = {}
        if any(action.startswith("dynamodb:") for action in may):
            needed[f"dynamodb.{_VIA}"] = {"kms:Decrypt"}
        if "sqs:ReceiveMessage" in may:
            needed[f"sqs.{_VIA}"] = {"kms:Decrypt"}
        if "sqs:SendMessage" in may:
            needed[f"sqs.{_VIA}"] = {"kms:Decrypt", "kms:GenerateDataKey"}
        assert _rights(role) == needed, name
        with_rights += bool(needed)

    assert with_rights == 10, "nine functions and the schedules"


def test_no_service_sends_to_the_queues_by_itself(resources: Resources) -> None:
    """GIVEN queues under a key WHEN messages are sent THEN by roles alone: the key's policy need not name services."""
    kinds = {each["Type"] for each in resources.values()}
    targets = [
        target["Arn"] for rule in _of_type(resources, "AWS::Events::Rule").values() for target in rule["Targets"]
    ]

    assert not kinds & {"AWS::SQS::QueuePolicy", "AWS::SNS::Topic", "AWS::SNS::Subscription"}
    assert targets == [{"Ref": "StockTopicArn"}]


def _documented() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The statements that the documentation gives for the policy of the data's key, and for that of topics."""
    section = Path("docs/operations.md").read_text(encoding="utf-8").split("### Keys of your own")[1].split("\n### ")[0]
    policy, topics = (json.loads(block.partition("```")[0]) for block in section.split("```json\n")[1:])
    assert policy["Version"] == "2012-10-17"
    return policy["Statement"], topics


def test_the_documented_policy_lets_logs_use_the_key(resources: Resources) -> None:
    """GIVEN the key's policy of the documentation WHEN compared with the log groups THEN it covers these alone.

    Besides, it has the statement that lets IAM decide, without which the statements of the roles would not count.
    """
    account, logs = _documented()[0]
    assert account["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert logs["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert not any("*" in action for action in logs["Action"])
    [(operator, context)] = logs["Condition"].items()
    assert operator == "ArnLike"
    patterns = context["kms:EncryptionContext:aws:logs:arn"]

    def arns(stack: str) -> list[str]:
        names = [group["LogGroupName"]["Fn::Sub"] for group in _of_type(resources, "AWS::Logs::LogGroup").values()]
        beginning = "arn:aws:logs:eu-central-1:111122223333:log-group:"
        return [beginning + name.replace("${AWS::StackName}", stack) for name in names]

    def covered(arn: str) -> bool:
        return any(fnmatch.fnmatchcase(arn, pattern) for pattern in patterns)

    assert all(covered(arn) for arn in arns("number-inventory"))
    assert not any(covered(arn) for arn in arns("other"))


def test_the_documented_policy_of_topics_names_who_publishes(resources: Resources) -> None:
    """GIVEN what the template has publish to topics WHEN compared with the documentation THEN it names these services.

    CloudWatch says for which account it asks, so that its statement is bound to it; EventBridge does not.
    """
    topics = _documented()[1]
    publishers = {
        "cloudwatch.amazonaws.com": {each["Type"] for each in resources.values()} & {"AWS::CloudWatch::Alarm"},
        "events.amazonaws.com": {each["Type"] for each in resources.values()} & {"AWS::Events::Rule"},
    }

    assert {each["Principal"]["Service"] for each in topics} == {name for name, kinds in publishers.items() if kinds}
    for statement in topics:
        assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        own = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
        bound = statement["Principal"]["Service"] == "cloudwatch.amazonaws.com"
        assert statement.get("Condition") == (own if bound else None)
