"""Named macros as stored."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from number_inventory.domain.macros import MacroValue


class Macros(Protocol):
    """Named macros as stored."""

    def resolve(self, customer: str, names: Sequence[str]) -> Mapping[str, MacroValue]:
        """The values in force for a customer: its own, else the global one, else the built-in default."""

    def put(self, scope: str, name: str, value: str) -> None:
        """Store a value for a customer or for `GLOBAL`; the caller has checked it."""

    def remove(self, scope: str, name: str) -> None:
        """Forget the value of a customer or of `GLOBAL`; nothing where there is none."""

    def stored(self, scope: str) -> Mapping[str, str]:
        """All values stored for a customer or for `GLOBAL`."""
