"""The Workers port: the audit function is invoked without waiting for it."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from number_inventory.adapters.lambda_functions import LambdaWorkers
from number_inventory.domain.errors import StorageBusyError, StorageRefusedError
from tests.contract.made import CUSTOMER, run
from tests.engines.engine import MOTO, Engine
from tests.engines.faults import refusals

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

FUNCTION = "number-inventory-audit"
ALL_TRIES = 5

pytestmark = pytest.mark.usefixtures("no_backoff")


@pytest.fixture
def client() -> "LambdaClient":
    """A client of Lambda; the local stack's tests invoke real functions."""
    return Engine(MOTO, None).session().functions()


@pytest.fixture
def invoked(client: "LambdaClient") -> Iterator[list[AWSPreparedRequest]]:
    """The requests that were made; each is answered as an asynchronous invocation is."""
    requests: list[AWSPreparedRequest] = []

    def accept(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        requests.append(request)
        return AWSResponse(str(request.url), 202, HTTPHeaders(), _Nothing())

    events: Any = client.meta.events
    events.register("before-send.lambda.Invoke", accept)
    yield requests
    events.unregister("before-send.lambda.Invoke", accept)


class _Nothing:
    """An empty body."""

    def stream(self, **_: object) -> Iterator[bytes]:
        """No part of it."""
        yield b""


def test_worker_is_told_which_run_and_which_step(client: "LambdaClient", invoked: list[AWSPreparedRequest]) -> None:
    LambdaWorkers(client, FUNCTION, "run").wake(run("20260301T120000-00000a", step=3))
    [request] = invoked
    assert str(request.url).endswith(f"/functions/{FUNCTION}/invocations")
    assert request.headers["X-Amz-Invocation-Type"] in {"Event", b"Event"}
    assert isinstance(request.body, bytes)
    assert json.loads(request.body) == {"customer": CUSTOMER, "run": "20260301T120000-00000a", "step": 3}


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("TooManyRequestsException", 429, StorageBusyError),
        ("ServiceException", 500, StorageBusyError),
        ("AccessDeniedException", 403, StorageRefusedError),
        ("ResourceNotFoundException", 404, StorageRefusedError),
    ],
)
@pytest.mark.usefixtures("invoked")
def test_worker_that_cannot_be_woken_is_an_error_by_type(
    client: "LambdaClient", code: str, status: int, error: type[Exception]
) -> None:
    with (
        refusals(client, "Invoke", code, status=status, times=ALL_TRIES),
        pytest.raises(error, match=f"wake function {FUNCTION} for run"),
    ):
        LambdaWorkers(client, FUNCTION, "run").wake(run())


def test_busy_lambda_is_asked_again(client: "LambdaClient", invoked: list[AWSPreparedRequest]) -> None:
    with refusals(client, "Invoke", "TooManyRequestsException", status=429, times=2):
        LambdaWorkers(client, FUNCTION, "run").wake(run())
    assert len(invoked) == 3, "two of them refused"
