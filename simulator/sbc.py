"""The REST API of a Mediant SBC, as far as it is played: what is answered to a request of a user with a given role.

Paths, bodies and status codes follow AudioCodes' REST API documentation (version 7.2 and later) and what public
clients of it read; what is inferred is marked here and listed in docs/simulator.md.
"""

import email
from datetime import UTC, datetime
from email.message import Message
from http import HTTPStatus

from simulator.device import Device
from simulator.exchange import Answer, Request, json_answer, refusal
from simulator.faults import Fault, Route
from simulator.listing import LIST_COMMAND, Style, as_output, listing_lines
from simulator.users import RegisteredUser

API = "/api/v1"
ADMINISTRATOR = "Administrator"
MONITOR = "Monitor"
_SCRIPT_PATH = f"{API}/files/cliScript/incremental"
_COUNTS_PATH = f"{API}/kpi/current/sbc/otherStats/global"
_ALARMS_PATH = f"{API}/alarms/active"
_PATHS = {
    f"{API}/status": (Route.STATUS, "GET"),
    _COUNTS_PATH: (Route.COUNT, "GET"),
    f"{_COUNTS_PATH}/registeredUsers": (Route.COUNT, "GET"),
    _SCRIPT_PATH: (Route.LIST, "PUT"),
    _ALARMS_PATH: (Route.ALARMS, "GET"),
}
_ALARM_QUERY = {"limit", "after", "before"}


def route_of(path: str) -> Route:
    """The part of the device that `path` belongs to; `Route.ANY` for a path that it does not have."""
    return _PATHS.get(path, (Route.ANY, ""))[0]


def respond(device: Device, request: Request, role: str, faults: list[Fault]) -> Answer:
    """The answer of `device` to a logged-in user, spoilt by those of `faults` that concern its content."""
    path = request.path
    if path.startswith(f"{API}/files") and role != ADMINISTRATOR:
        return refusal(HTTPStatus.FORBIDDEN, "Prohibited")
    if path not in _PATHS:
        return refusal(HTTPStatus.NOT_FOUND, "Object Not Found")
    route, method = _PATHS[path]
    if request.method != method:
        return refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed", Allow=method)
    users = device.users()
    for fault in faults:
        answer = fault.answer_instead(request, empty=not users)
        if answer:
            return answer
    for fault in faults:
        users = fault.change_users(users)
    answer = _ROUTES[route](device, request, users, faults)
    for fault in faults:
        answer = fault.change_answer(answer)
    return answer


def script_of(request: Request) -> str | None:
    """The command line script that a request carries in its multipart part `file`; None where there is none."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return None
    form = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    for part in form.get_payload() if form.is_multipart() else ():
        if isinstance(part, Message) and part.get_param("name", header="content-disposition") == "file":
            payload = part.get_payload(decode=True)
            return payload.decode(errors="replace") if isinstance(payload, bytes) else None
    return None


def _status(device: Device, _request: Request, _users: list[RegisteredUser], _faults: list[Fault]) -> Answer:
    modern = device.scenario.style is Style.MODERN
    content: dict[str, object] = {
        "localTimeStamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "ipAddress": "10.8.5.71",
        "subnetMask": "255.255.0.0",
        "defaultGateway": "10.8.0.1",
        "productType": "Mediant SW",
        "versionID": "7.60A.200.014" if modern else "7.20A.200.014",
        "protocolType": "SIP",
        "operationalState": "UNLOCKED",
        "highAvailability": "Not Operational",
        "serialNumber": _serial_number(device.name),
        "macAddress": "00908f000001",
        "systemUpTime": device.uptime_hundredths(),
    }
    if modern:
        content["hostname"] = device.name
    return json_answer(content)


def _serial_number(name: str) -> str:
    return str(1_000_000 + sum(place * ord(letter) for place, letter in enumerate(name, 1)))


def _count(device: Device, request: Request, users: list[RegisteredUser], faults: list[Fault]) -> Answer:
    by_contacts = device.scenario.count_of == "contacts"
    count: int | None = sum(len(user.contacts) for user in users) if by_contacts else len(users)
    for fault in faults:
        count = fault.change_count(count)
    item = {
        "id": "registeredUsers",
        "name": "Registered Users",
        "description": "Number of registered users",
        "url": f"{_COUNTS_PATH}/registeredUsers",
        "value": count,
    }
    if request.path != _COUNTS_PATH:
        return json_answer(item)
    other = {"id": "transactionRate", "name": "Transaction Rate", "description": "SIP transactions a second"}
    return json_answer({"items": [{**other, "url": f"{_COUNTS_PATH}/transactionRate", "value": 0}, item]})


def _script(device: Device, request: Request, users: list[RegisteredUser], faults: list[Fault]) -> Answer:
    script = script_of(request)
    if script is None:
        return refusal(HTTPStatus.BAD_REQUEST, "The part `file` with the CLI script is missing")
    commands = [" ".join(line.split()) for line in script.splitlines() if line.strip()]
    lines: list[str] = []
    failed = not commands
    for command in commands:
        if command == LIST_COMMAND:
            lines += listing_lines(users, device.scenario.style, device.name)
        else:
            failed = True
            lines += [f"{device.name}# {command}", f"Invalid command: {command}"]
    for fault in faults:
        lines = fault.change_lines(lines)
    content = {
        "description": "Incremental CLI Script file was loaded.",
        "output": as_output(lines, device.scenario.style),
    }
    if device.scenario.style is Style.MODERN:  # older versions say nothing but description and output
        content = {"status": "failure" if failed else "success", **content}
    return json_answer(content)


def _alarms(_device: Device, request: Request, _users: list[RegisteredUser], _faults: list[Fault]) -> Answer:
    asked = {pair.partition("=")[0] for pair in request.query.split("&") if pair}
    if asked - _ALARM_QUERY:
        return refusal(HTTPStatus.BAD_REQUEST, f"Unknown parameter {min(asked - _ALARM_QUERY)}")
    return Answer(HTTPStatus.NO_CONTENT)


_ROUTES = {Route.STATUS: _status, Route.COUNT: _count, Route.LIST: _script, Route.ALARMS: _alarms}
