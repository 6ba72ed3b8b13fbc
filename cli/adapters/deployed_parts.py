"""The parts of a deployed stack, as AWS describes them; implements `ports.Deployment`. Operators alone ask."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from number_inventory.adapters.aws import AWS_FAULTS, AwsSession, aws_errors, error_code, storage_error
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

_GONE = frozenset(
    {
        "ResourceNotFoundException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    }
)
_ALARMS = 100
"""The most alarms that one request may name."""

_Resource = Mapping[str, str]


class DeployedParts:
    """The parts of one stack.

    Attributes:
        name: of the stack.
    """

    def __init__(self, session: AwsSession, name: str) -> None:
        self._session = session
        self._name = name

    def parts(self) -> Iterator[Part]:
        """Its parts as they are now, kind by kind; see `ports.Deployment`."""
        cloudformation = self._session.cloudformation()
        with aws_errors(f"read stack {self._name}"):
            stack = cloudformation.describe_stacks(StackName=self._name)["Stacks"][0]
            pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=self._name)
            resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        parameters = {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", ())}
        yield StackPart(self._name, stack["StackStatus"], parameters)
        of_kind: dict[str, list[_Resource]] = {}
        for resource in resources:
            of_kind.setdefault(resource["ResourceType"], []).append(resource)
        group = next(
            (each["PhysicalResourceId"] for each in of_kind.get("AWS::Scheduler::ScheduleGroup", ())), "default"
        )
        looks: tuple[tuple[str, str, Callable[[], Callable[[_Resource], Part]]], ...] = (
            ("AWS::DynamoDB::Table", "table", self._table),
            ("AWS::Lambda::Function", "function", self._function),
            ("AWS::Lambda::EventSourceMapping", "feed", self._feed),
            ("AWS::Scheduler::Schedule", "schedule", lambda: self._schedule(group)),
            ("AWS::SQS::Queue", "queue", self._queue),
        )
        for kind, area, looking in looks:
            look = looking()
            for resource in of_kind.get(kind, ()):
                yield _seen(area, resource, look)
        yield from self._alarms(of_kind.get("AWS::CloudWatch::Alarm", []))

    def _table(self) -> Callable[[_Resource], Part]:
        client = self._session.dynamodb()

        def look(resource: _Resource) -> Part:
            table = client.describe_table(TableName=resource["PhysicalResourceId"])["Table"]
            indexes = {
                index.get("IndexName", ""): str(index.get("IndexStatus", ""))
                for index in table.get("GlobalSecondaryIndexes", ())
            }
            stream = table.get("StreamSpecification", {})
            shows = str(stream.get("StreamViewType", "")) if stream.get("StreamEnabled") else ""
            return TablePart(resource["LogicalResourceId"], table.get("TableStatus", "unknown"), indexes, shows)

        return look

    def _function(self) -> Callable[[_Resource], Part]:
        client = self._session.functions()

        def look(resource: _Resource) -> Part:
            told = client.get_function_configuration(FunctionName=resource["PhysicalResourceId"])
            reason = told.get("LastUpdateStatusReason") or told.get("StateReason") or ""
            name = resource["LogicalResourceId"]
            return FunctionPart(name, told.get("State", "Active"), told.get("LastUpdateStatus", "Successful"), reason)

        return look

    def _feed(self) -> Callable[[_Resource], Part]:
        client = self._session.functions()

        def look(resource: _Resource) -> Part:
            told = client.get_event_source_mapping(UUID=resource["PhysicalResourceId"])
            name = resource["LogicalResourceId"]
            return FeedPart(name, told.get("State", "unknown"), told.get("LastProcessingResult", ""))

        return look

    def _schedule(self, group: str) -> Callable[[_Resource], Part]:
        client = self._session.scheduler()

        def look(resource: _Resource) -> Part:
            told = client.get_schedule(Name=resource["PhysicalResourceId"].rpartition("/")[2], GroupName=group)
            return SchedulePart(resource["LogicalResourceId"], told["State"], told.get("ScheduleExpression", ""))

        return look

    def _queue(self) -> Callable[[_Resource], Part]:
        client = self._session.sqs()

        def look(resource: _Resource) -> Part:
            told = client.get_queue_attributes(
                QueueUrl=resource["PhysicalResourceId"], AttributeNames=["ApproximateNumberOfMessages"]
            )
            name = resource["LogicalResourceId"]
            messages = int(told.get("Attributes", {}).get("ApproximateNumberOfMessages", 0))
            return QueuePart(name, messages, dead=name.endswith("DeadLetters"))

        return look

    def _alarms(self, resources: list[_Resource]) -> Iterator[Part]:
        """All alarms with one request for a hundred of them."""
        client = self._session.cloudwatch()
        for start in range(0, len(resources), _ALARMS):
            some = resources[start : start + _ALARMS]
            names = {each["PhysicalResourceId"]: each["LogicalResourceId"] for each in some}
            try:
                told = client.describe_alarms(AlarmNames=list(names), MaxRecords=_ALARMS)["MetricAlarms"]
            except AWS_FAULTS as error:
                yield UnseenPart("alarm", f"{len(some)} alarms", str(storage_error(error, "look at them")))
                continue
            found = {alarm["AlarmName"]: alarm for alarm in told}
            for physical, logical in names.items():
                yield _alarm(logical, found.get(physical))


def _alarm(name: str, told: Mapping[str, Any] | None) -> Part:
    if told is None:
        return UnseenPart("alarm", name, "", missing=True)
    heard = bool(told.get("ActionsEnabled") and told.get("AlarmActions"))
    return AlarmPart(name, told["StateValue"], told.get("StateReason", ""), heard)


def _seen(area: str, resource: _Resource, look: Callable[[_Resource], Part]) -> Part:
    """What a look shows; one that fails costs nothing but itself."""
    try:
        return look(resource)
    except AWS_FAULTS as error:
        name = resource["LogicalResourceId"]
        if isinstance(error, ClientError) and error_code(error) in _GONE:
            return UnseenPart(area, name, "", missing=True)
        return UnseenPart(area, name, str(storage_error(error, "look at it")))
