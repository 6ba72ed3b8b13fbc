"""A request to a played device and its answer, free of any server's types."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True)
class Request:
    """One HTTP request. `path` has no query; header names are in lower case; `client` is the caller's IP address.

    `trap` is an address on the control port that notes who comes along after a redirect.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    client: str
    trap: str = ""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `content_type` is empty where there is no body."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(content: object, status: int = HTTPStatus.OK, **headers: str) -> Answer:
    """An answer with a JSON body; `headers` are written with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(content).encode(), "application/json", named)


def refusal(status: int, description: str, **headers: str) -> Answer:
    """An error in the form that devices use: `{"description": ...}`."""
    return json_answer({"description": description}, status, **headers)
