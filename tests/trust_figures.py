"""The figures of the long tests: kept by each run in `.trust/figures.jsonl`, shown by `make trust-figures`.

Each test tells its own, such as how many rounds it played, so that nobody has to remember them. Run as a module it sums
them up, test by test, over seeds and engines, as a table for docs/trust.md.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

FIGURES = Path(__file__).parent.parent / ".trust" / "figures.jsonl"
_ENGINES = ("ministack", "dynamodb-local", "moto")


def keep(report: pytest.TestReport) -> None:
    """Add what one test told; with several workers only their controller does, which hears of all."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return
    told = dict(report.user_properties)
    load = os.getloadavg()[0]
    line = {
        "test": report.nodeid,
        "outcome": report.outcome,
        "seconds": round(report.duration, 1),
        "load": round(load, 1),
    }
    FIGURES.parent.mkdir(exist_ok=True)
    with FIGURES.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**line, "at": datetime.now(UTC).isoformat(timespec="seconds"), "told": told}) + "\n")


def summed(lines: Iterable[Mapping[str, Any]]) -> Iterator[list[str]]:
    """A row for each test: how often it ran, on which engines, for how long, and the sums of what it told."""
    tests: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        tests.setdefault(line["test"].partition("[")[0].partition("@")[0], []).append(line)
    for test, runs in sorted(tests.items()):
        failed = sum(run["outcome"] == "failed" for run in runs)
        told: dict[str, float] = {}
        for run in runs:
            for name, value in run["told"].items():
                told[name] = (
                    max(told.get(name, 0), value) if name in {"threads", "callers"} else told.get(name, 0) + value
                )
        yield [
            f"`{test}`",
            ", ".join(f"{int(value):,} {name}" for name, value in told.items()),
            ", ".join(engine for engine in _ENGINES if any(engine in run["test"] for run in runs)),
            f"{len(runs)}" + (f", {failed} FAILED" if failed else ""),
            f"{sum(run['seconds'] for run in runs):.0f}",
        ]


def main() -> None:
    """Print the table of the last run."""
    if not FIGURES.exists():
        sys.exit("There are no figures yet: run `make test-long`.")
    lines = [json.loads(line) for line in FIGURES.read_text(encoding="utf-8").splitlines()]
    loads = [line["load"] for line in lines]
    print(f"{lines[0]['at']} to {lines[-1]['at']}, load {min(loads)} to {max(loads)} on {os.cpu_count()} cores\n")  # noqa: T201 - its output
    head = ["held by", "tried", "engines", "runs", "seconds"]
    for row in (head, ["---"] * len(head), *summed(lines)):
        print(f"| {' | '.join(row)} |")  # noqa: T201


if __name__ == "__main__":
    main()
