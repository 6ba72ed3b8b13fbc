"""Changes of numbers: commands of the number API and of operators, and the release job."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from number_inventory.bootstrap import process, stores

if TYPE_CHECKING:
    from number_inventory.ports.keyed_requests import TakenBefore
    from number_inventory.services.manage_numbers import AddNumbers, ManageNumbers
    from number_inventory.services.next_available import ClaimAvailable, FindAvailable
    from number_inventory.services.release import ReleaseCooled
    from number_inventory.settings import InventorySettings, ManageSettings


def add_numbers(settings: "InventorySettings") -> "AddNumbers":
    """Add numbers by hand."""
    from number_inventory.services.manage_numbers import AddNumbers

    return AddNumbers(stores.inventory(settings), process.clock())


def manage_numbers(settings: "ManageSettings", repeated_since: datetime | None = None) -> "ManageNumbers":
    """Change numbers by command, and delete them; `repeated_since` says when the same was asked for first."""
    from number_inventory.services.manage_numbers import ManageNumbers

    return ManageNumbers(
        stores.inventory(settings), stores.macros(settings.macros_table), process.clock(), repeated_since
    )


def find_available(settings: "InventorySettings") -> "FindAvailable":
    """Find the next Available numbers."""
    from number_inventory.services.next_available import FindAvailable

    return FindAvailable(stores.inventory(settings))


def claim_available(settings: "InventorySettings", before: "TakenBefore | None" = None) -> "ClaimAvailable":
    """Claim the next Available numbers; `before` knows of earlier attempts at the same claim."""
    from number_inventory.services.next_available import ClaimAvailable

    return ClaimAvailable(stores.inventory(settings), process.clock(), before=before)


def release_cooled(settings: "InventorySettings", budget: timedelta, correlation_id: str = "") -> "ReleaseCooled":
    """Release what has cooled, within `budget`; `correlation_id` stands in the numbers that it changes."""
    from number_inventory.services.release import ReleaseCooled

    return ReleaseCooled(
        inventory=stores.inventory(settings), clock=process.clock(), budget=budget, correlation_id=correlation_id
    )
