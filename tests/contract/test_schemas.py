"""Items of other releases: an earlier one's are read and brought up, a newer one's are refused and left as they are."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from number_inventory.adapters.dynamodb.attributes import NEWEST_SCHEMA
from number_inventory.domain.commands import Assign
from number_inventory.domain.counts import CounterKey, SiteCounter
from number_inventory.domain.errors import NotFoundError, RecordNewerError, RuleViolationError
from number_inventory.domain.macros import GLOBAL
from number_inventory.domain.numbers import Status, Usage
from number_inventory.domain.removals import Approval
from number_inventory.domain.stock import StockLevel, StockThreshold, StockWatch
from number_inventory.ports.numbers import NumberQuery, WriteResult
from number_inventory.services.next_available import ClaimAvailable
from tests.contract.conftest import Aws
from tests.contract.made import CUSTOMER, KEY, NOW, device, put, record, run, used, written

LATER = NOW + timedelta(minutes=5)


def items(aws: Aws, table: str) -> list[dict[str, Any]]:
    """All that stands in a table."""
    found: list[dict[str, Any]] = aws.client.scan(TableName=table, ConsistentRead=True)["Items"]
    return found


def put_by(aws: Aws, table: str, schema: int | None) -> None:
    """Make all items of a table another release's; None is one that wrote no schema yet."""
    for item in items(aws, table):
        given = {name: value for name, value in item.items() if name != "schema"}
        aws.client.put_item(TableName=table, Item=given if schema is None else given | {"schema": {"N": str(schema)}})


@dataclass(frozen=True)
class Kind:
    """A kind of item.

    Attributes:
        table: where it stands, as in `Tables`.
        make: puts one there.
        acts: whatever reads or writes it must refuse it.
    """

    table: str
    make: Callable[[Aws], object]
    acts: tuple[Callable[[Aws], object], ...]


WATCH = StockWatch(
    customer=CUSTOMER,
    site=None,
    low=True,
    since=NOW,
    crossing=1,
    level=StockLevel(1, 10),
    threshold=StockThreshold(percent=10, count=0),
    told=False,
)

