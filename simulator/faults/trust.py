"""Faults of login and of certificates."""

# ruff: noqa: ARG002 - the hooks of a fault share their signatures, whether a fault looks at everything or not

from dataclasses import dataclass, field
from http import HTTPStatus

from simulator.exchange import Answer, refusal
from simulator.faults.base import Fault, Route, fault


@fault
@dataclass(kw_only=True)
class WrongPassword(Fault):
    """No password is right any more: 401."""

    name = "wrong-password"

    def accepts_login(self) -> bool:
        """Never."""
        return False


@fault
@dataclass(kw_only=True)
class Lockout(Fault):
    """After `after` failed logins in a row the caller's address is blocked for all users for `seconds`: `status` (403).

    Disarming it lifts the blocks.
    """

    name = "lockout"
    after: int = 3
    seconds: float = 60.0
    status: int = HTTPStatus.FORBIDDEN
    _failures: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _blocked_until: dict[str, float] = field(default_factory=dict, init=False, repr=False)

    def after_login(self, client: str, now: float, login: str) -> Answer | None:
        """Counts failures by address and refuses blocked addresses, with right credentials too."""
        if now < self._blocked_until.get(client, now):
            return refusal(self.status, "Access from this address is blocked")
        failures = 0 if login == "right" else self._failures.get(client, 0) + (login == "wrong")
        self._failures[client] = failures
        if failures >= self.after:
            self._blocked_until[client] = now + self.seconds
            self._failures[client] = 0
        return None


@fault
@dataclass(kw_only=True)
class MonitorRole(Fault):
    """Every user has the Monitor role only: 403 for the list."""

    name = "monitor-role"

    def role(self, role: str) -> str:
        """Always Monitor."""
        return "Monitor"


@fault
@dataclass(kw_only=True)
class ExpiredCertificate(Fault):
    """New connections get a certificate of the right CA that expired yesterday."""

    name = "expired-certificate"
    certificate = "expired"
    route: str = Route.CONNECTION


@fault
@dataclass(kw_only=True)
class SelfSignedCertificate(Fault):
    """New connections get a certificate that no authority has signed but itself."""

    name = "self-signed-certificate"
    certificate = "self-signed"
    route: str = Route.CONNECTION


@fault
@dataclass(kw_only=True)
class OtherHostCertificate(Fault):
    """New connections get a certificate of the right CA, made out to another host."""

    name = "other-host-certificate"
    certificate = "other-host"
    route: str = Route.CONNECTION
