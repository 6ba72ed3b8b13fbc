"""Events about stock on an EventBridge bus; implements `ports.StockEvents`."""

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.eventbridge import SOURCE
from number_inventory.domain.errors import StorageBusyError
from number_inventory.domain.stock import StockWatch

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

LOW = "Number Stock Low"
RECOVERED = "Number Stock Recovered"
SCHEMA = 1
"""Of the detail: counted up when a field changes its meaning or goes; new fields may come without."""


class EventBridgeStockEvents:
    """Publishes a crossing of a stock's threshold as `docs/events.md` says.

    Attributes:
        bus: name or ARN of the bus.
    """

    def __init__(self, client: "EventBridgeClient", bus: str) -> None:
        self._client = client
        self._bus = bus

    def tell(self, watch: StockWatch, days_left: int | None) -> None:
        """Publish it.

        Raises:
            StorageBusyError: EventBridge did not take it for now.
            StorageRefusedError: it never will.
        """
        detail = stock_event(watch, days_left)
        with aws_errors(f"publish event {detail['id']}"):
            answer = self._client.put_events(
                Entries=[
                    {
                        "EventBusName": self._bus,
                        "Source": SOURCE,
                        "DetailType": LOW if watch.low else RECOVERED,
                        "Time": watch.since,
                        "Detail": json.dumps(detail, ensure_ascii=False, separators=(",", ":")),
                    }
                ]
            )
        [result] = answer["Entries"]
        if "ErrorCode" in result:
            cause = result["ErrorCode"]
            raise StorageBusyError(f"could not publish event {detail['id']} for now: {cause}. Try again later")


def stock_event(watch: StockWatch, days_left: int | None) -> dict[str, Any]:
    """The detail of the event that tells of a crossing."""
    scope = watch.customer if watch.site is None else f"{watch.customer}/{watch.site}"
    return {
        "schema": SCHEMA,
        "id": f"stock/{watch.crossing}/{scope}",
        "customer": watch.customer,
        "site": watch.site,
        "low": watch.low,
        "available": watch.level.available,
        "total": watch.level.total,
        "threshold": {"percent": watch.threshold.percent, "count": watch.threshold.count},
        "at": watch.since.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "days_left": days_left,
        "message": _sentence(watch, days_left),
    }


def _sentence(watch: StockWatch, days_left: int | None) -> str:
    """The same for a person, such as the reader of a mail."""
    whose = f"Customer {watch.customer}" if watch.site is None else f"Site {watch.site} of customer {watch.customer}"
    left = f"{watch.level.available} of {watch.level.total} numbers left"
    if not watch.low:
        return f"{whose} has {left} again, which is enough."
    days = "1 more day" if days_left == 1 else f"{days_left} more days"
    lasts = "" if days_left is None else f" At the present rate they last {days}."
    return f"{whose} has {left}, which is below the threshold.{lasts}"
