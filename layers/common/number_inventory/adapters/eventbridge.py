"""Events on an EventBridge bus; implements `ports.StatusEvents`."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.batch_get import pause
from number_inventory.domain.changes import Change, State
from number_inventory.domain.errors import StorageBusyError
from number_inventory.domain.numbers import MAX_TEXT, NumberRecord

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "number-inventory"
DETAIL_TYPE = "Number Status Changed"
SCHEMA = 1
"""Of the detail: counted up when a field changes its meaning or goes; new fields may come without."""

_log = logging.getLogger(__name__)

_BATCH = 10
"""The most entries that PutEvents takes."""

_ROUNDS = 5
"""How often an entry is sent that EventBridge itself did not take, before it goes back to the stream."""


_MOST_DEVICES = 100
"""Devices that an event names: an event must never be too large to be sent."""


class EventBridgeStatusEvents:
    """Publishes a change of Status as `docs/events.md` says.

    Attributes:
        bus: name or ARN of the bus.
        sleep: waits between the rounds for what was not taken.
    """

    def __init__(self, client: "EventBridgeClient", bus: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._bus = bus
        self._sleep = sleep

    def publish(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Tell of changes, ten a request; returns those that EventBridge did not take.

        Raises:
            StorageRefusedError: EventBridge refuses for good.
        """
        untold: list[Change] = []
        for start in range(0, len(changes), _BATCH):
            pending = list(changes[start : start + _BATCH])
            try:
                for attempt in range(_ROUNDS):
                    pending = self._put(pending)
                    if not pending:
                        break
                    self._sleep(pause(attempt))
            except StorageBusyError as error:
                # After botocore's own retries: the rest would only wait in vain as well.
                _log.warning("%s", error)
                return [*untold, *pending, *changes[start + _BATCH :]]
            untold += pending
        return untold

    def _put(self, changes: list[Change]) -> list[Change]:
        """Send at most ten; returns those that were not taken."""
        entries = [_entry(change, self._bus) for change in changes]
        with aws_errors(f"publish {len(entries)} changes of Status"):
            answer = self._client.put_events(Entries=entries)
        failed = []
        for change, result in zip(changes, answer["Entries"], strict=True):
            if "ErrorCode" in result:
                _log.warning("could not publish event %s: %s", change.key.event_id, result["ErrorCode"])
                failed.append(change)
        return failed


def status_event(change: Change) -> dict[str, Any]:
    """The detail of the event that tells of a change."""
    known = next((state for state in (change.after, change.before) if isinstance(state, NumberRecord)), None)
    return {
        "schema": SCHEMA,
        "id": change.key.event_id,
        "customer": change.key.customer,
        "number": change.key.number,
        "version": change.key.version,
        "kind": str(change.kind),
        "before": _shown(change.before),
        "after": _shown(change.after),
        "site": _cut(known.site) if known else "",
        "at": _instant(change.at),
        "by": _cut(change.by),
        "reason": _cut(change.reason),
    }


def _entry(change: Change, bus: str) -> "PutEventsRequestEntryTypeDef":
    detail = json.dumps(status_event(change), ensure_ascii=False, separators=(",", ":"))
    return {"EventBusName": bus, "Source": SOURCE, "DetailType": DETAIL_TYPE, "Time": change.at, "Detail": detail}


def _shown(state: State) -> dict[str, Any] | None:
    """What an event says of a number at one time; None where it was not there or not understood."""
    if not isinstance(state, NumberRecord):
        return None
    return {
        "status": str(state.status),
        "usage": str(state.usage),
        "vendor": _cut(state.vendor),
        "assigned_to": _cut(state.assigned_to),
        "reserved_for": _cut(state.reserved_for),
        "release_date": _instant(state.release_date) if state.release_date else None,
        "devices": [holder.device for holder in state.holders[:_MOST_DEVICES]],
    }


def _cut(text: str) -> str:
    """A text as long as this product lets texts be: another hand may have written a longer one, too long to send."""
    return text[:MAX_TEXT]


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
