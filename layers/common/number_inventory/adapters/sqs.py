"""Queues: of single syncs, and of what nobody can work on; implements `ports.SyncQueue` and `ports.DeadLetters`."""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from number_inventory.adapters.aws import aws_errors
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import StorageBusyError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_log = logging.getLogger(__name__)

_BATCH = 10
"""The most messages that SendMessageBatch takes."""

_ROUNDS = 3
"""How often a message is sent that SQS itself failed to take; the next schedule sends it again anyway."""

_MOST_CHARACTERS = 60_000
"""Of a dead letter: with four bytes each they are within what every queue takes."""


class SqsSyncQueue:
    """Sends sync requests, ten a request; each is `{"customer": ..., "device": ..., "scheduled": ...}`.

    All that it sends has the correlation id that it is given, which leads from a schedule to what its syncs write.
    """

    def __init__(self, client: "SQSClient", queue_url: str, correlation_id: str = "") -> None:
        self._client = client
        self._queue_url = queue_url
        self._correlation = {"correlation_id": correlation_id} if correlation_id else {}

    def send(self, keys: Sequence[DeviceKey], *, scheduled: bool = False) -> Sequence[DeviceKey]:
        """Queue one sync for each device; returns those that could not be queued.

        Raises:
            StorageRefusedError: SQS refuses for good: permission, or no such queue.
        """
        unsent: list[DeviceKey] = []
        for start in range(0, len(keys), _BATCH):
            pending = list(keys[start : start + _BATCH])
            try:
                for _ in range(_ROUNDS):
                    pending = self._send(pending, scheduled) if pending else []
            except StorageBusyError as error:
                # After botocore's own retries: the rest would only wait in vain as well.
                _log.warning("%s", error)
                return [*unsent, *pending, *keys[start + _BATCH :]]
            unsent += pending
        return unsent

    def _send(self, keys: list[DeviceKey], scheduled: bool) -> list[DeviceKey]:  # noqa: FBT001 - of this class only
        """Send at most ten; returns those that SQS did not take."""
        with aws_errors(f"queue the sync of {len(keys)} devices"):
            answer = self._client.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(index), "MessageBody": json.dumps(_request(key, scheduled) | self._correlation)}
                    for index, key in enumerate(keys)
                ],
            )
        failed = answer.get("Failed", [])
        for failure in failed:
            _log.warning("could not queue the sync of device %s: %s", keys[int(failure["Id"])], failure["Code"])
        return [keys[int(failure["Id"])] for failure in failed]


def _request(key: DeviceKey, scheduled: bool) -> dict[str, object]:  # noqa: FBT001 - of this module only
    return {"customer": key.customer, "device": key.name} | ({"scheduled": True} if scheduled else {})


class SqsDeadLetters:
    """A queue that a person looks at."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def keep(self, letter: Mapping[str, object]) -> None:
        """Keep what can be said as JSON; of what is too long, the beginning.

        Raises:
            StorageBusyError, StorageRefusedError: it is not kept.
        """
        body = json.dumps(letter, default=str, ensure_ascii=False)
        if len(body) > _MOST_CHARACTERS:
            body = json.dumps({"cut": body[: _MOST_CHARACTERS // 2]}, ensure_ascii=False)
        with aws_errors("keep what could not be worked on"):
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)
