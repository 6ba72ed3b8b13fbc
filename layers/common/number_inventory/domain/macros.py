"""Named macros: settings with a string value, resolved customer first, then global, then the built-in default.

Sources: VOSS named macro `audiocodes_cooling_duration` (default 2 days), VOSS Global Settings for number cooling
    (off, 30 days).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from number_inventory.domain.cooling import CoolingSettings, parse_cooling_days
from number_inventory.domain.errors import InvalidInputError, NotFoundError, SettingBrokenError
from number_inventory.domain.numbers import free_text
from number_inventory.domain.stock import StockThreshold

_T = TypeVar("_T")

GLOBAL = "#global"
"""Where global values stand: no customer's name can hold a `#`."""

AUDIOCODES_COOLING_DURATION = "audiocodes_cooling_duration"
COOLING_ENABLED = "number_inventory_cooling_enabled"
COOLING_DURATION = "number_inventory_cooling_duration_days"
REMOVAL_GUARD_PERCENT = "audiocodes_removal_guard_percent"
REMOVAL_GUARD_COUNT = "audiocodes_removal_guard_count"
RESTART_GRACE = "audiocodes_restart_grace_minutes"
STOCK_LOW_PERCENT = "number_stock_low_percent"
STOCK_LOW_COUNT = "number_stock_low_count"

SITE_MARK = "@"
"""Between the name of a macro and the site that its value is for: `number_stock_low_count@London`."""

_MAX_GUARD_COUNT = 1_000_000
_MAX_GRACE_MINUTES = 1_440
_MAX_STOCK_COUNT = 1_000_000


@dataclass(frozen=True, slots=True)
class MacroDefinition:
    """A macro that this product knows.

    Attributes:
        check: reads the value; raises InvalidInputError where it is not allowed.
        allowed: the same in words.
        by_site: whether sites have values of their own, beside the customer's.
    """

    name: str
    default: str
    purpose: str
    allowed: str
    check: Callable[[str], object]
    by_site: bool = False


@dataclass(frozen=True, slots=True)
class MacroValue:
    """A resolved macro and where its value came from: `customer`, `global` or `default`."""

    name: str
    value: str
    origin: str


def _parse_switch(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in {"true", "false"}:
        raise InvalidInputError(COOLING_ENABLED, f"must be 'true' or 'false', not {text!r}")
    return lowered == "true"


def _parse_audiocodes_days(text: str) -> int:
    return parse_cooling_days(text, field=AUDIOCODES_COOLING_DURATION)


def _parse_guard_percent(text: str) -> int:
    return _parse_whole(text, REMOVAL_GUARD_PERCENT, 100)


def _parse_guard_count(text: str) -> int:
    return _parse_whole(text, REMOVAL_GUARD_COUNT, _MAX_GUARD_COUNT)


def _parse_grace_minutes(text: str) -> int:
    return _parse_whole(text, RESTART_GRACE, _MAX_GRACE_MINUTES)


def _parse_stock_percent(text: str) -> int:
    return _parse_whole(text, STOCK_LOW_PERCENT, 100)


def _parse_stock_count(text: str) -> int:
    return _parse_whole(text, STOCK_LOW_COUNT, _MAX_STOCK_COUNT)


def _parse_whole(text: str, field: str, most: int) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < len(str(most)) + 1 and int(digits) <= most):
        raise InvalidInputError(field, f"must be a whole number from 0 to {most}, not {text!r}")
    return int(digits)


def _parse_global_days(text: str) -> int:
    return parse_cooling_days(text, field=COOLING_DURATION)


MACROS: Mapping[str, MacroDefinition] = {
    macro.name: macro
    for macro in (
        MacroDefinition(
            name=AUDIOCODES_COOLING_DURATION,
            default="2",
            purpose="Days a number cools once its last AudioCodes registration is gone (longest offline time).",
            allowed="whole days, 0 to 999",
            check=_parse_audiocodes_days,
        ),
        MacroDefinition(
            name=COOLING_ENABLED,
            default="false",
            purpose="Enable Number Inventory Cooling: whether numbers freed by other vendors cool at all.",
            allowed="true or false",
            check=_parse_switch,
        ),
        MacroDefinition(
            name=COOLING_DURATION,
            default="30",
            purpose="Number Inventory Cooling Duration (Days), for numbers freed by other vendors.",
            allowed="whole days, 0 to 999",
            check=_parse_global_days,
        ),
        MacroDefinition(
            name=REMOVAL_GUARD_PERCENT,
            default="20",
            purpose="A sync or an audit that would take more than this percent of their numbers from devices, and more"
            " than the count beside it, takes none of them until a person has approved. For a sync, all that a device"
            " lost within 24 hours counts together.",
            allowed="whole percent, 0 to 100",
            check=_parse_guard_percent,
        ),
        MacroDefinition(
            name=REMOVAL_GUARD_COUNT,
            default="10",
            purpose="How many numbers a sync or an audit may take whatever their percentage.",
            allowed="a whole number, 0 to 1000000",
            check=_parse_guard_count,
        ),
        MacroDefinition(
            name=RESTART_GRACE,
            default="60",
            purpose="Minutes that phones have to register again after a device was restarted; until then numbers are"
            " only added.",
            allowed="whole minutes, 0 to 1440",
            check=_parse_grace_minutes,
        ),
        MacroDefinition(
            name=STOCK_LOW_PERCENT,
            default="0",
            purpose="Stock is low while less than this percent of the numbers is Available; 0: whatever is left.",
            allowed="whole percent, 0 to 100",
            check=_parse_stock_percent,
            by_site=True,
        ),
        MacroDefinition(
            name=STOCK_LOW_COUNT,
            default="0",
            purpose="Stock is low while fewer numbers than this are Available; 0: however few are left.",
            allowed="a whole number, 0 to 1000000",
            check=_parse_stock_count,
            by_site=True,
        ),
    )
}


