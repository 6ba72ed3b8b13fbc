"""Requests as API Gateway hands them to the API's function (REST API, Lambda proxy)."""

import json
from typing import Any
from urllib.parse import quote

_ONE = "/customers/{customer}/numbers/{number}"
_MANY = "/customers/{customer}/numbers"
_AUDITS = "/customers/{customer}/audits"
_AUDIT = _AUDITS + "/{audit}"
_FINDINGS = _AUDIT + "/findings"


def lookup(customer: str, number: str) -> dict[str, Any]:
    """A request for one number."""
    return request(_ONE, {"customer": customer, "number": number})


def listing(customer: str, **query: str | list[str]) -> dict[str, Any]:
    """A request for a page of numbers; a parameter may be repeated."""
    return request(_MANY, {"customer": customer}, query)


def start(customer: str, body: object, query: dict[str, str | list[str]] | None = None) -> dict[str, Any]:
    """A request to start an audit; a body that is text is sent as it is."""
    sent = body if isinstance(body, str) else json.dumps(body)
    return request(_AUDITS, {"customer": customer}, query, method="POST", body=sent)


def audits(customer: str, **query: str | list[str]) -> dict[str, Any]:
    """A request for a page of audits."""
    return request(_AUDITS, {"customer": customer}, query)


def audit(customer: str, run: str, **query: str | list[str]) -> dict[str, Any]:
    """A request for one audit."""
    return request(_AUDIT, {"customer": customer, "audit": run}, query)


def findings(customer: str, run: str, **query: str | list[str]) -> dict[str, Any]:
    """A request for a page of what an audit found."""
    return request(_FINDINGS, {"customer": customer, "audit": run}, query)


def request(
    resource: str,
    parameters: dict[str, str] | None,
    query: dict[str, str | list[str]] | None = None,
    *,
    method: str = "GET",
    body: str | None = None,
) -> dict[str, Any]:
    """A request; path parameters are given as API Gateway hands them on, decoded."""
    path = resource
    for name, value in (parameters or {}).items():
        path = path.replace(f"{{{name}}}", quote(value, safe="+*"))
    many = {name: value if isinstance(value, list) else [value] for name, value in (query or {}).items()}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {"Accept": "application/json", "Host": "abc123.execute-api.eu-central-1.amazonaws.com"},
        "multiValueHeaders": {"Accept": ["application/json"]},
        "queryStringParameters": {name: values[-1] for name, values in many.items()} or None,
        "multiValueQueryStringParameters": many or None,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "httpMethod": method,
            "identity": {"sourceIp": "192.0.2.9", "userArn": "arn:aws:iam::123456789012:user/ann"},
            "path": f"/v1{path}",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": 1763895600000,
            "resourcePath": resource,
            "stage": "v1",
        },
        "body": body,
        "isBase64Encoded": False,
    }
