"""P4: what the first load of a device costs."""

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.spent import Spent, spending
from benchmarks.stage import listed, staged

USERS = 20_000
_FIXED_UNITS = 5


def measure(setting: Setting) -> Figure:
    """Sync a device for the first time; none of its numbers is in the inventory."""
    size = setting.size(USERS, 2_000)
    spent, number_writes = _loaded(setting, size, batched=False)
    batched, _ = _loaded(setting, size, batched=True)
    return Figure(
        id="P4",
        what=f"first load of {size:,} numbers",
        checks=[
            Check(
                what="write units a number",
                value=spent.write_units / size,
                unit="WRU",
                bound=3 + _FIXED_UNITS / size,
                aim=2,
            ),
            Check(what="number writes beyond one each", value=number_writes - size, unit="writes", bound=0),
            Check(what="read units a number", value=(spent.read_units + spent.absent_units) / size, unit="RRU"),
            Check(what="requests a number", value=batched.requests / size, unit="requests"),
            Check(what="client CPU a number", value=1000 * batched.cpu_seconds / size, unit="ms"),
        ],
        detail={
            "engine": setting.engine.name,
            "written one by one": spent.as_json(),
            "written 25 a request": batched.as_json(),
        },
        uncounted=["units of batched writes: no engine tells them; they are those of single ones"],
    )


def _loaded(setting: Setting, size: int, *, batched: bool) -> tuple[Spent, int]:
    """What it took, and how many numbers were written."""
    with staged(setting, batched=batched) as stage:
        played = stage.played()
        played.shows(listed(size))
        say(f"first load of {size:,} users, written {'25 a request' if batched else 'one by one'}")
        with spending(stage.client) as spent:
            summary = played.sync()
        assert summary.held == size, summary
        return spent, spent.writes[stage.tables.numbers]


if __name__ == "__main__":
    run(measure)
