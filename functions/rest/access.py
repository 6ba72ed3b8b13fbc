"""Who may do what: the role that a request needs, and whether its caller has it, for every route there is or will be.

With AWS_IAM a policy confines callers, by method and path, before a function is asked. With COGNITO the gateway says
only that a token is one of the user pool's: its groups are looked at here, before any route.
"""

import os
import re
from collections.abc import Collection, Mapping
from enum import IntEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response

from functions.rest.problems import problem


class Role(IntEnum):
    """What a caller may do with the things of a customer; each may do what those before it may."""

    READER = 1
    OPERATOR = 2
    ADMINISTRATOR = 3


ALL_CUSTOMERS = "*"
_CHECKED_BEFORE = frozenset({"AWS_IAM", "NONE"})
"""Values of API_AUTH with which IAM has decided, or nobody decides, before a function is asked."""
_GROUP = re.compile(r"customer:(?P<customer>[a-z0-9-]{1,63}|\*):(?P<role>reader|operator|administrator)", re.ASCII)
_READ = frozenset({"GET", "HEAD"})
_READ_BY_POST = frozenset({("numbers", "lookup")})
_OPERATED = frozenset({"numbers", "next-available", "audits", "jobs"})


def required_role(method: str, path: str) -> Role:
    """The least role that may make a request; what nobody has thought of is the administrators'.

    Args:
        method: such as `POST`.
        path: with the values of its parameters or with their names: `/customers/{customer}/numbers/{number}/assign`.
    """
    customer, *rest = _behind_the_customer(path)
    if not customer:
        # What is no customer's, such as global macros, concerns all of them.
        return Role.ADMINISTRATOR
    if method in _READ or (method == "POST" and tuple(rest) in _READ_BY_POST):
        return Role.READER
    return Role.OPERATOR if rest and rest[0] in _OPERATED else Role.ADMINISTRATOR


def refusal(event: Mapping[str, Any]) -> Response[str] | None:
    """The answer to a caller who may not make this request; None to one who may.

    Args:
        event: the request, whose path is the one that its route is found by.
    """
    if os.environ.get("API_AUTH") in _CHECKED_BEFORE:
        return None
    method, path = event["httpMethod"], event["path"]
    needed = required_role(method, path)
    customer, *_ = _behind_the_customer(path)
    if any(role >= needed for role in _roles(_groups(event), customer)):
        return None
    whose = f"customer {customer[:63]}" if customer else "all customers"
    return problem(
        HTTPStatus.FORBIDDEN, f"this needs the role {needed.name.lower()} for {whose}, which the token has not"
    )


def claims(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a token says of who asks; nothing where there was none."""
    told: Mapping[str, Any] = ((event.get("requestContext") or {}).get("authorizer") or {}).get("claims") or {}
    return told


def _behind_the_customer(path: str) -> list[str]:
    """The customer that a path names, empty where it names none, and the parts of the path behind it."""
    parts = path.split("/")
    if parts[:2] != ["", "customers"] or len(parts) <= 3:  # noqa: PLR2004 - the customer alone is nothing to ask for
        return [""]
    return [unquote(parts[2]), *parts[3:]]


def _groups(event: Mapping[str, Any]) -> Collection[str]:
    """The groups of the caller's token: API Gateway hands a claim on as text, a list's parts behind one another."""
    told = claims(event).get("cognito:groups") or ""
    return told if isinstance(told, list) else re.split(r"[\s,\[\]]+", str(told))


def _roles(groups: Collection[str], customer: str) -> list[Role]:
    """What a caller of these groups is for a customer; whoever is it for all of them is it for each."""
    found = (_GROUP.fullmatch(str(group)) for group in groups)
    return [Role[group["role"].upper()] for group in found if group and group["customer"] in {customer, ALL_CUSTOMERS}]
