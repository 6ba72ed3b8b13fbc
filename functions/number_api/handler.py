"""Lambda function: look numbers up over a REST API."""

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote, unquote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.number_api.bodies import NumberBody, NumberPageBody, number_body, page_body
from functions.number_api.page_tokens import PageTokens
from functions.number_api.problems import FieldProblem, problem
from number_inventory import bootstrap
from number_inventory.domain.errors import InvalidInputError, NotFoundError, StorageBusyError
from number_inventory.domain.numbers import Status, Usage
from number_inventory.observability import logger_for
from number_inventory.ports import NumberQuery
from number_inventory.services.lookup import DEFAULT_LIMIT, MAX_LIMIT
from number_inventory.settings import ApiSettings

RETRY_AFTER_SECONDS = "2"
FILTERS = frozenset({"status", "vendor", "usage", "prefix", "site", "limit", "cursor"})

logger = logger_for("number-api")
app = APIGatewayRestResolver(enable_validation=True)

Customer = Annotated[str, Path(description="The tenant's name.", examples=["default"])]


@app.get("/customers/<customer>/numbers/<number>")
def get_number(customer: Customer, number: Annotated[str, Path(description="Digits, +, * and #.")]) -> NumberBody:
    """One number: its Status, who holds it, and when it becomes free."""
    lookup = bootstrap.look_up_numbers(ApiSettings.load())
    return number_body(lookup.one(unquote(customer), unquote(number)), bootstrap.clock().now())


@app.get("/customers/<customer>/numbers")
def list_numbers(  # noqa: PLR0917 - the resolver reads the filters from the signature
    customer: Customer,
    status: Annotated[Status | None, Query(description="Only numbers of this Status.")] = None,
    vendor: Annotated[str | None, Query(max_length=100, description="Only this Vendor's; empty: Cisco UCM.")] = None,
    usage: Annotated[Usage | None, Query(description="Only numbers of this Usage.")] = None,
    prefix: Annotated[str, Query(max_length=20, description="Only numbers that begin so; write + as %2B.")] = "",
    site: Annotated[str | None, Query(max_length=100, description="Only numbers of this Site.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Numbers a page.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")] = None,
) -> NumberPageBody:
    """Numbers that match all filters, in the order of their spelling."""
    _refuse_unknown(FILTERS)
    settings = ApiSettings.load()
    name = unquote(customer)
    query = NumberQuery(customer=name, status=status, vendor=vendor, usage=usage, site=site, prefix=prefix)
    tokens = PageTokens(bootstrap.page_token_key(settings.parameter_prefix))
    after = tokens.read(query, cursor) if cursor else None
    page = bootstrap.look_up_numbers(settings).page(query, limit, after)
    next_cursor = tokens.make(query, page.last) if page.last is not None else None
    return page_body(page, next_cursor, bootstrap.clock().now())


def _refuse_unknown(known: frozenset[str]) -> None:
    """Refuse a query parameter that nobody reads: a misspelt filter would show every number as a match."""
    for name in app.current_event.query_string_parameters or {}:
        if name not in known:
            raise InvalidInputError(name[:40], f"is not a parameter here; there are {', '.join(sorted(known))}")


@app.exception_handler(RequestValidationError)
def refuse_malformed(error: RequestValidationError) -> Response[str]:
    """A parameter of the wrong type or out of range."""
    problems = [FieldProblem(field=str(item["loc"][-1]), message=str(item["msg"])) for item in error.errors()]
    detail = "; ".join(f"{item.field}: {item.message}" for item in problems)
    return problem(HTTPStatus.BAD_REQUEST, detail, problems)


@app.exception_handler(InvalidInputError)
def refuse_invalid(error: InvalidInputError) -> Response[str]:
    """A value that breaks a rule of the inventory."""
    message = str(error).removeprefix(f"{error.field}: ")
    return problem(HTTPStatus.BAD_REQUEST, str(error), [FieldProblem(field=error.field, message=message)])


@app.exception_handler(NotFoundError)
def tell_not_found(error: NotFoundError) -> Response[str]:
    """No such number."""
    return problem(HTTPStatus.NOT_FOUND, str(error))


@app.exception_handler(StorageBusyError)
def ask_to_retry(error: StorageBusyError) -> Response[str]:
    """The database is busy: nothing is wrong with the request."""
    logger.warning("lookup not possible now", extra={"cause": str(error)})
    headers: dict[str, str | list[str]] = {"Retry-After": RETRY_AFTER_SECONDS}
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "the inventory cannot be read now; try again", headers=headers)


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
    return app.resolve(_with_encoded_path(event), context)


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
