"""Looking numbers up, which the API does most often: nothing else stands here."""

from functools import lru_cache
from typing import TYPE_CHECKING

from number_inventory.bootstrap import stores

if TYPE_CHECKING:
    from number_inventory.services.lookup import LookUpNumbers
    from number_inventory.settings import InventorySettings


def look_up_numbers(settings: "InventorySettings") -> "LookUpNumbers":
    """Look numbers up."""
    from number_inventory.services.lookup import LookUpNumbers

    return LookUpNumbers(stores.inventory(settings))


@lru_cache(maxsize=1)
def lookups_of_the_api() -> "LookUpNumbers":
    """Look numbers up for the API, by the environment as it was at the first request: lookups come most often."""
    from number_inventory.settings import ApiSettings

    return look_up_numbers(ApiSettings.load())
