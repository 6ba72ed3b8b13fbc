"""Whether numbers that a device no longer shows may be taken from it at once, later, or only by a person's word.

A complete snapshot proves what a device holds, not that the device is well: one that lost its configuration or its
users, or has just started, says very convincingly that nobody is registered. So numbers that go all at once, or many of
them bit by bit, wait for a person, and those that go after a restart wait for the phones to come back.

Sources: the guard's two limits, the window of 24 hours and the grace after a restart are this project's own rules.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from number_inventory.domain.macros import RemovalGuard

WINDOW = timedelta(hours=24)
"""Removals of this time count together, however small each of them is."""

SAMPLE = 10
"""How many numbers of a held set are kept by name."""

LONGEST_GRACE = timedelta(days=1)
"""A restart is forgotten after this time: no grace is longer."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HeldRemovals:
    """A set of numbers that a device no longer shows and that stay its own until a person approves.

    Attributes:
        checksum: of exactly this set, see `checksum_of`.
        count: how many numbers are in it.
        of: how many the device held, these included, when the set was first held; less where it holds less now.
        sample: the first few of them, in order.
        since: when this very set was first held.
    """

    checksum: str
    count: int
    of: int
    sample: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word that one held set may go: this set, and once.

    Attributes:
        by: who gave it, as in `Stamp.by`.
    """

    checksum: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HourOfRemovals:
    """What a device lost within one hour.

    Attributes:
        hour: its beginning.
        removed: how many numbers went then and have not come back since.
        held_before: how many the device held before the first of them went.
    """

    hour: datetime
    removed: int
    held_before: int


@dataclass(frozen=True, slots=True)
class RemovalLedger:
    """What a device lost within the window, hour by hour, the oldest first; hours without a loss are not in it."""

    hours: tuple[HourOfRemovals, ...] = ()

    def within(self, now: datetime) -> "RemovalLedger":
        """Without the hours that lie before the window as a whole."""
        return RemovalLedger(tuple(each for each in self.hours if each.removed and each.hour + _HOUR > now - WINDOW))

    @property
    def removed(self) -> int:
        """How many numbers went in all."""
        return sum(each.removed for each in self.hours)

    def held_at_start(self, held_now: int) -> int:
        """How many numbers the device held before the first of these went; as many as now if none went."""
        return self.hours[0].held_before if self.hours else held_now

    def losing(self, removed: int, held_before: int, now: datetime) -> "RemovalLedger":
        """With so many numbers more, gone now from a device that held so many before."""
        if not removed:
            return self
        hour = now.replace(minute=0, second=0, microsecond=0)
        *earlier, last = self.hours or (HourOfRemovals(hour, 0, held_before),)
        if last.hour != hour:
            earlier, last = [*earlier, last], HourOfRemovals(hour, 0, held_before)
        return RemovalLedger((*earlier, replace(last, removed=last.removed + removed)))

    def regaining(self, gone_at: Iterable[datetime]) -> "RemovalLedger":
        """Without numbers that went at these instants and have come back: who is back is not lost."""
        back = [moment.replace(minute=0, second=0, microsecond=0) for moment in gone_at]
        return RemovalLedger(
            tuple(replace(each, removed=max(each.removed - back.count(each.hour), 0)) for each in self.hours)
        )


def checksum_of(numbers: Iterable[str]) -> str:
    """The checksum of a set of numbers, whatever their order: 64 hexadecimal digits."""
    return hashlib.sha256("\n".join(sorted(numbers)).encode()).hexdigest()


class Removal(NamedTuple):
    """What a complete snapshot would take from a device.

    Attributes:
        gone: numbers that it holds and no longer shows.
        begun: numbers that an earlier sync of it took already, without coming to its end: they count with these.
        held: how many numbers it held before the first of all of them went.
    """

    gone: Collection[str]
    begun: frozenset[str]
    held: int

    def is_approved(self, approval: Approval | None) -> bool:
        """Whether a person's word is about exactly this set, or about the one of which a part is begun already."""
        if approval is None:
            return False
        return approval.checksum in {checksum_of(self.gone), checksum_of({*self.gone, *self.begun})}

    def stopped(
        self, guard: RemovalGuard, ledger: RemovalLedger, before: HeldRemovals | None, now: datetime
    ) -> HeldRemovals | None:
        """What is held back because too much would go, at once or within the window; None where it may go.

        Args:
            guard: the limits.
            ledger: what went within the window.
            before: what is held already; the same set is held since then.
            now: the present instant.
        """
        if not self.gone:
            return None
        checksum, count = checksum_of(self.gone), len(self.gone) + len(self.begun)
        same = before if before and before.checksum == checksum else None
        # Who came since does not make a set smaller that is held: else the next sync would let it go by itself.
        held = min(self.held, same.of) if same else self.held
        at_once = guard.stops(count, held)
        together = guard.stops(count + ledger.removed, ledger.held_at_start(held))
        if not (at_once or together):
            return None
        return HeldRemovals(
            checksum, len(self.gone), held, tuple(sorted(self.gone)[:SAMPLE]), same.since if same else now
        )


class Running(NamedTuple):
    """What tells one run of a device from the next.

    Attributes:
        uptime_seconds: since the device's start; None where it does not say.
        serial: its serial number; empty where it does not say.
    """

    uptime_seconds: int | None
    serial: str

    def restarted_since(self, before: "Running") -> bool:
        """Whether the device was restarted, or replaced by another one, since it was seen before."""
        if self.serial and before.serial and self.serial != before.serial:
            return True
        if self.uptime_seconds is None or before.uptime_seconds is None:
            return False
        return self.uptime_seconds < before.uptime_seconds

    def settled_at(self, restarted_at: datetime | None, now: datetime, grace: timedelta) -> datetime:
        """When the phones have had their time to come back after a restart; `now` or earlier where they have.

        Args:
            restarted_at: when a restart was last noticed.
            now: when this was seen.
            grace: how long phones take to register again.
        """
        begins = [now - LONGEST_GRACE]
        if restarted_at is not None:
            begins.append(restarted_at)
        if self.uptime_seconds is not None and self.uptime_seconds < LONGEST_GRACE.total_seconds():
            # Even where nobody saw the restart: a device that was off while no sync asked it.
            begins.append(now - timedelta(seconds=self.uptime_seconds))
        return max(begins) + grace
