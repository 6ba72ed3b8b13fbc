"""Lambda function: release what has cooled, or tell what will be released by an instant."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from number_inventory.bootstrap import number_changes
from number_inventory.domain.errors import StorageBusyError
from number_inventory.events import ReleaseEvent, read_event
from number_inventory.observability import (
    BACKLOG,
    as_json,
    correlate,
    count,
    count_scheduled_run,
    logger_for,
    measured,
    metrics_for,
)
from number_inventory.services.release import ReleaseCooled
from number_inventory.settings import InventorySettings

SAFETY = timedelta(seconds=10)
"""What is kept of the function's time to end in good order."""

SERVICE = "release-cooled"

logger = logger_for(SERVICE)
metrics = metrics_for(SERVICE)


@measured(metrics)
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Release, or report; answers with the summary as JSON.

    Raises:
        InvalidInputError: the event is malformed.
        StorageBusyError: numbers could not be written; Lambda tries again, and so does the next schedule.
    """
    request = read_event(ReleaseEvent, event)
    if request.scheduled:
        count_scheduled_run(SERVICE)
    budget = timedelta(milliseconds=context.get_remaining_time_in_millis()) - SAFETY
    correlation_id = correlate(logger, request.correlation_id, context.aws_request_id)
    release = number_changes.release_cooled(InventorySettings.load(), budget, correlation_id)
    if request.mode == "report":
        return _answer(release.report(request.instant(release.clock.now()), request.customer))
    return _released(release, request.customer)


def _released(release: ReleaseCooled, customer: str | None) -> dict[str, Any]:
    summary = release.release(customer)
    logger.info("cooled numbers released", extra={"release": as_json(summary)})
    counts = {"NumbersReleased": summary.released, "ReservationsLapsed": summary.lapsed}
    # Time ran out, or numbers could not be written: how many are left nobody has counted, so it is one at least.
    backlog = 0 if summary.finished else max(1, len(summary.failed))
    count(metrics, {**counts, BACKLOG: backlog})
    if summary.failed:
        raise StorageBusyError(f"not all that is due is released: {summary.cause}; the next run tries again")
    return _answer(summary)


def _answer(summary: object) -> dict[str, Any]:
    answer: dict[str, Any] = as_json(summary)
    return answer
