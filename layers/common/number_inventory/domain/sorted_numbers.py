"""A great many numbers in little memory: in order, 20 bytes each, where a set of strings takes over a hundred."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from number_inventory.domain.errors import InvalidInputError

WIDTH = 20
"""Bytes a number takes: the longest canonical number has as many characters."""

_FILLING = "\0"
"""Sorts before every character of a number, so that filled up numbers sort as the numbers do."""

_AT_ONCE = 4096


class SortedNumbers(Collection[str]):
    """Canonical numbers in the order of their spelling, each once; it never changes."""

    __slots__ = ("_packed",)

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    @classmethod
    def of(cls, numbers: Iterable[str]) -> "SortedNumbers":
        """These numbers, in whatever order and however often they come."""
        return cls.in_order(sorted(set(numbers)))

    @classmethod
    def in_order(cls, numbers: Iterable[str]) -> "SortedNumbers":
        """These numbers, which come in order and each once; only a few of them need to be in memory at a time.

        Raises:
            InvalidInputError: they do not come in order, or one is longer than any number is.
        """
        packed, last, left = bytearray(), "", iter(numbers)
        while chunk := list(islice(left, _AT_ONCE)):
            for number in chunk:
                if number <= last or len(number) > WIDTH:
                    raise InvalidInputError("numbers", f"must come in order and fit, but {number!r} follows {last!r}")
                last = number
            packed += "".join([number.ljust(WIDTH, _FILLING) for number in chunk]).encode("ascii")
        return cls(bytes(packed))

    def __len__(self) -> int:
        return len(self._packed) // WIDTH

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _AT_ONCE):
            yield from self._unpacked(start, start + _AT_ONCE)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, str) or not number.isascii():
            return False
        key = _key(number)
        at = bisect_left(range(len(self)), key, key=self._at)
        return at < len(self) and self._at(at) == key

    def ahead(self, after: str, count: int) -> str | None:
        """The `count`-th number behind `after`; None where there are fewer."""
        everyone = range(len(self))
        at = (bisect_right(everyone, _key(after), key=self._at) if after else 0) + count - 1
        return self._unpacked(at, at + 1)[0] if at < len(self) else None

    def between(self, after: str, upto: str | None) -> list[str]:
        """Those behind `after` (empty: from the first on) up to and with `upto` (None: to the last)."""
        everyone = range(len(self))
        first = bisect_right(everyone, _key(after), key=self._at) if after else 0
        last = len(self) if upto is None else bisect_right(everyone, _key(upto), key=self._at)
        return self._unpacked(first, last)

    def _at(self, index: int) -> bytes:
        return self._packed[index * WIDTH : (index + 1) * WIDTH]

    def _unpacked(self, first: int, last: int) -> list[str]:
        text = self._packed[first * WIDTH : last * WIDTH].decode("ascii")
        return [text[at : at + WIDTH].rstrip(_FILLING) for at in range(0, len(text), WIDTH)]


def _key(number: str) -> bytes:
    return number.ljust(WIDTH, _FILLING).encode()
