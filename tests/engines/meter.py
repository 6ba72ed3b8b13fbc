"""Counts what a client asks of DynamoDB: requests, and the units it says they consumed, indexes included."""

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.model import OperationModel

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ASKED = "what the meter saw asked"
_SINGLE_WRITES = {"PutItem", "UpdateItem", "DeleteItem"}
# Of PartiQL the product only writes with batches.
_WRITES = _SINGLE_WRITES | {"BatchWriteItem", "BatchExecuteStatement", "TransactWriteItems"}


def _written(operation: str, params: dict[str, Any]) -> Counter[str]:
    """How many items a request is to write, by table."""
    if operation in _SINGLE_WRITES:
        return Counter([params["TableName"]])
    if operation == "BatchWriteItem":
        return Counter({table: len(items) for table, items in params["RequestItems"].items()})
    # The table stands in quotes, before anything else that does.
    return Counter(statement["Statement"].split('"')[1] for statement in params.get("Statements", ()))


def _absent(operation: str, asked: dict[str, Any], parsed: dict[str, Any]) -> float:
    """Read units that DynamoDB charges for what is not there: the least that a read costs, for each of it."""
    if "Error" in parsed:
        return 0.0
    if operation == "BatchGetItem":
        left = parsed.get("UnprocessedKeys", {})
        return sum(
            (len(keys["Keys"]) - len(parsed["Responses"].get(table, ())) - len(left.get(table, {}).get("Keys", ())))
            * _least(keys)
            for table, keys in asked["RequestItems"].items()
        )
    nothing = {"GetItem": "Item" not in parsed, "Query": not parsed.get("ScannedCount")}
    return _least(asked) if nothing.get(operation) else 0.0


def _least(asked: dict[str, Any]) -> float:
    return 1.0 if asked.get("ConsistentRead") else 0.5


class Meter:
    """Sits on a client from its making to its closing.

    Attributes:
        requests: by operation, the refused ones included.
        units: consumed capacity units by operation; refused conditional writes do not report theirs.
        absent_units: read units that DynamoDB would charge for what is not there, and the engine has not counted.
        writes: items that were to be written, by table, in single requests or batches; transactions are left out.
    """

    def __init__(self, client: "DynamoDBClient") -> None:
        self.requests: Counter[str] = Counter()
        self.units: dict[str, float] = {}
        self.absent_units = 0.0
        self.writes: Counter[str] = Counter()
        self._lock = Lock()
        self._events = client.meta.events
        # First, because a resource of boto3 has a hook that copies the parameters.
        self._events.register_first("provide-client-params.dynamodb", self._ask_for_units)
        self._events.register("after-call.dynamodb", self._count)

    def close(self) -> None:
        """Leave the client as it was."""
        self._events.unregister("provide-client-params.dynamodb", self._ask_for_units)
        self._events.unregister("after-call.dynamodb", self._count)

    def reset(self) -> None:
        """Begin anew."""
        self.requests.clear()
        self.units.clear()
        self.absent_units = 0.0
        self.writes.clear()

    @property
    def total_requests(self) -> int:
        """All requests."""
        return self.requests.total()

    @property
    def write_units(self) -> float:
        """Write units, those of the indexes included."""
        return sum(units for operation, units in self.units.items() if operation in _WRITES)

    @property
    def read_units(self) -> float:
        """Read units."""
        return sum(units for operation, units in self.units.items() if operation not in _WRITES)

    def _ask_for_units(
        self, params: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: object
    ) -> None:
        # In place: botocore takes the answer of the first hook only, and tests may have hooks of their own.
        if model.input_shape is not None and "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "INDEXES"
        context[_ASKED] = params
        with self._lock:
            self.writes.update(_written(model.name, params))

    def _count(self, parsed: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        entries = consumed if isinstance(consumed, list) else [consumed]
        with self._lock:
            self.requests[model.name] += 1
            units = sum(entry.get("CapacityUnits", 0.0) for entry in entries)
            self.units[model.name] = self.units.get(model.name, 0.0) + units
            if not units or model.name == "BatchGetItem":
                self.absent_units += _absent(model.name, context[_ASKED], parsed)
