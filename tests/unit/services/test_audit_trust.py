"""What an audit must not believe: registers and devices that were lost or restored, and views that are out of date."""

from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.audit_runs import AuditMode, AuditRun, RunState
from number_inventory.domain.decisions import Stamp
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import NotFoundError, StorageBusyError
from number_inventory.domain.findings import FindingCode, FindingOutcome
from number_inventory.domain.lifecycle import Registration, registration_gone
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION, COOLING_DURATION, REMOVAL_GUARD_PERCENT
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage
from number_inventory.services import plan_audit
from tests.memory.world import BUDGET, CUSTOMER, World

SBC1 = DeviceKey(CUSTOMER, "sbc1")


def loaded(*numbers: str, name: str = "sbc1", world: World | None = None) -> World:
    """A device that registers these numbers."""
    world = world or World()
    world.device_shows(world.add_device(name), *numbers)
    world.sync(DeviceKey(CUSTOMER, name))
    return world


def told(world: World, run: AuditRun) -> set[str]:
    """What a run found, and how it ended."""
    return {f"{each.number} {each.code} {each.outcome}" for each in world.findings(run)}


def pass_days(world: World, days: int) -> None:
    """Everything that happens by itself, day by day."""
    for _ in range(days):
        world.clock.advance(days=1)
        world.sync(SBC1)
        world.release_cooled.release()
        world.audit()


# --- registers that were lost or restored


def test_a_register_restored_to_another_time_frees_nothing_and_heals() -> None:
    """GIVEN a register from before the last sync, as long as it was, WHEN days pass, THEN all is as devices say."""
    world = loaded("1001", "1002", "1003")
    before = world.devices.get(SBC1)
    assert before.state.held_numbers == 3
    first = world.devices.heads(CUSTOMER)["sbc1"]
    world.device_shows(SBC1, "1001", "1002", "1004")
    world.sync(SBC1)
    world.registrations.go_back(SBC1, first.sync)  # type: ignore[union-attr]

    run = world.audit()
    assert told(world, run) == {"1004 stale_holder unproven"}
    assert world.number("1003").status is Status.COOLING, "what a damaged register claims is not believed either"

    pass_days(world, 3)
    assert world.number("1004").status is Status.USED
    assert world.number("1003").status is Status.AVAILABLE
    assert world.audit().total() == 0


@pytest.mark.parametrize("live", [True, False], ids=["while a sync has it", "after a sync stopped half-way"])
def test_a_lost_register_proves_nothing_while_its_device_is_unsettled_either(live: bool) -> None:
    """GIVEN a register that is gone, WHEN a sync has just begun, or stopped half-way, THEN no number is freed."""
    world = loaded("1001", "1002", "1003")
    world.registrations.lose(SBC1)
    world.devices.acquire(SBC1, world.clock.at, world.clock.at + timedelta(minutes=4))
    if not live:
        world.clock.advance(minutes=5)

    assert told(world, world.audit()) == {f"100{index} stale_holder unproven" for index in (1, 2, 3)}
    assert all(world.number(number).status is Status.USED for number in ("1001", "1002", "1003"))


def test_a_lost_register_is_made_anew_by_the_next_sync() -> None:
    """GIVEN a register that is gone, WHEN an audit has corrected, THEN the next sync restores it, though unchanged."""
    world = loaded("1001", "1002")
    world.inventory.put(replace(world.number("1001"), number="3001", holders=(Holder("sbc1", world.clock.at, 1),)))
    world.registrations.lose(SBC1)
    world.audit(AuditMode.REPORT)
    assert world.sync(SBC1).result == "unchanged", "a report changes nothing, not even that"
    world.audit()

    world.sync(SBC1)

    assert told(world, world.audit()) == {"3001 stale_holder corrected"}
    assert world.held_by(SBC1) == {"1001", "1002"}


def test_a_device_that_a_restore_has_lost_frees_nothing() -> None:
    """GIVEN a device whose item is gone, but not its register, WHEN corrected, THEN its numbers stay used."""
    world = loaded(*(f"1{index:03d}" for index in range(100)))
    loaded(*(f"2{index:03d}" for index in range(5)), name="sbc2", world=world)
    world.devices.drop(DeviceKey(CUSTOMER, "sbc2"))

    run = world.audit()

    assert told(world, run) == {f"200{index} stale_holder unproven" for index in range(5)}
    assert world.number("2001").status is Status.USED


