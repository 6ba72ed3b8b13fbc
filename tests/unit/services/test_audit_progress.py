"""However little time an invocation has, it brings the audit on: a run always comes to its end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.audit_runs import ENDED, AuditMode, AuditRun, AuditScope, RunState
from number_inventory.domain.findings import FindingOutcome
from tests.memory.damage import damage, populated
from tests.memory.world import CUSTOMER, World


def carried_out(world: World, run: AuditRun, steps: int) -> AuditRun:
    """Work on a run, invocation after invocation; it must have ended after so many of them."""
    for step in range(steps):
        if run.state in ENDED:
            return run
        done = world.run_audit(CUSTOMER, run.id, run.step, f"worker-{step}")
        assert done is not None
        run = done
    raise AssertionError(f"{steps} invocations brought the run to {run.state}, position {run.position!r}, and no end")


@pytest.mark.parametrize("count", [20, 200])
def test_an_audit_whose_invocations_have_no_time_at_all_ends_all_the_same(count: int) -> None:
    """GIVEN damage, and a budget that is used up at once, WHEN handed over again and again, THEN all is corrected."""
    inventory = populated(count, seed=5)
    damage(inventory, share=0.9)
    world = inventory.world
    world.run_audit = replace(world.run_audit, budget=timedelta(0))
    report = carried_out(world, world.start_audit.open(AuditScope(customer=CUSTOMER), "test"), 2 * count)

    scope = AuditScope(customer=CUSTOMER, mode=AuditMode.CORRECT, plan=report.checksum)
    run = carried_out(world, world.start_audit.open(scope, "test"), 4 * count)

    assert run.state is RunState.FINISHED
    assert run.total(FindingOutcome.REPORTED) == 0
    assert run.total(FindingOutcome.CORRECTED) == report.total(FindingOutcome.REPORTED) > 0
