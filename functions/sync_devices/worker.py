"""Lambda function: sync the device that a queued message names.

A message is taken off the queue once its sync ended, however the device behaved: its state says what is wrong, and the
next schedule asks it again. It goes back to the queue, and after three times to the dead letters, only when AWS did not
play along or when the message itself makes no sense.
"""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from number_inventory.bootstrap import syncs
from number_inventory.domain.device_health import WELL
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import NotFoundError
from number_inventory.events import QueueEvent, SyncRequest, read_event, read_message
from number_inventory.observability import as_json, correlate, count, count_failure, logger_for, measured, metrics_for
from number_inventory.services.sync_summary import SyncResult, SyncSummary
from number_inventory.settings import SyncSettings

SAFETY = timedelta(seconds=15)
"""What is kept of the function's time to end in good order."""

NOT_APPLIED = frozenset({SyncResult.FAILED, SyncResult.UNFINISHED, SyncResult.NOT_DUE})

logger = logger_for("sync-worker")
metrics = metrics_for("sync-worker")
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@measured(metrics)
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Sync the device of each message; answers with the messages that must come again.

    Raises:
        InvalidInputError: this is no event of a queue.
    """
    read_event(QueueEvent, event)

    def sync_record(record: SQSRecord) -> None:
        correlate(logger, None, context.aws_request_id)
        try:
            _sync(record.body, context)
        except Exception as error:
            # Whatever it was: the message comes again, and this is the only place that says why.
            count_failure(error)
            logger.exception("sync could not be carried out", extra={"message_id": record.message_id})
            raise

    return process_partial_response(event=event, record_handler=sync_record, processor=processor, context=context)


def _sync(body: str, context: LambdaContext) -> None:
    request = read_message(SyncRequest, body)
    correlation_id = correlate(logger, request.correlation_id, context.aws_request_id)
    key = DeviceKey(request.customer, request.device)
    try:
        sync = syncs.sync_device(SyncSettings.load(), logger.warning, _budget(context), correlation_id)
        summary = sync(key, scheduled=request.scheduled)
    except NotFoundError as error:
        logger.info("nothing to sync", extra={"device": str(key), "cause": str(error)})
        return
    _tell(summary)


def _tell(summary: SyncSummary) -> None:
    """Say how the sync went: a warning if the device fares worse than before, or other than before; not every time."""
    changed = summary.health is not summary.health_before and summary.health not in WELL
    level = logger.warning if changed or summary.conflicts or summary.flapping else logger.info
    level("device synced", extra={"sync": as_json(summary)})
    counts = {f"Numbers_{outcome}": value for outcome, value in summary.outcomes.items()}
    counts["SyncsNotApplied"] = int(summary.result in NOT_APPLIED)
    counts["RemovalsWaiting"] = int(bool(summary.removals_wait))
    counts["RemovalsHeld"] = summary.held_removals.count if summary.held_removals else 0
    if summary.health not in WELL:
        counts[f"Devices_{summary.health}"] = 1
    counts["NumbersFlapping"] = len(summary.flapping)
    count(metrics, counts)


def _budget(context: LambdaContext) -> timedelta:
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return max(left - SAFETY, timedelta(seconds=1))
