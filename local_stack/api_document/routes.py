"""The routes of all functions behind the API, as Powertools describes them."""

import importlib
import inspect
import json
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from functions.rest.promises import EXTENSION, Promise

REST_FUNCTIONS = ("functions.number_api.handler", "functions.settings_api.handler")
"""Their handlers' modules: each has `whole_app()`, the application with every route that the function has."""


@dataclass(frozen=True, slots=True)
class DescribedRoute:
    """One route.

    Attributes:
        module: of the handler that answers it.
        path: with its parameters in braces.
        method: in upper case.
        name: of the function that answers it.
        told: what its docstring says.
        promises: what it answers besides what its signature says.
        status: of its answer, where nothing else is said.
        operation: what Powertools made of its signature.
    """

    module: str
    path: str
    method: str
    name: str
    told: str
    promises: frozenset[Promise]
    status: int
    operation: dict[str, Any]


def described_routes() -> tuple[list[DescribedRoute], dict[str, Any]]:
    """All routes by their paths, and the schemas that they refer to."""
    routes: list[DescribedRoute] = []
    schemas: dict[str, Any] = {}
    for module in REST_FUNCTIONS:
        app: APIGatewayRestResolver = importlib.import_module(module).whole_app()
        made = json.loads(app.get_openapi_json_schema(title=module, version="1"))
        schemas |= made["components"]["schemas"]
        for route in app._static_routes + app._dynamic_routes:  # noqa: SLF001 - Powertools lists them nowhere else
            operation = made["paths"][route.openapi_path][route.method.lower()]
            routes.append(
                DescribedRoute(
                    module=module,
                    path=route.openapi_path,
                    method=route.method,
                    name=route.func.__name__,
                    told=inspect.getdoc(route.func) or "",
                    promises=frozenset(map(Promise, operation.pop(EXTENSION, ()))),
                    status=route.status_code,
                    operation=operation,
                )
            )
    return sorted(routes, key=lambda route: (route.path, route.method)), schemas
