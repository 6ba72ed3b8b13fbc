"""The layer of items written with an object mapper: PynamoDB, as its documentation uses it."""

from typing import Any

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from tests.engines.engine import REGION


def number_model(table: str, endpoint_url: str) -> type[Model]:
    """The model of a number on one table; made anew for each, since PynamoDB keeps the table in the class."""

    class Number(Model):
        """A number, with the attributes that the product's items have here."""

        class Meta:
            """Where it is."""

            table_name = table
            region = REGION
            host = endpoint_url
            aws_access_key_id = "test"
            aws_secret_access_key = "test"  # noqa: S105 - the engine's key

        customer = UnicodeAttribute(hash_key=True)
        number = UnicodeAttribute(range_key=True)
        version = NumberAttribute()
        schema = NumberAttribute(default=1)
        status = UnicodeAttribute()
        usage = UnicodeAttribute(null=True)
        vendor = UnicodeAttribute(null=True)
        reason = UnicodeAttribute(null=True)
        release_at = UnicodeAttribute(null=True)
        cooling_since = UnicodeAttribute(null=True)
        cooling_shard = UnicodeAttribute(null=True)
        created_at = UnicodeAttribute(null=True)
        created_by = UnicodeAttribute(null=True)
        updated_at = UnicodeAttribute(null=True)
        updated_by = UnicodeAttribute(null=True)
        holders: Any = MapAttribute(null=True)

    return Number
