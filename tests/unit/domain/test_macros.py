"""Named macros: who wins, what is refused when set, and what a broken stored value means."""

import pytest

from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.errors import InvalidInputError, NotFoundError, SettingBrokenError
from number_inventory.domain.macros import (
    AUDIOCODES_COOLING_DURATION,
    COOLING_DURATION,
    COOLING_ENABLED,
    MACROS,
    REMOVAL_GUARD_COUNT,
    REMOVAL_GUARD_PERCENT,
    RESTART_GRACE,
    STOCK_LOW_COUNT,
    STOCK_LOW_PERCENT,
    MacroValue,
    RemovalGuard,
    at_site,
    audiocodes_cooling_days,
    check_macro_value,
    global_cooling_settings,
    macro_definition,
    removal_guard,
    resolve_macro,
    stock_macros,
    stock_threshold,
)
from number_inventory.domain.stock import StockThreshold

BAD_DURATIONS = ["", "1000", "-1", "2.5", "two", "٢", "true"]


@pytest.mark.parametrize(
    ("customer", "everywhere", "expected"),
    [
        ("5", "7", MacroValue(AUDIOCODES_COOLING_DURATION, "5", "customer")),
        (None, "7", MacroValue(AUDIOCODES_COOLING_DURATION, "7", "global")),
        (None, None, MacroValue(AUDIOCODES_COOLING_DURATION, "2", "default")),
        ("", "7", MacroValue(AUDIOCODES_COOLING_DURATION, "", "customer")),
        ("two", "7", MacroValue(AUDIOCODES_COOLING_DURATION, "two", "customer")),
    ],
    ids=["customer first", "then global", "then default", "an empty value is a value", "a broken value is a value"],
)
def test_who_wins(customer: str | None, everywhere: str | None, expected: MacroValue) -> None:
    """GIVEN values at several places, WHEN resolved, THEN the nearest counts, even a broken one: nothing is guessed."""
    assert resolve_macro(AUDIOCODES_COOLING_DURATION, customer, everywhere) == expected


def test_the_defaults_are_voss_defaults() -> None:
    """GIVEN nothing stored, THEN AudioCodes numbers cool 2 days; global cooling is off, and 30 days when on.

    More than 20 percent, and more than 10, of the numbers at once need a person; phones have an hour to come back.
    Nobody is warned of low stock, since an inventory of registered numbers alone has none.
    """
    assert {name: macro.default for name, macro in MACROS.items()} == {
        AUDIOCODES_COOLING_DURATION: "2",
        COOLING_ENABLED: "false",
        COOLING_DURATION: "30",
        REMOVAL_GUARD_PERCENT: "20",
        REMOVAL_GUARD_COUNT: "10",
        RESTART_GRACE: "60",
        STOCK_LOW_PERCENT: "0",
        STOCK_LOW_COUNT: "0",
    }
    for name, macro in MACROS.items():
        check_macro_value(name, macro.default)


@pytest.mark.parametrize("name", [AUDIOCODES_COOLING_DURATION, COOLING_DURATION])
@pytest.mark.parametrize("value", BAD_DURATIONS)
def test_a_bad_duration_is_refused_when_it_is_set(name: str, value: str) -> None:
    """GIVEN no duration, WHEN it is to be stored, THEN it is refused under the macro's name."""
    with pytest.raises(InvalidInputError) as refusal:
        check_macro_value(name, value)

    assert refusal.value.field == name


@pytest.mark.parametrize(("value", "enabled"), [("true", True), (" True ", True), ("false", False), ("FALSE", False)])
def test_the_switch(value: str, enabled: bool) -> None:
    """GIVEN true or false in any case, WHEN it is set and read, THEN it is that."""
    check_macro_value(COOLING_ENABLED, value)
    settings = global_cooling_settings(
        MacroValue(COOLING_ENABLED, value, "global"), MacroValue(COOLING_DURATION, "30", "default")
    )

    assert settings == CoolingSettings(enabled=enabled, days=30)


@pytest.mark.parametrize("value", ["", "yes", "1", "on", "truee"])
def test_a_bad_switch_is_refused(value: str) -> None:
    """GIVEN neither true nor false, WHEN it is set, THEN it is refused; found in the store, it breaks what needs it."""
    with pytest.raises(InvalidInputError, match=COOLING_ENABLED):
        check_macro_value(COOLING_ENABLED, value)
    with pytest.raises(SettingBrokenError, match=COOLING_ENABLED):
        global_cooling_settings(
            MacroValue(COOLING_ENABLED, value, "customer"), MacroValue(COOLING_DURATION, "30", "default")
        )


@pytest.mark.parametrize("value", BAD_DURATIONS)
def test_a_broken_stored_duration_says_where_and_how_to_correct_it(value: str) -> None:
    """GIVEN a broken value in the store, WHEN it is needed, THEN the error names it, its origin and the command."""
    with pytest.raises(SettingBrokenError) as broken:
        audiocodes_cooling_days(MacroValue(AUDIOCODES_COOLING_DURATION, value, "global"))

    message = str(broken.value)
    assert "stored global value" in message
    assert repr(value) in message
    assert f"macros set {AUDIOCODES_COOLING_DURATION}" in message


