"""The numbers of a customer: looked up one by one, or listed."""

from dataclasses import fields
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from functions.number_api.number_bodies import NumberBody, NumberPageBody, number_body, page_body
from functions.number_api.parameters import Number
from functions.rest.entity_tags import already_seen, etag
from functions.rest.promises import Promise, promises
from functions.rest.requests import Cursor, Customer, instant, page_tokens, refuse_unknown
from number_inventory.bootstrap import lookups, process
from number_inventory.domain.numbers import MAX_TEXT, Status, Usage
from number_inventory.ports.numbers import NumberQuery
from number_inventory.services.lookup import DEFAULT_LIMIT, MAX_LIMIT
from number_inventory.settings import ApiSettings

FILTERS = frozenset({field.name for field in fields(NumberQuery)} - {"customer", "reverse"})
KNOWN = FILTERS | {"order", "limit", "cursor"}

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools leaves it untyped


class Order(StrEnum):
    """Which way a listing goes."""

    ASCENDING = "asc"
    DESCENDING = "desc"


@router.get("/customers/<customer>/numbers/<number>", openapi_extensions=promises(Promise.SHOWS_VERSION))
def get_number(
    customer: Customer,
    number: Number,
    as_of: Annotated[str | None, Query(max_length=40, description="As it was at this instant; RFC 3339.")] = None,
) -> Response[NumberBody | None]:
    """One number: its Status, who holds it, and when it becomes free; 304 where the caller has it as it is."""
    event = router.current_event
    refuse_unknown(event.query_string_parameters, {"as_of"})
    if as_of is not None:
        from functions.number_api.history_routes import number_as_of  # noqa: PLC0415 - most lookups do without

        past = number_as_of(customer, number, as_of)
        return Response(HTTPStatus.OK.value, content_types.APPLICATION_JSON, past)
    record = lookups.lookups_of_the_api().one(customer, number)
    headers: dict[str, str | list[str]] = {"ETag": etag(record.version)}
    # The Tag of a number that cools tells how many days are left: it changes although nothing is written.
    if record.status is not Status.COOLING and already_seen(event, record.version):
        return Response(HTTPStatus.NOT_MODIFIED.value, headers=headers)
    body = number_body(record, process.clock().now())
    return Response(HTTPStatus.OK.value, content_types.APPLICATION_JSON, body, headers)


@router.get("/customers/<customer>/numbers")
def list_numbers(  # noqa: PLR0917 - the resolver reads the filters from the signature
    customer: Customer,
    status: Annotated[Status | None, Query(description="Only numbers of this Status.")] = None,
    vendor: Annotated[
        str | None, Query(max_length=MAX_TEXT, description="Only this Vendor's; empty: Cisco UCM.")
    ] = None,
    usage: Annotated[Usage | None, Query(description="Only numbers of this Usage.")] = None,
    prefix: Annotated[str, Query(max_length=20, description="Only numbers that begin so; write + as %2B.")] = "",
    site: Annotated[str | None, Query(max_length=MAX_TEXT, description="Only numbers of this Site.")] = None,
    assigned_to: Annotated[str | None, Query(max_length=MAX_TEXT, description="Only numbers assigned to them.")] = None,
    device: Annotated[
        str, Query(min_length=1, max_length=100, description="Only numbers that this device holds.")
    ] = "",
    first: Annotated[str, Query(min_length=1, max_length=100, description="Only from this number on.")] = "",
    last: Annotated[str, Query(min_length=1, max_length=100, description="Only up to this number, included.")] = "",
    changed_since: Annotated[
        str | None, Query(max_length=40, description="Only those changed since; RFC 3339.")
    ] = None,
    text: Annotated[
        str, Query(min_length=1, max_length=MAX_TEXT, description="Only with this in Description or Tag.")
    ] = "",
    order: Annotated[Order, Query(description="Which way to go.")] = Order.ASCENDING,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Numbers a page.")] = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> NumberPageBody:
    """Numbers that match all filters, in the order of their spelling."""
    refuse_unknown(router.current_event.query_string_parameters, KNOWN)
    settings = ApiSettings.load()
    query = NumberQuery(
        customer=customer,
        status=status,
        vendor=vendor,
        usage=usage,
        site=site,
        assigned_to=assigned_to,
        prefix=prefix,
        device=device,
        first=first,
        last=last,
        changed_since=instant(changed_since, field="changed_since") if changed_since is not None else None,
        text=text,
        reverse=order is Order.DESCENDING,
    )
    tokens = page_tokens(settings)
    after = tokens.read(query, cursor) if cursor else None
    page = lookups.look_up_numbers(settings).page(query, limit, after)
    next_cursor = tokens.make(query, page.last) if page.last is not None else None
    return page_body(page, next_cursor, process.clock().now())
