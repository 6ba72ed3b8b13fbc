"""Too many numbers gone at once, bit by bit or after a restart: they wait, others come, and a person decides once."""

import pytest

from number_inventory.domain.devices import DeviceKey, Health
from number_inventory.domain.errors import DeviceUnreachableError, NotFoundError, RuleViolationError, StorageBusyError
from number_inventory.domain.macros import GLOBAL, REMOVAL_GUARD_COUNT, REMOVAL_GUARD_PERCENT
from number_inventory.domain.numbers import Status
from number_inventory.domain.removals import HeldRemovals, checksum_of
from number_inventory.services.sync_summary import SyncResult, SyncSummary
from tests.memory.fuse import ProcessDiedError
from tests.memory.law_watch import LawWatch
from tests.memory.world import BUDGET, CUSTOMER, World

ALL = tuple(f"{1000 + index}" for index in range(40))
LEFT = ALL[20:]
GONE = ALL[:20]
ANN = "operator:ann"


@pytest.fixture
def world() -> World:
    world = World()
    world.inventory.observers.append(LawWatch(world.clock))
    return world


@pytest.fixture
def key(world: World) -> DeviceKey:
    """A device that holds 40 numbers."""
    key = world.add_device()
    world.device_shows(key, *ALL)
    world.sync(key)
    return key


def lose(world: World, key: DeviceKey, shown: tuple[str, ...] = LEFT) -> SyncSummary:
    """Let the device show these only, five minutes later."""
    world.clock.advance(minutes=5)
    world.device_shows(key, *shown)
    return world.sync(key)


def held(world: World, key: DeviceKey) -> HeldRemovals:
    """What the device holds back, which must be something."""
    found = world.devices.get(key).state.held_removals
    assert found is not None
    return found


def die_before_the_end(world: World, key: DeviceKey) -> None:
    """Lose ten numbers to a sync that dies once all of them are changed and nothing says so yet."""
    world.device_shows(key, *ALL[10:])
    twin = World()
    other = twin.add_device()
    twin.device_shows(other, *ALL)
    twin.sync(other)
    twin.device_shows(other, *ALL[10:])
    before = len(twin.fuse.passed)
    twin.sync(other)
    world.fuse.blow_at(twin.fuse.passed[before:].index("devices.finish before"))
    with pytest.raises(ProcessDiedError):
        world.sync(key)
    world.let_leases_expire()


def approve(world: World, key: DeviceKey) -> None:
    """Approve what is held back."""
    world.approve_removals(key, held(world, key).checksum, ANN)


def test_a_mass_disappearance_is_held_and_additions_go_on(world: World, key: DeviceKey) -> None:
    """GIVEN 40 numbers, WHEN 20 go and one comes, THEN it comes, none goes, and state and summary say what to do."""
    summary = lose(world, key, (*LEFT, "7777"))

    assert world.held_by(key) == {*ALL, "7777"}
    assert all(world.number(number).status is Status.USED for number in ALL)
    assert (summary.result, summary.health, summary.complete) == (SyncResult.APPLIED, Health.HELD, True)
    state = world.devices.get(key).state
    assert (state.health, state.held_numbers) == (Health.HELD, 41)
    assert state.held_removals == summary.held_removals
    assert held(world, key) == HeldRemovals(checksum_of(GONE), 20, 40, GONE[:10], world.clock.at)
    assert summary.removals_wait == state.cause
    assert "20 of 40 numbers would go: more than 10 and more than 20 %" in state.cause
    assert f"approve-removals sbc1 --checksum {checksum_of(GONE)}" in state.cause


def test_who_comes_meanwhile_does_not_let_a_held_set_go(world: World, key: DeviceKey) -> None:
    """GIVEN 40 numbers, WHEN 20 go and 200 others come, THEN the 20 are held, also where they are few among all."""
    new = [str(number) for number in range(70000, 70200)]
    assert lose(world, key, (*LEFT, *new)).health is Health.HELD

    again = world.sync(key)

    assert (again.health, again.held_removals) == (
        Health.HELD,
        HeldRemovals(checksum_of(GONE), 20, 40, GONE[:10], held(world, key).since),
    )
    assert world.held_by(key) == {*ALL, *new}


