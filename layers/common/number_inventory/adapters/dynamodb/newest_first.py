"""Pages of what a customer has in a table where the newest comes first: ids begin with the instant of their making."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attributes import text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_AFTER_ALL = "~"
"""Sorts after every character that an id can hold."""


class NewestPage(NamedTuple):
    """A page of items.

    Attributes:
        items: in their order.
        last: the id of the last of them, to go on after; None at the end.
    """

    items: Sequence[dict[str, Any]]
    last: str | None


def newest_first(
    client: "DynamoDBClient", table: str, owner: str, *, prefix: str, limit: int, after: str | None
) -> NewestPage:
    """At most `limit` of an owner's items whose part is the prefix and an id, from those before the id `after`.

    Raises:
        StorageBusyError: AWS did not play along.
        StorageRefusedError: AWS refuses it for good.
    """
    # The upper bound is part of the range: an item to go on after is looked at once more.
    looked_at = limit + 1 if after is None else limit + 2
    request: dict[str, Any] = {
        "KeyConditionExpression": "#owner = :owner AND #part BETWEEN :low AND :high",
        "ExpressionAttributeNames": {"#owner": "owner", "#part": "part"},
        "ExpressionAttributeValues": {
            ":owner": text(owner),
            ":low": text(prefix),
            ":high": text(prefix + (_AFTER_ALL if after is None else after)),
        },
        "ScanIndexForward": False,
        "Limit": looked_at,
        "ConsistentRead": True,
    }
    with aws_errors(f"list what {owner} has in {table}"):
        answer = client.query(TableName=table, **request)
    items = [item for item in answer["Items"] if _id(item, prefix) != after]
    shown = items[:limit]
    more = bool(shown) and (len(items) > limit or "LastEvaluatedKey" in answer)
    return NewestPage(shown, _id(shown[-1], prefix) if more else None)


def _id(item: dict[str, Any], prefix: str) -> str:
    part: str = item["part"]["S"]
    return part.removeprefix(prefix)
