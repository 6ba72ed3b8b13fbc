"""Problem details (RFC 9457): the one shape of every error of the API."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from pydantic import AfterValidator, BaseModel, Field

from functions.rest.bodies import ShownBody

CONTENT_TYPE = "application/problem+json"


def _sendable(text: str) -> str:
    """The text with halves of characters spelt out: JSON can name them, but no answer can be made of them."""
    return text.encode(errors="backslashreplace").decode()


Text = Annotated[str, AfterValidator(_sendable)]


class FieldProblem(ShownBody):
    """What is wrong with one field of a request, and what is allowed there."""

    field: Text
    message: Text


class Problem(ShownBody, extra="allow"):
    """An error, as RFC 9457 shapes it; what else a program can use of it stands beside these, by names of its own."""

    type: str = "about:blank"
    title: str
    status: int
    detail: Text
    errors: list[FieldProblem] = Field(default_factory=list)


def problem(
    status: HTTPStatus,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: dict[str, str | list[str]] | None = None,
    members: Mapping[str, BaseModel] | None = None,
) -> Response[str]:
    """The response that tells of a problem; the title is the status's own phrase."""
    body = Problem(title=status.phrase, status=status.value, detail=detail, errors=list(errors), **members or {})
    excluded = set() if errors else {"errors"}
    return Response(
        status_code=status.value,
        content_type=CONTENT_TYPE,
        body=body.model_dump_json(exclude=excluded),
        headers=headers,
    )


def as_answer(response: Response[str]) -> dict[str, Any]:
    """The response as API Gateway takes it, for a request that never comes to a route."""
    return {
        "statusCode": response.status_code,
        "multiValueHeaders": {name: [values] for name, values in response.headers.items()},
        "body": response.body,
        "isBase64Encoded": False,
    }
