"""The Macros table: one item a scope and name; implements `ports.Macros`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attributes import NOT_NEWER, SCHEMA, Item, refuse_newer, text, with_schema
from number_inventory.adapters.dynamodb.batch_get import batch_get
from number_inventory.adapters.dynamodb.tables import old_item, query_pages, write_if
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.macros import GLOBAL, MacroValue, resolve_macro

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoMacros:
    """Named macros of all customers, and the global ones."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def resolve(self, customer: str, names: Sequence[str]) -> Mapping[str, MacroValue]:
        """The values in force for a customer, in one request."""
        keys = [_key(scope, name) for name in dict.fromkeys(names) for scope in dict.fromkeys((customer, GLOBAL))]
        purpose = f"read the macros {', '.join(names)} of customer {customer}"
        items = batch_get(self._client, self._table, keys, purpose=purpose, consistent=True)
        stored = {(item["customer"]["S"], item["name"]["S"]): _value(item) for item in items}
        # Asked for the global values themselves, there is no customer whose value it could be.
        own = None if customer == GLOBAL else customer
        return {name: resolve_macro(name, stored.get((own, name)), stored.get((GLOBAL, name))) for name in names}

    def put(self, scope: str, name: str, value: str) -> None:
        """Store a value for a customer or for `GLOBAL`; the caller has checked it.

        Raises:
            RecordNewerError: the value in force was stored by a newer release.
        """
        names: dict[str, str] = {}
        values: Item = {}
        with_schema(names, values)
        refused = write_if(
            f"store macro {name} of {scope}",
            self._client.put_item,
            TableName=self._table,
            Item={**_key(scope, name), "schema": SCHEMA, "value": text(value)},
            ConditionExpression=NOT_NEWER,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        if refused:
            refuse_newer(old_item(refused), f"macro {name} of {scope}")

    def remove(self, scope: str, name: str) -> None:
        """Forget a value; nothing where there is none."""
        with aws_errors(f"remove macro {name} of {scope}"):
            self._client.delete_item(TableName=self._table, Key=_key(scope, name))

    def stored(self, scope: str) -> Mapping[str, str]:
        """All values stored for a customer or for `GLOBAL`."""
        request: dict[str, Any] = {
            "KeyConditionExpression": "#customer = :scope",
            "ExpressionAttributeNames": {"#customer": "customer"},
            "ExpressionAttributeValues": {":scope": text(scope)},
            "ConsistentRead": True,
        }
        pages = query_pages(self._client, self._table, request, purpose=f"read the macros of {scope}")
        return {item["name"]["S"]: _value(item) for items in pages for item in items}


def _key(scope: str, name: str) -> Item:
    return {"customer": text(scope), "name": text(name)}


def _value(item: Mapping[str, Any]) -> str:
    """The value; what cannot be read is handed on in a form that no macro accepts, and whoever reads it says so."""
    try:
        refuse_newer(item, "macro")
    except RecordBrokenError as error:
        return f"<not readable: {error}>"
    attribute = item.get("value", {})
    value = attribute.get("S")
    return value if isinstance(value, str) else f"<not a string: {attribute!r}>"
