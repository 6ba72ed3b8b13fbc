"""Pages of a customer's numbers in the order of their spelling, each for a bounded price.

Every step is a key range, never a stored position: a page token needs the last number and nothing else, and stays good
whatever is written or deleted meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attributes import Attribute, second, text
from number_inventory.adapters.dynamodb.batch_get import batch_get
from number_inventory.adapters.dynamodb.number_items import IDLE_INDEX, IDLE_STATUSES, idle_pool, number_key
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.ports.numbers import NumberPage, NumberQuery

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

_EQUAL = ("status", "vendor", "usage", "site", "assigned_to")
"""What a query asks by its very value."""

Readable = Callable[[Sequence[dict[str, Any]]], list[NumberRecord]]
"""The records in items; reports and leaves out what is broken."""


class Listing:
    """Lists numbers, eventually consistent."""

    def __init__(self, client: "DynamoDBClient", table: str, readable: Readable) -> None:
        self._client = client
        self._table = table
        self._readable = readable

    def page(self, query: NumberQuery, limit: int, after: str | None) -> NumberPage:
        """At most `limit` numbers that match, from those behind `after` in the order of the query."""
        low = max(query.prefix or _BEFORE_ALL, query.first)
        high = min(query.prefix + _AFTER_ALL, query.last or _AFTER_ALL)
        if after:
            low, high = _behind(query, after, low, high)
        if low > high:
            return NumberPage((), None)
        if query.status in IDLE_STATUSES and query == _by_spelling(query):
            return self._idle_page(query, query.status, limit, low, high)
        return self._table_page(query, limit, low, high)

    def available(self, customer: str, prefix: str, batch: int) -> Iterator[Sequence[str]]:
        """Candidates for Available numbers in the order of their spelling, `batch` a request."""
        query = NumberQuery(customer=customer, prefix=prefix)
        low, high, last = prefix or _BEFORE_ALL, prefix + _AFTER_ALL, "more"
        while last:
            numbers, last = self._idle(query, Status.AVAILABLE, batch, low, high)
            if numbers:
                yield numbers
            low = _next(last)

    def _idle(self, query: NumberQuery, status: Status, limit: int, low: str, high: str) -> tuple[list[str], str]:
        """Numbers in the index of idle ones, and where it stopped; empty at the end."""
        keys, last = self._query(
            {
                "IndexName": IDLE_INDEX,
                "KeyConditionExpression": "#pool = :pool AND #number BETWEEN :low AND :high",
                "ExpressionAttributeNames": {"#pool": "idle_pool", "#number": "number"},
                "ExpressionAttributeValues": {
                    ":pool": text(idle_pool(query.customer, status)),
                    ":low": text(low),
                    ":high": text(high),
                },
                "Limit": limit,
                "ScanIndexForward": not query.reverse,
            },
            query.customer,
        )
        return [key["number"]["S"] for key in keys], last

    def _idle_page(self, query: NumberQuery, status: Status, limit: int, low: str, high: str) -> NumberPage:
        """From the index of idle numbers. It may lag, so the records decide, and the page may be short."""
        numbers, last = self._idle(query, status, limit, low, high)
        wanted = [number_key(query.customer, number) for number in numbers]
        purpose = f"list numbers of customer {query.customer}"
        items = list(batch_get(self._client, self._table, wanted, purpose=purpose, consistent=False))
        found = [record for record in self._readable(items) if query.matches(record)]
        found.sort(key=lambda record: record.number, reverse=query.reverse)
        return NumberPage(tuple(found), last or None)

    def _table_page(self, query: NumberQuery, limit: int, low: str, high: str) -> NumberPage:
        names, values, conditions = _filter(query)
        request: dict[str, Any] = {
            "KeyConditionExpression": "#customer = :customer AND #number BETWEEN :low AND :high",
            "ExpressionAttributeNames": {"#customer": "customer", "#number": "number", **names},
            "ScanIndexForward": not query.reverse,
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
            found += [record for record in self._readable(items) if query.matches(record)]
            if len(found) > limit or (len(found) == limit and last):
                return NumberPage(tuple(found[:limit]), found[limit - 1].number)
            if not last:
                return NumberPage(tuple(found), None)
            low, high = _behind(query, last, low, high)
            looked_at *= _GROWTH
        return NumberPage(tuple(found), last)

    def _query(self, request: dict[str, Any], customer: str) -> tuple[list[dict[str, Any]], str]:
        """The items of one request, and the number it stopped at; empty where it came to the end."""
        with aws_errors(f"list numbers of customer {customer}"):
            answer = self._client.query(TableName=self._table, **request)
        last: Any = answer.get("LastEvaluatedKey")
        return answer["Items"], last["number"]["S"] if last else ""


def _by_spelling(query: NumberQuery) -> NumberQuery:
    """The query with nothing but its status and what a range of keys can tell: the index of idle numbers does."""
    return NumberQuery(
        customer=query.customer,
        status=query.status,
        prefix=query.prefix,
        first=query.first,
        last=query.last,
        reverse=query.reverse,
    )


def _behind(query: NumberQuery, number: str, low: str, high: str) -> tuple[str, str]:
    """What is left of a range of spellings behind a number, in the order of the query."""
    return (low, min(high, _previous(number))) if query.reverse else (max(low, _next(number)), high)


def _next(number: str) -> str:
    """The least string that sorts after the number and before every other number behind it."""
    return number + _BEFORE_ALL


def _previous(number: str) -> str:
    """The greatest string that sorts before the number and after every other number before it."""
    return number[:-1] + chr(ord(number[-1]) - 1) + _AFTER_ALL


def _filter(query: NumberQuery) -> tuple[dict[str, str], dict[str, Attribute], list[str]]:
    """Names, values and conditions of what the query asks besides the spelling; empty is not stored, so it is absence.

    They may let more through than match, since a number's record decides.
    """
    names: dict[str, str] = {}
    values: dict[str, Attribute] = {}
    conditions: list[str] = []
    for name in _EQUAL:
        wanted = getattr(query, name)
        if wanted is None:
            continue
        names[f"#{name}"] = name
        if wanted:
            values[f":{name}"] = text(str(wanted))
            conditions.append(f"#{name} = :{name}")
        else:
            conditions.append(f"attribute_not_exists(#{name})")
    if query.device:
        names |= {"#holders": "holders", "#device": query.device}
        conditions.append("attribute_exists(#holders.#device)")
    if query.changed_since is not None:
        names["#updated_at"] = "updated_at"
        # Without its end, a second sorts before every spelling of an instant in it.
        values[":since"] = text(second(query.changed_since)["S"].removesuffix("Z"))
        conditions.append("#updated_at >= :since")
    if query.text:
        names |= {"#description": "description", "#tag": "tag"}
        values[":text"] = text(query.text)
        conditions.append("(contains(#description, :text) OR contains(#tag, :text))")
    return names, values, conditions
