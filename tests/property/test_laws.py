"""Laws 1 to 7 of a number's life (docs/rules.md), each under random histories of events."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.lifecycle import release_due
from number_inventory.domain.management import assign
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.domain.snapshots import Claims, UserScope, claims_of, digest_of, plan_sync
from number_inventory.ports.numbers import WriteResult
from tests.memory.device_source import users
from tests.memory.inventory import MemoryInventory
from tests.property.histories import (
    BY_ITSELF,
    EVENT,
    EVENTS,
    HISTORY,
    LAW,
    NUMBERS,
    REQUESTERS,
    WAITS,
    Event,
    Step,
    Story,
    played,
    random_history,
)

WAIT = st.sampled_from(WAITS)


def assigned_to(record: NumberRecord, requester: str, story: Story) -> bool:
    """Whether the requester would get the number."""
    try:
        return assign(record, "Microsoft", Usage.USER, requester, story.stamp()).needs_write
    except RuleViolationError:
        return False


@LAW
@given(HISTORY)
def test_law_1_a_number_with_a_holder_is_never_available_and_never_assigned(history: list[Event]) -> None:
    """GIVEN any history, WHEN a number has a holder, THEN it is in use, and nobody can have it assigned."""
    for story, step in played(history):
        if step.after.holders:
            assert step.after.status in {Status.USED, Status.USED_UTILITY}
            assert not any(assigned_to(step.after, requester, story) for requester in REQUESTERS)


@LAW
@given(HISTORY)
def test_law_2_only_an_available_number_or_ones_own_reservation_can_be_assigned(history: list[Event]) -> None:
    """GIVEN any history, WHEN somebody asks for a number, THEN he gets it if and only if the law says so."""
    for story, step in played(history):
        record = step.after
        for requester in REQUESTERS:
            free = record.status is Status.AVAILABLE
            own = record.status is Status.RESERVED and requester != "" and record.reserved_for == requester
            assert assigned_to(record, requester, story) == ((free or own) and not record.holders)


@LAW
@given(HISTORY, st.permutations(range(6)))
def test_law_2_of_simultaneous_requests_exactly_one_wins(history: list[Event], order: list[int]) -> None:
    """GIVEN any history, WHEN six decide on the same record and write in any order, THEN one write stands, or none."""
    story = Story()
    for event in history:
        story.play(event)
    for number, record in story.records.items():
        inventory = MemoryInventory()
        read = inventory.put(record)
        asking = [("alice", "bob")[index % 2] for index in order]
        decisions = []
        for requester in asking:
            try:
                decisions.append(assign(read, "Microsoft", Usage.USER, requester, story.stamp()))
            except RuleViolationError:
                continue
        results = [inventory.save([decision])[0] for decision in decisions]
        assert results.count(WriteResult.WRITTEN) == min(1, len(decisions))
        after = inventory.get("acme", number)
        assert (after == read) == (not decisions)


@LAW
@given(HISTORY, WAIT, st.sampled_from([timedelta(0), timedelta(seconds=1), timedelta(seconds=-1)]))
def test_law_3_released_if_and_only_if_reached_and_the_same_episode_and_unheld(
    history: list[Event], late: timedelta, slip: timedelta
) -> None:
    """GIVEN any history, WHEN a release looks at any record at any time, THEN it acts exactly where the law says."""
    for story, step in played(history):
        record = step.after
        at = story.now + late
        episode = (record.release_date or at) + slip
        decision = release_due(record, episode, replace(story.stamp(), at=at))
        assert decision is not None
        must = (
            record.status is Status.COOLING
            and record.release_date == episode
            and record.release_date <= at
            and not record.holders
        )
        assert (decision.after.status is Status.AVAILABLE) == (must or record.status is Status.AVAILABLE)
        assert decision.needs_write == must


@LAW
@given(HISTORY, st.integers(1, 100))
def test_law_3_never_early_and_never_lost_however_late_the_job_runs(history: list[Event], years: int) -> None:
    """GIVEN any history, WHEN it releases, THEN not before the date; years late, THEN everything due."""
    story = Story()
    for _, step in played(history, story):
        before = step.before
        if step.event.kind == "released" and before and before.status is Status.COOLING and step.wrote:
            assert before.release_date is not None
            assert before.release_date <= step.at
    story.now += timedelta(days=366 * (years + 3))
    for index in range(len(NUMBERS)):
        story.play(Event("released", index))
    assert not any(record.status is Status.COOLING for record in story.records.values())


def repeated(story: Story, step: Step) -> Step | None:
    """The same thing said once more, by a later sync or run."""
    event = step.event
    if event.kind in {"goes, said late", "confirmed"}:
        event = event._replace(kind="goes" if event.kind.startswith("goes") else "comes")
    if event.kind == "goes" and step.after.holder(f"sbc{event.device + 1}") is not None:
        return None
    return story.play(event)


@LAW
@given(HISTORY, WAIT)
def test_law_4_a_repetition_changes_nothing_moves_no_date_and_writes_no_number(
    history: list[Event], later: timedelta
) -> None:
    """GIVEN any history, WHEN what just happened by itself is said again, at once or later, THEN nothing is written."""
    story = Story()
    for event in history:
        step = story.play(event)
        if step is None or event.kind not in BY_ITSELF or event.kind == "released":
            continue
        now, before = story.now, dict(story.records)
        story.now += later
        again = repeated(story, step) if event.kind != "lapsed" else None
        story.now = now
        assert again is None or not again.wrote
        assert story.records == before


@LAW
@given(HISTORY)
def test_law_4_a_second_release_changes_nothing(history: list[Event]) -> None:
    """GIVEN any history, WHEN everything due is released twice, THEN the second time writes nothing."""
    story = Story()
    for event in history:
        story.play(event)
    for index in range(len(NUMBERS)):
        story.play(Event("released", index))
    before = dict(story.records)
    for index in range(len(NUMBERS)):
        story.play(Event("released", index))
    assert story.records == before


def rounded_up(entered: datetime, days: int) -> datetime:
    """The end of a cooling, computed by another way than the domain's."""
    whole = math.ceil(entered.replace(microsecond=0).timestamp() + (1 if entered.microsecond else 0))
    return datetime.fromtimestamp(whole, UTC) + timedelta(days=days)


