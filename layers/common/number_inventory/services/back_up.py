"""Write all tables of a stack into a backup, and put a backup into the empty tables of a stack.

What is put back is as it was, item by item. The numbers' stream tells of it as of anything else: so each customer's
numbers are marked before the first of them comes, and whoever records changes knows that they were not created. They
are counted afterwards, by `MigrateNumbers`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from number_inventory.domain.errors import RuleViolationError
from number_inventory.ports.whole_tables import BackupFiles, StoredItem, WholeTables

BATCH = 500
"""Items that are put back before progress is told."""

_NUMBERS, _HISTORY = "numbers", "history"

Tell = Callable[[str, int], None]
"""Told which table it is, and how many of its items are done."""


def _silent(_table: str, _done: int) -> None:
    pass


class Marks(Protocol):
    """What is known of customers whose numbers come back; `MigrateNumbers` does it."""

    def expect_restored(self, customer: str) -> None:
        """Numbers come: count none of them."""

    def expects_restored(self, customer: str) -> bool:
        """Whether that was said, and not yet that all are there."""

    def restored(self, customer: str) -> None:
        """All are there."""


@dataclass(frozen=True, slots=True)
class BackUp:
    """The use case of writing one."""

    tables: WholeTables
    files: BackupFiles

    def __call__(self, stack: str, tell: Tell = _silent) -> Mapping[str, int]:
        """Write all items of all tables; returns how many each table has.

        Tables are read one after the other, so nobody should write meanwhile.

        Raises:
            InvalidInputError: something stands where the backup is to go.
            StorageBusyError, StorageRefusedError: a table could not be read; there is no backup then.
        """
        told = {name: _telling(self.tables.items(name), name, tell) for name in self.tables.names}
        return self.files.write(told, stack)


@dataclass(frozen=True, slots=True)
class Restore:
    """The use case of putting one back."""

    tables: WholeTables
    files: BackupFiles
    marks: Marks

    def __call__(self, tell: Tell = _silent) -> Mapping[str, int]:
        """Put all items into tables that are empty; returns how many each table has got.

        Where it was interrupted it may be given again, with the same backup: items are put as they are.

        Raises:
            InvalidInputError: it is no backup, not whole, or of a newer release; nothing is written then.
            RuleViolationError: a table is not empty; nothing is written then.
            StorageBusyError, StorageRefusedError: some items may be there: give it again.
        """
        counts = self.files.check()
        customers = sorted({_customer_of(item) for item in self.files.items(_NUMBERS)})
        self._refuse_full(counts, customers)
        for customer in customers:
            self.marks.expect_restored(customer)
        for table in (name for name in self.tables.names if name in counts):
            self._put(table, tell)
        for customer in customers:
            self.marks.restored(customer)
        return counts

    def _refuse_full(self, counts: Mapping[str, int], customers: Sequence[str]) -> None:
        if any(self.marks.expects_restored(customer) for customer in customers):
            # It was begun before; some customers may not have been marked yet, or have theirs taken off already.
            return
        full = [name for name in self.tables.names if not self.tables.is_empty(name)]
        if full:
            message = f"the tables of this stack are not empty ({', '.join(full)}): a backup goes into a new stack"
            raise RuleViolationError(message)
        unknown = sorted(counts.keys() - set(self.tables.names))
        if unknown:
            raise RuleViolationError(f"the backup has tables that this release does not know: {', '.join(unknown)}")

    def _put(self, table: str, tell: Tell) -> None:
        done = 0
        items = (item for item in self.files.items(table) if not _is_mark(table, item))
        while batch := list(islice(items, BATCH)):
            self.tables.put(table, batch)
            done += len(batch)
            tell(table, done)


def _telling(items: Iterator[StoredItem], table: str, tell: Tell) -> Iterator[StoredItem]:
    for done, item in enumerate(items, start=1):
        yield item
        if not done % BATCH:
            tell(table, done)


def _customer_of(item: StoredItem) -> str:
    return str(item["customer"]["S"])


def _is_mark(table: str, item: StoredItem) -> bool:
    """Whether an item says since when numbers are counted, which is another instant after a restore."""
    return table == _HISTORY and item["change"] == {"S": "recount"}
