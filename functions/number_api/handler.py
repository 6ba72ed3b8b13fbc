"""Lambda function: the REST API of numbers and audits; the routes have modules of their own."""

from functools import lru_cache
from itertools import islice
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.number_api import number_routes
from functions.rest.app import answer, gateway_request_id, rest_app
from number_inventory.observability import correlate, logger_for

_AUDITS = "audits"
_JOBS = "jobs"
_AVAILABLE = "next-available"
_HISTORY = ("/history", "/explain")
_COUNTS = "counts"
_STOCK = "stock"

_LARGER_BODIES = {"/customers/{customer}/numbers": 4 * 1024 * 1024}
"""A list of as many numbers as a job may add; Lambda itself takes 6 MB."""

logger = logger_for("number-api")
app = rest_app(logger)
app.include_router(number_routes.router)


@lru_cache(maxsize=1)
def add_audits() -> None:
    """Let the API answer for audits. Lookups come far more often, and start sooner without what audits need."""
    from functions.number_api.audit_routes import router  # noqa: PLC0415 - see above

    app.include_router(router)


@lru_cache(maxsize=1)
def add_jobs() -> None:
    """Let the API answer for jobs."""
    from functions.number_api.job_routes import router  # noqa: PLC0415 - see above

    app.include_router(router)


@lru_cache(maxsize=1)
def add_history() -> None:
    """Let the API tell what became of numbers."""
    from functions.number_api.history_routes import router  # noqa: PLC0415 - see above

    app.include_router(router)


@lru_cache(maxsize=1)
def add_counts() -> None:
    """Let the API tell how many numbers there are."""
    from functions.number_api.count_routes import router  # noqa: PLC0415 - see above

    app.include_router(router)


@lru_cache(maxsize=1)
def add_stock() -> None:
    """Let the API tell how many numbers are left."""
    from functions.number_api.stock_routes import router  # noqa: PLC0415 - see above

    app.include_router(router)


@lru_cache(maxsize=1)
def add_commands() -> None:
    """Let the API manage numbers, with what lookups start sooner without."""
    from functions.number_api.command_routes import router  # noqa: PLC0415 - see above

    app.include_router(router)


def add_routes(method: str, path: str) -> None:
    """Add what a request needs besides lookups."""
    # What stands behind the customer, whose own name may be any of these words.
    thing = next(islice(path.split("/"), 3, None), "")
    if thing == _AUDITS:
        add_audits()
    elif thing == _JOBS:
        add_jobs()
    elif path.endswith(_HISTORY):
        add_history()
    elif thing == _COUNTS:
        add_counts()
    elif thing == _STOCK:
        add_stock()
    elif method != "GET" or thing == _AVAILABLE:
        add_commands()


def whole_app() -> APIGatewayRestResolver:
    """The API with all its routes, for those who describe it; requests load what they need."""
    add_audits()
    add_jobs()
    add_history()
    add_counts()
    add_stock()
    add_commands()
    return app


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the API Gateway.

    Raises:
        InvalidInputError: the event is no request at all, so there is nobody to answer.
    """
    correlate(logger, gateway_request_id(event), context.aws_request_id)
    return answer(app, event, context, add_routes, _LARGER_BODIES)
