"""The findings of audits, one item each; a run's are in a partition of their own, in the order of their numbers."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attributes import Attribute, text
from number_inventory.adapters.dynamodb.audit_items import behind, finding_item, findings_of, read_finding
from number_inventory.adapters.dynamodb.batch_write import batch_put
from number_inventory.adapters.dynamodb.tables import OnBroken, query_pages
from number_inventory.domain.audit_runs import AuditRun
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.findings import Finding
from number_inventory.ports.audits import FindingPage, FindingQuery

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BEFORE_ALL = "!"
"""Sorts before every character that a number can hold."""

_MAX_REQUESTS = 10
"""Requests a page may take: a page that finds little ends early, and says where to go on."""

_GROWTH = 4
"""How much more each request of a page that finds little looks at than the one before."""


class FindingStore:
    """Writes and reads findings.

    Attributes:
        retention: how long after the beginning of their run they are kept.
        on_broken: told of findings that a page leaves out, because they cannot be understood.
    """

    def __init__(self, client: "DynamoDBClient", table: str, retention: timedelta, on_broken: OnBroken) -> None:
        self._client = client
        self._table = table
        self._retention = retention
        self._on_broken = on_broken

    def record(self, run: AuditRun, findings: Sequence[Finding]) -> None:
        """Store findings, without a condition: the run is one worker's, and its keys follow from what it found."""
        items = {(finding.number, finding.code): finding_item(run, finding, self._retention) for finding in findings}
        purpose = f"store {len(items)} findings of audit {run.id} of customer {run.customer}"
        batch_put(self._client, self._table, list(items.values()), purpose=purpose)

    def stream(self, run: AuditRun, after: str) -> Iterator[Sequence[Finding]]:
        """All findings of numbers behind `after`, strongly consistent, those of a number together.

        Raises:
            RecordBrokenError: one cannot be understood; a plan is whole, or it is none.
        """
        request: dict[str, Any] = {
            "KeyConditionExpression": "#owner = :owner AND #part >= :low",
            "ExpressionAttributeNames": {"#owner": "owner", "#part": "part"},
            "ExpressionAttributeValues": {
                ":owner": text(findings_of(run.customer, run.id)),
                ":low": text(behind(after) if after else _BEFORE_ALL),
            },
            "ConsistentRead": True,
        }
        purpose = f"read the findings of audit {run.id} of customer {run.customer}"
        found: list[Finding] = []
        for items in query_pages(self._client, self._table, request, purpose=purpose):
            found += [read_finding(item) for item in items]
            # The findings of the last number may go on with the next page.
            complete = [finding for finding in found if finding.number != found[-1].number]
            if complete:
                yield complete
                found = found[len(complete) :]
        if found:
            yield found

    def page(self, query: FindingQuery, limit: int, after: str | None) -> FindingPage:
        """At most `limit` findings that match, eventually consistent; broken ones are reported and left out."""
        names, values, conditions = _filter(query)
        request: dict[str, Any] = {
            "KeyConditionExpression": "#owner = :owner AND #part > :after",
            "ExpressionAttributeNames": {"#owner": "owner", "#part": "part", **names},
        }
        if conditions:
            request["FilterExpression"] = " AND ".join(conditions)
        found: list[tuple[str, Finding]] = []
        looked_at, last = limit, after or _BEFORE_ALL
        for _ in range(_MAX_REQUESTS):
            request["ExpressionAttributeValues"] = {
                ":owner": text(findings_of(query.customer, query.run)),
                ":after": text(last),
                **values,
            }
            items, last = self._query({**request, "Limit": looked_at}, query)
            found += self._readable(items)
            if len(found) > limit or (len(found) == limit and last):
                return _page(found[:limit], found[limit - 1][0])
            if not last:
                return _page(found, None)
            looked_at *= _GROWTH
        return _page(found, last)

    def _query(self, request: dict[str, Any], query: FindingQuery) -> tuple[list[dict[str, Any]], str]:
        """The items of one request, and the key it stopped at; empty where it came to the end."""
        with aws_errors(f"list the findings of audit {query.run} of customer {query.customer}"):
            answer = self._client.query(TableName=self._table, **request)
        last: Any = answer.get("LastEvaluatedKey")
        return answer["Items"], last["part"]["S"] if last else ""

    def _readable(self, items: Sequence[dict[str, Any]]) -> list[tuple[str, Finding]]:
        """The findings in items, each with its sort key."""
        found = []
        for item in items:
            try:
                found.append((item["part"]["S"], read_finding(item)))
            except RecordBrokenError as error:
                self._on_broken(error)
        return found


def _page(found: Sequence[tuple[str, Finding]], last: str | None) -> FindingPage:
    return FindingPage(tuple(finding for _, finding in found), last)


def _filter(query: FindingQuery) -> tuple[dict[str, str], dict[str, Attribute], list[str]]:
    wanted = {name: value for name, value in (("code", query.code), ("outcome", query.outcome)) if value is not None}
    names = {f"#{name}": name for name in wanted}
    return names, {f":{name}": text(value) for name, value in wanted.items()}, [f"#{n} = :{n}" for n in wanted]
