"""Many items in few requests, and all of them: what DynamoDB leaves unprocessed is written again."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.at_once import at_once
from number_inventory.adapters.dynamodb.attributes import Item
from number_inventory.adapters.dynamodb.batch_get import MAX_ROUNDS, pause
from number_inventory.domain.errors import StorageBusyError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 25
"""The most items that BatchWriteItem takes."""


def batch_put(
    client: "DynamoDBClient",
    table: str,
    items: Sequence[Item],
    *,
    purpose: str,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Store items, whatever stood there before; where it fails, some of them may be stored.

    Args:
        client: of DynamoDB.
        table: where they go.
        items: each key once.
        purpose: in words, for errors.
        sleep: waits between the rounds for what was left unprocessed.

    Raises:
        StorageBusyError: DynamoDB kept leaving items unprocessed, or failed.
        StorageRefusedError: it refused.
    """

    def put(batch: Sequence[Item]) -> None:
        pending: list[Any] = [{"PutRequest": {"Item": item}} for item in batch]
        for attempt in range(MAX_ROUNDS):
            with aws_errors(purpose):
                answer = client.batch_write_item(RequestItems={table: pending})
            pending = list(answer.get("UnprocessedItems", {}).get(table, ()))
            if not pending:
                return
            sleep(pause(attempt))
        raise StorageBusyError(f"could not {purpose} for now: {len(pending)} items stayed unwritten. Try again later")

    at_once(put, [items[start : start + BATCH] for start in range(0, len(items), BATCH)])
