"""Have changes recorded once more that the stream still keeps: after Lambda has given some of them up.

The deployed function does the recording, in the cuts in which the stream would have handed them over: history and
counters know what they have, whoever brings it, how often and in which order. Changes of Status are published again,
under the ids that they had. So this may be run at any time, beside the stream itself, and be interrupted anywhere.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from number_inventory.domain.errors import InvalidInputError, RetryableError, StorageBusyError
from number_inventory.ports.clock import Clock
from number_inventory.ports.history import History
from number_inventory.ports.number_stream import HistoryFunction, NumberStream, StreamedChange

BATCH = 100
"""The most changes of a batch, as in the template."""

BATCH_BYTES = 5_000_000
"""The most that a batch may hold; Lambda takes six megabytes at once. No change alone is larger: an item has 400 KB."""

WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before a batch is handed over once more; then the replay ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """What is to be replayed.

    Attributes:
        since, until: from when to when the changes happened; None is all that the stream keeps, up to now.
        missing_only: pass over what is in the history. A change whose event alone was lost is passed over, too.
        dry_run: hand nothing over.
    """

    since: datetime | None = None
    until: datetime | None = None
    missing_only: bool = False
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class ReplayReport:
    """What the stream had, and what was done with it.

    Attributes:
        changes: how many it keeps, of the time that was asked for.
        oldest, newest: when the first and the last of them happened; None where there are none.
        missing: of how many the history knew nothing when they were looked at.
        poisoned: of how many nobody can tell which change of which number they are: they go to the dead letters again.
        replayed: how many were handed over and are recorded; of a dry run, how many would be.
        batches: in how many batches.
    """

    changes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    missing: int = 0
    poisoned: int = 0
    replayed: int = 0
    batches: int = 0


Tell = Callable[[ReplayReport], None]
"""Told how far it is, after each batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayHistory:
    """The use case of operators.

    Attributes:
        sleep: waits for so many seconds.
    """

    stream: NumberStream
    history: History
    function: HistoryFunction
    clock: Clock
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, request: ReplayRequest, tell: Tell = lambda _report: None) -> ReplayReport:
        """Hand over what the stream keeps, shard by shard.

        Raises:
            InvalidInputError: the time that was asked for ends before it begins.
            NotFoundError: the table of the numbers has no stream.
            StorageBusyError: the function failed at a batch again and again, or AWS did; what came before is recorded.
            StorageRefusedError: AWS refused.
        """
        now = self.clock.now()
        until = min(request.until or now, now)
        if request.since is not None and request.since > until:
            raise InvalidInputError("since", "must not lie behind the end of the time that is replayed")
        report = ReplayReport()
        kept = self.stream.changes(until)
        for batch in _batches(change for change in kept if request.since is None or change.at >= request.since):
            missing = self._look_at(report, batch)
            chosen = missing if request.missing_only else batch
            if chosen:
                if not request.dry_run:
                    self._hand_over(chosen)
                report.replayed += len(chosen)
                report.batches += 1
            tell(report)
        return report

    def _look_at(self, report: ReplayReport, batch: Sequence[StreamedChange]) -> Sequence[StreamedChange]:
        """Count a batch; returns those of it that are not in the history."""
        known = self.history.known({change.key for change in batch if change.key is not None})
        missing = [change for change in batch if change.key is None or change.key not in known]
        poisoned = sum(change.key is None for change in batch)
        instants = [change.at for change in batch]
        report.changes += len(batch)
        report.missing += len(missing) - poisoned
        report.poisoned += poisoned
        report.oldest = min([*instants, *([report.oldest] if report.oldest else [])])
        report.newest = max([*instants, *([report.newest] if report.newest else [])])
        return missing

    def _hand_over(self, batch: Sequence[StreamedChange]) -> None:
        left, cause = batch, ""
        for wait in (0.0, *WAITS):
            if wait:
                self.sleep(wait)
            try:
                again = set(self.function.record(left))
            except RetryableError as error:
                cause = str(error)
                continue
            if not again:
                return
            cause = f"{len(again)} are recorded, and their events could not be published"
            # What it names otherwise than the stream does is not told apart: all of it comes again, as with Lambda.
            left = [change for change in left if change.sequence in again] or left
        raise StorageBusyError(_given_up(left, cause))


def _given_up(left: Sequence[StreamedChange], cause: str) -> str:
    first = left[0]
    return (
        f"the replay stopped at {len(left)} changes from {first.at.isoformat().replace('+00:00', 'Z')} on "
        f"(shard {first.shard}, sequence number {first.sequence}), after {len(WAITS) + 1} tries: {cause}. "
        "What came before is recorded. Mend the cause, and give the command again"
    )


def _batches(changes: Iterator[StreamedChange]) -> Iterator[Sequence[StreamedChange]]:
    """Changes of one shard together, as many as a batch may have."""
    batch: list[StreamedChange] = []
    size = 0
    for change in changes:
        full = len(batch) == BATCH or size + len(change.content) > BATCH_BYTES
        if batch and (full or change.shard != batch[0].shard):
            yield batch
            batch, size = [], 0
        batch.append(change)
        size += len(change.content)
    if batch:
        yield batch
