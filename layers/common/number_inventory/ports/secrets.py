"""Where device credentials are kept."""

from dataclasses import dataclass
from typing import Protocol

from number_inventory.domain.devices import DeviceKey


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A device user and its password; never shown, not even in a traceback.

    Attributes:
        version: grows when the stored credentials change; a refused version is not tried again.
        address: the device's, for which they were given: they are sent to no other. Empty where another hand stored
            them without it.
    """

    username: str
    password: str
    version: int = 0
    address: str = ""

    def are_for(self, address: str) -> bool:
        """Whether they may be sent there."""
        return self.address in {"", address}

    def __repr__(self) -> str:
        """Say what it is, and nothing of what it holds."""
        return "Credentials(...)"


class Secrets(Protocol):
    """Where device credentials are kept."""

    def credentials(self, key: DeviceKey, *, fresh: bool = False) -> Credentials:
        """The credentials of a device; `fresh` passes by any cache. Raises CredentialsMissingError."""

    def store(self, key: DeviceKey, credentials: Credentials) -> None:
        """Keep a device's credentials, encrypted."""

    def forget(self, key: DeviceKey) -> None:
        """Remove a device's credentials; nothing where there are none."""
