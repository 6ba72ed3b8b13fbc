"""How many numbers a customer has left to give away, and how long they will last."""

from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from functions.number_api.stock_bodies import StockListBody, stock_body
from functions.rest.requests import Customer, refuse_unknown
from number_inventory.bootstrap import stock_watch
from number_inventory.settings import StockSettings

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools leaves it untyped


@router.get("/customers/<customer>/stock")
def get_stock(customer: Customer) -> StockListBody:
    """How many numbers are left, in all and by site, whether that is low, and how long they will last."""
    refuse_unknown(router.current_event.query_string_parameters)
    look = stock_watch.look_at_stock(StockSettings.load())
    return StockListBody(stock=[stock_body(each) for each in look(customer)])
