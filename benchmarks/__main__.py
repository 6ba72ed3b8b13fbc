"""Measure every figure, one after the other, each in a process of its own: `make bench` and `make bench-quick`.

The figures go to the terminal as a table and to `.bench/results.json`. The exit code says whether all bounds hold.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figure import SEED
from benchmarks.plots import plain
from local_stack import dynamodb_local, processes
from local_stack.emulator import start_emulator
from local_stack.layout import default_layout
from local_stack.processes import LOOPBACK
from tests.engines.engine import DYNAMODB_LOCAL, MINISTACK
from tests.engines.guard import guarded

RESULTS = Path(".bench") / "results.json"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module that measures one figure.

    Attributes:
        real_engine: only DynamoDB Local can tell what it counts.
        full_only: takes too long for a quick look.
    """

    figure: str
    module: str
    real_engine: bool = False
    full_only: bool = False


BENCHMARKS = (
    Benchmark("P1", "cold_starts"),
    Benchmark("P2", "unchanged_device"),
    Benchmark("P3", "changed_numbers"),
    Benchmark("P4", "first_load"),
    Benchmark("P5", "processor_of_changes"),
    Benchmark("P6", "snapshot_of_a_million"),
    Benchmark("P7", "release_among_many"),
    Benchmark("P8", "audit_of_a_million", real_engine=True),
    Benchmark("P9", "lookup"),
    Benchmark("P10", "against_a_script"),
    Benchmark("P11", "monthly_bill"),
    Benchmark("S1", "due_at_once"),
    Benchmark("S2", "many_devices", full_only=True),
)


def main() -> int:
    """Measure; 0 if all bounds hold."""
    options = _options()
    chosen = [each for each in BENCHMARKS if not options.only or each.figure in options.only]
    results: dict[str, Any] = {}
    broken: list[str] = []
    begun = time.monotonic()
    with _engine() as (name, endpoint):
        _say(f"Measuring on {name}, {'small sizes' if options.quick else 'full sizes'}.")
        about = _run(name, options)
        for number, benchmark in enumerate(chosen, start=1):
            told = f"[{number}/{len(chosen)}] {benchmark.figure} {benchmark.module}"
            if (benchmark.full_only and options.quick) or (benchmark.real_engine and name != DYNAMODB_LOCAL):
                _say(f"{told}: left out, it needs {'full sizes' if benchmark.full_only else DYNAMODB_LOCAL}")
                continue
            _say(told)
            since = time.monotonic()
            figure = _measured(benchmark, name, endpoint, options)
            about["seconds"][benchmark.figure] = round(time.monotonic() - since)
            _say(f"  {benchmark.figure} took {about['seconds'][benchmark.figure]} s")
            if figure is None:
                broken.append(benchmark.figure)
            else:
                results.update(figure)
                _keep(results, about)
    _show(results)
    _say(f"Took {time.monotonic() - begun:.0f} s; everything is in {RESULTS}.")
    broken += [name for name, figure in results.items() if not figure["within"]]
    if broken:
        _say(f"Out of bounds or not measured: {', '.join(broken)}.")
    return 1 if broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds")
    parser.add_argument("--only", nargs="+", choices=[each.figure for each in BENCHMARKS], help="these figures alone")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


@contextmanager
def _engine() -> Iterator[tuple[str, str]]:
    """DynamoDB Local where it was fetched, else MiniStack; stopped however this ends."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, guarded(Path(folder)):
        layout = default_layout()
        if dynamodb_local.is_fetched(layout):
            with dynamodb_local.serving(layout, Path(folder) / "engine.log") as endpoint:
                yield DYNAMODB_LOCAL, endpoint
            return
        port = processes.free_port()
        process = start_emulator(default_layout(Path(folder)), port)
        processes.save(process, Path(folder) / "ministack.process.json")
        try:
            yield MINISTACK, f"http://{LOOPBACK}:{port}"
        finally:
            process.stop()


def _measured(benchmark: Benchmark, engine: str, endpoint: str, options: argparse.Namespace) -> dict[str, Any] | None:
    """The figure, or None where it could not be measured; why stands on standard error by then."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark.module}", "--engine", engine, "--endpoint", endpoint]
    command += ["--seed", str(options.seed), *(["--quick"] if options.quick else [])]
    ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own modules
    if ended.returncode:
        return None
    figure: dict[str, Any] = json.loads(ended.stdout)
    return figure


def _keep(results: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    """Written with each figure, so that what was measured stands whatever becomes of the rest."""
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**results, "run": run}, indent=2) + "\n", encoding="utf-8")


def _run(engine: str, options: argparse.Namespace) -> dict[str, Any]:
    """When and on what it is measured; the load says how much else the machine had to do, `seconds` what took long."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "engine": engine,
        "sizes": "small" if options.quick else "full",
        "seed": options.seed,
        "machine": f"{os.cpu_count()} processors, {platform.machine()}, {platform.system()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load": round(os.getloadavg()[1], 1),
        "seconds": {},
    }


def _show(results: Mapping[str, Any]) -> None:
    table = Table("", "figure", "measured", "must", "aim", "", box=None, header_style="bold")
    for name, figure in results.items():
        table.add_section()
        table.add_row(name, f"[bold]{figure['what']}[/bold]")
        for check in figure["checks"]:
            sign = "≥" if check["at_least"] else "≤"
            verdict = "" if check["within"] else "[red]out of bounds[/red]"
            if check["within"] and check["aim_reached"] is False:
                verdict = "[yellow]short of the aim[/yellow]"
            table.add_row(
                "",
                f"  {check['what']}",
                f"{plain(check['value'])} {check['unit']}",
                "" if check["bound"] is None else f"{sign} {plain(check['bound'])}",
                "" if check["aim"] is None else f"{sign} {plain(check['aim'])}",
                verdict,
            )
        for words in figure["uncounted"]:
            table.add_row("", f"  [dim]not counted: {words}[/dim]")
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
