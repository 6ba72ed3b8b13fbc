"""Runs of the audit: who may start one, who carries it out, and what each scope and plan allows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.audit_runs import AuditMode, AuditRun, AuditScope, RunState
from number_inventory.domain.devices import DeviceKey, Health
from number_inventory.domain.errors import (
    AuditUnderWayError,
    InvalidInputError,
    NotFoundError,
    StorageBusyError,
    StorageRefusedError,
)
from number_inventory.domain.findings import FindingCode, FindingOutcome
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION, COOLING_DURATION, COOLING_ENABLED
from number_inventory.domain.numbers import Status, Usage
from number_inventory.services.look_at_audits import LookAtAudits
from number_inventory.services.run_audit import PICK_UP
from tests.memory.world import CUSTOMER, World

SBC1 = DeviceKey(CUSTOMER, "sbc1")
CORRECT = AuditScope(customer=CUSTOMER, mode=AuditMode.CORRECT)


@pytest.fixture
def world() -> World:
    """A device with three numbers, one of them set to Available by hand, and an orphan."""
    world = World()
    world.device_shows(world.add_device("sbc1"), "1001", "1002", "1003")
    world.sync(SBC1)
    inventory = world.inventory
    inventory.put(replace(world.number("1001"), status=Status.AVAILABLE, site="Berlin"))
    inventory.put(replace(world.number("1002"), usage=Usage.USER, site="Hamburg"))
    inventory.put(replace(world.number("1003"), number="3001", holders=(), site="Berlin"))
    return world


def told(world: World, run: AuditRun) -> set[str]:
    """What a run found, and how it ended."""
    return {f"{each.number} {each.code} {each.outcome}" for each in world.findings(run)}


# --- scope


def test_a_report_changes_nothing(world: World) -> None:
    """GIVEN damage, WHEN reported, THEN it is found, the numbers stay as they are, and the plan has a checksum."""
    before = world.inventory.all()
    run = world.audit(AuditMode.REPORT)

    assert told(world, run) == {
        "1001 status_mismatch reported",
        "1002 usage_mismatch reported",
        "3001 orphaned reported",
    }
    assert world.inventory.all() == before
    assert (run.state, run.numbers, run.used, len(run.checksum)) == (RunState.FINISHED, 4, 3, 64)
    assert run.total() == run.total(FindingOutcome.REPORTED) == 3


def test_only_the_codes_that_were_asked_for_are_found_and_corrected(world: World) -> None:
    """GIVEN damage of three kinds, WHEN one is asked for, THEN the others are neither found nor corrected."""
    run = world.audit(AuditMode.CORRECT, codes=frozenset({FindingCode.USAGE_MISMATCH}))

    assert told(world, run) == {"1002 usage_mismatch corrected"}
    assert world.number("1001").status is Status.AVAILABLE
    assert world.number("3001").status is Status.USED


def test_only_the_site_that_was_asked_for_is_audited(world: World) -> None:
    """GIVEN damage in two Sites and a lost number, WHEN one Site is audited, THEN only its numbers are."""
    world.inventory.lose(CUSTOMER, "1003")
    run = world.audit(AuditMode.CORRECT, site="Berlin")

    assert told(world, run) == {"1001 status_mismatch corrected", "3001 orphaned corrected"}
    assert run.numbers == 2
    assert world.inventory.get(CUSTOMER, "1003") is None, "a number that is not there has no Site"


def test_customers_do_not_see_each_other(world: World) -> None:
    """GIVEN the same numbers of another customer, WHEN one is audited, THEN the other's stay as they are."""
    other = world.inventory.put(replace(world.number("1001"), customer="other", version=0))
    run = world.audit(AuditMode.CORRECT)

    assert run.numbers == 4
    assert world.inventory.get("other", "1001") == other


def test_an_audit_that_finds_no_numbers_at_all_says_so(world: World) -> None:
    """GIVEN a customer's name, or a Site, that nobody has, WHEN audited, THEN the run tells that it read nothing."""
    assert world.audit(customer="acmee").cause == "there was nothing to audit: customer acmee has no numbers"
    assert world.audit(site="Bern").cause == "there was nothing to audit: customer acme has no numbers of site 'Bern'"
    assert world.audit(AuditMode.REPORT).cause == ""


# --- plans


