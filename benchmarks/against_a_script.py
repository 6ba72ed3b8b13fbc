"""P10: whole syncs against the script that a user would write, and the layer of items against an object mapper."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.made_inventory import CUSTOMER
from benchmarks.peers.mapper import number_model
from benchmarks.peers.script import sync as script_sync
from benchmarks.spent import Spent, spending
from benchmarks.stage import KEY, PlayedDevice, Stage, listed, staged
from number_inventory.domain.decisions import Stamp
from number_inventory.domain.lifecycle import Registration, registration_gone
from tests.engines.engine import REGION

if TYPE_CHECKING:
    from number_inventory.domain.numbers import NumberRecord

USERS, CHANGES, ITEMS = 20_000, 100, 1_000
FIRST, UNCHANGED, CHANGED = "first load", "unchanged", f"{CHANGES} changes"
MEASURES = {"requests": "requests", "write_units": "write units", "cpu_seconds": "CPU"}


@dataclass(frozen=True, slots=True)
class Sides:
    """What each side spent on a sync of each kind.

    Attributes:
        ours: as deployed, 25 numbers a request.
        units: the same one by one, since no engine tells the units of our batches.
        script: with boto3's batch writer.
        plain: with a `put_item` for each number.
    """

    ours: dict[str, Spent]
    units: dict[str, Spent]
    script: dict[str, Spent]
    plain: dict[str, Spent]

    def lead(self, script: dict[str, Spent], kind: str, measure: str) -> float:
        """How many times as much a script needs."""
        ours = self.units if measure == "write_units" else self.ours
        return float(getattr(script[kind], measure) / getattr(ours[kind], measure))

    def whole_lead(self, measure: str) -> float:
        """The same for the three syncs together, against the script with a batch writer."""
        ours = self.units if measure == "write_units" else self.ours
        return sum(float(getattr(spent, measure)) for spent in self.script.values()) / sum(
            float(getattr(ours[kind], measure)) for kind in self.script
        )

    def checks(self) -> list[Check]:
        """Every kind and measure; what all three syncs take together comes first, the least lead of it before all."""
        whole = [
            Check(
                what=f"end to end, {name}, script with batch writer",
                value=self.whole_lead(measure),
                unit="x",
                bound=1.0,
                aim=10,
                at_least=True,
            )
            for measure, name in MEASURES.items()
        ]
        bound = [
            self._check(self.script, kind, measure, least=1.0) for kind in (UNCHANGED, CHANGED) for measure in MEASURES
        ]
        # Whoever loads a number writes it once: in units nobody can be ahead, and the register is a little more.
        bound += [
            self._check(self.plain, FIRST, measure, least=0.99 if measure == "write_units" else 1.0)
            for measure in MEASURES
        ]
        told = [self._check(self.script, FIRST, measure, least=None) for measure in MEASURES]
        return [*sorted(whole, key=lambda check: check.value), *bound, *told]

    def _check(self, script: dict[str, Spent], kind: str, measure: str, *, least: float | None) -> Check:
        whose = "put_item each" if script is self.plain else "batch writer"
        value = self.lead(script, kind, measure)
        what = f"{kind}, {MEASURES[measure]}, script with {whose}"
        return Check(what=what, value=value, unit="x", bound=least, aim=10 if least == 1 else None, at_least=True)


def measure(setting: Setting) -> Figure:
    """Load a device, sync it unchanged, and sync it changed, on all sides; then change and read items on two."""
    size = setting.size(USERS, 2_000)
    everybody = listed(size)
    shown = {FIRST: everybody, UNCHANGED: everybody, CHANGED: everybody[CHANGES:]}
    sides = Sides(
        ours=_ours(setting, shown, batched=True),
        units=_ours(setting, shown, batched=False),
        script=_scripts(setting, shown, batched=True),
        plain=_scripts(setting, {FIRST: everybody}, batched=False),
    )
    return Figure(
        id="P10",
        what=f"syncs of {size:,} users against a script that reads and writes everything each run",
        checks=[
            *sides.checks(),
            *(
                Check(what=f"object mapper, {what}", value=lead, unit="x", at_least=True)
                for what, lead in _against_the_mapper(setting).items()
            ),
        ],
        detail={
            "engine": setting.engine.name,
            "ours, 25 a request": {kind: spent.as_json() for kind, spent in sides.ours.items()},
            "ours, one by one": {kind: spent.as_json() for kind, spent in sides.units.items()},
            "script with a batch writer": {kind: spent.as_json() for kind, spent in sides.script.items()},
            "script with put_item": {kind: spent.as_json() for kind, spent in sides.plain.items()},
        },
        uncounted=[
            "units of batched writes: no engine tells them; they are those of single ones",
            "read units: a first load pays one for each number that is not there yet, which the engines do not count",
        ],
    )


def _ours(setting: Setting, shown: dict[str, list[str]], *, batched: bool) -> dict[str, Spent]:
    with staged(setting, batched=batched) as stage:
        say(f"the product, {'25 a request' if batched else 'one by one'}")
        played = stage.played()
        return {kind: _sync(stage, played, numbers) for kind, numbers in shown.items()}


def _sync(stage: Stage, played: PlayedDevice, numbers: list[str]) -> Spent:
    played.shows(numbers)
    with spending(stage.client) as spent:
        played.sync()
    return spent


def _scripts(setting: Setting, shown: dict[str, list[str]], *, batched: bool) -> dict[str, Spent]:
    with staged(setting) as stage:
        say(f"the script, {'with a batch writer' if batched else 'with put_item'}")
        resource: Any = boto3.resource(
            "dynamodb",
            region_name=REGION,
            endpoint_url=setting.engine.endpoint_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the engine's key
        )
        table = resource.Table(stage.tables.numbers)
        taken = {}
        for kind, numbers in shown.items():
            with spending(resource.meta.client) as taken[kind]:
                script_sync(table, CUSTOMER, KEY.name, numbers, stage.clock.now(), batched=batched)
        return taken


# --- the layer of items


def _against_the_mapper(setting: Setting) -> dict[str, float]:
    """How many times as much CPU the mapper needs, for conditional changes and for lookups."""
    count = setting.size(ITEMS, 300)
    assert setting.engine.endpoint_url is not None
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    with staged(setting) as stage:
        say("the object mapper")
        played = stage.played()
        numbers = listed(2 * count)
        played.shows(numbers)
        played.sync()
        mine, theirs = numbers[:count], numbers[count:]
        model = number_model(stage.tables.numbers, setting.engine.endpoint_url)
        model.get(CUSTOMER, theirs[0])
        changed = _processor(_change_mapped, model, theirs) / _processor(_change, stage, mine)
        read = _processor(_read_mapped, model, theirs) / _processor(_read, stage, mine)
    return {"CPU of conditional changes": changed, "CPU of lookups": read}


def _change(stage: Stage, numbers: Sequence[str]) -> None:
    stamp = Stamp(stage.clock.now(), "benchmark", "gone")
    inventory = stage.inventory
    for start in range(0, len(numbers), 100):
        some = numbers[start : start + 100]
        found = inventory.get_many(CUSTOMER, some)
        decisions = [_gone(found[number], stamp) for number in some]
        inventory.save(decisions)


def _gone(record: "NumberRecord", stamp: Stamp) -> Any:  # noqa: ANN401 - a decision
    decision = registration_gone(record, Registration(CUSTOMER, record.number, KEY.name, 1_000_000_000_000), 2, stamp)
    assert decision is not None
    return decision


def _change_mapped(model: Any, numbers: Sequence[str]) -> None:  # noqa: ANN401 - a model
    for start in range(0, len(numbers), 100):
        keys = [(CUSTOMER, number) for number in numbers[start : start + 100]]
        for item in model.batch_get(keys, consistent_read=True):
            item.update(
                actions=[
                    model.status.set("Cooling"),
                    model.release_at.set("2026-03-03T12:00:00Z"),
                    model.cooling_since.set("2026-03-01T12:00:00Z"),
                    model.cooling_shard.set("1"),
                    model.version.set(item.version + 1),
                    model.holders.remove(),
                    model.vendor.remove(),
                    model.usage.remove(),
                ],
                condition=model.version == item.version,
            )


def _read(stage: Stage, numbers: Sequence[str]) -> None:
    inventory = stage.inventory
    for number in numbers:
        assert inventory.peek(CUSTOMER, number) is not None


def _read_mapped(model: Any, numbers: Sequence[str]) -> None:  # noqa: ANN401 - a model
    for number in numbers:
        assert model.get(CUSTOMER, number) is not None


def _processor(work: Callable[..., None], *arguments: Any) -> float:  # noqa: ANN401 - whatever the work takes
    before = time.process_time()
    work(*arguments)
    return time.process_time() - before


if __name__ == "__main__":
    run(measure)
