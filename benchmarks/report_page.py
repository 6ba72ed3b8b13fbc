"""Writes what `make bench` measured into docs/benchmarks.md, with plots of growth: `make report`.

Each part stands between two marks and is written anew as a whole; the words around them are a person's.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.__main__ import RESULTS
from benchmarks.cost_page import between_marks
from benchmarks.plots import Plot, plain, write_plots

PAGE = Path("docs") / "benchmarks.md"
FOLDER = Path("docs") / "plots"


def main() -> int:
    """Write page and plots; 1 where nothing has been measured."""
    if not RESULTS.exists():
        print(f"{RESULTS} is not there: run `make bench` before.", file=sys.stderr)
        return 1
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    run = results.pop("run")
    plots = write_plots(results, FOLDER)
    parts = {"run": _about(run), "figures": _figures(results), "plots": _shown(plots)}
    PAGE.write_text(between_marks(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")
    return 0


def _about(run: Mapping[str, Any]) -> str:
    return (
        f"Measured at {run['at']} on {run['engine']}, {run['sizes']} sizes, seed {run['seed']}: {run['machine']}; "
        f"{run['python']}. The machine's load when it began was {run['load']}; it took "
        f"{sum(run['seconds'].values()) / 60:.0f} minutes."
    )


def _figures(results: Mapping[str, Any]) -> str:
    rows = ["| | measured | must | aim | |", "| --- | --- | --- | --- | --- |"]
    for name, figure in results.items():
        rows.append(f"| **{name}** **{figure['what']}** | | | | |")
        rows += [_row(check) for check in figure["checks"]]
        rows += [f"| not counted: {words} | | | | |" for words in figure["uncounted"]]
    return "\n".join(rows)


def _row(check: Mapping[str, Any]) -> str:
    sign = "≥" if check["at_least"] else "≤"
    must, aim = ("" if check[kind] is None else f"{sign} {plain(check[kind])}" for kind in ("bound", "aim"))
    verdict = "" if check["aim_reached"] is not False else "short of the aim"
    if not check["within"]:
        verdict = "**out of bounds**"
    return f"| {check['what']} | {plain(check['value'])} {check['unit']} | {must} | {aim} | {verdict} |"


def _shown(plots: Sequence[Plot]) -> str:
    return "\n\n".join(f"![{plot.title}]({FOLDER.name}/{plot.name}.svg)" for plot in plots)


if __name__ == "__main__":
    sys.exit(main())
