"""What a test needs of the deployed stack: invoke a function, ask the API, see a log."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import urllib3

from local_stack.emulator import client

_PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 0.1
_SLOWEST = 120.0
"""Seconds for an answer: many requests at once start a process each, which is slow on a small machine."""
Seen = TypeVar("Seen")


class FunctionFailedError(AssertionError):
    """A function answered with an error instead of a result."""


@dataclass(frozen=True)
class Answer:
    """What the API answered.

    Attributes:
        status: The HTTP status.
        headers: Its headers; names in any case.
        body: The parsed JSON of the body; None where there is none.
    """

    status: int
    headers: urllib3.HTTPHeaderDict
    body: Any


@dataclass(frozen=True)
class DeployedStack:
    """The stack under test.

    Attributes:
        description: What `stack.json` says.
        folder: A folder with `.local/stack.json` in it: run `number-inventory --local` from here.
    """

    description: dict[str, Any]
    folder: Path

    @classmethod
    def read(cls, state: Path) -> Self:
        """The stack whose files are in a state folder.

        Args:
            state: The folder with `stack.json`; its name has to be `.local`.
        """
        return cls(json.loads((state / "stack.json").read_text(encoding="utf-8")), state.parent)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients' types at run time
        """A boto3 client of the local AWS."""
        return client(service, self.description["endpoint_url"])

    def invoke(self, function: str, event: object) -> Any:  # noqa: ANN401 - JSON
        """Invokes a deployed function and waits for its answer.

        Args:
            function: Its name in `stack.json`, such as `release_cooled`.
            event: What it is to get.

        Returns:
            What it answers.

        Raises:
            FunctionFailedError: It raised; the message has the error.
        """
        answer = self.client("lambda").invoke(
            FunctionName=self.description["functions"][function], Payload=json.dumps(event).encode()
        )
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise FunctionFailedError(f"{function}: {payload}")
        return payload

    def get(self, path: str, **query: str) -> Answer:
        """Asks the API through API Gateway.

        Args:
            path: What comes after the stage, such as `/customers/acme/numbers`; already quoted.
            query: The query string's parameters.
        """
        answer = urllib3.request("GET", self.description["api_url"] + path, fields=query, timeout=30.0)
        return Answer(answer.status, answer.headers, answer.json())

    def post(self, path: str, body: object) -> Answer:
        """Sends the API something to do, as JSON; a body that is text is sent as it is."""
        return self.send("POST", path, body)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Sends the API a request of any kind.

        Args:
            method: Of HTTP.
            path: What comes after the stage; already quoted.
            body: Sent as JSON, or as it is where it is text; none at all where it is None.
            headers: More of them; an underscore stands for a hyphen.
        """
        sent = body if body is None or isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if sent is not None:
            named = {"Content-Type": "application/json"} | named
        url = self.description["api_url"] + path
        answer = urllib3.request(method, url, body=sent, headers=named, timeout=_SLOWEST, redirect=False)
        return Answer(answer.status, answer.headers, answer.json() if answer.data else None)

    def log(self, function: str) -> list[str]:
        """All lines that a deployed function has logged so far, oldest first."""
        name = f"/aws/lambda/{self.description['functions'][function]}"
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=name)
        return [event["message"] for page in pages for event in page["events"]]

    def table(self, name: str) -> str:
        """The name of a table on the stack by its name in `stack.json`."""
        deployed: str = self.description["tables"][name]
        return deployed

    def simulator(self) -> dict[str, Any]:
        """What the device simulator plays, with its logins: `simulator.json`."""
        described: dict[str, Any] = json.loads(
            Path(self.description["simulator"]["description"]).read_text(encoding="utf-8")
        )
        return described


def eventually(look: Callable[[], Seen], *, seconds: float = _PATIENCE_SECONDS) -> Seen:
    """Looks again and again until there is something to see.

    Args:
        look: Returns something true, or something false for "not yet".
        seconds: How long to go on.

    Returns:
        What `look` returned last: something false if the time ran out.
    """
    end = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
    return seen
