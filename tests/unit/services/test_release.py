"""Releasing what has cooled: never early, never lost, however late."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from number_inventory.domain.numbers import Status, Usage
from number_inventory.ports.numbers import DueNumber, DueReservation
from number_inventory.services import release as release_module
from tests.memory.law_watch import LawWatch
from tests.memory.world import BUDGET, CUSTOMER, World
from tests.unit.domain.records import RELEASE, cooling, holders, reserved, used

SECOND = timedelta(seconds=1)


@pytest.fixture
def world() -> World:
    world = World()
    world.inventory.observers.append(LawWatch(world.clock))
    return world


def cool(world: World, *numbers: str, until: datetime = RELEASE, customer: str = CUSTOMER) -> None:
    for number in numbers:
        world.inventory.put(replace(cooling(until), number=number, customer=customer))


def test_nothing_is_released_a_second_early(world: World) -> None:
    """GIVEN a cooling number, WHEN released a second before its date and then at it, THEN only then is it Available."""
    cool(world, "1001")
    world.clock.at = RELEASE - SECOND
    assert world.release_cooled.release().due == 0
    assert world.number("1001").status is Status.COOLING

    world.clock.at = RELEASE
    summary = world.release_cooled.release()

    record = world.number("1001")
    assert (record.status, record.release_date, record.cooling_since) == (Status.AVAILABLE, None, None)
    assert (record.updated_by, record.reason) == ("release", "Release Date reached")
    assert (summary.due, summary.released, summary.kept, summary.failed, summary.finished) == (1, 1, 0, (), True)


@pytest.mark.parametrize("years", [1, 5, 50])
def test_late_by_years_loses_nothing(world: World, years: int) -> None:
    """GIVEN numbers due long ago, WHEN the job runs years late, THEN all are Available: there is no look-back limit."""
    cool(world, *(str(number) for number in range(1000, 1025)))
    world.clock.at = RELEASE.replace(year=RELEASE.year + years)

    assert world.release_cooled.release().released == 25
    assert all(record.status is Status.AVAILABLE for record in world.inventory.all().values())


def test_a_second_run_finds_nothing(world: World) -> None:
    """GIVEN a release that ran, WHEN it runs again, THEN nothing is due, and nothing is written."""
    cool(world, "1001")
    world.clock.at = RELEASE
    world.release_cooled.release()
    before = world.inventory.all()

    assert world.release_cooled.release().due == 0
    assert world.inventory.all() == before


def stale(*numbers: str) -> list[DueNumber]:
    """What an index that lags behind still says."""
    return [DueNumber(CUSTOMER, number, RELEASE) for number in numbers]


def test_an_index_that_lags_behind_releases_nothing_wrongly(world: World) -> None:
    """GIVEN index entries of a returned, a held, a re-cooled and a lost number, WHEN released, THEN all are kept."""
    later = RELEASE + timedelta(days=1)
    world.inventory.put(replace(used(), number="1001"))
    world.inventory.put(replace(cooling(), number="1002", holders=holders("sbc1")))
    cool(world, "1003", until=later)
    world.inventory.index_lag = stale("1001", "1003", "9999")
    world.clock.at = RELEASE
    before = world.inventory.all()

    summary = world.release_cooled.release()

    assert world.inventory.all() == before
    assert (summary.due, summary.released, summary.kept) == (4, 0, 3)


def test_a_number_that_is_in_the_index_twice_is_released_by_the_run_after(world: World) -> None:
    """GIVEN an entry of an old episode beside the true one, WHEN released twice, THEN the number is Available."""
    cool(world, "1001")
    world.inventory.index_lag = [DueNumber(CUSTOMER, "1001", RELEASE - SECOND)]
    world.clock.at = RELEASE

    world.release_cooled.release()
    world.inventory.index_lag = []
    world.release_cooled.release()

    assert world.number("1001").status is Status.AVAILABLE


def test_a_number_that_returns_meanwhile_is_not_released(world: World) -> None:
    """GIVEN a due number, WHEN it comes back between the look and the write, THEN the release leaves it Used."""
    key = world.add_device()
    cool(world, "1001")
    world.device_shows(key, "1001")
    world.clock.at = RELEASE
    world.fuse.blow_at(3, lambda: assert_applied(world.sync(key).result))

    summary = world.release_cooled.release()

    assert not world.fuse.armed
    record = world.number("1001")
    assert (record.status, record.usage, world.held_by(key)) == (Status.USED, Usage.DEVICE, {"1001"})
    assert (summary.released, summary.kept) == (0, 1)


def assert_applied(result: str) -> None:
    assert result == "applied"


def test_a_new_episode_that_begins_meanwhile_is_not_cut_short(world: World) -> None:
    """GIVEN a due number that came back and left again meanwhile, WHEN released, THEN its new date stands."""
    key = world.add_device()
    cool(world, "1001")
    world.clock.at = RELEASE

    def back_and_gone() -> None:
        for shown in (("1001",), ()):
            world.device_shows(key, *shown)
            world.sync(key)

    world.fuse.blow_at(3, back_and_gone)
    world.release_cooled.release()

    assert world.number("1001").release_date == RELEASE + timedelta(days=2)


def test_one_customers_numbers(world: World) -> None:
    """GIVEN due numbers of two customers, WHEN one's are released, THEN the other's wait for their turn."""
    cool(world, "1001")
    cool(world, "1001", customer="other")
    world.clock.at = RELEASE

    assert world.release_cooled.release("other").released == 1
    assert world.number("1001").status is Status.COOLING
    assert world.number("1001", "other").status is Status.AVAILABLE
    assert world.release_cooled.release().released == 1


def test_a_write_that_fails_is_named_and_taken_up_by_the_next_run(world: World) -> None:
    """GIVEN one lost write and one lost answer, WHEN released, THEN both are named; the next run completes it."""
    cool(world, "1001", "1002", "1003")
    world.inventory.writes_lost = {"1001"}
    world.inventory.answers_lost = {"1002"}
    world.clock.at = RELEASE

    summary = world.release_cooled.release()
    assert (set(summary.failed), summary.released, summary.finished) == ({"1001", "1002"}, 1, False)

    assert world.release_cooled.release().released == 1
    assert world.number("1001").status is Status.AVAILABLE


def test_a_run_that_is_out_of_time_goes_on_next_time(world: World) -> None:
    """GIVEN more numbers than there is time for, WHEN released, THEN it stops in good order; the next run goes on."""
    cool(world, *(str(number) for number in range(1000, 1250)))
    world.clock.at = RELEASE
    slow = [lambda _before, _after: world.clock.advance(seconds=BUDGET.total_seconds() / 90)]
    world.inventory.observers.extend(slow)

    summary = world.release_cooled.release()
    assert not summary.finished
    assert 0 < summary.released < 250

    world.inventory.observers.remove(slow[0])
    assert summary.released + world.release_cooled.release().released == 250


def test_numbers_that_cool_leave_time_for_reservations(world: World) -> None:
    """GIVEN more cooled numbers than there is time for WHEN released THEN reservations lapse all the same."""
    cool(world, *(str(number) for number in range(1000, 2500)))
    for number in range(3000, 3010):
        world.inventory.put(replace(reserved(), number=str(number), reserved_until=RELEASE))
    world.clock.at = RELEASE
    world.inventory.observers.append(lambda _before, _after: world.clock.advance(seconds=BUDGET.total_seconds() / 1000))

    first, second = world.release_cooled.release(), world.release_cooled.release()

    assert (first.finished, first.lapsed, second.finished, second.lapsed) == (False, 10, True, 0)
    assert 800 <= first.released < 1000
    assert first.released + second.released == 1500


def test_a_report_tells_and_changes_nothing(world: World) -> None:
    """GIVEN cooling numbers, WHEN a report is asked for a day, THEN those due by then are named, earliest first."""
    cool(world, "1003", until=RELEASE)
    cool(world, "1001", until=RELEASE - SECOND)
    cool(world, "1002", until=RELEASE + SECOND)
    before = world.inventory.all()

    report = world.release_cooled.report(RELEASE)

    assert (report.as_of, report.due) == (RELEASE, 2)
    assert [due.number for due in report.numbers] == ["1001", "1003"]
    assert world.inventory.all() == before
    assert world.release_cooled.report(RELEASE, "other").due == 0


def test_a_long_report_names_the_earliest_and_counts_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN more numbers than a report names, WHEN asked, THEN the earliest are named, and all are counted."""
    monkeypatch.setattr(release_module, "REPORTED_AT_MOST", 4)
    for index in range(10):
        cool(world, str(1009 - index), until=RELEASE + index * SECOND)

    report = world.release_cooled.report(RELEASE + timedelta(days=1))

    assert report.due == 10
    assert [due.number for due in report.numbers] == ["1009", "1008", "1007", "1006"]


