"""The configured devices in memory, with their states and leases."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from number_inventory.domain.devices import Device, DeviceKey, DeviceState
from number_inventory.domain.errors import AlreadyExistsError, LeaseLostError, NotFoundError, RecordBrokenError
from number_inventory.domain.removals import Approval
from number_inventory.ports.devices import DeviceEntry, DeviceHead, Lease, NotDue, RegisterHead
from tests.memory.fuse import Fuse


@dataclass(slots=True)
class _Slot:
    """A device and all that stands beside it."""

    device: Device
    state: DeviceState = field(default_factory=DeviceState)
    sync: int = 0
    leased_until: datetime | None = None
    head: RegisterHead = field(default_factory=lambda: RegisterHead("", ""))
    settled_sync: int = 0


class MemoryDevices:
    """Devices by key; one that is added again counts its syncs on from its earlier life.

    Attributes:
        unreadable: devices whose configuration cannot be understood.
    """

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._slots: dict[DeviceKey, _Slot] = {}
        self._earlier_lives: dict[DeviceKey, int] = {}
        self.unreadable: set[DeviceKey] = set()

    def add(self, device: Device) -> None:
        """Add a device where the name is free."""
        self._fuse.point("devices.add before")
        if device.key in self._slots:
            raise AlreadyExistsError(f"device {device.key} exists already")
        last = self._earlier_lives.get(device.key, 0)
        self._slots[device.key] = _Slot(device, sync=last, settled_sync=last)
        self._fuse.point("devices.add after")

    def get(self, key: DeviceKey) -> DeviceEntry:
        """One device."""
        slot = self._slot(key)
        return DeviceEntry(slot.device, slot.state)

    def of_customer(self, customer: str) -> Sequence[DeviceEntry]:
        """All devices of a customer that can be understood."""
        readable = sorted(self._slots.keys() - self.unreadable)
        return [self.get(key) for key in readable if key.customer == customer]

    def heads(
        self, customer: str, names: Collection[str] | None = None
    ) -> Mapping[str, DeviceHead | RecordBrokenError]:
        """The heads of a customer's devices, or of some of them."""
        self._fuse.point("devices.heads before")
        wanted = [
            key for key in sorted(self._slots) if key.customer == customer and (names is None or key.name in names)
        ]
        found = {key.name: self._head(key) for key in wanted}
        self._fuse.point("devices.heads after")
        return found

    def _head(self, key: DeviceKey) -> DeviceHead | RecordBrokenError:
        slot = self._slots[key]
        if key in self.unreadable:
            return _broken(key)
        return DeviceHead(
            device=slot.device,
            state=slot.state,
            sync=slot.sync,
            settled_sync=slot.settled_sync,
            digest=slot.head.digest,
            base=slot.head.base,
            mark=slot.head.mark,
            leased_until=slot.leased_until,
        )

    def distrust(self, head: DeviceHead) -> bool:
        """Forget what the device showed last, if it has not moved since."""
        self._fuse.point("devices.distrust before")
        slot = self._slots.get(head.device.key)
        if slot is None or (slot.sync, slot.settled_sync) != (head.sync, head.settled_sync):
            return False
        slot.head = replace(slot.head, digest="distrusted")
        self._fuse.point("devices.distrust after")
        return True

    def reconfigure(self, before: Device, after: Device) -> bool:
        """Store the configuration, if it is the one that was seen."""
        self._fuse.point("devices.reconfigure before")
        slot = self._slot(before.key)
        if slot.device not in {before, after}:
            return False
        slot.device = after
        self._fuse.point("devices.reconfigure after")
        return True

    def set_enabled(self, key: DeviceKey, *, enabled: bool) -> None:
        """Switch the device; switched on, its credentials get a new chance."""
        self._fuse.point("devices.set_enabled before")
        slot = self._slot(key)
        slot.device = replace(slot.device, enabled=enabled)
        if enabled:
            slot.state = replace(slot.state, refused_credentials=0, next_try_at=None)
        self._fuse.point("devices.set_enabled after")

    def approve_removals(self, key: DeviceKey, approval: Approval) -> bool:
        """Keep the approval, if it is about what is held."""
        self._fuse.point("devices.approve_removals before")
        slot = self._slot(key)
        if slot.state.held_removals is None or slot.state.held_removals.checksum != approval.checksum:
            return False
        slot.state = replace(slot.state, approval=approval)
        self._fuse.point("devices.approve_removals after")
        return True

    def remove(self, key: DeviceKey, lease: Lease) -> None:
        """Forget the device under its lease; nothing where it is gone already."""
        self._fuse.point("devices.remove before")
        if key in self._slots:
            if not self._holds(lease):
                raise LeaseLostError(f"the lease of device {key} was lost to another sync")
            self._earlier_lives[key] = lease.sync
            del self._slots[key]
        self._fuse.point("devices.remove after")

    def enabled(self) -> Iterator[DeviceKey]:
        """Every enabled device."""
        yield from [key for key, slot in sorted(self._slots.items()) if slot.device.enabled]

    def customers(self) -> Iterator[str]:
        """Every customer with an enabled device."""
        yield from sorted({key.customer for key in self.enabled()})

    def acquire(self, key: DeviceKey, now: datetime, until: datetime, *, even_disabled: bool = False) -> Lease | None:
        """Take the lease, if nobody has one that is still good."""
        self._fuse.point("devices.acquire before")
        slot = self._slot(key)
        if not slot.device.enabled and not even_disabled:
            raise NotFoundError(f"there is no enabled device {key}")
        if slot.leased_until is not None and slot.leased_until > now:
            return None
        slot.sync += 1
        slot.leased_until = until
        self._fuse.point("devices.acquire after")
        return Lease(
            key=key,
            sync=slot.sync,
            until=until,
            device=slot.device,
            state=slot.state,
            digest=slot.head.digest,
            settled_sync=slot.settled_sync,
            base=slot.head.base,
            mark=slot.head.mark,
        )

    def acquire_if_due(self, key: DeviceKey, now: datetime, until: datetime) -> Lease | NotDue | None:
        """Take the lease, unless the device is to be left alone for now."""
        slot = self._slot(key)
        if not slot.device.enabled:
            raise NotFoundError(f"there is no enabled device {key}")
        free = slot.leased_until is None or slot.leased_until <= now
        if free and slot.state.next_try_at and slot.state.next_try_at > now:
            return NotDue(slot.state, slot.state.next_try_at)
        return self.acquire(key, now, until)

    def finish(self, lease: Lease, state: DeviceState, head: RegisterHead | None) -> bool:
        """Give the lease back, unless somebody else has it by now."""
        self._fuse.point("devices.finish before")
        if not self._holds(lease):
            return False
        slot = self._slots[lease.key]
        if state.refused_credentials == lease.state.refused_credentials:
            # Left as it is now: an operator may have enabled the device meanwhile.
            state = replace(state, refused_credentials=slot.state.refused_credentials)
        held_before, held = lease.state.held_removals, state.held_removals
        same = (held_before.checksum if held_before else "") == (held.checksum if held else "")
        state = replace(state, approval=slot.state.approval if same else None)
        slot.state, slot.leased_until = state, None
        if head is not None:
            slot.head, slot.settled_sync = head, lease.sync
        self._fuse.point("devices.finish after")
        return True

    def leased_until(self, key: DeviceKey) -> datetime | None:
        """When the present lease ends; None where nobody has one."""
        return self._slot(key).leased_until

    def replace_device(self, key: DeviceKey, **settings: object) -> None:
        """Plant a configuration that no check has seen."""
        slot = self._slot(key)
        slot.device = replace(slot.device, **settings)  # type: ignore[arg-type]

    def replace_state(self, key: DeviceKey, **fields: object) -> None:
        """Plant a state that no sync has left."""
        slot = self._slot(key)
        slot.state = replace(slot.state, **fields)  # type: ignore[arg-type]

    def drop(self, key: DeviceKey) -> None:
        """Let the device's item be gone, as if some other hand had deleted it."""
        del self._slots[key]

    def _holds(self, lease: Lease) -> bool:
        slot = self._slots.get(lease.key)
        return slot is not None and slot.sync == lease.sync

    def _slot(self, key: DeviceKey) -> _Slot:
        if key not in self._slots:
            raise NotFoundError(f"there is no device {key}")
        if key in self.unreadable:
            raise _broken(key)
        return self._slots[key]


def _broken(key: DeviceKey) -> RecordBrokenError:
    return RecordBrokenError(f"device {key}", "tls.trust", "is spoilt by a test")