KINDS = {
    "number": Kind(
        "numbers",
        lambda aws: put(aws.inventory, used("1")),
        (
            lambda aws: aws.inventory.get(CUSTOMER, "1"),
            lambda aws: aws.inventory.peek(CUSTOMER, "1"),
            lambda aws: aws.inventory.get_many(CUSTOMER, ["1"])["1"],
        ),
    ),
    "device": Kind(
        "devices",
        lambda aws: aws.devices.add(device()),
        (
            lambda aws: aws.devices.get(KEY),
            lambda aws: aws.devices.acquire(KEY, NOW, LATER),
            lambda aws: aws.devices.acquire_if_due(KEY, NOW, LATER),
            lambda aws: aws.devices.set_enabled(KEY, enabled=False),
            lambda aws: aws.devices.reconfigure(device(), device(address="https://192.0.2.9")),
        ),
    ),
    "macro": Kind(
        "macros",
        lambda aws: aws.macros.put(GLOBAL, "audiocodes_cooling_duration", "7"),
        (lambda aws: aws.macros.put(GLOBAL, "audiocodes_cooling_duration", "3"),),
    ),
    "audit": Kind(
        "audits",
        lambda aws: aws.audits.open(run(), LATER, NOW),
        (
            lambda aws: aws.audits.get(CUSTOMER, run().id),
            lambda aws: aws.audits.claim(CUSTOMER, run().id, 0, "worker", now=NOW, until=LATER),
        ),
    ),
    "counter": Kind(
        "history",
        lambda aws: aws.counters.save(SiteCounter(key=CounterKey(CUSTOMER, "Berlin"))),
        (lambda aws: aws.counters.of_customer(CUSTOMER),),
    ),
    "watch": Kind(
        "stock", lambda aws: aws.stock_days.put_watch(WATCH, None), (lambda aws: aws.stock_days.watches(CUSTOMER),)
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_newer_release_wrote_is_refused_and_left_as_it_is(aws: Aws, kind: str) -> None:
    """GIVEN an item of a newer schema WHEN this release reads or writes it THEN it says so and changes nothing."""
    known = KINDS[kind]
    table = getattr(aws.tables, known.table)
    known.make(aws)
    put_by(aws, table, NEWEST_SCHEMA + 1)
    stood = items(aws, table)

    for act in known.acts:
        with pytest.raises(
            RecordNewerError, match=r"newer release: it has schema 2, and this release reads up to 1\. Dep"
        ):
            act(aws)
    assert items(aws, table) == stood


def test_a_newer_number_is_no_candidate_for_anything(aws: Aws) -> None:
    """GIVEN a newer release's number beside one of this WHEN listed, swept or written over THEN it stays."""
    put(aws.inventory, record("1"), record("2"))
    [first, _] = sorted(items(aws, aws.tables.numbers), key=lambda item: item["number"]["S"])
    aws.client.put_item(TableName=aws.tables.numbers, Item=first | {"schema": {"N": "2"}})

    available = aws.inventory.page(NumberQuery(customer=CUSTOMER, status=Status.AVAILABLE), 10, None)
    [swept] = aws.inventory.sweep(CUSTOMER)
    result = aws.inventory.save([written(record("1"))])

    assert [each.number for each in available.numbers] == ["2"]
    assert ([each.number for each in swept.numbers], list(swept.unreadable)) == (["2"], ["1"])
    assert result == [WriteResult.FAILED]
    assert {type(error) for error in aws.broken} == {RecordNewerError}
    assert first | {"schema": {"N": "2"}} in items(aws, aws.tables.numbers)


def test_a_newer_macro_is_never_taken_for_none(aws: Aws) -> None:
    """GIVEN a newer release's macro WHEN it is resolved THEN a value stands that no rule accepts, and says why."""
    aws.macros.put(GLOBAL, "audiocodes_cooling_duration", "7")
    put_by(aws, aws.tables.macros, NEWEST_SCHEMA + 1)

    found = aws.macros.resolve(CUSTOMER, ["audiocodes_cooling_duration"])["audiocodes_cooling_duration"]

    assert "written by a newer release" in str(found.value)


def test_a_device_that_is_not_there_is_still_not_there(aws: Aws) -> None:
    """GIVEN no device WHEN it is enabled THEN it is not found, as before."""
    with pytest.raises(NotFoundError):
        aws.devices.set_enabled(KEY, enabled=True)
    with pytest.raises(NotFoundError):
        aws.devices.approve_removals(KEY, Approval("5f2b", "operator:test", NOW))


def test_a_claim_of_what_an_earlier_release_wrote_is_all_or_nothing(aws: Aws) -> None:
    """GIVEN two numbers of a release that wrote no schema yet WHEN three are claimed THEN both are still free."""
    put(aws.inventory, record("1"), record("2"))
    put_by(aws, aws.tables.numbers, None)
    claim = ClaimAvailable(aws.inventory, aws.clock)
    with pytest.raises(RuleViolationError, match="only 2 are available"):
        claim(CUSTOMER, 3, "", contiguous=False, command=Assign("", Usage.USER, "alice"), by="api:ann")
    found = aws.inventory.get_many(CUSTOMER, ["1", "2"])
    assert [(found[number].status, found[number].assigned_to) for number in "12"] == [(Status.AVAILABLE, "")] * 2
    [taken] = claim(CUSTOMER, 1, "", contiguous=False, command=Assign("", Usage.USER, "alice"), by="api:ann")
    assert aws.inventory.get(CUSTOMER, taken.number) == taken


def test_what_an_earlier_release_wrote_is_brought_up_at_its_next_write(aws: Aws) -> None:
    """GIVEN a number of a release that wrote no schema yet WHEN anything of it changes THEN all of it is today's."""
    [stored] = put(aws.inventory, record("1", status=Status.RESERVED, reserved_for="ann", reserved_until=LATER))
    put_by(aws, aws.tables.numbers, None)
    [old] = items(aws, aws.tables.numbers)
    # That release had no index of reservations with an end either.
    del old["lapse_shard"]
    aws.client.put_item(TableName=aws.tables.numbers, Item=old)

    read = aws.inventory.get(CUSTOMER, "1")
    assert read == replace(stored, outdated=True)
    assert list(aws.inventory.lapsing(LATER)) == []
    aws.inventory.save([written(replace(read, description="desk"), read)])

    [brought_up] = items(aws, aws.tables.numbers)
    assert brought_up["schema"] == {"N": str(NEWEST_SCHEMA)}
    assert aws.inventory.get(CUSTOMER, "1") == replace(stored, description="desk", version=stored.version + 1)
    assert [each.number for found in aws.inventory.lapsing(LATER) for each in found] == ["1"]
