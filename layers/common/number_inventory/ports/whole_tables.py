"""All tables of a stack, whole: for backups. What stands in an item is of no matter here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

StoredItem = Mapping[str, Any]
"""An item as JSON has it; only adapters look into it, and `customer_of`."""


class WholeTables(Protocol):
    """The tables of one stack by their names, such as `numbers`."""

    @property
    def names(self) -> Sequence[str]:
        """All that a backup holds, in the order in which they are put back."""

    def items(self, table: str) -> Iterator[StoredItem]:
        """All items, each once, strongly consistent; in no particular order."""

    def is_empty(self, table: str) -> bool:
        """Whether nothing stands there."""

    def put(self, table: str, items: Sequence[StoredItem]) -> None:
        """Store items, each whole, whatever stood there.

        Raises:
            StorageBusyError, StorageRefusedError: some of them may be stored.
        """


class BackupFiles(Protocol):
    """A backup: all items of all tables, and what proves that they are all there, and are what they were."""

    def write(self, tables: Mapping[str, Iterator[StoredItem]], stack: str) -> Mapping[str, int]:
        """Write a backup; returns how many items each table has.

        Raises:
            InvalidInputError: something stands where it is to go.
        """

    def check(self) -> Mapping[str, int]:
        """Read all of it once; returns how many items each table has.

        Raises:
            InvalidInputError: it is no backup, not whole, not as it was written, or of a newer release.
        """

    def items(self, table: str) -> Iterator[StoredItem]:
        """All items of one table."""
