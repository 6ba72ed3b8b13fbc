"""Devices as JSON: how they are to be asked, and how they fare. Credentials go in and never come out."""

import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, SecretStr, StrictBool, StrictInt, model_validator

from functions.rest.bodies import GivenBody, ShownBody
from number_inventory.domain.aors import NumberRule
from number_inventory.domain.devices import (
    MAX_READ_TIMEOUT_SECONDS,
    MIN_READ_TIMEOUT_SECONDS,
    Device,
    DeviceKey,
    Health,
    LoginMethod,
    SourceKind,
    TlsSettings,
    TlsTrust,
    device_address,
)
from number_inventory.ports.devices import DeviceEntry
from number_inventory.ports.secrets import Credentials

_MAX_CA_CHARACTERS = 64 * 1024
_MAX_RULES = 50
MAX_IP_GROUP = 2**31 - 1
"""Far more than devices have; what is larger could not be stored as a number."""
_MAX_LIMITS = 100


class _Body(GivenBody):
    """A request's body. Errors never repeat what was given: it may hold a password."""

    model_config = ConfigDict(hide_input_in_errors=True)


class CredentialsBody(_Body):
    """A user of the device, of level Administrator; stored as a SecureString, and never shown again."""

    username: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)] = Field(
        json_schema_extra={"writeOnly": True, "format": "password"}
    )

    def as_credentials(self) -> Credentials:
        """What it stands for."""
        return Credentials(self.username, self.password.get_secret_value())


class TlsBody(_Body):
    """How the device's certificate is trusted."""

    trust: TlsTrust = Field(
        default=TlsTrust.CA,
        description="`ca`: by `ca_pem`, or the system's CAs; `fingerprint`: this very one; `insecure`: unverified.",
    )
    ca_pem: Annotated[str, Field(max_length=_MAX_CA_CHARACTERS)] = Field(
        default="", description="Certificates in PEM; empty: the system's CAs."
    )
    fingerprint: Annotated[str, Field(max_length=100)] = Field(default="", description="SHA-256 of the certificate.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.fingerprint) != (self.trust is TlsTrust.FINGERPRINT):
            raise ValueError("'fingerprint' goes with trust 'fingerprint', and that with it")
        if self.ca_pem and self.trust is not TlsTrust.CA:
            raise ValueError("'ca_pem' goes with trust 'ca' only")
        if self.ca_pem:
            _check_ca(self.ca_pem)
        return self

    def as_settings(self) -> TlsSettings:
        """What it stands for."""
        fingerprint = self.fingerprint.replace(":", "").strip().lower()
        return TlsSettings(trust=self.trust, ca_pem=self.ca_pem, fingerprint=fingerprint)


def _check_ca(text: str) -> None:
    if "PRIVATE KEY" in text:
        raise ValueError("'ca_pem' holds a private key: give the CA's certificate only")
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, TypeError, ValueError):  # TypeError: text that is not ASCII
        raise ValueError("'ca_pem' holds no certificates in PEM form") from None


class RuleBody(_Body):
    """From a user part to a number: the first rule whose pattern matches it as a whole decides."""

    pattern: Annotated[str, Field(min_length=1, max_length=500)] = Field(description="A regular expression (RE2).")
    replacement: Annotated[str, Field(max_length=500)] = Field(default="", description=r"May use its groups: `+\1`.")


Rules = Annotated[list[RuleBody], Field(max_length=_MAX_RULES)]
Hosts = Annotated[list[Annotated[str, Field(max_length=255)]], Field(max_length=_MAX_LIMITS)]
Groups = Annotated[list[Annotated[StrictInt, Field(ge=0, le=MAX_IP_GROUP)]], Field(max_length=_MAX_LIMITS)]
Timeout = Annotated[StrictInt, Field(ge=MIN_READ_TIMEOUT_SECONDS, le=MAX_READ_TIMEOUT_SECONDS)]
Address = Annotated[str, Field(min_length=1, max_length=300)]


