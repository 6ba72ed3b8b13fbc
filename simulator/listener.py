"""Loopback servers whose every connection is closed when they stop."""

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import BaseRequestHandler, TCPServer, ThreadingMixIn
from typing import Any

from simulator.errors import SimulatorError

HOST = "127.0.0.1"
"""The only address that anything here listens on."""

IDLE_SECONDS = 60
_log = logging.getLogger(__name__)


class Listener(ThreadingMixIn, TCPServer):
    """A threaded HTTP server on 127.0.0.1; with `secure` a TLS one.

    `secure` is asked for a context at each new connection, in the thread of that connection, so that a slow handshake
    holds up nobody; None from it means to reset the connection.

    Raises:
        SimulatorError: the port cannot be opened.
    """

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        handler: Callable[[Any, Any, Any], BaseRequestHandler],
        secure: Callable[[], ssl.SSLContext | None] | None = None,
    ) -> None:
        self.stopping = threading.Event()
        self._secure = secure
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        try:
            super().__init__((HOST, port), handler)
        except OSError as error:
            raise SimulatorError(
                f"port {port} on {HOST} cannot be opened ({error.strerror}): choose another"
            ) from error
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name=f"listener-{self.port}")

    @property
    def port(self) -> int:
        """The port that is open."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serves in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stops serving, ends all connections and waits for their threads."""
        self.stopping.set()
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        with self._guard:
            still_open = list(self._open)
        for connection in still_open:
            _hang_up(connection)
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Serves one connection from its handshake to its end."""
        request.settimeout(IDLE_SECONDS)
        connection: socket.socket = request
        context = self._secure() if self._secure else None
        if context:
            connection = context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with self._guard:
            self._open.add(connection)
        # OSError: the caller does not trust the certificate or hung up, or the simulator stops
        with connection, contextlib.suppress(OSError):
            if self.stopping.is_set():
                return
            if self._secure and not context:
                _refuse(connection)
                return
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            super().finish_request(connection, client_address)

    def close_request(self, request: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Forgets connections that have ended."""
        super().close_request(request)
        with self._guard:
            self._open = {connection for connection in self._open if connection.fileno() >= 0}

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - as the base class has it
        """Logs what went wrong in a connection's thread."""
        _log.exception("a connection of %s failed", client_address[0])


class Handler(BaseHTTPRequestHandler):
    """What the device handler and the control handler have in common: quiet, and no word about Python."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def version_string(self) -> str:
        """The `Server` header."""
        return "SBC-Simulator"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Nothing: requests are remembered and can be asked for."""

    def read_body(self, limit: int) -> bytes | None:
        """The body of the request; None when its length is not a number up to `limit`."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > limit:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))


def reset(connection: socket.socket) -> None:
    """Ends a connection with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def _refuse(connection: socket.socket) -> None:
    connection.recv(1)  # a caller who is in the midst of its hello takes the reset for what it is
    reset(connection)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may have ended by itself meanwhile
        connection.shutdown(socket.SHUT_RDWR)
