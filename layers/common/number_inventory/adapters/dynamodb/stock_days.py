"""The Stock table: the levels of past days, and what is known of low stock; implements `ports.StockDays`.

A day is one item for 400 sites, written once a day and read together with the four weeks before it. What is known of
low stock is an item a customer and a site, which changes only when stock runs low or recovers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.dynamodb.attributes import SCHEMA, Item, ItemReader, instant, text, whole
from number_inventory.adapters.dynamodb.batch_write import batch_put
from number_inventory.adapters.dynamodb.tables import OnBroken, log_broken, old_item, query_pages, write_if
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.stock import DailyLevel, StockLevel, StockThreshold, StockWatch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SITES_AN_ITEM = 400
"""With the longest names there can be, these are 330 KB; an item may have 400."""

_WATCH = "watch"
_SITE = "watch#"
_DAY = "day#"
_AFTER_ALL = "~"
"""Sorts after every character of a day."""


class DynamoStockDays:
    """Days and warnings of all customers.

    Attributes:
        retention: how long a day is kept.
        on_broken: told of days that are left out, because they cannot be understood.
    """

    def __init__(
        self, client: "DynamoDBClient", table: str, retention: timedelta, on_broken: OnBroken = log_broken
    ) -> None:
        self._client = client
        self._table = table
        self._retention = retention
        self._on_broken = on_broken

    # --- what is known of low stock

    def watches(self, customer: str) -> Sequence[StockWatch]:
        """What is known of a customer's stock and of its sites'.

        Raises:
            RecordBrokenError: one cannot be understood; telling anew what was told before would be a guess.
            StorageBusyError, StorageRefusedError: the database failed or refused.
        """
        request: dict[str, Any] = {
            "KeyConditionExpression": "#owner = :owner AND begins_with(#part, :watch)",
            "ExpressionAttributeNames": {"#owner": "owner", "#part": "part"},
            "ExpressionAttributeValues": {":owner": text(customer), ":watch": text(_WATCH)},
            "ConsistentRead": True,
        }
        pages = query_pages(self._client, self._table, request, purpose=f"read the stock of customer {customer}")
        return [_read_watch(item) for items in pages for item in items]

    def put_watch(self, watch: StockWatch, seen: StockWatch | None) -> bool:
        """Store what is known now; False where it is no longer as it was seen."""
        refused = write_if(
            f"store the stock of {_words(watch.customer, watch.site)}",
            self._client.put_item,
            TableName=self._table,
            Item=_watch_item(watch),
            **_as_seen(seen),
        )
        # After a lost answer, botocore sends the same again, which then meets itself.
        return refused is None or _is(old_item(refused), watch)

    # --- days

    def keep(self, customer: str, day: date, levels: Mapping[str, StockLevel]) -> None:
        """Store a day's levels by site, in place of what was stored for that day."""
        sites = sorted(levels)
        parts = [sites[start : start + SITES_AN_ITEM] for start in range(0, len(sites), SITES_AN_ITEM)] or [[]]
        forgotten = datetime.combine(day, time(), UTC) + self._retention
        items = [
            {
                "owner": text(customer),
                "part": text(f"{_DAY}{day.isoformat()}#{index:04d}"),
                "schema": SCHEMA,
                "parts": whole(len(parts)),
                "levels": text(_spelled({site: levels[site] for site in part})),
                "expires_at": whole(int(forgotten.timestamp())),
            }
            for index, part in enumerate(parts)
        ]
        batch_put(self._client, self._table, items, purpose=f"store the stock of customer {customer} on {day}")

    def since(self, customer: str, day: date) -> Mapping[str, Sequence[DailyLevel]]:
        """The levels of that day and of those after it, by site, the oldest first."""
        request: dict[str, Any] = {
            "KeyConditionExpression": "#owner = :owner AND #part BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#owner": "owner", "#part": "part"},
            "ExpressionAttributeValues": {
                ":owner": text(customer),
                ":first": text(f"{_DAY}{day.isoformat()}"),
                ":last": text(f"{_DAY}{_AFTER_ALL}"),
            },
        }
        pages = query_pages(self._client, self._table, request, purpose=f"read the past stock of customer {customer}")
        by_site: dict[str, dict[date, StockLevel]] = {}
        parts: dict[date, int] = {}
        for item in (item for items in pages for item in items):
            try:
                part = _read_part(item)
            except RecordBrokenError as error:
                self._on_broken(error)
                continue
            # An earlier look at the same day may have left parts behind, when there were more sites.
            if part.index < parts.setdefault(part.day, part.parts):
                for site, level in part.levels.items():
                    by_site.setdefault(site, {})[part.day] = level
        return {site: [DailyLevel(on, days[on]) for on in sorted(days)] for site, days in by_site.items()}