def test_audiocodes_numbers_need_no_global_switch() -> None:
    """GIVEN global cooling off (its default), THEN the AudioCodes macro decides alone."""
    assert audiocodes_cooling_days(resolve_macro(AUDIOCODES_COOLING_DURATION, None, None)) == 2


def test_an_unknown_macro_is_named_with_those_there_are() -> None:
    """GIVEN a name that is no macro, WHEN it is looked up or set, THEN the error lists the known ones."""
    for attempt in (lambda: macro_definition("colling"), lambda: check_macro_value("colling", "2")):
        with pytest.raises(NotFoundError, match=f"'colling'.*{AUDIOCODES_COOLING_DURATION}"):
            attempt()


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        (REMOVAL_GUARD_PERCENT, ["0", "20", " 100 "], ["101", "-1", "20%", "", "1e1", "٢", "0020"]),
        (REMOVAL_GUARD_COUNT, ["0", "10", "1000000"], ["1000001", "-1", "ten", "", "99999999999"]),
        (RESTART_GRACE, ["0", "60", "1440"], ["1441", "-1", "1h", ""]),
        (STOCK_LOW_PERCENT, ["0", "20", " 100 "], ["101", "-1", "20%", ""]),
        (STOCK_LOW_COUNT, ["0", "10", "1000000"], ["1000001", "-1", "ten", ""]),
        (at_site(STOCK_LOW_COUNT, "London / City"), ["0", "10", "1000000"], ["1000001", "-1", "ten", ""]),
    ],
)
def test_guard_and_stock_take_whole_numbers_only(name: str, allowed: list[str], refused: list[str]) -> None:
    """GIVEN the macros of the guard and of stock, WHEN set, THEN whole numbers in range are taken and nothing else."""
    for value in allowed:
        check_macro_value(name, value)
    for value in refused:
        with pytest.raises(InvalidInputError, match=name.partition("@")[0]):
            check_macro_value(name, value)


@pytest.mark.parametrize(
    ("name", "error", "cause"),
    [
        (at_site(STOCK_LOW_COUNT, ""), InvalidInputError, "must be named"),
        (at_site(STOCK_LOW_COUNT, "x" * 201), InvalidInputError, "at most 200"),
        (at_site(STOCK_LOW_COUNT, "a\nb"), InvalidInputError, "control"),
        (at_site(COOLING_DURATION, "London"), NotFoundError, "no values for sites.*number_stock_low_count"),
        (at_site("colling", "London"), NotFoundError, "there is no macro 'colling@London'"),
    ],
)
def test_a_site_has_values_of_stock_macros_only(name: str, error: type[Exception], cause: str) -> None:
    """GIVEN a macro of a site, WHEN sites have none of it, or it is no site, THEN the error says so."""
    with pytest.raises(error, match=cause):
        check_macro_value(name, "5")


@pytest.mark.parametrize("site", [None, "London"])
def test_a_site_has_a_threshold_of_its_own(site: str | None) -> None:
    """GIVEN a threshold of a customer or of a site, THEN it is that one's alone; a customer's is for all numbers."""
    percent, count = stock_macros(site)
    assert {percent, count}.isdisjoint({*stock_macros("Paris"), *stock_macros("London" if site is None else None)})
    values = resolve_macro(percent, None, None), resolve_macro(count, "5", None)
    assert stock_threshold(*values) == StockThreshold(percent=0, count=5)


def test_a_broken_threshold_is_told() -> None:
    """GIVEN a threshold in the store that is none, WHEN it is needed, THEN the error names it and the command."""
    with pytest.raises(SettingBrokenError, match=f"macros set {STOCK_LOW_COUNT}"):
        stock_threshold(MacroValue(STOCK_LOW_PERCENT, "0", "default"), MacroValue(STOCK_LOW_COUNT, "few", "customer"))


def test_the_guard_stops_only_what_is_much_by_percent_and_by_count() -> None:
    """GIVEN 20 percent and 10, WHEN numbers would be freed, THEN it stops what is more than both."""
    guard = RemovalGuard(percent=20, count=10)

    assert guard.stops(11, 50)
    assert not guard.stops(10, 10)
    assert not guard.stops(11, 55)
    assert guard.stops(11, 54)
    assert not guard.stops(0, 0)
    assert guard.stops(11, 0)


def test_a_broken_guard_is_no_guard_to_guess_at() -> None:
    """GIVEN a stored guard that is no number, WHEN it is needed, THEN an error that names it."""
    percent = MacroValue(REMOVAL_GUARD_PERCENT, "many", "customer")
    with pytest.raises(SettingBrokenError, match=REMOVAL_GUARD_PERCENT):
        removal_guard(percent, MacroValue(REMOVAL_GUARD_COUNT, "10", "default"))
