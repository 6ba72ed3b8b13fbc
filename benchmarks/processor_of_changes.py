"""P5: the processor time of very many changes, against one plain `update_item` each."""

import time
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, cast

import botocore.session

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.made_inventory import CUSTOMER
from benchmarks.stage import KEY, Stage, listed, staged
from number_inventory.adapters.dynamodb.batch_write import batch_put
from number_inventory.adapters.dynamodb.number_items import number_item
from number_inventory.domain.decisions import Decision, Stamp
from number_inventory.domain.lifecycle import Registration, registered, registration_gone
from number_inventory.domain.numbers import NumberRecord
from number_inventory.services.change_numbers import ChangeNumbers
from tests.engines.engine import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CHANGED = 10_000
ROUNDS = 3
_DAYS = 2


def measure(setting: Setting) -> Figure:
    """Let numbers cool that a device held: by the service, and by a loop over `update_item`, in turns."""
    count, rounds = setting.size(CHANGED, 1_000), setting.size(ROUNDS, 1)
    ours, plain = [], []
    with staged(setting) as stage:
        other = plain_client(setting)
        for turn in range(rounds):
            mine = listed(count, first=2 * turn * count)
            theirs = listed(count, first=(2 * turn + 1) * count)
            _hold(stage, [*mine, *theirs])
            ours.append(_processor(lambda mine=mine: _change(stage, mine)))
            plain.append(_processor(lambda theirs=theirs: _update_each(other, stage, theirs)))
            say(f"round {turn + 1} of {rounds}: {ours[-1]:.2f} s of CPU against {plain[-1]:.2f} s")
    ratio = median(mine / theirs for mine, theirs in zip(ours, plain, strict=True))
    return Figure(
        id="P5",
        what=f"client CPU of {count:,} changed numbers, against one plain update_item each",
        checks=[
            Check(what="read, decide and write, against writing alone", value=ratio, unit="x", bound=1.1, aim=0.3),
            Check(what="CPU a changed number", value=1000 * median(ours) / count, unit="ms"),
            Check(what="CPU a plain update_item", value=1000 * median(plain) / count, unit="ms"),
        ],
        detail={"engine": setting.engine.name, "ours": ours, "plain": plain},
    )


def plain_client(setting: Setting) -> "DynamoDBClient":
    """A client as botocore makes it when nothing is said."""
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    client: Any = session.create_client("dynamodb", region_name=REGION, endpoint_url=setting.engine.endpoint_url)
    return cast("DynamoDBClient", client)


def _hold(stage: Stage, numbers: Sequence[str]) -> None:
    stamp = Stamp(stage.clock.now(), f"sync:{KEY.name}#1", f"registered on {KEY.name}")
    records = [registered(None, Registration(CUSTOMER, number, KEY.name, 1), stamp).after for number in numbers]
    items = [number_item(record, 1) for record in records]
    batch_put(stage.client, stage.tables.numbers, items, purpose="load numbers")


def _change(stage: Stage, numbers: Sequence[str]) -> None:
    """As a sync does it: read 100, decide by the rules, write 25 a request where nothing moved meanwhile."""
    stamp = Stamp(stage.clock.now(), f"sync:{KEY.name}#2", f"no longer registered on {KEY.name}")

    def goes(number: str, record: NumberRecord | None) -> Decision | None:
        return registration_gone(record, Registration(CUSTOMER, number, KEY.name, 2), _DAYS, stamp)

    change = ChangeNumbers(stage.inventory, lambda: True)
    change(CUSTOMER, numbers, goes)
    assert change.report.writes == len(numbers), change.report


def _update_each(client: "DynamoDBClient", stage: Stage, numbers: Sequence[str]) -> None:
    """The same attributes by one conditional update each; what to write is known and costs nothing here."""
    sets: dict[str, Any] = {
        "status": {"S": "Cooling"},
        "release_at": {"S": "2026-03-03T12:00:00Z"},
        "cooling_since": {"S": "2026-03-01T12:00:00Z"},
        "cooling_shard": {"S": "1"},
        "updated_at": {"S": "2026-03-01T12:00:00Z"},
        "updated_by": {"S": f"sync:{KEY.name}#2"},
        "reason": {"S": f"no longer registered on {KEY.name}"},
        "version": {"N": "2"},
    }
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in sets) + " REMOVE #holders, #usage, #vendor"
    names = {f"#{name}": name for name in (*sets, "holders", "usage", "vendor")}
    values = {f":{name}": value for name, value in sets.items()}
    for number in numbers:
        client.update_item(
            TableName=stage.tables.numbers,
            Key={"customer": {"S": CUSTOMER}, "number": {"S": number}},
            UpdateExpression=expression,
            ConditionExpression="#version = :seen",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={**values, ":seen": {"N": "1"}},
        )


def _processor(work: Any) -> float:  # noqa: ANN401 - any call
    """Seconds of CPU, all threads together."""
    before = time.process_time()
    work()
    return time.process_time() - before


if __name__ == "__main__":
    run(measure)