# --- reservations


def reserve(world: World, *numbers: str, until: datetime | None = RELEASE, customer: str = CUSTOMER) -> None:
    for number in numbers:
        world.inventory.put(replace(reserved("bob", until), number=number, customer=customer))


def test_no_reservation_lapses_a_microsecond_early(world: World) -> None:
    """GIVEN a reservation WHEN the job runs just before its end and then at it THEN only then is it Available."""
    reserve(world, "1001")
    world.clock.at = RELEASE - timedelta(microseconds=1)
    assert world.release_cooled.release().lapsed == 0
    assert world.number("1001").status is Status.RESERVED

    world.clock.at = RELEASE
    summary = world.release_cooled.release()
    record = world.number("1001")
    assert (record.status, record.reserved_for, record.reservation_notes, record.reserved_until) == (
        Status.AVAILABLE,
        "",
        "",
        None,
    )
    assert (record.updated_by, record.reason) == ("release", "the reservation came to its end")
    assert (summary.lapsed, summary.released, summary.due, summary.finished) == (1, 0, 0, True)
    assert world.release_cooled.release().lapsed == 0


def test_reservations_lapse_however_late_and_endless_ones_never(world: World) -> None:
    reserve(world, *(str(number) for number in range(1000, 1025)))
    reserve(world, "2001", until=None)
    world.clock.at = RELEASE + timedelta(days=9000)
    assert world.release_cooled.release().lapsed == 25
    assert world.number("2001").status is Status.RESERVED


