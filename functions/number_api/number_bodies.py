"""What the API answers: numbers as JSON."""

from datetime import datetime

from pydantic import Field

from functions.rest.bodies import ShownBody
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.ports.numbers import NumberPage


class HolderBody(ShownBody):
    """A device on which the number is registered now."""

    device: str
    since: datetime


class NumberBody(ShownBody):
    """One number of a customer; times are RFC 3339 in UTC."""

    customer: str
    number: str
    status: Status
    usage: Usage
    vendor: str
    tag: str = Field(description="While Cooling: in how many days the Release Date comes.")
    release_date: datetime | None = Field(description="When the number becomes Available; only while Cooling.")
    holders: list[HolderBody]
    description: str
    extra1: str
    extra2: str
    extra3: str
    internal_number_type: str
    e164_number: str
    site: str
    assigned_to: str = Field(description="Who it was assigned to, while that lasts.")
    reserved_for: str
    reservation_notes: str
    reserved_until: datetime | None = Field(description="When a reservation lapses; null for one without an end.")
    reason: str = Field(description="Why the number last changed.")
    version: int
    created_at: datetime | None
    created_by: str
    updated_at: datetime | None
    updated_by: str


class NumberPageBody(ShownBody):
    """A page of numbers; it may be empty and still have a next one."""

    numbers: list[NumberBody]
    next_cursor: str | None = Field(description="Pass as `cursor` for what follows; null at the end.")


_COPIED = tuple(name for name in NumberBody.model_fields if name not in {"tag", "holders"})


def number_body(record: NumberRecord, now: datetime) -> NumberBody:
    """The number as JSON, its Tag as people see it now."""
    holders = [HolderBody(device=holder.device, since=holder.since) for holder in record.holders]
    copied = {name: getattr(record, name) for name in _COPIED}
    return NumberBody(tag=record.shown_tag(now), holders=holders, **copied)


def page_body(page: NumberPage, next_cursor: str | None, now: datetime) -> NumberPageBody:
    """The page as JSON."""
    return NumberPageBody(numbers=[number_body(record, now) for record in page.numbers], next_cursor=next_cursor)
