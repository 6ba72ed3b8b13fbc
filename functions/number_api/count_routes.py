"""How many numbers a customer has."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from functions.rest.bodies import ShownBody
from functions.rest.requests import Customer, refuse_unknown
from number_inventory.bootstrap import histories
from number_inventory.domain.counts import Counts, Tally
from number_inventory.domain.numbers import MAX_TEXT
from number_inventory.settings import HistorySettings

FILTERS = frozenset({"site", "vendor"})

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools leaves it untyped


class TallyBody(ShownBody):
    """Numbers, counted."""

    total: int
    utilisation_percent: float | None = Field(description="How many are not Available; null where there are none.")
    by_status: dict[str, int] = Field(description="Every Status, and `unreadable` for what cannot be understood.")


class CountsBody(TallyBody):
    """The numbers of a customer, counted."""

    customer: str
    by_vendor: dict[str, TallyBody] = Field(description="Empty: Cisco UCM, and numbers that nobody uses.")
    by_site: dict[str, TallyBody] = Field(description="Empty: numbers without a Site.")


@router.get("/customers/<customer>/counts")
def count_numbers(
    customer: Customer,
    site: Annotated[str | None, Query(max_length=MAX_TEXT, description="Only of this Site.")] = None,
    vendor: Annotated[
        str | None, Query(max_length=MAX_TEXT, description="Only of this Vendor; empty: Cisco UCM.")
    ] = None,
) -> CountsBody:
    """How many numbers there are by Status, Vendor and Site, and how much of the stock is in use."""
    refuse_unknown(router.current_event.query_string_parameters, FILTERS)
    return counts_body(customer, histories.look_at_counts(HistorySettings.load())(customer, site, vendor))


def counts_body(customer: str, counts: Counts) -> CountsBody:
    """The counts as JSON."""
    return CountsBody(
        customer=customer,
        by_vendor={name: _tally(tally) for name, tally in counts.by_vendor.items()},
        by_site={name: _tally(tally) for name, tally in counts.by_site.items()},
        **_tally(counts.all).model_dump(),
    )


def _tally(tally: Tally) -> TallyBody:
    return TallyBody(total=tally.total, utilisation_percent=tally.utilisation, by_status=dict(tally.by_status))
