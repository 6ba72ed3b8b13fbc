"""Reading and setting named macros."""

import pytest

from number_inventory.domain.errors import InvalidInputError, NotFoundError
from number_inventory.domain.macros import (
    AUDIOCODES_COOLING_DURATION,
    COOLING_ENABLED,
    GLOBAL,
    MACROS,
)
from number_inventory.services.manage_macros import ManageMacros
from tests.memory.settings import MemoryMacros
from tests.memory.world import CUSTOMER


@pytest.fixture
def store() -> MemoryMacros:
    return MemoryMacros()


@pytest.fixture
def macros(store: MemoryMacros) -> ManageMacros:
    return ManageMacros(store)


def test_customer_then_global_then_default(macros: ManageMacros) -> None:
    """GIVEN values set one after the other, WHEN read, THEN the nearest wins, and its origin is told."""
    name = AUDIOCODES_COOLING_DURATION
    assert (macros.get(name, CUSTOMER).value, macros.get(name, CUSTOMER).origin) == ("2", "default")
    macros.set(name, "7", None)
    assert (macros.get(name, CUSTOMER).value, macros.get(name, CUSTOMER).origin) == ("7", "global")
    macros.set(name, "5", CUSTOMER)
    assert (macros.get(name, CUSTOMER).value, macros.get(name, CUSTOMER).origin) == ("5", "customer")
    assert (macros.get(name, None).value, macros.get(name, None).origin) == ("7", "global")
    assert macros.get(name, "other").value == "7"


def test_all_macros_by_name(macros: ManageMacros) -> None:
    """GIVEN one value set, WHEN all are listed, THEN each macro is there once, with its value in force."""
    macros.set(COOLING_ENABLED, " true ", CUSTOMER)

    values = {value.name: value.value for value in macros.all(CUSTOMER)}

    assert values == {name: macro.default for name, macro in MACROS.items()} | {COOLING_ENABLED: "true"}
    assert [value.name for value in macros.all(None)] == sorted(values)


@pytest.mark.parametrize("value", ["999", "1000", "-1", "2.5", "two", "٢", ""])
def test_only_a_value_that_is_allowed_is_stored(macros: ManageMacros, store: MemoryMacros, value: str) -> None:
    """GIVEN values of all kinds, WHEN set, THEN only whole days from 0 to 999 are stored; others change nothing."""
    macros.set(AUDIOCODES_COOLING_DURATION, "4", CUSTOMER)
    if value == "999":
        assert macros.set(AUDIOCODES_COOLING_DURATION, value, CUSTOMER).value == value
        return

    with pytest.raises(InvalidInputError, match=AUDIOCODES_COOLING_DURATION):
        macros.set(AUDIOCODES_COOLING_DURATION, value, CUSTOMER)
    assert store.stored(CUSTOMER) == {AUDIOCODES_COOLING_DURATION: "4"}


def test_a_value_is_stored_without_the_spaces_around_it(macros: ManageMacros, store: MemoryMacros) -> None:
    """GIVEN spaces around a value, WHEN set globally, THEN the value alone is stored, in the global scope."""
    macros.set(AUDIOCODES_COOLING_DURATION, " 2 ", None)

    assert store.stored(GLOBAL) == {AUDIOCODES_COOLING_DURATION: "2"}


def test_unknown_macros_and_malformed_customers_are_refused(macros: ManageMacros, store: MemoryMacros) -> None:
    """GIVEN a wrong name or customer, WHEN read or set, THEN it is refused, and nothing is stored."""
    with pytest.raises(NotFoundError, match="colling"):
        macros.get("colling", CUSTOMER)
    with pytest.raises(NotFoundError, match="colling"):
        macros.set("colling", "2", CUSTOMER)
    with pytest.raises(InvalidInputError, match="customer"):
        macros.get(AUDIOCODES_COOLING_DURATION, GLOBAL)
    with pytest.raises(InvalidInputError, match="customer"):
        macros.set(AUDIOCODES_COOLING_DURATION, "2", "Acme")
    assert store.stored("Acme") == store.stored(GLOBAL) == {}


def test_a_value_that_is_unset_lets_the_next_level_count(macros: ManageMacros) -> None:
    """GIVEN a customer's and a global value, WHEN each is unset, THEN the answer is what counts then."""
    macros.set(AUDIOCODES_COOLING_DURATION, "5", None)
    macros.set(AUDIOCODES_COOLING_DURATION, "7", CUSTOMER)

    own = macros.unset(AUDIOCODES_COOLING_DURATION, CUSTOMER)
    everybodys = macros.unset(AUDIOCODES_COOLING_DURATION, None)

    assert [(each.value, each.origin) for each in (own, everybodys)] == [("5", "global"), ("2", "default")]
    with pytest.raises(NotFoundError, match="colling"):
        macros.unset("colling", CUSTOMER)
