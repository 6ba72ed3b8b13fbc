"""Count numbers: keep the counters up with the changes, each counted once, and look at them.

For each counter that a batch of changes touches: read the counter, then look which of the changes are in the history,
then write the counter on condition that nobody has written it since it was read. The order makes it exact. A change
that had been counted and was forgotten by the counter before it was read had been in the history even earlier; one that
is counted after it was read fails the condition.

Since which version numbers are counted is read first of all. Whoever reads an older recount than the latest has changes
in hand that were made before that one began, and so before the instant since which it counts: they count for nothing in
it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from number_inventory.domain.changes import Change
from number_inventory.domain.counts import CounterKey, Counts, Recount, counts_of, deltas
from number_inventory.domain.errors import StorageBusyError
from number_inventory.domain.numbers import free_text, slug
from number_inventory.ports.history import Counters, History

MAX_ROUNDS = 8
"""How often a counter is read again that somebody else wrote meanwhile; then the batch comes again."""


@dataclass(frozen=True, slots=True)
class CountChanges:
    """The use case of the stream: count changes that are not in the history yet, before they are."""

    history: History
    counters: Counters

    def __call__(self, changes: Sequence[Change]) -> Mapping[str, Recount]:
        """Count each change once, however often it comes; the caller records them in the history afterwards.

        Returns:
            The latest recount of each of the customers that ever had one.

        Raises:
            StorageBusyError, StorageRefusedError: some may be counted and others not: the batch must come again.
        """
        recounts = self.counters.recounts({change.key.customer for change in changes})
        since = {customer: recount.since for customer, recount in recounts.items()}
        touching: dict[CounterKey, dict[object, Change]] = {}
        for change in changes:
            for key in deltas(change, since.get(change.key.customer, 0)):
                touching.setdefault(key, {})[change.key] = change
        pending = list(touching)
        for _ in range(MAX_ROUNDS):
            if not pending:
                return recounts
            pending = self._round({key: list(touching[key].values()) for key in pending}, since)
        if pending:
            raise StorageBusyError(f"{len(pending)} counters were written by others again and again; they come again")
        return recounts

    def _round(self, touching: dict[CounterKey, list[Change]], since: Mapping[str, int]) -> list[CounterKey]:
        """Count once; returns the counters that somebody else wrote meanwhile.

        With a counter that cannot be understood nobody can count; the history of all numbers does not wait for it.
        """
        counters = {
            key: counter.as_of(since.get(key.customer, 0))
            for key, counter in self.counters.load(list(touching)).items()
        }
        asked = {change.key for changes in touching.values() for change in changes}
        for counter in counters.values():
            asked |= counter.applied
        known = self.history.known(asked)
        lost = []
        for key, counter in counters.items():
            after = counter.counting(touching[key], known)
            if after is not counter and not self.counters.save(after):
                lost.append(key)
        return lost


@dataclass(frozen=True, slots=True)
class LookAtCounts:
    """The use case of people; it changes nothing."""

    counters: Counters

    def __call__(self, customer: str, site: str | None = None, vendor: str | None = None) -> Counts:
        """How many numbers a customer has.

        Args:
            customer: whose.
            site: only of this Site; empty for those without one.
            vendor: only of this Vendor; empty for Cisco UCM, and for numbers that nobody uses.

        Raises:
            InvalidInputError: a part of the question is malformed.
            CountingError: the numbers are being counted anew.
        """
        slug(customer, field="customer")
        for name, text in (("site", site), ("vendor", vendor)):
            free_text(text or "", field=name)
        return counts_of(self.counters.of_customer(customer), site, vendor)