class DeviceBody(_Body):
    """All of a device's configuration; what is not given is as for a new device."""

    address: Address = Field(description="Where it listens: `https://host[:port]`.")
    source: SourceKind = Field(
        default=SourceKind.SBC,
        description="`sbc`: one SBC or gateway; `arm`: a Routing Manager, with the users of its nodes.",
    )
    login: LoginMethod = Field(
        default=LoginMethod.BASIC,
        description="`basic`: user and password with each request; `session`: once, for a Routing Manager only.",
    )
    enabled: StrictBool = Field(default=True, description="Whether schedules sync it.")
    tls: TlsBody = TlsBody()
    number_rules: Rules = Field(default=[], description="Empty: a user part that is a number is that number.")
    hosts: Hosts = Field(default=[], description="Only users of these SIP hosts; empty: all.")
    ip_groups: Groups = Field(default=[], description="Only users of these IP groups; empty: all.")
    read_timeout_seconds: Timeout = Field(default=60, description="How long it may take over its list.")
    credentials: CredentialsBody | None = Field(
        default=None,
        description="A new device needs them; those of one that is there are replaced.",
        json_schema_extra={"writeOnly": True},
    )

    def as_device(self, key: DeviceKey) -> Device:
        """What it stands for.

        Raises:
            InvalidInputError: the address is none.
        """
        return Device(
            key=key,
            source=self.source,
            address=device_address(self.address),
            enabled=self.enabled,
            tls=self.tls.as_settings(),
            number_rules=_rules(self.number_rules),
            hosts=frozenset(host.lower() for host in self.hosts),
            ip_groups=frozenset(self.ip_groups),
            read_timeout_seconds=self.read_timeout_seconds,
            login=self.login,
        )


class DevicePatchBody(_Body):
    """Parts of a device's configuration; those that are not given stay as they are."""

    address: Address | None = None
    login: LoginMethod | None = None
    enabled: StrictBool | None = Field(
        default=None, description="true also lets a device be asked again whose credentials were refused."
    )
    tls: TlsBody | None = None
    number_rules: Rules | None = None
    hosts: Hosts | None = None
    ip_groups: Groups | None = None
    read_timeout_seconds: Timeout | None = None
    credentials: CredentialsBody | None = Field(
        default=None,
        description="Must be there with another address, or where the certificate is no longer verified: the stored "
        "ones go to nobody else.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        null = sorted(name for name in self.model_fields_set if getattr(self, name) is None)
        if null:
            raise ValueError(f"{', '.join(null)} cannot be null")
        if not self.model_fields_set:
            raise ValueError(f"changes nothing; there are {', '.join(DevicePatchBody.model_fields)}")
        return self

    def changes(self) -> Mapping[str, object]:
        """The fields of a device that change, with their values.

        Raises:
            InvalidInputError: the address is none.
        """
        given: dict[str, object] = {name: getattr(self, name) for name in self.model_fields_set - {"credentials"}}
        if self.address is not None:
            given["address"] = device_address(self.address)
        if self.tls is not None:
            given["tls"] = self.tls.as_settings()
        if self.number_rules is not None:
            given["number_rules"] = _rules(self.number_rules)
        if self.hosts is not None:
            given["hosts"] = frozenset(host.lower() for host in self.hosts)
        if self.ip_groups is not None:
            given["ip_groups"] = frozenset(self.ip_groups)
        return given


def _rules(rules: list[RuleBody]) -> tuple[NumberRule, ...]:
    return tuple(NumberRule(rule.pattern, rule.replacement) for rule in rules)


class ApproveBody(_Body):
    """Which held removals may go."""

    checksum: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] = Field(
        description="Of exactly the set that is held: if the device misses other numbers by then, none goes."
    )


# --- what is answered


class ShownTls(ShownBody):
    """How the device's certificate is trusted."""

    trust: TlsTrust
    ca_pem: str
    fingerprint: str


class ShownRule(ShownBody):
    """From a user part to a number."""

    pattern: str
    replacement: str


class HeldRemovalsBody(ShownBody):
    """Numbers that the device no longer shows, too many to be taken from it without a person."""

    checksum: str
    count: int
    of: int = Field(description="How many the device holds, these included.")
    sample: list[str] = Field(description="The first ten of them; `number-inventory devices removals` lists them all.")
    since: datetime = Field(description="Since when this very set is held.")


class ApprovalBody(ShownBody):
    """A person's word that the held set may go: this set, and once."""

    checksum: str
    by: str
    at: datetime


class RemovalsBody(ShownBody):
    """What the device's last sync held back, and what a person has said to it."""

    customer: str
    device: str
    health: Health
    reason: str = Field(description="Why it is held; or what else keeps the device from faring well since.")
    held: HeldRemovalsBody | None = Field(description="null where nothing is held.")
    approval: ApprovalBody | None = Field(description="null where nobody has approved it.")


