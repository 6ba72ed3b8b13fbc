"""Lambda function: look at every customer's stock of numbers, and tell when it runs low or has recovered."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from number_inventory.bootstrap import stock_watch
from number_inventory.domain.errors import InventoryError
from number_inventory.events import StockEvent, read_event
from number_inventory.observability import (
    as_json,
    correlate,
    count,
    count_scheduled_run,
    logger_for,
    measured,
    metrics_for,
)
from number_inventory.settings import WatchStockSettings

SERVICE = "watch-stock"

logger = logger_for(SERVICE)
metrics = metrics_for(SERVICE)


@measured(metrics)
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Watch every customer's stock, or one's; answers with the summary as JSON.

    Raises:
        InvalidInputError: the event is malformed.
        InventoryError: not every stock could be looked at, or told of. Lambda tries again, which does no harm, and then
            keeps the event among the dead letters.
    """
    request = read_event(StockEvent, event)
    if request.scheduled:
        count_scheduled_run(SERVICE)
    correlate(logger, request.correlation_id, context.aws_request_id)
    summary = stock_watch.watch_stock(WatchStockSettings.load())(request.customer)
    logger.info("stock watched", extra={"stock": as_json(summary)})
    count(
        metrics,
        {"StockLow": summary.low, "StockCrossingsTold": summary.told, "StockNotWatched": len(summary.failed)}
        | {f"InStatus_{status}": number for status, number in summary.by_status.items()},
    )
    if summary.failed:
        customer, cause = next(iter(summary.failed.items()))
        raise InventoryError(f"the stock of {len(summary.failed)} customers is not watched, as of {customer}: {cause}")
    answer: dict[str, Any] = as_json(summary)
    return answer
