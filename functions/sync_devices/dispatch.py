"""Lambda function: send every enabled device its turn. Runs on a schedule, or by hand for a customer or a device."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from number_inventory.bootstrap import syncs
from number_inventory.events import DispatchEvent, read_event
from number_inventory.observability import correlate, count_scheduled_run, failures_counted, logger_for
from number_inventory.settings import DispatchSettings

SERVICE = "sync-dispatcher"

logger = logger_for(SERVICE)


@failures_counted
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Queue the syncs; answers `{"queued": n}`.

    Raises:
        InvalidInputError: the event is malformed.
        NotFoundError: the device that it names does not exist.
        StorageBusyError: not every device could be queued; Lambda tries again.
    """
    request = read_event(DispatchEvent, event)
    if request.scheduled:
        count_scheduled_run(SERVICE)
    correlation_id = correlate(logger, request.correlation_id, context.aws_request_id)
    dispatch = syncs.dispatch_syncs(DispatchSettings.load(), correlation_id)
    queued = dispatch(request.customer, request.device)
    logger.info("syncs queued", extra={"queued": queued, "customer": request.customer, "device": request.device})
    return {"queued": queued}
