"""A REST function: its application with the errors that all of them share, and what comes before any route."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.rest.access import refusal
from functions.rest.entity_tags import header
from functions.rest.problems import FieldProblem, as_answer, problem
from functions.rest.requests import ATTEMPT, MAX_BODY_BYTES, refused_body
from number_inventory.domain.errors import InvalidInputError, NotFoundError, StorageBusyError
from number_inventory.observability import count_failure

RETRY_AFTER_SECONDS = "2"
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEY = "Idempotency-Key"
_READS = "/numbers/lookup"
"""How the path of a request ends that changes nothing, although it has a body."""

MAX_ERRORS = 20
"""As many wrong fields are told of: a list of numbers may have thousands."""
_PLACES = frozenset({"body", "header", "path", "query"})

AddRoutes = Callable[[str, str], None]
"""Adds the routes that requests of a method and a path may need, where they are not there yet."""


class InterruptedRequestError(StorageBusyError):
    """The database was busy in the midst of a request that is not safe to repeat; the text tells callers what to do."""


def rest_app(logger: Logger) -> APIGatewayRestResolver:
    """An application without routes, whose errors are problem details; `logger` gets what callers must not."""
    app = APIGatewayRestResolver(enable_validation=True)
    app.exception_handler(RequestValidationError)(refuse_malformed)
    app.exception_handler(InvalidInputError)(refuse_invalid)
    app.exception_handler(NotFoundError)(tell_not_found)

    @app.exception_handler(StorageBusyError)
    def ask_to_retry(error: StorageBusyError) -> Response[str]:
        """The database is busy: nothing is wrong with the request."""
        logger.warning("request not possible now", extra={"cause": str(error.__cause__ or error)})
        count_failure(error)
        headers: dict[str, str | list[str]] = {"Retry-After": RETRY_AFTER_SECONDS}
        certain = _what_is_certain(error, app.current_event.http_method)
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, certain, headers=headers)

    @app.exception_handler(Exception)
    def tell_internal(error: Exception) -> Response[str]:
        """Anything unforeseen: all of it goes to the log, none of it to the caller."""
        logger.error("request failed", exc_info=error)
        count_failure(error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something failed here; the log of the function tells what")

    @app.not_found
    def tell_no_route(_error: Exception) -> Response[str]:
        """No such address."""
        where = f"{app.current_event.http_method} {app.current_event.path}"
        return problem(HTTPStatus.NOT_FOUND, f"there is nothing at {where}")

    return app


def answer(
    app: APIGatewayRestResolver,
    event: dict[str, Any],
    context: LambdaContext,
    add_routes: AddRoutes,
    larger_bodies: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """Answer one request of the API Gateway.

    `larger_bodies` says which resources take more than `MAX_BODY_BYTES`, and how many bytes.

    Raises:
        InvalidInputError: the event is no request at all, so there is nobody to answer.
    """
    if not _is_request(event):
        raise InvalidInputError("event", "must be a request as API Gateway (REST, Lambda proxy) hands it over")
    request = _with_encoded_path(event)
    allowed = larger_bodies.get(event.get("resource") or "", MAX_BODY_BYTES)
    refused = refusal(request) or refused_body(event, allowed)
    if refused:
        return as_answer(refused)

    def resolved(**shared: object) -> dict[str, Any]:
        add_routes(request["httpMethod"], request["path"])
        app.append_context(**shared)  # type: ignore[no-untyped-call]  # Powertools leaves it untyped
        answered = app.resolve(request, context)
        # A body that is null is none to API Gateway, and too little for others.
        return answered if answered.get("body") else {**answered, "body": ""}

    if not takes_key(request["httpMethod"], request["path"]) or header(request, _KEY) is None:
        return resolved()
    from functions.rest.idempotency import answered_once  # noqa: PLC0415 - few requests have a key, all would load it

    return answered_once(request, context, lambda attempt: resolved(**{ATTEMPT: attempt}))


def gateway_request_id(event: object) -> str | None:
    """The id that API Gateway gave a request; callers get it back as `x-amzn-RequestId`, and the access log has it."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    request_id = context.get("requestId") if isinstance(context, dict) else None
    return request_id if isinstance(request_id, str) else None


def takes_key(method: str, path: str) -> bool:
    """Whether a request changes something, so that an `Idempotency-Key` has a meaning."""
    return method in _CHANGING and not path.endswith(_READS)


# --- what any request may be refused for


def refuse_malformed(error: RequestValidationError) -> Response[str]:
    """A parameter of the wrong type or out of range."""
    wrong = error.errors()[:MAX_ERRORS]
    problems = [FieldProblem(field=_field(item["loc"]), message=_message(item)) for item in wrong]
    detail = "; ".join(f"{item.field}: {item.message}" for item in problems)
    return problem(HTTPStatus.BAD_REQUEST, detail, problems)


def _field(loc: Sequence[str | int]) -> str:
    """The name of what is wrong, as the caller knows it; all of the body where it has no part."""
    inner = loc[1:] if len(loc) > 1 and loc[0] in _PLACES else loc
    return ".".join(str(part)[:40] for part in inner)


def _message(item: Mapping[str, Any]) -> str:
    choices = item.get("ctx", {}).get("expected") if item["type"] == "enum" else None
    if choices is None:
        return str(item["msg"]).removeprefix("Value error, ")
    # Blank is a value of filters only: what nothing uses can be looked for, and nothing can be assigned to it.
    blank = "empty, " if item["loc"][0] == "query" else ""
    return "must be " + str(choices).replace("'', ", blank).replace("'", "")


def refuse_invalid(error: InvalidInputError) -> Response[str]:
    """A value that breaks a rule of the inventory."""
    message = str(error).removeprefix(f"{error.field}: ")
    return problem(HTTPStatus.BAD_REQUEST, str(error), [FieldProblem(field=error.field, message=message)])


def tell_not_found(error: NotFoundError) -> Response[str]:
    """No such number, audit, or whatever else was asked for."""
    return problem(HTTPStatus.NOT_FOUND, str(error))


def _what_is_certain(error: StorageBusyError, method: str) -> str:
    """What a caller may conclude from a request that could not be carried out to its end."""
    if isinstance(error, InterruptedRequestError):
        return str(error)
    if method == "GET":
        return "the inventory cannot be read now; try again"
    return "the inventory is busy, and this may or may not have been done; asking again does no harm"


# --- what comes before any route


def _is_request(event: object) -> bool:
    return isinstance(event, dict) and all(isinstance(event.get(name), str) for name in ("httpMethod", "path"))


def _with_encoded_path(event: dict[str, Any]) -> dict[str, Any]:
    """The event with its path spelled from its resource and its path parameters.

    A number may hold `+`, `*` and `#`, and gateways differ in how much of the path they decode; the parameters are the
    same everywhere.
    """
    parameters = event.get("pathParameters") or {}
    path = event.get("resource") or ""
    if not parameters or "{" not in path:
        return event
    for name, value in parameters.items():
        path = path.replace(f"{{{name}}}", quote(unquote(value), safe=""))
    return {**event, "path": path}
