"""What the ports ask of DynamoDB, in requests and units, indexes included, on the engines that count them properly."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from number_inventory.adapters.dynamodb.inventory import DynamoInventory
from number_inventory.domain.commands import (
    Assign,
    Command,
    Cool,
    Edit,
    Release,
    Reserve,
    Unassign,
    Unreserve,
    needs_settings,
)
from number_inventory.domain.decisions import Decision
from number_inventory.domain.devices import Health
from number_inventory.domain.lifecycle import Registration, registered, release_due
from number_inventory.domain.macros import COOLING_ENABLED
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.ports.devices import DeviceHead, RegisterHead
from number_inventory.ports.numbers import Inventory, NumberQuery
from number_inventory.services.lookup import LookUpNumbers
from number_inventory.services.manage_numbers import ManageNumbers
from number_inventory.services.next_available import ClaimAvailable, FindAvailable
from number_inventory.services.release import ReleaseCooled
from tests.contract.conftest import Aws
from tests.contract.made import (
    CUSTOMER,
    KEY,
    NOW,
    come,
    cooling,
    device,
    finding,
    gone,
    listed,
    put,
    record,
    run,
    stamp,
    used,
    written,
)

LATER = NOW + timedelta(minutes=1)
MANY = 400


def batching(aws: Aws) -> DynamoInventory:
    """The numbers, written as the deployed functions write them; no engine tells the units of such writes."""
    return DynamoInventory(aws.client, aws.tables.numbers, aws.broken.append, batched=True)


def releasing(aws: Aws, inventory: Inventory) -> ReleaseCooled:
    """The release."""
    return ReleaseCooled(inventory=inventory, clock=aws.clock, budget=timedelta(minutes=1))


def another_holder(before: NumberRecord) -> Decision:
    """The number is registered on a second device."""
    return registered(before, Registration(CUSTOMER, before.number, "sbc-2", 1), stamp())


def release(before: NumberRecord) -> Decision:
    """The number's time has come."""
    decision = release_due(before, NOW, stamp("release"))
    assert decision is not None
    return decision


def come_back(before: NumberRecord) -> Decision:
    """The number is registered, whatever it was."""
    return come(before.number, before)


CHANGES: dict[str, tuple[NumberRecord, Callable[[NumberRecord], Decision], float]] = {
    "available to used, out of an index": (record(), come_back, 2),
    "used to cooling, into an index": (used(), gone, 2),
    "cooling to used, out of an index": (cooling(), come_back, 2),
    "another holder, no index": (used(), another_holder, 1),
    "cooling to available, from one index to another": (cooling(until=NOW), release, 3),
}


def held(until: datetime | None = None) -> NumberRecord:
    """A reservation, which does not lapse by itself if nothing else is said."""
    return record(status=Status.RESERVED, reserved_for="bob", reserved_until=until)


TO_ALICE = Assign("Microsoft", Usage.USER, "alice")
HERS = replace(record(), status=Status.USED, vendor="Microsoft", usage=Usage.USER, assigned_to="alice")
VERBS: dict[str, tuple[NumberRecord, Command, float]] = {
    "assign, out of an index": (record(), TO_ALICE, 2),
    "assign what was reserved for her until then, out of two": (
        replace(held(LATER), reserved_for="alice"),
        TO_ALICE,
        3,
    ),
    "unassign into cooling": (HERS, Unassign(), 2),
    "reserve, from one pool of an index to the other": (record(), Reserve("bob"), 3),
    "reserve until then, and into another": (record(), Reserve("bob", LATER), 4),
    "prolong, within an index": (held(LATER), Reserve("bob", LATER + timedelta(days=1)), 3),
    "unreserve": (held(), Unreserve(), 3),
    "unreserve what had an end": (held(LATER), Unreserve(), 4),
    "cool, from one index to another": (record(), Cool(5), 3),
    "release early, from one index to another": (cooling(), Release("x"), 3),
    "edit, no index": (record(), Edit({"description": "Lobby"}), 1),
    "edit a reserved number with an end, no index": (held(LATER), Edit({"tag": "x"}), 1),
    "assign again, nothing": (HERS, TO_ALICE, 0),
}


