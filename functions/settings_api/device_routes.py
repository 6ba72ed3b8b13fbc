"""The devices of a customer: configured, looked at, given credentials, synced and removed.

An ETag stands for how a device is configured; how it fares changes by itself.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from functions.rest.entity_tags import ANY, header, refuse_condition
from functions.rest.problems import problem
from functions.rest.promises import Promise, promises
from functions.rest.requests import DECODED, Customer, current_attempt, named_caller, refuse_unknown
from functions.settings_api.device_bodies import (
    ApprovalBody,
    ApproveBody,
    ApprovedBody,
    CredentialsBody,
    DeviceBody,
    DevicePatchBody,
    DevicesBody,
    HeldRemovalsBody,
    QueuedBody,
    RemovalsBody,
    RemovedBody,
    ShownDevice,
    removals_body,
    shown_device,
)
from number_inventory.bootstrap import configuration, syncs
from number_inventory.domain.devices import Device, DeviceKey, configuration_digest
from number_inventory.domain.errors import (
    AlreadyExistsError,
    ConfigurationChangedError,
    InvalidInputError,
    NotFoundError,
    RuleViolationError,
    SettingBrokenError,
)
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION
from number_inventory.domain.numbers import slug
from number_inventory.ports.devices import DeviceEntry
from number_inventory.services.manage_devices import ConfigureDevices
from number_inventory.settings import SettingsApiSettings

_DEVICES = "/customers/<customer>/devices"
_DEVICE = f"{_DEVICES}/<device>"
_SAFETY = timedelta(seconds=5)
"""What is kept of the function's time to answer."""

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
_NO_TEST = timedelta(seconds=1)
"""Nothing here asks a device, so nothing may take time over it."""

_log = logging.getLogger(__name__)
router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools leaves it untyped

DeviceName = Annotated[str, Path(description="The device's name.", examples=["sbc-1"]), DECODED]


# --- how changes are refused


@router.exception_handler(ConfigurationChangedError)  # type: ignore[untyped-decorator]  # Powertools leaves it untyped
def tell_it_has_changed(error: ConfigurationChangedError) -> Response[str]:
    """Somebody else changed the device; the answer has its present tag."""
    headers: dict[str, str | list[str]] = {"ETag": f'"{error.digest}"'}
    return problem(HTTPStatus.PRECONDITION_FAILED, str(error), headers=headers)


@router.exception_handler([RuleViolationError, AlreadyExistsError])  # type: ignore[untyped-decorator]  # Powertools leaves it untyped
def tell_what_stands_against_it(error: Exception) -> Response[str]:
    """The device, or a setting that decides about it, does not allow it now."""
    return problem(HTTPStatus.CONFLICT, str(error))


# --- looking


@router.get(_DEVICES)
def list_devices(customer: Customer) -> DevicesBody:
    """All devices of a customer and how they fare, by name."""
    refuse_unknown(router.current_event.query_string_parameters)
    return DevicesBody(devices=[shown_device(entry) for entry in _configure().all(customer)])


@router.get(_DEVICE, openapi_extensions=promises(Promise.SHOWS_TAG))
def get_device(customer: Customer, device: DeviceName) -> Response[ShownDevice]:
    """One device: how it is asked, and how it fares."""
    refuse_unknown(router.current_event.query_string_parameters)
    return _shown(_configure().one(_key(customer, device)))


@router.get(f"{_DEVICE}/removals")
def get_removals(customer: Customer, device: DeviceName) -> RemovalsBody:
    """What a device no longer shows and may not lose without a person's word, as its last sync found it.

    The device is not asked: it may take longer over its list than a request may, and here nobody reads its credentials.
    """
    refuse_unknown(router.current_event.query_string_parameters)
    return removals_body(_configure().one(_key(customer, device)))


# --- changing


