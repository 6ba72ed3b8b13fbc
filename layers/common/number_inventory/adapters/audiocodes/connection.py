"""One conversation with a device over HTTPS: a request at a time, bounded in time and size, without surprises.

A redirect is never followed, nothing is sent to an address that was not checked, a refused login is not tried again,
and no message holds the credentials, not even where the device sends them back.
"""

import base64
import json
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import NamedTuple, Protocol, Self
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, InsecureRequestWarning, ReadTimeoutError, SSLError

from number_inventory.adapters.audiocodes.address import Endpoint
from number_inventory.adapters.audiocodes.trust import pinned, tls_context
from number_inventory.domain.devices import TlsSettings, TlsTrust
from number_inventory.domain.errors import DeviceRejectedError, DeviceUnreachableError, LoginRefusedError
from number_inventory.ports.secrets import Credentials

_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 20.0
_PASSING = {
    409: "the device is in a state that does not allow it, such as synchronising its HA pair",
    429: "the device gets too many requests",
    503: "the device is not available now",
}
"""Statuses that pass by themselves; 409 is documented (AudioCodes)."""
_LOGIN_REFUSED = frozenset({401, 403})
_CHUNK = 64 * 1024
_LENGTH_DIGITS = 15
_SHOWN_HOST = 100
_SHORTEST_SECRET = 6
"""Letters of a cookie that may be a session's secret; shorter ones are flags, and hiding these would garble texts."""


class Answer(NamedTuple):
    """What the device answered.

    Attributes:
        body: unpacked.
        cookie: what the device wants to be sent back, as a Cookie header has it.
    """

    status: int
    body: bytes
    cookie: str = ""


class Form(NamedTuple):
    """A request's body and its type."""

    body: bytes
    content_type: str


class Heard(NamedTuple):
    """A request and its answer, for whoever listens in: without the request's body and headers.

    Attributes:
        body: empty where it was not read, as that of a refused login.
    """

    method: str
    path: str
    status: int
    content_type: str
    body: str


Listener = Callable[[Heard], object]


@dataclass(frozen=True, slots=True)
class Passing:
    """How time passes; tests have their own."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one conversation may take.

    Attributes:
        maximum_bytes: of one answer, unpacked.
        connect_seconds: for one connection.
        read_seconds: for one answer, from request to last byte. Exceeded by at most one silence of the device.
        budget_seconds: for the whole conversation with its retries, exceeded likewise.
    """

    maximum_bytes: int
    connect_seconds: float
    read_seconds: float
    budget_seconds: float


class _NotReachedError(DeviceUnreachableError):
    """The device may not have seen the request, or was not ready for it: worth trying again soon."""

    def __init__(self, message: str, after_seconds: float = 0.0) -> None:
        self.after_seconds = after_seconds
        super().__init__(message)


class Conversation(Protocol):
    """What is needed of a connection to a device: the real one's, or a recorded one's; see `DeviceConnection`."""

    def remaining_seconds(self) -> float:
        """What is left of the budget."""

    def pause(self, seconds: float) -> None:
        """Wait about so long."""

    def without_secrets(self, text: str) -> str:
        """The text without the credentials."""

    def send_no_login(self) -> None:
        """Leave user and password out of the requests from now on."""

    def keep_session(self, cookie: str) -> None:
        """Be known by a session from now on."""

    def ask(self, method: str, path: str, form: Form | None = None, attempts: int = ...) -> Answer:
        """Send a request and return any answer that is no refusal."""