def test_a_device_that_is_gone_with_many_numbers_frees_none_without_a_person() -> None:
    """GIVEN a device gone with its register, WHEN it takes more numbers along than a few, THEN they are held."""
    world = loaded(*(f"1{index:03d}" for index in range(200)))
    loaded(*(f"2{index:03d}" for index in range(12)), name="sbc2", world=world)
    world.devices.drop(DeviceKey(CUSTOMER, "sbc2"))
    world.registrations.lose(DeviceKey(CUSTOMER, "sbc2"))

    run = world.audit()

    assert run.held_back == 12
    assert run.counts == {FindingCode.STALE_HOLDER: {FindingOutcome.HELD: 12}}
    approved = world.audit(plan=world.audit(AuditMode.REPORT).checksum)
    assert approved.total(FindingOutcome.CORRECTED) == 12


def test_a_broken_guard_holds_what_would_be_freed_and_names_the_macro() -> None:
    """GIVEN a guard that is no number, WHEN something would be freed, THEN it is held, and the run says which macro."""
    world = loaded("1001")
    world.inventory.put(replace(world.number("1001"), number="3001", holders=()))
    world.macros.put(CUSTOMER, REMOVAL_GUARD_PERCENT, "some")

    run = world.audit()

    assert told(world, run) == {"3001 orphaned held"}
    assert REMOVAL_GUARD_PERCENT in run.cause


# --- views that are out of date


def test_an_orphan_is_judged_by_the_registers_of_now() -> None:
    """GIVEN an orphan found, WHEN a sync takes it up and dies before it is corrected, THEN it is not freed."""
    world = loaded("1001")
    world.inventory.put(replace(world.number("1001"), number="3001", holders=()))
    original = world.audits.findings
    done: list[AuditRun] = []

    def take_it_up() -> None:
        lease = world.devices.acquire(SBC1, world.clock.at, world.clock.at + timedelta(minutes=1))
        assert lease is not None
        register = world.registrations.load(lease)
        world.registrations.intend(lease, register, register.held | {"3001"})
        world.clock.advance(minutes=1, seconds=1)

    def findings(run: AuditRun, after: str = "") -> object:
        if run.state is RunState.CORRECTING and not done:
            done.append(run)
            take_it_up()
        return original(run, after)

    world.audits.findings = findings  # type: ignore[assignment, method-assign]
    world.audit()

    assert world.number("3001").status is Status.USED


def test_what_a_sync_is_about_to_take_is_not_called_corrected() -> None:
    """GIVEN a sync that has decided to take a number, WHEN the audit adds its holder, THEN it says superseded."""
    world = loaded("1001", "1002")
    world.inventory.put(replace(world.number("1001"), status=Status.AVAILABLE, usage=Usage.NONE, vendor="", holders=()))
    original = world.inventory.save

    def save(decisions: list[object]) -> object:
        world.inventory.save = original  # type: ignore[method-assign]
        lease = world.devices.acquire(SBC1, world.clock.at, world.clock.at + timedelta(minutes=5))
        assert lease is not None
        register = world.registrations.load(lease)
        world.registrations.intend(lease, register, register.held - {"1001"})
        gone = registration_gone(
            world.number("1001"),
            Registration(CUSTOMER, "1001", "sbc1", lease.sync),
            2,
            Stamp(world.clock.at, "sync:sbc1#2", "gone"),
        )
        assert gone is not None
        assert not gone.needs_write
        return original(decisions)  # type: ignore[arg-type]

    world.inventory.save = save  # type: ignore[assignment, method-assign]

    assert told(world, world.audit()) == {"1001 not_marked_used superseded"}


# --- many numbers that only devices know


