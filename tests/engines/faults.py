"""Faults between a client and a real engine: answers that get lost after the effect, and refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@contextmanager
def lost_answers(client: "DynamoDBClient", operation: str, times: int = 1) -> Iterator[None]:
    """The next `times` requests of this operation take effect, but the client sees a timeout instead of the answer."""
    left = times
    http = URLLib3Session()

    def lose(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        nonlocal left
        if left == 0:
            return None
        left -= 1
        http.send(request)
        raise ReadTimeoutError(endpoint_url=request.url)

    event = f"before-send.dynamodb.{operation}"
    events: Any = client.meta.events
    events.register(event, lose)
    try:
        yield
    finally:
        events.unregister(event, lose)
        http.close()
    assert left == 0, f"only {times - left} of {times} requests {operation} were made"


@contextmanager
def refusals(
    client: "DynamoDBClient", operation: str, code: str, *, status: int = 400, times: int = 1
) -> Iterator[None]:
    """The next `times` requests of this operation are answered with an error of this code, without any effect."""
    left = times

    def refuse(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        nonlocal left
        if left == 0:
            return None
        left -= 1
        body = f'{{"__type": "com.amazonaws.dynamodb.v20120810#{code}", "message": "made up by the test"}}'.encode()
        return AWSResponse(str(request.url), status, HTTPHeaders(), _Raw(body))

    event = f"before-send.dynamodb.{operation}"
    events: Any = client.meta.events
    events.register_first(event, refuse)
    try:
        yield
    finally:
        events.unregister(event, refuse)


class ProcessDiedError(BaseException):
    """The process is gone: nothing in the product catches this."""


@contextmanager
def dying(client: "DynamoDBClient", operation: str, *, after: int | None) -> Iterator[None]:
    """The process dies before its next request of this operation, once `after` of them are through; None: never."""
    left = after

    def die(**_: object) -> None:
        nonlocal left
        if left is None:
            return
        if left == 0:
            raise ProcessDiedError(operation)
        left -= 1

    event = f"before-call.dynamodb.{operation}"
    client.meta.events.register(event, die)
    try:
        yield
    finally:
        client.meta.events.unregister(event, die)


class _Raw:
    """The body of a made-up answer, as urllib3 would hand it over."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        """All of it at once."""
        yield self._body
