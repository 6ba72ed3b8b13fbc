"""A device: a configured AudioCodes connection of a customer, and how it fares."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from number_inventory.domain.aors import NumberRule, compile_rules, split_aor
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.flapping import Returns
from number_inventory.domain.numbers import slug
from number_inventory.domain.removals import Approval, HeldRemovals, RemovalLedger

MIN_READ_TIMEOUT_SECONDS = 5
MAX_READ_TIMEOUT_SECONDS = 120
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|[0-9a-f:.]+", re.ASCII)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)


class SourceKind(StrEnum):
    """Which AudioCodes interface shows the registered users."""

    SBC = "sbc"
    """One SBC or gateway."""
    ARM = "arm"
    """A Routing Manager (ARM), which gathers the users of many."""


class LoginMethod(StrEnum):
    """How user and password are shown to the device.

    `basic` sends them with every request; `session` once, for a session that knows the others (ARM only).
    """

    BASIC = "basic"
    SESSION = "session"


class TlsTrust(StrEnum):
    """How the device's certificate is trusted.

    `ca` verifies against the system's or the device's own CA bundle, `fingerprint` pins the certificate's SHA-256,
    `insecure` checks nothing and is logged with every sync.
    """

    CA = "ca"
    FINGERPRINT = "fingerprint"
    INSECURE = "insecure"


class Health(StrEnum):
    """What the last sync says about a device."""

    NEVER_SYNCED = "never_synced"
    OK = "ok"
    PARTIAL = "partial"
    """It answered, but not so that what it did not show is proven gone."""
    WAITING = "waiting"
    """It answered in full; what is gone waits, because it was restarted or because a setting is broken."""
    HELD = "held"
    """It answered in full; too much would go, so a person must approve."""
    UNREACHABLE = "unreachable"
    LOGIN_REFUSED = "login_refused"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True, order=True)
class DeviceKey:
    """Identity of a device: the customer it belongs to and its name there."""

    customer: str
    name: str

    def __str__(self) -> str:
        return f"{self.customer}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Trust in the device's certificate.

    Attributes:
        ca_pem: PEM text of the CA bundle; empty means the system's.
        fingerprint: SHA-256 of the certificate in hexadecimal, for `TlsTrust.FINGERPRINT`.
    """

    trust: TlsTrust = TlsTrust.CA
    ca_pem: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """How to reach a device and how to read its users. Credentials are kept elsewhere.

    Attributes:
        address: `https://host[:port]`, nothing behind it.
        number_rules: ordered; empty means the default rule.
        hosts: only AORs of these hosts belong to the customer; empty means all. Lower case.
        ip_groups: likewise for the device's IP groups.
        read_timeout_seconds: how long the device may take over its list; big devices need up to 120.
        login: how user and password are shown to it.
    """

    key: DeviceKey
    source: SourceKind
    address: str
    enabled: bool = True
    tls: TlsSettings = field(default_factory=TlsSettings)
    number_rules: tuple[NumberRule, ...] = ()
    hosts: frozenset[str] = frozenset()
    ip_groups: frozenset[int] = frozenset()
    read_timeout_seconds: int = 60
    login: LoginMethod = LoginMethod.BASIC


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunRemoval:
    """How far the removal of a device had come when it stopped half-way.

    Attributes:
        sync: number of the lease that it had. It counts for the very next lease only: a sync may have changed anything.
        sweeps: whether the register may have lost numbers, so that every number of the customer has to be looked at.
        upto: the last number that was looked at; empty before the first.
    """

    sync: int
    sweeps: bool
    upto: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """What is known of a device from its syncs; kept beside its configuration.

    Attributes:
        since: when the present health began.
        cause: why it is not `ok`, in words.
        last_sync_at: when the last attempt ended.
        failures: how often in a row it was asked in vain.
        next_try_at: until when schedules pass it by, because it failed again and again.
        last_complete_at: when a complete snapshot was last applied.
        uptime_seconds: as the device said last.
        restarted_at: when it was last noticed that the device was restarted or replaced; forgotten after a day.
        held_numbers: how many numbers the device held then.
        unmapped: how many AORs mapped to no number then.
        refused_credentials: version of the credentials that the device refused; 0 for none. That version is not tried
            again, because a few failures make the device lock out the caller's address (AudioCodes).
        held_removals: numbers that the device no longer shows, but too many of them to be taken without a person.
        removals: what it lost within the last 24 hours.
        returns: numbers that left it and came back within a day; some of them may flap.
        approval: a person's word that the held removals may go; void once another set, or none, is held.
        begun_removal: how far the removal of the device itself is; None where none was begun.
    """

    health: Health = Health.NEVER_SYNCED
    since: datetime | None = None
    cause: str = ""
    last_sync_at: datetime | None = None
    failures: int = 0
    next_try_at: datetime | None = None
    last_complete_at: datetime | None = None
    product: str = ""
    version: str = ""
    serial: str = ""
    uptime_seconds: int | None = None
    restarted_at: datetime | None = None
    held_numbers: int = 0
    unmapped: int = 0
    refused_credentials: int = 0
    held_removals: HeldRemovals | None = None
    removals: RemovalLedger = field(default_factory=RemovalLedger)
    returns: Returns = field(default_factory=Returns)
    approval: Approval | None = None
    begun_removal: BegunRemoval | None = None


