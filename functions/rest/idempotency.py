"""`Idempotency-Key`: a request that is sent again under its key is carried out once, and answered the same each time.

A request without the header needs nothing of this, and does not load it.
"""

import json
import math
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.rest.access import claims
from functions.rest.entity_tags import header
from functions.rest.problems import FieldProblem, as_answer, problem
from functions.rest.requests import caller
from number_inventory.bootstrap import rest, stores
from number_inventory.domain.errors import InvalidInputError, KeyReusedError, RequestUnderWayError, StorageBusyError
from number_inventory.domain.keyed_requests import Attempt, RequestName, digest_of, request_key
from number_inventory.services.answer_once import CurrentAttempt
from number_inventory.settings import RequestsSettings

Answer = dict[str, Any]

_MARGIN = timedelta(seconds=5)
"""How long nobody repeats a request beyond the time that the function may take: its process is gone by then."""

_NO_CUSTOMER = "#global"
"""Whose requests those are that are about no customer."""

_OF_THE_CALLER = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})

_RETRY_AFTER_SECONDS = "2"


def answered_once(
    request: Mapping[str, Any], context: LambdaContext, carry_out: Callable[[CurrentAttempt], Answer]
) -> Answer:
    """The answer to a request that has a key: the one that it got before, or that of carrying it out now."""
    requests = stores.keyed_requests(RequestsSettings.load().requests_table)

    def work(attempt: Attempt) -> tuple[bytes, bool]:
        answer = carry_out(CurrentAttempt(requests, attempt))
        return json.dumps(answer).encode(), _settles(answer["statusCode"])

    lease = timedelta(milliseconds=context.get_remaining_time_in_millis()) + _MARGIN
    try:
        answered: Answer = json.loads(rest.answer_once(requests)(_name(request), _content(request), lease, work))
    except InvalidInputError as error:
        message = str(error).removeprefix(f"{error.field}: ")
        told = problem(HTTPStatus.BAD_REQUEST, str(error), [FieldProblem(field=error.field, message=message)])
        return as_answer(told)
    except KeyReusedError as error:
        return as_answer(problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"Idempotency-Key: {error}"))
    except RequestUnderWayError as error:
        seconds = str(max(1, math.ceil(error.wait.total_seconds())))
        return as_answer(_to_be_sent_again(HTTPStatus.CONFLICT, f"Idempotency-Key: {error}", seconds))
    except StorageBusyError:
        told = _to_be_sent_again(
            HTTPStatus.SERVICE_UNAVAILABLE, "the inventory is busy; nothing was done, try again", _RETRY_AFTER_SECONDS
        )
        return as_answer(told)
    return answered


def _settles(status: int) -> bool:
    """Whether an answer is kept: not one that says nothing of what was asked, but of us, or of who may ask."""
    return status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _OF_THE_CALLER


def _to_be_sent_again(status: HTTPStatus, detail: str, seconds: str) -> Response[str]:
    headers: dict[str, str | list[str]] = {"Retry-After": seconds}
    return problem(status, detail, headers=headers)


def _name(request: Mapping[str, Any]) -> RequestName:
    """What the request is known by: its caller's key for this customer."""
    customer = (request.get("pathParameters") or {}).get("customer", _NO_CUSTOMER)
    # Users of two pools may have one name.
    asks = f"{claims(request).get('iss', '')} {caller(APIGatewayProxyEvent(dict(request)))}"
    return RequestName(
        customer=unquote(customer), caller=asks, key=request_key(header(request, "Idempotency-Key") or "")
    )


def _content(request: Mapping[str, Any]) -> str:
    """A digest of all that the request asks for; what merely carries it, such as its signature, does not count.

    A body may hold a password, and digests can be tried: the key, which is stored nowhere, is part of it.
    """
    body = request.get("body") or ""
    raw = b64decode(body) if request.get("isBase64Encoded") else str(body).encode()
    query = json.dumps(request.get("multiValueQueryStringParameters") or {}, sort_keys=True)
    names = ("Idempotency-Key", "If-Match")
    texts = (request["httpMethod"], request["path"], query, *(header(request, name) or "" for name in names))
    return digest_of([*(text.encode() for text in texts), raw])