@pytest.mark.parametrize(("before", "command", "units"), VERBS.values(), ids=VERBS)
def test_units_of_one_command(metered: Aws, before: NumberRecord, command: Command, units: float) -> None:
    """GIVEN a number WHEN a command is carried out THEN that is one read and one write, and a unit for each move."""
    metered.clock.at = NOW
    metered.macros.put(CUSTOMER, COOLING_ENABLED, "true")
    put(metered.inventory, before)
    manage = ManageNumbers(metered.inventory, metered.macros, metered.clock)
    metered.meter.reset()
    manage.one(CUSTOMER, before.number, command, "api:x")
    assert metered.meter.requests["GetItem"] == 1
    assert metered.meter.requests["UpdateItem"] == (1 if units else 0)
    assert metered.meter.requests["BatchGetItem"] == needs_settings(command)
    assert metered.meter.write_units == units


def test_units_of_a_deletion(metered: Aws) -> None:
    put(metered.inventory, record())
    metered.meter.reset()
    ManageNumbers(metered.inventory, metered.macros, metered.clock).delete(CUSTOMER, "4711", "api:x")
    assert metered.meter.requests == {"GetItem": 1, "UpdateItem": 1, "DeleteItem": 1}
    assert metered.meter.write_units == 3, "who deletes it, the number, and its entry in the index of idle ones"


def test_claim_among_many_reads_few(metered: Aws) -> None:
    """GIVEN hundreds of Available numbers WHEN some are claimed THEN it is one look at the index and one at them."""
    put(metered.inventory, *(record(number, description="x" * 300) for number in listed(MANY)))
    metered.meter.reset()
    claim = ClaimAvailable(metered.inventory, metered.clock)
    assert len(claim(CUSTOMER, 5, "", contiguous=False, command=TO_ALICE, by="api:x")) == 5
    assert metered.meter.requests == {"Query": 1, "BatchGetItem": 1, "UpdateItem": 5}
    assert metered.meter.write_units == 10
    assert metered.meter.units["Query"] <= 3

    metered.meter.reset()
    assert len(FindAvailable(metered.inventory)(CUSTOMER, 5)) == 5
    assert metered.meter.requests == {"Query": 1, "BatchGetItem": 1}


def test_lapsing_of_ten_takes_a_request_a_shard_and_their_reads_and_writes(metered: Aws) -> None:
    """GIVEN ten lapsed reservations among many others THEN finding and ending them reads nothing else."""
    metered.clock.at = NOW
    put(metered.inventory, *(replace(held(NOW), number=f"1{index}") for index in range(10)))
    put(metered.inventory, *(replace(held(LATER), number=f"2{index}") for index in range(50)))
    put(metered.inventory, *(replace(held(), number=f"3{index}") for index in range(50)))
    metered.meter.reset()
    summary = releasing(metered, metered.inventory).release()
    assert (summary.lapsed, summary.finished) == (10, True)
    assert metered.meter.requests["Query"] == 8 + 2
    assert metered.meter.requests["BatchGetItem"] == 1
    assert metered.meter.requests["UpdateItem"] == 10
    assert metered.meter.write_units == 40


@pytest.mark.parametrize(("before", "event", "units"), CHANGES.values(), ids=CHANGES)
def test_units_of_one_change(
    metered: Aws, before: NumberRecord, event: Callable[[NumberRecord], Decision], units: float
) -> None:
    """GIVEN a number WHEN it changes THEN that is one write, and one unit for it and for each index it moves in."""
    [stored] = put(metered.inventory, before)
    metered.meter.reset()
    metered.inventory.save([event(stored)])
    assert metered.meter.requests == {"UpdateItem": 1}
    assert metered.meter.write_units == units


def test_new_number_costs_one_unit(metered: Aws) -> None:
    metered.inventory.save([come("1")])
    assert metered.meter.requests == {"PutItem": 1}
    assert metered.meter.write_units == 1


def test_unchanged_numbers_cost_no_write(metered: Aws) -> None:
    [stored] = put(metered.inventory, used("1"))
    metered.meter.reset()
    metered.inventory.save([written(stored, stored), come("1", stored)])
    assert metered.meter.total_requests == 0


def test_lookups_cost_half_a_unit_or_one(metered: Aws) -> None:
    put(metered.inventory, used("1"))
    metered.meter.reset()
    LookUpNumbers(metered.inventory).one(CUSTOMER, "1")
    assert metered.meter.read_units == 0.5
    assert metered.meter.requests == {"GetItem": 1}
    metered.inventory.get(CUSTOMER, "1")
    assert metered.meter.read_units == 1.5
    assert metered.meter.total_requests == 2


