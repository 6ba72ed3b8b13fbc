"""Send every enabled device its turn: one queued sync each, so that one bad device never delays the others."""

from dataclasses import dataclass
from itertools import islice

from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import InvalidInputError, StorageBusyError
from number_inventory.ports.devices import Devices, SyncQueue

BATCH = 500
"""Devices handed to the queue at once: bounds memory, not the number of devices."""


@dataclass(frozen=True, slots=True)
class DispatchSyncs:
    """The use case."""

    devices: Devices
    queue: SyncQueue

    def __call__(self, customer: str | None = None, device: str | None = None) -> int:
        """Queue a sync of every enabled device, of a customer's, or of one; returns how many.

        A turn that names nobody is a schedule's: it passes by devices that are not due, because they failed again and
        again. Whoever is named is asked.

        Devices that were queued twice are no harm: the second sync finds nothing to do or the lease taken.

        Raises:
            InvalidInputError: a device is named without its customer.
            NotFoundError: the one device named does not exist.
            StorageBusyError: some devices could not be queued; the schedule tries again, or its next turn does.
        """
        if device is not None and customer is None:
            raise InvalidInputError("customer", f"must be given together with device {device!r}")
        if customer is not None and device is not None:
            keys = iter([self.devices.get(DeviceKey(customer, device)).device.key])
        else:
            keys = (key for key in self.devices.enabled() if customer is None or key.customer == customer)
        queued, missed = 0, list[DeviceKey]()
        while batch := list(islice(keys, BATCH)):
            failed = self.queue.send(batch, scheduled=customer is None)
            queued += len(batch) - len(failed)
            missed.extend(failed)
        if missed:
            names = ", ".join(str(key) for key in missed[:5])
            raise StorageBusyError(f"{len(missed)} of {queued + len(missed)} syncs could not be queued ({names})")
        return queued
