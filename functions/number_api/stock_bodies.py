"""What the API answers: how many numbers are left, as JSON."""

from datetime import datetime

from pydantic import Field

from functions.rest.bodies import ShownBody
from number_inventory.domain.stock import Stock


class ThresholdBody(ShownBody):
    """What stock must not fall below; 0 is never crossed."""

    percent: int = Field(description="Of all numbers, in percent.")
    count: int


class StockBody(ShownBody):
    """How many numbers are left, of a customer or of one of its sites; times are RFC 3339 in UTC."""

    site: str | None = Field(description="Empty for the numbers without a site; null for all of the customer's.")
    available: int = Field(description="Numbers that can be given away now.")
    total: int = Field(description="All numbers, whatever their Status.")
    threshold: ThresholdBody | None = Field(description="Null where none is set, or what is set cannot be understood.")
    threshold_error: str = Field(description="Why the threshold cannot be understood; empty where it can.")
    low: bool = Field(description="Whether fewer are left than the threshold asks for.")
    low_since: datetime | None = Field(description="Since which daily look it has been low.")
    days_left: int | None = Field(
        description="Days until none is left, if numbers are taken as in the last four weeks; null: not foreseeable."
    )


class StockListBody(ShownBody):
    """The stock of all numbers of a customer, then of each site by name."""

    stock: list[StockBody]


def stock_body(stock: Stock) -> StockBody:
    """The stock as JSON."""
    threshold = stock.threshold
    watched = threshold.watched and not stock.broken
    return StockBody(
        site=stock.site,
        available=stock.level.available,
        total=stock.level.total,
        threshold=ThresholdBody(percent=threshold.percent, count=threshold.count) if watched else None,
        threshold_error=stock.broken,
        low=stock.low,
        low_since=stock.low_since,
        days_left=stock.days_left,
    )
