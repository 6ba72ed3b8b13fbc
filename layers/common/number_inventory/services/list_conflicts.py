"""List the numbers that two claim: a device holds them, and another vendor uses them. A person decides about each."""

from collections.abc import Iterator
from dataclasses import dataclass

from number_inventory.domain.numbers import AUDIOCODES, NumberGlance, NumberRecord, Status, slug
from number_inventory.ports.numbers import Inventory

_USED = frozenset({Status.USED, Status.USED_UTILITY})
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ListConflicts:
    """The use case; it changes nothing, and reads every number of the customer."""

    inventory: Inventory

    def __call__(self, customer: str) -> Iterator[NumberRecord]:
        """The numbers in conflict as their records have them, in the order of their spelling.

        An audit asks the devices' registers as well, and knows of those that a record does not name.

        Raises:
            InvalidInputError: the customer's name is malformed.
        """
        slug(customer, field="customer")
        for stretch in self.inventory.sweep(customer):
            suspects = [glance.number for glance in stretch.numbers if _contested(glance)]
            for start in range(0, len(suspects), _AT_ONCE):
                numbers = suspects[start : start + _AT_ONCE]
                records = self.inventory.peek_many(customer, numbers)
                yield from (records[number] for number in numbers if number in set(records))


def _contested(glance: NumberGlance) -> bool:
    """Whether a device holds what another vendor uses; the same as an audit's `conflict`, by the record alone."""
    return bool(glance.holders) and glance.status in _USED and glance.vendor != AUDIOCODES
