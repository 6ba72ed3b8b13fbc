"""What all tables share: queries page by page, writes with a condition, and what to do with broken items."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from botocore.exceptions import ClientError

from number_inventory.adapters.aws import AWS_FAULTS, AwsFault, aws_errors, error_code, storage_error
from number_inventory.domain.errors import RecordBrokenError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

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
    start: dict[str, Any] = {}
    while True:
        with aws_errors(purpose):
            answer = client.query(TableName=table, **request, **start)
        yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


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


def condition_failed(error: AwsFault) -> TypeGuard[ClientError]:
    """Whether a write was refused because its condition does not hold."""
    return isinstance(error, ClientError) and error_code(error) == "ConditionalCheckFailedException"


def old_item(refusal: ClientError) -> dict[str, Any]:
    """The item as it stood when the condition failed; empty where there was none."""
    item: dict[str, Any] = refusal.response.get("Item") or {}  # type: ignore[assignment]
    return item