def test_a_plan_is_corrected_exactly(world: World) -> None:
    """GIVEN a plan of one code, WHEN it is corrected by its checksum, THEN with its own codes and nothing else."""
    plan = world.audit(AuditMode.REPORT, codes=frozenset({FindingCode.STATUS_MISMATCH})).checksum
    scope = world.start_audit.scope(customer=None, mode=AuditMode.CORRECT, site=None, codes=(), plan=plan)

    run = world.carry_out(world.start_audit.open(scope, "ann"))

    assert told(world, run) == {"1001 status_mismatch corrected"}
    assert (run.state, run.checksum) == (RunState.FINISHED, plan)


def test_a_plan_is_refused_once_reality_has_moved(world: World) -> None:
    """GIVEN a plan, WHEN one of its numbers changed, or one more is wrong, THEN nothing at all is corrected."""
    plan = world.audit(AuditMode.REPORT).checksum
    world.inventory.put(replace(world.number("1002"), usage=Usage.DEVICE))
    before = world.inventory.all()

    run = world.audit(AuditMode.CORRECT, plan=plan)

    assert run.state is RunState.REFUSED
    assert run.checksum != plan
    assert run.checksum in run.cause
    assert world.inventory.all() == before
    assert run.total(FindingOutcome.REPORTED) == 2


def test_a_sync_that_changes_nothing_does_not_void_a_plan(world: World) -> None:
    """GIVEN a plan, WHEN devices are synced again and free texts edited, THEN the plan still stands."""
    plan = world.audit(AuditMode.REPORT).checksum
    world.clock.advance(minutes=30)
    world.sync(SBC1)
    world.inventory.put(replace(world.number("1002"), description="Reception"))

    assert world.audit(AuditMode.CORRECT, plan=plan).total(FindingOutcome.CORRECTED) == 3


def test_plans_of_different_scopes_are_different(world: World) -> None:
    """GIVEN the same findings, WHEN they come from different scopes, THEN their checksums differ."""
    scopes: list[dict[str, object]] = [{}, {"codes": frozenset(FindingCode)}, {"site": ""}, {"site": "Berlin"}]
    checksums = [world.audit(AuditMode.REPORT, **scope).checksum for scope in scopes]  # type: ignore[arg-type]
    assert len(set(checksums)) == len(scopes)


def test_what_does_not_go_together_is_refused(world: World) -> None:
    """GIVEN scopes that make no sense, WHEN asked for, THEN the error names the part."""
    scope, report = world.start_audit.scope, world.audit(AuditMode.REPORT)
    plan = report.checksum
    with pytest.raises(InvalidInputError, match="customer"):
        scope(customer=None, mode=AuditMode.REPORT, site=None, codes=(), plan="")
    with pytest.raises(InvalidInputError, match="customer"):
        scope(customer="No Slug", mode=AuditMode.REPORT, site=None, codes=(), plan="")
    with pytest.raises(InvalidInputError, match="plan"):
        scope(customer=None, mode=AuditMode.REPORT, site=None, codes=(), plan=plan)
    with pytest.raises(InvalidInputError, match="plan"):
        scope(customer=None, mode=AuditMode.CORRECT, site="Berlin", codes=(), plan=plan)
    with pytest.raises(InvalidInputError, match="plan"):
        scope(customer=None, mode=AuditMode.CORRECT, site=None, codes=[FindingCode.CONFLICT], plan=plan)
    with pytest.raises(NotFoundError):
        scope(customer=None, mode=AuditMode.CORRECT, site=None, codes=(), plan="0" * 64)
    with pytest.raises(NotFoundError, match="other"):
        scope(customer="other", mode=AuditMode.CORRECT, site=None, codes=(), plan=plan)


# --- turns


def test_a_second_audit_of_a_customer_says_so_and_ends(world: World) -> None:
    """GIVEN an audit at work, WHEN another is asked for, THEN it is refused and names it; other customers are free."""
    first = world.start_audit(CORRECT, "ann")

    with pytest.raises(AuditUnderWayError, match=first.id) as refused:
        world.start_audit(CORRECT, "bob")
    assert (refused.value.customer, refused.value.run_id) == (CUSTOMER, first.id)
    world.start_audit(replace(CORRECT, customer="other"), "bob")
    world.carry_out(first)
    assert world.start_audit(CORRECT, "bob").id != first.id


def test_whoever_asks_wakes_a_worker(world: World) -> None:
    """GIVEN an audit asked for, WHEN opened, THEN a worker is woken for its first step."""
    run = world.start_audit(CORRECT, "ann")
    assert world.audit_workers.woken == [(CUSTOMER, run.id, 0)]
    assert (run.state, run.requested_by) == (RunState.QUEUED, "ann")


