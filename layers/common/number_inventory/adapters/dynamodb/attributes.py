"""Between Python values and DynamoDB's typed attributes.

By hand: boto3's generic serialiser costs several times the CPU.
What is empty is not stored, so a missing attribute reads as empty. Instants are RFC 3339 in UTC with a `Z`.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from number_inventory.domain.errors import InvalidInputError, RecordBrokenError, RecordNewerError

Attribute = dict[str, Any]
"""One typed attribute, as `{"S": "Used"}`."""

Item = dict[str, Attribute]
"""A whole item: attribute names to typed attributes."""

NEWEST_SCHEMA = 1
"""The newest way of writing items that this release understands. One more where an older release would read an item of
the new kind wrongly; attributes that an older release may do without need no new number."""

SCHEMA: Attribute = {"N": str(NEWEST_SCHEMA)}
"""Stands as `schema` in every item: how its attributes are to be read."""

NOT_NEWER = "(attribute_not_exists(#schema) OR #schema <= :schema)"
"""The condition of a write that has not read its item before; see `with_schema`."""

_Word = TypeVar("_Word", bound=StrEnum)


def with_schema(names: dict[str, str], values: Item) -> None:
    """Add what `NOT_NEWER` names to the names and values of a request."""
    names["#schema"] = "schema"
    values[":schema"] = SCHEMA


def refuse_newer(item: Mapping[str, Any], what: str) -> None:
    """Refuse an item that a newer release has written in a way of its own; `what` is the item in words.

    Raises:
        RecordNewerError: it has.
    """
    ItemReader(item, what)


def text(value: str) -> Attribute:
    """A string attribute; the value must not be empty."""
    return {"S": value}


def whole(value: int) -> Attribute:
    """A number attribute."""
    return {"N": str(value)}


def instant(value: datetime) -> Attribute:
    """An instant to the microsecond, without a fraction where it has none."""
    return {"S": _utc(value).isoformat()[:-6] + "Z"}


def sortable_instant(value: datetime) -> Attribute:
    """An instant always to the microsecond, so that spelling and time sort alike."""
    return {"S": _utc(value).isoformat(timespec="microseconds")[:-6] + "Z"}


def second(value: datetime) -> Attribute:
    """The whole second an instant lies in, so that spelling and time sort alike."""
    return {"S": _utc(value).isoformat(timespec="seconds")[:-6] + "Z"}


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise InvalidInputError("instant", f"{value.isoformat()} has no time zone; instants are stored in UTC")
    return value.astimezone(UTC)


class ItemReader:
    """Reads the attributes of one stored item, and says which one is broken.

    An item without a schema is one of the first; so is whatever an index shows of one.

    Attributes:
        what: the item in words, for the message.

    Raises:
        RecordNewerError: a newer release has written the item in a way that this one would misunderstand.
    """

    __slots__ = ("_item", "_path", "what")

    def __init__(self, item: Mapping[str, Any], what: str, path: str = "") -> None:
        self._item = item
        self._path = path
        self.what = what
        if not path and item.get("schema", SCHEMA) != SCHEMA:
            self._refuse_newer()

    def _refuse_newer(self) -> None:
        schema = self.whole("schema")
        if schema > NEWEST_SCHEMA:
            message = f"it has schema {schema}, and this release reads up to {NEWEST_SCHEMA}"
            raise RecordNewerError(self.what, "schema", message)

    def text(self, name: str) -> str:
        """A string; empty where there is none."""
        attribute = self._item.get(name)
        if attribute is None:
            return ""
        value = attribute.get("S")
        if value is None:
            raise self.broken(name, "is not a string")
        return str(value)

    def texts_of(self, names: Iterable[str]) -> dict[str, str]:
        """Those of the strings that are there, by their names."""
        return {name: self.text(name) for name in names if name in self._item}

    def word(self, name: str, kind: type[_Word]) -> _Word:
        """One word of a fixed set."""
        return self._of_kind(name, self.text(name), kind)

    def words(self, name: str, kind: type[_Word]) -> frozenset[_Word]:
        """A set of such words; empty where there is none."""
        return frozenset(self._of_kind(name, spelling, kind) for spelling in self.texts(name))

    def named(self, kind: type[_Word]) -> list[_Word]:
        """The names of all attributes, which are such words."""
        return [self._of_kind(name, name, kind) for name in self.names()]

    def _of_kind(self, name: str, spelling: str, kind: type[_Word]) -> _Word:
        try:
            return kind(spelling)
        except ValueError:
            allowed = ", ".join(kind)
            raise self.broken(name, f"is {spelling[:40]!r}, which is none of {allowed}") from None

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number; `default` where there is none, and without a default there must be one."""
        attribute = self._item.get(name)
        if attribute is None:
            if default is None:
                raise self.broken(name, "is missing")
            return default
        try:
            return int(attribute["N"])
        except (KeyError, ValueError):
            raise self.broken(name, "is not a whole number") from None

    def instant(self, name: str) -> datetime | None:
        """An instant in UTC; None where there is none."""
        spelling = self.text(name)
        if not spelling:
            return None
        try:
            value = datetime.fromisoformat(spelling)
        except ValueError:
            raise self.broken(name, f"is no instant: {spelling[:40]!r}") from None
        if value.tzinfo is None:
            raise self.broken(name, f"has no time zone: {spelling[:40]!r}")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise self.broken(name, f"is not in the years 1 to 9999 of UTC: {spelling[:40]!r}") from None

    def switch(self, name: str) -> bool:
        """A boolean; False where there is none."""
        value = self._item.get(name, {"BOOL": False}).get("BOOL")
        if not isinstance(value, bool):
            raise self.broken(name, "is neither true nor false")
        return value

    def blob(self, name: str) -> bytes:
        """Bytes; empty where there are none."""
        value = self._item.get(name, {"B": b""}).get("B")
        if not isinstance(value, bytes):
            raise self.broken(name, "is not binary")
        return value

    def texts(self, name: str) -> frozenset[str]:
        """A set of strings; empty where there is none."""
        value = self._item.get(name, {"SS": []}).get("SS")
        if value is None:
            raise self.broken(name, "is not a set of strings")
        return frozenset(value)

    def wholes(self, name: str) -> frozenset[int]:
        """A set of whole numbers; empty where there is none."""
        try:
            return frozenset(int(value) for value in self._item.get(name, {"NS": []})["NS"])
        except (KeyError, ValueError):
            raise self.broken(name, "is not a set of whole numbers") from None

    def inner(self, name: str) -> "ItemReader":
        """The map under this name; an empty one where there is none."""
        value = self._item.get(name, {"M": {}}).get("M")
        if value is None:
            raise self.broken(name, "is not a map")
        return ItemReader(value, self.what, f"{self._path}{name}.")

    def inners(self, name: str) -> "list[ItemReader]":
        """The list of maps under this name; empty where there is none."""
        try:
            return [
                ItemReader(value["M"], self.what, f"{self._path}{name}[{index}].")
                for index, value in enumerate(self._item.get(name, {"L": []})["L"])
            ]
        except (KeyError, TypeError):
            raise self.broken(name, "is not a list of maps") from None

    def has(self, name: str) -> bool:
        """Whether there is such an attribute, empty or not."""
        return name in self._item

    def names(self) -> list[str]:
        """The names of all attributes, in order."""
        return sorted(self._item)

    def broken(self, name: str, message: str) -> RecordBrokenError:
        """The error that says what is wrong with the attribute."""
        return RecordBrokenError(self.what, self._path + name, message)
