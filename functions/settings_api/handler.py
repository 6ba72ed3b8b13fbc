"""Lambda function: the REST API of devices, macros and settings. Behind the API, it alone stores credentials."""

import logging
from functools import lru_cache
from itertools import islice
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.rest.app import answer, gateway_request_id, rest_app
from functions.settings_api import device_routes
from number_inventory.observability import correlate, logger_for

_DEVICES = "devices"
_LARGER_BODIES = {"/customers/{customer}/devices/{device}": 100 * 1024}
"""A device may have a bundle of CA certificates."""

for _library in ("aws_lambda_powertools", "botocore", "urllib3"):
    # Whatever the log level of the deployment: on DEBUG they log bodies, and here these hold passwords.
    logging.getLogger(_library).setLevel(logging.INFO)

logger = logger_for("settings-api")
app = rest_app(logger)
app.include_router(device_routes.router)


@lru_cache(maxsize=1)
def add_macros() -> None:
    """Let the API answer for macros and settings. Devices are asked for more often, and start sooner without."""
    from functions.settings_api.macro_routes import router  # noqa: PLC0415 - see above

    app.include_router(router)


def add_routes(_method: str, path: str) -> None:
    """Add what a request needs besides devices."""
    if next(islice(path.split("/"), 3, None), "") != _DEVICES:
        add_macros()


def whole_app() -> APIGatewayRestResolver:
    """The API with all its routes, for those who describe it; requests load what they need."""
    add_macros()
    return app


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the API Gateway.

    Raises:
        InvalidInputError: the event is no request at all, so there is nobody to answer.
    """
    correlate(logger, gateway_request_id(event), context.aws_request_id)
    return answer(app, event, context, add_routes, _LARGER_BODIES)
