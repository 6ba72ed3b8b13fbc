"""What became of numbers, in memory; and the stream that tells of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from number_inventory.domain.changes import Change, ChangeKey
from number_inventory.domain.counts import CounterKey, Recount, SiteCounter
from number_inventory.domain.errors import CountingError
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.history import ChangePage
from tests.memory.fuse import Fuse
from tests.memory.inventory import Stream


class MemoryHistory:
    """Changes by their keys; a batch may stop half-way."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._changes: dict[ChangeKey, Change] = {}

    def record(self, changes: Sequence[Change]) -> None:
        """Store changes one by one; a death in the middle leaves the ones before it stored."""
        self._fuse.point("history.record before")
        for change in changes:
            self._changes[change.key] = change
            self._fuse.point("history.record after one")

    def known(self, keys: Collection[ChangeKey]) -> Collection[ChangeKey]:
        """Those that are stored."""
        self._fuse.point("history.known before")
        found = frozenset(keys) & self._changes.keys()
        self._fuse.point("history.known after")
        return found

    def page(self, customer: str, number: str, limit: int, after: str | None) -> ChangePage:
        """Changes of a number, the newest first."""
        behind = [change for change in reversed(self.of(customer, number)) if not after or _place(change) < after]
        shown = tuple(behind[:limit])
        return ChangePage(shown, _place(shown[-1]) if len(behind) > limit else None)

    def of(self, customer: str, number: str) -> list[Change]:
        """All changes of a number, as they happened: for tests to look at."""
        return [self._changes[key] for key in sorted(self._changes) if (key.customer, key.number) == (customer, number)]

    def all(self) -> list[Change]:
        """All changes of all numbers: for tests to look at."""
        return [self._changes[key] for key in sorted(self._changes)]


class MemoryCounters:
    """Counters by their keys; a write is conditional on the version."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._counters: dict[CounterKey, SiteCounter] = {}
        self._recounts: dict[str, Recount] = {}

    def load(self, keys: Sequence[CounterKey]) -> Mapping[CounterKey, SiteCounter]:
        """A counter for each key."""
        self._fuse.point("counters.load before")
        found = {key: self._counters.get(key) or SiteCounter(key=key) for key in keys}
        self._fuse.point("counters.load after")
        return found

    def save(self, counter: SiteCounter) -> bool:
        """Store what nobody has written since it was read."""
        self._fuse.point("counters.save before")
        present = self._counters.get(counter.key)
        if (present.version if present else 0) != counter.version:
            return False
        self._counters[counter.key] = replace(counter, version=counter.version + 1)
        self._fuse.point("counters.save after")
        return True

    def of_customer(self, customer: str) -> Sequence[SiteCounter]:
        """All counters of a customer."""
        recount = self._recounts.get(customer)
        if recount is not None and not recount.finished:
            raise CountingError(customer, recount.since)
        since = recount.since if recount else 0
        return [self._counters[key].as_of(since) for key in sorted(self._counters) if key.customer == customer]

    def recounts(self, customers: Collection[str]) -> Mapping[str, Recount]:
        """The latest of each."""
        self._fuse.point("counters.recounts before")
        found = {customer: self._recounts[customer] for customer in customers if customer in self._recounts}
        self._fuse.point("counters.recounts after")
        return found

    def put_recount(self, recount: Recount, seen: Recount | None) -> bool:
        """Store it, if the latest is the one that was seen."""
        present = self._recounts.get(recount.customer)
        if (present and present.since) != (seen and seen.since):
            return False
        self._recounts[recount.customer] = recount
        return True

    def customers(self) -> Iterator[str]:
        """Every customer that has or had numbers, in order."""
        return iter(sorted({key.customer for key in self._counters}))


class MemoryStatusEvents:
    """Published changes.

    Attributes:
        told: in the order of their publication, each as often as it was published.
        deaf: numbers whose events are not taken, for as long as they stand here.
    """

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self.told: list[Change] = []
        self.deaf: set[str] = set()

    def publish(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Take those of numbers that are not deaf."""
        self._fuse.point("events.publish before")
        for change in changes:
            if change.key.number not in self.deaf:
                self.told.append(change)
        self._fuse.point("events.publish after")
        return [change for change in changes if change.key.number in self.deaf]


class MemoryDeadLetters:
    """Kept letters, in order."""

    def __init__(self) -> None:
        self.letters: list[Mapping[str, object]] = []

    def keep(self, letter: Mapping[str, object]) -> None:
        """Keep it."""
        self.letters.append(letter)


def streamed(stream: Stream, at: datetime) -> list[Change]:
    """The changes that a table's stream tells of, made at one instant."""
    return [
        change_of(before, after, sequence, at.replace(microsecond=0))
        for sequence, (before, after) in enumerate(stream, start=1)
    ]


def change_of(before: NumberRecord | None, after: NumberRecord | None, sequence: int, at: datetime) -> Change:
    """One change as a table's stream tells of it."""
    known = after or before
    assert known is not None
    key = ChangeKey(known.customer, known.number, known.version, f"{sequence:040d}")
    return Change(key=key, streamed_at=at, before=before, after=after)


def _place(change: Change) -> str:
    return f"{change.key.version:016d}#{change.key.sequence}"
