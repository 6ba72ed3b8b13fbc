"""Asking a played device of either kind, over real TLS on this machine."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from number_inventory.adapters.audiocodes.address import AddressPolicy
from number_inventory.adapters.audiocodes.calls import DeviceCalls
from number_inventory.adapters.audiocodes.connection import Listener
from number_inventory.adapters.audiocodes.source import AudioCodesSource
from number_inventory.domain.devices import Device, DeviceKey, LoginMethod, SourceKind, TlsSettings
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.devices import DeviceSource
from number_inventory.ports.secrets import Credentials
from simulator.device import Device as PlayedDevice
from simulator.server import Simulator
from simulator.users import plain_user

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CANARY = "canary-Pa55word:@/?#"
USERS = tuple(plain_user(f"{number}@10.8.5.71", "10.8.5.71") for number in range(1000, 1020))


class StandingClock:
    """Gives one instant."""

    def now(self) -> datetime:
        return NOW


@dataclass
class Asking:
    """The source, the played device that it asks, and what came of the pauses."""

    simulator: Simulator
    played: PlayedDevice
    pauses: list[float] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    maximum_bytes: int = 1024 * 1024
    budget_seconds: float = 60.0
    policy: AddressPolicy = AddressPolicy.LOCAL
    login: LoginMethod = LoginMethod.BASIC
    heard: Listener | None = None

    @property
    def device(self) -> Device:
        return Device(
            key=DeviceKey("default", "lab"),
            source=SourceKind(self.played.scenario.source),
            address=self.simulator.url(self.played.name),
            tls=TlsSettings(ca_pem=Path(self.simulator.certificates.ca_path).read_text()),
            read_timeout_seconds=1,
            login=self.login,
        )

    @property
    def credentials(self) -> Credentials:
        account = self.played.accounts[0]
        return Credentials(account.username, account.password)

    def snapshot(self, device: Device | None = None, credentials: Credentials | None = None) -> Snapshot:
        calls = DeviceCalls(
            clock=StandingClock(),
            address_policy=self.policy,
            maximum_bytes=self.maximum_bytes,
            budget_seconds=self.budget_seconds,
            warn=self.warnings.append,
            sleep=self.pauses.append,
            heard=self.heard,
        )
        return self.source(calls).snapshot(device or self.device, credentials or self.credentials)

    def source(self, calls: DeviceCalls) -> DeviceSource:
        """What is tested."""
        return AudioCodesSource(calls)

    def asked(self) -> list[str]:
        """What the device was asked, in short."""
        return [f"{request.method} {request.path.rpartition('/')[2]}" for request in self.played.requests()]
