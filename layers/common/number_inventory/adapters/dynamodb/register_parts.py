"""The parts of a device's register as items of the Registrations table.

A register is a base image and a journal of changes behind it. Both are split into parts that stay well below the 400 KB
of an item, each with the number of the sync that wrote it. The base has two slots: a new image is written into the one
that is not in use, together with a journal of its own, so that nothing has to be deleted and a half-written image does
no harm. Before the first image the journal stands alone, in a third slot.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from number_inventory.adapters.dynamodb.attributes import SCHEMA, Attribute, Item, ItemReader, text, whole
from number_inventory.domain.errors import RecordBrokenError

PART_NUMBERS = 20_000
"""Numbers in a part: at most 22 bytes each, so that even what does not compress stays near the limit of an item."""

_NO_IMAGE = "0"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class BaseImage:
    """Where a base image stands; `parts` 0 and `sync` 0 where there is none yet.

    Attributes:
        slot: `a` or `b`, or `0` before the first image.
        sync: which sync wrote it: journal parts of this sync and before are in it already.
        whole: False where parts of it were found missing: a new image is due at once.
    """

    slot: str = _NO_IMAGE
    parts: int = 0
    sync: int = 0
    whole: bool = True

    @classmethod
    def parse(cls, spelling: str, owner: str) -> "BaseImage":
        """Read the spelling that `str` gives; empty is no image.

        Raises:
            RecordBrokenError: it is none of ours.
        """
        if not spelling:
            return cls()
        slot, _, rest = spelling.partition(".")
        parts, _, sync = rest.removesuffix(_DAMAGED).partition(".")
        if slot not in {"a", "b"} or not parts.isdecimal() or not sync.isdecimal():
            raise RecordBrokenError(f"device {owner}", "base", f"is no place of a base image: {spelling[:40]!r}")
        return cls(slot, int(parts), int(sync), whole=not spelling.endswith(_DAMAGED))

    def __str__(self) -> str:
        return f"{self.slot}.{self.parts}.{self.sync}{'' if self.whole else _DAMAGED}" if self.parts else ""

    @property
    def other_slot(self) -> str:
        """The slot into which the next image goes."""
        return "b" if self.slot == "a" else "a"


@dataclass(frozen=True, slots=True)
class JournalMark:
    """How a journal ends: how many parts with numbers count in it, and which sync wrote the last of them.

    It is spelled `<parts>.<sync>`. A fence counts for nothing: it names no number, and may be overwritten.
    """

    parts: int = 0
    sync: int = 0

    @classmethod
    def of(cls, journal: Iterable["JournalPart"]) -> "JournalMark":
        """The mark of these parts."""
        return reduce(cls.behind, journal, cls())

    @classmethod
    def parse(cls, spelling: str) -> "JournalMark":
        """Read the spelling that `str` gives; anything else is the mark of an empty journal."""
        parts, _, sync = spelling.partition(".")
        return cls(int(parts), int(sync)) if parts.isdecimal() and sync.isdecimal() else cls()

    def behind(self, part: "JournalPart") -> "JournalMark":
        """The mark with one more part."""
        return JournalMark(self.parts + 1, part.sync) if part.added or part.removed else self

    def __str__(self) -> str:
        return f"{self.parts}.{self.sync}"


_DAMAGED = "!"


@dataclass(frozen=True, slots=True)
class JournalPart:
    """Some changes of one sync: numbers that a device came to hold, and numbers that it lost, each in order."""

    index: int
    sync: int
    added: Sequence[str]
    removed: Sequence[str]


def part_key(owner: str, part: str) -> Item:
    """The key of a part's item."""
    return {"device": text(owner), "part": text(part)}


def image_part(slot: str, index: int) -> str:
    """The sort key of one part of a base image."""
    return f"base#{slot}#{index:0{_DIGITS}d}"


def journal_part(slot: str, index: int) -> str:
    """The sort key of one part of the journal behind an image."""
    return f"journal#{slot}#{index:0{_DIGITS}d}"


def journal_range(slot: str) -> tuple[str, str]:
    """The first and the last sort key that a journal can have."""
    return journal_part(slot, 0), journal_part(slot, 10**_DIGITS - 1)


def image_items(owner: str, slot: str, sync: int, numbers: Iterable[str]) -> Iterator[Item]:
    """The items of a new base image, in order; at least one, for "no numbers" is something to remember too."""
    for index, chunk in enumerate(list(_chunks(sorted(numbers))) or [()]):
        yield {**_head(owner, image_part(slot, index), sync), "numbers": _packed(chunk)}


def journal_items(
    owner: str, slot: str, sync: int, *, first: int, added: Iterable[str], removed: Iterable[str]
) -> Iterator[Item]:
    """The items of journal parts for these changes, from index `first` on."""
    index = first
    for name, numbers in (("added", added), ("removed", removed)):
        for chunk in _chunks(sorted(numbers)):
            yield {**_head(owner, journal_part(slot, index), sync), name: _packed(chunk)}
            index += 1


def fence_item(owner: str, slot: str, sync: int, index: int) -> Item:
    """A journal part without numbers: it keeps the place, so that an older sync can no longer take it."""
    return _head(owner, journal_part(slot, index), sync)


def read_image_part(item: dict[str, Any]) -> tuple[int, list[str]]:
    """The sync that wrote a part of an image, and its numbers."""
    read = _reader(item)
    return read.whole("sync"), _unpacked(read, "numbers")


def read_journal_part(item: dict[str, Any]) -> JournalPart:
    """A part of the journal."""
    read = _reader(item)
    index = item["part"]["S"].rpartition("#")[2]
    return JournalPart(
        index=int(index),
        sync=read.whole("sync"),
        added=_unpacked(read, "added"),
        removed=_unpacked(read, "removed"),
    )


def _head(owner: str, part: str, sync: int) -> Item:
    return {**part_key(owner, part), "schema": SCHEMA, "sync": whole(sync)}


def _reader(item: dict[str, Any]) -> ItemReader:
    return ItemReader(item, f"register part {item['part']['S']} of device {item['device']['S']}")


def _chunks(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(numbers), PART_NUMBERS):
        yield numbers[start : start + PART_NUMBERS]


def _packed(numbers: Sequence[str]) -> Attribute:
    return {"B": zlib.compress("\n".join(numbers).encode())}


def _unpacked(read: ItemReader, name: str) -> list[str]:
    packed = read.blob(name)
    try:
        unpacked = zlib.decompress(packed).decode() if packed else ""
    except (zlib.error, UnicodeDecodeError):
        raise read.broken(name, "does not unpack") from None
    return unpacked.split("\n") if unpacked else []
