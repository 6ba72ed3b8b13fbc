"""What became of numbers: their changes, how many there are, and who is told."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from number_inventory.domain.changes import Change, ChangeKey
from number_inventory.domain.counts import CounterKey, Recount, SiteCounter


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes of a number, the newest first; `last` is where to go on, None at the end."""

    changes: tuple[Change, ...]
    last: str | None


class History(Protocol):
    """Every change of every number, kept for a set time."""

    def record(self, changes: Sequence[Change]) -> None:
        """Store changes, in any order and as often as wanted: a change has one place, and is the same every time.

        Raises:
            StorageBusyError, StorageRefusedError: some of them may be stored.
        """

    def known(self, keys: Collection[ChangeKey]) -> Collection[ChangeKey]:
        """Those of the changes that are stored, strongly consistent."""

    def page(self, customer: str, number: str, limit: int, after: str | None) -> ChangePage:
        """At most `limit` changes of a number, the newest first, from those before `after`."""


class Counters(Protocol):
    """How many numbers each customer has, a counter a Site."""

    def load(self, keys: Sequence[CounterKey]) -> Mapping[CounterKey, SiteCounter]:
        """A counter for each key, strongly consistent; an empty one where there is none, none where it is broken."""

    def save(self, counter: SiteCounter) -> bool:
        """Store a counter if nobody has written it since it was read; False, and nothing stored, where somebody has.

        A stored counter's version is that of the one that was read plus one.
        """

    def of_customer(self, customer: str) -> Sequence[SiteCounter]:
        """All counters of a customer, by Site.

        Raises:
            CountingError: the numbers are being counted anew, and not all of them are counted yet.
        """

    def customers(self) -> Iterator[str]:
        """Every customer that has or had numbers, in order."""

    def recounts(self, customers: Collection[str]) -> Mapping[str, Recount]:
        """The latest recount of each customer that ever had one, strongly consistent."""

    def put_recount(self, recount: Recount, seen: Recount | None) -> bool:
        """Store a recount; False, and nothing stored, where the latest is not the one that was seen."""


class StatusEvents(Protocol):
    """Where others learn that a number's Status has changed."""

    def publish(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Tell of changes; returns those that could not be told of for now, even after retries.

        Raises:
            StorageRefusedError: they never can: permission, or no such bus.
        """


class DeadLetters(Protocol):
    """Where that goes which cannot be worked on, for a person to look at."""

    def keep(self, letter: Mapping[str, object]) -> None:
        """Keep what can be said as JSON.

        Raises:
            StorageBusyError, StorageRefusedError: it is not kept.
        """
