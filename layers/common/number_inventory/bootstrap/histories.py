"""What became of numbers, and how many there are: recorded from the stream, shown by the number API."""

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from number_inventory.bootstrap import process, stores

if TYPE_CHECKING:
    from number_inventory.ports.history import DeadLetters
    from number_inventory.services.count_numbers import LookAtCounts
    from number_inventory.services.look_at_history import LookAtHistory
    from number_inventory.services.record_history import RecordHistory
    from number_inventory.settings import HistoryApiSettings, HistorySettings, OperatorSettings, RecordSettings


@lru_cache(maxsize=1)
def record_history(settings: "RecordSettings") -> "RecordHistory":
    """Keep what becomes of numbers."""
    from number_inventory.adapters.eventbridge import EventBridgeStatusEvents
    from number_inventory.services.count_numbers import CountChanges
    from number_inventory.services.record_history import RecordHistory

    events = EventBridgeStatusEvents(process.session().events(), settings.event_bus)
    kept = stores.history(settings)
    return RecordHistory(CountChanges(kept, stores.counters(settings.history_table)), kept, events)


@lru_cache(maxsize=1)
def history_dead_letters(settings: "RecordSettings") -> "DeadLetters":
    """Where that goes which cannot be recorded."""
    from number_inventory.adapters.sqs import SqsDeadLetters

    return SqsDeadLetters(process.session().sqs(), settings.dead_letters_url)


def look_at_history(settings: "HistoryApiSettings | OperatorSettings") -> "LookAtHistory":
    """Look at what became of numbers."""
    from number_inventory.services.look_at_history import LookAtHistory

    return LookAtHistory(
        inventory=stores.inventory(settings),
        history=stores.history(settings),
        macros=stores.macros(settings.macros_table),
        clock=process.clock(),
        retention=timedelta(days=settings.history_retention_days),
    )


def look_at_counts(settings: "HistorySettings") -> "LookAtCounts":
    """Look at how many numbers there are."""
    from number_inventory.services.count_numbers import LookAtCounts

    return LookAtCounts(stores.counters(settings.history_table))
