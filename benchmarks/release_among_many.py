"""P7: what a release costs that finds ten numbers due in a large inventory."""

import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain, islice

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.made_inventory import CUSTOMER, Size, made_records
from benchmarks.spent import Spent, spending
from benchmarks.stage import Stage, staged
from number_inventory.adapters.dynamodb.batch_write import batch_put
from number_inventory.adapters.dynamodb.number_items import COOLING_SHARDS, number_item
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.services.release import ReleaseCooled

DUE = 10
_AT_ONCE = 5_000
_HOUR = timedelta(hours=1)


def measure(setting: Setting) -> Figure:
    """Release ten of many, and ten of far fewer: what it costs must not depend on what else is there."""
    grown = _released(setting)
    (fewer, few), *_, (size, many) = grown.items()
    return Figure(
        id="P7",
        what=f"release of {DUE} due among {size:,} numbers, a fifth of which cool",
        checks=[
            Check(what="requests", value=many.requests, unit="requests", bound=COOLING_SHARDS + 12),
            Check(what=f"requests among {fewer:,}", value=few.requests, unit="requests", bound=many.requests),
            Check(what="read units", value=many.read_units, unit="RRU"),
            Check(what="number writes", value=many.writes["numbers"], unit="writes", bound=DUE),
        ],
        detail={
            "engine": setting.engine.name,
            "many": many.as_json(),
            "few": few.as_json(),
            "growth": {
                f"requests, {DUE} due": {size: spent.requests for size, spent in grown.items()},
                f"read units, {DUE} due": {size: spent.read_units for size, spent in grown.items()},
            },
        },
        uncounted=[]
        if setting.counts_reads
        else ["read units: MiniStack counts half a unit a Query, whatever it reads"],
    )


def load(stage: Stage, records: Iterable[NumberRecord]) -> None:
    """Store numbers as they are."""
    begun, stored, left = time.monotonic(), 0, iter(records)
    while some := list(islice(left, _AT_ONCE)):
        items = [number_item(record, 1) for record in some]
        batch_put(stage.client, stage.tables.numbers, items, purpose="load numbers")
        stored += len(some)
        if stored % 50_000 == 0:
            say(f"{stored:,} numbers stored after {time.monotonic() - begun:.0f} s")


def due(stage: Stage, count: int) -> Iterator[NumberRecord]:
    """Numbers whose Release Date is just reached."""
    now = stage.clock.now()
    for index in range(count):
        yield NumberRecord(
            customer=CUSTOMER,
            number=f"+4930{index:08d}",
            status=Status.COOLING,
            release_date=now,
            cooling_since=now - timedelta(days=2),
        )


def _released(setting: Setting) -> dict[int, Spent]:
    """What was spent at each size; one table grows from one to the next, since storing a million takes minutes."""
    grown = {}
    with staged(setting) as stage:
        size = Size(numbers=max(setting.sizes), devices=10, seed=setting.seed, now=stage.clock.now())
        records, there = made_records(size), 0
        for count in setting.sizes:
            say(f"growing to {count:,} numbers")
            load(stage, chain(islice(records, count - DUE - there), due(stage, DUE)))
            there = count - DUE
            grown[count] = _release(stage)
    return grown


def _release(stage: Stage) -> Spent:
    release = ReleaseCooled(inventory=stage.inventory, clock=stage.clock, budget=_HOUR)
    with spending(stage.client) as spent:
        summary = release.release()
    assert (summary.released, summary.finished) == (DUE, True), summary
    spent.writes["numbers"] = spent.writes[stage.tables.numbers]
    return spent


if __name__ == "__main__":
    run(measure)
