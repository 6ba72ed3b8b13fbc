"""A great many random histories against a reference that knows only the rules: none released early, none forgotten."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from number_inventory.domain.numbers import NumberRecord, Status
from tests.property.histories import NUMBERS, Event, Step, Story, random_history

HISTORIES = int(os.environ.get("HISTORIES", "20000"))
LONG = int(os.environ.get("HISTORIES_LONG", "1000000"))
PARTS = 10
"""Of the long run: so that all processors have their share."""
LENGTH = 24


@dataclass
class Expected:
    """What the rules say of one number, kept without the domain's help.

    Attributes:
        devices: on which devices it is registered now.
        rests_until: the exact end of its rest, without rounding; None while it does not rest.
    """

    devices: frozenset[str] = frozenset()
    rests_until: datetime | None = None

    def after(self, step: Step) -> "Expected":
        """Follow one event."""
        event, device = step.event, f"sbc{step.event.device + 1}"
        if event.kind in {"comes", "confirmed"}:
            return Expected(self.devices | {device})
        if event.kind.startswith("goes") and step.wrote:
            left = self.devices - {device}
            rests = left == frozenset() and _is_the_devices(step.before)
            return Expected(left, self._rest(step) if rests else self.rests_until)
        if event.kind in {"unassigned", "cooled by hand"} and not self.devices and step.wrote:
            return Expected(self.devices, self._rest(step))
        if event.kind in {"released", "released early"} and step.wrote:
            return Expected(self.devices)
        return self

    def _rest(self, step: Step) -> datetime | None:
        return step.at + timedelta(days=step.days) if step.days else None


def _is_the_devices(record: NumberRecord | None) -> bool:
    return record is not None and record.status is Status.USED and record.vendor == "AudioCodes"


def check(step: Step, expected: Expected, was: Expected) -> None:
    """Compare one step with what the rules say."""
    record = step.after
    assert {holder.device for holder in record.holders} == expected.devices, step
    assert (record.status is Status.COOLING) == (expected.rests_until is not None), step
    if expected.rests_until is not None:
        assert record.release_date is not None
        late = record.release_date - expected.rests_until
        assert timedelta(0) <= late < timedelta(seconds=1), step
    if step.event.kind == "released" and step.wrote:
        assert was.rests_until is not None, step
        assert was.rests_until <= step.at, f"released early: {step}"
    if record.status is Status.AVAILABLE:
        assert not expected.devices, step


RELEASE_ALL = tuple(Event("released", index) for index in range(len(NUMBERS)))


def play(seed: int) -> int:
    """Play one history to its end, with a release job after every wait; returns how many releases there were."""
    story, releases = Story(), 0
    expected = dict.fromkeys(NUMBERS, Expected())
    for drawn in random_history(random.Random(seed), LENGTH):  # noqa: S311 - repeatable, not secret
        for event in (drawn, *RELEASE_ALL) if drawn.kind == "waits" else (drawn,):
            step = story.play(event)
            if step is None:
                continue
            was = expected[step.after.number]
            expected[step.after.number] = was.after(step)
            check(step, expected[step.after.number], was)
            releases += step.event.kind == "released" and step.wrote
    story.now += timedelta(days=1000)
    for event in RELEASE_ALL:
        story.play(event)
        record = story.records.get(NUMBERS[event.number])
        assert record is None or record.status is not Status.COOLING, f"forgotten: {record}"
    return releases


def test_never_released_early_and_never_forgotten() -> None:
    """GIVEN thousands of histories, WHEN played, THEN each step is as the rules say, and no number is forgotten."""
    releases = sum(play(seed) for seed in range(HISTORIES))

    assert releases > HISTORIES / 20, "the histories must release something, or they prove nothing"


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_never_released_early_and_never_forgotten_in_a_million_histories(
    part: int, record_property: Callable[[str, object], None]
) -> None:
    """GIVEN a million further histories, WHEN played, THEN the same holds."""
    count = LONG // PARTS
    first = HISTORIES + part * count
    releases = sum(play(seed) for seed in range(first, first + count))
    assert releases > count / 20
    record_property("histories", count)
    record_property("events", count * LENGTH)
    record_property("releases", releases)
