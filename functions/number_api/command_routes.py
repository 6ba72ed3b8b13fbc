"""Numbers are managed: added, edited, deleted, given away and taken back, by name or whichever are free.

What a number's state does not allow is refused with who has it. `If-Match` binds a change to what the caller has seen.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import ValidationError

from functions.number_api.command_bodies import (
    MAX_NUMBERS,
    AddBody,
    AddedBody,
    AssignBody,
    ClaimBody,
    CommandBody,
    CoolBody,
    EditBody,
    FoundBody,
    LookupBody,
    ManyBody,
    NumbersBody,
    ReleaseBody,
    ReserveBody,
    ResultBody,
    ResultsBody,
    UnassignBody,
    UnreserveBody,
)
from functions.number_api.job_bodies import JobBody, job_address, job_body
from functions.number_api.number_bodies import NumberBody, number_body
from functions.number_api.parameters import Number
from functions.rest.app import InterruptedRequestError
from functions.rest.entity_tags import etag, expected_version, refuse_condition
from functions.rest.problems import problem
from functions.rest.promises import Promise, promises
from functions.rest.requests import Customer, current_attempt, named_caller, refuse_unknown
from number_inventory.bootstrap import lookups, number_changes, number_jobs, process, stores
from number_inventory.domain.commands import Command
from number_inventory.domain.errors import (
    PreconditionFailedError,
    RuleViolationError,
    SettingBrokenError,
    StorageBusyError,
)
from number_inventory.domain.numbers import NumberRecord, canonical_number
from number_inventory.services.manage_numbers import ManageNumbers, NumberDetails, created
from number_inventory.settings import JobsSettings, ManageSettings

_PATH = "/customers/<customer>/numbers"
_NUMBER = f"{_PATH}/<number>"
_AVAILABLE = "/customers/<customer>/next-available"
_CHANGES_ONE = promises(Promise.BOUND_BY_VERSION, Promise.MAY_CONFLICT)
_AVAILABLE_PARAMETERS = frozenset({"count", "prefix", "contiguous"})

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools leaves it untyped


# --- how changes are refused


@router.exception_handler(RuleViolationError)  # type: ignore[untyped-decorator]  # Powertools leaves it untyped
def tell_who_has_it(error: RuleViolationError) -> Response[str]:
    """What the number's state does not allow; the answer has the number as it is."""
    path = router.current_event.path_parameters
    record = None
    if "number" in path:
        lookup = stores.inventory(ManageSettings.load())
        record = lookup.get(unquote(path["customer"]), canonical_number(unquote(path["number"])))
    if record is None:
        return problem(HTTPStatus.CONFLICT, str(error))
    headers: dict[str, str | list[str]] = {"ETag": etag(record.version)}
    current = {"current": number_body(record, process.clock().now())}
    return problem(HTTPStatus.CONFLICT, str(error), headers=headers, members=current)


@router.exception_handler(PreconditionFailedError)  # type: ignore[untyped-decorator]  # Powertools leaves it untyped
def tell_it_has_changed(error: PreconditionFailedError) -> Response[str]:
    """Somebody else changed the number; the answer has its present version."""
    headers: dict[str, str | list[str]] = {"ETag": etag(error.version)}
    return problem(HTTPStatus.PRECONDITION_FAILED, str(error), headers=headers)


# --- one number


@router.post(f"{_NUMBER}/assign", openapi_extensions=_CHANGES_ONE)
def assign_number(customer: Customer, number: Number, body: Annotated[AssignBody, Body()]) -> Response[NumberBody]:
    """Give an Available number, or one Reserved for the very assignee, to someone."""
    return _changed(customer, number, body)


@router.post(f"{_NUMBER}/unassign", openapi_extensions=_CHANGES_ONE)
def unassign_number(
    customer: Customer, number: Number, body: Annotated[UnassignBody | None, Body()] = None
) -> Response[NumberBody]:
    """Take the number back from who has it; it cools if the customer's settings say so."""
    return _changed(customer, number, body or UnassignBody())


