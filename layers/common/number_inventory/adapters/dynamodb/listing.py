"""Pages of a customer's numbers in the order of their spelling, each for a bounded price.

Every step is a key range, never a stored position: a page token needs the last number and nothing else, and stays good
whatever is written or deleted meanwhile.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attributes import Attribute, text
from number_inventory.adapters.dynamodb.batch_get import batch_get
from number_inventory.adapters.dynamodb.number_items import IDLE_INDEX, IDLE_STATUSES, idle_pool, number_key
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports import NumberPage, NumberQuery

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BEFORE_ALL = "!"
"""Sorts before every character that a number can hold."""

_AFTER_ALL = "~"
"""Sorts after every character that a number can hold."""

_MAX_REQUESTS = 10
"""Requests a page may take: a page that finds little ends early, and says where to go on."""

_GROWTH = 4
"""How much more each request of a page that finds little looks at than the one before."""

Readable = Callable[[Sequence[dict[str, Any]]], list[NumberRecord]]
"""The records in items; reports and leaves out what is broken."""


class Listing:
    """Lists numbers, eventually consistent."""

    def __init__(self, client: "DynamoDBClient", table: str, readable: Readable) -> None:
        self._client = client
        self._table = table
        self._readable = readable

    def page(self, query: NumberQuery, limit: int, after: str | None) -> NumberPage:
        """At most `limit` numbers that match, from those after `after`."""
        low = max(query.prefix or _BEFORE_ALL, _next(after) if after else "")
        high = query.prefix + _AFTER_ALL
        if low > high:
            return NumberPage((), None)
        idle_alone = query.vendor is None and query.usage is None and query.site is None
        if query.status in IDLE_STATUSES and idle_alone:
            return self._idle_page(query, limit, low, high)
        return self._table_page(query, limit, low, high)

    def _idle_page(self, query: NumberQuery, limit: int, low: str, high: str) -> NumberPage:
        """From the index of idle numbers. It may lag, so the records decide, and the page may be short."""
        customer, status = query.customer, query.status
        if status is None:
            return NumberPage((), None)
        keys, more = self._query(
            {
                "IndexName": IDLE_INDEX,
                "KeyConditionExpression": "#pool = :pool AND #number BETWEEN :low AND :high",
                "ExpressionAttributeNames": {"#pool": "idle_pool", "#number": "number"},
                "ExpressionAttributeValues": {
                    ":pool": text(idle_pool(customer, status)),
                    ":low": text(low),
                    ":high": text(high),
                },
                "Limit": limit,
            },
            customer,
        )
        numbers = [key["number"]["S"] for key in keys]
        wanted = [number_key(customer, number) for number in numbers]
        purpose = f"list numbers of customer {customer}"
        items = list(batch_get(self._client, self._table, wanted, purpose=purpose, consistent=False))
        records = sorted(self._readable(items), key=lambda record: record.number)
        matching = tuple(record for record in records if record.status is status)
        return NumberPage(matching, numbers[-1] if more and numbers else None)

    def _table_page(self, query: NumberQuery, limit: int, low: str, high: str) -> NumberPage:
        names, values, conditions = _filter(query)
        request: dict[str, Any] = {
            "KeyConditionExpression": "#customer = :customer AND #number BETWEEN :low AND :high",
            "ExpressionAttributeNames": {"#customer": "customer", "#number": "number", **names},
        }
        if conditions:
            request["FilterExpression"] = " AND ".join(conditions)
        found: list[NumberRecord] = []
        looked_at, last = limit, ""
        for _ in range(_MAX_REQUESTS):
            request["ExpressionAttributeValues"] = {
                ":customer": text(query.customer),
                ":low": text(low),
                ":high": text(high),
                **values,
            }
            items, last = self._query({**request, "Limit": looked_at}, query.customer)
            found += self._readable(items)
            if len(found) > limit or (len(found) == limit and last):
                return NumberPage(tuple(found[:limit]), found[limit - 1].number)
            if not last:
                return NumberPage(tuple(found), None)
            low, looked_at = _next(last), looked_at * _GROWTH
        return NumberPage(tuple(found), last)

    def _query(self, request: dict[str, Any], customer: str) -> tuple[list[dict[str, Any]], str]:
        """The items of one request, and the number it stopped at; empty where it came to the end."""
        with aws_errors(f"list numbers of customer {customer}"):
            answer = self._client.query(TableName=self._table, **request)
        last: Any = answer.get("LastEvaluatedKey")
        return answer["Items"], last["number"]["S"] if last else ""


def _next(number: str) -> str:
    """The least string that sorts after the number and before every other number behind it."""
    return number + _BEFORE_ALL


def _filter(query: NumberQuery) -> tuple[dict[str, str], dict[str, Attribute], list[str]]:
    """Names, values and conditions of what the query asks besides the prefix; empty is not stored, so it is absence."""
    names: dict[str, str] = {}
    values: dict[str, Attribute] = {}
    conditions: list[str] = []
    wanted = {"status": query.status, "vendor": query.vendor, "usage": query.usage, "site": query.site}
    for name, value in wanted.items():
        if value is None:
            continue
        names[f"#{name}"] = name
        if value:
            values[f":{name}"] = text(str(value))
            conditions.append(f"#{name} = :{name}")
        else:
            conditions.append(f"attribute_not_exists(#{name})")
    return names, values, conditions
