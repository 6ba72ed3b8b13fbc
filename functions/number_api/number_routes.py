"""The numbers of a customer: looked up one by one, or listed."""

from typing import Annotated
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from functions.number_api.number_bodies import NumberBody, NumberPageBody, number_body, page_body
from functions.number_api.requests import Cursor, Customer, page_tokens, refuse_unknown
from number_inventory import bootstrap
from number_inventory.domain.numbers import Status, Usage
from number_inventory.ports import NumberQuery
from number_inventory.services.lookup import DEFAULT_LIMIT, MAX_LIMIT
from number_inventory.settings import ApiSettings

FILTERS = frozenset({"status", "vendor", "usage", "prefix", "site", "limit", "cursor"})

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools leaves it untyped


@router.get("/customers/<customer>/numbers/<number>")
def get_number(customer: Customer, number: Annotated[str, Path(description="Digits, +, * and #.")]) -> NumberBody:
    """One number: its Status, who holds it, and when it becomes free."""
    lookup = bootstrap.look_up_numbers(ApiSettings.load())
    return number_body(lookup.one(unquote(customer), unquote(number)), bootstrap.clock().now())


@router.get("/customers/<customer>/numbers")
def list_numbers(  # noqa: PLR0917 - the resolver reads the filters from the signature
    customer: Customer,
    status: Annotated[Status | None, Query(description="Only numbers of this Status.")] = None,
    vendor: Annotated[str | None, Query(max_length=100, description="Only this Vendor's; empty: Cisco UCM.")] = None,
    usage: Annotated[Usage | None, Query(description="Only numbers of this Usage.")] = None,
    prefix: Annotated[str, Query(max_length=20, description="Only numbers that begin so; write + as %2B.")] = "",
    site: Annotated[str | None, Query(max_length=100, description="Only numbers of this Site.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Numbers a page.")] = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> NumberPageBody:
    """Numbers that match all filters, in the order of their spelling."""
    refuse_unknown(router.current_event.query_string_parameters, FILTERS)
    settings = ApiSettings.load()
    name = unquote(customer)
    query = NumberQuery(customer=name, status=status, vendor=vendor, usage=usage, site=site, prefix=prefix)
    tokens = page_tokens(settings)
    after = tokens.read(query, cursor) if cursor else None
    page = bootstrap.look_up_numbers(settings).page(query, limit, after)
    next_cursor = tokens.make(query, page.last) if page.last is not None else None
    return page_body(page, next_cursor, bootstrap.clock().now())