class ApprovedBody(ShownBody):
    """What the next sync takes from the device, if it still misses exactly these numbers."""

    customer: str
    device: str
    held: HeldRemovalsBody
    approval: ApprovalBody


class ShownDevice(ShownBody):
    """A device and how it fares; times are RFC 3339 in UTC. Its credentials are not shown."""

    customer: str
    device: str
    source: SourceKind
    address: str
    login: LoginMethod
    enabled: bool
    tls: ShownTls
    number_rules: list[ShownRule]
    hosts: list[str]
    ip_groups: list[int]
    read_timeout_seconds: int
    health: Health
    since: datetime | None = Field(description="Since when it fares so.")
    cause: str = Field(description="Why it does not fare well.")
    next: str = Field(description="What is to be done about it; empty where nothing is.")
    last_sync_at: datetime | None
    failures: int = Field(description="How often in a row it was asked in vain.")
    next_try_at: datetime | None = Field(
        description="Until when schedules pass it by, because it failed again and again."
    )
    last_complete_at: datetime | None = Field(description="When it last proved all that it holds.")
    restarted_at: datetime | None
    product: str
    version: str
    serial: str
    uptime_seconds: int | None
    held_numbers: int = Field(description="How many numbers it held then.")
    unmapped: int = Field(description="How many users had no number then.")
    removed_within_24_hours: int
    held_removals: HeldRemovalsBody | None


class DevicesBody(ShownBody):
    """A customer's devices, by name."""

    devices: list[ShownDevice]


class RemovedBody(ShownBody):
    """What became of the numbers of a device that is gone."""

    device: str
    outcomes: dict[str, int] = Field(description="How many numbers came to what, such as `cooling_started`.")


class QueuedBody(ShownBody):
    """Syncs that wait for a worker."""

    queued: int


_NEXT = {
    Health.PARTIAL: "what it shows is added, and nothing is taken from it until it shows all it holds",
    Health.WAITING: "what is gone is taken from it once the cause is",
    Health.HELD: "look whether these numbers are gone (number-inventory devices removals), and approve them by "
    "their checksum: `POST .../removals/approve`",
    Health.UNREACHABLE: "make it reachable over HTTPS; schedules ask it again, or `POST .../sync` does",
    Health.LOGIN_REFUSED: "replace its credentials, or enable it again if they are right",
    Health.MISCONFIGURED: "change its configuration or its credentials as the cause says",
}


def removals_body(entry: DeviceEntry) -> RemovalsBody:
    """What the device holds back as JSON."""
    key, state = entry.device.key, entry.state
    return RemovalsBody(
        customer=key.customer,
        device=key.name,
        health=state.health,
        reason=state.cause,
        held=state.held_removals and HeldRemovalsBody.model_validate(state.held_removals, from_attributes=True),
        approval=state.approval and ApprovalBody.model_validate(state.approval, from_attributes=True),
    )


def shown_device(entry: DeviceEntry) -> ShownDevice:
    """The device as JSON."""
    device, state = entry.device, entry.state
    nothing_yet = "the next schedule syncs it" if state.health is Health.NEVER_SYNCED else ""
    return ShownDevice.model_validate(
        {
            "customer": device.key.customer,
            "device": device.key.name,
            "next": _NEXT.get(state.health, nothing_yet) if device.enabled else "enable it, so that schedules sync it",
            "hosts": sorted(device.hosts),
            "ip_groups": sorted(device.ip_groups),
            "tls": ShownTls.model_validate(device.tls, from_attributes=True),
            "number_rules": [ShownRule.model_validate(rule, from_attributes=True) for rule in device.number_rules],
            "removed_within_24_hours": state.removals.removed,
            "held_removals": state.held_removals
            and HeldRemovalsBody.model_validate(state.held_removals, from_attributes=True),
            **{name: getattr(device, name) for name in _CONFIGURED},
            **{name: getattr(state, name) for name in _STATE},
        }
    )


_CONFIGURED = ("source", "address", "login", "enabled", "read_timeout_seconds")
_STATE = (
    "health",
    "since",
    "cause",
    "last_sync_at",
    "failures",
    "next_try_at",
    "last_complete_at",
    "restarted_at",
    "product",
    "version",
    "serial",
    "uptime_seconds",
    "held_numbers",
    "unmapped",
)
