"""S1: very many numbers that are due at once, released by runs that have little time each."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.release_among_many import due, load
from benchmarks.spent import peak_mb, spending
from benchmarks.stage import Stage, staged
from number_inventory.adapters.system_clock import SystemClock
from number_inventory.services.release import ReleaseCooled

DUE = 100_000
SLICE, QUICK_SLICE = timedelta(seconds=30), timedelta(seconds=1)
SAFETY_SECONDS = 10
"""What the function keeps of its time to end in good order."""

MEMORY_MB = 256


@dataclass(frozen=True, slots=True)
class Slice:
    """What one run did in the time that it had."""

    released: int
    wall_seconds: float
    cpu_seconds: float
    requests: int
    peak_mb: float


def measure(setting: Setting) -> Figure:
    """Let runs follow one another, each with the little time that it has, until nothing is left."""
    count, budget = setting.size(DUE, 2_000), QUICK_SLICE if setting.quick else SLICE
    with staged(setting) as stage:
        say(f"making {count:,} numbers that are due")
        load(stage, due(stage, count))
        slices = list(_slices(stage, budget))
    released = sum(each.released for each in slices)
    over = max(each.wall_seconds for each in slices) - budget.total_seconds()
    return Figure(
        id="S1",
        what=f"release of {count:,} due at once, in slices of {budget.total_seconds():.0f} s",
        checks=[
            Check(what="numbers left", value=count - released, unit="numbers", bound=0),
            Check(what="longest slice, beyond its time", value=over, unit="s", bound=SAFETY_SECONDS),
            Check(what="slices", value=len(slices), unit="runs"),
            Check(what="numbers a second", value=released / sum(each.wall_seconds for each in slices), unit="/s"),
            Check(what="CPU a number", value=1000 * sum(each.cpu_seconds for each in slices) / count, unit="ms"),
            Check(what="requests a number", value=sum(each.requests for each in slices) / count, unit="requests"),
            Check(what="peak memory", value=max(each.peak_mb for each in slices), unit="MB", bound=MEMORY_MB),
        ],
        detail={"engine": setting.engine.name, "slices": [asdict(each) for each in slices]},
    )


def _slices(stage: Stage, budget: timedelta) -> Iterator[Slice]:
    release = ReleaseCooled(inventory=stage.inventory, clock=SystemClock(), budget=budget)
    finished = False
    while not finished:
        before = time.process_time()
        with spending(stage.client) as spent:
            summary = release.release()
        assert not summary.failed, summary.cause
        finished = summary.finished
        taken = time.process_time() - before
        yield Slice(summary.released, spent.wall_seconds, taken, spent.requests, peak_mb())
        say(f"{summary.released:,} released in {spent.wall_seconds:.1f} s")


if __name__ == "__main__":
    run(measure)