def test_held_removals_are_said_once_and_cost_no_write(world: World, key: DeviceKey) -> None:
    """GIVEN a held set, WHEN synced for a day, THEN it is held since it began, and no number is written."""
    lose(world, key)
    since = held(world, key).since
    numbers = world.inventory.all()

    for _ in range(24):
        world.clock.advance(hours=1)
        assert world.sync(key).held_removals == held(world, key)

    assert (held(world, key).since, world.devices.get(key).state.since) == (since, since)
    assert world.inventory.all() == numbers


def test_numbers_that_come_back_are_held_no_longer(world: World, key: DeviceKey) -> None:
    """GIVEN a held set, WHEN all are back, THEN the device is ok, and no number was ever written."""
    lose(world, key)
    summary = lose(world, key, ALL)

    assert (summary.health, summary.held_removals, summary.removals_wait, summary.writes) == (Health.OK, None, "", 0)
    assert world.devices.get(key).state.held_removals is None
    assert world.sync(key).result is SyncResult.UNCHANGED


def test_an_approved_set_goes_once(world: World, key: DeviceKey) -> None:
    """GIVEN an approved set, WHEN synced, THEN it cools, in the approver's name; the next one needs its own word."""
    lose(world, key)
    approve(world, key)
    summary = world.sync(key)

    assert (summary.disappeared, summary.health) == (20, Health.OK)
    assert {world.number(number).status for number in GONE} == {Status.COOLING}
    assert world.number("1000").reason == f"no longer registered on sbc1; approved by {ANN}"
    state = world.devices.get(key).state
    assert (state.approval, state.held_removals, state.removals.removed) == (None, None, 0)

    lose(world, key, ALL)
    assert lose(world, key).held_removals is not None, "the very same set, but another time"
    assert world.devices.get(key).state.approval is None


def test_an_approved_device_starts_a_new_budget(world: World, key: DeviceKey) -> None:
    """GIVEN a mass removal that was approved, WHEN single numbers go afterwards, THEN nobody has to approve each."""
    lose(world, key)
    approve(world, key)
    world.sync(key)

    assert lose(world, key, LEFT[1:]).disappeared == 1


@pytest.mark.parametrize("shown", [LEFT[1:], (*LEFT, "1000")], ids=["one more goes", "one is back"])
def test_an_approval_is_void_when_the_set_changes(world: World, key: DeviceKey, shown: tuple[str, ...]) -> None:
    """GIVEN an approved set, WHEN another one is missing, THEN that is held, and the word is gone for good."""
    lose(world, key)
    approve(world, key)

    assert lose(world, key, shown).health is Health.HELD
    assert world.devices.get(key).state.approval is None
    assert lose(world, key).health is Health.HELD, "the first set once more"
    assert world.held_by(key) == set(ALL)


def test_an_approval_outlives_a_device_that_says_nothing(world: World, key: DeviceKey) -> None:
    """GIVEN an approved set, WHEN the device fails, then is partial, then misses the same, THEN it goes: that is it."""
    lose(world, key)
    approve(world, key)
    showing = world.source.shows[key]
    world.source.shows[key] = DeviceUnreachableError("no route")
    world.sync(key)
    world.source.shows[key] = showing
    world.source.incomplete[key] = "cut off"
    assert world.sync(key).health is Health.PARTIAL
    world.source.incomplete[key] = ""

    assert world.sync(key).disappeared == 20


def test_only_what_is_held_now_can_be_approved(world: World, key: DeviceKey) -> None:
    """GIVEN nothing held, or another set, WHEN a set is approved, THEN it is refused, and the refusal says what is."""
    with pytest.raises(RuleViolationError, match="holds no removals back"):
        world.approve_removals(key, checksum_of(GONE), ANN)
    lose(world, key)
    with pytest.raises(RuleViolationError, match=f"20 numbers with the checksum {checksum_of(GONE)}"):
        world.approve_removals(key, checksum_of(ALL), ANN)
    with pytest.raises(NotFoundError):
        world.approve_removals(DeviceKey(CUSTOMER, "nobody"), checksum_of(GONE), ANN)
    assert world.devices.get(key).state.approval is None


def test_the_first_of_two_approvals_counts(world: World, key: DeviceKey) -> None:
    """GIVEN an approved set, WHEN somebody else approves it too, THEN both are told who was first."""
    lose(world, key)
    checksum = held(world, key).checksum
    first = world.approve_removals(key, checksum, ANN)

    assert world.approve_removals(key, checksum, "operator:bob") == first
    assert first[1].by == ANN


