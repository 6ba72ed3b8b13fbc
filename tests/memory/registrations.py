"""The registers of devices in memory: a base image and a journal, in parts, so that a write can stop half-way."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import LeaseLostError, RecordBrokenError
from number_inventory.domain.sorted_numbers import SortedNumbers
from number_inventory.ports.devices import DeviceHead, Lease
from number_inventory.ports.registrations import Register, RegisterView
from tests.memory.fuse import Fuse

PART = 2
"""How many numbers a journal part names: few, so that a sync writes several and can die between them."""

COMPACT_AT = 6
"""From how many journalled numbers on a new base is written: few, so that tests see it happen."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One journal part: what the sync of this number meant to do."""

    sync: int
    added: frozenset[str]
    removed: frozenset[str]


@dataclass(slots=True)
class _Stored:
    """All that is stored of one device's register."""

    bases: dict[str, frozenset[str]] = field(default_factory=dict)
    journal: list[_Part] = field(default_factory=list)


class MemoryRegistrations:
    """Registers by device.

    A base is named after the sync that wrote it and holds all that the journal said up to then; until a head points
    at it, it counts for nothing.

    Attributes:
        unreadable: devices whose register cannot be understood.
    """

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._stored: dict[DeviceKey, _Stored] = {}
        self._newest: dict[DeviceKey, int] = {}
        self.unreadable: set[DeviceKey] = set()

    def load(self, lease: Lease) -> Register:
        """Play the journal onto the base that the head names."""
        self._fuse.point("registrations.load before")
        self._newest[lease.key] = max(lease.sync, self._newest.get(lease.key, 0))
        parts = self._journal(lease.key, lease.base)
        held, doubtful = self._played(lease.key, lease.base, lease.settled_sync)
        named = sum(len(part.added | part.removed) for part in parts)
        whole = self._is_whole(lease.key, lease.base, lease.mark, lease.settled_sync)
        return Register(held, doubtful, lease.base, len(parts), named, _mark(parts), whole)

    def look(self, head: DeviceHead) -> RegisterView:
        """The same without a lease."""
        key = head.device.key
        self._fuse.point("registrations.look before")
        held, doubtful = self._played(key, head.base, head.settled_sync)
        whole = self._is_whole(key, head.base, head.mark, head.settled_sync)
        self._fuse.point("registrations.look after")
        return RegisterView(SortedNumbers.of(held), SortedNumbers.of(doubtful), whole)

    def remains(self, key: DeviceKey) -> bool:
        """Whether there is anything left of a register."""
        self._fuse.point("registrations.remains before")
        return key in self._stored

    def go_back(self, key: DeviceKey, sync: int) -> None:
        """Restore the register to how it was after this sync."""
        stored = self._stored[key]
        stored.journal = [part for part in stored.journal if part.sync <= sync]

    def lose_images(self, key: DeviceKey) -> None:
        """Let all base images of a device be gone; its journal stays."""
        self._of(key).bases.clear()

    def lose(self, key: DeviceKey) -> None:
        """Let the whole register of a device be gone, as if some other hand had deleted it."""
        self._stored.pop(key, None)

    def _of(self, key: DeviceKey) -> _Stored:
        if key in self.unreadable:
            raise RecordBrokenError(f"register part journal#0#000000 of device {key}", "added", "is spoilt by a test")
        return self._stored.get(key, _Stored())

    def _journal(self, key: DeviceKey, base: str) -> list[_Part]:
        return [part for part in self._of(key).journal if part.sync > int(base or 0)]

    def _is_whole(self, key: DeviceKey, base: str, mark: str, settled_sync: int) -> bool:
        settled = [part for part in self._journal(key, base) if part.sync <= settled_sync]
        return (not mark or _mark(settled) == mark) and (not base or base in self._of(key).bases)

    def _played(self, key: DeviceKey, base: str, settled_sync: int) -> tuple[frozenset[str], frozenset[str]]:
        """What the base and the journal behind it say: the numbers held, and those in doubt."""
        held, doubtful = self._of(key).bases.get(base, frozenset()), frozenset[str]()
        for part in self._journal(key, base):
            held = (held | part.added) - part.removed
            if part.sync > settled_sync:
                doubtful |= part.added | part.removed
        return held, doubtful

    def intend(self, lease: Lease, register: Register, held: frozenset[str]) -> Register:
        """Write down by what `held` differs, part by part."""
        changes = sorted(held ^ register.held)
        parts = [frozenset(changes[start : start + PART]) for start in range(0, len(changes), PART)]
        for names in parts:
            self._fuse.point("registrations.intend before")
            if self._newest.get(lease.key, 0) > lease.sync:
                raise LeaseLostError(f"another sync of device {lease.key} has begun")
            stored = self._stored.setdefault(lease.key, _Stored())
            stored.journal.append(_Part(lease.sync, names & held, names - held))
            self._fuse.point("registrations.intend after")
        return Register(
            held,
            register.doubtful.union(changes),
            register.base,
            register.journal + len(parts),
            register.journal_numbers + len(changes),
            _mark(self._journal(lease.key, register.base)),
        )

    def compact(self, lease: Lease, register: Register) -> Register:
        """Write a new base once the journal names enough numbers."""
        if register.journal_numbers < COMPACT_AT:
            return register
        self._fuse.point("registrations.compact before")
        base = str(lease.sync)
        self._stored.setdefault(lease.key, _Stored()).bases[base] = register.held
        self._fuse.point("registrations.compact after")
        return replace(register, base=base, journal=0, journal_numbers=0, mark=_mark([]))

    def forget(self, key: DeviceKey) -> None:
        """Remove the bases first and the journal last: a death between leaves intents that still say what is open."""
        self._fuse.point("registrations.forget before")
        if key in self._stored:
            self._stored[key].bases.clear()
            self._fuse.point("registrations.forget half-way")
            del self._stored[key]
        self._newest.pop(key, None)
        self._fuse.point("registrations.forget after")


def _mark(parts: Sequence[_Part]) -> str:
    """How a journal ends."""
    return f"{len(parts)}.{parts[-1].sync}" if parts else "0.0"