def test_a_million_missing_numbers_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN numbers that only devices know, behind and between the others, WHEN audited, THEN in bounded parts."""
    monkeypatch.setattr(plan_audit, "CLAIMED_AT_MOST", 10)
    world = loaded(*(str(number) for number in range(1000, 1100)))
    loaded(*(str(number) for number in range(1050, 1150)), name="sbc2", world=world)
    for number in range(1000, 1150):
        if number not in {1005, 1006, 1077}:
            world.inventory.lose(CUSTOMER, str(number))
    most: list[int] = []
    original = world.audits.record

    def record(run: AuditRun, findings: list[object]) -> None:
        most.append(len(findings))
        original(run, findings)  # type: ignore[arg-type]

    world.audits.record = record  # type: ignore[assignment, method-assign]
    world.clock.tick = BUDGET / 40
    run = world.audit()

    assert run.step > 1, "it is handed over in the midst of them"
    assert run.counts == {FindingCode.MISSING_NUMBER: {FindingOutcome.CORRECTED: 147}}
    assert run.numbers == 3
    assert max(most) <= 20
    assert len(world.inventory.all()) == 150


# --- settings


def test_a_cooling_without_a_date_is_never_ended_early() -> None:
    """GIVEN 0 days for devices, and global cooling off, WHEN undated ones are corrected, THEN they get 30 days."""
    world = loaded("1001")
    world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "0")
    world.inventory.put(NumberRecord(customer=CUSTOMER, number="3001", status=Status.COOLING))

    world.audit()

    assert world.number("3001").release_date == world.clock.at + timedelta(days=30)


def test_a_broken_global_duration_does_not_keep_devices_numbers() -> None:
    """GIVEN a global duration that is none, WHEN corrected, THEN orphans cool, and only undated ones are held."""
    world = loaded("1001")
    world.macros.put(CUSTOMER, COOLING_DURATION, "a while")
    world.inventory.put(replace(world.number("1001"), number="3001", holders=()))
    world.inventory.put(NumberRecord(customer=CUSTOMER, number="3002", status=Status.COOLING))

    assert told(world, world.audit()) == {"3001 orphaned corrected", "3002 cooling_without_release_date held"}


# --- exactly what was asked for


def test_a_correction_does_no_more_than_its_finding_says() -> None:
    """GIVEN a number with several lies, WHEN one code is asked for, THEN it is left if the others must go with it."""
    world = loaded("1001", "1002")
    strange = replace(world.number("1001"), status=Status.COOLING, usage=Usage.USER, holders=())
    world.inventory.put(replace(strange, release_date=world.clock.at + timedelta(days=30), vendor=AUDIOCODES))
    world.inventory.put(replace(world.number("1002"), status=Status.AVAILABLE, usage=Usage.USER))
    before = world.number("1001")

    run = world.audit(codes=frozenset({FindingCode.USAGE_MISMATCH}))

    assert told(world, run) == {"1001 usage_mismatch left", "1002 usage_mismatch corrected"}
    assert world.number("1001") == before
    assert (world.number("1002").status, world.number("1002").usage) == (Status.AVAILABLE, Usage.DEVICE)
    assert "missing_holder" in world.findings(run)[0].cause


def test_a_number_that_changed_its_site_is_not_corrected_by_an_audit_of_the_old_one() -> None:
    """GIVEN a finding of one Site, WHEN the number moves to another before it is corrected, THEN it is left alone."""
    world = loaded("1001")
    world.inventory.put(replace(world.number("1001"), usage=Usage.USER, site="Berlin"))
    original = world.audits.findings

    def findings(run: AuditRun, after: str = "") -> object:
        if run.state is RunState.CORRECTING:
            world.inventory.put(replace(world.number("1001"), site="Bern"))
        return original(run, after)

    world.audits.findings = findings  # type: ignore[assignment, method-assign]

    assert told(world, world.audit(site="Berlin")) == {"1001 usage_mismatch superseded"}
    assert world.number("1001").usage is Usage.USER


# --- who learns what, and who gets in whose way


def test_another_customers_plans_are_not_even_known_to_be_there() -> None:
    """GIVEN plans that are another customer's, forgotten, or made up, WHEN asked for, THEN the same words."""
    world = loaded("1001")
    plan = world.audit(AuditMode.REPORT).checksum

    def answer(checksum: str) -> str:
        with pytest.raises(NotFoundError) as refused:
            world.start_audit.scope(customer="other", mode=AuditMode.CORRECT, site=None, codes=(), plan=checksum)
        return str(refused.value).replace(checksum, "...")

    assert answer(plan) == answer("0" * 64)
    assert CUSTOMER not in answer(plan)


def test_trouble_with_an_earlier_run_does_not_keep_the_next_from_its_work() -> None:
    """GIVEN a dead run that cannot be ended, WHEN the next audit is asked for, THEN a worker is woken all the same."""
    world = loaded("1001")
    world.start_audit(
        world.start_audit.scope(customer=CUSTOMER, mode=AuditMode.CORRECT, site=None, codes=(), plan=""), "a"
    )
    world.clock.advance(hours=1)

    def fails(*_: object) -> bool:
        raise StorageBusyError("throttled")

    world.audits.abandon = fails  # type: ignore[assignment, method-assign]
    scope = world.start_audit.scope(customer=CUSTOMER, mode=AuditMode.CORRECT, site=None, codes=(), plan="")

    run = world.start_audit(scope, "ann")

    assert (CUSTOMER, run.id, 0) in world.audit_workers.woken