@router.post(f"{_NUMBER}/reserve", openapi_extensions=_CHANGES_ONE)
def reserve_number(customer: Customer, number: Number, body: Annotated[ReserveBody, Body()]) -> Response[NumberBody]:
    """Keep an Available number for someone."""
    return _changed(customer, number, body)


@router.post(f"{_NUMBER}/unreserve", openapi_extensions=_CHANGES_ONE)
def unreserve_number(
    customer: Customer, number: Number, body: Annotated[UnreserveBody | None, Body()] = None
) -> Response[NumberBody]:
    """End a reservation."""
    return _changed(customer, number, body or UnreserveBody())


@router.post(f"{_NUMBER}/cool", openapi_extensions=_CHANGES_ONE)
def cool_number(
    customer: Customer, number: Number, body: Annotated[CoolBody | None, Body()] = None
) -> Response[NumberBody]:
    """Let an Available number cool."""
    return _changed(customer, number, body or CoolBody())


@router.post(f"{_NUMBER}/release", openapi_extensions=_CHANGES_ONE)
def release_number(customer: Customer, number: Number, body: Annotated[ReleaseBody, Body()]) -> Response[NumberBody]:
    """End a cooling before its Release Date."""
    return _changed(customer, number, body)


@router.patch(_NUMBER, openapi_extensions=_CHANGES_ONE)
def edit_number(customer: Customer, number: Number, body: Annotated[EditBody, Body()]) -> Response[NumberBody]:
    """Change texts of a number, whatever its Status."""
    return _changed(customer, number, body)


def _changed(customer: str, number: str, body: CommandBody) -> Response[NumberBody]:
    """Carry out a command on a number; the number as it is after it."""
    event = router.current_event
    refuse_unknown(event.query_string_parameters)
    manage = _manage()
    seen = expected_version(event)
    with _broken_macros_refuse():
        record = manage.one(customer, number, body.as_command(), by=_by(), if_version=seen)
    shown = number_body(record, process.clock().now())
    headers: dict[str, str | list[str]] = {"ETag": etag(record.version)}
    return Response(HTTPStatus.OK.value, content_types.APPLICATION_JSON, shown, headers)


@router.delete(_NUMBER, status_code=HTTPStatus.NO_CONTENT, openapi_extensions=_CHANGES_ONE)
def delete_number(customer: Customer, number: Number) -> Response[None]:
    """Take an Available number out of the inventory."""
    event = router.current_event
    refuse_unknown(event.query_string_parameters)
    manage = _manage()
    manage.delete(customer, number, by=_by(), if_version=expected_version(event))
    return Response(HTTPStatus.NO_CONTENT.value)


# --- many numbers


@router.post(_PATH, openapi_extensions=promises(Promise.STARTS_WORK))
def add_numbers(customer: Customer, body: Annotated[AddBody, Body()]) -> Response[AddedBody | JobBody]:
    """Add numbers as Available; those that exist are left exactly as they are. More than 100 become a job (202)."""
    _refuse_what_is_for_one()
    details = NumberDetails(description=body.description, site=body.site, tag=body.tag)
    few = body.at_once()
    if few is None:
        return _job_to_add(customer, body, details)
    add = number_changes.add_numbers(ManageSettings.load())
    report = add(customer, few, details, _by())
    new = created(report)
    added = AddedBody(created=new, existed=sum(report.outcomes.values()) - new, failed=report.failed)
    return Response(HTTPStatus.OK.value, content_types.APPLICATION_JSON, added)


def _job_to_add(customer: str, body: AddBody, details: NumberDetails) -> Response[AddedBody | JobBody]:
    """Begin a job; its address tells how far it is."""
    attempt = current_attempt(router)
    start = number_jobs.start_number_job(JobsSettings.load(), attempt.new_id if attempt else None)
    if body.first is not None and body.last is not None:
        job = start.of_range(customer, body.first, body.last, details, _by())
    else:
        job = start.of_numbers(customer, body.numbers or (), details, _by())
    headers: dict[str, str | list[str]] = {"Location": job_address(job.id)}
    return Response(HTTPStatus.ACCEPTED.value, content_types.APPLICATION_JSON, job_body(job), headers)


