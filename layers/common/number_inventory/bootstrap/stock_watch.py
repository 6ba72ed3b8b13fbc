"""How many numbers are left: watched once a day, shown by the number API."""

from typing import TYPE_CHECKING

from number_inventory.bootstrap import process, stores

if TYPE_CHECKING:
    from number_inventory.services.look_at_stock import LookAtStock
    from number_inventory.services.watch_stock import WatchStock
    from number_inventory.settings import StockSettings, WatchStockSettings


def look_at_stock(settings: "StockSettings") -> "LookAtStock":
    """Look at how many numbers are left."""
    from number_inventory.services.look_at_stock import LookAtStock

    return LookAtStock(
        counters=stores.counters(settings.history_table),
        days=stores.stock_days(settings),
        macros=stores.macros(settings.macros_table),
        clock=process.clock(),
    )


def watch_stock(settings: "WatchStockSettings") -> "WatchStock":
    """Look at it, and tell others when it runs low or has recovered."""
    from number_inventory.adapters.stock_events import EventBridgeStockEvents
    from number_inventory.services.watch_stock import WatchStock

    events = EventBridgeStockEvents(process.session().events(), settings.event_bus)
    return WatchStock(look=look_at_stock(settings), days=stores.stock_days(settings), events=events)
