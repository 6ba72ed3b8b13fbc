"""The control API: drives the played devices while they run. Plain HTTP and JSON, on this machine only."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from simulator.device import Device
from simulator.errors import SimulatorError, UnknownThingError
from simulator.faults import REGISTRY, Fault, parameter_types
from simulator.generator import generate
from simulator.listener import Handler, Listener
from simulator.scenario import population_from_json
from simulator.users import RegisteredUser, name_from_json, user_from_json

_BODY_LIMIT = 64 * 1024 * 1024


class ControlListener(Listener):
    """The control side of all devices; `describe` tells of one device what a user needs to know to reach it.

    Raises:
        SimulatorError: the port cannot be opened.
    """

    def __init__(self, devices: Mapping[str, Device], port: int, describe: Callable[[str], dict[str, object]]) -> None:
        self.devices = devices
        self.describe = describe
        self._trapped: list[dict[str, object]] = []
        self._trap_guard = threading.Lock()
        super().__init__(port, ControlHandler)

    @property
    def url(self) -> str:
        """The address of the control API."""
        return f"http://127.0.0.1:{self.port}"

    def trap(self, caught: dict[str, object] | None = None) -> list[dict[str, object]]:
        """Notes a caller who followed a redirect, if one is given; all that were caught."""
        with self._trap_guard:
            if caught:
                self._trapped.append(caught)
            return list(self._trapped)


class ControlHandler(Handler):
    """One connection to the control API."""

    server: ControlListener

    def do_GET(self) -> None:  # noqa: N802 - the base class looks it up by this name
        """Answers a request of any method."""
        status: int = HTTPStatus.OK
        content: object
        try:
            content = self._answer()
        except UnknownThingError as error:
            status, content = HTTPStatus.NOT_FOUND, {"error": str(error)}
        except SimulatorError as error:
            status, content = HTTPStatus.BAD_REQUEST, {"error": str(error)}
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the base class looks them up by these names

    def _answer(self) -> object:
        raw = self.read_body(_BODY_LIMIT)
        path = self.path.partition("?")[0]
        if path.startswith("/trapped/"):
            return self._caught(path)
        if raw is None:
            raise SimulatorError(f"a body must announce its length, up to {_BODY_LIMIT} bytes")
        try:
            body = json.loads(raw) if raw else {}
        except ValueError as error:
            raise SimulatorError(f"the body is not JSON ({error})") from error
        for method, pattern, action in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                names = [unquote(name) for name in found.groups()]
                return action(self.server, body, *names)
        raise UnknownThingError(f"there is no {self.command} {path}; docs/simulator.md lists what there is")

    def _caught(self, path: str) -> object:
        self.server.trap({"path": path, "credentials": "Authorization" in self.headers})
        return {"description": "You followed a redirect to another scheme."}


def _device(server: ControlListener, name: str) -> Device:
    if name not in server.devices:
        raise UnknownThingError(f"there is no device {name!r}; there are {', '.join(server.devices)}")
    return server.devices[name]


def _object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise SimulatorError(f"the body must be a JSON object, not {type(body).__name__}")
    return body


def _number(body: object, key: str, default: float | None = None) -> float:
    value = _object(body).get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SimulatorError(f"`{key}` must be a number, not {value!r}")
    return value


def _users(device: Device, body: object) -> list[RegisteredUser]:
    content = _object(body)
    if "generated" in content:
        return generate(population_from_json(content["generated"]))
    listed = content.get("users")
    if not isinstance(listed, list):
        raise SimulatorError("give `users`, a list, or `generated`, what to make up")
    return [user_from_json(user, device.scenario.domain) for user in listed]


def _list_devices(server: ControlListener, _body: object) -> object:
    return {"devices": [server.describe(name) for name in server.devices]}


def _show_device(server: ControlListener, _body: object, name: str) -> object:
    _device(server, name)
    return server.describe(name)


def _list_users(server: ControlListener, _body: object, name: str) -> object:
    return {"users": [user.as_json() for user in _device(server, name).users()]}


def _register(server: ControlListener, body: object, name: str) -> object:
    device = _device(server, name)
    user = user_from_json(_object(body), device.scenario.domain)
    device.register([user])
    return user.as_json()


def _register_many(server: ControlListener, body: object, name: str) -> object:
    device = _device(server, name)
    users = _users(device, body)
    device.register(users)
    return {"registered": len(users), "users": len(device.users())}


def _replace_all(server: ControlListener, body: object, name: str) -> object:
    device = _device(server, name)
    device.replace_users(_users(device, body))
    return {"users": len(device.users())}


def _unregister(server: ControlListener, body: object, name: str) -> object:
    device = _device(server, name)
    content = _object(body)
    listed = content.get("users", [content])
    if not isinstance(listed, list):
        raise SimulatorError("`users` must be a list")
    left = device.unregister([name_from_json(user) for user in listed])
    return {"unregistered": left, "users": len(device.users())}


def _churn(server: ControlListener, body: object, name: str) -> object:
    left, came = _device(server, name).churn(_number(body, "percent"), int(_number(body, "seed", 1)))
    return {"unregistered": left, "registered": came}


def _reboot(server: ControlListener, body: object, name: str) -> object:
    device = _device(server, name)
    device.reboot(_number(body, "reregister_seconds", 0))
    return {"users": len(device.users())}


def _nodes(server: ControlListener, _body: object, name: str) -> object:
    return {"nodes": [asdict(node) for node in _device(server, name).nodes.values()]}


def _set_node(server: ControlListener, body: object, name: str, node: str) -> object:
    return asdict(_device(server, name).set_node(node, _object(body)))


def _remove_node(server: ControlListener, body: object, name: str, node: str) -> object:
    _device(server, name).remove_node(node)
    return _nodes(server, body, name)


def _arm(server: ControlListener, body: object, name: str) -> object:
    device = _device(server, name)
    content = _object(body)
    for parameters in content.values():
        _object(parameters)
    for fault, parameters in content.items():
        device.arm(fault, **parameters)
    return _armed(server, body, name)


def _armed(server: ControlListener, _body: object, name: str) -> object:
    return {fault: _parameters(armed) for fault, armed in _device(server, name).armed().items()}


def _parameters(fault: Fault) -> dict[str, object]:
    return {key: getattr(fault, key) for key in parameter_types(type(fault))}


def _disarm(server: ControlListener, body: object, name: str, fault: str | None = None) -> object:
    _device(server, name).disarm(fault)
    return _armed(server, body, name)


def _requests(server: ControlListener, _body: object, name: str) -> object:
    return {"requests": [asdict(request) for request in _device(server, name).requests()]}


def _forget(server: ControlListener, body: object, name: str) -> object:
    _device(server, name).forget_requests()
    return _requests(server, body, name)


def _catalogue(_server: ControlListener, _body: object) -> object:
    return {
        name: {
            "summary": (kind.__doc__ or "").partition("\n")[0],
            "sources": sorted(kind.sources),
            "parameters": _parameters(kind()),
        }
        for name, kind in sorted(REGISTRY.items())
    }


def _trapped(server: ControlListener, _body: object) -> object:
    return {"trapped": server.trap()}


_ONE = r"/devices/([^/]+)"
_ROUTES: list[tuple[str, str, Callable[..., object]]] = [
    ("GET", "/devices", _list_devices),
    ("GET", "/faults", _catalogue),
    ("GET", "/trap", _trapped),
    ("GET", _ONE, _show_device),
    ("GET", _ONE + "/users", _list_users),
    ("POST", _ONE + "/users", _register_many),
    ("PUT", _ONE + "/users", _replace_all),
    ("POST", _ONE + "/register", _register),
    ("POST", _ONE + "/unregister", _unregister),
    ("POST", _ONE + "/churn", _churn),
    ("POST", _ONE + "/reboot", _reboot),
    ("GET", _ONE + "/nodes", _nodes),
    ("PUT", _ONE + "/nodes/([^/]+)", _set_node),
    ("DELETE", _ONE + "/nodes/([^/]+)", _remove_node),
    ("GET", _ONE + "/faults", _armed),
    ("PUT", _ONE + "/faults", _arm),
    ("DELETE", _ONE + "/faults", _disarm),
    ("DELETE", _ONE + "/faults/([^/]+)", _disarm),
    ("GET", _ONE + "/requests", _requests),
    ("DELETE", _ONE + "/requests", _forget),
]