def test_an_audit_that_nobody_can_be_woken_for_is_stopped_at_once(world: World) -> None:
    """GIVEN workers that cannot be reached, WHEN asked for, THEN the error comes through and the customer is free."""
    world.audit_workers.fails_with = StorageBusyError("throttled")
    with pytest.raises(StorageBusyError):
        world.start_audit(CORRECT, "ann")

    (run,) = world.audits.page(CUSTOMER, 10, None).runs
    assert (run.state, run.ended_at) == (RunState.STOPPED, world.clock.at)
    assert "throttled" in run.cause
    world.audit_workers.fails_with = None
    assert world.start_audit(CORRECT, "bob").id != run.id


def test_a_step_is_worked_on_once(world: World) -> None:
    """GIVEN a run, WHEN two workers take up the same step, or a step that is over, THEN only one works."""
    run = world.start_audit.open(CORRECT, "ann")
    claim = world.audits.claim(
        CUSTOMER, run.id, 0, "first", now=world.clock.at, until=world.clock.at + timedelta(minutes=1)
    )
    assert claim is not None
    assert world.run_audit(CUSTOMER, run.id, 0, "second") is None
    assert world.run_audit(CUSTOMER, run.id, 1, "second") is None
    assert world.run_audit(CUSTOMER, run.id, 0, "first") is not None
    assert world.run_audit(CUSTOMER, run.id, 0, "first") is None
    with pytest.raises(NotFoundError):
        world.run_audit(CUSTOMER, "20260101T000000000-000000", 0, "first")


def test_a_step_that_died_before_it_woke_the_next_is_made_up_for(world: World) -> None:
    """GIVEN a run handed over whose next worker was never woken, WHEN the step is tried again, THEN it wakes it."""
    world.clock.tick = timedelta(seconds=30)
    run = world.start_audit.open(CORRECT, "ann")
    world.audit_workers.fails_with = StorageBusyError("throttled")
    with pytest.raises(StorageBusyError):
        world.run_audit(CUSTOMER, run.id, 0, "first")
    world.audit_workers.fails_with = None

    assert world.run_audit(CUSTOMER, run.id, 0, "first") is None

    assert world.audit_workers.woken == [(CUSTOMER, run.id, 1)]
    assert world.carry_out(world.audits.get(CUSTOMER, run.id)).state is RunState.FINISHED


def test_an_audit_whose_worker_died_is_buried_by_the_next(world: World) -> None:
    """GIVEN a worker that never came back, WHEN the time of its claim is over, THEN the next audit ends it."""
    dead = world.start_audit(CORRECT, "ann")
    world.clock.at += PICK_UP + timedelta(seconds=1)

    run = world.audit(AuditMode.CORRECT)

    assert run.total(FindingOutcome.CORRECTED) == 3
    buried = world.audits.get(CUSTOMER, dead.id)
    assert (buried.state, buried.cause) == (
        RunState.STOPPED,
        "its worker stopped without a word; the next audit took over",
    )
    assert world.run_audit(CUSTOMER, dead.id, 0, "late") is None


def test_going_through_all_findings_is_left_to_a_step_of_its_own(world: World) -> None:
    """GIVEN time that runs out with the last numbers, WHEN audited, THEN the next steps sum up, and nothing is lost."""
    reference = world.audit(AuditMode.REPORT)
    for seconds in range(1, 40):
        world.run_audit = replace(world.run_audit, budget=timedelta(seconds=seconds))
        world.clock.tick = timedelta(seconds=1)
        run = world.audit(AuditMode.REPORT)
        assert (run.numbers, run.counts, run.checksum) == (reference.numbers, reference.counts, reference.checksum)


def test_what_aws_refuses_for_good_stops_the_run_and_frees_the_customer(world: World) -> None:
    """GIVEN a permission that is missing, WHEN the audit meets it, THEN it is stopped, says why, and raises."""
    run = world.start_audit.open(CORRECT, "ann")

    def refused(*_: object) -> None:
        raise StorageRefusedError("not authorized to write")

    world.inventory.save = refused  # type: ignore[assignment, method-assign]
    with pytest.raises(StorageRefusedError):
        world.carry_out(run)

    stopped = world.audits.get(CUSTOMER, run.id)
    assert (stopped.state, stopped.cause) == (RunState.STOPPED, "not authorized to write")
    assert world.start_audit.open(CORRECT, "bob").id != run.id