def macro_definition(name: str) -> MacroDefinition:
    """The macro of this name; `<macro>@<site>` is the macro's value for one site, where it can have one.

    Raises:
        NotFoundError: there is none; the message lists those there are.
        InvalidInputError: the site is no text that a number's site can be.
    """
    plain, mark, site = name.partition(SITE_MARK)
    definition = MACROS.get(plain)
    if definition is None:
        raise NotFoundError(f"there is no macro {name[:60]!r}; known are {', '.join(sorted(MACROS))}")
    if mark:
        _check_site(definition, site)
    return definition


def _check_site(definition: MacroDefinition, site: str) -> None:
    if not definition.by_site:
        by_site = ", ".join(sorted(macro.name for macro in MACROS.values() if macro.by_site))
        raise NotFoundError(f"macro {definition.name} has no values for sites; those that have are {by_site}")
    if not site:
        raise InvalidInputError("site", f"must be named after {SITE_MARK}: {definition.name}{SITE_MARK}<site>")
    free_text(site, field="site")


def at_site(name: str, site: str) -> str:
    """The name under which a macro's value for one site is set."""
    return f"{name}{SITE_MARK}{site}"


def check_macro_value(name: str, value: str) -> None:
    """Refuse a value before it is stored.

    Raises:
        NotFoundError: there is no such macro.
        InvalidInputError: the value is not allowed for it.
    """
    macro_definition(name).check(value)


def resolve_macro(name: str, customer_value: str | None, global_value: str | None) -> MacroValue:
    """The value in force: the customer's, else the global one, else the built-in default."""
    if customer_value is not None:
        return MacroValue(name, customer_value, "customer")
    if global_value is not None:
        return MacroValue(name, global_value, "global")
    return MacroValue(name, macro_definition(name).default, "default")


def audiocodes_cooling_days(macro: MacroValue) -> int:
    """Days from the resolved `audiocodes_cooling_duration`; it alone decides for AudioCodes numbers.

    Raises:
        SettingBrokenError: what is stored is no duration: removals wait, nothing is guessed.
    """
    return _stored(macro, _parse_audiocodes_days)


@dataclass(frozen=True, slots=True)
class RemovalGuard:
    """How many numbers may be taken from devices without a person.

    Attributes:
        percent: of those that devices use.
        count: a minimum population: so few are never too many.
    """

    percent: int
    count: int

    def stops(self, freed: int, used: int) -> bool:
        """Whether so many of so many used numbers are too many."""
        return freed > self.count and freed * 100 > self.percent * used


def removal_guard(percent: MacroValue, count: MacroValue) -> RemovalGuard:
    """The guard against mass disappearance from the resolved macros.

    Raises:
        SettingBrokenError: what is stored is not allowed.
    """
    return RemovalGuard(percent=_stored(percent, _parse_guard_percent), count=_stored(count, _parse_guard_count))


def restart_grace(macro: MacroValue) -> timedelta:
    """How long removals wait after a device was restarted, from the resolved macro.

    Raises:
        SettingBrokenError: what is stored is not allowed.
    """
    return timedelta(minutes=_stored(macro, _parse_grace_minutes))


def global_cooling_settings(enabled: MacroValue, days: MacroValue) -> CoolingSettings:
    """The customer's global cooling settings from the resolved macros.

    Raises:
        SettingBrokenError: what is stored is not allowed.
    """
    return CoolingSettings(enabled=_stored(enabled, _parse_switch), days=_stored(days, _parse_global_days))


def stock_macros(site: str | None) -> tuple[str, str]:
    """The macros that say when stock is low, percent and count: a site's own, or for all numbers of a customer."""
    if site is None:
        return STOCK_LOW_PERCENT, STOCK_LOW_COUNT
    return at_site(STOCK_LOW_PERCENT, site), at_site(STOCK_LOW_COUNT, site)


def stock_threshold(percent: MacroValue, count: MacroValue) -> StockThreshold:
    """What stock must not fall below, from the resolved macros.

    Raises:
        SettingBrokenError: what is stored is not allowed.
    """
    return StockThreshold(percent=_stored(percent, _parse_stock_percent), count=_stored(count, _parse_stock_count))


def _stored(macro: MacroValue, parse: Callable[[str], _T]) -> _T:
    try:
        return parse(macro.value)
    except InvalidInputError as error:
        message = (
            f"the stored {macro.origin} value of a macro is broken, so whatever depends on it waits. {error}. "
            f"Correct it with: number-inventory macros set {macro.name} <value>"
        )
        raise SettingBrokenError(message) from error
