"""Add, test, enable and disable devices.

A device that is disabled keeps its numbers as they are: silence is not absence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from number_inventory.domain.aors import compile_rules
from number_inventory.domain.devices import Device, DeviceKey, check_device, configuration_digest, leads_elsewhere
from number_inventory.domain.errors import (
    AlreadyExistsError,
    ConfigurationChangedError,
    InvalidInputError,
    NotFoundError,
    StorageBusyError,
)
from number_inventory.domain.numbers import slug
from number_inventory.domain.snapshots import Claims, Snapshot, UserScope, claims_of
from number_inventory.ports.devices import DeviceEntry, Devices
from number_inventory.ports.secrets import Credentials, Secrets
from number_inventory.services.ask_device import AskDevice

_MAX_ROUNDS = 8
"""How often a change is decided anew because somebody else was faster."""

_GO_NOWHERE_ELSE = (
    "must be given again with another address, or where the certificate is no longer verified: those that are stored go"
    " to nobody else"
)


@dataclass(frozen=True, slots=True)
class DeviceTest:
    """What a device answers when it is only asked: nothing is stored or changed."""

    snapshot: Snapshot
    claims: Claims


@dataclass(frozen=True, slots=True)
class ConfigureDevices:
    """Add devices, change what they are asked with, look at them and try them."""

    devices: Devices
    secrets: Secrets
    ask: AskDevice

    def all(self, customer: str) -> Sequence[DeviceEntry]:
        """A customer's devices and how they fare, by name.

        Raises:
            InvalidInputError: the customer's name is malformed.
        """
        return self.devices.of_customer(slug(customer, field="customer"))

    def one(self, key: DeviceKey) -> DeviceEntry:
        """One device and how it fares.

        Raises:
            InvalidInputError: the customer's or the device's name is malformed.
            NotFoundError: there is no such device.
        """
        slug(key.customer, field="customer")
        slug(key.name, field="device")
        return self.devices.get(key)

    def check_new(self, device: Device) -> None:
        """Say what `add` would refuse, before anybody is asked for credentials.

        Raises:
            InvalidInputError: a part of the configuration cannot work.
            AlreadyExistsError: the customer has a device of this name.
        """
        check_device(device)
        self._refuse_existing(device.key)

    def add(self, device: Device, credentials: Credentials) -> None:
        """Configure a new device.

        Credentials are stored first: a device without them could only fail. Dying in between leaves credentials that
        nothing uses, and the same call may be made again. Of two who add it at once the later one's may stay, although
        its device does not: they are for its address, and sent to no other.

        Raises:
            InvalidInputError: a part of the configuration cannot work.
            AlreadyExistsError: the customer has a device of this name; it stays as it is, with its credentials.
        """
        self.check_new(device)
        self._store(device, credentials)
        self.devices.add(device)

    def _refuse_existing(self, key: DeviceKey) -> None:
        """Stop before the credentials of a device that exists are overwritten."""
        try:
            self.devices.get(key)
        except NotFoundError:
            return
        raise AlreadyExistsError(f"device {key} exists already; remove it first, or choose another name")

    def change(
        self,
        key: DeviceKey,
        changed: Callable[[Device], Device],
        if_digest: str | None = None,
        credentials: Credentials | None = None,
    ) -> DeviceEntry:
        """Change how a device is asked, from its next sync on; its state and its numbers stay as they are.

        New credentials are stored once the change stands: one that is refused leaves those of others alone. Dying in
        between leaves the old ones, which are for that address as well; ask for the same again. Only where the change
        leads elsewhere they are stored first: the stored ones must never be sent there. Dying in between, or losing a
        race between the last look and the change, leaves them instead of the others; they go to no address but theirs.

        Args:
            key: which device.
            changed: from the device as it is to the device as it is to be; may be asked again, if others are faster.
            if_digest: change it only if it is configured so, see `configuration_digest`.
            credentials: in place of those that are stored; None keeps these, where they would go nowhere else.

        Raises:
            NotFoundError: there is no such device.
            InvalidInputError: a part of the configuration cannot work, or it leads elsewhere without credentials.
            ConfigurationChangedError: it is configured otherwise.
            StorageBusyError: it could not be stored; ask for the same again.
        """
        for _ in range(_MAX_ROUNDS):
            entry = self.one(key)
            digest = configuration_digest(entry.device)
            if if_digest is not None and digest != if_digest:
                raise ConfigurationChangedError(str(key), digest)
            after = changed(entry.device)
            check_device(after)
            elsewhere = leads_elsewhere(entry.device, after)
            if credentials is not None:
                _check_credentials(credentials)
            elif elsewhere:
                raise InvalidInputError("credentials", _GO_NOWHERE_ELSE)
            if credentials is not None and elsewhere:
                if self.one(key).device != entry.device:
                    continue
                self._store(after, credentials)
            if after != entry.device and not self.devices.reconfigure(entry.device, after):
                continue
            if credentials is not None and not elsewhere:
                self._store(after, credentials)
            return self.one(key)
        raise StorageBusyError(f"device {key} could not be changed for now: others kept changing it. Try again later")

    def replace_credentials(self, key: DeviceKey, credentials: Credentials) -> None:
        """Store new credentials for a device; a refusal of the old ones does not stop the new.

        Raises:
            NotFoundError: there is no such device.
        """
        self._store(self.devices.get(key).device, credentials)

    def _store(self, device: Device, credentials: Credentials) -> None:
        """Store credentials for where the device is, or is about to be: they go nowhere else."""
        _check_credentials(credentials)
        self.secrets.store(device.key, replace(credentials, address=device.address))

    def test(self, key: DeviceKey) -> DeviceTest:
        """Ask the device for its users, as a sync would, and change nothing.

        Raises:
            NotFoundError: there is no such device.
            DeviceError: it gave no snapshot, and why.
        """
        device = self.devices.get(key).device
        mapper = compile_rules(device.number_rules)
        snapshot = self.ask(device)
        return DeviceTest(snapshot, claims_of(snapshot.users, mapper, UserScope(device.hosts, device.ip_groups)))

    def set_enabled(self, key: DeviceKey, *, enabled: bool) -> DeviceEntry:
        """Let schedules sync the device, or not; enabling also forgets that its credentials were refused.

        Raises:
            NotFoundError: there is no such device.
        """
        self.devices.set_enabled(key, enabled=enabled)
        return self.devices.get(key)


def _check_credentials(credentials: Credentials) -> None:
    if not credentials.username or not credentials.password:
        raise InvalidInputError("credentials", "user name and password must not be empty")
