"""What became of numbers, and why they are as they are, as people and programs see it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.table import Table

from cli.number_views import number_json
from cli.output import PIPE
from cli.tables import details, listing, state, who
from cli.times import instant, minute
from number_inventory.domain.changes import Change, State, status_of
from number_inventory.domain.explanation import Actor, Explanation
from number_inventory.domain.numbers import NumberRecord

_LISTED = ("When", "What", "Status", "By", "Because", "Changed")
_SPARE = 1


def change_json(change: Change) -> dict[str, Any]:
    """A change for programs, as the API shows it."""
    return {
        "id": change.key.event_id,
        "version": change.key.version,
        "kind": change.kind,
        "at": change.at,
        "by": change.by,
        "reason": change.reason,
        "changed": change.changed,
        "before": _state_json(change.before, change.at),
        "after": _state_json(change.after, change.at),
    }


def _state_json(was: State, at: datetime) -> dict[str, Any] | None:
    return number_json(was, at) if isinstance(was, NumberRecord) else None


def changes_table(changes: tuple[Change, ...], now: datetime, width: int) -> Table:
    """A line for each change, the newest first."""
    rows = [
        (
            instant(change.at, now) if width >= PIPE else minute(change.at),
            change.kind.replace("_", " "),
            state(status_of(change.after) or ""),
            who(change.by, width),
            change.reason,
            ", ".join(change.changed),
        )
        for change in changes
    ]
    return listing(_LISTED, rows, width=width, spare=_SPARE)


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """An explanation for programs, as the API shows it."""
    record, cause, setting = explanation.record, explanation.cause, explanation.setting
    return {
        "customer": record.customer,
        "number": record.number,
        "status": record.status,
        "version": record.version,
        "sentence": explanation.state,
        "since": explanation.since,
        "holders": [{"device": holder.device, "since": holder.since} for holder in record.holders],
        "cause": {
            "sentence": cause.sentence,
            "kind": cause.kind,
            "at": cause.at,
            "by": _actor_json(cause.by),
            "reason": cause.reason,
        },
        "setting": None
        if setting is None
        else {"sentence": setting.sentence, **asdict(setting.macro), "days": setting.days},
        "next": asdict(explanation.next),
        "history": explanation.history,
        "history_caught_up": explanation.caught_up,
    }


def _actor_json(actor: Actor) -> dict[str, Any]:
    return {"kind": actor.kind, "name": actor.name, "sync": actor.sync or None}


def explanation_table(explanation: Explanation, now: datetime) -> Table:
    """Why a number is as it is, a line for each question."""
    record, setting = explanation.record, explanation.setting
    holders = [f"{holder.device}, since {instant(holder.since, now)}" for holder in record.holders]
    return details(
        [
            ("Number", record.number),
            ("Status", state(record.status)),
            ("Since", instant(explanation.since, now)),
            ("How it is", explanation.state),
            ("Held by", "\n".join(holders)),
            ("Why", explanation.cause.sentence),
            ("Setting", setting.sentence if setting else ""),
            ("Next", explanation.next.sentence),
            ("History", explanation.history),
        ]
    )
