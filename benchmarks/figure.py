"""A figure: what was measured, against which bound and which aim, and how a benchmark hands it over."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.engines.engine import DYNAMODB_LOCAL, MINISTACK, Engine

SEED = 20261123

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (1_000, 10_000)
"""Where growth is looked at. `detail["growth"]` of a figure has what was measured, by what it is and by size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One value against its bound.

    Attributes:
        bound: what must be reached; None where nothing must, and the value is only told.
        aim: what should be reached; None where that is the bound.
        at_least: the bound and the aim are the least, not the most.
    """

    what: str
    value: float
    unit: str
    bound: float | None = None
    aim: float | None = None
    at_least: bool = False

    @property
    def within(self) -> bool:
        """Whether the bound holds."""
        return self.bound is None or self._reaches(self.bound)

    @property
    def aim_reached(self) -> bool | None:
        """Whether the aim is reached, or the bound where there is no aim; None where there is neither."""
        target = self.bound if self.aim is None else self.aim
        return None if target is None else self._reaches(target)

    def _reaches(self, target: float) -> bool:
        return self.value >= target if self.at_least else self.value <= target


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure; its first check is the one that it is quoted by.

    Attributes:
        uncounted: what was to be measured and could not be, each with the reason; nothing is claimed about it.
    """

    id: str
    what: str
    checks: Sequence[Check]
    detail: Mapping[str, Any] = field(default_factory=dict)
    uncounted: Sequence[str] = ()

    @property
    def within(self) -> bool:
        """Whether all bounds hold."""
        return all(check.within for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """The figure as it stands in the results."""
        headline = self.checks[0]
        return {
            "what": self.what,
            "value": round(headline.value, 4),
            "bound": headline.bound,
            "aim": headline.aim,
            "unit": headline.unit,
            "within": self.within,
            "checks": [
                {
                    **asdict(check),
                    "value": round(check.value, 4),
                    "within": check.within,
                    "aim_reached": check.aim_reached,
                }
                for check in self.checks
            ],
            "uncounted": list(self.uncounted),
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a benchmark is run with.

    Attributes:
        engine: a DynamoDB that is running.
        quick: take small sizes and few rounds.
        seed: what is made up is made from it, so that the same again measures the same.
    """

    engine: Engine
    quick: bool
    seed: int = SEED

    def size(self, whole: int, quick: int) -> int:
        """The size that is asked for."""
        return quick if self.quick else whole

    @property
    def sizes(self) -> Sequence[int]:
        """Sizes at which growth is looked at."""
        return QUICK_SIZES if self.quick else SIZES

    @property
    def counts_reads(self) -> bool:
        """Whether the engine counts the read units of a Query; MiniStack does not."""
        return self.engine.name == DYNAMODB_LOCAL


def say(words: str) -> None:
    """Tell the person who waits."""
    print(f"  {words}", file=sys.stderr, flush=True)


def run(measure: Callable[[Setting], Figure], arguments: Sequence[str] | None = None) -> None:
    """Measure, as a program: the figure goes to standard output, what it is at to standard error."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True, help="where a DynamoDB listens")
    parser.add_argument("--engine", choices=[DYNAMODB_LOCAL, MINISTACK], default=DYNAMODB_LOCAL, help="which one")
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    engine = Engine(options.engine, options.endpoint)
    figure = measure(Setting(engine=engine, quick=options.quick, seed=options.seed))
    print(json.dumps({figure.id: figure.as_json()}))