@LAW
@given(HISTORY)
def test_law_5_a_cooling_keeps_the_duration_it_was_entered_with(history: list[Event]) -> None:
    """GIVEN any history with changing macros, WHEN a cooling starts, THEN its days count; while it lasts, they stay."""
    for _, step in played(history):
        if step.after.status is not Status.COOLING:
            continue
        if step.before is None or step.before.status is not Status.COOLING:
            assert step.after.release_date == rounded_up(step.at, step.days)
            assert step.after.cooling_since == step.at
        else:
            assert step.after.release_date == step.before.release_date
            assert step.after.cooling_since == step.before.cooling_since


@LAW
@given(HISTORY)
def test_law_6_nothing_is_ever_deleted(history: list[Event]) -> None:
    """GIVEN any history, WHEN events go on, THEN no number disappears, and nothing written on it by people is lost."""
    known: dict[str, NumberRecord] = {}
    for story, step in played(history):
        assert set(known) <= set(story.records)
        before = known.get(step.after.number)
        if before is not None:
            for name in ("tag", "site", "description", "created_at", "created_by", "customer", "number"):
                assert getattr(step.after, name) == getattr(before, name)
        known = dict(story.records)


NUMBER_SETS = st.frozensets(st.sampled_from([str(number) for number in range(1000, 1012)]))


def claims(claimed: frozenset[str], dormant: frozenset[str]) -> Claims:
    return claims_of(users(claimed, dormant), lambda user: user, UserScope())


@LAW
@given(NUMBER_SETS, NUMBER_SETS, NUMBER_SETS)
def test_law_7_a_partial_snapshot_never_removes(
    known: frozenset[str], claimed: frozenset[str], dormant: frozenset[str]
) -> None:
    """GIVEN any device and any partial snapshot, WHEN planned, THEN nothing disappears; what is shown is added."""
    plan = plan_sync(known, claims(claimed, dormant), may_remove=False)

    assert plan.disappearing == ()
    assert plan.held == known | claimed
    assert set(plan.appearing) == claimed - known


@LAW
@given(NUMBER_SETS, NUMBER_SETS, NUMBER_SETS)
def test_law_7_a_complete_snapshot_removes_exactly_what_it_does_not_show(
    known: frozenset[str], claimed: frozenset[str], dormant: frozenset[str]
) -> None:
    """GIVEN any device and any complete snapshot, WHEN planned, THEN exactly what it shows in no way disappears."""
    plan = plan_sync(known, claims(claimed, dormant), may_remove=True)

    assert set(plan.disappearing) == known - claimed - dormant
    assert plan.held == (known | claimed) - set(plan.disappearing)


@LAW
@given(NUMBER_SETS, NUMBER_SETS, NUMBER_SETS, NUMBER_SETS, st.booleans())
def test_law_7_equal_digests_mean_there_is_nothing_to_do(
    known: frozenset[str], claimed: frozenset[str], dormant: frozenset[str], other: frozenset[str], complete: bool
) -> None:
    """GIVEN a snapshot that was applied, WHEN one with the same digest comes, THEN its plan would be empty."""
    seen = claims(claimed, dormant)
    held = plan_sync(known, seen, may_remove=complete).held
    again = claims(claimed ^ other, dormant)

    assert plan_sync(held, seen, may_remove=complete).empty
    same = digest_of(seen, may_remove=complete) == digest_of(again, may_remove=complete)
    assert same == ((seen.claimed, seen.dormant) == (again.claimed, again.dormant))
    assert digest_of(seen, may_remove=True) != digest_of(seen, may_remove=False)


@LAW
@given(HISTORY, EVENT)
def test_law_7_only_a_proven_removal_takes_a_holder(history: list[Event], last: Event) -> None:
    """GIVEN any history, WHEN a number loses a holder, THEN a removal on that very device was the event."""
    for _, step in played([*history, last]):
        lost = {holder.device for holder in step.before.holders} if step.before else set()
        lost -= {holder.device for holder in step.after.holders}
        if lost:
            assert step.event.kind.startswith("goes")
            assert lost == {f"sbc{step.event.device + 1}"}


def test_the_histories_reach_every_state() -> None:
    """GIVEN the generator of histories, WHEN some are played, THEN every status and every event really occurs."""
    seen, wrote = set(), set()
    for seed in range(1500):
        for _, step in played(random_history(Random(seed), 60)):  # noqa: S311 - repeatable, not secret
            seen.add(step.after.status)
            if step.wrote:
                wrote.add(step.event.kind)
    assert seen == set(Status) - {Status.USED_UTILITY}
    assert wrote == set(EVENTS)


@pytest.mark.parametrize("days", [0, 1, 2, 999])
def test_a_duration_of_0_days_never_shows_as_cooling(days: int) -> None:
    """GIVEN a duration, WHEN the last holder goes, THEN 0 days is Available at once, and anything else cools."""
    story = Story(macro_days=days)
    for kind in ("comes", "goes"):
        story.play(Event(kind))
    assert story.records[NUMBERS[0]].status is (Status.COOLING if days else Status.AVAILABLE)
