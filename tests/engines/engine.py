"""An engine, and fresh tables on it."""

from contextlib import suppress
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import uuid4

from number_inventory.adapters.aws import AwsSession
from tests.engines.template import table_schemas

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REGION = "eu-central-1"
MOTO, MINISTACK, DYNAMODB_LOCAL = "moto", "ministack", "dynamodb-local"


@dataclass(frozen=True, slots=True)
class Engine:
    """A place that plays AWS.

    Attributes:
        endpoint_url: None where calls are caught in the process.
    """

    name: str
    endpoint_url: str | None

    def session(self) -> AwsSession:
        """Clients of this engine, made as the product makes them."""
        return _session(self.endpoint_url)


@lru_cache
def shared_client(engine: Engine) -> "DynamoDBClient":
    """One client an engine: making one takes longer than most tests. Whatever hooks into it must take itself out."""
    return engine.session().dynamodb()


@lru_cache
def _session(endpoint_url: str | None) -> AwsSession:
    """One session an engine: it reads botocore's service descriptions once, which would be most of a test's time."""
    return AwsSession(region=REGION, endpoint_url=endpoint_url, access_key=("test", "test"))


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of one set of tables."""

    numbers: str
    registrations: str
    devices: str
    macros: str
    audits: str
    jobs: str
    history: str
    requests: str
    stock: str


_KINDS = tuple(field.name for field in fields(Tables))


def create_tables(client: "DynamoDBClient") -> Tables:
    """Make a fresh, empty set of tables."""
    mark = uuid4().hex[:12]
    names = Tables(*(f"{kind}-{mark}" for kind in _KINDS))
    schemas = table_schemas()
    for logical_id, name in (
        ("NumbersTable", names.numbers),
        ("RegistrationsTable", names.registrations),
        ("DevicesTable", names.devices),
        ("MacrosTable", names.macros),
        ("AuditsTable", names.audits),
        ("JobsTable", names.jobs),
        ("HistoryTable", names.history),
        ("RequestsTable", names.requests),
        ("StockTable", names.stock),
    ):
        # A busy engine may take longer than a client waits: the name is ours alone, so a second try finds the first.
        with suppress(client.exceptions.ResourceInUseException):
            client.create_table(TableName=name, **schemas[logical_id])
    return names


def drop_tables(client: "DynamoDBClient", tables: Tables) -> None:
    """Remove a set of tables, so that a long run does not fill the engine."""
    for kind in _KINDS:
        # Likewise: a second try may find that the first has removed it.
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_table(TableName=getattr(tables, kind))
