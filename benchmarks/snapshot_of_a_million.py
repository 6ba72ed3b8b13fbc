"""P6: parse, map and compare a million registered users, against one regular-expression pass over the same text.

The text is written out by the simulator's own code and read by a process that has made none of it, so that its peak
memory is that of a worker: the interpreter, the text and what is made of it.
"""

import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.spent import peak_mb
from number_inventory.adapters.audiocodes.cli_output import parse_listing
from number_inventory.domain.aors import compile_rules
from number_inventory.domain.snapshots import UserScope, claims_of, digest_of, plan_sync
from simulator.listing import Style, as_output, listing_lines
from simulator.users import plain_user

USERS = 1_000_000
ROUNDS = 3
Taken = list[dict[str, dict[str, float]]]
"""What each work took in each round."""

_DOMAIN = "10.8.5.71"
_MOVED = 100
"""One user in so many is new to the inventory, and as many have gone."""

_ONE_PASS = re.compile(r"^([^\s@]+@\S+)[ \t\r]*\n(?:[ \t]+<[^>\n]*>;expires=[0-9]+[^\n]*(?:\n|\Z))+", re.MULTILINE)
"""An AOR and the lines with its contacts: what a short script would take the list apart with."""


def measure(setting: Setting) -> Figure:
    """Do both in processes of their own, in turns."""
    count = setting.size(USERS, 100_000)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        text = Path(folder) / "listing.txt"
        grown = {size: _in_turns(text, size, rounds=1)[0]["ours"] for size in setting.sizes if size < count}
        taken = _in_turns(text, count, ROUNDS)
        megabytes = text.stat().st_size / 2**20
        mixed = _in_turns(text, count, ROUNDS, mixed_by=setting.seed)
    grown[count] = min((each["ours"] for each in taken), key=lambda spent: spent["cpu_seconds"])
    return Figure(
        id="P6",
        what=f"parse, map and compare {count:,} users ({megabytes:.0f} MB), against one regular-expression pass",
        checks=[
            Check(what="client CPU", value=_ratio(taken), unit="x", bound=4, aim=2),
            Check(what="client CPU, users in no order", value=_ratio(mixed), unit="x", bound=4, aim=2),
            Check(
                what="peak memory",
                value=max(each["ours"]["peak_mb"] for each in (*taken, *mixed)),
                unit="MB",
                bound=1000,
            ),
        ],
        detail={
            "rounds": taken,
            "rounds, users in no order": mixed,
            "growth": {
                "CPU seconds of a listing": {size: spent["cpu_seconds"] for size, spent in grown.items()},
                "peak MB of a listing": {size: spent["peak_mb"] for size, spent in grown.items()},
            },
        },
    )


def _ratio(taken: Taken) -> float:
    return median(each["ours"]["cpu_seconds"] / each["one pass"]["cpu_seconds"] for each in taken)


def _in_turns(text: Path, count: int, rounds: int, mixed_by: int | None = None) -> Taken:
    """Both works at that size; the users come by their numbers, or in an order that is made from a seed."""
    say(f"writing out {count:,} users{'' if mixed_by is None else ' in no order'}")
    order: Iterable[int] = range(count)
    if mixed_by is not None:
        order = random.Random(mixed_by).sample(range(count), count)  # noqa: S311 - repeatable, not secret
    users = (plain_user(f"+4989{index:08d}@{_DOMAIN}", _DOMAIN) for index in order)
    text.write_text(as_output(listing_lines(users, Style.MODERN, "SBC"), Style.MODERN), newline="")
    taken: Taken = []
    for turn in range(rounds):
        taken.append({what: _in_a_process(what, text, count) for what in ("ours", "one pass")})
        one, other = taken[-1]["ours"]["cpu_seconds"], taken[-1]["one pass"]["cpu_seconds"]
        say(f"round {turn + 1} of {rounds}: {one:.2f} s of CPU against {other:.2f} s")
    return taken


def _in_a_process(what: str, text: Path, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.snapshot_of_a_million", "--work", what, str(text), str(count)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this very file
    spent: dict[str, float] = json.loads(ended.stdout)
    return spent


def _work(what: str, path: Path, count: int) -> dict[str, float]:
    with path.open(newline="") as file:
        text = file.read()
    known = frozenset(f"+4989{index:08d}" for index in range(count // _MOVED, count + count // _MOVED))
    before = time.process_time()
    found = _compared(text, known) if what == "ours" else len([match[1] for match in _ONE_PASS.finditer(text)])
    spent = time.process_time() - before
    assert found == count, f"{found:,} of {count:,} users were found"
    return {"cpu_seconds": spent, "peak_mb": peak_mb()}


def _compared(text: str, known: frozenset[str]) -> int:
    """All of what a sync does between the device's answer and its first request to DynamoDB."""
    listing = parse_listing(text)
    assert not listing.doubts, listing.doubts
    claims = claims_of(listing.users, compile_rules(()), UserScope())
    digest_of(claims, may_remove=True)
    plan = plan_sync(known, claims, may_remove=True)
    assert len(plan.appearing) == len(plan.disappearing) > 0
    return len(claims.claimed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        print(json.dumps(_work(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
    else:
        run(measure)