class DeviceConnection:
    """A connection to one device. Use it in a `with` statement, from one thread."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        addresses: Sequence[str],
        tls: TlsSettings,
        credentials: Credentials,
        limits: Limits,
        passing: Passing,
        heard: Listener | None = None,
    ) -> None:
        token = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
        self._headers = {
            "Host": endpoint.authority,
            "Accept": "application/json",
            "Authorization": f"Basic {token}",
            "User-Agent": "number-inventory",
        }
        secrets = (
            credentials.password,
            token,
            quote(credentials.password, safe=""),
            quote(credentials.password),
            json.dumps(credentials.password)[1:-1],
        )
        self._secrets = sorted(filter(None, set(secrets)), key=len, reverse=True)
        self._limits, self._passing = limits, passing
        self._end = passing.monotonic() + limits.budget_seconds
        self._where = endpoint.authority
        self._pools = [_pool(endpoint, address, tls) for address in addresses]
        self._heard = heard
        self._in_session = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools:
            pool.close()

    def remaining_seconds(self) -> float:
        """What is left of the budget."""
        return self._end - self._passing.monotonic()

    def pause(self, seconds: float) -> None:
        """Wait between half the time and all of it."""
        self._passing.sleep(seconds * (0.5 + self._passing.jitter() / 2))

    def without_secrets(self, text: str) -> str:
        """The text without the credentials, should the device have put them into it."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def send_no_login(self) -> None:
        """Leave user and password out of the requests from now on: the body of a login has them, or a session knows."""
        self._headers.pop("Authorization", None)

    def keep_session(self, cookie: str) -> None:
        """Be known by a session from now on; its secret is kept as the password is."""
        self._headers["Cookie"] = cookie
        values = [part.partition("=")[2].strip() for part in cookie.split(";")]
        secrets = {value for value in values if len(value) >= _SHORTEST_SECRET}
        self._secrets = sorted({*self._secrets, *secrets}, key=len, reverse=True)
        self._in_session = True

    def ask(self, method: str, path: str, form: Form | None = None, attempts: int = _ATTEMPTS) -> Answer:
        """Send a request, again while the device is not ready for it, and return any answer that is no refusal.

        Raises:
            LoginRefusedError: 401 or 403, at once.
            DeviceRejectedError: a redirect, or an answer that is too large.
            DeviceUnreachableError: no connection, no trust, no answer in time, an answer cut short, a 5xx; 409 and 429
                to the end of all attempts.
        """
        what = f"{self._where}: {method} {path}"
        for attempt in range(1, attempts + 1):
            try:
                return self._send(what, method, path, form)
            except _NotReachedError as error:
                pause = max(min(_FIRST_PAUSE_SECONDS * 2**attempt, _LONGEST_PAUSE_SECONDS), error.after_seconds)
                if attempt == attempts or pause >= self.remaining_seconds():
                    tries = "once" if attempt == 1 else f"{attempt} times"
                    raise DeviceUnreachableError(f"{error}; tried {tries}") from error
                self._pools.append(self._pools.pop(0))  # the device's next address, where it has several
                self._passing.sleep(max(pause * (0.5 + self._passing.jitter() / 2), error.after_seconds))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _send(self, what: str, method: str, path: str, form: Form | None) -> Answer:
        left = self.remaining_seconds()
        if left <= 0:
            raise DeviceUnreachableError(f"{what}: no time left of {self._limits.budget_seconds:g} s for this device")
        read = min(self._limits.read_seconds, left)
        deadline = self._passing.monotonic() + read
        try:
            response = self._pools[0].urlopen(
                method,
                path,
                body=form.body if form else None,
                headers=self._headers | ({"Content-Type": form.content_type} if form else {}),
                timeout=urllib3.Timeout(connect=min(self._limits.connect_seconds, left), read=read),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except HTTPError as error:
            raise _not_sent(what, error, read) from error
        answer = Answer(response.status, b"")
        try:
            answer = self._received(what, response, deadline)
            response.release_conn()
            return answer
        finally:
            self._tell(method, path, response, answer)
            response.close()

    def _tell(self, method: str, path: str, response: urllib3.BaseHTTPResponse, answer: Answer) -> None:
        if self._heard:
            body = self.without_secrets(answer.body.decode(errors="replace"))
            kind = response.headers.get("Content-Type", "")
            self._heard(Heard(method, path, answer.status, kind, body))

    def _received(self, what: str, response: urllib3.BaseHTTPResponse, deadline: float) -> Answer:
        status = response.status
        if status == HTTPStatus.UNAUTHORIZED and self._in_session:
            # Not the login was refused, which a person would have to look at: that went well a moment ago.
            raise DeviceUnreachableError(f"{what}: the session ended before its time (HTTP 401)")
        if status in _LOGIN_REFUSED:
            raise LoginRefusedError(
                f"{what}: the device refuses its user (HTTP {status}); check the stored user name and password, that "
                "the user is an Administrator, and that the device does not block this address after failed logins"
            )
        if 300 <= status < 400:  # noqa: PLR2004 - all redirects
            target = self.without_secrets(_host_of(response.headers.get("Location", "")))
            raise DeviceRejectedError(
                f"{what}: the device redirects to {target} (HTTP {status}), which is never followed; "
                "correct the device's address, or its web server's settings"
            )
        if status in _PASSING:
            raise _NotReachedError(f"{what}: {_PASSING[status]} (HTTP {status})", _retry_after(response))
        if status >= 500:  # noqa: PLR2004 - all failures of a server
            raise DeviceUnreachableError(f"{what}: the device failed (HTTP {status}); look into its own log")
        return Answer(status, self._body(what, response, deadline), _cookie_in(response))

    def _body(self, what: str, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        limit = self._limits.maximum_bytes
        pieces: list[bytes] = []
        size = 0
        try:
            while max(size, _announced(response)) <= limit:
                piece = response.read1(_CHUNK, decode_content=True)
                if not piece:
                    return b"".join(pieces)
                pieces.append(piece)
                size += len(piece)
                if self._passing.monotonic() > deadline:
                    raise DeviceUnreachableError(f"{what}: the answer took too long; raise the device's read timeout")
        except HTTPError as error:
            raise DeviceUnreachableError(f"{what}: the answer broke off ({type(error).__name__}); try again") from error
        raise DeviceRejectedError(
            f"{what}: the answer is larger than {limit / 1024 / 1024:g} MiB, and nothing of it is used"
        )


def _pool(endpoint: Endpoint, address: str, tls: TlsSettings) -> urllib3.HTTPConnectionPool:
    """Connects to the checked address; TLS verifies the configured name, never the address it resolved to."""
    if endpoint.scheme == "http":
        return urllib3.HTTPConnectionPool(address, endpoint.port)
    if tls.trust is TlsTrust.INSECURE:
        urllib3.disable_warnings(InsecureRequestWarning)  # said in our own words, with each sync
    return urllib3.HTTPSConnectionPool(
        address,
        endpoint.port,
        ssl_context=tls_context(tls),
        cert_reqs=ssl.CERT_REQUIRED if tls.trust is TlsTrust.CA else ssl.CERT_NONE,
        assert_fingerprint=pinned(tls) if tls.trust is TlsTrust.FINGERPRINT else None,
        server_hostname=endpoint.host,
    )


def _not_sent(what: str, error: HTTPError, read_seconds: float) -> DeviceUnreachableError:
    """Why there is no answer; tried again unless that is no use."""
    if isinstance(error, ReadTimeoutError):
        return DeviceUnreachableError(
            f"{what}: no answer within {read_seconds:.0f} s; raise the device's read timeout, or look at its load"
        )
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return DeviceUnreachableError(
            f"{what}: the device's certificate is not trusted ({cause.verify_message}); give its CA, or its "
            "certificate's SHA-256 fingerprint, and the name that stands in the certificate as address"
        )
    if isinstance(error, SSLError) and "ingerprint" in str(cause):
        return DeviceUnreachableError(
            f"{what}: the device shows another certificate than the pinned one; if it was renewed, "
            "check and store the new fingerprint"
        )
    return _NotReachedError(f"{what}: no connection ({_in_words(error)})")


def _in_words(error: BaseException) -> str:
    """The innermost reason that the system gives."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return type(error).__name__


def _host_of(location: str) -> str:
    """Where a redirect leads: scheme, host and port only, since the rest may hold anything."""
    try:
        parts = urlsplit(location)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    if not parts.hostname:
        return "another path of itself"
    return f"{parts.scheme or 'https'}://{parts.hostname[:_SHOWN_HOST]}{port}"


def _cookie_in(response: urllib3.BaseHTTPResponse) -> str:
    """Names and values of the cookies that come with an answer, without where and how long they count."""
    given = response.headers.getlist("Set-Cookie")
    parts = (cookie.partition(";")[0].strip() for cookie in given)
    return "; ".join(part for part in parts if part and part.isascii())


def _announced(response: urllib3.BaseHTTPResponse) -> int:
    """The size that the device announces, in bytes on the wire; 0 where it does not."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and len(length) <= _LENGTH_DIGITS else 0


def _retry_after(response: urllib3.BaseHTTPResponse) -> float:
    """The pause that the device asks for, in seconds; 0 where it asks for none, or by a date."""
    asked = response.headers.get("Retry-After", "").strip()
    return float(asked) if asked.isdecimal() and len(asked) <= _LENGTH_DIGITS else 0.0
