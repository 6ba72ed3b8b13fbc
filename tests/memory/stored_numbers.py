"""The numbers as they are stored, in memory: those of a `MemoryInventory`, and others act between any two steps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.numbers import WriteResult
from number_inventory.ports.stored_numbers import StoredNumber
from tests.memory.inventory import BATCH, MemoryInventory


class MemoryStoredNumbers:
    """Stretches of a few numbers, each read when its turn comes.

    Attributes:
        others: called before each step.
    """

    def __init__(self, inventory: MemoryInventory, others: Callable[[], None] = lambda: None) -> None:
        self._inventory = inventory
        self.others = others

    def stored(self, customer: str) -> Iterator[Sequence[StoredNumber]]:
        """All numbers of a customer, in order."""
        after = ""
        while True:
            self.others()
            known = sorted(self._inventory.all().items())
            found = [record for (whose, number), record in known if whose == customer and number > after][:BATCH]
            if not found:
                return
            yield [StoredNumber(record.number, record, current=not record.outdated) for record in found]
            after = found[-1].number

    def rewrite(self, records: Sequence[NumberRecord], floor: int) -> Sequence[WriteResult]:
        """Write each that still is as it was read."""
        return [self._rewrite(record, floor) for record in records]

    def _rewrite(self, record: NumberRecord, floor: int) -> WriteResult:
        self.others()
        version = max(record.version + 1, floor)
        return self._inventory.rewrite(record, replace(record, version=version, outdated=False))
