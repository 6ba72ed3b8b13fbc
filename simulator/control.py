"""A small client of the control API, for demonstrations and tests; needs nothing but Python."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from simulator.errors import SimulatorError, UnknownThingError

_TIMEOUT_SECONDS = 60


class Control:
    """Drives a running simulator.

    Every method raises `UnknownThingError` for a device, user or fault that is not there and `SimulatorError` for
    anything else that the simulator refuses, or when it cannot be reached.
    """

    def __init__(self, control_url: str) -> None:
        self._url = control_url.rstrip("/")
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy

    def devices(self) -> list[dict[str, Any]]:
        """All devices: name, url, ca_path, fingerprint, credentials and more, as in the ready file."""
        return list(self._ask("GET", "/devices")["devices"])

    def device(self, name: str) -> dict[str, Any]:
        """One device."""
        return self._ask("GET", f"/devices/{name}")

    def users(self, device: str) -> list[dict[str, Any]]:
        """The users registered now: `aor` and `contacts`."""
        return list(self._ask("GET", f"/devices/{device}/users")["users"])

    def register(self, device: str, user: str | None = None, **fields: object) -> dict[str, Any]:
        """Registers one user, named by number or AOR, or by `aor=`; further fields as in scenario files."""
        named: dict[str, object] = {} if user is None else {"aor" if "@" in user else "number": user}
        return self._ask("POST", f"/devices/{device}/register", {**named, **fields})

    def register_many(self, device: str, users: Iterable[str | Mapping[str, object]]) -> None:
        """Registers users, each a number, an AOR or an object, beside those that are there."""
        self._ask("POST", f"/devices/{device}/users", {"users": list(users)})

    def replace_all(self, device: str, users: Iterable[str | Mapping[str, object]]) -> None:
        """Makes `users` the only ones registered."""
        self._ask("PUT", f"/devices/{device}/users", {"users": list(users)})

    def replace_generated(self, device: str, users: int, seed: int = 1, **population: object) -> None:
        """Makes that many made-up users the only ones registered."""
        generated = {"users": users, "seed": seed, **population}
        self._ask("PUT", f"/devices/{device}/users", {"generated": generated})

    def unregister(self, device: str, *users: str | Mapping[str, object]) -> None:
        """Removes users, each named by number, AOR or object; removes none when one of them is not registered."""
        self._ask("POST", f"/devices/{device}/unregister", {"users": list(users)})

    def churn(self, device: str, percent: float, seed: int = 1) -> dict[str, list[str]]:
        """Lets a share of the users leave and as many come: the AORs under `unregistered` and `registered`."""
        return self._ask("POST", f"/devices/{device}/churn", {"percent": percent, "seed": seed})

    def set_node(self, device: str, node: str, **changes: object) -> dict[str, Any]:
        """Changes a node of a Routing Manager, or adds one: `state`, `operative_state`, `forgets`."""
        return self._ask("PUT", f"/devices/{device}/nodes/{node}", changes)

    def nodes(self, device: str) -> list[dict[str, Any]]:
        """The nodes of a Routing Manager and how they fare."""
        return list(self._ask("GET", f"/devices/{device}/nodes")["nodes"])

    def remove_node(self, device: str, node: str) -> None:
        """Takes a node away with its users."""
        self._ask("DELETE", f"/devices/{device}/nodes/{node}")

    def reboot(self, device: str, reregister_seconds: float = 0) -> None:
        """Starts the device anew; its users come back one by one over that time."""
        self._ask("POST", f"/devices/{device}/reboot", {"reregister_seconds": reregister_seconds})

    def arm(self, device: str, fault: str, **parameters: object) -> None:
        """Arms a fault."""
        self._ask("PUT", f"/devices/{device}/faults", {fault: parameters})

    def disarm(self, device: str, fault: str | None = None) -> None:
        """Disarms one fault, or all."""
        self._ask("DELETE", f"/devices/{device}/faults" + (f"/{fault}" if fault else ""))

    def faults(self) -> dict[str, Any]:
        """Every fault that there is, with a summary and its parameters' defaults."""
        return self._ask("GET", "/faults")

    def requests(self, device: str) -> list[dict[str, Any]]:
        """What the device was asked, oldest first; never credentials."""
        return list(self._ask("GET", f"/devices/{device}/requests")["requests"])

    def forget_requests(self, device: str) -> None:
        """Empties that list."""
        self._ask("DELETE", f"/devices/{device}/requests")

    def trapped(self) -> list[dict[str, Any]]:
        """Callers who followed a redirect to plain HTTP, and whether they brought credentials along."""
        return list(self._ask("GET", "/trap")["trapped"])

    def _ask(self, method: str, path: str, content: object = None) -> dict[str, Any]:
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self._url + quote(path), body, method=method)  # noqa: S310 - given in code
        request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
                return dict(json.load(response))
        except urllib.error.HTTPError as error:
            with error:
                kind = UnknownThingError if error.code == HTTPStatus.NOT_FOUND else SimulatorError
                raise kind(json.load(error)["error"]) from error
        except (OSError, ValueError) as error:
            raise SimulatorError(f"no simulator answers at {self._url} ({error})") from error
