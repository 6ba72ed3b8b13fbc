"""What MiniStack does otherwise than AWS, set right after each deployment: the template is written for AWS alone."""

import json
from collections.abc import Mapping

from local_stack.emulator import client

_WORKER_CONCURRENCY = 5


def set_right(endpoint_url: str, outputs: Mapping[str, str]) -> None:
    """Makes the deployed stack behave as it does on AWS.

    Args:
        endpoint_url: Where the emulator listens.
        outputs: The outputs of the deployed stack.
    """
    _make_concurrency_a_number(endpoint_url)
    _let_send_batches(endpoint_url, outputs)
    _let_write_batches(endpoint_url, outputs)


def _make_concurrency_a_number(endpoint_url: str) -> None:
    """The value of the parameter stays text in the event source's settings, which then cannot be compared."""
    functions = client("lambda", endpoint_url)
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(
            UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": _WORKER_CONCURRENCY}
        )


def _let_send_batches(endpoint_url: str, outputs: Mapping[str, str]) -> None:
    """It asks for an action `sqs:SendMessageBatch`; on AWS there is none, and `sqs:SendMessage` covers batches."""
    queue = client("sqs", endpoint_url).get_queue_attributes(
        QueueUrl=outputs["SyncQueueUrl"], AttributeNames=["QueueArn"]
    )
    _allow(endpoint_url, outputs["SyncDispatcherName"], "sqs:SendMessageBatch", queue["Attributes"]["QueueArn"])


def _let_write_batches(endpoint_url: str, outputs: Mapping[str, str]) -> None:
    """It asks for an action `dynamodb:BatchExecuteStatement`, on no table; AWS asks for that of each statement."""
    for name in ("SyncWorkerName", "ReleaseCooledName", "AuditName", "NumberApiName", "NumberJobsName"):
        _allow(endpoint_url, outputs[name], "dynamodb:BatchExecuteStatement", "*")


def _allow(endpoint_url: str, function: str, action: str, resource: str) -> None:
    deployed = client("lambda", endpoint_url).get_function_configuration(FunctionName=function)
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    client("iam", endpoint_url).put_role_policy(
        RoleName=deployed["Role"].rpartition("/")[2],
        PolicyName=f"emulator-{action.rpartition(':')[2]}",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
