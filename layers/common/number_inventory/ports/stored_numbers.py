"""The numbers of a customer as they stand in storage: for bringing them to the form that this release writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.numbers import WriteResult


@dataclass(frozen=True, slots=True)
class StoredNumber:
    """One number as it is stored.

    Attributes:
        record: None where it cannot be understood.
        current: it is stored as this release stores it, with all that its indexes need.
    """

    number: str
    record: NumberRecord | None
    current: bool


class StoredNumbers(Protocol):
    """The numbers of all customers, as they are stored."""

    def stored(self, customer: str) -> Iterator[Sequence[StoredNumber]]:
        """All numbers of a customer, in order, a stretch at a time; strongly consistent."""

    def rewrite(self, records: Sequence[NumberRecord], floor: int) -> Sequence[WriteResult]:
        """Store numbers as they are, in today's form and under a higher version; results in the same order.

        Each is written only if it still is at the version of its record. What it says, its last stamp included, stays.

        Args:
            records: as they were read, each number once.
            floor: the new version is at least this.

        Raises:
            StorageRefusedError: AWS refuses such writes for good; some of the others may have been made.
        """
