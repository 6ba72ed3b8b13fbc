"""The state machines with many more runs: services against the reference, removals against their laws, the history."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from tests.property.test_inventory_machine import InventoryMachine
from tests.property.test_removal_laws import RemovalMachine
from tests.property.test_replayed_history import ReplayMachine

RUNS, STEPS = 250, 60


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("machine", [InventoryMachine, RemovalMachine, ReplayMachine], ids=lambda each: each.__name__)
def test_a_machine_for_thousands_of_steps(
    machine: type[RuleBasedStateMachine], record_property: Callable[[str, object], None]
) -> None:
    """GIVEN many random stories of many steps each, time running, WHEN played THEN every law holds after each step."""
    steps = 0

    class Counted(machine):  # type: ignore[valid-type, misc]  # a class that is given
        """The same, counted."""

        @invariant()
        def one_more(self) -> None:
            nonlocal steps
            steps += 1

    run_state_machine_as_test(
        Counted,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert steps > RUNS * STEPS / 4
    record_property("runs", RUNS)
    record_property("steps", steps)
