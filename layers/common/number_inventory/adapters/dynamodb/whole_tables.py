"""All tables of a stack, item by item; implements `ports.WholeTables`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attribute_json import attributes_as_json, attributes_from_json
from number_inventory.adapters.dynamodb.batch_write import batch_put
from number_inventory.ports.whole_tables import StoredItem

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoWholeTables:
    """The tables of one stack.

    Attributes:
        tables: the name of each on AWS by its name here, in the order in which they are put back.
    """

    def __init__(self, client: "DynamoDBClient", tables: Mapping[str, str]) -> None:
        self._client = client
        self._tables = tables

    @property
    def names(self) -> Sequence[str]:
        """All that a backup holds."""
        return tuple(self._tables)

    def items(self, table: str) -> Iterator[StoredItem]:
        """All items, a megabyte at a time, strongly consistent."""
        start: dict[str, Any] = {}
        while True:
            with aws_errors(f"read the table of {table}"):
                answer = self._client.scan(TableName=self._tables[table], ConsistentRead=True, **start)
            yield from map(attributes_as_json, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def is_empty(self, table: str) -> bool:
        """Whether nothing stands there."""
        with aws_errors(f"look into the table of {table}"):
            answer = self._client.scan(TableName=self._tables[table], ConsistentRead=True, Limit=1)
        return not answer["Items"]

    def put(self, table: str, items: Sequence[StoredItem]) -> None:
        """Store items, 25 a request."""
        stored = [attributes_from_json(item) for item in items]
        batch_put(self._client, self._tables[table], stored, purpose=f"put {len(items)} items of {table} back")
