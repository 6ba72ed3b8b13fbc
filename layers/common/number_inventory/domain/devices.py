"""A device: a configured AudioCodes connection of a customer, and how it fares."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from number_inventory.domain.aors import NumberRule


class SourceKind(StrEnum):
    """Which AudioCodes interface shows the registered users."""

    SBC = "sbc"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """What is known of a device from its syncs; kept beside its configuration.

    Attributes:
        since: when the present health began.
        cause: why it is not `ok`, in words.
        last_sync_at: when the last attempt ended.
        last_complete_at: when a complete snapshot was last applied.
        uptime_seconds: as the device said then.
        held_numbers: how many numbers the device held then.
        unmapped: how many AORs mapped to no number then.
        refused_credentials: version of the credentials that the device refused; 0 for none. That version is not tried
            again, because a few failures make the device lock out the caller's address (AudioCodes).
    """

    health: Health = Health.NEVER_SYNCED
    since: datetime | None = None
    cause: str = ""
    last_sync_at: datetime | None = None
    last_complete_at: datetime | None = None
    product: str = ""
    version: str = ""
    serial: str = ""
    uptime_seconds: int | None = None
    held_numbers: int = 0
    unmapped: int = 0
    refused_credentials: int = 0
