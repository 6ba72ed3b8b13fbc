"""What functions ask of AWS, noted where their clients send it, and what their roles allow, read off the template."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import pytest

from tests.engines.engine import shared_client
from tests.integration.functions.account import Account
from tests.integration.functions.alarms import template

Call = tuple[str, str]
"""An action, and the resource that it is done to, as the template names it."""

RETRIED: Call = ("dynamodb:GetItem", "NumbersTable")
"""What stands is read where a batch of writes had to be sent twice; moto knows no conditions of such a batch. The
contract tests have it on engines that do (tests/contract/test_lost_answers.py)."""


class Calls:
    """What runs ask of AWS, noted where the clients send it."""

    def __init__(self, account: Account) -> None:
        self.made: set[Call] = set()
        self._tables = {name: f"{kind.capitalize()}Table" for kind, name in asdict(account.tables).items()}

    def note(self, **said: Any) -> None:  # noqa: ANN401 - botocore's
        params, model = said["params"], said["model"]
        service, operation = model.service_model.service_name, model.name
        if service == "dynamodb":
            self.made |= set(self._of_tables(operation, params))
        elif service == "sqs":
            queue = {"sync": "SyncQueue", "history-dead": "HistoryDeadLetters"}[params["QueueUrl"].rpartition("/")[2]]
            self.made.add((f"sqs:{operation.removesuffix('Batch')}", queue))
        else:
            self.made.add((f"{service}:{operation}", params["Name"].rpartition("/")[2]))

    def _of_tables(self, operation: str, params: Mapping[str, Any]) -> Iterator[Call]:
        if operation == "BatchExecuteStatement":
            for statement in params["Statements"]:
                found = re.match(r'(\w+) (?:INTO )?"([^"]+)"', statement["Statement"])
                assert found, statement
                verb, table = found.groups()
                yield f"dynamodb:PartiQL{verb.capitalize()}", self._tables[table]
            return
        if operation == "TransactWriteItems":
            for item in params["TransactItems"]:
                [(what, of)] = item.items()
                yield f"dynamodb:{what}Item", self._tables[of["TableName"]]
            return
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        for table in params.get("RequestItems", [params.get("TableName")]):
            yield f"dynamodb:{operation}", self._tables[table] + index


@contextmanager
def noted(account: Account) -> Iterator[Calls]:
    """All that is asked of AWS by functions, and by nothing else: clients that were there before tell nothing."""
    shared_client(account.engine)
    noted = Calls(account)
    session = account.engine.session()._session
    session.register("before-parameter-build", noted.note)
    yield noted
    session.unregister("before-parameter-build", noted.note)


def allowed(function: str) -> set[Call]:
    """What a function's own code may do: its role, without what AWS itself does in its name."""
    resources = template()["Resources"]
    properties = resources[function]["Properties"]
    role = resources[properties["Role"].removesuffix(".Arn")]["Properties"]
    statements = [each for policy in role["Policies"] for each in policy["PolicyDocument"]["Statement"]]
    said = {
        (action, _name(resource))
        for statement in statements
        if isinstance(statement, dict)  # the others have conditions: a key, or a network
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"], of_text=True)
    }
    return {call for call in said if not call[0].startswith("logs:")} - _of_aws(properties)


def _of_aws(properties: Mapping[str, Any]) -> set[Call]:
    """What AWS does under the role: it takes from queues and streams, and keeps events of runs that failed."""
    done = set[Call]()
    if "EventInvokeConfig" in properties:
        done.add(("sqs:SendMessage", "InvocationDeadLetters"))
    for event in properties.get("Events", {}).values():
        if event["Type"] == "SQS":
            done |= {(f"sqs:{what}", "SyncQueue") for what in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")}
        if event["Type"] == "DynamoDB":
            reads = ("DescribeStream", "GetRecords", "GetShardIterator")
            done |= {(f"dynamodb:{what}", "NumbersTable.StreamArn") for what in reads}
            done.add(("dynamodb:ListStreams", "NumbersTable/stream/*"))
    return done


def _listed(value: Any, *, of_text: bool = False) -> list[Any]:  # noqa: ANN401 - one or many
    if isinstance(value, list) and of_text and value[0] == "MakeEventBus":
        return [value[1]]
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], dict):
        return [value[0]]  # a text with what is put into it
    return value if isinstance(value, list) else [value]


def _name(resource: str) -> str:
    if "/index/" in resource or "/stream/" in resource:
        return resource.replace("${", "").replace(".Arn}", "")
    if ":ssm:" in resource:
        return resource.rpartition("/")[2]
    return re.split(r"[:-]", resource)[-1] if resource.startswith("arn:") else resource.removesuffix(".Arn")


@contextmanager
def batched(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Numbers are written many a request, as on AWS."""
    with patch.context() as within:
        within.setenv("BATCHED_WRITES", "true")
        yield


def wakes(account: Account) -> set[Call]:
    """The functions that were invoked since the last time; moto has none, so that no client is asked."""
    return {("lambda:InvokeFunction", "jobs" if "job" in event else "audit") for event in account.invocations.taken()}
