"""Keep what became of numbers: into their history, and out to whoever wants to know.

A batch of changes may come again, in the same cut or in another, and a run may die anywhere. So the counters come
first, which know by the history what they have counted; then the history, whose entries are the same every time; and
the events last, which have an id that consumers know them by: told twice is possible, never told is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from number_inventory.domain.changes import Change, ChangeKind
from number_inventory.domain.counts import Recount
from number_inventory.ports.history import History, StatusEvents
from number_inventory.services.count_numbers import CountChanges


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was done with a batch.

    Attributes:
        changes: how many are in the history now.
        events: how many changes of Status were published.
        unreadable: of how many the number cannot be understood, before or after; they are in the history as they stand.
        failed: changes whose event could not be published: they must come again.
    """

    changes: int
    events: int
    unreadable: int
    failed: Sequence[Change]


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """The use case."""

    count: CountChanges
    history: History
    events: StatusEvents

    def __call__(self, changes: Sequence[Change]) -> Recorded:
        """Record a batch of changes, in whatever order.

        Raises:
            StorageBusyError, StorageRefusedError: some or all are not recorded: the batch must come again.
        """
        recounts = self.count(changes)
        # What came from a backup is no change: its history came with it.
        changes = [change for change in changes if not _restores(change, recounts.get(change.key.customer))]
        self.history.record(changes)
        moved = [change for change in changes if change.moves_status]
        failed = self.events.publish(moved)
        unreadable = sum(change.kind is ChangeKind.UNREADABLE for change in changes)
        return Recorded(len(changes), len(moved) - len(failed), unreadable, failed)


def _restores(change: Change, recount: Recount | None) -> bool:
    """Whether a number came into the table from a backup: before the instant, and of a version that is older still."""
    if recount is None or not recount.restored or change.before is not None or change.after is None:
        return False
    return change.after.version < recount.since and change.streamed_at.timestamp() * 1000 < recount.since
