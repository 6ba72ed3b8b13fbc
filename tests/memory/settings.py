"""Macros and credentials in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import CredentialsMissingError
from number_inventory.domain.macros import GLOBAL, MacroValue, resolve_macro
from number_inventory.ports.secrets import Credentials
from tests.memory.fuse import Fuse


class MemoryMacros:
    """Macro values by scope and name."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._values: dict[str, dict[str, str]] = {}

    def resolve(self, customer: str, names: Sequence[str]) -> Mapping[str, MacroValue]:
        """The values in force."""
        self._fuse.point("macros.resolve before")
        own = {} if customer == GLOBAL else self.stored(customer)
        everywhere = self.stored(GLOBAL)
        return {name: resolve_macro(name, own.get(name), everywhere.get(name)) for name in names}

    def put(self, scope: str, name: str, value: str) -> None:
        """Store a value, checked or not: tests plant broken ones here."""
        self._values.setdefault(scope, {})[name] = value

    def remove(self, scope: str, name: str) -> None:
        """Forget a value."""
        self._values.get(scope, {}).pop(name, None)

    def stored(self, scope: str) -> Mapping[str, str]:
        """All values of a scope."""
        return dict(self._values.get(scope, {}))


class MemorySecrets:
    """Credentials by device; each store counts their version up from 1."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._stored: dict[DeviceKey, Credentials] = {}
        self._cached: dict[DeviceKey, Credentials] = {}

    def credentials(self, key: DeviceKey, *, fresh: bool = False) -> Credentials:
        """The credentials; where a test made them stale, the old ones until somebody asks for fresh ones."""
        self._fuse.point("secrets.credentials before")
        if fresh:
            self._cached.pop(key, None)
        found = self._cached.get(key) or self._stored.get(key)
        if found is None:
            raise CredentialsMissingError(f"no credentials are stored for device {key}")
        return found

    def store(self, key: DeviceKey, credentials: Credentials) -> None:
        """Keep credentials under the next version."""
        self._fuse.point("secrets.store before")
        before = self._stored.get(key)
        version = before.version + 1 if before else 1
        self._stored[key] = replace(credentials, version=version)
        self._fuse.point("secrets.store after")

    def forget(self, key: DeviceKey) -> None:
        """Remove credentials."""
        self._fuse.point("secrets.forget before")
        self._stored.pop(key, None)
        self._cached.pop(key, None)
        self._fuse.point("secrets.forget after")

    def freeze_cache(self, key: DeviceKey) -> None:
        """From now on this process sees the present credentials, whatever others store, until it reads fresh."""
        self._cached[key] = self._stored[key]
