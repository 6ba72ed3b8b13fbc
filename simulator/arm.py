"""The REST API of a Routing Manager (ARM), as far as it is played.

The states of its nodes, that it goes on with what it knew last of one that it cannot reach, and the form of the cursor
(an object with `after` and `before`, -1 where there is no more) are AudioCodes'; that registered users are off until
they are enabled as well. Paths, fields and the login are inferred: see docs/simulator.md.
"""

import json
from bisect import bisect_right
from http import HTTPStatus
from urllib.parse import parse_qs

from simulator.device import Account, Device
from simulator.exchange import Answer, Request, json_answer, refusal
from simulator.faults import Fault, Route
from simulator.faults.base import Paging
from simulator.users import RegisteredUser

API = "/ARM/v1"
LOGIN_PATH = f"{API}/login"
LOGOUT_PATH = f"{API}/logout"
NODES_PATH = f"{API}/nodes"
USERS_PATH = f"{API}/registeredUsers"
STATUS_PATH = f"{API}/status"
_PATHS = {
    STATUS_PATH: (Route.STATUS, "GET"),
    NODES_PATH: (Route.NODES, "GET"),
    USERS_PATH: (Route.LIST, "GET"),
    LOGIN_PATH: (Route.LOGIN, "POST"),
    LOGOUT_PATH: (Route.LOGIN, "POST"),
}
_QUERY = {"limit", "after", "before"}
_DEFAULT_LIMIT = 20
"""As the documented lists of AudioCodes' REST API have it."""
_NO_MORE = "-1"
_COOKIE = "session"


def route_of(path: str) -> Route:
    """The part of the Routing Manager that `path` belongs to; `Route.ANY` for a path that it does not have."""
    return _PATHS.get(path, (Route.ANY, ""))[0]


def login_in(request: Request) -> tuple[str, str] | None:
    """The user and password in the body of a login; None for any other request."""
    if request.path != LOGIN_PATH or request.method != "POST":
        return None
    try:
        content = json.loads(request.body)
        return str(content["username"]), str(content["password"])
    except (ValueError, KeyError, TypeError):
        return "", ""


def session_in(request: Request) -> str:
    """The secret of the session that a request belongs to; empty for none."""
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == _COOKIE:
            return value
    return ""


def respond(device: Device, request: Request, account: Account, role: str, faults: list[Fault]) -> Answer:
    """The answer to a logged-in user, spoilt by those of `faults` that concern its content."""
    if request.path not in _PATHS:
        return refusal(HTTPStatus.NOT_FOUND, "Object Not Found")
    route, method = _PATHS[request.path]
    if request.method != method:
        return refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed", Allow=method)
    if route is Route.LIST and role != "Administrator":
        return refusal(HTTPStatus.FORBIDDEN, "Prohibited")
    users = device.users()
    for fault in faults:
        answer = fault.answer_instead(request, empty=not users)
        if answer:
            return answer
    if route is Route.LOGIN:
        return _session(device, request, account)
    if route is Route.STATUS:
        answer = _status(device)
    else:
        answer = _nodes(device, request) if route is Route.NODES else _users(device, request, users, faults)
    for fault in faults:
        answer = fault.change_answer(answer)
    return answer


def _session(device: Device, request: Request, account: Account) -> Answer:
    if request.path == LOGOUT_PATH:
        device.close_session(session_in(request))
        return Answer(HTTPStatus.NO_CONTENT)
    secret = device.open_session(account)
    return json_answer({"username": account.username}, Set_Cookie=f"{_COOKIE}={secret}; Path=/; Secure; HttpOnly")


def _status(device: Device) -> Answer:
    return json_answer(
        {
            "product": "AudioCodes Routing Manager",
            "version": "10.0.20",
            "serialNumber": str(9_000_000 + sum(place * ord(letter) for place, letter in enumerate(device.name, 1))),
            "upTime": device.uptime_hundredths() // 100,
        }
    )


def _nodes(device: Device, request: Request) -> Answer:
    nodes = [
        {"id": str(place), "name": node.name, "state": node.state, "operativeState": node.operative_state}
        for place, node in enumerate(device.nodes.values(), 1)
    ]
    paging = _paging(device, request)
    if isinstance(paging, Answer):
        return paging
    start = int(paging.after or 0)
    shown, more = nodes[start : start + paging.limit], len(nodes) > start + paging.limit
    after = str(start + paging.limit) if more else _NO_MORE
    return json_answer({"nodes": shown, "cursor": {"after": after, "before": str(start) if start else _NO_MORE}})


def _users(device: Device, request: Request, users: list[RegisteredUser], faults: list[Fault]) -> Answer:
    paging = _paging(device, request)
    if isinstance(paging, Answer):
        return paging
    for fault in faults:
        users = fault.change_users(users)
        paging = fault.change_paging(paging)
    total: int | None = len(users)
    for fault in faults:
        total = fault.change_count(total)
    shown, cursor = _page(users, paging)
    page: dict[str, object] = {
        "enabled": True,
        "total": total,
        "registeredUsers": [_entry(user) for user in shown],
        "cursor": cursor,
    }
    for fault in faults:
        page = fault.change_page(page)
    return json_answer(page)


def _page(users: list[RegisteredUser], paging: Paging) -> tuple[list[RegisteredUser], dict[str, str]]:
    """The users of a page and its cursor: the last one's number, as in AudioCodes' documented lists, or its place."""
    after = int(paging.after or 0)
    start = after if paging.by_place else bisect_right(users, after, key=lambda user: user.serial)
    end = start + paging.limit
    shown = users[start:end]
    last = str(end if paging.by_place else shown[-1].serial) if shown else _NO_MORE
    return shown, {"after": last if end < len(users) else _NO_MORE, "before": paging.after or _NO_MORE}


def _paging(device: Device, request: Request) -> Paging | Answer:
    """What was asked for; a refusal of anything that is not documented."""
    asked = parse_qs(request.query, keep_blank_values=True)
    unknown = sorted(asked.keys() - _QUERY)
    if unknown:
        return refusal(HTTPStatus.BAD_REQUEST, f"Unknown parameter {unknown[0]}")
    limit, after = asked.get("limit", [str(_DEFAULT_LIMIT)])[0], asked.get("after", [""])[0]
    if not limit.isdecimal() or not int(limit):
        return refusal(HTTPStatus.BAD_REQUEST, "limit must be a number")
    if after and not after.isdecimal() and not device.armed():
        return refusal(HTTPStatus.BAD_REQUEST, "after must be a cursor")
    return Paging(min(int(limit), device.scenario.page_limit), after)


def _entry(user: RegisteredUser) -> dict[str, object]:
    return {
        "id": str(user.serial),
        "aor": user.aor,
        "node": user.node,
        "contacts": [
            {
                "uri": contact.uri,
                "expires": contact.expires,
                "active": contact.active,
                "ipGroup": contact.ip_group,
            }
            for contact in user.contacts
        ],
    }
