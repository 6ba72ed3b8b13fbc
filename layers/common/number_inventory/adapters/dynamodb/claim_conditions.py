"""Who has an audit or a job: how its item says so, and the conditions under which it is written, as parameters."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from number_inventory.adapters.dynamodb.attributes import NOT_NEWER, Item, sortable_instant, text, whole, with_schema
from number_inventory.domain.audit_runs import ENDED
from number_inventory.ports.turns import Claim

Condition = Mapping[str, Any]

NOT_THERE: Condition = {
    "ConditionExpression": "attribute_not_exists(#owner)",
    "ExpressionAttributeNames": {"#owner": "owner"},
}
"""There is no such item."""


def expired(now: datetime) -> Condition:
    """There is no lock, or its time is over."""
    return {
        "ConditionExpression": "attribute_not_exists(#owner) OR #until <= :now",
        "ExpressionAttributeNames": {"#owner": "owner", "#until": "until"},
        "ExpressionAttributeValues": {":now": sortable_instant(now)},
    }


def deserted(step: int, now: datetime, ended: Collection[str] = ENDED) -> Condition:
    """It is at this step, is in none of the states of those that have ended, and nobody has it now."""
    ends: Item = {f":{state}": text(state) for state in sorted(ended)}
    return {
        "ConditionExpression": (
            f"#step = :step AND (attribute_not_exists(#until) OR #until <= :now) AND {_not_among(ends)}"
        ),
        "ExpressionAttributeNames": {f"#{name}": name for name in ("step", "state", "until")},
        "ExpressionAttributeValues": {**ends, ":step": whole(step), ":now": sortable_instant(now)},
    }


def free_for(worker: str, step: int, now: datetime, ended: Collection[str] = ENDED) -> Condition:
    """It is at this step, is in none of the states of those that have ended, and no other worker has it now."""
    nobody = deserted(step, now, ended)
    ends = [f":{state}" for state in sorted(ended)]
    free = "(attribute_not_exists(#until) OR #until <= :now OR #worker = :worker)"
    names = {**nobody["ExpressionAttributeNames"], "#worker": "worker"}
    values = {**nobody["ExpressionAttributeValues"], ":worker": text(worker)}
    with_schema(names, values)
    return {
        "ConditionExpression": f"#step = :step AND {free} AND {_not_among(ends)} AND {NOT_NEWER}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _not_among(states: Collection[str]) -> str:
    return f"attribute_exists(#state) AND NOT #state IN ({', '.join(states)})"


def held(claim: Claim[Any]) -> Condition:
    """It is still this worker's, by this very claim."""
    return {
        "ConditionExpression": "#worker = :worker AND #until = :until",
        "ExpressionAttributeNames": {"#worker": "worker", "#until": "until"},
        "ExpressionAttributeValues": {":worker": text(claim.worker), ":until": sortable_instant(claim.until)},
    }


def claimed(item: Item, claim: Claim[Any]) -> Item:
    """The item of an audit or a job that a worker has."""
    return {**item, "worker": text(claim.worker), "until": sortable_instant(claim.until)}


def mine(run_id: str) -> Condition:
    """No other run has the customer's lock."""
    return {
        "ConditionExpression": "attribute_not_exists(#run) OR #run = :run",
        "ExpressionAttributeNames": {"#run": "run"},
        "ExpressionAttributeValues": {":run": text(run_id)},
    }