@router.post(f"{_PATH}/bulk")
def change_numbers(customer: Customer, body: Annotated[ManyBody, Body()]) -> ResultsBody:
    """Carry out one command on many numbers, each by itself: some may be refused and the others done."""
    _refuse_what_is_for_one()
    command = _command(body)
    manage = _manage()
    if command is None:
        results = manage.delete_many(customer, body.numbers, by=_by())
    else:
        with _broken_macros_refuse():
            results = manage.many(customer, body.numbers, command, by=_by())
    return ResultsBody(results=[ResultBody.model_validate(item, from_attributes=True) for item in results])


def _command(body: ManyBody) -> Command | None:
    """What is to be done with each number; None: it is deleted."""
    try:
        return body.as_command()
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in problems]) from None


@router.post(f"{_PATH}/lookup")
def look_up_numbers(customer: Customer, body: Annotated[LookupBody, Body()]) -> FoundBody:
    """Show many numbers by their names; it changes nothing."""
    _refuse_what_is_for_one()
    found = lookups.look_up_numbers(ManageSettings.load()).batch(customer, body.numbers)
    return FoundBody(numbers=_shown(found.numbers), missing=list(found.missing))


# --- whichever are free


@router.get(_AVAILABLE)
def find_available_numbers(
    customer: Customer,
    count: Annotated[int, Query(ge=1, le=MAX_NUMBERS, description="How many.")] = 1,
    prefix: Annotated[str, Query(max_length=20, description="Only numbers that begin so; write + as %2B.")] = "",
    contiguous: Annotated[bool, Query(description="One after the other, without a gap.")] = False,  # noqa: FBT002
) -> NumbersBody:
    """Numbers that could be claimed now. Nothing keeps them for the caller: to have them, claim them."""
    refuse_unknown(router.current_event.query_string_parameters, _AVAILABLE_PARAMETERS)
    find = number_changes.find_available(ManageSettings.load())
    found = find(customer, count=count, prefix=prefix, contiguous=contiguous)
    return NumbersBody(numbers=_shown(found))


@router.post(f"{_AVAILABLE}/claim", openapi_extensions=promises(Promise.MAY_CONFLICT))
def claim_numbers(customer: Customer, body: Annotated[ClaimBody, Body()]) -> NumbersBody:
    """Take as many available numbers as are asked for, or none: of callers at the same time each gets its own."""
    _refuse_what_is_for_one()
    take = number_changes.claim_available(ManageSettings.load(), before=current_attempt(router))
    with nullcontext() if current_attempt(router) else _interruption_is_told():
        taken = take(
            customer,
            count=body.count,
            prefix=body.prefix,
            contiguous=body.contiguous,
            command=body.as_command(),
            by=_by(),
        )
    return NumbersBody(numbers=_shown(taken))


@contextmanager
def _interruption_is_told() -> Iterator[None]:
    """Say of a claim that came to no end what to do: sent again, it would take further numbers."""
    try:
        yield
    except StorageBusyError as error:
        raise InterruptedRequestError(
            "the inventory is busy, and numbers may have been taken all the same: look for numbers assigned to, or "
            "reserved for, whom they were for, before you ask again. With an Idempotency-Key asking again does no harm"
        ) from error


# --- all of them


def _shown(records: Sequence[NumberRecord]) -> list[NumberBody]:
    now = process.clock().now()
    return [number_body(record, now) for record in records]


def _manage() -> ManageNumbers:
    attempt = current_attempt(router)
    return number_changes.manage_numbers(ManageSettings.load(), attempt.repeated_since if attempt else None)


def _by() -> str:
    return named_caller(router.current_event)


def _refuse_what_is_for_one() -> None:
    event = router.current_event
    refuse_unknown(event.query_string_parameters)
    refuse_condition(event)


@contextmanager
def _broken_macros_refuse() -> Iterator[None]:
    """Refuse what a broken macro decides about, with what is wrong with it: the customer's operators can put it right.

    The settings of the function itself were read before.
    """
    try:
        yield
    except SettingBrokenError as error:
        raise RuleViolationError(str(error)) from error
