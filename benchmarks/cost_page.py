"""Writes the measured parts of docs/cost.md, from the results of `make bench`: `make cost`.

Each part stands between two marks and is written anew as a whole; the words around them are a person's.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.__main__ import RESULTS
from benchmarks.prices import PRICES

PAGE = Path("docs") / "cost.md"
_CENT = 0.005
"""What rounds to nothing for all fleets has no line."""


def main() -> int:
    """Write the page; 1 where the bill has not been measured."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if "P11" not in results:
        print(f"{RESULTS} has no bill: run `python -m benchmarks --only P11` before.", file=sys.stderr)
        return 1
    detail = results["P11"]["detail"]
    parts = {"units": _units(detail["units"]), "bills": _bills(detail["bills"]), "prices": _prices()}
    PAGE.write_text(between_marks(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")
    return 0


def between_marks(page: str, parts: Mapping[str, str]) -> str:
    """The page with these parts, each between the two marks of its name."""
    for name, text in parts.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}{text}\n{end}{rest.partition(end)[2]}"
    return page


def _units(units: Mapping[str, Any]) -> str:
    rows = ["| operation | a run: write, read | each number: write, read |", "| --- | --- | --- |"]
    for what, measured in units.items():
        fixed, each = measured["fixed"], measured["each"]
        rows.append(f"| {what} | {_number(fixed[0])}, {_number(fixed[1])} | {_each(each)} |")
    return "\n".join(rows)


def _each(pair: list[float]) -> str:
    return f"{_number(pair[0])}, {_number(pair[1])}" if any(pair) else ""


def _bills(bills: Mapping[str, Any]) -> str:
    fleets = list(bills)
    rows = [f"| USD a month | {' | '.join(fleets)} |", f"| --- |{' --- |' * len(fleets)}"]
    for index, line in enumerate(bills[fleets[0]]["lines"]):
        costs = [bills[fleet]["lines"][index]["usd"] for fleet in fleets]
        if max(costs) >= _CENT:
            shown = " | ".join(f"{cost:,.2f}" for cost in costs)
            rows.append(f"| {line['service']}: {line['unit']}, {line['what']} | {shown} |")
    for what, name in (
        ("total", "**all, at list prices**"),
        ("beyond free", "**all, beyond what is free for everybody**"),
    ):
        rows.append(f"| {name} | {' | '.join(f'**{bills[fleet][what]:,.2f}**' for fleet in fleets)} |")
    return "\n".join(rows)


def _prices() -> str:
    rows = ["| | USD | free a month | read at |", "| --- | --- | --- | --- |"]
    for price in PRICES:
        per = f" for {price.per:,.0f}" if price.per > 1 else ""
        free = f"{price.free:,.0f}" if price.free else ""
        rows.append(f"| {price.service}: {price.unit} | {price.usd}{per} | {free} | {price.source} |")
    return "\n".join(rows)


def _number(value: float) -> str:
    return f"{round(value, 3):g}"


if __name__ == "__main__":
    sys.exit(main())
