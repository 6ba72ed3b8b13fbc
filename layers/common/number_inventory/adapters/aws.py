"""Clients of AWS, and what their failures mean.

Clients come from botocore: boto3 adds a resource layer that nothing here uses and that every cold start would load.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as AwsConnectionError,
)
from botocore.parsers import ResponseParserError
from botocore.session import Session

from number_inventory.domain.errors import ContentRefusedError, StorageBusyError, StorageRefusedError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

WRITE_THREADS = 8
"""How many writes are under way at once: enough to hide the way to DynamoDB behind one processor's work."""

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=2,
    read_timeout=5,
    max_pool_connections=2 * WRITE_THREADS,
    tcp_keepalive=True,
    # Every parameter is built by typed code and proven by the contract suite; checking each again costs about a
    # fifth of the CPU of a write.
    parameter_validation=False,
    # botocore puts its own together anew for every request, twice: a tenth of the CPU of a read.
    user_agent="number-inventory",
)
# With a second and two between the attempts, at most, a call that gets no answer ends after 12 seconds.
_WAITED_FOR = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 3}, read_timeout=3))

_BUSY_CODES = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TooManyUpdates",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_BUSY_FAULTS = (AwsConnectionError, HTTPClientError, ResponseParserError, CredentialRetrievalError)

AWS_FAULTS = (ClientError, BotoCoreError, ResponseParserError)
"""Everything that botocore raises when a call does not succeed."""

AwsFault = ClientError | BotoCoreError | ResponseParserError


class AwsSession:
    """Makes the clients of one process. Each call makes a new one: keep it.

    Attributes:
        region: None takes it from the environment or the profile, as does `endpoint_url` (`AWS_ENDPOINT_URL`).
        access_key: id and secret, for the local stack; None uses the usual chain of credentials.
        caller_waits: give a call up early enough that what it was for can still be undone, and the caller be told.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        access_key: tuple[str, str] | None = None,
        caller_waits: bool = False,
    ) -> None:
        self._session = Session()
        self._region = region
        self._endpoint_url = endpoint_url
        self._config = _WAITED_FOR if caller_waits else _CONFIG
        if access_key is not None:
            self._session.set_credentials(*access_key)

    def dynamodb(self) -> "DynamoDBClient":
        """A client of DynamoDB."""
        client: DynamoDBClient = self._client("dynamodb")
        return client

    def ssm(self) -> "SSMClient":
        """A client of the Parameter Store."""
        client: SSMClient = self._client("ssm")
        return client

    def sqs(self) -> "SQSClient":
        """A client of SQS."""
        client: SQSClient = self._client("sqs")
        return client

    def functions(self, wait_seconds: float | None = None) -> "LambdaClient":
        """A client of Lambda; `wait_seconds` is for functions that are waited for."""
        patient = None if wait_seconds is None else self._config.merge(Config(read_timeout=wait_seconds))
        client: LambdaClient = self._client("lambda", patient)
        return client

    def events(self) -> "EventBridgeClient":
        """A client of EventBridge."""
        client: EventBridgeClient = self._client("events")
        return client

    def streams(self) -> Any:  # noqa: ANN401 - as for CloudFormation
        """A client of DynamoDB Streams."""
        return self._client("dynamodbstreams")

    def cloudformation(self) -> Any:  # noqa: ANN401 - operators alone need it: its stubs are not worth a dependency
        """A client of CloudFormation."""
        return self._client("cloudformation")

    def scheduler(self) -> Any:  # noqa: ANN401 - as for CloudFormation
        """A client of EventBridge Scheduler."""
        return self._client("scheduler")

    def cloudwatch(self) -> Any:  # noqa: ANN401 - as for CloudFormation
        """A client of CloudWatch."""
        return self._client("cloudwatch")

    def _client(
        self,
        service: Literal[
            "cloudformation",
            "cloudwatch",
            "dynamodb",
            "dynamodbstreams",
            "events",
            "lambda",
            "scheduler",
            "sqs",
            "ssm",
        ],
        config: Config | None = None,
    ) -> Any:  # noqa: ANN401 - see its callers
        purpose = f"set up the {service} client"
        try:
            with aws_errors(purpose):
                return self._session.create_client(
                    service, region_name=self._region, endpoint_url=self._endpoint_url, config=config or self._config
                )
        except ValueError as error:
            # So botocore refuses an endpoint, and what else it cannot make sense of.
            raise StorageRefusedError(f"could not {purpose}: {error}") from None


@contextmanager
def aws_errors(purpose: str) -> Iterator[None]:
    """Turn the failures of AWS calls made inside into errors of the domain.

    Args:
        purpose: what the calls are for, in words that fit behind "could not"; it stands in the message.

    Raises:
        StorageBusyError: throttled, timed out or failed, after botocore's own retries; it may work later.
        StorageRefusedError: refused for good.
    """
    try:
        yield
    except AWS_FAULTS as error:
        raise storage_error(error, purpose) from error


def storage_error(error: AwsFault, purpose: str, *, quiet: bool = False) -> StorageBusyError | StorageRefusedError:
    """What a failure of AWS means, decided by its type, its code and its HTTP status, never by its text.

    Args:
        error: as botocore raised it.
        purpose: what the call was for, in words that fit behind "could not".
        quiet: leave out AWS's own words, which may repeat what was sent.
    """
    said = _code_or_type(error) if quiet else str(error)
    if _is_busy(error):
        return StorageBusyError(f"could not {purpose} for now: {said}. Try again later")
    if content_refused(error):
        return ContentRefusedError(f"could not {purpose}: {said}. Correct what stands there, or what was to be stored")
    return StorageRefusedError(f"could not {purpose}: {said}. Check region, names and the caller's permissions")


def error_code(error: ClientError) -> str:
    """The code by which AWS names the error."""
    return error.response.get("Error", {}).get("Code", "")


def _code_or_type(error: AwsFault) -> str:
    return error_code(error) if isinstance(error, ClientError) else type(error).__name__


def content_refused(error: AwsFault) -> bool:
    """Whether AWS refused what was sent, and not who sent it or where to."""
    return isinstance(error, ClientError) and error_code(error) == "ValidationException"


def was_retried(error: ClientError) -> bool:
    """Whether botocore sent the request more than once, so that an earlier try may have taken effect unseen."""
    return error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0


def _is_busy(error: AwsFault) -> bool:
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error_code(error) in _BUSY_CODES or status >= 500 or status == 429  # noqa: PLR2004 - HTTP's own numbers
    return isinstance(error, _BUSY_FAULTS)