def test_an_approval_at_any_point_of_a_sync_counts_for_it_or_the_next(world: World, key: DeviceKey) -> None:
    """GIVEN a held set, WHEN it is approved at any point of a sync of the same set, THEN it goes then or next time."""
    lose(world, key)
    before = len(world.fuse.passed)
    world.sync(key)
    for point in range(len(world.fuse.passed) - before):
        other = World()
        device = other.add_device()
        other.device_shows(device, *ALL)
        other.sync(device)
        lose(other, device)
        other.fuse.blow_at(point, lambda other=other, device=device: approve(other, device))  # type: ignore[misc]
        other.sync(device)
        other.sync(device)
        assert other.held_by(device) == set(LEFT), world.fuse.passed[before + point]
        assert other.devices.get(device).state.approval is None


def test_an_approval_during_a_sync_that_finds_another_set_is_void() -> None:
    """GIVEN a sync that finds more gone, WHEN the old set is approved meanwhile, THEN nothing goes, then or later."""
    points = 0
    while True:
        other = World()
        device = other.add_device()
        other.device_shows(device, *ALL)
        other.sync(device)
        lose(other, device)
        checksum = held(other, device).checksum

        def late(other: World = other, device: DeviceKey = device, checksum: str = checksum) -> None:
            try:
                other.approve_removals(device, checksum, ANN)
            except RuleViolationError:
                assert held(other, device).checksum != checksum

        other.fuse.blow_at(points, late)
        lose(other, device, LEFT[1:])
        if other.fuse.armed:
            break
        lose(other, device)
        assert other.held_by(device) == set(ALL)
        points += 1
    assert points > 5


@pytest.mark.parametrize("failure", [None, "throttled"])
def test_an_approved_removal_interrupted_anywhere_is_carried_out(
    world: World, key: DeviceKey, failure: str | None
) -> None:
    """GIVEN an approved set, WHEN its sync dies or fails at any point, THEN the next one ends in the same place."""

    def fail() -> None:
        raise StorageBusyError("throttled")

    points = 0
    while True:
        other = World()
        watch = LawWatch(other.clock)
        other.inventory.observers.append(watch)
        device = other.add_device()
        other.device_shows(device, *ALL)
        other.sync(device)
        lose(other, device)
        approve(other, device)
        other.fuse.blow_at(points, fail if failure else None)
        try:
            other.sync(device)
        except (ProcessDiedError, StorageBusyError):
            other.let_leases_expire()
        if other.fuse.armed:
            break
        other.sync(device)
        assert other.held_by(device) == set(LEFT), points
        state = other.devices.get(device).state
        assert (state.approval, state.held_removals, state.health) == (None, None, Health.OK), points
        assert other.sync(device).result is SyncResult.UNCHANGED
        points += 1
    assert points > 20


def test_what_bleeds_slowly_is_held_too(world: World, key: DeviceKey) -> None:
    """GIVEN 40 numbers, WHEN one goes every hour, THEN ten go, the eleventh is held, and after a day they go on."""
    world.clock.at = world.clock.at.replace(minute=0)
    for lost in range(1, 11):
        world.clock.advance(hours=1)
        world.device_shows(key, *ALL[lost:])
        assert world.sync(key).disappeared == 1
    world.clock.advance(hours=1)
    world.device_shows(key, *ALL[11:])

    summary = world.sync(key)

    assert (summary.health, summary.disappeared) == (Health.HELD, 0)
    assert "1 of 30 numbers would go, after 10 within 24 hours" in summary.removals_wait
    world.clock.advance(hours=12)
    assert world.sync(key).health is Health.HELD
    world.clock.advance(hours=4)
    assert world.sync(key).disappeared == 1, "the first of them lie a day back"


def test_numbers_that_flap_do_not_use_the_budget_up(world: World, key: DeviceKey) -> None:
    """GIVEN a number that leaves and returns all day, WHEN it leaves once more, THEN that is one loss, not thirty."""
    for _ in range(15):
        assert lose(world, key, ALL[1:]).disappeared == 1
        assert lose(world, key, ALL).appeared == 1

    assert world.devices.get(key).state.removals.removed == 0


