"""What all tables share: queries page by page, writes with a condition, and what to do with broken items."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from botocore.exceptions import ClientError

from number_inventory.adapters.aws import AWS_FAULTS, AwsFault, aws_errors, error_code, storage_error
from number_inventory.adapters.dynamodb.batch_get import MAX_ROUNDS, pause
from number_inventory.domain.errors import RecordBrokenError, StorageBusyError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

_PASSING = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
)
"""Why a transaction is cancelled that may well succeed in a moment."""

OnBroken = Callable[[RecordBrokenError], None]
"""Told of a stored item that cannot be understood, where the others go on."""


def log_broken(error: RecordBrokenError) -> None:
    """Report a broken item in the log."""
    _log.error("%s", error)


def query_pages(
    client: "DynamoDBClient", table: str, request: Mapping[str, Any], *, purpose: str
) -> Iterator[list[dict[str, Any]]]:
    """The items of a Query, a page (at most a megabyte) at a time; an empty page may be among them.

    Raises:
        StorageBusyError, StorageRefusedError: DynamoDB failed or refused, in spite of retries.
    """
    for items, _ in query_stretches(client, table, request, purpose=purpose):
        yield items


def query_stretches(
    client: "DynamoDBClient", table: str, request: Mapping[str, Any], *, purpose: str
) -> Iterator[tuple[list[dict[str, Any]], dict[str, Any] | None]]:
    """The same, each page with the key up to which it goes; None where there is nothing behind it.

    Raises:
        StorageBusyError, StorageRefusedError: DynamoDB failed or refused, in spite of retries.
    """
    start: dict[str, Any] = {}
    while True:
        with aws_errors(purpose):
            answer = client.query(TableName=table, **request, **start)
        last = answer.get("LastEvaluatedKey")
        yield answer["Items"], last
        if last is None:
            return
        start = {"ExclusiveStartKey": last}


def write_if(purpose: str, write: Callable[..., Any], **request: Any) -> ClientError | None:  # noqa: ANN401 - handed through
    """Make a write that has a condition; answers with the refusal where the condition does not hold.

    Raises:
        StorageBusyError, StorageRefusedError: it failed for any other reason.
    """
    try:
        write(**request, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    except AWS_FAULTS as error:
        if not condition_failed(error):
            raise storage_error(error, purpose) from error
        return error
    return None


def transact_if(
    purpose: str,
    client: "DynamoDBClient",
    actions: Sequence[Mapping[str, Any]],
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Make all of these writes or none; False where a condition does not hold, and nothing was written.

    After a lost answer, botocore sends the same again under the same token, and DynamoDB answers as it did at first.

    Raises:
        StorageBusyError, StorageRefusedError: it failed for any other reason.
    """
    writes: Any = actions
    for attempt in range(MAX_ROUNDS):
        try:
            client.transact_write_items(TransactItems=writes)
        except AWS_FAULTS as error:
            reasons = _cancelled_because(error)
            if "ConditionalCheckFailed" in reasons:
                return False
            if not reasons or not reasons <= _PASSING:
                raise storage_error(error, purpose) from error
            sleep(pause(attempt))
        else:
            return True
    raise StorageBusyError(f"could not {purpose} for now: others kept writing the same items. Try again later")


def _cancelled_because(error: AwsFault) -> set[str]:
    """Why a transaction was cancelled; empty where the error is another one."""
    if not isinstance(error, ClientError) or error_code(error) != "TransactionCanceledException":
        return set()
    reasons: list[dict[str, str]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return {reason["Code"] for reason in reasons} - {"None"}


def condition_failed(error: AwsFault) -> TypeGuard[ClientError]:
    """Whether a write was refused because its condition does not hold."""
    return isinstance(error, ClientError) and error_code(error) == "ConditionalCheckFailedException"


def old_item(refusal: ClientError) -> dict[str, Any]:
    """The item as it stood when the condition failed; empty where there was none."""
    item: dict[str, Any] = refusal.response.get("Item") or {}  # type: ignore[assignment]
    return item
