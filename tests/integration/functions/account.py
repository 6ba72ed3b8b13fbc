"""An AWS account in the process, and the functions run in it as Lambda runs them."""

import contextlib
import importlib
import io
import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from number_inventory.adapters.dynamodb.audits import DynamoAudits
from number_inventory.adapters.dynamodb.devices import DynamoDevices
from number_inventory.adapters.dynamodb.inventory import DynamoInventory
from number_inventory.adapters.dynamodb.macros import DynamoMacros
from number_inventory.adapters.ssm import SsmSecrets
from number_inventory.domain.decisions import Decision, Outcome
from number_inventory.domain.devices import Device, DeviceKey, DeviceState, SourceKind, TlsSettings
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.numbers import WriteResult
from number_inventory.ports.secrets import Credentials
from simulator.server import Simulator
from tests.engines.engine import Engine, Tables, shared_client
from tests.planted import spellings_found

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CANARY = "canary-Pa55word:@/?#"
"""A password that must never be seen in any output."""

PREFIX = "/inventory-test"
DISPATCHER = "functions.sync_devices.dispatch"
WORKER = "functions.sync_devices.worker"
RELEASE = "functions.release_cooled.handler"
AUDIT = "functions.audit.handler"
API = "functions.number_api.handler"
JOBS = "functions.number_jobs.handler"
AUDIT_FUNCTION = "inventory-test-audit"
JOB_FUNCTION = "inventory-test-number-jobs"
REQUEST_ID = "8f7a1f6e-5d3b-4c55-9f0c-2f6d8b0a7c11"
_SERVICE_ADDRESS = "https://192.0.2.7"
_USER = "Admin"


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda hands to a handler besides the event."""

    seconds_left: float = 60.0
    aws_request_id: str = REQUEST_ID
    function_name: str = "inventory-test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:inventory-test"

    def get_remaining_time_in_millis(self) -> int:
        """How long the function has left."""
        return int(self.seconds_left * 1000)


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that came to its end.

    Attributes:
        answer: what the handler returned, after a way through JSON.
        output: all that it printed and logged.
        error: what it raised; None where it returned.
    """

    answer: Any
    output: str
    error: Exception | None = None

    @property
    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]

    @property
    def logged(self) -> list[dict[str, Any]]:
        """The structured log lines."""
        return [line for line in self._lines if "level" in line]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The metrics in CloudWatch's embedded format."""
        return [line for line in self._lines if "_aws" in line]

    def counted(self) -> dict[str, float]:
        """The sum of each metric of the run."""
        return {
            metric["Name"]: sum(line[metric["Name"]])
            for line in self.metrics
            for directive in line["_aws"]["CloudWatchMetrics"]
            for metric in directive["Metrics"]
        }


