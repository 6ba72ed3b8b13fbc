"""An inventory of 5,000 numbers, damaged at random: the audit finds every lie, mends what it may, and harms nothing."""

from collections import Counter
from dataclasses import replace

import pytest

from number_inventory.domain.audit_runs import AuditMode, AuditRun, RunState
from number_inventory.domain.findings import FindingCode, FindingOutcome
from number_inventory.domain.macros import REMOVAL_GUARD_PERCENT
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage
from tests.memory.damage import Inventory, damage, populated
from tests.memory.world import CUSTOMER

CORRECTABLE = FindingOutcome.REPORTED, FindingOutcome.CORRECTED


def found(run: AuditRun) -> Counter[str]:
    """How many findings of each code a run has."""
    return Counter({str(code): sum(outcomes.values()) for code, outcomes in run.counts.items()})


def everything(inventory: Inventory) -> dict[str, NumberRecord]:
    """All records by number."""
    return {number: record for (_, number), record in inventory.world.inventory.all().items()}


@pytest.fixture(scope="module")
def damaged() -> Inventory:
    """5,000 numbers, every eighth of them damaged."""
    inventory = populated(5_000, seed=20261123)
    damage(inventory, share=0.12)
    return inventory


def test_every_damage_is_found_and_what_can_be_is_mended(damaged: Inventory) -> None:
    """GIVEN 5,000 numbers damaged in every way, WHEN corrected, THEN a second run finds conflicts only."""
    world, before = damaged.world, everything(damaged)
    world.macros.put(CUSTOMER, REMOVAL_GUARD_PERCENT, "100")

    first = world.audit(AuditMode.CORRECT)

    assert first.state is RunState.FINISHED
    assert first.numbers == len(before)
    told = {(finding.number, finding.code) for finding in world.findings(first)}
    assert {(number, FindingCode(name)) for number, name in damaged.damaged.items()} <= told
    assert set(found(first)) == {str(code) for code in FindingCode}
    assert {number for number, _ in told} == set(damaged.damaged), "what was sound is left alone"
    conflicts = {number for number, name in damaged.damaged.items() if name == "conflict"}
    assert {finding.number for finding in world.findings(first) if finding.outcome not in CORRECTABLE} == conflicts

    second = world.audit(AuditMode.CORRECT)

    assert found(second) == Counter({"conflict": len(conflicts)})
    _check_no_harm(damaged, before)


def _check_no_harm(damaged: Inventory, before: dict[str, NumberRecord]) -> None:
    after = everything(damaged)
    assert set(before) <= set(after), "nothing is deleted"
    for number, record in after.items():
        names = damaged.held.get(number, set())
        damage_done = damaged.damaged.get(number)
        if damage_done is None:
            assert record == before[number], "what was sound is not even written"
        elif damage_done == "conflict":
            assert {holder.device for holder in record.holders} == names
            decided = (record.status, record.usage, record.vendor)
            was = before[number]
            assert decided == (was.status, was.usage, was.vendor), "a conflict is a person's to decide"
        elif names:
            assert record.status is Status.USED
            assert {holder.device for holder in record.holders} == names
        else:
            assert not record.holders
            assert record.status is not Status.USED or record.vendor == "Microsoft"
        old = before.get(number)
        if old is not None and old.status is Status.COOLING and old.release_date is not None and not names:
            overdue = old.release_date <= damaged.world.clock.at
            kept = (record.status, record.release_date) == (old.status, old.release_date)
            assert kept or (overdue and record.status is Status.AVAILABLE), "no live cooling is shortened or restarted"


def test_a_report_gives_the_plan_that_the_correction_then_takes(damaged: Inventory) -> None:
    """GIVEN the same damage again, WHEN corrected by its plan, THEN exactly the reported is mended."""
    inventory = populated(600, seed=7)
    damage(inventory, share=0.3)
    world, before = inventory.world, everything(inventory)

    report = world.audit(AuditMode.REPORT)
    assert everything(inventory) == before
    scope = world.start_audit.scope(customer=None, mode=AuditMode.CORRECT, site=None, codes=(), plan=report.checksum)
    correction = world.carry_out(world.start_audit.open(scope, "ann"))

    assert (correction.state, correction.checksum) == (RunState.FINISHED, report.checksum)
    reported = {(each.number, each.code) for each in world.findings(report) if each.outcome in CORRECTABLE}
    corrected = {(each.number, each.code) for each in world.findings(correction) if each.outcome in CORRECTABLE}
    assert corrected == reported
    assert correction.total(FindingOutcome.CORRECTED) == len(reported)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_damage_a_second_correction_has_nothing_to_do(seed: int) -> None:
    """GIVEN small inventories with heavy damage, WHEN corrected by their plans, THEN nothing correctable is left."""
    inventory = populated(80, seed=seed)
    damage(inventory, share=0.7)
    world, before = inventory.world, everything(inventory)
    report = world.audit(AuditMode.REPORT)

    world.audit(AuditMode.CORRECT, plan=report.checksum)
    writes = len(everything(inventory)), sum(record.version for record in everything(inventory).values())
    second = world.audit(AuditMode.CORRECT)

    assert second.total(FindingOutcome.LEFT) == second.total()
    after = everything(inventory)
    assert writes == (len(after), sum(record.version for record in after.values()))
    _check_no_harm(inventory, before)


def test_too_many_orphans_at_once_are_held_until_a_person_approves() -> None:
    """GIVEN very many orphans, WHEN corrected, THEN none is freed without an approved plan."""
    inventory = populated(200, seed=3)
    world = inventory.world
    for number, record in inventory.sound.items():
        if record.status is Status.AVAILABLE:
            orphan = replace(record, status=Status.USED, usage=Usage.DEVICE, vendor=AUDIOCODES)
            world.inventory.put(orphan)
            inventory.damaged[number] = "orphaned"
    assert len(inventory.damaged) > 30

    run = world.audit(AuditMode.CORRECT)

    assert run.held_back == len(inventory.damaged)
    assert run.counts == {FindingCode.ORPHANED: {FindingOutcome.HELD: len(inventory.damaged)}}
    assert "approves" in run.cause
    assert all(world.number(number).status is Status.USED for number in inventory.damaged)

    approved = world.audit(AuditMode.CORRECT, plan=world.audit(AuditMode.REPORT).checksum)
    assert approved.counts == {FindingCode.ORPHANED: {FindingOutcome.CORRECTED: len(inventory.damaged)}}
    assert all(world.number(number).status is Status.COOLING for number in inventory.damaged)
