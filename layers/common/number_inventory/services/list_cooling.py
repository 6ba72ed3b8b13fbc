"""List what cools: until when, and whose it was before."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from number_inventory.domain.changes import status_of
from number_inventory.domain.numbers import NumberRecord, Status, slug
from number_inventory.ports.history import History
from number_inventory.ports.numbers import DueNumber, Inventory

_AT_ONCE = 100
_LOOKED_AT = 20
"""Changes of a number that are looked back over for the one that let it cool."""

_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CoolingNumber:
    """A number that cools.

    Attributes:
        before: as it was until then; None where the history does not know.
    """

    record: NumberRecord
    before: NumberRecord | None


@dataclass(frozen=True, slots=True)
class ListCooling:
    """The use case; it changes nothing."""

    inventory: Inventory
    history: History

    def __call__(
        self, customer: str, limit: int | None = None, until: datetime | None = None
    ) -> Iterator[CoolingNumber]:
        """The numbers of a customer that cool and have a Release Date, the earliest first.

        Args:
            customer: whose numbers.
            limit: at most so many; None is all of them.
            until: only those whose Release Date is at or before it.

        Raises:
            InvalidInputError: the customer's name is malformed.
        """
        slug(customer, field="customer")
        wanted = self._earliest(customer, limit, until or _EVER)
        for start in range(0, len(wanted), _AT_ONCE):
            numbers = [due.number for due in wanted[start : start + _AT_ONCE]]
            records = self.inventory.peek_many(customer, numbers)
            # The index may lag, and iterating passes by what cannot be understood: listings go on without it.
            found = [records[number] for number in numbers if number in set(records)]
            for record in found:
                if record.status is Status.COOLING:
                    yield CoolingNumber(record, self._before(record))

    def _earliest(self, customer: str, limit: int | None, until: datetime) -> Sequence[DueNumber]:
        entries = (due for batch in self.inventory.due(until, customer) for due in batch)
        if limit is None:
            return sorted(entries, key=_order)
        return heapq.nsmallest(limit, entries, key=_order)

    def _before(self, record: NumberRecord) -> NumberRecord | None:
        """The number before it began to cool."""
        for change in self.history.page(record.customer, record.number, _LOOKED_AT, None).changes:
            if status_of(change.after) is Status.COOLING and status_of(change.before) is not Status.COOLING:
                return change.before if isinstance(change.before, NumberRecord) else None
        return None


def _order(due: DueNumber) -> tuple[datetime, str]:
    return due.release_date, due.number
