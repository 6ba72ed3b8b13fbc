"""What became of a number, as it was at an instant, and why it is as it is."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from functions.number_api.history_bodies import (
    ChangePageBody,
    ExplanationBody,
    change_body,
    explanation_body,
)
from functions.number_api.number_bodies import NumberBody, number_body
from functions.number_api.parameters import Number
from functions.rest.requests import Cursor, Customer, instant, page_tokens, refuse_unknown
from number_inventory.bootstrap import histories
from number_inventory.services.look_at_history import DEFAULT_LIMIT, MAX_LIMIT, ChangeQuery
from number_inventory.settings import HistoryApiSettings

PAGES = frozenset({"limit", "cursor"})

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools leaves it untyped


@router.get("/customers/<customer>/numbers/<number>/history")
def list_changes(
    customer: Customer,
    number: Number,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Changes a page.")] = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> ChangePageBody:
    """What became of a number, the newest change first; also of one that was deleted."""
    refuse_unknown(router.current_event.query_string_parameters, PAGES)
    settings = HistoryApiSettings.load()
    query = ChangeQuery(customer, number)
    tokens = page_tokens(settings)
    after = tokens.read(query, cursor) if cursor else None
    page = histories.look_at_history(settings).page(query, limit, after)
    next_cursor = tokens.make(query, page.last) if page.last is not None else None
    return ChangePageBody(changes=[change_body(change) for change in page.changes], next_cursor=next_cursor)


@router.get("/customers/<customer>/numbers/<number>/explain")
def explain_number(customer: Customer, number: Number) -> ExplanationBody:
    """Why a number is as it is: by whom, under which setting, and what comes next."""
    refuse_unknown(router.current_event.query_string_parameters)
    look = histories.look_at_history(HistoryApiSettings.load())
    return explanation_body(look.explain(customer, number))


def number_as_of(customer: str, number: str, as_of: str) -> NumberBody:
    """A number as it was at an instant."""
    at = instant(as_of, field="as_of")
    record = histories.look_at_history(HistoryApiSettings.load()).as_of(customer, number, at)
    return number_body(record, at)
