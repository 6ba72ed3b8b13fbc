"""What became of a number: as it was at any instant, and why it is as it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from number_inventory.domain.changes import Change, ChangeKind, Unreadable
from number_inventory.domain.commands import Assign, Cool, Edit, Release, Reserve, Unreserve
from number_inventory.domain.errors import InvalidInputError, NotFoundError, RecordBrokenError, StorageBusyError
from number_inventory.domain.explanation import ActorKind
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION, COOLING_ENABLED, GLOBAL
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.services.look_at_history import MAX_LIMIT, ChangeQuery, LookAtHistory
from number_inventory.services.manage_numbers import AddNumbers, ManageNumbers, NumberDetails
from tests.memory.clock import SettableClock
from tests.memory.history import MemoryHistory, change_of
from tests.memory.world import CUSTOMER, World
from tests.unit.domain.records import available, used

NUMBER = "4711"
BY = "api:arn:aws:iam::123456789012:user/ann"
RETENTION = timedelta(days=400)


class Timed(list[tuple[NumberRecord | None, NumberRecord | None]]):
    """A stream that knows when each change was made."""

    def __init__(self, clock: SettableClock) -> None:
        super().__init__()
        self._clock = clock
        self.changes: list[Change] = []

    def append(self, change: tuple[NumberRecord | None, NumberRecord | None]) -> None:
        """One more change."""
        super().append(change)
        self.changes.append(change_of(*change, len(self), self._clock.at.replace(microsecond=0)))


class Desk:
    """A world with its history: `told` lets the history catch up with all that has happened."""

    def __init__(self) -> None:
        self.world = World()
        self.history = MemoryHistory()
        self.manage = ManageNumbers(self.world.inventory, self.world.macros, self.world.clock)
        self.look = LookAtHistory(
            inventory=self.world.inventory,
            history=self.history,
            macros=self.world.macros,
            clock=self.world.clock,
            retention=RETENTION,
        )
        self.stream = self.world.inventory.stream = Timed(self.world.clock)

    def add(self, number: str = NUMBER) -> None:
        AddNumbers(self.world.inventory, self.world.clock)(CUSTOMER, [number], NumberDetails(), BY)

    def told(self) -> None:
        self.history.record(self.stream.changes)

    def passes(self, **time: float) -> datetime:
        """Let time pass; returns the instant before."""
        before = self.world.clock.at
        self.world.clock.advance(**time)
        return before

    def as_of(self, at: datetime) -> NumberRecord:
        return self.look.as_of(CUSTOMER, NUMBER, at)


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- change by change


def test_history_of_a_deleted_number_is_still_there(desk: Desk) -> None:
    desk.add()
    desk.manage.delete(CUSTOMER, NUMBER, BY)
    desk.told()
    page = desk.look.page(ChangeQuery(CUSTOMER, NUMBER), 2)
    assert [change.kind for change in page.changes] == [ChangeKind.DELETED, ChangeKind.DELETING]
    rest = desk.look.page(ChangeQuery(CUSTOMER, NUMBER), 2, page.last)
    assert [(change.kind, change.by) for change in rest.changes] == [(ChangeKind.CREATED, BY)]


def test_number_that_nobody_knows_has_no_history(desk: Desk) -> None:
    desk.world.inventory.put(replace(available(), number="1"))
    assert desk.look.page(ChangeQuery(CUSTOMER, "1")).changes == ()
    for ask in (lambda: desk.look.page(ChangeQuery(CUSTOMER, NUMBER)), lambda: desk.look.explain(CUSTOMER, NUMBER)):
        with pytest.raises(NotFoundError, match=f"has no number {NUMBER}"):
            ask()
    for limit in (0, MAX_LIMIT + 1):
        with pytest.raises(InvalidInputError, match="limit"):
            desk.look.page(ChangeQuery(CUSTOMER, NUMBER), limit)


# --- as of


def test_number_is_shown_as_it_was(desk: Desk) -> None:
    """GIVEN a number that lived, was deleted and added again WHEN asked for any instant THEN it is as it was then."""
    before = desk.passes(days=1)
    desk.add()
    born = desk.passes(days=1)
    desk.manage.one(CUSTOMER, NUMBER, Reserve("bob"), BY)
    reserved = desk.passes(days=1)
    desk.manage.one(CUSTOMER, NUMBER, Unreserve(), BY)
    desk.manage.delete(CUSTOMER, NUMBER, BY)
    gone = desk.passes(days=1)
    desk.add()
    reborn = desk.passes(days=1)
    desk.told()

    for at, status in ((born, Status.AVAILABLE), (reserved, Status.RESERVED), (reborn, Status.AVAILABLE)):
        assert desk.as_of(at).status is status
        assert desk.as_of(at + timedelta(hours=23)).status is status
    assert desk.as_of(desk.world.clock.at) == desk.world.number(NUMBER)
    for at in (before, born - timedelta(microseconds=1), gone, reborn - timedelta(microseconds=1)):
        with pytest.raises(NotFoundError, match=f"had no number {NUMBER} at 20"):
            desk.as_of(at)
    with pytest.raises(InvalidInputError, match="future"):
        desk.as_of(desk.world.clock.at + timedelta(seconds=1))


def test_time_before_the_kept_history_is_refused(desk: Desk) -> None:
    """GIVEN a number whose history begins in its midst WHEN asked for earlier THEN it says from when on it knows."""
    desk.add()
    born = desk.passes(days=10)
    desk.manage.one(CUSTOMER, NUMBER, Edit({"tag": "x"}), BY)
    edited = desk.passes(days=10)
    desk.manage.one(CUSTOMER, NUMBER, Edit({"tag": "y"}), BY)
    desk.history.record(desk.stream.changes[-1:])
    assert desk.as_of(edited).tag == "x", "the first change that is known says what was before it"
    with pytest.raises(InvalidInputError, match=f"from {edited.isoformat()[:10]}"):
        desk.as_of(born)


def test_what_has_not_changed_for_as_long_as_history_is_kept_is_as_it_is(desk: Desk) -> None:
    desk.add()
    born = desk.passes(days=1000)
    assert desk.as_of(born).status is Status.AVAILABLE
    with pytest.raises(InvalidInputError, match="as_of: lies before"):
        desk.as_of(born - timedelta(days=1))


def test_number_before_its_time_is_not_denied_where_nobody_can_know(desk: Desk) -> None:
    """GIVEN an instant longer ago than history is kept WHEN a number is newer THEN that is refused, not denied."""
    long_ago = desk.passes(days=500)
    desk.add()
    desk.told()
    with pytest.raises(InvalidInputError, match="as_of: lies before"):
        desk.as_of(long_ago)
    with pytest.raises(NotFoundError):
        desk.as_of(desk.world.clock.at - timedelta(days=100))


def test_history_that_lags_says_so_and_never_lies(desk: Desk) -> None:
    """GIVEN changes that the history does not have yet WHEN asked for THEN by the number itself, or not yet."""
    desk.add()
    born = desk.passes(minutes=1)
    with pytest.raises(NotFoundError):
        desk.as_of(born - timedelta(seconds=1))
    desk.told()
    desk.manage.one(CUSTOMER, NUMBER, Reserve("bob"), BY)
    reserved = desk.passes(minutes=1)
    desk.manage.one(CUSTOMER, NUMBER, Unreserve(), BY)
    with pytest.raises(StorageBusyError, match="not caught up"):
        desk.as_of(reserved)
    assert desk.as_of(desk.world.clock.at).status is Status.AVAILABLE
    desk.passes(minutes=1)
    desk.manage.delete(CUSTOMER, NUMBER, BY)
    with pytest.raises(StorageBusyError, match="not caught up"):
        desk.as_of(desk.world.clock.at)
    desk.told()
    assert desk.as_of(reserved).status is Status.RESERVED
    with pytest.raises(NotFoundError):
        desk.as_of(desk.world.clock.at)


def test_number_that_stood_broken_is_not_guessed_at(desk: Desk) -> None:
    desk.add()
    desk.passes(minutes=1)
    broken = change_of(None, replace(available(), number=NUMBER), 1, desk.world.clock.at)
    desk.history.record([replace(broken, after=Unreadable({}, "status is no status"))])
    desk.world.inventory.lose(CUSTOMER, NUMBER)
    with pytest.raises((RecordBrokenError, StorageBusyError)):
        desk.as_of(desk.world.clock.at)


@given(steps=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 100)), max_size=25), asked=st.floats(0, 1))
@settings(max_examples=80)
def test_any_instant_of_any_life(steps: list[tuple[int, int]], asked: float) -> None:
    """GIVEN any life of a number WHEN asked for any instant of it THEN it is what it was at that instant."""
    desk = Desk()
    started = desk.passes(hours=1)
    moments: list[tuple[datetime, NumberRecord | None]] = [(started, None)]
    for step, minutes in steps:
        record = desk.world.inventory.get(CUSTOMER, NUMBER)
        if record is None:
            desk.add()
        elif step == 0 and record.status is Status.AVAILABLE:
            desk.manage.delete(CUSTOMER, NUMBER, BY)
        elif record.status is Status.AVAILABLE:
            desk.manage.one(CUSTOMER, NUMBER, Cool(2) if step == 1 else Assign("", Usage.USER, f"x{step}"), BY)
        elif record.status is Status.COOLING:
            desk.manage.one(CUSTOMER, NUMBER, Release("wanted"), BY)
        else:
            desk.manage.one(CUSTOMER, NUMBER, Edit({"tag": f"{step} {minutes}"}), BY)
        moments.append((desk.world.clock.at, desk.world.inventory.get(CUSTOMER, NUMBER)))
        desk.passes(minutes=minutes)
    desk.told()
    at = started + (desk.world.clock.at - started) * asked
    expected = [state for moment, state in moments if moment <= at][-1]
    if expected is not None:
        assert desk.as_of(at) == expected
        return
    with pytest.raises(NotFoundError):
        desk.as_of(at)


# --- why


def test_cooling_number_tells_who_let_it_cool_under_which_setting_and_until_when(desk: Desk) -> None:
    """GIVEN a number that left its device WHEN explained THEN sync, macro with its level, and Release Date are told."""
    world = desk.world
    key = world.add_device("sbc1")
    world.macros.put(GLOBAL, AUDIOCODES_COOLING_DURATION, "5")
    world.device_shows(key, NUMBER)
    world.sync(key)
    held = desk.passes(hours=1)
    world.device_shows(key, "1")
    world.sync(key)
    gone = desk.passes(days=1)
    world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "7")
    desk.manage.one(CUSTOMER, NUMBER, Edit({"tag": "x"}), BY)

    early = desk.look.explain(CUSTOMER, NUMBER)
    assert (early.caught_up, early.cause.kind, early.since) == (False, None, gone)
    assert early.cause.by.kind is ActorKind.API

    desk.told()
    told = desk.look.explain(CUSTOMER, NUMBER)
    assert (told.caught_up, told.since, told.cause.kind) == (True, gone, ChangeKind.COOLED)
    assert (told.cause.by.kind, told.cause.by.name, told.cause.by.sync) == (ActorKind.DEVICE, "sbc1", 2)
    assert told.setting is not None
    assert (told.setting.macro.value, told.setting.macro.origin, told.setting.days) == ("7", "customer", 5)
    assert (told.next.status, told.next.at) == (Status.AVAILABLE, gone + timedelta(days=5))
    assert "in 4 days, 2026-" in told.next.sentence
    assert "as soon as a device registers it" in told.next.sentence
    assert "cools by sync 2 of device sbc1" in told.cause.sentence
    assert desk.look.as_of(CUSTOMER, NUMBER, held).status is Status.USED


def test_number_of_a_device_tells_which_and_what_happens_when_it_goes(desk: Desk) -> None:
    world = desk.world
    key = world.add_device("sbc1")
    world.device_shows(key, NUMBER)
    world.sync(key)
    desk.told()
    for value, days, status, words in (
        ("2", 2, Status.COOLING, "then it cools for 2 days"),
        ("0", 0, Status.AVAILABLE, "then it is Available at once"),
        ("two", None, None, "then it waits, because the setting is broken"),
    ):
        world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, value)
        told = desk.look.explain(CUSTOMER, NUMBER)
        assert told.setting is not None
        assert (told.setting.days, told.next.status) == (days, status)
        assert words in told.next.sentence
        assert (told.cause.kind, told.cause.by.name) == (ChangeKind.CREATED, "sbc1")


def test_number_that_somebody_has_tells_whose_and_how_it_is_given_back(desk: Desk) -> None:
    desk.add()
    desk.passes(hours=1)
    desk.manage.one(CUSTOMER, NUMBER, Assign("Microsoft", Usage.USER, "bob"), BY)
    desk.told()
    told = desk.look.explain(CUSTOMER, NUMBER)
    assert "assigned to bob" in told.state
    assert (told.cause.kind, told.cause.by.kind, told.cause.by.name) == (ChangeKind.ASSIGNED, ActorKind.API, BY[4:])
    assert told.setting is not None
    assert (told.setting.macro.name, told.next.status) == (COOLING_ENABLED, Status.AVAILABLE)
    desk.world.macros.put(CUSTOMER, COOLING_ENABLED, "true")
    told = desk.look.explain(CUSTOMER, NUMBER)
    assert told.setting is not None
    assert (told.setting.days, told.next.status) == (30, Status.COOLING)


def test_reservation_tells_when_it_ends(desk: Desk) -> None:
    desk.add()
    until = desk.world.clock.at + timedelta(days=3)
    desk.manage.one(CUSTOMER, NUMBER, Reserve("bob", until), BY)
    desk.told()
    assert (desk.look.explain(CUSTOMER, NUMBER).next.at, desk.look.explain(CUSTOMER, NUMBER).setting) == (until, None)
    desk.passes(days=3)
    assert "is over" in desk.look.explain(CUSTOMER, NUMBER).next.sentence
    desk.manage.one(CUSTOMER, NUMBER, Reserve("bob"), BY)
    assert desk.look.explain(CUSTOMER, NUMBER).next.at is None


LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
STATES: dict[str, tuple[NumberRecord, str]] = {
    "available": (available(), "may be assigned"),
    "due": (
        replace(available(), status=Status.COOLING, release_date=LONG_AGO),
        "due",
    ),
    "no date": (replace(available(), status=Status.COOLING), "no Release Date"),
    "orphaned": (replace(used(), holders=()), "No device holds it"),
    "a device's, whatever it says": (replace(used(), status=Status.AVAILABLE), "makes it Used"),
    "in conflict": (replace(used(), vendor="Microsoft"), "a conflict for a person"),
    "being deleted": (replace(available(), deleting=True), "is being deleted"),
}


@pytest.mark.parametrize(("record", "words"), STATES.values(), ids=STATES)
def test_every_state_says_what_comes_next(desk: Desk, record: NumberRecord, words: str) -> None:
    """GIVEN a number in any state, written by another hand WHEN explained THEN it says so and what comes next."""
    desk.world.inventory.put(replace(record, number=NUMBER))
    told = desk.look.explain(CUSTOMER, NUMBER)
    assert words in told.next.sentence
    assert told.cause.by.kind is ActorKind.ANOTHER_HAND
    assert "knows nothing of it" in told.history


@pytest.mark.parametrize(
    ("by", "kind", "words"),
    [
        ("sync:sbc-1#7", ActorKind.DEVICE, "sync 7 of device sbc-1"),
        ("release", ActorKind.RELEASE, "the release job"),
        ("audit:20261123T0", ActorKind.AUDIT, "audit 20261123T0"),
        ("job:20261123T0", ActorKind.JOB, "job 20261123T0"),
        ("operator:ann", ActorKind.OPERATOR, "operator ann"),
        ("api", ActorKind.API, "the API"),
        ("arn:aws:iam::1:user/ann", ActorKind.API, "the API arn:aws:iam::1:user/ann"),
        ("", ActorKind.ANOTHER_HAND, "another hand, past this product"),
    ],
)
def test_whoever_it_was_has_a_name(by: str, kind: ActorKind, words: str) -> None:
    from number_inventory.domain.explanation import actor_of

    assert (actor_of(by).kind, actor_of(by).words) == (kind, words)
