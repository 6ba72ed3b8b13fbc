"""P3: what it costs when k numbers of a large device change."""

import random
from collections.abc import Sequence
from typing import Any

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.spent import Spent, spending
from benchmarks.stage import PlayedDevice, Stage, listed, staged

USERS = 20_000
CHANGES = (1, 10, 100, 1_000)
LEAVE, RETURN, COME = "leave", "come back", "come for the first time"
_FIXED_UNITS = 5


def measure(setting: Setting) -> Figure:
    """Let k users leave from random places, come back, and k new ones come; count each of the three syncs."""
    size = setting.size(USERS, 2_000)
    changes = [k for k in CHANGES if k <= size // 10]
    rows, batched = (_all_rounds(setting, size, changes, batched=batched) for batched in (False, True))
    everything = [(k, spent) for k, taken in rows.items() for spent in taken.values()]
    surplus = max(abs(spent.writes["numbers"] - k) for k, spent in everything)
    over = max(spent.write_units - 4 * k for k, spent in everything)
    most = {k: max(spent.write_units for spent in taken.values()) for k, taken in rows.items()}
    largest = changes[-1]
    return Figure(
        id="P3",
        what=f"k changes on a device of {size:,} users, k = {', '.join(map(str, changes))}",
        checks=[
            Check(what="number writes beyond exactly k", value=surplus, unit="writes", bound=0),
            Check(what="write units beyond 4 k", value=over, unit="WRU", bound=_FIXED_UNITS),
            Check(what=f"write units a change, k = {largest}", value=most[largest] / largest, unit="WRU", aim=3),
            Check(what="write units of one change", value=most[1], unit="WRU", bound=4 + _FIXED_UNITS),
            Check(what="requests of one change", value=_requests(batched[1]), unit="requests"),
            Check(what=f"requests of {largest} changes", value=_requests(batched[largest]), unit="requests"),
        ],
        detail={
            "engine": setting.engine.name,
            "written one by one": _shown(rows),
            "written 25 a request": _shown(batched),
        },
        uncounted=["units of batched writes: no engine tells them; they are those of single ones"],
    )


def _shown(rows: dict[int, dict[str, Spent]]) -> dict[str, Any]:
    return {
        f"{k} {what}": {**spent.as_json(), "number writes": spent.writes["numbers"]}
        for k, taken in rows.items()
        for what, spent in taken.items()
    }


def _requests(taken: dict[str, Spent]) -> int:
    return max(spent.requests for spent in taken.values())


def _all_rounds(setting: Setting, size: int, changes: Sequence[int], *, batched: bool) -> dict[int, dict[str, Spent]]:
    with staged(setting, batched=batched) as stage:
        played = stage.played()
        say(f"first load of {size:,} users, written {'25 a request' if batched else 'one by one'}")
        played.shows(listed(size))
        played.sync()
        return {k: _rounds(stage, played, size, k, setting.seed) for k in changes}


def _rounds(stage: Stage, played: PlayedDevice, size: int, k: int, seed: int) -> dict[str, Spent]:
    """The device is as it was before once the new ones have left again, uncounted."""
    everybody = listed(size)
    away = set(random.Random(seed + k).sample(everybody, k))  # noqa: S311 - repeatable, not secret
    shown: dict[str, Any] = {
        LEAVE: [number for number in everybody if number not in away],
        RETURN: everybody,
        COME: everybody + listed(k, first=10_000_000 + 10_000 * k),
    }
    taken = {what: _counted(stage, played, numbers) for what, numbers in shown.items()}
    say(f"k = {k}: " + "; ".join(f"{what} {spent.write_units:.0f} WRU" for what, spent in taken.items()))
    played.shows(everybody)
    played.sync()
    return taken


def _counted(stage: Stage, played: PlayedDevice, numbers: list[str]) -> Spent:
    played.shows(numbers)
    with spending(stage.client) as spent:
        played.sync()
    spent.writes["numbers"] = spent.writes[stage.tables.numbers]
    return spent


if __name__ == "__main__":
    run(measure)