@dataclass(slots=True)
class Invocations:
    """Stands in for Lambda's client, since moto runs no functions: what was to be invoked, in order.

    Attributes:
        refused: names that make an invocation fail where its event holds one.
    """

    asked: list[dict[str, Any]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def invoke(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as the client takes it
        """Take an invocation that nobody waits for."""
        if any(name in request["Payload"].decode() for name in self.refused):
            error: Any = {"Error": {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}}
            raise ClientError(error, "Invoke")
        event = json.loads(request["Payload"])
        expected = JOB_FUNCTION if "job" in event else AUDIT_FUNCTION
        assert (request["InvocationType"], request["FunctionName"]) == ("Event", expected)
        self.asked.append(event)
        return {"StatusCode": 202, "Payload": io.BytesIO()}

    def taken(self) -> list[dict[str, Any]]:
        """The events that were asked for since the last time."""
        taken, self.asked = self.asked, []
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Tables, a queue and secrets, and what tests put in and look at; in moto, within this process."""

    engine: Engine
    tables: Tables
    sqs: "SQSClient"
    queue_url: str
    inventory: DynamoInventory
    devices: DynamoDevices
    macros: DynamoMacros
    audits: DynamoAudits
    secrets: SsmSecrets
    invocations: Invocations

    def run(self, module: str, event: object, *, seconds_left: float = 60.0, request_id: str = REQUEST_ID) -> Ran:
        """Run a handler; whatever it says must not hold the password. Lambda's retries have the request id again."""
        handler = importlib.import_module(module).handler
        with _everything_said(module) as said:
            answer, error = None, None
            try:
                answer = json.loads(json.dumps(handler(event, Context(seconds_left, request_id))))
            except Exception as raised:  # noqa: BLE001 - Lambda, too, takes whatever a handler raises
                error = raised
                said.write("".join(traceback.format_exception(raised)))
        assert spellings_found(said.getvalue() + json.dumps(answer), CANARY) == []
        return Ran(answer, said.getvalue(), error)

    def refused(self, module: str, event: object) -> Exception:
        """Run a handler that must raise; returns what it raised."""
        ran = self.run(module, event)
        assert ran.error is not None, f"{module} took {event!r} and answered {ran.answer!r}"
        return ran.error

    def add_device(
        self, name: str, simulator: Simulator | None = None, *, customer: str = "acme", **fields: object
    ) -> DeviceKey:
        """Configure a device with its credentials: a played one, or one that is never asked."""
        key = DeviceKey(customer, name)
        address, tls = _SERVICE_ADDRESS, TlsSettings()
        if simulator is not None:
            address = simulator.url("sbc-1")
            tls = TlsSettings(ca_pem=Path(simulator.certificates.ca_path).read_text(encoding="utf-8"))
        values: dict[str, Any] = {"address": address, "tls": tls, "read_timeout_seconds": 5, **fields}
        self.secrets.store(key, Credentials(_USER, CANARY))
        self.devices.add(Device(key=key, source=SourceKind.SBC, **values))
        return key

    def put(self, *records: NumberRecord) -> None:
        """Store new numbers as they are given."""
        results = self.inventory.save([Decision(None, record, Outcome.HOLDER_ADDED) for record in records])
        assert set(results) <= {WriteResult.WRITTEN}

    def plant_number(self, number: str, **attributes: dict[str, str]) -> None:
        """Put an item as some other hand would: with whatever attributes, past all rules."""
        item = {"customer": {"S": "acme"}, "number": {"S": number}, "version": {"N": "1"}, **attributes}
        shared_client(self.engine).put_item(TableName=self.tables.numbers, Item=item)

    def damage(self, number: str, **attributes: str) -> None:
        """Write attributes of an item as some other hand would, past all rules."""
        shared_client(self.engine).update_item(
            TableName=self.tables.numbers,
            Key={"customer": {"S": "acme"}, "number": {"S": number}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ExpressionAttributeNames={f"#{name}": name for name in attributes},
            ExpressionAttributeValues={f":{name}": {"S": value} for name, value in attributes.items()},
        )

    def lose(self, number: str) -> None:
        """Delete an item, as nothing of the product does."""
        key = {"customer": {"S": "acme"}, "number": {"S": number}}
        shared_client(self.engine).delete_item(TableName=self.tables.numbers, Key=key)

    def audits_end(self) -> list[Ran]:
        """Invoke the audit function as it was asked for, and asks itself, until nothing is left; each time anew."""
        return self._end(AUDIT)

    def jobs_end(self, seconds_left: float = 60.0) -> list[Ran]:
        """The same with the function of jobs."""
        return self._end(JOBS, seconds_left)

    def _end(self, module: str, seconds_left: float = 60.0) -> list[Ran]:
        ran: list[Ran] = []
        while events := self.invocations.taken():
            ran += [
                self.run(module, event, seconds_left=seconds_left, request_id=f"woken-{len(ran)}-{place}")
                for place, event in enumerate(events)
            ]
        assert [each.error for each in ran if each.error] == []
        return ran

    def number(self, number: str, customer: str = "acme") -> NumberRecord:
        """A number that must be there."""
        record = self.inventory.get(customer, number)
        assert record is not None, f"customer {customer} has no number {number}"
        return record

    def state(self, key: DeviceKey) -> DeviceState:
        """How a device fares."""
        return self.devices.get(key).state

    def queued(self) -> list[dict[str, str]]:
        """Takes all messages off the queue; returns what they ask for."""
        bodies = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(bodies, key=lambda body: (body["customer"], body["device"]))


def batch(*bodies: object) -> dict[str, Any]:
    """An event of SQS; bodies that are no text are sent as JSON, and message ids are `m0`, `m1`, ..."""
    return {
        "Records": [
            {
                "messageId": f"m{place}",
                "receiptHandle": f"receipt-{place}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1763895600000",
                    "SenderId": "AROAEXAMPLE:inventory-test-sync-dispatcher",
                    "ApproximateFirstReceiveTimestamp": "1763895600050",
                },
                "messageAttributes": {},
                "md5OfBody": "0" * 32,
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:inventory-test-SyncQueue",
                "awsRegion": "eu-central-1",
            }
            for place, body in enumerate(bodies)
        ]
    }


def failures(ran: Ran) -> list[str]:
    """The messages that the worker gives back."""
    return [item["itemIdentifier"] for item in ran.answer["batchItemFailures"]]


@contextlib.contextmanager
def _everything_said(module: str) -> Iterator[io.StringIO]:
    """Catches standard output and error, the function's own logger, and every other logger."""
    said = io.StringIO()
    handler = importlib.import_module(module).logger.handlers[0]
    others = logging.StreamHandler(said)
    before = handler.setStream(said)
    logging.getLogger().addHandler(others)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield said
    finally:
        logging.getLogger().removeHandler(others)
        handler.setStream(before)
