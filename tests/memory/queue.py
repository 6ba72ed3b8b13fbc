"""The queue of syncs in memory."""

from collections.abc import Sequence

from number_inventory.domain.devices import DeviceKey


class MemorySyncQueue:
    """Keeps what was sent.

    Attributes:
        sent: the syncs queued, in order.
        refuses: devices whose syncs cannot be queued.
        batches: how many devices each call handed over.
        scheduled: whether each call was a schedule's.
    """

    def __init__(self) -> None:
        self.sent: list[DeviceKey] = []
        self.refuses: set[DeviceKey] = set()
        self.batches: list[int] = []
        self.scheduled: list[bool] = []

    def send(self, keys: Sequence[DeviceKey], *, scheduled: bool = False) -> Sequence[DeviceKey]:
        """Queue all but the refused."""
        self.scheduled.append(scheduled)
        self.batches.append(len(keys))
        self.sent.extend(key for key in keys if key not in self.refuses)
        return [key for key in keys if key in self.refuses]
