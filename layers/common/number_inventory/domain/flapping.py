"""Numbers that leave a device and return to it again and again: a poor network, a phone that restarts, a wrong expiry.

Flapping changes nothing about a number: each time it is gone it cools as long as any other. It is only told, and once.

Source: this project's own rule.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FLAPPING_FROM = 4
"""So many returns within the window are flapping."""

WINDOW = timedelta(hours=24)

MOST = 20
"""How many numbers are counted on a device at a time; further ones wait until a place is free."""


@dataclass(frozen=True, slots=True)
class Returning:
    """A number that has come back to a device.

    Attributes:
        returns: how often since then.
        since: when it first came back; a window later it is counted anew.
    """

    number: str
    returns: int
    since: datetime

    @property
    def flapping(self) -> bool:
        """Whether that is too often."""
        return self.returns >= FLAPPING_FROM


@dataclass(frozen=True, slots=True)
class Returns:
    """The numbers that came back to a device within the window, in the order of their spelling; few, to stay small."""

    counted: tuple[Returning, ...] = ()

    def within(self, now: datetime) -> "Returns":
        """Without those whose window is over."""
        return Returns(tuple(each for each in self.counted if each.since + WINDOW > now))

    def with_back(self, numbers: Iterable[str], now: datetime) -> "Returns":
        """With numbers that are back now.

        Where there are too many, those that returned more often go before, then those that are counted already.
        """
        known = {each.number: each for each in self.within(now).counted}
        back = {
            number: replace(known[number], returns=known[number].returns + 1)
            if number in known
            else Returning(number, 1, now)
            for number in sorted(numbers)
        }
        ranked = sorted({**known, **back}.values(), key=lambda each: (-each.returns, each.since, each.number))
        return Returns(tuple(sorted(ranked[:MOST], key=lambda each: each.number)))

    @property
    def flapping(self) -> tuple[str, ...]:
        """The numbers that flap."""
        return tuple(each.number for each in self.counted if each.flapping)
