"""Devices that answer what a test tells them to."""

from collections.abc import Iterable

from number_inventory.domain.devices import Device, DeviceKey
from number_inventory.domain.errors import DeviceError, LoginRefusedError
from number_inventory.domain.snapshots import Contact, RegisteredUser, Snapshot
from number_inventory.ports.clock import Clock
from number_inventory.ports.secrets import Credentials
from tests.memory.clock import SettableClock
from tests.memory.fuse import Fuse

UPTIME_SECONDS = 500_000


def user(number: str, *, active: bool = True, host: str = "sbc.example", ip_group: int | None = None) -> RegisteredUser:
    """A registered user with one contact."""
    contact = Contact(f"sip:{number}@192.0.2.7:5060", active, 3600)
    return RegisteredUser(f"sip:{number}@{host}", (contact,), ip_group)


def users(numbers: Iterable[str], dormant: Iterable[str] = ()) -> tuple[RegisteredUser, ...]:
    """Registered users for numbers, and such without an active contact for dormant ones."""
    return (*(user(number) for number in numbers), *(user(number, active=False) for number in dormant))


class ScriptedDevices:
    """A device source; each device shows what stands in `shows`, or raises it.

    Attributes:
        shows: users of a device, or the error that asking it raises.
        incomplete: why a device's snapshots are partial; they are complete where nothing stands.
        refuses: versions of credentials that a device refuses.
        uptime_seconds: since a device's start; days, where nothing else is said.
        asked: who was asked with which version of credentials, in order.
    """

    def __init__(self, clock: Clock | None = None, fuse: Fuse | None = None) -> None:
        self._clock = clock or SettableClock()
        self._fuse = fuse or Fuse()
        self.shows: dict[DeviceKey, tuple[RegisteredUser, ...] | DeviceError] = {}
        self.incomplete: dict[DeviceKey, str] = {}
        self.refuses: dict[DeviceKey, set[int]] = {}
        self.uptime_seconds: dict[DeviceKey, int] = {}
        self.asked: list[tuple[DeviceKey, int]] = []

    def snapshot(self, device: Device, credentials: Credentials) -> Snapshot:
        """What the device shows now."""
        self._fuse.point("source.snapshot before")
        self.asked.append((device.key, credentials.version))
        if credentials.version in self.refuses.get(device.key, set()):
            raise LoginRefusedError(f"device {device.key} answered 401")
        shown = self.shows.get(device.key, ())
        if isinstance(shown, DeviceError):
            raise shown
        taken = Snapshot(
            users=shown,
            taken_at=self._clock.now(),
            incomplete_because=self.incomplete.get(device.key, ""),
            reported_count=len(shown),
            uptime_seconds=self.uptime_seconds.get(device.key, UPTIME_SECONDS),
            product="Mediant VE SBC",
            version="7.40A.250",
            serial="123456",
        )
        self._fuse.point("source.snapshot after")
        return taken
