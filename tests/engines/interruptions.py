"""What can become of one request of a client, whichever it is: the process dies, it fails, or it is sent twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

from tests.engines.faults import ProcessDiedError

if TYPE_CHECKING:
    from botocore.client import BaseClient


class Fault(StrEnum):
    """What happens to a request."""

    DIES_BEFORE = "the process dies before it is sent"
    DIES_AFTER = "the process dies before it has the answer"
    REFUSED = "it is throttled, however often it is sent"
    LOST = "it takes effect, and no answer ever comes"
    TWICE = "its answer is lost, and botocore sends it again"


class Interruption:
    """Sits on a client and lets a fault happen to one of its requests, or to each.

    Attributes:
        passed: the operations that were asked for, in order.
        tried: how many faults happened.
    """

    def __init__(self, fault: Fault | None, at: int | None) -> None:
        self._fault = fault
        self._at = at
        self._lock = Lock()
        self.passed: list[str] = []
        self.tried = 0

    def before(self, model: Any, context: dict[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]] | None:  # noqa: ANN401 - botocore's own
        """Count the request, and let happen what happens before it."""
        with self._lock:
            hit = self._at is None or len(self.passed) == self._at
            self.passed.append(model.name)
        context["interrupted"] = hit and self._fault is not None
        if not context["interrupted"]:
            return None
        self.tried += 1
        if self._fault is Fault.DIES_BEFORE:
            raise ProcessDiedError(model.name)
        return _throttled() if self._fault is Fault.REFUSED else None

    def again(self, attempts: int, request_dict: dict[str, Any], **_: object) -> int | None:
        """Have the request sent once more, at once, although it was answered."""
        interrupted = request_dict["context"].get("interrupted")
        return 0 if interrupted and self._fault is Fault.TWICE and attempts == 1 else None

    def after(self, context: dict[str, Any], **_: object) -> None:
        """Let happen what happens after its effect."""
        if not context.get("interrupted"):
            return
        if self._fault is Fault.DIES_AFTER:
            raise ProcessDiedError
        if self._fault is Fault.LOST:
            raise ReadTimeoutError(endpoint_url="made up")


def _throttled() -> tuple[AWSResponse, dict[str, Any]]:
    status = HTTPStatus.BAD_REQUEST.value
    error = {"Code": "ThrottlingException", "Message": "made up"}
    return AWSResponse("", status, HTTPHeaders(), None), {
        "Error": error,
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": 4},
    }


@contextmanager
def interrupted(client: "BaseClient", fault: Fault | None, at: int | None = None) -> Iterator[Interruption]:
    """Let a fault happen to the request number `at` of the client (0: the very next), or to each where it is None.

    Without a fault the requests are only counted.
    """
    interruption = Interruption(fault, at)
    service = client.meta.service_model.service_id.hyphenize()
    events: Any = client.meta.events
    hooks = {"before-call": interruption.before, "needs-retry": interruption.again, "after-call": interruption.after}
    for event, hook in hooks.items():
        events.register_first(f"{event}.{service}", hook)
    try:
        yield interruption
    finally:
        for event, hook in hooks.items():
            events.unregister(f"{event}.{service}", hook)