def test_progress_is_shown_by_what_the_last_audit_read(world: World) -> None:
    """GIVEN an audit that ended, WHEN the next begins, THEN it expects as many numbers; of another Site, nothing."""
    assert world.audit(AuditMode.REPORT).expected == 0
    assert world.start_audit.open(replace(CORRECT, site="Berlin"), "ann").expected == 0
    world.clock.at += PICK_UP + timedelta(seconds=1)
    assert world.audit(AuditMode.REPORT).expected == 4


# --- what waits


def test_a_silent_device_frees_nothing(world: World) -> None:
    """GIVEN a device that is unreachable or long without proof, WHEN corrected, THEN orphans wait, the rest is done."""
    for silence in ("unreachable", "old"):
        if silence == "unreachable":
            world.devices.replace_state(SBC1, health=Health.UNREACHABLE)
        else:
            world.devices.replace_state(SBC1, health=Health.OK)
            world.clock.advance(hours=24, seconds=1)
        run = world.audit(AuditMode.CORRECT)
        assert "3001 orphaned unproven" in told(world, run)
        assert world.number("3001").status is Status.USED
    assert world.number("1001").status is Status.USED

    world.sync(SBC1)
    assert "3001 orphaned corrected" in told(world, world.audit(AuditMode.CORRECT))


def test_a_broken_cooling_setting_frees_nothing(world: World) -> None:
    """GIVEN a macro that is no duration, WHEN corrected, THEN orphans are held with the cause, the rest is done."""
    world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "soon")
    run = world.audit(AuditMode.CORRECT)

    assert told(world, run) == {"1001 status_mismatch corrected", "1002 usage_mismatch corrected", "3001 orphaned held"}
    (held,) = [each for each in world.findings(run) if each.outcome is FindingOutcome.HELD]
    assert AUDIOCODES_COOLING_DURATION in held.cause


def test_an_undated_cooling_gets_the_longer_of_both_durations(world: World) -> None:
    """GIVEN global cooling of 30 days switched on, WHEN an undated cooling is corrected, THEN it ends in 30 days."""
    world.macros.put(CUSTOMER, COOLING_ENABLED, "true")
    world.macros.put(CUSTOMER, COOLING_DURATION, "30")
    undated = replace(world.number("1003"), number="3002", status=Status.COOLING, vendor="", holders=())
    world.inventory.put(replace(undated, usage=Usage.NONE))

    world.audit(AuditMode.CORRECT)

    assert world.number("3002").release_date == world.clock.at + timedelta(days=30)
    assert world.number("3001").release_date == world.clock.at + timedelta(days=2), "devices' own duration"


def test_what_cannot_be_understood_is_counted_and_left(world: World) -> None:
    """GIVEN a broken record of a registered number, WHEN corrected, THEN it is neither created anew nor touched."""
    broken = world.number("1003")
    world.inventory.unreadable.add("1003")
    run = world.audit(AuditMode.CORRECT)

    assert run.unreadable == 1
    assert all(not finding.startswith("1003") for finding in told(world, run))
    world.inventory.unreadable.clear()
    assert world.number("1003") == broken


def test_writes_that_fail_are_told_and_tried_by_the_next_audit(world: World) -> None:
    """GIVEN a database that does not take one write, WHEN corrected, THEN it is told; the next one does it."""
    world.inventory.writes_lost.add("1001")
    run = world.audit(AuditMode.CORRECT)

    assert "1001 status_mismatch failed" in told(world, run)
    assert run.state is RunState.FINISHED
    assert run.cause == "corrections that the database did not take: 1"
    assert told(world, world.audit(AuditMode.CORRECT)) == {"1001 status_mismatch corrected"}


def test_who_looks_at_audits_sees_runs_and_findings_of_his_customer_only(world: World) -> None:
    """GIVEN runs of two customers, WHEN looked at, THEN each sees its own, and no limit is out of range."""
    run = world.audit(AuditMode.REPORT)
    look = LookAtAudits(world.audits)

    assert [each.id for each in look.runs(CUSTOMER).runs] == [run.id]
    assert look.runs("other").runs == ()
    assert len(list(look.every_finding(CUSTOMER, run.id))) == 3
    with pytest.raises(NotFoundError):
        look.one("other", run.id)
    for nonsense in ("", "x" * 2000, "a/b", "ü", "#customers"):
        with pytest.raises(NotFoundError):
            look.one(CUSTOMER, nonsense)
    for limit in (0, 1001):
        with pytest.raises(InvalidInputError, match="limit"):
            look.runs(CUSTOMER, limit)
