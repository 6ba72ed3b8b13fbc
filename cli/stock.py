"""`number-inventory numbers stock`: how many numbers are left, whether that is low, and how long they will last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from cli.output import plain
from cli.request import AsJson, Customer, request_of
from cli.tables import Cell, listing
from cli.times import distance
from number_inventory.bootstrap import process, stock_watch
from number_inventory.domain.macros import STOCK_LOW_COUNT
from number_inventory.domain.stock import Stock, StockThreshold


def stock(context: typer.Context, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """Show how many numbers are left, in all and by site; a daily look tells once when that is low."""
    request = request_of(context, customer, as_json)
    stocks = stock_watch.look_at_stock(request.settings)(request.customer)
    output = request.output
    output.json({"stock": [_json(each) for each in stocks]})
    output.show(_table(stocks, process.clock().now(), output.width))
    for each in stocks:
        if each.broken:
            output.note(each.broken)
    if not any(each.threshold.watched or each.broken for each in stocks):
        output.note("Nobody is told when stock runs low, since no threshold is set. This would set one:")
        output.show_command(request.command("macros", "set", STOCK_LOW_COUNT, "20"))


def _json(stock: Stock) -> dict[str, Any]:
    """The stock for programs, as the API shows it."""
    watched = stock.threshold.watched and not stock.broken
    return {
        "site": stock.site,
        "available": stock.level.available,
        "total": stock.level.total,
        "threshold": plain(stock.threshold) if watched else None,
        "threshold_error": stock.broken,
        "low": stock.low,
        "low_since": plain(stock.low_since),
        "days_left": stock.days_left,
    }


def _table(stocks: Sequence[Stock], now: datetime, width: int) -> Table:
    headings = ("Site", "Available", "Of", "Percent", "Stock", "Low below", "Since", "Lasts")
    rows: list[tuple[Cell, ...]] = [
        (
            _scope(stock.site),
            stock.level.available,
            stock.level.total,
            stock.level.available * 100 // stock.level.total if stock.level.total else "",
            Text("low", style="red") if stock.low else "",
            "broken" if stock.broken else _words(stock.threshold),
            distance(stock.low_since, now) if stock.low_since else "",
            _lasts(stock.days_left),
        )
        for stock in stocks
    ]
    return listing(headings, rows, keep=4, width=width)


def _scope(site: str | None) -> Text | str:
    if site is None:
        return Text("all numbers", style="bold")
    return site or Text("without a site", style="dim")


def _words(threshold: StockThreshold) -> str:
    parts = [f"{threshold.percent} %"] if threshold.percent else []
    return " or ".join([*parts, str(threshold.count)] if threshold.count else parts)


def _lasts(days: int | None) -> str:
    if days is None:
        return ""
    return f"{days} day{'' if days == 1 else 's'}"
