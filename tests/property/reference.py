"""A small second implementation of the rules, written from the rules and not from the code, to compare with.

It knows no registers, leases, digests, versions or intents: what a device holds is what the numbers say.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Item:
    """One number, as people see it."""

    status: str = "Available"
    usage: str = ""
    vendor: str = ""
    holders: frozenset[str] = frozenset()
    release: datetime | None = None
    reserved_for: str = ""

    @property
    def of_devices(self) -> bool:
        """Whether AudioCodes devices use it."""
        return (self.status, self.usage, self.vendor) == ("Used", "Device", "AudioCodes")


FREE = Item()


def rounded_up(at: datetime) -> datetime:
    """The next whole second."""
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)


@dataclass
class Reference:
    """The inventory of one customer.

    Attributes:
        days: the value of `audiocodes_cooling_duration`; None while it is broken.
        global_days: what numbers of other vendors cool for.
    """

    items: dict[str, Item] = field(default_factory=dict)
    days: int | None = 2
    global_days: int = 0

    def copy(self) -> "Reference":
        """The same once more, to try something out on."""
        return replace(self, items=dict(self.items))

    def held_by(self, device: str) -> set[str]:
        """The numbers that have the device as a holder."""
        return {number for number, item in self.items.items() if device in item.holders}

    def sync(self, device: str, shown: Iterable[str], dormant: Iterable[str], now: datetime, *, complete: bool) -> None:
        """A snapshot of the device is applied."""
        shown, dormant, held = set(shown), set(dormant), self.held_by(device)
        for number in shown - held:
            self._comes(number, device)
        if complete and self.days is not None:
            for number in held - shown - dormant:
                self._goes(number, device, now, self.days)

    def removed(self, device: str, now: datetime) -> None:
        """The device is removed for good."""
        assert self.days is not None
        for number in self.held_by(device):
            self._goes(number, device, now, self.days)

    def release(self, now: datetime) -> None:
        """The release job runs."""
        for number, item in self.items.items():
            if item.release is not None and item.release <= now:
                self.items[number] = FREE

    def found(self, now: datetime) -> set[tuple[str, str]]:
        """What an audit finds while every device is settled: what the rules leave to it, and to people."""
        overdue = {number for number, item in self.items.items() if item.release is not None and item.release <= now}
        torn = {number for number, item in self.items.items() if item.holders and not item.of_devices}
        return {(number, "release_overdue") for number in overdue} | {(number, "conflict") for number in torn}

    def orphaned(self, number: str, now: datetime) -> None:
        """Some other hand gave the number to devices of which none holds it, and an audit corrected that."""
        assert self.days is not None
        self.items[number] = self._rested(now, self.days)

    def can_assign(self, number: str, requester: str) -> bool:
        """Whether the requester may have the number."""
        item = self.items.get(number)
        if item is None or item.holders:
            return False
        return item.status == "Available" or (item.status == "Reserved" and item.reserved_for == requester)

    def assign(self, number: str) -> None:
        """A Microsoft user gets the number."""
        self.items[number] = Item("Used", "User", "Microsoft")

    def unassign(self, number: str, now: datetime) -> None:
        """Its manager gives it back."""
        item = self.items[number]
        if item.holders:
            self.items[number] = Item("Used", "Device", "AudioCodes", item.holders)
        else:
            self.items[number] = self._rested(now, self.global_days)

    def cool(self, number: str, now: datetime, days: int) -> None:
        """An operator lets an Available number rest."""
        self.items[number] = self._rested(now, days)

    def _comes(self, number: str, device: str) -> None:
        item = self.items.get(number, FREE)
        holders = item.holders | {device}
        if item.status == "Used" and not item.of_devices:
            self.items[number] = replace(item, holders=holders)
        else:
            self.items[number] = Item("Used", "Device", "AudioCodes", holders)

    def _goes(self, number: str, device: str, now: datetime, days: int) -> None:
        item = self.items[number]
        left = item.holders - {device}
        if left or not item.of_devices:
            self.items[number] = replace(item, holders=left)
        else:
            self.items[number] = self._rested(now, days)

    def _rested(self, now: datetime, days: int) -> Item:
        if days == 0:
            return FREE
        return Item("Cooling", release=rounded_up(now) + timedelta(days=days))