def test_release_of_ten_takes_a_request_a_shard_and_their_reads_and_writes(metered: Aws) -> None:
    """GIVEN ten due numbers in all shards among many THEN the release's function takes shards + 4 requests (P7)."""
    metered.clock.at = NOW
    put(metered.inventory, *(used(number) for number in listed(MANY // 2)))
    put(metered.inventory, *(cooling(f"+1{index}", until=NOW) for index in range(10)))
    put(metered.inventory, *(cooling(f"+2{index}") for index in range(50)))
    metered.meter.reset()
    summary = releasing(metered, metered.inventory).release()
    assert (summary.released, summary.finished) == (10, True)
    assert metered.meter.requests == {"Query": 8 + 2, "BatchGetItem": 1, "UpdateItem": 10}
    assert metered.meter.write_units == 30

    put(metered.inventory, *(cooling(f"+3{index}", until=NOW) for index in range(10)))
    metered.meter.reset()
    assert releasing(metered, batching(metered)).release().released == 10
    assert metered.meter.requests == {"Query": 8 + 2, "BatchGetItem": 1, "BatchExecuteStatement": 1}


def test_listing_of_available_numbers_reads_no_others(metered: Aws) -> None:
    """GIVEN few Available numbers among many THEN a page of them takes two requests and few units."""
    put(metered.inventory, *(used(number, description="x" * 300) for number in listed(MANY // 2)))
    put(metered.inventory, *(record(f"9{index}") for index in range(20)))
    metered.meter.reset()
    page = metered.inventory.page(NumberQuery(customer=CUSTOMER, status=Status.AVAILABLE), 20, None)
    assert len(page.numbers) == 20
    assert metered.meter.requests == {"Query": 1, "BatchGetItem": 1}


# --- what an audit asks besides the sweep


def settle(aws: Aws, held: Sequence[str]) -> None:
    """A device with a register that says that it holds these numbers."""
    aws.devices.add(device())
    lease = aws.devices.acquire(KEY, NOW, LATER)
    assert lease is not None
    register = aws.registrations.intend(lease, aws.registrations.load(lease), frozenset(held))
    register = aws.registrations.compact(lease, register)
    state = replace(lease.state, health=Health.OK, held_numbers=len(held))
    assert aws.devices.finish(lease, state, RegisterHead("digest", register.base))


def test_look_at_an_unchanged_device_is_one_request_or_two(metered: Aws) -> None:
    """GIVEN a device with a first journal, or an image behind it THEN looking at its register reads just that."""
    settle(metered, listed(MANY))
    metered.meter.reset()
    head = metered.devices.heads(CUSTOMER)[KEY.name]
    assert isinstance(head, DeviceHead)
    assert metered.meter.requests == {"Query": 1}
    assert metered.meter.read_units == 1

    metered.meter.reset()
    assert len(metered.registrations.look(head).held) == MANY
    assert metered.meter.requests == {"Query": 1}
    assert metered.meter.read_units <= 2
    assert metered.meter.write_units == 0


def test_heads_by_name_cost_a_unit_each(metered: Aws) -> None:
    names = [f"sbc-{index}" for index in range(20)]
    for name in names:
        metered.devices.add(device(replace(KEY, name=name)))
    metered.meter.reset()
    assert len(metered.devices.heads(CUSTOMER, names[:5])) == 5
    assert metered.meter.requests == {"BatchGetItem": 1}
    assert metered.meter.read_units in {0, 5}, "MiniStack counts none for BatchGetItem"


def test_findings_are_stored_25_a_request_and_a_unit_each(metered: Aws) -> None:
    found = [finding(number) for number in listed(100)]
    metered.meter.reset()
    metered.audits.record(run(), found)
    assert metered.meter.requests == {"BatchWriteItem": 4}
    assert metered.meter.write_units == 100


def test_checkpoint_of_an_audit_costs_one_write(metered: Aws) -> None:
    """GIVEN a run with a worker THEN a checkpoint is one request, and taking up, handing over and ending two or one."""
    metered.audits.open(run(), LATER, NOW)
    metered.meter.reset()
    claim = metered.audits.claim(CUSTOMER, run().id, 0, "w1", now=NOW, until=LATER)
    assert claim is not None
    assert metered.meter.requests == {"TransactWriteItems": 1, "GetItem": 1}

    metered.meter.reset()
    assert metered.audits.keep(claim, run()) is not None
    assert metered.meter.requests == {"PutItem": 1}
    assert metered.meter.write_units == 1

    metered.meter.reset()
    assert metered.audits.end(claim, run())
    assert metered.meter.requests == {"TransactWriteItems": 1}
