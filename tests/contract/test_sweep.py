"""A sweep over all numbers of a customer: each once, in order, without a gap, and at the price of a bare read."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberGlance, NumberRecord, Status, Usage
from number_inventory.ports.numbers import Inventory, NumberSlice
from tests.contract.conftest import Aws, Ports
from tests.contract.made import CUSTOMER, NOW, cooling, listed, put, record, records, used, written
from tests.contract.test_broken_items import spoil


@pytest.fixture
def inventory(ports: Ports) -> Inventory:
    return ports.inventory


def swept(inventory: Inventory, customer: str = CUSTOMER, after: str = "") -> list[NumberSlice]:
    """All slices, each where the one before ended."""
    slices = list(inventory.sweep(customer, after))
    assert [each.upto is None for each in slices] == [False] * (len(slices) - 1) + [True]
    for each in slices:
        spelt = sorted([*(glance.number for glance in each.numbers), *each.unreadable])
        assert all(after < number and (each.upto is None or number <= each.upto) for number in spelt)
        after = each.upto or after
    return slices


def glances(slices: list[NumberSlice]) -> list[NumberGlance]:
    """What all slices show, one after the other."""
    return [glance for each in slices for glance in each.numbers]


def spelt(slices: list[NumberSlice]) -> list[str]:
    return [glance.number for glance in glances(slices)]


def test_sweep_of_a_customer_without_numbers_is_one_empty_slice(inventory: Inventory) -> None:
    put(inventory, used("1"))
    assert [(list(each.numbers), list(each.unreadable), each.upto) for each in swept(inventory, "other")] == [
        ([], [], None)
    ]
    assert glances(swept(inventory, after="1")) == []


def test_sweep_shows_what_an_audit_compares(inventory: Inventory) -> None:
    until = NOW + timedelta(days=2)
    holders = tuple(Holder(name, NOW, 1) for name in ("sbc-1", "sbc-2"))
    put(
        inventory,
        record("1", site="Munich", tag="mine"),
        replace(used("2"), holders=holders),
        cooling("3", until=until),
        record("4", status=Status.COOLING),
        # A date that stands by while the number is not Cooling is nobody's business here.
        record("5", status=Status.USED, usage=Usage.HUNT_PILOT, vendor="Cisco", release_date=until),
        record("6", status=Status.USED_UTILITY),
        record("7", status=Status.RESERVED),
    )
    assert glances(swept(inventory)) == [
        NumberGlance("1", Status.AVAILABLE, "", "", "Munich", (), None),
        NumberGlance("2", Status.USED, "Device", AUDIOCODES, "", ("sbc-1", "sbc-2"), None),
        NumberGlance("3", Status.COOLING, "", "", "", (), until),
        NumberGlance("4", Status.COOLING, "", "", "", (), None),
        NumberGlance("5", Status.USED, "Hunt_Pilot", "Cisco", "", (), None),
        NumberGlance("6", Status.USED_UTILITY, "", "", "", (), None),
        NumberGlance("7", Status.RESERVED, "", "", "", (), None),
    ]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(new=records())
def test_any_record_is_seen_as_it_is(inventory: Inventory, new: NumberRecord) -> None:
    """GIVEN any record THEN a glance at it shows the same as the record itself."""
    before = inventory.get(new.customer, new.number)
    inventory.save([written(replace(new, version=before.version if before else 0), before)])
    [seen] = [each for each in glances(swept(inventory, new.customer)) if each.number == new.number]
    assert (seen.status, seen.usage, seen.vendor, seen.site) == (new.status, new.usage, new.vendor, new.site)
    assert set(seen.holders) == {holder.device for holder in new.holders}
    assert len(seen.holders) == len(new.holders)
    assert seen.release_date == (new.release_date if new.status is Status.COOLING else None)


def test_sweep_goes_over_all_numbers_slice_by_slice(inventory: Inventory) -> None:
    """GIVEN megabytes of numbers THEN there are several slices, and from the end of each one can go on."""
    put(inventory, *(used(number, description="x" * 8000) for number in listed(300)))
    slices = swept(inventory)
    assert len(slices) >= 3
    assert spelt(slices) == listed(300)
    for index, each in enumerate(slices[:-1]):
        assert each.upto == each.numbers[-1].number
        assert spelt(swept(inventory, after=each.upto)) == spelt(slices[index + 1 :])


def test_sweep_begins_behind_any_spelling(inventory: Inventory) -> None:
    put(inventory, *(record(number) for number in ("#1", "*1", "+1", "1", "12", "123", "13")))
    for after in ("", "#", "#1", "+", "1", "11", "12", "124", "13"):
        expected = [number for number in ("#1", "*1", "+1", "1", "12", "123", "13") if number > after]
        assert spelt(swept(inventory, after=after)) == expected


# --- items that some other hand has spoilt

UNREADABLE: list[tuple[str, dict[str, Any] | None]] = [
    ("status", {"S": "Free"}),
    ("status", {"N": "1"}),
    ("status", None),
    ("vendor", {"N": "5"}),
    ("holders", {"S": "sbc-1"}),
    ("holders", {"M": {"sbc-1": {"S": "x"}}}),
    ("holders", {"M": {"sbc-1": {"M": {"sync": {"N": "1"}}}}}),
    ("holders", {"M": {"sbc-1": {"M": {"since": {"S": "2026-03-01T12:00:00Z"}}}}}),
]


@pytest.mark.parametrize(("name", "value"), UNREADABLE)
def test_number_that_cannot_be_understood_is_named_in_its_slice(
    aws: Aws, name: str, value: dict[str, Any] | None
) -> None:
    """GIVEN three numbers of which one is spoilt THEN it is neither absent nor shown, and it is reported."""
    put(aws.inventory, used("1"), used("2"), used("3"))
    spoil(aws, "2", name, value)
    [only] = swept(aws.inventory)
    assert [glance.number for glance in only.numbers] == ["1", "3"]
    assert list(only.unreadable) == ["2"]
    assert [(error.what, error.attribute.split(".")[0]) for error in aws.broken] == [
        ("number 2 of customer acme", name)
    ]


@pytest.mark.parametrize("spelling", ["soon", "2026-03-01T12:00:00", "2026-13-01T12:00:00Z"])
def test_release_date_that_cannot_be_understood_is_not_no_release_date(aws: Aws, spelling: str) -> None:
    put(aws.inventory, cooling("1"), cooling("2"))
    spoil(aws, "2", "release_at", {"S": spelling})
    [only] = swept(aws.inventory)
    assert list(only.unreadable) == ["2"]


def test_last_number_of_a_slice_may_be_unreadable(aws: Aws) -> None:
    """GIVEN a slice that ends with a spoilt number THEN the next one begins behind it all the same."""
    put(aws.inventory, *(used(number, description="x" * 8000) for number in listed(300)))
    first, *_ = swept(aws.inventory)
    assert first.upto is not None
    spoil(aws, first.upto, "status", {"S": "Free"})
    slices = swept(aws.inventory)
    assert [each.upto for each in slices if each.unreadable] == [first.upto]
    assert sorted([*spelt(slices), first.upto]) == listed(300)


def test_usage_in_another_spelling_is_shown_as_it_is(aws: Aws) -> None:
    put(aws.inventory, used("1"))
    spoil(aws, "1", "usage", {"S": "Toaster"})
    assert [glance.usage for glance in glances(swept(aws.inventory))] == ["Toaster"]


# --- what it costs


def test_sweep_costs_no_more_than_a_bare_read(metered: Aws) -> None:
    """GIVEN megabytes of numbers THEN a sweep takes as many requests and units as a bare read, and no write."""
    put(metered.inventory, *(used(number, description="x" * 8000) for number in listed(300)))
    metered.meter.reset()
    pages = metered.client.get_paginator("query").paginate(
        TableName=metered.tables.numbers,
        KeyConditionExpression="customer = :customer",
        ExpressionAttributeValues={":customer": {"S": CUSTOMER}},
    )
    assert sum(page["Count"] for page in pages) == 300
    requests, units = metered.meter.total_requests, metered.meter.read_units

    metered.meter.reset()
    swept(metered.inventory)
    assert metered.meter.total_requests == requests
    assert metered.meter.read_units <= units
    assert metered.meter.write_units == 0