def test_one_customers_reservations(world: World) -> None:
    reserve(world, "1001")
    reserve(world, "1001", customer="other")
    world.clock.at = RELEASE
    assert world.release_cooled.release("other").lapsed == 1
    assert world.number("1001").status is Status.RESERVED
    assert world.release_cooled.release().lapsed == 1


@pytest.mark.parametrize("point", [0, 1, 2, 3])
def test_reservation_that_changes_meanwhile_stays_as_it_is_then(world: World, point: int) -> None:
    """GIVEN a lapsed reservation that is prolonged at any moment of the job THEN it is Reserved, or was Available."""
    reserve(world, "1001")
    world.clock.at = RELEASE
    later = RELEASE + timedelta(days=1)

    def prolonged() -> None:
        record = world.number("1001")
        if record.status is Status.RESERVED:
            world.inventory.put(replace(record, reserved_until=later))

    world.fuse.blow_at(point, prolonged)
    world.release_cooled.release()
    record = world.number("1001")
    assert (record.status, record.reserved_until) == (Status.RESERVED, later)


def test_candidates_that_the_index_is_wrong_about_are_kept(world: World) -> None:
    """GIVEN an index of reservations that lags WHEN the job runs THEN the records decide, and all others lapse."""
    world.inventory.put(replace(used(), number="1001"))
    world.inventory.put(replace(reserved("bob", RELEASE), number="1002", holders=holders("sbc1")))
    reserve(world, "1003")
    world.inventory.reservations_lag = [DueReservation(CUSTOMER, number, RELEASE) for number in ("1001", "9999")]
    world.clock.at = RELEASE
    world.inventory.observers.clear()
    summary = world.release_cooled.release()
    assert (summary.lapsed, summary.kept, summary.failed) == (1, 2, ())
    assert world.number("1002").status is Status.RESERVED


def test_lost_lapses_are_named_and_taken_up_by_the_next_run(world: World) -> None:
    reserve(world, "1001", "1002", "1003")
    world.inventory.writes_lost, world.inventory.answers_lost = {"1001"}, {"1002"}
    world.clock.at = RELEASE
    summary = world.release_cooled.release()
    assert (set(summary.failed), summary.lapsed, summary.finished) == ({"1001", "1002"}, 1, False)
    summary = world.release_cooled.release()
    assert (summary.failed, summary.lapsed, summary.finished) == ((), 1, True)


@pytest.mark.parametrize("point", [5, 150, 400])
def test_lapses_that_time_ran_out_for_are_taken_up_by_the_next_run(world: World, point: int) -> None:
    """GIVEN numbers that cooled and reservations that lapsed WHEN time runs out THEN the next run goes on."""
    cool(world, *(str(number) for number in range(1000, 1250)))
    reserve(world, *(str(number) for number in range(2000, 2250)))
    world.clock.at = RELEASE
    world.fuse.blow_at(point, lambda: world.clock.advance(days=1))
    assert not world.release_cooled.release().finished
    assert world.release_cooled.release().finished
    assert {record.status for record in world.inventory.all().values()} == {Status.AVAILABLE}


def test_report_tells_what_will_lapse(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_module, "REPORTED_AT_MOST", 2)
    reserve(world, "1003", "1001", until=RELEASE)
    reserve(world, "1002", until=RELEASE - SECOND)
    reserve(world, "1004", until=RELEASE + SECOND)
    report = world.release_cooled.report(RELEASE)
    assert (report.due, report.lapsing) == (0, 3)
    assert [due.number for due in report.reservations] == ["1002", "1001"]
    assert world.number("1002").status is Status.RESERVED
