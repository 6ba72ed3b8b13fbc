"""Functions that carry out audits and jobs; implements `ports.AuditWorkers` and `ports.NumberJobWorkers`."""

import json
from typing import TYPE_CHECKING

from number_inventory.adapters.aws import aws_errors
from number_inventory.domain.audit_runs import AuditRun
from number_inventory.domain.number_jobs import NumberJob

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class LambdaAuditWorkers:
    """Invokes the audit function without waiting for it; the event is `{"customer": ..., "run": ..., "step": ...}`.

    After a lost answer botocore invokes it again, and Lambda itself may deliver an event twice. That does no harm. Of
    two invocations one claims the run at this step, and the other one ends at once. Two deliveries of one event have
    one name, as a retry must have that takes over from its dead self: there the later one has the run, the earlier one
    ends when it next stores anything, and what both write to numbers is conditional.
    """

    def __init__(self, client: "LambdaClient", function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def wake(self, run: AuditRun) -> None:
        """Let the function take up the run at its present step, soon and at least once.

        Raises:
            StorageBusyError, StorageRefusedError: it could not be invoked.
        """
        event = {"customer": run.customer, "run": run.id, "step": run.step}
        purpose = f"wake function {self._function_name} for audit {run.id} of customer {run.customer}"
        _invoke(self._client, self._function_name, event, purpose)


class LambdaNumberJobWorkers:
    """Invokes the function of jobs without waiting for it; the event is `{"customer": ..., "job": ..., "step": ...}`.

    An event that comes twice does no harm, as with audits: one invocation has the job, and what both write to numbers
    is conditional.
    """

    def __init__(self, client: "LambdaClient", function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def wake(self, job: NumberJob) -> None:
        """Let the function take up the job at its present step, soon and at least once.

        Raises:
            StorageBusyError, StorageRefusedError: it could not be invoked.
        """
        event = {"customer": job.customer, "job": job.id, "step": job.step}
        purpose = f"wake function {self._function_name} for job {job.id} of customer {job.customer}"
        _invoke(self._client, self._function_name, event, purpose)


def _invoke(client: "LambdaClient", function_name: str, event: object, purpose: str) -> None:
    with aws_errors(purpose):
        client.invoke(FunctionName=function_name, InvocationType="Event", Payload=json.dumps(event).encode())
