"""What the numbers' stream still keeps, and who records it: for changes that were not recorded in time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from number_inventory.domain.changes import ChangeKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedChange:
    """A change as the stream keeps it.

    Attributes:
        shard: the part of the stream that it is in: the changes of one number are in one, and then in its children.
        sequence: its name in the stream.
        at: when the database made it, in whole seconds.
        key: which change it is in the history; None where the record cannot be understood.
        content: the record as JSON, the way the recording function gets it from the stream; only adapters look into it.
    """

    shard: str
    sequence: str
    at: datetime
    key: ChangeKey | None
    content: bytes


class NumberStream(Protocol):
    """The stream of the numbers' table, which keeps each change for a day."""

    def changes(self, until: datetime) -> Iterator[StreamedChange]:
        """All that it keeps, shard by shard, parents before their children; within a shard as it happened.

        Args:
            until: what happened later is left out. It should not lie ahead: nobody waits for what is to come.

        Raises:
            NotFoundError: the table has no stream.
            StorageBusyError, StorageRefusedError: it cannot be read any further.
        """


class HistoryFunction(Protocol):
    """The deployed function that records what the stream hands over."""

    def record(self, batch: Sequence[StreamedChange]) -> Sequence[str]:
        """Have changes of one shard recorded, and wait for it; returns the sequences of those that must come again.

        Raises:
            StorageBusyError: the function failed, or could not be invoked for now: all of the batch must come again.
            StorageRefusedError: it cannot be invoked.
        """