@router.put(_DEVICE, openapi_extensions=promises(Promise.BOUND_BY_TAG, Promise.MAY_CONFLICT, Promise.MAY_CREATE))
def put_device(customer: Customer, device: DeviceName, body: Annotated[DeviceBody, Body()]) -> Response[ShownDevice]:
    """Configure a device: a new one, with its credentials, or all of one that is there."""
    refuse_unknown(router.current_event.query_string_parameters)
    key, configure = _key(customer, device), _configure()
    wanted = body.as_device(key)
    seen = _expected(router.current_event)
    try:
        known = configure.one(key)
    except NotFoundError:
        return _added(configure, wanted, body, bound=seen is not None)
    if header(router.current_event, "If-None-Match") == ANY:
        raise ConfigurationChangedError(str(key), configuration_digest(known.device))
    given = body.credentials.as_credentials() if body.credentials else None
    return _shown(configure.change(key, lambda known: _noted(known, wanted), seen or None, given))


def _added(configure: ConfigureDevices, wanted: Device, body: DeviceBody, *, bound: bool) -> Response[ShownDevice]:
    if bound:
        raise ConfigurationChangedError(str(wanted.key), "")
    if body.credentials is None:
        raise InvalidInputError("credentials", "must be there for a new device: without them it could only fail")
    _noted(None, wanted)
    configure.add(wanted, body.credentials.as_credentials())
    return _shown(configure.one(wanted.key), HTTPStatus.CREATED)


@router.patch(_DEVICE, openapi_extensions=promises(Promise.BOUND_BY_TAG, Promise.SHOWS_TAG))
def patch_device(
    customer: Customer, device: DeviceName, body: Annotated[DevicePatchBody, Body()]
) -> Response[ShownDevice]:
    """Change parts of how a device is asked; enabling it lets it be asked again after a refused login."""
    refuse_unknown(router.current_event.query_string_parameters)
    key, configure = _key(customer, device), _configure()
    changes: Any = body.changes()
    given = body.credentials.as_credentials() if body.credentials else None
    seen = _expected(router.current_event) or None
    entry = configure.change(key, lambda known: _noted(known, replace(known, **changes)), seen, given)
    if body.enabled:
        # Switched on or on already: a person says that its credentials are good now.
        entry = configure.set_enabled(key, enabled=True)
    return _shown(entry)


@router.put(f"{_DEVICE}/credentials", status_code=HTTPStatus.NO_CONTENT.value)
def put_credentials(customer: Customer, device: DeviceName, body: Annotated[CredentialsBody, Body()]) -> Response[None]:
    """Replace a device's user and password; they are never shown."""
    _refuse_what_is_not_for_this()
    _configure().replace_credentials(_key(customer, device), body.as_credentials())
    return Response(HTTPStatus.NO_CONTENT.value)


@router.post(f"{_DEVICE}/sync", status_code=HTTPStatus.ACCEPTED.value, openapi_extensions=promises(Promise.STARTS_WORK))
def sync_device(customer: Customer, device: DeviceName) -> Response[QueuedBody]:
    """Have the device synced soon, without waiting for the schedule; one that is disabled is passed by."""
    _refuse_what_is_not_for_this()
    key = _key(customer, device)
    queued = syncs.dispatch_syncs(SettingsApiSettings.load())(key.customer, key.name)
    # How it went is to be seen where the device is.
    headers: dict[str, str | list[str]] = {"Location": f"../{key.name}"}
    return Response(HTTPStatus.ACCEPTED.value, content_types.APPLICATION_JSON, QueuedBody(queued=queued), headers)


@router.post(f"{_DEVICE}/removals/approve", openapi_extensions=promises(Promise.MAY_CONFLICT))
def approve_removals(customer: Customer, device: DeviceName, body: Annotated[ApproveBody, Body()]) -> ApprovedBody:
    """Let the next sync take exactly the held numbers from the device, once.

    409 where it holds others back now, or none. The same again changes nothing.
    """
    _refuse_what_is_not_for_this()
    key = _key(customer, device)
    approve = configuration.approve_removals(SettingsApiSettings.load())
    held, approval = approve(key, body.checksum, named_caller(router.current_event))
    return ApprovedBody(
        customer=key.customer,
        device=key.name,
        held=HeldRemovalsBody.model_validate(held, from_attributes=True),
        approval=ApprovalBody.model_validate(approval, from_attributes=True),
    )


