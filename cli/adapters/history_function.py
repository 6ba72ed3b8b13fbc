"""The deployed function that records changes of numbers; implements `ports.HistoryFunction`."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from number_inventory.adapters.aws import aws_errors
from number_inventory.domain.errors import StorageBusyError
from number_inventory.ports.number_stream import StreamedChange

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

PATIENCE_SECONDS = 150
"""How long a client has to wait for an answer: the function itself may take two minutes."""


class DeployedHistoryFunction:
    """Invokes the function with the event that the stream's mapping would have sent, and waits.

    After a lost answer botocore invokes it again. That does no harm: it may have every change as often as wanted.
    """

    def __init__(self, client: "LambdaClient", function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def record(self, batch: Sequence[StreamedChange]) -> Sequence[str]:
        """Have a batch recorded; see `ports.HistoryFunction`."""
        event = b'{"Records":[%s]}' % b",".join(change.content for change in batch)
        with aws_errors(f"have function {self._function_name} record {len(batch)} changes"):
            answer = self._client.invoke(FunctionName=self._function_name, Payload=event)
            body = answer["Payload"].read()
        if "FunctionError" in answer:
            raise StorageBusyError(f"function {self._function_name} failed: {_failure(body)}")
        try:
            return [str(each["itemIdentifier"]) for each in json.loads(body)["batchItemFailures"]]
        except (ValueError, KeyError, TypeError):
            message = f"function {self._function_name} gave an answer that is none of record-history: {body[:200]!r}"
            raise StorageBusyError(message) from None


def _failure(body: bytes) -> str:
    """What a failed function says of itself, in one line."""
    try:
        told = json.loads(body)
        return f"{told.get('errorType', 'Error')}: {told['errorMessage']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return repr(body[:200])
