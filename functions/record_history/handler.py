"""Lambda function: keep what becomes of numbers, as the stream of their table tells it.

Lambda hands over batches, again and again until they are done, and in other cuts after a failure. What can never be
recorded goes to the dead letters, whole, and holds nothing up; what AWS did not take comes again.
"""

from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from number_inventory.adapters.dynamodb.stream import read_record, sequence_of
from number_inventory.bootstrap import histories
from number_inventory.domain.changes import Change
from number_inventory.domain.errors import InvalidInputError, StorageBusyError
from number_inventory.observability import correlate, count, logger_for, measured, metrics_for
from number_inventory.services.record_history import Recorded
from number_inventory.settings import RecordSettings

logger = logger_for("record-history")
metrics = metrics_for("record-history")


@measured(metrics)
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Record a batch of changes; answers with those that must come again.

    Raises:
        InvalidInputError: this is no event of a stream.
        StorageBusyError, StorageRefusedError: all of the batch must come again.
    """
    correlate(logger, None, context.aws_request_id)
    records = event.get("Records")
    if not isinstance(records, list) or not records:
        raise InvalidInputError("event", "must have Records, as Lambda hands over those of a stream")
    settings = RecordSettings.load()
    changes, poisoned = _read(records, settings)
    recorded = histories.record_history(settings)(changes) if changes else Recorded(0, 0, 0, ())
    _tell(recorded, poisoned)
    return {"batchItemFailures": _to_come_again(records, recorded.failed)}


def _read(records: Sequence[Any], settings: RecordSettings) -> tuple[list[Change], int]:
    """The changes of a batch; what is none of a number is kept for a person, and counted."""
    changes, poisoned = [], 0
    for record in records:
        try:
            changes.append(read_record(record))
        except InvalidInputError as error:
            logger.warning("a record of the stream cannot be recorded", extra={"cause": str(error)})
            histories.history_dead_letters(settings).keep({"cause": str(error), "record": record})
            poisoned += 1
    return changes, poisoned


def _tell(recorded: Recorded, poisoned: int) -> None:
    counts = {"ChangesRecorded": recorded.changes, "EventsPublished": recorded.events}
    counts |= {"EventsFailed": len(recorded.failed), "ChangesUnreadable": recorded.unreadable}
    count(metrics, {**counts, "RecordsPoisoned": poisoned})


def _to_come_again(records: Sequence[Any], failed: Sequence[Change]) -> list[dict[str, str]]:
    """What Lambda is to hand over again, named as it named it."""
    if not failed:
        return []
    sequences = {change.key.sequence.lstrip("0") for change in failed}
    again = [name for name in map(sequence_of, records) if name.lstrip("0") in sequences]
    logger.warning("changes were recorded but not published", extra={"sequences": again[:20], "count": len(again)})
    if again[0] == sequence_of(records[0]):
        # Nothing is done that a shorter batch would spare: the whole of it comes again.
        raise StorageBusyError("the changes of this batch are recorded, but their events could not be published")
    return [{"itemIdentifier": name} for name in again]
