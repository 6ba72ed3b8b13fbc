"""The recording function, invoked by an operator: what it gets, what it answers, and how it fails."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.adapters.history_function import DeployedHistoryFunction
from number_inventory.domain.errors import StorageBusyError, StorageRefusedError
from number_inventory.ports.number_stream import StreamedChange

AT = datetime(2026, 11, 23, tzinfo=UTC)
BATCH = [
    StreamedChange(shard="s", sequence=name, at=AT, key=None, content=json.dumps({"name": name}).encode())
    for name in ("1", "2")
]


class Lambda:
    """Lambda with one function."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401 - JSON, an answer or an error
        self.answer = answer
        self.events: list[Any] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as botocore has it
        self.events.append((FunctionName, json.loads(Payload)))
        if isinstance(self.answer, Exception):
            raise self.answer
        body, failed = self.answer
        return {"Payload": io.BytesIO(body), **({"FunctionError": "Unhandled"} if failed else {})}


def record(client: Lambda) -> list[str]:
    """Have the batch recorded."""
    return list(DeployedHistoryFunction(client, "history").record(BATCH))  # type: ignore[arg-type]  # what it uses


def test_it_gets_the_event_of_the_stream() -> None:
    """GIVEN changes WHEN handed over THEN the function has them as `Records`, and says which must come again."""
    client = Lambda((b'{"batchItemFailures": [{"itemIdentifier": "2"}]}', False))
    assert record(client) == ["2"]
    assert client.events == [("history", {"Records": [{"name": "1"}, {"name": "2"}]})]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((b'{"errorType": "StorageBusyError", "errorMessage": "throttled"}', True), "StorageBusyError: throttled"),
        ((b"what?", True), "what?"),
        ((b"null", False), "gave an answer that is none of record-history"),
        (ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke"), "TooManyRequestsException"),
    ],
)
def test_a_failure_may_pass(answer: object, said: str) -> None:
    """GIVEN a function that fails, is throttled or answers nonsense THEN the batch may come again; it is said why."""
    with pytest.raises(StorageBusyError, match=said.replace("?", r"\?")) as failed:
        record(Lambda(answer))
    assert "history" in str(failed.value)


def test_a_refusal_is_for_good() -> None:
    """GIVEN an operator who may not invoke the function THEN trying again is of no use."""
    with pytest.raises(StorageRefusedError, match="have function history record 2 changes"):
        record(Lambda(ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke")))
