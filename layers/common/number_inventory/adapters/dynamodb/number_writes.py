"""Conditional writes of numbers: one by one, or many a request.

Each write holds for the very version that its decision was made from. A write may take effect although its answer is
lost; it is tried again, finds its own work and must not take it for somebody else's, and the other way round. So a
refused write counts as ours only where an earlier try may have taken effect, and what stands is what we wrote. It
counts as not ours where there was no such try, or where somebody else has written the version that it would have been.
Behind later versions nobody can tell.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import AWS_FAULTS, AwsFault, aws_errors, content_refused, storage_error, was_retried
from number_inventory.adapters.dynamodb.at_once import at_once
from number_inventory.adapters.dynamodb.attributes import Item, whole
from number_inventory.adapters.dynamodb.number_items import (
    NumberChange,
    number_change,
    number_item,
    number_key,
    read_number,
)
from number_inventory.adapters.dynamodb.tables import OnBroken, condition_failed, old_item
from number_inventory.domain.errors import ContentRefusedError, RecordBrokenError, StorageRefusedError
from number_inventory.domain.numbers import NumberRecord, first_version
from number_inventory.ports.numbers import WriteResult

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from number_inventory.domain.decisions import Decision

_log = logging.getLogger(__name__)

_STATEMENTS = 25
"""The most statements that BatchExecuteStatement takes."""

_LOST_RACE = frozenset({"ConditionalCheckFailed", "DuplicateItem"})


class NumberWrites:
    """Writes decisions about numbers.

    Attributes:
        on_broken: told of a broken item that a write meets.
        batched: put many writes into a request. They are conditional each by itself and cost the same units; what is
            saved is the CPU of making, signing and reading a request for every number.
    """

    def __init__(self, client: "DynamoDBClient", table: str, on_broken: OnBroken, *, batched: bool) -> None:
        self._client = client
        self._table = table
        self._on_broken = on_broken
        self._batched = batched

    def save(self, decisions: "Sequence[Decision]") -> list[WriteResult]:
        """Write each decision that needs it; results in the same order.

        Raises:
            StorageRefusedError: AWS refuses such writes for good.
        """
        todo = [decision for decision in decisions if decision.needs_write]
        if self._batched and len(todo) > 1:
            batches = [todo[start : start + _STATEMENTS] for start in range(0, len(todo), _STATEMENTS)]
            written = [result for batch in at_once(self._write_batch, batches) for result in batch]
        else:
            written = at_once(self._write, todo)
        results = iter(written)
        return [next(results) if decision.needs_write else WriteResult.WRITTEN for decision in decisions]

    # --- one by one

    def _write(self, decision: "Decision", *, tried: bool = False) -> WriteResult:
        """Write one; `tried` says that an earlier try of this very write may have taken effect."""
        try:
            if decision.before is None:
                self._put(number_item(decision.after, first_version(decision.after)))
            else:
                self._update(decision.after, number_change(decision.before, decision.after), decision.before.version)
        except AWS_FAULTS as error:
            if condition_failed(error):
                return self._lost_race(decision, old_item(error), tried=tried or was_retried(error))
            return self._failed(error, f"write number {decision.after.number} of customer {decision.after.customer}")
        return WriteResult.WRITTEN

    def delete(self, record: NumberRecord) -> WriteResult:
        """Delete a number if it still is at this version.

        Raises:
            StorageRefusedError: AWS refuses it for good.
        """
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=number_key(record.customer, record.number),
                ConditionExpression="#version = :seen",
                ExpressionAttributeNames={"#version": "version"},
                ExpressionAttributeValues={":seen": whole(record.version)},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except AWS_FAULTS as error:
            if condition_failed(error):
                if not was_retried(error):
                    return WriteResult.SUPERSEDED
                # Gone is what was wanted; what is there may have been added since it was gone.
                return WriteResult.UNKNOWN if old_item(error) else WriteResult.WRITTEN
            return self._failed(error, f"delete number {record.number} of customer {record.customer}")
        return WriteResult.WRITTEN

    def _put(self, item: Item) -> None:
        self._client.put_item(
            TableName=self._table,
            Item=item,
            ConditionExpression="attribute_not_exists(#number)",
            ExpressionAttributeNames={"#number": "number"},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def _update(self, after: NumberRecord, change: NumberChange, seen: int) -> None:
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in change.sets)
        if change.removes:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in change.removes)
        values = {f":{name}": value for name, value in change.sets.items()}
        self._client.update_item(
            TableName=self._table,
            Key=number_key(after.customer, after.number),
            UpdateExpression=expression,
            ConditionExpression="#version = :seen",
            ExpressionAttributeNames={f"#{name}": name for name in (*change.sets, *change.removes)},
            ExpressionAttributeValues={":seen": whole(seen), **values},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def _failed(self, error: AwsFault, purpose: str) -> WriteResult:
        meaning = storage_error(error, purpose)
        if isinstance(meaning, ContentRefusedError):
            # This number's own fault, such as another hand's text that leaves no room: the others go on.
            _log.error("%s", meaning)
            return WriteResult.FAILED
        if isinstance(meaning, StorageRefusedError):
            raise meaning from error
        _log.warning("%s", meaning)
        return WriteResult.FAILED

    def _lost_race(self, decision: "Decision", item: dict[str, Any], *, tried: bool) -> WriteResult:
        """The number is not as it was: by whose doing, where an earlier try of this write may have taken effect."""
        if not item:
            return WriteResult.UNKNOWN if tried else WriteResult.SUPERSEDED
        version = decision.before.version + 1 if decision.before else first_version(decision.after)
        try:
            stored = read_number(item)
        except RecordBrokenError as broken:
            # Deciding anew would meet it again and again.
            self._on_broken(broken)
            return WriteResult.FAILED
        if not tried:
            return WriteResult.SUPERSEDED
        if stored.version != version:
            return WriteResult.UNKNOWN
        ours = number_item(stored, version) == number_item(decision.after, version)
        return WriteResult.WRITTEN if ours else WriteResult.SUPERSEDED

    # --- many a request

    def _write_batch(self, decisions: "Sequence[Decision]") -> list[WriteResult]:
        statements: Any = [self._statement(decision) for decision in decisions]
        try:
            answer = self._client.batch_execute_statement(Statements=statements)
        except AWS_FAULTS as error:
            if content_refused(error):
                return [self._write(decision, tried=True) for decision in decisions]
            return [self._failed(error, f"write {len(decisions)} numbers")] * len(decisions)
        tried = answer["ResponseMetadata"].get("RetryAttempts", 0) > 0
        pairs = zip(decisions, answer["Responses"], strict=True)
        return [self._outcome(decision, response.get("Error"), tried=tried) for decision, response in pairs]

    def _outcome(self, decision: "Decision", error: Any, *, tried: bool) -> WriteResult:  # noqa: ANN401 - AWS's own shape
        if error is None:
            return WriteResult.WRITTEN
        if error["Code"] not in _LOST_RACE:
            # Throttled or refused: on its own it is tried again with backoff, and says why if it is refused for good.
            return self._write(decision, tried=True)
        item = error.get("Item") or (self._read(decision) if tried or decision.before is None else {})
        return self._lost_race(decision, item, tried=tried)

    def _read(self, decision: "Decision") -> dict[str, Any]:
        """What stands; a refused INSERT does not tell."""
        after = decision.after
        with aws_errors(f"read number {after.number} of customer {after.customer}"):
            answer = self._client.get_item(
                TableName=self._table, Key=number_key(after.customer, after.number), ConsistentRead=True
            )
        return answer.get("Item", {})

    def _statement(self, decision: "Decision") -> dict[str, Any]:
        """The PartiQL statement of a write, with its condition; all values are parameters."""
        if decision.before is None:
            item = number_item(decision.after, first_version(decision.after))
            fields = ", ".join(f"'{name}': ?" for name in item)
            statement, parameters = f'INSERT INTO "{self._table}" VALUE {{{fields}}}', list(item.values())
        else:
            change = number_change(decision.before, decision.after)
            sets = " ".join(f'SET "{name}" = ?' for name in change.sets)
            removes = " ".join(f'REMOVE "{name}"' for name in change.removes)
            where = 'WHERE "customer" = ? AND "number" = ? AND "version" = ?'
            key = number_key(decision.after.customer, decision.after.number)
            statement = f'UPDATE "{self._table}" {sets} {removes} {where}'
            parameters = [*change.sets.values(), key["customer"], key["number"], whole(decision.before.version)]
        return {
            "Statement": statement,
            "Parameters": parameters,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
