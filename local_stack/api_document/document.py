"""Puts the document together: the routes, what all of them have in common, and what the whole is about."""

import json
import re
from typing import Any

from functions.rest.access import required_role
from functions.rest.app import takes_key
from functions.rest.problems import Problem
from functions.rest.promises import Promise
from local_stack.api_document.conventions import HEADERS, PARAMETERS, SECURITY_SCHEMES, error_responses, errors, header
from local_stack.api_document.routes import DescribedRoute, described_routes
from local_stack.api_document.schemas import answer_schemas, tidy

_REFERENCE = "#/components/schemas/{model}"
_DESCRIPTION = """\
The numbers of the inventory, looked up and managed, and what is done about them.

Bodies are JSON, times RFC 3339 in UTC. Parameters and fields that a request does not have are refused by name. A
listing goes on until its `next_cursor` is null; a page may be short or empty before that. Errors are problem details
(RFC 9457). docs/api.md explains the rest."""

TAGS = {
    "numbers": "Numbers: shown, listed, added, edited, deleted, given away and taken back.",
    "counts": "How many numbers there are.",
    "stock": "How many numbers are left, and how long they will last.",
    "next-available": "Whichever numbers are free.",
    "jobs": "What takes longer than a request: begun, and followed.",
    "audits": "Comparisons of the inventory with what the devices hold.",
    "devices": "Connections to AudioCodes devices: how they are asked, and how they fare.",
    "macros": "Named settings, of a customer or of all of them.",
    "settings": "How numbers cool that other vendors free.",
}
"""What stands behind the customer in a path, and what it is about."""


class UndescribedTagError(Exception):
    """A path is about something that `TAGS` does not describe yet."""


def document() -> dict[str, Any]:
    """The whole document.

    Raises:
        UndescribedTagError: names the path, and where to say what it is about.
    """
    routes, schemas = described_routes()
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    problem = Problem.model_json_schema(ref_template=_REFERENCE)
    schemas |= problem.pop("$defs") | {"Problem": problem}
    made: dict[str, Any] = tidy(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Number inventory",
                "version": "1",
                "description": _DESCRIPTION,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [
                {
                    "url": "https://{api}.execute-api.{region}.amazonaws.com/v1",
                    "description": "The stack's output `ApiUrl`.",
                    "variables": {
                        "api": {"default": "abc123", "description": "The stack's output `ApiId`."},
                        "region": {"default": "eu-central-1"},
                    },
                }
            ],
            "tags": [{"name": name, "description": told} for name, told in TAGS.items()],
            "security": [{name: []} for name in SECURITY_SCHEMES],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "responses": error_responses(),
                "headers": HEADERS,
                "parameters": PARAMETERS,
                "securitySchemes": SECURITY_SCHEMES,
            },
        }
    )
    made["components"]["schemas"] = _used(made)
    return made


def as_text(made: dict[str, Any]) -> str:
    """The document as it is kept: readable, and the same whenever nothing has changed."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _operation(route: DescribedRoute) -> dict[str, Any]:
    summary, _, more = route.told.partition("\n\n")
    role = required_role(route.method, route.path).name.lower()
    needs = f"Needs the role `{role}`."
    operation: dict[str, Any] = {
        "operationId": _camel_case(route.name),
        "summary": summary.replace("\n", " "),
        "description": f"{more}\n\n{needs}" if more else needs,
        "tags": [_tag(route)],
        "x-required-role": role,
        "parameters": [*route.operation.get("parameters", ()), *_headers_taken(route)],
    }
    body = route.operation.get("requestBody")
    if body:
        operation["requestBody"] = body
    names_a_thing = "{" in route.path.replace("{customer}", "")
    keyed = takes_key(route.method, route.path)
    wrong = errors(route.promises, names_a_thing=names_a_thing, has_body=bool(body), keyed=keyed)
    operation["responses"] = dict(sorted((_answers(route) | wrong).items()))
    return operation


def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _tag(route: DescribedRoute) -> str:
    tag = route.path.removeprefix("/customers/{customer}").split("/")[1]
    if tag not in TAGS:
        raise UndescribedTagError(
            f"{route.method} {route.path}: say what '{tag}' is about in TAGS, local_stack/api_document/document.py"
        )
    return tag


def _headers_taken(route: DescribedRoute) -> list[dict[str, str]]:
    taken = {
        Promise.SHOWS_VERSION: "IfNoneMatch",
        Promise.BOUND_BY_VERSION: "IfMatch",
        Promise.BOUND_BY_TAG: "IfMatch",
    }
    names = [name for promise, name in taken.items() if promise in route.promises]
    names += ["IdempotencyKey"] if takes_key(route.method, route.path) else []
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _answers(route: DescribedRoute) -> dict[str, Any]:
    """The answers to a request that succeeds."""
    status = str(route.status)
    now, begun = answer_schemas(route.operation["responses"])
    answers: dict[str, Any] = {}
    if status == "204":
        return {status: {"description": "Done."}}
    if Promise.STARTS_WORK in route.promises:
        work = {"application/json": {"schema": begun or now}}
        answers["202"] = {"description": "Begun.", "headers": header("Location"), "content": work}
    if status != "202":
        answers[status] = {"description": "Done.", "content": {"application/json": {"schema": now}}}
    if Promise.MAY_CREATE in route.promises:
        answers["201"] = {**answers[status], "description": "It is there now."}
    if route.promises & {Promise.SHOWS_VERSION, Promise.BOUND_BY_VERSION, Promise.SHOWS_TAG, Promise.MAY_CREATE}:
        for made in {status, "201"} & answers.keys():
            answers[made]["headers"] = header("ETag")
    if Promise.SHOWS_VERSION in route.promises:
        answers["304"] = {"description": "The caller has it as it is.", "headers": header("ETag")}
    return answers


def _used(made: dict[str, Any]) -> dict[str, Any]:
    """The schemas that something refers to; Powertools adds some for errors in a form that is not ours."""
    schemas: dict[str, Any] = made["components"]["schemas"]
    used: set[str] = set()
    waiting = _names_in({**made, "components": {**made["components"], "schemas": {}}})
    while waiting:
        used |= waiting
        waiting = set().union(*(_names_in(schemas[name]) for name in waiting)) - used
    return {name: schemas[name] for name in sorted(used)}


def _names_in(part: object) -> set[str]:
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(part)))