# --- items


def _words(customer: str, site: str | None) -> str:
    return f"customer {customer}" if site is None else f"site {site!r} of customer {customer}"


def _watch_item(watch: StockWatch) -> Item:
    return {
        "owner": text(watch.customer),
        "part": text(_WATCH if watch.site is None else f"{_SITE}{watch.site}"),
        "schema": SCHEMA,
        "low": {"BOOL": watch.low},
        "since": instant(watch.since),
        "crossing": whole(watch.crossing),
        "available": whole(watch.level.available),
        "total": whole(watch.level.total),
        "percent": whole(watch.threshold.percent),
        "count": whole(watch.threshold.count),
        "told": {"BOOL": watch.told},
    }


def _as_seen(seen: StockWatch | None) -> dict[str, Any]:
    """The condition that it still is as it was seen: crossings only count up, and are told once."""
    if seen is None:
        return {"ConditionExpression": "attribute_not_exists(#part)", "ExpressionAttributeNames": {"#part": "part"}}
    return {
        "ConditionExpression": "#crossing = :crossing AND #told = :told",
        "ExpressionAttributeNames": {"#crossing": "crossing", "#told": "told"},
        "ExpressionAttributeValues": {":crossing": whole(seen.crossing), ":told": {"BOOL": seen.told}},
    }


def _is(item: Mapping[str, Any], watch: StockWatch) -> bool:
    return bool(item) and dict(item) == _watch_item(watch)


def _read_watch(item: Mapping[str, Any]) -> StockWatch:
    customer, part = item["owner"]["S"], item["part"]["S"]
    site = None if part == _WATCH else part.removeprefix(_SITE)
    read = ItemReader(item, f"stock of {_words(customer, site)}")
    since = read.instant("since")
    if since is None:
        raise read.broken("since", "is missing")
    return StockWatch(
        customer=customer,
        site=site,
        low=read.switch("low"),
        since=since,
        crossing=read.whole("crossing"),
        level=StockLevel(read.whole("available"), read.whole("total")),
        threshold=StockThreshold(percent=read.whole("percent"), count=read.whole("count")),
        told=read.switch("told"),
    )


def _spelled(levels: Mapping[str, StockLevel]) -> str:
    numbers = {site: (level.available, level.total) for site, level in levels.items()}
    return json.dumps(numbers, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the levels of a day.

    Attributes:
        index: which of the day's parts this is, from 0 on.
        parts: how many there are; the first one's word counts.
    """

    day: date
    index: int
    parts: int
    levels: Mapping[str, StockLevel]


def _read_part(item: Mapping[str, Any]) -> _Part:
    customer, part = item["owner"]["S"], item["part"]["S"]
    read = ItemReader(item, f"past stock of customer {customer}, {part}")
    spelling, _, index = part.removeprefix(_DAY).partition("#")
    parts, spelled = read.whole("parts"), read.text("levels")
    try:
        levels = {
            site: StockLevel(int(available), int(total)) for site, (available, total) in json.loads(spelled).items()
        }
        return _Part(date.fromisoformat(spelling), int(index), parts, levels)
    except (ValueError, TypeError, AttributeError):
        raise read.broken("levels", "is no day's levels by site") from None
