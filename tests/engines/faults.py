"""Faults between a client and a real engine: answers that get lost after the effect, and refusals."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, local
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient


@contextmanager
def lost_answers(
    client: "DynamoDBClient", operation: str, times: int = 1, meanwhile: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """The next `times` requests of this operation take effect, but the client sees a timeout instead of the answer.

    Each time, `meanwhile` happens between the effect and the timeout; it must use another client.
    """
    left = times
    http = URLLib3Session()

    def lose(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        nonlocal left
        if left == 0:
            return None
        left -= 1
        http.send(request)
        meanwhile()
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
    client: "BaseClient", operation: str, code: str, *, status: int = 400, times: int = 1, message: str = "made up"
) -> Iterator[None]:
    """The next `times` requests of this operation are answered with an error of this code.

    An engine in a process of its own never gets them; moto does all the same, so that there they have their effect.
    """
    left = times

    def refuse(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        nonlocal left
        if left == 0:
            return None
        left -= 1
        body = f'{{"__type": "com.amazonaws.test#{code}", "message": "{message}"}}'.encode()
        return AWSResponse(str(request.url), status, HTTPHeaders(), _Raw(body))

    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    events: Any = client.meta.events
    events.register_first(event, refuse)
    try:
        yield
    finally:
        events.unregister(event, refuse)


@contextmanager
def cancelled_transactions(client: "DynamoDBClient", reason: str, times: int = 1) -> Iterator[None]:
    """The next `times` transactions are cancelled, because of the first of their writes and for this reason."""
    left = times

    def cancel(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        nonlocal left
        if left == 0:
            return None
        left -= 1
        body = {
            "__type": "com.amazonaws.test#TransactionCanceledException",
            "Message": "made up",
            "CancellationReasons": [{"Code": reason}, {"Code": "None"}],
        }
        return AWSResponse(str(request.url), 400, HTTPHeaders(), _Raw(json.dumps(body).encode()))

    event = "before-send.dynamodb.TransactWriteItems"
    events: Any = client.meta.events
    events.register_first(event, cancel)
    try:
        yield
    finally:
        events.unregister(event, cancel)


@contextmanager
def unwritten(client: "DynamoDBClient", times: int) -> Iterator[None]:
    """The next `times` BatchWriteItem leave one of their items unprocessed.

    A single item is stored, because there is no empty BatchWriteItem, but told to be unprocessed all the same.
    """
    left, lock, mine = times, Lock(), local()

    def hold_back(params: dict[str, Any], **_: object) -> None:
        nonlocal left
        mine.held_back = {}
        [(table, requests)] = params["RequestItems"].items()
        with lock:
            if not left:
                return
            left -= 1
        mine.held_back = {table: requests[-1:]}
        params["RequestItems"] = {table: requests[:-1] or requests}

    def tell(parsed: dict[str, Any], **_: object) -> None:
        parsed["UnprocessedItems"] = mine.held_back

    events: Any = client.meta.events
    events.register("provide-client-params.dynamodb.BatchWriteItem", hold_back)
    events.register("after-call.dynamodb.BatchWriteItem", tell)
    try:
        yield
    finally:
        events.unregister("provide-client-params.dynamodb.BatchWriteItem", hold_back)
        events.unregister("after-call.dynamodb.BatchWriteItem", tell)


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


@contextmanager
def unprocessed(client: "DynamoDBClient", times: int) -> Iterator[None]:
    """The next `times` BatchGetItem of numbers leave one of their keys unprocessed."""
    left = times

    def leave_one(parsed: dict[str, Any], **_: object) -> None:
        nonlocal left
        for table, items in parsed.get("Responses", {}).items():
            if left and items:
                left -= 1
                item = items.pop()
                keys = [{"customer": item["customer"], "number": item["number"]}]
                parsed["UnprocessedKeys"] = {table: {"Keys": keys, "ConsistentRead": True}}

    client.meta.events.register("after-call.dynamodb.BatchGetItem", leave_one)
    try:
        yield
    finally:
        client.meta.events.unregister("after-call.dynamodb.BatchGetItem", leave_one)


@contextmanager
def failing_statements(
    client: "DynamoDBClient", code: str, count: int, *, after_effect: bool = False
) -> Iterator[None]:
    """The first `count` statements of the next batch fail with this code, without their effect or after it."""
    left, failed = count, 0

    def hold_back(params: dict[str, Any], **_: object) -> None:
        nonlocal left, failed
        failed, left = left, 0
        if not after_effect:
            params["Statements"] = params["Statements"][failed:]

    def tell(parsed: dict[str, Any], **_: object) -> None:
        answers = parsed["Responses"][failed:] if after_effect else parsed["Responses"]
        parsed["Responses"] = [{"Error": {"Code": code, "Message": "made up"}}] * failed + answers

    events: Any = client.meta.events
    events.register("provide-client-params.dynamodb.BatchExecuteStatement", hold_back)
    events.register("after-call.dynamodb.BatchExecuteStatement", tell)
    try:
        yield
    finally:
        events.unregister("provide-client-params.dynamodb.BatchExecuteStatement", hold_back)
        events.unregister("after-call.dynamodb.BatchExecuteStatement", tell)


@contextmanager
def taken_in_part(client: "SQSClient", failures: int) -> Iterator[None]:
    """Each SendMessageBatch leaves its last message behind and says so, until there were this many failures."""
    left, failed = failures, list[dict[str, Any]]()

    def hold_back(params: dict[str, Any], **_: object) -> None:
        nonlocal left
        failed.clear()
        if left:
            left -= 1
            last = params["Entries"][-1]
            failed.append({"Id": last["Id"], "Code": "InternalError", "SenderFault": False})
            params["Entries"] = params["Entries"][:-1]

    def answer_for_none(params: dict[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]] | None:
        if b'"Entries": []' not in params["body"]:
            return None
        return AWSResponse("", 200, HTTPHeaders(), _Raw(b"")), {"Successful": []}

    def tell(parsed: dict[str, Any], **_: object) -> None:
        parsed["Failed"] = list(failed)

    hooks: dict[str, Any] = {"provide-client-params": hold_back, "before-call": answer_for_none, "after-call": tell}
    events: Any = client.meta.events
    for event, hook in hooks.items():
        events.register(f"{event}.sqs.SendMessageBatch", hook)
    try:
        yield
    finally:
        for event, hook in hooks.items():
            events.unregister(f"{event}.sqs.SendMessageBatch", hook)


class _Raw:
    """The body of a made-up answer, as urllib3 would hand it over."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        """All of it at once."""
        yield self._body
