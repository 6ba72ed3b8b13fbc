"""The events that the functions accept.

Anything else is refused with the reason: a wrong event never means a default.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from number_inventory.domain.audit_runs import AuditMode
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.findings import FindingCode
from number_inventory.domain.numbers import MAX_TEXT, slug

_CORRELATION = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]", re.ASCII)


def _customer(text: str) -> str:
    return _named(text, "customer")


def _device(text: str) -> str:
    return _named(text, "device")


def _named(text: str, field: str) -> str:
    try:
        return slug(text, field=field)
    except InvalidInputError as error:
        raise ValueError(str(error).removeprefix(f"{field}: ")) from None


def _rfc3339(value: object) -> object:
    """Refuse what would be taken for seconds or milliseconds since 1970: which of them, nobody could tell."""
    if not (isinstance(value, str) and _RFC3339.match(value)):
        raise ValueError("must be an instant as RFC 3339 spells it, such as 2026-11-25T08:00:00Z")
    return value


def _correlation(value: object) -> object:
    """Nothing, where it is none: what only labels a run must not keep it from running.

    A scheduler that does not know its keywords leaves one as it is.
    """
    return None if isinstance(value, str) and not _CORRELATION.fullmatch(value) else value


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be within the years 1 to 9999 in UTC") from None


def _distinct(codes: list[FindingCode]) -> list[FindingCode]:
    if len(set(codes)) < len(codes):
        raise ValueError("names a code twice")
    return codes


Instant = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_utc)]
CustomerName = Annotated[str, AfterValidator(_customer)]
DeviceName = Annotated[str, AfterValidator(_device)]
FindingCodes = Annotated[list[FindingCode], Field(min_length=1), AfterValidator(_distinct)]
CorrelationId = Annotated[str | None, BeforeValidator(_correlation)]
"""What leads from a schedule's run to what it wrote: it stands in every line of the log, and in the numbers."""

Checksum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

Scheduled = Annotated[bool, Field(strict=True)]
"""Whether a schedule began the run: only such runs are its heartbeat."""


class _Event(BaseModel):
    """Whatever a function accepts; it builds those only that it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class DispatchEvent(_Event):
    """`{}` for every enabled device, or one customer's, or one device of a customer."""

    customer: CustomerName | None = None
    device: DeviceName | None = None
    correlation_id: CorrelationId = None
    scheduled: Scheduled = False

    @model_validator(mode="after")
    def _device_needs_customer(self) -> Self:
        if self.device is not None and self.customer is None:
            raise ValueError("a device is named by its customer and its name: 'customer' is missing")
        return self


class QueuedMessage(BaseModel):
    """One message as SQS hands it over; only what is read here."""

    model_config = ConfigDict(defer_build=True)

    message_id: str = Field(alias="messageId", min_length=1)
    body: str


class QueueEvent(_Event):
    """What SQS hands over."""

    records: list[QueuedMessage] = Field(alias="Records", min_length=1)


class SyncRequest(_Event):
    """The body of a queued message: sync this device; one that is `scheduled` only if the device is due."""

    customer: CustomerName
    device: DeviceName
    scheduled: bool = False
    correlation_id: CorrelationId = None


class ReleaseEvent(_Event):
    """`{}` releases what is due; mode `report` tells what would be released by `as_of` and changes nothing."""

    mode: Literal["release", "report"] = "release"
    as_of: Instant | None = None
    customer: CustomerName | None = None
    correlation_id: CorrelationId = None
    scheduled: Scheduled = False

    @model_validator(mode="after")
    def _only_reports_look_ahead(self) -> Self:
        if self.mode == "release" and self.as_of is not None:
            raise ValueError("'as_of' goes with mode 'report' only: numbers are released at their Release Date")
        return self

    def instant(self, now: datetime) -> datetime:
        """Up to when Release Dates count."""
        return self.as_of or now


class StockEvent(_Event):
    """`{}` watches every customer's stock, or one's."""

    customer: CustomerName | None = None
    correlation_id: CorrelationId = None
    scheduled: Scheduled = False


class AuditOrder(_Event):
    """What an audit is to look at, and what it may do; nothing at all is: look at everything, and only report."""

    mode: AuditMode = AuditMode.REPORT
    site: Annotated[str, Field(max_length=MAX_TEXT)] | None = Field(
        default=None, description="Only numbers of this Site; empty for those without one."
    )
    codes: FindingCodes | None = Field(default=None, description="Only these findings.")
    plan: Checksum | None = Field(
        default=None, description="Correct exactly what an earlier audit planned, by its checksum, or nothing."
    )

    @model_validator(mode="after")
    def _a_plan_is_all_there_is_to_say(self) -> Self:
        if self.plan is None:
            return self
        if self.mode is not AuditMode.CORRECT:
            raise ValueError("'plan' goes with mode 'correct' only: it names what is to be corrected")
        if self.site is not None or self.codes is not None:
            raise ValueError("'plan' goes without 'site' and 'codes': they are those of the audit that gave the plan")
        return self


class AuditEvent(AuditOrder):
    """`{}` reports on every customer; with a customer on that one, with a plan on the one that it is of."""

    customer: CustomerName | None = None
    correlation_id: CorrelationId = None
    scheduled: Scheduled = False


class AuditStep(_Event):
    """Go on with an audit that was begun, at the step that it has come to."""

    customer: CustomerName
    run: str = Field(pattern=r"^[0-9A-Za-z-]{1,64}$")
    step: int = Field(ge=0, strict=True)


class JobStep(_Event):
    """Go on with a job that adds numbers, at the step that it has come to."""

    customer: CustomerName
    job: str = Field(pattern=r"^[0-9A-Za-z-]{1,64}$")
    step: int = Field(ge=0, strict=True)


EventT = TypeVar("EventT", bound=_Event)


def read_event(kind: type[EventT], event: object) -> EventT:
    """Read an event.

    Raises:
        InvalidInputError: says which part of the event is wrong and what is allowed.
    """
    if not isinstance(event, Mapping):
        raise InvalidInputError("event", f"must be a JSON object, not {type(event).__name__}")
    try:
        return kind.model_validate(dict(event))
    except ValidationError as error:
        problems = "; ".join(_problem(item) for item in error.errors(include_url=False))
        allowed = ", ".join(field.alias or name for name, field in kind.model_fields.items())
        raise InvalidInputError("event", f"{problems} (allowed: {allowed})") from None


def read_instant(text: str, *, field: str) -> datetime:
    """Read an instant, as RFC 3339 spells it; in UTC.

    Raises:
        InvalidInputError: it is none, or has no offset from UTC.
    """
    try:
        return TypeAdapter(Instant).validate_python(text)
    except ValidationError as error:
        raise InvalidInputError(field, _problem(error.errors(include_url=False)[0])) from None


def read_audit_event(event: object) -> AuditEvent | AuditStep:
    """Read an event of the audit function, which are of two kinds: one that has a run or a step is a step.

    Raises:
        InvalidInputError: says which part of the event is wrong and what is allowed.
    """
    if isinstance(event, Mapping) and not event.keys().isdisjoint({"run", "step"}):
        return read_event(AuditStep, event)
    return read_event(AuditEvent, event)


def read_message(kind: type[EventT], body: str) -> EventT:
    """Read an event that comes as the body of a message.

    Raises:
        InvalidInputError: it is no JSON, or says which part of it is wrong and what is allowed.
    """
    try:
        event = json.loads(body)
    except ValueError:
        raise InvalidInputError("event", f"must be a JSON object, not {body[:40]!r}") from None
    return read_event(kind, event)


def _problem(item: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
