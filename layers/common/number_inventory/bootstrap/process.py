"""What every part needs: the clock and AWS."""

from functools import lru_cache
from typing import TYPE_CHECKING

from number_inventory.adapters.system_clock import SystemClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from number_inventory.adapters.aws import AwsSession
    from number_inventory.ports.clock import Clock


@lru_cache(maxsize=1)
def clock() -> "Clock":
    """The system's clock."""
    return SystemClock()


@lru_cache(maxsize=1)
def session() -> "AwsSession":
    """AWS as the environment says: region, credentials, and AWS_ENDPOINT_URL on a local stack."""
    from number_inventory.adapters.aws import AwsSession
    from number_inventory.settings import CallSettings

    return AwsSession(caller_waits=CallSettings.load().caller_waits)


@lru_cache(maxsize=1)
def dynamodb() -> "DynamoDBClient":
    """The one client of all tables."""
    return session().dynamodb()