@router.delete(_DEVICE, openapi_extensions=promises(Promise.BOUND_BY_TAG, Promise.MAY_CONFLICT))
def remove_device(
    customer: Customer,
    device: DeviceName,
    confirm: Annotated[
        int | None, Query(ge=0, description="How many numbers it holds, as `held_numbers` shows: they will cool.")
    ] = None,
) -> RemovedBody:
    """Remove a device and its credentials; the numbers that only it holds start to cool.

    It may take several requests: 503 asks for the next one, which goes on.
    """
    refuse_unknown(router.current_event.query_string_parameters, {"confirm"})
    settings, key = SettingsApiSettings.load(), _key(customer, device)
    entry = _configure().one(key)
    digest, seen = configuration_digest(entry.device), _expected(router.current_event)
    if seen not in {None, "", digest}:
        raise ConfigurationChangedError(str(key), digest)
    if confirm != entry.state.held_numbers:
        raise RuleViolationError(_to_confirm(settings, entry))
    left = timedelta(milliseconds=router.lambda_context.get_remaining_time_in_millis())
    remove = configuration.remove_device(settings, max(left - _SAFETY, _NO_TEST))
    try:
        report = remove(key)
    except SettingBrokenError as error:
        # The settings of the function itself were read before: it is a macro, which its operators can put right.
        raise RuleViolationError(str(error)) from error
    return RemovedBody(device=key.name, outcomes={str(outcome): n for outcome, n in sorted(report.outcomes.items())})


def _to_confirm(settings: SettingsApiSettings, entry: DeviceEntry) -> str:
    """What a removal would do, and how to have it done."""
    key, held = entry.device.key, entry.state.held_numbers
    days = configuration.manage_macros(settings).get(AUDIOCODES_COOLING_DURATION, key.customer).value
    return (
        f"device {key.name} held {held} numbers at its last sync; those that no other device holds would cool for "
        f"{days} days. To remove it, send this again with confirm={held}"
    )


# --- all of them


def _refuse_what_is_not_for_this() -> None:
    """Refuse parameters that nobody reads, and a condition that nothing here could meet."""
    event = router.current_event
    refuse_unknown(event.query_string_parameters)
    refuse_condition(event)


def _key(customer: str, device: str) -> DeviceKey:
    return DeviceKey(slug(customer, field="customer"), slug(device, field="device"))


def _noted(before: Device | None, after: Device) -> Device:
    """What a device is to be; where the request has a key, noted for its later attempts, and held against earlier ones.

    Raises:
        RuleViolationError: others have changed the device since an earlier attempt.
    """
    attempt = current_attempt(router)
    if attempt is not None:
        seen = configuration_digest(before) if before else "none"
        attempt.may_change(f"device {after.key.name}", seen, configuration_digest(after))
    return after


def _configure() -> ConfigureDevices:
    return configuration.configure_devices(SettingsApiSettings.load(), _log.warning, _NO_TEST)


def _shown(entry: DeviceEntry, status: HTTPStatus = HTTPStatus.OK) -> Response[ShownDevice]:
    headers: dict[str, str | list[str]] = {"ETag": f'"{configuration_digest(entry.device)}"'}
    return Response(status.value, content_types.APPLICATION_JSON, shown_device(entry), headers)


def _expected(event: Mapping[str, Any]) -> str | None:
    """The configuration that a change is for, by its `If-Match`; None where there is none, empty for any.

    Raises:
        InvalidInputError: the header is no entity tag.
    """
    given = header(event, "If-Match")
    if given is None or given == ANY:
        return None if given is None else ""
    tag = _TAG.fullmatch(given)
    if not tag:
        raise InvalidInputError("If-Match", f"must be the ETag that a device was shown with, or *, not {given[:40]!r}")
    # A weak tag is no promise that it was seen as it is: it never holds for a change (RFC 9110).
    return tag[2] if not tag[1] and tag[2] else "weak"