def leads_elsewhere(before: Device, after: Device) -> bool:
    """Whether credentials that were given for the one would go to somebody else, or anybody, as the other.

    Whoever may configure a device, but not read its credentials, could have them sent to a host of their own.
    """
    unverified = after.tls.trust is TlsTrust.INSECURE and before.tls.trust is not TlsTrust.INSECURE
    return after.address != before.address or unverified


def configuration_digest(device: Device) -> str:
    """By which a caller knows whether a device is still configured as it was seen: 16 hexadecimal digits."""
    parts = (
        device.source,
        device.address,
        device.enabled,
        device.tls.trust,
        device.tls.ca_pem,
        device.tls.fingerprint,
        [(rule.pattern, rule.replacement) for rule in device.number_rules],
        sorted(device.hosts),
        sorted(device.ip_groups),
        device.read_timeout_seconds,
        *([device.login] if device.login is not LoginMethod.BASIC else ()),  # else as before there was a choice
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def check_device(device: Device) -> None:
    """Refuse a configuration that could not work, before it is stored.

    Raises:
        InvalidInputError: names the field and what is allowed there.
    """
    slug(device.key.customer, field="customer")
    slug(device.key.name, field="device")
    if device.address != device_address(device.address):
        raise InvalidInputError("address", f"must be in its canonical form, {device_address(device.address)}")
    if not MIN_READ_TIMEOUT_SECONDS <= device.read_timeout_seconds <= MAX_READ_TIMEOUT_SECONDS:
        allowed = f"{MIN_READ_TIMEOUT_SECONDS} to {MAX_READ_TIMEOUT_SECONDS} seconds"
        raise InvalidInputError("read_timeout_seconds", f"must be {allowed}, not {device.read_timeout_seconds}")
    if device.tls.trust is TlsTrust.FINGERPRINT and not _FINGERPRINT.fullmatch(device.tls.fingerprint):
        raise InvalidInputError("fingerprint", "must be the certificate's SHA-256, 64 hexadecimal digits")
    if device.login is LoginMethod.SESSION and device.source is not SourceKind.ARM:
        raise InvalidInputError("login", "must be basic for an SBC, which knows no sessions; session is for an ARM")
    for host in device.hosts:
        _check_aor_host(host)
    compile_rules(device.number_rules)


def _check_aor_host(host: str) -> None:
    """Refuse a host that no AOR could ever match: every number of the device would seem to be gone."""
    seen = split_aor(f"sip:anyone@[{host}]" if ":" in host else f"sip:anyone@{host}").host
    if not host or seen != host or (":" in host and not _HOST.fullmatch(host)):
        raise InvalidInputError(
            "hosts", f"must be lower case host names or addresses without a port, not {host[:100]!r}"
        )


def device_address(text: str) -> str:
    """The canonical `https://host[:port]` of a device's address; a bare host is taken as HTTPS.

    Raises:
        InvalidInputError: it has a user, a path, another scheme, or no proper host or port.
    """
    allowed = "must be https://host or https://host:port"
    stripped = text.strip()
    try:
        parts = urlsplit(stripped if "://" in stripped else f"https://{stripped}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidInputError("address", f"{allowed}, not {text[:100]!r}") from None
    if "@" in parts.netloc:
        raise InvalidInputError("address", f"{allowed}; user and password are kept apart as the device's credentials")
    rest = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme != "https" or rest or port == 0 or not _HOST.fullmatch(host):
        raise InvalidInputError("address", f"{allowed}, not {text[:100]!r}")
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}" if port in {None, 443} else f"https://{shown}:{port}"
