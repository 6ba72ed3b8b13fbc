"""Lambda function: the REST API. Its errors, and what comes before any route; the routes have modules of their own."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.number_api import number_routes
from functions.number_api.problems import FieldProblem, as_answer, problem
from functions.number_api.requests import audit_address, refused_body
from number_inventory.domain.errors import AuditUnderWayError, InvalidInputError, NotFoundError, StorageBusyError
from number_inventory.observability import logger_for

RETRY_AFTER_SECONDS = "2"
_AUDITS = "/audits"
_AVAILABLE = "/next-available"
_CLAIM = f"{_AVAILABLE}/claim"
_PLACES = frozenset({"body", "header", "path", "query"})

logger = logger_for("number-api")
app = APIGatewayRestResolver(enable_validation=True)
app.include_router(number_routes.router)


@lru_cache(maxsize=1)
def add_audits() -> None:
    """Let the API answer for audits. Lookups come far more often, and start sooner without what audits need."""
    from functions.number_api.audit_routes import router  # noqa: PLC0415 - see above

    app.include_router(router)


@lru_cache(maxsize=1)
def add_commands() -> None:
    """Let the API manage numbers, with what lookups start sooner without."""
    from functions.number_api.command_routes import router  # noqa: PLC0415 - see above

    app.include_router(router)


@app.exception_handler(RequestValidationError)
def refuse_malformed(error: RequestValidationError) -> Response[str]:
    """A parameter of the wrong type or out of range."""
    problems = [FieldProblem(field=_field(item["loc"]), message=_message(item)) for item in error.errors()]
    detail = "; ".join(f"{item.field}: {item.message}" for item in problems)
    return problem(HTTPStatus.BAD_REQUEST, detail, problems)


def _field(loc: Sequence[str | int]) -> str:
    """The name of what is wrong, as the caller knows it; all of the body where it has no part."""
    inner = loc[1:] if len(loc) > 1 and loc[0] in _PLACES else loc
    return ".".join(str(part)[:40] for part in inner)


def _message(item: Mapping[str, Any]) -> str:
    return str(item["msg"]).removeprefix("Value error, ")


@app.exception_handler(InvalidInputError)
def refuse_invalid(error: InvalidInputError) -> Response[str]:
    """A value that breaks a rule of the inventory."""
    message = str(error).removeprefix(f"{error.field}: ")
    return problem(HTTPStatus.BAD_REQUEST, str(error), [FieldProblem(field=error.field, message=message)])


@app.exception_handler(NotFoundError)
def tell_not_found(error: NotFoundError) -> Response[str]:
    """No such number, or no such audit."""
    return problem(HTTPStatus.NOT_FOUND, str(error))


@app.exception_handler(AuditUnderWayError)
def tell_under_way(error: AuditUnderWayError) -> Response[str]:
    """Another audit of the customer is under way; its address is told."""
    headers: dict[str, str | list[str]] = {"Location": audit_address(error.run_id)}
    where = f"/customers/{error.customer}/audits/{error.run_id}"
    return problem(HTTPStatus.CONFLICT, f"{error}: {where}", headers=headers)


@app.exception_handler(StorageBusyError)
def ask_to_retry(error: StorageBusyError) -> Response[str]:
    """The database is busy: nothing is wrong with the request."""
    logger.warning("request not possible now", extra={"cause": str(error)})
    headers: dict[str, str | list[str]] = {"Retry-After": RETRY_AFTER_SECONDS}
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, _what_is_certain(), headers=headers)


def _what_is_certain() -> str:
    """What a caller may conclude from a request that could not be carried out to its end."""
    if app.current_event.http_method == "GET":
        return "the inventory cannot be read now; try again"
    if app.current_event.path.endswith(_CLAIM):
        return (
            "the inventory is busy, and numbers may have been taken all the same: look for numbers assigned to, or "
            "reserved for, whom they were for, before you ask again"
        )
    return "the inventory is busy, and this may or may not have been done; asking again does no harm"


@app.exception_handler(Exception)
def tell_internal(error: Exception) -> Response[str]:
    """Anything unforeseen: all of it goes to the log, none of it to the caller."""
    logger.error("request failed", exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something failed here; the log of the function tells what")


@app.not_found
def tell_no_route(_error: Exception) -> Response[str]:
    """No such address."""
    return problem(
        HTTPStatus.NOT_FOUND, f"there is nothing at {app.current_event.http_method} {app.current_event.path}"
    )


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the API Gateway.

    Raises:
        InvalidInputError: the event is no request at all, so there is nobody to answer.
    """
    if not _is_request(event):
        raise InvalidInputError("event", "must be a request as API Gateway (REST, Lambda proxy) hands it over")
    refused = refused_body(event)
    if refused:
        return as_answer(refused)
    request = _with_encoded_path(event)
    if _AUDITS in request["path"]:
        add_audits()
    elif request["httpMethod"] != "GET" or _AVAILABLE in request["path"]:
        add_commands()
    answer = app.resolve(request, context)
    # A body that is null is none to API Gateway, and too little for others.
    return answer if answer.get("body") else {**answer, "body": ""}


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
