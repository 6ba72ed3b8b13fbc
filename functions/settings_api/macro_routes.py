"""Named macros of a customer or of all, and the cooling settings under the names that people know them by."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field, StrictBool, StrictInt

from functions.rest.bodies import GivenBody, ShownBody
from functions.rest.entity_tags import refuse_condition
from functions.rest.promises import Promise, promises
from functions.rest.requests import DECODED, Customer, current_attempt, refuse_unknown
from number_inventory.bootstrap import configuration
from number_inventory.domain.cooling import MAX_COOLING_DAYS
from number_inventory.domain.errors import RuleViolationError, SettingBrokenError
from number_inventory.domain.macros import COOLING_DURATION, COOLING_ENABLED, MacroValue, macro_definition
from number_inventory.services.manage_macros import ManageMacros
from number_inventory.settings import SettingsApiSettings

_OWN = "/customers/<customer>/macros"
_GLOBAL = "/macros"
_SETTINGS = "/customers/<customer>/settings"

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools leaves it untyped

Name = Annotated[str, Path(description="The macro's name.", examples=["audiocodes_cooling_duration"]), DECODED]


class ValueBody(GivenBody):
    """A macro's value; macros are texts, whatever they stand for."""

    value: Annotated[str, Field(max_length=200)]


class MacroBody(ShownBody):
    """A macro as it is in force."""

    name: str
    value: str
    origin: str = Field(description="Where the value comes from: `customer`, `global` or `default`.")
    default: str
    allowed: str = Field(description="What values it may have, in words.")
    purpose: str


class MacrosBody(ShownBody):
    """Every macro, by name."""

    macros: list[MacroBody]


class SettingsBody(ShownBody):
    """A customer's Global Settings for number cooling, as they are in force."""

    enable_number_inventory_cooling: bool = Field(
        description="Whether numbers cool that other vendors than AudioCodes free."
    )
    number_inventory_cooling_duration_days: int = Field(description="For how many days.")


class SettingsPatchBody(GivenBody):
    """Those of the settings that change; null: as for all customers."""

    enable_number_inventory_cooling: StrictBool | None = None
    number_inventory_cooling_duration_days: Annotated[StrictInt, Field(ge=0, le=MAX_COOLING_DAYS)] | None = None


_MACRO_OF = {
    "enable_number_inventory_cooling": COOLING_ENABLED,
    "number_inventory_cooling_duration_days": COOLING_DURATION,
}


# --- a customer's


@router.get(_OWN)
def list_macros(customer: Customer) -> MacrosBody:
    """Every macro with the value that is in force for a customer, and where that comes from."""
    return _all(customer)


@router.get(f"{_OWN}/<name>")
def get_macro(customer: Customer, name: Name) -> MacroBody:
    """One macro with the value that is in force for a customer, and where that comes from."""
    return _one(name, customer)


@router.put(f"{_OWN}/<name>")
def set_macro(customer: Customer, name: Name, body: Annotated[ValueBody, Body()]) -> MacroBody:
    """Set a macro for a customer; it counts for what begins from now on."""
    return _set(name, body.value, customer)


@router.delete(f"{_OWN}/<name>")
def unset_macro(customer: Customer, name: Name) -> MacroBody:
    """Forget a customer's own value; the answer is the one that is in force then."""
    return _unset(name, customer)


# --- everybody's


@router.get(_GLOBAL)
def list_global_macros() -> MacrosBody:
    """Every macro with its value for customers that have none of their own."""
    return _all(None)


@router.get(f"{_GLOBAL}/<name>")
def get_global_macro(name: Name) -> MacroBody:
    """One macro with its value for customers that have none of their own."""
    return _one(name, None)


@router.put(f"{_GLOBAL}/<name>")
def set_global_macro(name: Name, body: Annotated[ValueBody, Body()]) -> MacroBody:
    """Set a macro for every customer that has no value of its own."""
    return _set(name, body.value, None)


@router.delete(f"{_GLOBAL}/<name>")
def unset_global_macro(name: Name) -> MacroBody:
    """Forget the global value; the answer is the built-in default."""
    return _unset(name, None)


# --- cooling settings


@router.get(_SETTINGS, openapi_extensions=promises(Promise.MAY_CONFLICT))
def get_settings(customer: Customer) -> SettingsBody:
    """A customer's cooling settings, as they are in force."""
    refuse_unknown(router.current_event.query_string_parameters)
    return _settings(customer)


@router.patch(_SETTINGS)
def change_settings(customer: Customer, body: Annotated[SettingsPatchBody, Body()]) -> SettingsBody:
    """Change a customer's cooling settings; they count for numbers that start to cool from now on."""
    _refuse_what_is_not_for_this()
    for field in sorted(body.model_fields_set):
        value = getattr(body, field)
        _change(_MACRO_OF[field], None if value is None else str(value).lower(), customer)
    return _settings(customer)


# --- all of them


def _macros() -> ManageMacros:
    return configuration.manage_macros(SettingsApiSettings.load())


def _all(customer: str | None) -> MacrosBody:
    refuse_unknown(router.current_event.query_string_parameters)
    return MacrosBody(macros=[_shown(macro) for macro in _macros().all(customer)])


def _one(name: str, customer: str | None) -> MacroBody:
    refuse_unknown(router.current_event.query_string_parameters)
    return _shown(_macros().get(name, customer))


def _set(name: str, value: str, customer: str | None) -> MacroBody:
    _refuse_what_is_not_for_this()
    return _shown(_change(name, value, customer))


def _unset(name: str, customer: str | None) -> MacroBody:
    _refuse_what_is_not_for_this()
    return _shown(_change(name, None, customer))


def _change(name: str, value: str | None, customer: str | None) -> MacroValue:
    """Set a macro, or forget it; where the request has a key, undo nothing that others did since it was sent first.

    Raises:
        RuleViolationError: others have changed the macro since an earlier attempt.
    """
    macros, attempt = _macros(), current_attempt(router)
    if attempt is not None:
        known = macros.get(name, customer)
        own = known.origin == ("global" if customer is None else "customer")
        wanted = "none" if value is None else f"is {value.strip()}"
        attempt.may_change(f"macro {name}", f"is {known.value}" if own else "none", wanted)
    return macros.unset(name, customer) if value is None else macros.set(name, value, customer)


def _refuse_what_is_not_for_this() -> None:
    """Refuse parameters that nobody reads, and a condition: macros have no ETags."""
    event = router.current_event
    refuse_unknown(event.query_string_parameters)
    refuse_condition(event)


def _shown(macro: MacroValue) -> MacroBody:
    definition = macro_definition(macro.name)
    return MacroBody(
        name=macro.name,
        value=macro.value,
        origin=macro.origin,
        default=definition.default,
        allowed=definition.allowed,
        purpose=definition.purpose,
    )


def _settings(customer: str) -> SettingsBody:
    macros = _macros()
    try:
        settings = macros.cooling(customer)
    except SettingBrokenError as error:
        # The settings of the function itself were read before: it is a macro, which its operators can put right.
        raise RuleViolationError(str(error)) from error
    return SettingsBody(
        enable_number_inventory_cooling=settings.enabled, number_inventory_cooling_duration_days=settings.days
    )
