"""What MiniStack does otherwise than AWS, set right after each deployment: the template is written for AWS alone."""

import json
from collections.abc import Mapping

from local_stack.emulator import client

_WORKER_CONCURRENCY = 5

_WRITERS = ("SyncWorkerName", "ReleaseCooledName", "AuditName", "NumberApiName", "NumberJobsName", "SettingsApiName")
"""Outputs with the names of the functions that write numbers."""


def set_right(endpoint_url: str, outputs: Mapping[str, str]) -> None:
    """Makes the deployed stack behave as it does on AWS.

    Args:
        endpoint_url: Where the emulator listens.
        outputs: The outputs of the deployed stack.
    """
    _make_concurrency_a_number(endpoint_url)
    _let_send_batches(endpoint_url, outputs)
    _write_one_by_one(endpoint_url, outputs)


def _make_concurrency_a_number(endpoint_url: str) -> None:
    """The value of the parameter stays text in the event source's settings, which then cannot be compared."""
    functions = client("lambda", endpoint_url)
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if ":sqs:" not in mapping["EventSourceArn"]:
            continue
        functions.update_event_source_mapping(
            UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": _WORKER_CONCURRENCY}
        )


def _let_send_batches(endpoint_url: str, outputs: Mapping[str, str]) -> None:
    """It asks for an action `sqs:SendMessageBatch`; on AWS there is none, and `sqs:SendMessage` covers batches."""
    queue = client("sqs", endpoint_url).get_queue_attributes(
        QueueUrl=outputs["SyncQueueUrl"], AttributeNames=["QueueArn"]
    )
    for name in ("SyncDispatcherName", "SettingsApiName"):
        _allow(endpoint_url, outputs[name], "sqs:SendMessageBatch", queue["Attributes"]["QueueArn"])


def _write_one_by_one(endpoint_url: str, outputs: Mapping[str, str]) -> None:
    """Its streams tell nothing of what batched statements write; on AWS they tell of every write."""
    functions = client("lambda", endpoint_url)
    for name in _WRITERS:
        deployed = functions.get_function_configuration(FunctionName=outputs[name])
        variables = deployed["Environment"]["Variables"] | {"BATCHED_WRITES": "false"}
        functions.update_function_configuration(FunctionName=outputs[name], Environment={"Variables": variables})


def _allow(endpoint_url: str, function: str, action: str, resource: str) -> None:
    deployed = client("lambda", endpoint_url).get_function_configuration(FunctionName=function)
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    client("iam", endpoint_url).put_role_policy(
        RoleName=deployed["Role"].rpartition("/")[2],
        PolicyName=f"emulator-{action.rpartition(':')[2]}",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
