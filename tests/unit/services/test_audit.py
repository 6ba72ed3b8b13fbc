"""The audit reads every number of a customer and changes nothing."""

from dataclasses import replace

import pytest

from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.findings import FindingCode
from number_inventory.domain.numbers import Status, Usage
from number_inventory.services.audit import NAMED_AT_MOST, AuditInventory
from tests.memory.world import CUSTOMER, World
from tests.unit.domain.records import available, used


def test_findings_are_counted_in_full_and_named_in_order() -> None:
    """GIVEN more wrong numbers than are named, WHEN audited, THEN all are counted, the first named, none changed."""
    world = World()
    for number in range(1000, 1000 + NAMED_AT_MOST + 10):
        world.inventory.put(replace(used(), number=str(number), status=Status.AVAILABLE))
    world.inventory.put(replace(used(), number="2000", usage=Usage.USER))
    world.inventory.put(replace(available(), number="2001"))
    world.inventory.put(replace(used(), number="1", customer="other", status=Status.AVAILABLE))
    before = world.inventory.all()

    summary = AuditInventory(world.inventory, world.clock)(CUSTOMER)

    assert summary.numbers == NAMED_AT_MOST + 12
    assert summary.found == {FindingCode.STATUS_MISMATCH: NAMED_AT_MOST + 10, FindingCode.USAGE_MISMATCH: 1}
    assert [finding.number for finding in summary.findings] == [str(1000 + at) for at in range(NAMED_AT_MOST)]
    assert (summary.customer, summary.started_at) == (CUSTOMER, world.clock.at)
    assert world.inventory.all() == before


def test_a_malformed_customer_is_refused() -> None:
    """GIVEN no slug, WHEN audited, THEN it is refused."""
    world = World()
    with pytest.raises(InvalidInputError, match="customer"):
        AuditInventory(world.inventory, world.clock)("Acme")
