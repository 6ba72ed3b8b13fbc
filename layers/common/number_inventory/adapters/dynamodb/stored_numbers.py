"""The Numbers table as it is stored; implements `ports.StoredNumbers`."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import AWS_FAULTS, storage_error
from number_inventory.adapters.dynamodb.at_once import at_once
from number_inventory.adapters.dynamodb.attributes import text, whole
from number_inventory.adapters.dynamodb.number_items import is_current, number_change, number_key, read_number
from number_inventory.adapters.dynamodb.tables import OnBroken, condition_failed, log_broken, query_pages
from number_inventory.domain.errors import ContentRefusedError, RecordBrokenError, StorageRefusedError
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.numbers import WriteResult
from number_inventory.ports.stored_numbers import StoredNumber

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_log = logging.getLogger(__name__)


class DynamoStoredNumbers:
    """The numbers of all customers in one table.

    Attributes:
        on_broken: told of numbers that cannot be understood.
    """

    def __init__(self, client: "DynamoDBClient", table: str, on_broken: OnBroken = log_broken) -> None:
        self._client = client
        self._table = table
        self._on_broken = on_broken

    def stored(self, customer: str) -> Iterator[Sequence[StoredNumber]]:
        """All numbers of a customer, in order, at most a megabyte at a time; strongly consistent."""
        request: dict[str, Any] = {
            "KeyConditionExpression": "#customer = :customer",
            "ExpressionAttributeNames": {"#customer": "customer"},
            "ExpressionAttributeValues": {":customer": text(customer)},
            "ConsistentRead": True,
        }
        purpose = f"read the numbers of customer {customer}"
        for items in query_pages(self._client, self._table, request, purpose=purpose):
            yield [self._read(item) for item in items]

    def _read(self, item: dict[str, Any]) -> StoredNumber:
        number = item["number"]["S"]
        try:
            record = read_number(item)
        except RecordBrokenError as error:
            self._on_broken(error)
            return StoredNumber(number, None, current=False)
        return StoredNumber(number, record, current=is_current(item, record))

    def rewrite(self, records: Sequence[NumberRecord], floor: int) -> Sequence[WriteResult]:
        """Store numbers as they are, in today's form and under a version of `floor` at least."""
        return at_once(lambda record: self._rewrite(record, floor), list(records))

    def _rewrite(self, record: NumberRecord, floor: int) -> WriteResult:
        change = number_change(record, replace(record, outdated=False))
        sets = change.sets | {"version": whole(max(record.version + 1, floor))}
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in sets)
        if change.removes:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in change.removes)
        try:
            self._client.update_item(
                TableName=self._table,
                Key=number_key(record.customer, record.number),
                UpdateExpression=expression,
                ConditionExpression="#version = :seen",
                ExpressionAttributeNames={f"#{name}": name for name in (*sets, *change.removes)},
                ExpressionAttributeValues={
                    ":seen": whole(record.version),
                    **{f":{name}": value for name, value in sets.items()},
                },
            )
        except AWS_FAULTS as error:
            if condition_failed(error):
                # Perhaps by an earlier try of this very write, whose answer was lost: the next look at it tells.
                return WriteResult.SUPERSEDED
            meaning = storage_error(error, f"bring number {record.number} of customer {record.customer} up to date")
            if isinstance(meaning, StorageRefusedError) and not isinstance(meaning, ContentRefusedError):
                raise meaning from error
            _log.warning("%s", meaning)
            return WriteResult.FAILED
        return WriteResult.WRITTEN
