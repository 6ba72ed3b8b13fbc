"""Functions that carry out audits and jobs; implements `ports.Workers`."""

import json
from typing import TYPE_CHECKING, Protocol

from number_inventory.adapters.aws import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class _Run(Protocol):
    @property
    def customer(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def step(self) -> int: ...


class LambdaWorkers:
    """Invokes a function without waiting for it; the event is such as `{"customer": ..., "run": ..., "step": ...}`.

    After a lost answer botocore invokes it again, and Lambda itself may deliver an event twice. That does no harm. Of
    two invocations one claims the run at this step, and the other one ends at once. Two deliveries of one event have
    one name, as a retry must have that takes over from its dead self: there the later one has the run, the earlier one
    ends when it next stores anything, and what both write to numbers is conditional.

    Attributes:
        named: what the event calls the run, `run` of an audit or `job`.
    """

    def __init__(self, client: "LambdaClient", function_name: str, named: str) -> None:
        self._client = client
        self._function_name = function_name
        self._named = named

    def wake(self, run: _Run) -> None:
        """Let the function take up the run at its present step, soon and at least once.

        Raises:
            StorageBusyError, StorageRefusedError: it could not be invoked.
        """
        event = {"customer": run.customer, self._named: run.id, "step": run.step}
        with aws_errors(f"wake function {self._function_name} for {self._named} {run.id} of customer {run.customer}"):
            self._client.invoke(
                FunctionName=self._function_name, InvocationType="Event", Payload=json.dumps(event).encode()
            )