def test_numbers_lost_by_a_sync_that_died_count_as_lost(world: World, key: DeviceKey) -> None:
    """GIVEN a sync that took ten of 40 numbers and died before its end, WHEN one more goes, THEN it is the eleventh."""
    die_before_the_end(world, key)
    assert world.held_by(key) == set(ALL[10:])
    world.device_shows(key, *ALL[11:])

    summary = world.sync(key)

    assert (summary.health, summary.disappeared) == (Health.HELD, 0)
    assert world.devices.get(key).state.removals.removed == 10


def test_a_restarted_device_gets_its_hour(world: World, key: DeviceKey) -> None:
    """GIVEN a restarted device, WHEN its users come back over an hour, THEN none goes; who is missing then does."""
    world.source.uptime_seconds[key] = 60
    summary = lose(world, key, ALL[:5])
    assert (summary.health, summary.disappeared) == (Health.WAITING, 0)
    assert "restarted" in world.devices.get(key).state.cause
    assert world.devices.get(key).state.held_removals is None, "nothing for a person to do"

    for minute in range(10, 60, 10):
        world.clock.advance(minutes=10)
        world.source.uptime_seconds[key] = 60 + minute * 60
        world.device_shows(key, *ALL[: minute // 10 * 7], "7777")
        assert world.sync(key).disappeared == 0
    world.clock.advance(minutes=10)
    world.source.uptime_seconds[key] = 3660
    world.device_shows(key, *ALL[:39], "7777")

    assert world.sync(key).disappeared == 1
    assert world.held_by(key) == {*ALL[:39], "7777"}


def test_a_restart_that_nobody_saw_counts_too(world: World, key: DeviceKey) -> None:
    """GIVEN a device restarted while no sync asked it, WHEN it has been up for 20 minutes only, THEN removals wait."""
    world.devices.replace_state(key, uptime_seconds=600)
    world.source.uptime_seconds[key] = 1200

    assert lose(world, key, ALL[1:]).health is Health.WAITING


def test_an_approval_goes_before_the_grace(world: World, key: DeviceKey) -> None:
    """GIVEN an approved set, WHEN the device restarts and misses the very same, THEN it goes: a person said so."""
    lose(world, key)
    approve(world, key)
    world.source.uptime_seconds[key] = 60

    assert world.sync(key).disappeared == 20


def test_limits_are_the_customers_to_set(world: World, key: DeviceKey) -> None:
    """GIVEN other limits, WHEN numbers go, THEN those decide; 100 percent lets everything through."""
    world.macros.put(GLOBAL, REMOVAL_GUARD_COUNT, "0")
    world.macros.put(CUSTOMER, REMOVAL_GUARD_PERCENT, "0")
    assert lose(world, key, ALL[1:]).health is Health.HELD
    world.macros.put(CUSTOMER, REMOVAL_GUARD_PERCENT, "100")
    assert lose(world, key, ()).disappeared == 40


def test_the_review_lists_every_number_and_changes_nothing(world: World, key: DeviceKey) -> None:
    """GIVEN a held set, WHEN reviewed, THEN all its numbers are there; WHEN others are missing by then, it says so."""
    lose(world, key)
    before = world.inventory.all()

    review = world.review_removals(key)
    assert (review.gone, review.checksum, review.as_held) == (GONE, checksum_of(GONE), True)

    world.device_shows(key, *LEFT[1:], partial="cut off")
    review = world.review_removals(key)
    assert (len(review.gone), review.as_held, review.incomplete_because) == (21, False, "cut off")
    assert world.inventory.all() == before


def test_a_review_waits_for_a_sync_that_is_under_way(world: World, key: DeviceKey) -> None:
    """GIVEN a sync at work, WHEN its device is reviewed, THEN not now; and no device, THEN not found."""
    world.devices.acquire(key, world.clock.at, world.clock.at + BUDGET)
    with pytest.raises(RuleViolationError, match="under way"):
        world.review_removals(key)
    with pytest.raises(NotFoundError):
        world.review_removals(DeviceKey(CUSTOMER, "nobody"))


def test_an_audit_leaves_held_numbers_to_their_device(world: World, key: DeviceKey) -> None:
    """GIVEN held removals, WHEN audited, THEN nothing is found: the device holds them until a person decides."""
    lose(world, key)

    assert world.findings(world.audit()) == []
