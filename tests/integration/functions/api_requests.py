"""Requests as API Gateway hands them to the API's function (REST API, Lambda proxy)."""

import json
from typing import Any
from urllib.parse import quote

_ONE = "/customers/{customer}/numbers/{number}"
_MANY = "/customers/{customer}/numbers"
_AVAILABLE = "/customers/{customer}/next-available"
_AUDITS = "/customers/{customer}/audits"
_AUDIT = _AUDITS + "/{audit}"
_FINDINGS = _AUDIT + "/findings"
_JOBS = "/customers/{customer}/jobs"
_JOB = _JOBS + "/{job}"


def lookup(customer: str, number: str, **headers: str) -> dict[str, Any]:
    """A request for one number."""
    return with_headers(request(_ONE, {"customer": customer, "number": number}), headers)


def listing(customer: str, **query: str | list[str]) -> dict[str, Any]:
    """A request for a page of numbers; a parameter may be repeated."""
    return request(_MANY, {"customer": customer}, query)


def do(verb: str, number: str, body: object = None, customer: str = "acme", **headers: str) -> dict[str, Any]:
    """A request to do something with a number; without a body where None is given, and as it is where it is text."""
    path = {"customer": customer, "number": number}
    return with_headers(request(f"{_ONE}/{verb}", path, method="POST", body=_sent(body)), headers)


def edit(number: str, body: object, customer: str = "acme", **headers: str) -> dict[str, Any]:
    """A request to change texts of a number."""
    path = {"customer": customer, "number": number}
    return with_headers(request(_ONE, path, method="PATCH", body=_sent(body)), headers)


def delete(number: str, customer: str = "acme", **headers: str) -> dict[str, Any]:
    """A request to delete a number."""
    return with_headers(request(_ONE, {"customer": customer, "number": number}, method="DELETE"), headers)


def add(body: object, customer: str = "acme") -> dict[str, Any]:
    """A request to add numbers."""
    return request(_MANY, {"customer": customer}, method="POST", body=_sent(body))


def bulk(body: object, customer: str = "acme") -> dict[str, Any]:
    """A request to do something with many numbers."""
    return request(f"{_MANY}/bulk", {"customer": customer}, method="POST", body=_sent(body))


def look_up(body: object, customer: str = "acme") -> dict[str, Any]:
    """A request for many numbers by their names."""
    return request(f"{_MANY}/lookup", {"customer": customer}, method="POST", body=_sent(body))


def available(customer: str = "acme", **query: str | list[str]) -> dict[str, Any]:
    """A request for numbers that are free."""
    return request(_AVAILABLE, {"customer": customer}, query)


def claim(body: object, customer: str = "acme") -> dict[str, Any]:
    """A request to have numbers that are free."""
    return request(f"{_AVAILABLE}/claim", {"customer": customer}, method="POST", body=_sent(body))


def with_headers(event: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """The request with more headers; an underscore stands for a hyphen, since names of arguments cannot have one."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        **event,
        "headers": event["headers"] | more,
        "multiValueHeaders": event["multiValueHeaders"] | {name: [value] for name, value in more.items()},
    }


def _sent(body: object) -> str | None:
    return body if body is None or isinstance(body, str) else json.dumps(body)


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


def jobs(customer: str, **query: str | list[str]) -> dict[str, Any]:
    """A request for a page of jobs."""
    return request(_JOBS, {"customer": customer}, query)


def job(customer: str, name: str, **query: str | list[str]) -> dict[str, Any]:
    """A request for one job."""
    return request(_JOB, {"customer": customer, "job": name}, query)


def resume(customer: str, name: str) -> dict[str, Any]:
    """A request to wake a worker for a job."""
    return request(f"{_JOB}/resume", {"customer": customer, "job": name}, method="POST")


def outcomes(customer: str, name: str, **query: str | list[str]) -> dict[str, Any]:
    """A request for a page of what became of the numbers of a job."""
    return request(f"{_JOB}/outcomes", {"customer": customer, "job": name}, query)


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
