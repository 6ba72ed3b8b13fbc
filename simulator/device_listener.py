"""Serves one played device: login, answer, delivery, and the note of what was asked."""

import base64
import binascii
import contextlib
import hmac
import ssl
import threading
from http import HTTPStatus
from typing import Any

from simulator import arm, sbc
from simulator.certificates import Certificates
from simulator.device import Account, Device, SeenRequest, timestamp
from simulator.exchange import Answer, Request, refusal
from simulator.faults import Fault, Route
from simulator.listener import Handler, Listener, reset

_FAREWELL_SECONDS = 1
_BODY_LIMIT = 1024 * 1024
_REMEMBERED_SCRIPT = 500


class DeviceListener(Listener):
    """The HTTPS side of a device.

    Raises:
        SimulatorError: the port cannot be opened.
    """

    def __init__(self, device: Device, certificates: Certificates, port: int, trap: str) -> None:
        self.device = device
        self.trap = trap
        self._certificates = certificates
        self._busy = 0
        self._busy_guard = threading.Lock()
        super().__init__(port, DeviceHandler, self._context)

    def busy(self, change: int) -> int:
        """Counts requests in progress up or down; how many there are now."""
        with self._busy_guard:
            self._busy += change
            return self._busy

    def _context(self) -> ssl.SSLContext | None:
        kind = ""
        for fault in self.device.struck(Route.CONNECTION):
            if not fault.certificate:
                return None
            kind = fault.certificate
        return self._certificates.context(kind)


class DeviceHandler(Handler):
    """One connection to a device; it is the `Wire` that faults of delivery spoil."""

    server: DeviceListener
    connection: ssl.SSLSocket

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - looked up by name in the base class
        """Every HTTP method is served in the same way: the device decides what it allows."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        in_progress = self.server.busy(1)
        try:
            self._exchange(in_progress)
        finally:
            self.server.busy(-1)

    def _exchange(self, in_progress: int) -> None:
        device = self.server.device
        body = self.read_body(_BODY_LIMIT)
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, path, query, headers, body or b"", self.client_address[0], self.server.trap)
        faults = device.struck((arm if device.nodes else sbc).route_of(path))
        login, answer = _log_in(device, request, faults)
        if body is None:
            answer = refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large or does not tell its length")
        script = sbc.script_of(request)
        device.remember(
            SeenRequest(
                at=timestamp(),
                client=request.client,
                method=request.method,
                path=self.path,
                status=answer.status,
                login=login,
                in_progress=in_progress,
                script=None if script is None else script[:_REMEMBERED_SCRIPT],
                faults=tuple(fault.name for fault in faults),
            )
        )
        self._deliver(answer, faults)

    def _deliver(self, answer: Answer, faults: list[Fault]) -> None:
        if any(fault.deliver(answer, self) for fault in faults):
            self.close_connection = True
            return
        self.send_head(answer, len(answer.body))
        if self.command != "HEAD":
            self.send(answer.body)

    # --- the wire

    def send_head(self, answer: Answer, length: int) -> None:
        """Sends status line and headers; a negative `length` leaves the length open."""
        self.send_response(answer.status)
        if answer.content_type:
            self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if length < 0:
            self.send_header("Connection", "close")
        elif answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def send(self, data: bytes) -> None:
        """Sends a piece of the body."""
        self.wfile.write(data)

    def pause(self, seconds: float) -> bool:
        """Waits; True when the simulator stops meanwhile."""
        return self.server.stopping.wait(seconds)

    def reset(self) -> None:
        """Breaks the connection off."""
        self.close_connection = True
        reset(self.connection)

    def close(self) -> None:
        """Ends the connection after what was sent, with TLS's own farewell."""
        self.close_connection = True
        self.connection.settimeout(_FAREWELL_SECONDS)
        with contextlib.suppress(OSError):  # the caller need not answer it
            self.connection.unwrap()


def _log_in(device: Device, request: Request, faults: list[Fault]) -> tuple[str, Answer]:
    """How the login went (`none`, `wrong` or `right`) and the answer."""
    given = _credentials(request.headers.get("authorization", ""))
    session = ""
    if device.nodes:
        given = arm.login_in(request) or given
        session = arm.session_in(request)
    account = None
    if all(fault.accepts_login() for fault in faults):
        account = device.session(session) if session else _account(device, given)
    login = "right" if account else "wrong" if given else "none"
    verdicts = [fault.after_login(request.client, device.clock(), login) for fault in faults]
    for verdict in verdicts:
        if verdict:
            return login, verdict
    if account is None:
        return login, refusal(HTTPStatus.UNAUTHORIZED, "Unauthorized", WWW_Authenticate='Basic realm="AudioCodes"')
    role = account.role
    for fault in faults:
        role = fault.role(role)
    if device.nodes:
        return login, arm.respond(device, request, account, role, faults)
    return login, sbc.respond(device, request, role, faults)


def _account(device: Device, given: tuple[str, str] | None) -> Account | None:
    if given is None:
        return None
    for account in device.accounts:
        named = hmac.compare_digest(account.username.encode(), given[0].encode())
        if named and hmac.compare_digest(account.password.encode(), given[1].encode()):
            return account
    return None


def _credentials(header: str) -> tuple[str, str] | None:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        username, _, password = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, password
