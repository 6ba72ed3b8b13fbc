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


def _make_concurrency_a_number(endpoint_url: str) -> None:
    """The value of the parameter stays text in the event source's settings, which then cannot be compared."""
    functions = client("lambda", endpoint_url)
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(
            UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": _WORKER_CONCURRENCY}
        )


def _let_send_batches(endpoint_url: str, outputs: Mapping[str, str]) -> None:
    """It asks for an action `sqs:SendMessageBatch`; on AWS there is none, and `sqs:SendMessage` covers batches."""
    dispatcher = client("lambda", endpoint_url).get_function_configuration(FunctionName=outputs["SyncDispatcherName"])
    queue = client("sqs", endpoint_url).get_queue_attributes(
        QueueUrl=outputs["SyncQueueUrl"], AttributeNames=["QueueArn"]
    )
    statement = {"Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": queue["Attributes"]["QueueArn"]}
    client("iam", endpoint_url).put_role_policy(
        RoleName=dispatcher["Role"].rpartition("/")[2],
        PolicyName="emulator-send-batches",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
