"""Many items in few requests, and all of them: what DynamoDB leaves unprocessed is asked for again."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attributes import Item
from number_inventory.domain.errors import StorageBusyError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 100
"""The most keys that BatchGetItem takes."""

MAX_ROUNDS = 8
"""How often a batch is sent until DynamoDB has taken all of it."""

_FIRST_PAUSE_SECONDS = 0.05


def pause(attempt: int) -> float:
    """Seconds to wait after this attempt, the first being 0."""
    # Full jitter: whoever was throttled together does not come back together.
    return random.uniform(0, _FIRST_PAUSE_SECONDS * 2**attempt)  # noqa: S311 - not a secret


def batch_get(
    client: "DynamoDBClient",
    table: str,
    keys: Sequence[Item],
    *,
    purpose: str,
    consistent: bool,
    names: Sequence[str] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, Any]]:
    """Those of the items that exist, in no particular order.

    Args:
        client: of DynamoDB.
        table: where they stand.
        keys: each once.
        purpose: in words, for errors.
        consistent: strongly, at twice the price.
        names: of the attributes that are wanted, at the price of all; all of them if none is named.
        sleep: waits between the rounds for what was left unprocessed.

    Raises:
        StorageBusyError: DynamoDB kept leaving keys unprocessed, or failed.
        StorageRefusedError: it refused.
    """
    for start in range(0, len(keys), BATCH):
        pending: list[Any] = list(keys[start : start + BATCH])
        how: Any = {"ConsistentRead": consistent}
        if names:
            how["ProjectionExpression"] = ", ".join(f"#{name}" for name in names)
            how["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        for attempt in range(MAX_ROUNDS):
            with aws_errors(purpose):
                wanted: Any = {table: {"Keys": pending, **how}}
                answer = client.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(table, ())
            left = answer.get("UnprocessedKeys", {}).get(table)
            pending = list(left["Keys"]) if left else []
            if not pending:
                break
            sleep(pause(attempt))
        else:
            raise StorageBusyError(f"could not {purpose} for now: {len(pending)} items stayed unread. Try again later")
