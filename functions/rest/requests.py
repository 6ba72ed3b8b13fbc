"""What all requests of the API have in common: the customer in the path, known parameters, and bodies that are JSON."""

import json
from base64 import b64decode
from collections.abc import Collection, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic import AfterValidator

from functions.rest.access import claims
from functions.rest.page_tokens import PageTokens
from functions.rest.problems import FieldProblem, problem
from number_inventory.bootstrap import rest
from number_inventory.domain.errors import InvalidInputError
from number_inventory.settings import SecretsSettings

if TYPE_CHECKING:
    from number_inventory.services.answer_once import CurrentAttempt

MAX_BODY_BYTES = 10 * 1024
UNKNOWN_CALLER = "api"
ATTEMPT = "attempt"
"""Under which name the routes' context has the attempt at a request that has a key."""

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

DECODED = AfterValidator(unquote)
"""What stands in a path is percent-encoded, whatever API Gateway made of it; routes get it as it is meant."""

# The patterns tell callers what is allowed; the domain checks it, and says it in words.
Customer = Annotated[
    str,
    Path(
        description="The tenant's name.",
        examples=["acme"],
        json_schema_extra={"pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"},
    ),
    DECODED,
]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]


def page_tokens(settings: SecretsSettings) -> PageTokens:
    """Makes and checks the cursors of all listings."""
    return PageTokens(rest.page_token_key(settings.parameter_prefix))


def refuse_unknown(given: Mapping[str, str] | None, known: Collection[str] = ()) -> None:
    """Refuse a query parameter that nobody reads: a misspelt filter would show everything as a match.

    Raises:
        InvalidInputError: names it, and those that there are.
    """
    for name in given or {}:
        if name not in known:
            allowed = f"there are {', '.join(sorted(known))}" if known else "there are none"
            raise InvalidInputError(name[:40], f"is not a parameter here; {allowed}")


def caller(event: APIGatewayProxyEvent) -> str:
    """Who asks: the ARN that the request was signed by, or the user of the token; `api` where everybody is let in."""
    arn = event.request_context.identity.user_arn
    if arn:
        return arn
    token = claims(event)
    user = token.get("cognito:username") or token.get("sub")
    return f"cognito:{user}" if user else UNKNOWN_CALLER


def named_caller(event: APIGatewayProxyEvent) -> str:
    """Who asks, as what they change tells it afterwards (`Stamp.by`)."""
    name = caller(event)
    return name if name == UNKNOWN_CALLER else f"api:{name}"


def current_attempt(router: APIGatewayRouter) -> "CurrentAttempt | None":
    """The attempt at the request that is being answered; None where the request has no key."""
    attempt: CurrentAttempt | None = router.context.get(ATTEMPT)
    return attempt


def instant(text: str, *, field: str) -> datetime:
    """An instant, as RFC 3339 spells it, in UTC.

    Raises:
        InvalidInputError: it is none.
    """
    from number_inventory.events import read_instant  # noqa: PLC0415 - few requests have one, and all would wait for it

    return read_instant(text, field=field)


def refused_body(event: Mapping[str, Any], most: int = MAX_BODY_BYTES) -> Response[str] | None:
    """The answer to a request whose body is too large or no JSON, before anything looks into it; None where it is."""
    body = event.get("body")
    if not body or event["httpMethod"] not in _WITH_BODY:
        return None
    try:
        raw = b64decode(body) if event.get("isBase64Encoded") else str(body).encode()
    except ValueError:
        return _not_json("its encoding is broken")
    if len(raw) > most:
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has {len(raw)} bytes; {most} are allowed")
    content_type = _content_type(event)
    if content_type not in {"", "application/json"}:
        return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body must be application/json, not {content_type[:60]}")
    try:
        json.loads(raw)
    except (ValueError, RecursionError) as error:
        return _not_json(str(error)[:100])
    return None


def _content_type(event: Mapping[str, Any]) -> str:
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    return headers.get("content-type", "").partition(";")[0].strip()


def _not_json(why: str) -> Response[str]:
    message = f"must be JSON: {why}"
    return problem(HTTPStatus.BAD_REQUEST, f"body: {message}", [FieldProblem(field="body", message=message)])
