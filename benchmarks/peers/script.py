"""The script that a user would write: boto3's table resource, read everything, write everything, each run.

It is written as its author would want it: one scan, the rules in plain sight, and with boto3's batch writer or without.
What it lacks, and what makes it short, is said here so that the comparison is fair: it writes without conditions, so
that it undoes whatever somebody else writes between its scan and its write; it trusts any list that it gets; it knows
one device, and nothing but its device.
"""

from collections.abc import Iterable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

COOLING = timedelta(days=2)


def sync(
    table: Any,  # noqa: ANN401 - a resource of boto3
    customer: str,
    device: str,
    registered: Iterable[str],
    now: datetime,
    *,
    batched: bool,
) -> int:
    """Bring the table to what the device shows; returns how many items were written."""
    inventory = {item["number"]: item for item in _scan(table) if item["customer"] == customer}
    registered = set(registered)
    written = 0
    with table.batch_writer() if batched else nullcontext(table) as writer:
        for number in registered:
            item = inventory.get(number, {"customer": customer, "number": number, "created_at": now.isoformat()})
            item.update(status="Used", usage="Device", vendor="AudioCodes", device=device, updated_at=now.isoformat())
            item.pop("release_at", None)
            writer.put_item(Item=item)
            written += 1
        for number, item in inventory.items():
            if number not in registered and item.get("device") == device:
                item.update(status="Cooling", release_at=(now + COOLING).isoformat(), updated_at=now.isoformat())
                del item["device"]
                writer.put_item(Item=item)
                written += 1
    return written


def _scan(table: Any) -> Iterable[dict[str, Any]]:  # noqa: ANN401 - as above
    answer = table.scan()
    yield from answer["Items"]
    while "LastEvaluatedKey" in answer:
        answer = table.scan(ExclusiveStartKey=answer["LastEvaluatedKey"])
        yield from answer["Items"]
