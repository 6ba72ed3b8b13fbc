"""Devices and their syncs: the configured ones, how they are asked, and the queue of those to ask."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from number_inventory.domain.devices import Device, DeviceKey, DeviceState
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.removals import Approval
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.secrets import Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to sync one device, for a while; nobody else syncs it meanwhile.

    Attributes:
        sync: this sync's sequence number; every lease of a device has a greater one, so older writers are known.
        until: after this instant the lease is not worth anything; stop before it.
        digest: of what the last settled sync saw (`snapshots.digest_of`); empty before the first.
        settled_sync: the last sync whose register is settled. If that was not the one before this, it stopped
            half-way, and its numbers are in doubt and must be looked at again.
        base: where the register's present base image stands, see `Registrations`; empty before the first.
        mark: what the settled register must end with, see `Register`; empty where that is not known.
    """

    key: DeviceKey
    sync: int
    until: datetime
    device: Device
    state: DeviceState
    digest: str
    settled_sync: int
    base: str
    mark: str = ""

    @property
    def settled(self) -> bool:
        """Whether every earlier sync came to its end."""
        return self.settled_sync == self.sync - 1


DAMAGED = "damaged"
"""The mark of a register that is known to have lost something: none ends so, so nobody takes it for whole."""


@dataclass(frozen=True, slots=True)
class RegisterHead:
    """What a settled sync leaves for the next: the digest of what it saw, and where the register stands and ends."""

    digest: str
    base: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """A device with its state, as listings show it."""

    device: Device
    state: DeviceState


@dataclass(frozen=True, slots=True)
class NotDue:
    """A device that schedules pass by for now, because it failed again and again.

    Attributes:
        until: when it is asked again.
    """

    state: DeviceState
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHead:
    """A device as it stands at one instant, with what is needed to read its register without its lease.

    Attributes:
        sync: number of the newest sync that has begun; nothing of the device has moved while it stays the same and is
            the settled one.
        settled_sync, digest, base, mark: as in `Lease`.
        leased_until: until when a sync has the device; None where none has.
    """

    device: Device
    state: DeviceState
    sync: int
    settled_sync: int
    digest: str
    base: str
    leased_until: datetime | None
    mark: str = ""

    @property
    def settled(self) -> bool:
        """Whether every sync that has begun came to its end."""
        return self.settled_sync == self.sync


class Devices(Protocol):
    """The configured devices, their states and their leases."""

    def add(self, device: Device) -> None:
        """Add a device; raises AlreadyExistsError where the name is taken, and changes nothing then."""

    def get(self, key: DeviceKey) -> DeviceEntry:
        """One device; raises NotFoundError."""

    def of_customer(self, customer: str) -> Sequence[DeviceEntry]:
        """All devices of a customer, by name."""

    def heads(
        self, customer: str, names: Collection[str] | None = None
    ) -> Mapping[str, DeviceHead | RecordBrokenError]:
        """The heads of a customer's devices by name, strongly consistent; of all, or of those among `names` that exist.

        A device that cannot be understood is there all the same, as the error that tells why.
        """

    def distrust(self, head: DeviceHead) -> bool:
        """Let the next sync compare everything, even if the device shows what it showed: its register is damaged.

        False, and nothing written, where the device is not as in `head` any more.
        """

    def reconfigure(self, before: Device, after: Device) -> bool:
        """Store how a device is asked from its next sync on; its state, lease and register stay.

        False, and nothing stored, where it is not configured as in `before` any more. Raises NotFoundError.
        """

    def set_enabled(self, key: DeviceKey, *, enabled: bool) -> None:
        """Let schedules sync the device, or not; its numbers stay as they are. Raises NotFoundError.

        Enabling also lets refused credentials be tried again, and the device be asked at the next turn.
        """

    def approve_removals(self, key: DeviceKey, approval: Approval) -> bool:
        """Keep a person's word that held removals may go; safe to repeat.

        False, and nothing kept, where the device does not hold exactly that set back now. Raises NotFoundError.
        """

    def remove(self, key: DeviceKey, lease: Lease) -> None:
        """Forget the device; only under its lease."""

    def enabled(self) -> Iterator[DeviceKey]:
        """Every enabled device of every customer."""

    def customers(self) -> Iterator[str]:
        """Every customer that has an enabled device, each once."""

    def acquire(self, key: DeviceKey, now: datetime, until: datetime, *, even_disabled: bool = False) -> Lease | None:
        """Take the lease; None while somebody else has it. Raises NotFoundError for no such (enabled) device."""

    def acquire_if_due(self, key: DeviceKey, now: datetime, until: datetime) -> Lease | NotDue | None:
        """The same for a schedule's turn, which passes by a device whose `next_try_at` is still to come."""

    def finish(self, lease: Lease, state: DeviceState, head: RegisterHead | None) -> bool:
        """Give the lease back and keep the state; `head` if the register is settled, None if it is in doubt.

        An approval stays as it stands, given meanwhile or not, as long as the same removals are held as when the lease
        was taken; else it is void.

        Returns False where the lease was lost to somebody else: then nothing is written.
        """


class DeviceSource(Protocol):
    """A way to ask devices of one kind."""

    def snapshot(self, device: Device, credentials: Credentials) -> Snapshot:
        """Ask the device for its registered users; raises DeviceError where nothing can be concluded."""


class SyncQueue(Protocol):
    """Where single syncs wait for a worker."""

    def send(self, keys: Sequence[DeviceKey], *, scheduled: bool = False) -> Sequence[DeviceKey]:
        """Queue one sync for each device; returns those that could not be queued.

        What is `scheduled` passes by devices that are not due, see `Devices.acquire_if_due`.
        """
