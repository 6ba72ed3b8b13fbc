"""Plots of growth as SVG, made from the results of `make bench`: a few lines each, both axes by powers of ten."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 64, 48
_INK, _SOFT, _GRID = "#1f2328", "#59636e", "#d8dee4"
_COLOURS = ("#0b5fb0", "#b3541e", "#2f7d4f")


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot.

    Attributes:
        name: of its file, without its end.
        of: what grows along the horizontal axis.
        lines: names in the `growth` of a figure's details, with the words that they are shown by.
    """

    name: str
    title: str
    of: str
    figure: str
    lines: Mapping[str, str]


PLOTS = (
    Plot(
        "sync",
        "What a sync asks of DynamoDB",
        "users of the device",
        "P2",
        {
            "requests, nothing new": "requests, nothing new",
            "requests, one user gone": "requests, one user gone",
            "read units, one user gone": "read units, one user gone",
        },
    ),
    Plot(
        "listing",
        "Parse, map and compare a device's users",
        "users of the device",
        "P6",
        {"CPU seconds of a listing": "CPU, s", "peak MB of a listing": "peak memory, MB"},
    ),
    Plot(
        "release",
        "A release of ten that are due",
        "numbers in the inventory",
        "P7",
        {"requests, 10 due": "requests", "read units, 10 due": "read units"},
    ),
    Plot(
        "audit",
        "An audit of sound numbers",
        "numbers in the inventory",
        "P8",
        {
            "read units of an audit": "read units",
            "peak MB of an audit": "peak memory, MB",
            "CPU seconds of an audit": "CPU, s",
        },
    ),
)

Points = Sequence[tuple[float, float]]


def write_plots(results: Mapping[str, Any], folder: Path) -> list[Plot]:
    """Write those whose figures were measured; returns them."""
    written = []
    folder.mkdir(exist_ok=True)
    for plot in PLOTS:
        growth = results.get(plot.figure, {}).get("detail", {}).get("growth", {})
        series = {
            words: sorted((float(size), float(value)) for size, value in growth[name].items())
            for name, words in plot.lines.items()
            if name in growth
        }
        if series:
            (folder / f"{plot.name}.svg").write_text(drawn(plot, series), encoding="utf-8")
            written.append(plot)
    return written


def drawn(plot: Plot, series: Mapping[str, Points]) -> str:
    """The plot as SVG."""
    points = [point for line in series.values() for point in line]
    scale = _Scale(
        (min(x for x, _ in points), max(x for x, _ in points)),
        (10 ** math.floor(math.log10(min(y for _, y in points))), 10 ** _decades(max(y for _, y in points))),
    )
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{escape(plot.title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(_LEFT, 22, plot.title, _INK, size=15, weight=600),
        *_legend(list(series)),
        *_grid(scale),
        _text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 10, plot.of, _SOFT, anchor="middle"),
    ]
    for colour, line in zip(_COLOURS, series.values(), strict=False):
        parts += _line(scale, colour, line)
    return "\n".join([*parts, "</svg>", ""])


def _decades(value: float) -> int:
    """The power of ten above a value, with room for what is written over its point."""
    return math.floor(math.log10(value * 1.3)) + 1


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places, both by their logarithms."""

    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, value: float) -> float:
        return _LEFT + 28 + (WIDTH - _LEFT - _RIGHT - 56) * _share(value, self.across)

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * _share(value, self.up)


def _share(value: float, ends: tuple[float, float]) -> float:
    low, high = map(math.log10, ends)
    return (math.log10(value) - low) / (high - low or 1)


def _grid(scale: _Scale) -> list[str]:
    parts = []
    low, high = (round(math.log10(end)) for end in scale.up)
    for power in range(low, high + 1):
        y = scale.y(10.0**power)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="{_GRID}"/>')
        parts.append(_text(_LEFT - 8, y + 4, plain(10.0**power), _SOFT, anchor="end"))
    low, high = (math.ceil(math.log10(end)) for end in scale.across)
    across = [10.0**power for power in range(low, high + 1)]
    return [*parts, *(_text(scale.x(at), HEIGHT - _BOTTOM + 18, plain(at), _SOFT, anchor="middle") for at in across)]


def _legend(names: Sequence[str]) -> list[str]:
    parts, x = [], float(_LEFT)
    for colour, name in zip(_COLOURS, names, strict=False):
        parts.append(f'<path d="M{x:.0f} 42h18" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(x + 24, 46, name, _INK))
        x += 44 + 7 * len(name)
    return parts


def _line(scale: _Scale, colour: str, line: Points) -> list[str]:
    places = [(scale.x(x), scale.y(y)) for x, y in line]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    parts = [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    for (x, y), (_, value) in zip(places, line, strict=True):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" stroke="white" stroke-width="1.5"/>')
        parts.append(_text(x, y - 9, plain(value), colour, anchor="middle"))
    return parts


def _text(
    x: float, y: float, words: str, colour: str, *, anchor: str = "start", size: int = 12, weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def plain(value: float) -> str:
    """A value with as many digits as tell something."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004 - four digits
