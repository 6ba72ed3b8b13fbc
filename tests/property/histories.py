"""Random histories of numbers: events drawn by Hypothesis or by a seeded generator, played on the pure domain."""

import os
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st

from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Decision, Stamp
from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.lifecycle import (
    Registration,
    confirmed,
    registered,
    registration_gone,
    release_due,
    reservation_lapsed,
)
from number_inventory.domain.management import add_number, assign, cool, release_early, reserve, unassign, unreserve
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Usage

START = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
NUMBERS = ("1001", "1002", "+441003")
DEVICES = ("sbc1", "sbc2", "sbc3")
REQUESTERS = ("alice", "bob", "")
DURATIONS = (0, 1, 2, 30, 999)
WAITS = (
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(seconds=59),
    timedelta(days=1),
    timedelta(days=2),
    timedelta(days=2, microseconds=-1),
    timedelta(days=30),
    timedelta(days=1000),
)


class Event(NamedTuple):
    """Something that happens; the numbers choose among the few of everything that there are."""

    kind: str
    number: int = 0
    device: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What one event did to one number.

    Attributes:
        days: the duration that was in force for what the event could start.
    """

    event: Event
    at: datetime
    before: NumberRecord | None
    after: NumberRecord
    wrote: bool
    days: int


@dataclass
class Story:
    """The inventory of one customer, as a sequence of events leaves it; time is its own.

    Attributes:
        sync: the sequence number of the next sync, of whatever device.
    """

    records: dict[str, NumberRecord] = field(default_factory=dict)
    now: datetime = START
    sync: int = 1
    macro_days: int = 2
    settings: CoolingSettings = field(default_factory=lambda: CoolingSettings(enabled=False, days=30))

    def play(self, event: Event) -> Step | None:
        """Let one event happen; None where it was refused or about no number."""
        if event.kind in SETTINGS:
            SETTINGS[event.kind](self, event)
            return None
        before = self.records.get(NUMBERS[event.number])
        days = self.days_for(event)
        try:
            decision = EVENTS[event.kind](self, before, event)
        except RuleViolationError:
            return None
        if decision is None:
            return None
        after = self.store(decision)
        return Step(event, self.now, before, after, decision.needs_write, days)

    def store(self, decision: Decision) -> NumberRecord:
        """Keep what was decided, as a conditional write would."""
        after = decision.after
        if decision.needs_write:
            after = replace(after, version=(decision.before.version if decision.before else 0) + 1)
            self.records[after.number] = after
        return after

    def days_for(self, event: Event) -> int:
        """How long a cooling that this event starts must last, by the rules alone."""
        if event.kind == "unassigned":
            return self.settings.days if self.settings.enabled else 0
        return DURATIONS[event.amount % len(DURATIONS)] if event.kind == "cooled by hand" else self.macro_days

    def registration(self, event: Event, sync: int | None = None) -> Registration:
        """The number on the device, seen by the next sync or by a given one."""
        if sync is None:
            sync, self.sync = self.sync, self.sync + 1
        return Registration("acme", NUMBERS[event.number], DEVICES[event.device], sync)

    def stamp(self, by: str = "operator:ann") -> Stamp:
        """A stamp of now."""
        return Stamp(self.now, by, "a history")


Play = Callable[[Story, NumberRecord | None, Event], Decision | None]


def _of_a_record(act: Callable[[Story, NumberRecord, Event], Decision | None]) -> Play:
    return lambda story, record, event: act(story, record, event) if record else None


def _added(story: Story, record: NumberRecord | None, event: Event) -> Decision:
    new = NumberRecord(customer="acme", number=NUMBERS[event.number], tag="lobby", site="London")
    return add_number(record, new, story.stamp())


def _released(story: Story, record: NumberRecord, event: Event) -> Decision | None:
    episode = record.release_date or story.now
    slips = (timedelta(0), timedelta(0), timedelta(seconds=1), timedelta(seconds=-1))
    return release_due(record, episode + slips[event.amount % len(slips)], story.stamp("release"))


def _assigned(story: Story, record: NumberRecord, event: Event) -> Decision:
    usage = (Usage.USER, Usage.HUNT_PILOT)[event.amount % 2]
    vendor = ("Microsoft", "", AUDIOCODES)[event.amount % 3]
    return assign(record, vendor, usage, REQUESTERS[event.device], story.stamp())


def _reserved(story: Story, record: NumberRecord, event: Event) -> Decision:
    until = None if event.amount % 3 == 0 else story.now + timedelta(days=event.amount % 40)
    return reserve(record, REQUESTERS[event.device], until, "later", story.stamp())


EVENTS: dict[str, Play] = {
    "added": _added,
    "comes": lambda story, record, event: registered(record, story.registration(event), story.stamp("sync")),
    "goes": lambda story, record, event: registration_gone(
        record, story.registration(event), story.macro_days, story.stamp("sync")
    ),
    "goes, said late": lambda story, record, event: registration_gone(
        record,
        story.registration(event, max(0, story.sync - 1 - event.amount % 4)),
        story.macro_days,
        story.stamp("sync"),
    ),
    "confirmed": lambda story, record, event: confirmed(record, story.registration(event), story.stamp("sync")),
    "released": _of_a_record(_released),
    "assigned": _of_a_record(_assigned),
    "unassigned": _of_a_record(lambda story, record, _: unassign(record, story.settings, story.stamp())),
    "reserved": _of_a_record(_reserved),
    "unreserved": _of_a_record(lambda story, record, _: unreserve(record, story.stamp())),
    "lapsed": _of_a_record(lambda story, record, _: reservation_lapsed(record, story.stamp("lapse"))),
    "cooled by hand": _of_a_record(lambda story, record, event: cool(record, story.days_for(event), story.stamp())),
    "released early": _of_a_record(lambda story, record, _: release_early(record, story.stamp())),
}
"""Every way in which a number changes."""

BY_ITSELF = frozenset({"comes", "goes", "goes, said late", "confirmed", "released", "lapsed"})
"""What happens without an operator; a repetition of these must change nothing."""


def _waits(story: Story, event: Event) -> None:
    story.now += WAITS[event.amount % len(WAITS)]


def _sets_macro(story: Story, event: Event) -> None:
    story.macro_days = DURATIONS[event.amount % len(DURATIONS)]


def _sets_global(story: Story, event: Event) -> None:
    story.settings = CoolingSettings(enabled=event.device > 0, days=DURATIONS[event.amount % len(DURATIONS)])


SETTINGS: dict[str, Callable[[Story, Event], None]] = {
    "waits": _waits,
    "sets macro": _sets_macro,
    "sets global": _sets_global,
}
"""What changes no number by itself."""

KINDS = (*EVENTS, *SETTINGS, "waits", "waits", "comes", "comes", "goes", "goes", "released", "released")
"""All kinds; the ordinary ones more often."""

EVENT = st.builds(
    Event,
    st.sampled_from(KINDS),
    st.integers(0, len(NUMBERS) - 1),
    st.integers(0, len(DEVICES) - 1),
    st.integers(0, 1000),
)
HISTORY = st.one_of(st.lists(EVENT, max_size=10), st.lists(EVENT, min_size=20, max_size=60))
LAW = settings(max_examples=int(os.environ.get("LAW_EXAMPLES", "200")), deadline=None)
"""How thoroughly each law is tried; a deadline would only measure how busy the machine is."""


def random_history(rng: random.Random, length: int) -> list[Event]:
    """As many events, drawn quickly; mostly about the same number and device, so that much happens to it."""
    pick = rng.random
    return [
        Event(
            KINDS[int(pick() * len(KINDS))],
            int(pick() ** 4 * len(NUMBERS)),
            int(pick() ** 3 * len(DEVICES)),
            int(pick() * 1000),
        )
        for _ in range(length)
    ]


def played(history: Iterable[Event], story: Story | None = None) -> Iterable[tuple[Story, Step]]:
    """Play the events one by one, and tell what each did."""
    story = story or Story()
    for event in history:
        step = story.play(event)
        if step is not None:
            yield story, step
