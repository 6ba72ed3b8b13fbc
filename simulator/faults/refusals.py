"""Faults in which the device answers something else than what was asked for."""

# ruff: noqa: ARG002 - the hooks of a fault share their signatures, whether a fault looks at everything or not

import json
from dataclasses import dataclass, replace
from http import HTTPStatus

from simulator.exchange import Answer, Request, json_answer, refusal
from simulator.faults.base import SBC_ONLY, Fault, Route, fault


@fault
@dataclass(kw_only=True)
class NoContent(Fault):
    """204 and no body at all."""

    name = "no-content"
    route: str = Route.LIST

    def answer_instead(self, request: Request, *, empty: bool) -> Answer:
        """204, whatever is registered."""
        return Answer(HTTPStatus.NO_CONTENT)


@fault
@dataclass(kw_only=True)
class EmptyIsBadRequest(Fault):
    """400 where there is nothing to show; with `always` also where there is something."""

    name = "empty-400"
    route: str = Route.LIST
    always: bool = False

    def answer_instead(self, request: Request, *, empty: bool) -> Answer | None:
        """400 when no user is registered."""
        return refusal(HTTPStatus.BAD_REQUEST, "No content") if empty or self.always else None


@fault
@dataclass(kw_only=True)
class HighAvailabilitySync(Fault):
    """409, as while the two halves of an HA pair synchronise."""

    name = "ha-sync"
    route: str = Route.LIST

    def answer_instead(self, request: Request, *, empty: bool) -> Answer:
        """409 with a description."""
        return refusal(HTTPStatus.CONFLICT, "HA synchronization is in progress")


@fault
@dataclass(kw_only=True)
class FailedStatus(Fault):
    """200 whose body says that the script failed; the output stays as it is with `with_output`, else it is empty."""

    name = "failed-status"
    sources = SBC_ONLY
    route: str = Route.LIST
    with_output: bool = False

    def answer_instead(self, request: Request, *, empty: bool) -> Answer | None:
        """A failure without output."""
        if self.with_output:
            return None
        return json_answer({"status": "failure", "description": "CLI Script failed.", "output": ""})

    def change_answer(self, answer: Answer) -> Answer:
        """The real answer with the status of a failure."""
        return replace(answer, body=json.dumps({**json.loads(answer.body), "status": "failure"}).encode())


@fault
@dataclass(kw_only=True)
class HtmlError(Fault):
    """An error (`status`, 500 unless told) whose body is a web page and not JSON."""

    name = "html-error"
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR

    def answer_instead(self, request: Request, *, empty: bool) -> Answer:
        """The error page."""
        page = b"<html><head><title>Error</title></head><body><h1>The web server failed</h1></body></html>"
        return Answer(self.status, page, "text/html")


@fault
@dataclass(kw_only=True)
class HtmlLoginPage(Fault):
    """200 with the web login page where JSON was asked for."""

    name = "html-login-page"

    def answer_instead(self, request: Request, *, empty: bool) -> Answer:
        """The login page."""
        return Answer(HTTPStatus.OK, b"<html><body><form>Web Login</form></body></html>", "text/html")


@fault
@dataclass(kw_only=True)
class NotFound(Fault):
    """404, as a version that does not have this part of the REST API; the count unless told."""

    name = "not-found"
    route: str = Route.COUNT

    def answer_instead(self, request: Request, *, empty: bool) -> Answer:
        """404 with a description."""
        return refusal(HTTPStatus.NOT_FOUND, "Object Not Found")


@fault
@dataclass(kw_only=True)
class Redirect(Fault):
    """302 to another scheme and to another host.

    `to` is `scheme` (plain HTTP, to the trap of the control port), `host` (this device under another host name) or an
    address of its own. The trap notes whether credentials came along: `GET /trap` of the control API.
    """

    name = "redirect"
    to: str = "scheme"

    def answer_instead(self, request: Request, *, empty: bool) -> Answer:
        """302 with a Location."""
        host, _, port = request.headers.get("host", "127.0.0.1").rpartition(":")
        other = "localhost" if host == "127.0.0.1" else "127.0.0.1"
        target = {"scheme": f"{request.trap}", "host": f"https://{other}:{port}{request.path}"}.get(self.to, self.to)
        return Answer(HTTPStatus.FOUND, headers={"Location": target})


@fault
@dataclass(kw_only=True)
class TooManyRequests(Fault):
    """429; `retry_after` (seconds) is announced unless it is 0."""

    name = "too-many-requests"
    retry_after: int = 1

    def answer_instead(self, request: Request, *, empty: bool) -> Answer:
        """429 with a description."""
        return _later(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", self.retry_after)


@fault
@dataclass(kw_only=True)
class Unavailable(Fault):
    """503; `retry_after` (seconds) is announced unless it is 0."""

    name = "unavailable"
    retry_after: int = 1

    def answer_instead(self, request: Request, *, empty: bool) -> Answer:
        """503 with a description."""
        return _later(HTTPStatus.SERVICE_UNAVAILABLE, "The service is not available", self.retry_after)


def _later(status: int, description: str, retry_after: int) -> Answer:
    return refusal(status, description, **({"Retry_After": str(retry_after)} if retry_after else {}))
