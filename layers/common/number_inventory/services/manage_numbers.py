"""Add numbers to the inventory by hand."""

from dataclasses import dataclass

from number_inventory.domain.lifecycle import Decision, Outcome, Stamp, add_number
from number_inventory.domain.numbers import NumberRecord, canonical_number, slug
from number_inventory.ports import Clock, Inventory
from number_inventory.services.change_numbers import ChangeNumbers, ChangeReport


@dataclass(frozen=True, slots=True)
class NumberDetails:
    """The free-text fields of a new number; see `NumberRecord`."""

    description: str = ""
    site: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class AddNumbers:
    """The use case: numbers that exist already are left exactly as they are."""

    inventory: Inventory
    clock: Clock

    def __call__(self, customer: str, numbers: list[str], details: NumberDetails, operator: str) -> ChangeReport:
        """Add each number as Available; returns how many were created and how many existed.

        Raises:
            InvalidInputError: a number or the customer is malformed; then nothing is added.
            StorageBusyError, StorageRefusedError: AWS did not play along; run it again, nothing is added twice.
        """
        slug(customer, field="customer")
        wanted = list(dict.fromkeys(canonical_number(number) for number in numbers))
        stamp = Stamp(self.clock.now(), f"operator:{operator}", "added to the inventory")

        def added(number: str, record: NumberRecord | None) -> Decision:
            new = NumberRecord(
                customer=customer,
                number=number,
                description=details.description,
                site=details.site,
                tag=details.tag,
            )
            return add_number(record, new, stamp)

        change = ChangeNumbers(self.inventory, lambda: True)
        change(customer, wanted, added)
        return change.report


def created(report: ChangeReport) -> int:
    """How many numbers an addition created."""
    return report.outcomes[Outcome.CREATED]
