"""The template's alarms, evaluated as CloudWatch does, on metrics that runs really wrote."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from tests.engines.template import TEMPLATE, TemplateLoader
from tests.integration.functions.account import Ran

OWN = "NumberInventory/${AWS::StackName}"
"""The namespace of a deployment, as the template writes it."""

_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {"Sum": sum, "Maximum": max}
_BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}


@dataclass(frozen=True, slots=True)
class Series:
    """A metric: its namespace, its name, and its dimensions with their values."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Datum:
    """A value of a metric, so many seconds ago."""

    series: Series
    seconds_ago: float
    value: float


@lru_cache(maxsize=1)
def template() -> dict[str, Any]:
    """The template, with what stands behind CloudFormation's tags."""
    text = TEMPLATE.read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, TemplateLoader)  # noqa: S506 - built on the safe loader
    return loaded


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of the template, with the parameters' defaults."""

    name: str
    properties: Mapping[str, Any]

    @property
    def series(self) -> Series:
        """What it watches."""
        dimensions = frozenset((each["Name"], each["Value"]) for each in self.properties.get("Dimensions", []))
        return Series(self.properties["Namespace"], self.properties["MetricName"], dimensions)

    @property
    def window_seconds(self) -> float:
        """How far back it looks."""
        return float(self.properties["Period"]) * self._number("EvaluationPeriods")

    def fires(self, data: Iterable[Datum]) -> bool:
        """Whether it is raised now."""
        periods = self._number("EvaluationPeriods")
        values: dict[int, list[float]] = defaultdict(list)
        for datum in data:
            if datum.series == self.series:
                values[int(datum.seconds_ago // self.properties["Period"])].append(datum.value)
        breaching = sum(self._breaches(values.get(period, [])) for period in range(int(periods)))
        return bool(breaching >= self.properties.get("DatapointsToAlarm", periods))

    def _breaches(self, values: Sequence[float]) -> bool:
        if not values:
            return bool(self.properties["TreatMissingData"] == "breaching")
        value = _STATISTICS[self.properties["Statistic"]](values)
        return _BREACHES[self.properties["ComparisonOperator"]](value, self._number("Threshold"))

    def _number(self, name: str) -> float:
        """A number that stands there, that a parameter gives, or that is looked up in a mapping by a parameter."""
        match self.properties[name]:
            case str(parameter):
                return float(template()["Parameters"][parameter]["Default"])
            case [mapping, parameter, key]:
                return float(template()["Mappings"][mapping][template()["Parameters"][parameter]["Default"]][key])
            case written:
                return float(written)


def alarms() -> dict[str, Alarm]:
    """All alarms of the template, by name."""
    return {
        name: Alarm(name, resource["Properties"])
        for name, resource in template()["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def written_by(ran: Ran, every_seconds: float, for_seconds: float) -> list[Datum]:
    """What CloudWatch has if a run that wrote this comes again and again, as a schedule has it."""
    values = [
        (_series(directive, line, metric["Name"]), value)
        for line in ran.metrics
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for value in line[metric["Name"]]
    ]
    return [Datum(series, ago, value) for series, value in values for ago in ticks(every_seconds, for_seconds)]


def ticks(every_seconds: float, for_seconds: float) -> list[float]:
    """How many seconds ago a schedule ran, latest first."""
    return [every_seconds * (turn + 0.5) for turn in range(int(for_seconds // every_seconds))]


def _series(directive: Mapping[str, Any], line: Mapping[str, Any], name: str) -> Series:
    assert directive["Namespace"] == OWN.partition("/")[0], "each deployment has its own below that"
    [dimensions] = directive["Dimensions"]
    return Series(OWN, name, frozenset((dimension, line[dimension]) for dimension in dimensions))
