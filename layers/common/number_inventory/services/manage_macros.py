"""Read and set named macros."""

from dataclasses import dataclass

from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.macros import (
    COOLING_DURATION,
    COOLING_ENABLED,
    GLOBAL,
    MACROS,
    MacroValue,
    check_macro_value,
    global_cooling_settings,
    macro_definition,
)
from number_inventory.domain.numbers import slug
from number_inventory.ports.macros import Macros


@dataclass(frozen=True, slots=True)
class ManageMacros:
    """The use case; `customer` None means the global values."""

    macros: Macros

    def get(self, name: str, customer: str | None) -> MacroValue:
        """The value in force and where it comes from.

        Raises:
            NotFoundError: there is no macro of this name.
        """
        macro_definition(name)
        return self.macros.resolve(_scope(customer), [name])[name]

    def all(self, customer: str | None) -> list[MacroValue]:
        """Every macro with its value in force, by name."""
        names = sorted(MACROS)
        values = self.macros.resolve(_scope(customer), names)
        return [values[name] for name in names]

    def set(self, name: str, value: str, customer: str | None) -> MacroValue:
        """Set a macro for a customer or globally; it counts for numbers that start to cool from now on.

        Raises:
            NotFoundError: there is no macro of this name.
            InvalidInputError: the value is not allowed; nothing is stored then.
        """
        check_macro_value(name, value)
        self.macros.put(_scope(customer), name, value.strip())
        return self.get(name, customer)

    def cooling(self, customer: str) -> CoolingSettings:
        """How numbers cool that other vendors than AudioCodes free.

        Raises:
            SettingBrokenError: what is stored is not allowed.
        """
        values = self.macros.resolve(_scope(customer), [COOLING_ENABLED, COOLING_DURATION])
        return global_cooling_settings(values[COOLING_ENABLED], values[COOLING_DURATION])

    def unset(self, name: str, customer: str | None) -> MacroValue:
        """Forget a customer's value or the global one; returns the value that is in force then.

        Raises:
            NotFoundError: there is no macro of this name.
        """
        macro_definition(name)
        self.macros.remove(_scope(customer), name)
        return self.get(name, customer)


def _scope(customer: str | None) -> str:
    return GLOBAL if customer is None else slug(customer, field="customer")
