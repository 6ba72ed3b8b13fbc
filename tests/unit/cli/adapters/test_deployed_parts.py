"""The parts of a stack as AWS describes them: each is read for what it is, and one that fails costs only itself."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError

from cli.adapters.deployed_parts import DeployedParts
from number_inventory.adapters.aws import AwsSession
from number_inventory.domain.checkup import (
    AlarmPart,
    FeedPart,
    FunctionPart,
    Part,
    QueuePart,
    SchedulePart,
    StackPart,
    TablePart,
    UnseenPart,
)

RESOURCES = (
    ("AWS::Scheduler::ScheduleGroup", "Schedules", "inventory"),
    ("AWS::DynamoDB::Table", "NumbersTable", "numbers-1"),
    ("AWS::DynamoDB::Table", "GoneTable", "gone"),
    ("AWS::Lambda::Function", "Audit", "inventory-audit"),
    ("AWS::Lambda::EventSourceMapping", "Changes", "uuid-1"),
    ("AWS::Scheduler::Schedule", "Sync", "inventory/sync"),
    ("AWS::SQS::Queue", "SyncDeadLetters", "https://queue/dead"),
    ("AWS::CloudWatch::Alarm", "HeldAlarm", "held-1"),
    ("AWS::CloudWatch::Alarm", "LostAlarm", "lost-1"),
    ("AWS::IAM::Role", "Role", "role-1"),
)


def refused(code: str) -> Callable[..., Any]:
    def call(**_parameters: object) -> None:
        raise ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "Call")  # type: ignore[typeddict-item]

    return call


def describe_table(TableName: str) -> dict[str, Any]:  # noqa: N803 - AWS's own name
    if TableName == "gone":
        refused("ResourceNotFoundException")()
    return {
        "Table": {
            "TableStatus": "ACTIVE",
            "GlobalSecondaryIndexes": [{"IndexName": "idle", "IndexStatus": "CREATING"}],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        }
    }


def account(**clients: Any) -> AwsSession:  # noqa: ANN401 - AWS's own shapes
    """An account that has such a stack; each client may be replaced."""
    summaries = [
        {"ResourceType": kind, "LogicalResourceId": logical, "PhysicalResourceId": physical}
        for kind, logical, physical in RESOURCES
    ]
    pages = SimpleNamespace(paginate=lambda **_: [{"StackResourceSummaries": summaries}])
    alarm = {
        "AlarmName": "held-1",
        "StateValue": "OK",
        "StateReason": "r",
        "ActionsEnabled": True,
        "AlarmActions": ["t"],
    }
    late = {"ParameterKey": "SyncLateHours", "ParameterValue": "9"}
    whole = {
        "cloudformation": SimpleNamespace(
            describe_stacks=lambda **_: {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Parameters": [late]}]},
            get_paginator=lambda _: pages,
        ),
        "dynamodb": SimpleNamespace(describe_table=describe_table),
        "functions": SimpleNamespace(
            get_function_configuration=lambda **_: {"State": "Failed", "StateReason": "no subnet"},
            get_event_source_mapping=lambda **_: {"State": "Enabled", "LastProcessingResult": "OK"},
        ),
        "scheduler": SimpleNamespace(
            get_schedule=lambda Name, GroupName: {"State": "ENABLED", "ScheduleExpression": f"{GroupName} {Name}"}  # noqa: N803
        ),
        "sqs": SimpleNamespace(get_queue_attributes=lambda **_: {"Attributes": {"ApproximateNumberOfMessages": "3"}}),
        "cloudwatch": SimpleNamespace(describe_alarms=lambda **_: {"MetricAlarms": [alarm]}),
    }
    named = {name: (lambda client=client: client) for name, client in (whole | clients).items()}
    return cast("AwsSession", SimpleNamespace(**named))


def parts(session: AwsSession) -> list[Part]:
    return list(DeployedParts(session, "inventory").parts())


def test_every_part_is_read_for_what_it_is() -> None:
    assert parts(account()) == [
        StackPart("inventory", "UPDATE_COMPLETE", {"SyncLateHours": "9"}),
        TablePart("NumbersTable", "ACTIVE", {"idle": "CREATING"}, "NEW_AND_OLD_IMAGES"),
        UnseenPart("table", "GoneTable", "", missing=True),
        FunctionPart("Audit", "Failed", "Successful", "no subnet"),
        FeedPart("Changes", "Enabled", "OK"),
        SchedulePart("Sync", "ENABLED", "inventory sync"),
        QueuePart("SyncDeadLetters", 3, dead=True),
        AlarmPart("HeldAlarm", "OK", "r", told=True),
        UnseenPart("alarm", "LostAlarm", "", missing=True),
    ]


def test_what_may_not_be_seen_is_told_and_the_rest_is_seen() -> None:
    """GIVEN no permission for queues and alarms THEN these say so, and every other part is there."""
    told = parts(
        account(
            sqs=SimpleNamespace(get_queue_attributes=refused("AccessDenied")),
            cloudwatch=SimpleNamespace(describe_alarms=refused("AccessDenied")),
        )
    )
    unseen = [part for part in told if isinstance(part, UnseenPart) and not part.missing]
    assert [(part.area, part.name) for part in unseen] == [("queue", "SyncDeadLetters"), ("alarm", "2 alarms")]
    assert all("AccessDenied" in part.why for part in unseen)
    assert len(told) == 8
