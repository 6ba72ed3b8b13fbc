"""Requests for devices, macros and settings, as API Gateway hands them to the function."""

import json
from typing import Any

from tests.integration.functions.api_requests import request, with_headers

_DEVICES = "/customers/{customer}/devices"
_DEVICE = f"{_DEVICES}/{{device}}"


def devices(customer: str = "acme") -> dict[str, Any]:
    """A request for a customer's devices."""
    return request(_DEVICES, {"customer": customer})


def device(
    method: str,
    name: str = "sbc-1",
    body: object = None,
    *,
    below: str = "",
    customer: str = "acme",
    query: dict[str, str | list[str]] | None = None,
    **headers: str,
) -> dict[str, Any]:
    """A request about one device, or what is below it."""
    path = {"customer": customer, "device": name}
    sent = None if body is None else json.dumps(body)
    return with_headers(request(f"{_DEVICE}{below}", path, query, method=method, body=sent), headers)


def macro(
    method: str, name: str = "", body: object = None, customer: str | None = "acme", **headers: str
) -> dict[str, Any]:
    """A request about macros, of a customer or of all."""
    resource = "/macros" if customer is None else "/customers/{customer}/macros"
    parameters = ({} if customer is None else {"customer": customer}) | ({"name": name} if name else {})
    sent = None if body is None else json.dumps(body)
    path = f"{resource}/{{name}}" if name else resource
    return with_headers(request(path, parameters, method=method, body=sent), headers)


def settings(method: str, body: object = None, customer: str = "acme", **headers: str) -> dict[str, Any]:
    """A request about the cooling settings."""
    sent = None if body is None else json.dumps(body)
    path = "/customers/{customer}/settings"
    return with_headers(request(path, {"customer": customer}, method=method, body=sent), headers)
