"""What every request of the API has in common: headers, errors, and who may make it."""

from http import HTTPStatus
from typing import Any

from functions.rest.problems import CONTENT_TYPE
from functions.rest.promises import Promise

Answers = dict[str, dict[str, Any]]

HEADERS: dict[str, Any] = {
    "ETag": {
        "description": "The version of what is shown, in quotes. Send it as `If-Match` with a change that is for it.",
        "schema": {"type": "string", "examples": ['"1793521800000"']},
    },
    "Location": {
        "description": "Where it is, relative to the address of the request.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the request is sent again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
}

PARAMETERS: dict[str, Any] = {
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that a change is for, or `*` for any. If it is another by now, the answer is 412.",
        "schema": {"type": "string", "examples": ['"1793521800000"'], "pattern": r'^((W/)?"[!#-~]*"|\*)$'},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "ETags that the caller has, or `*`: the answer is 304 where nothing has changed.",
        "schema": {"type": "string", "examples": ['"1793521800000"'], "pattern": r"^[ -~]*$"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "A name for this request, such as a UUID. Sent again with it within 24 hours, it is not carried out again: "
            "the answer is the first one, to the byte."
        ),
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
}

SECURITY_SCHEMES: dict[str, Any] = {
    "sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "description": "AWS Signature Version 4 for the service `execute-api` (`ApiAuth` is AWS_IAM, the default).",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "cognito": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            "The ID token of a user of the Cognito user pool (`ApiAuth` is COGNITO). Its groups say for which customer "
            "the user is what: `customer:<customer>:reader`, `:operator` or `:administrator`."
        ),
    },
}

_HEADERS_OF_ERRORS = {
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
    HTTPStatus.CONFLICT: "Retry-After",
    HTTPStatus.PRECONDITION_FAILED: "ETag",
}
_ALWAYS = {
    HTTPStatus.BAD_REQUEST: "A field, parameter or header is malformed, missing or unknown; `errors` names each.",
    HTTPStatus.UNAUTHORIZED: "There is no token, or it is not valid (Cognito only).",
    HTTPStatus.FORBIDDEN: "The request is not signed, or the caller may not make it for this customer.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests: send it again later.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something failed; the log of the function tells what.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database is busy: send the request again after `Retry-After`.",
    HTTPStatus.GATEWAY_TIMEOUT: "The function did not answer in time; a change may have been made.",
}
_WITH_BODY = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not `application/json`.",
}
_MISSING = {HTTPStatus.NOT_FOUND: "The customer has no such thing, or there is nothing at that address."}
_CONFLICT = {
    HTTPStatus.CONFLICT: (
        "The state of things does not allow it; `current`, where it is there, is the number as it is. Or a request "
        "with this `Idempotency-Key` is being carried out: then there is `Retry-After`."
    )
}
_KEYED = {HTTPStatus.UNPROCESSABLE_ENTITY: "The `Idempotency-Key` is that of another request; nothing was done."}
_CHANGED = {HTTPStatus.PRECONDITION_FAILED: "It is at another version than `If-Match` says; nothing was changed."}


def errors(promises: frozenset[Promise], *, names_a_thing: bool, has_body: bool, keyed: bool) -> Answers:
    """The errors that a request may be answered with.

    Args:
        promises: those of its route.
        names_a_thing: whether its path names more than the customer.
        has_body: whether it takes a body.
        keyed: whether it takes an `Idempotency-Key`.
    """
    told = dict(_ALWAYS)
    if has_body:
        told |= _WITH_BODY
    if names_a_thing or Promise.MAY_MISS in promises:
        told |= _MISSING
    if Promise.MAY_CONFLICT in promises or keyed:
        told |= _CONFLICT
    if keyed:
        told |= _KEYED
    if promises & {Promise.BOUND_BY_VERSION, Promise.BOUND_BY_TAG}:
        told |= _CHANGED
    return {str(status.value): {"$ref": f"#/components/responses/{_name(status)}"} for status in sorted(told)}


def error_responses() -> Answers:
    """Every error that there is, for the routes to refer to."""
    told = _ALWAYS | _WITH_BODY | _MISSING | _CONFLICT | _CHANGED | _KEYED
    return {_name(status): _problem(status, told[status]) for status in sorted(told)}


def header(name: str) -> dict[str, Any]:
    """A header of an answer, by its reference."""
    return {name: {"$ref": f"#/components/headers/{name}"}}


def _name(status: HTTPStatus) -> str:
    return f"Problem{status.value}"


def _problem(status: HTTPStatus, description: str) -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    name = _HEADERS_OF_ERRORS.get(status)
    return {"description": description, "headers": header(name) if name else {}, "content": content}
