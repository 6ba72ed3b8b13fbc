"""The tables: an adapter for each."""

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from number_inventory.bootstrap import process

if TYPE_CHECKING:
    from number_inventory.ports.audits import Audits
    from number_inventory.ports.devices import Devices
    from number_inventory.ports.history import Counters, History
    from number_inventory.ports.keyed_requests import KeyedRequests
    from number_inventory.ports.macros import Macros
    from number_inventory.ports.number_jobs import NumberJobs
    from number_inventory.ports.numbers import Inventory
    from number_inventory.ports.registrations import Registrations
    from number_inventory.ports.stock import StockDays
    from number_inventory.settings import (
        AuditsSettings,
        HistorySettings,
        InventorySettings,
        JobsSettings,
        StockSettings,
    )


@lru_cache(maxsize=1)
def inventory(settings: "InventorySettings") -> "Inventory":
    """The numbers."""
    from number_inventory.adapters.dynamodb.inventory import DynamoInventory

    return DynamoInventory(process.dynamodb(), settings.numbers_table, batched=settings.batched_writes)


@lru_cache(maxsize=1)
def devices(table: str) -> "Devices":
    """The configured devices."""
    from number_inventory.adapters.dynamodb.devices import DynamoDevices

    return DynamoDevices(process.dynamodb(), table, process.clock())


@lru_cache(maxsize=1)
def registrations(table: str) -> "Registrations":
    """Which numbers each device is known to hold."""
    from number_inventory.adapters.dynamodb.registrations import DynamoRegistrations

    return DynamoRegistrations(process.dynamodb(), table)


@lru_cache(maxsize=1)
def macros(table: str) -> "Macros":
    """The named macros."""
    from number_inventory.adapters.dynamodb.macros import DynamoMacros

    return DynamoMacros(process.dynamodb(), table)


@lru_cache(maxsize=1)
def audits(settings: "AuditsSettings") -> "Audits":
    """The runs of audits and what they found."""
    from number_inventory.adapters.dynamodb.audits import DynamoAudits

    return DynamoAudits(process.dynamodb(), settings.audits_table, timedelta(days=settings.audit_retention_days))


@lru_cache(maxsize=1)
def number_jobs(settings: "JobsSettings") -> "NumberJobs":
    """The jobs that add numbers, and what became of each number."""
    from number_inventory.adapters.dynamodb.number_jobs import DynamoNumberJobs

    return DynamoNumberJobs(process.dynamodb(), settings.jobs_table, timedelta(days=settings.job_retention_days))


@lru_cache(maxsize=1)
def history(settings: "HistorySettings") -> "History":
    """What became of numbers."""
    from number_inventory.adapters.dynamodb.history import DynamoHistory

    return DynamoHistory(process.dynamodb(), settings.history_table, timedelta(days=settings.history_retention_days))


@lru_cache(maxsize=1)
def counters(table: str) -> "Counters":
    """How many numbers there are."""
    from number_inventory.adapters.dynamodb.counters import DynamoCounters

    return DynamoCounters(process.dynamodb(), table)


@lru_cache(maxsize=1)
def stock_days(settings: "StockSettings") -> "StockDays":
    """What was left on past days, and what is known of low stock."""
    from number_inventory.adapters.dynamodb.stock_days import DynamoStockDays

    return DynamoStockDays(process.dynamodb(), settings.stock_table, timedelta(days=settings.history_retention_days))


@lru_cache(maxsize=1)
def keyed_requests(table: str) -> "KeyedRequests":
    """Requests that have a key, and their answers."""
    from number_inventory.adapters.dynamodb.keyed_requests import DynamoKeyedRequests

    return DynamoKeyedRequests(process.dynamodb(), table)
