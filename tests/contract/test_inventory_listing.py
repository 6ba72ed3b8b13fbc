"""Listings: whatever is asked, paging through finds each match once, in order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.ports.numbers import Inventory, NumberQuery
from tests.contract.conftest import Aws, Ports
from tests.contract.made import CUSTOMER, NOW, listed, numbers, put, record, spellings, used, written


@pytest.fixture
def inventory(ports: Ports) -> Inventory:
    return ports.inventory


def all_pages(inventory: Inventory, query: NumberQuery, limit: int, most: int = 100) -> list[str]:
    """Page through to the end."""
    found: list[str] = []
    after: str | None = None
    for _ in range(most):
        page = inventory.page(query, limit, after)
        assert len(page.numbers) <= limit
        found += spellings(page.numbers)
        if page.last is None:
            return found
        forward = after is None or (page.last < after if query.reverse else page.last > after)
        assert forward, "a page must come forward"
        after = page.last
    pytest.fail(f"no end after {most} pages")


def query(**fields: object) -> NumberQuery:
    return replace(NumberQuery(customer=CUSTOMER), **fields)  # type: ignore[arg-type]


def stock(inventory: Inventory) -> list[NumberRecord]:
    """Numbers of many kinds."""
    kinds: list[Callable[[str], NumberRecord]] = [
        record,
        lambda number: record(number, status=Status.RESERVED, reserved_for="someone"),
        lambda number: used(number, site="Munich", updated_at=NOW + timedelta(milliseconds=500)),
        lambda number: record(
            number, status=Status.USED, usage=Usage.USER, vendor="Microsoft", assigned_to="alice", tag="lobby"
        ),
        lambda number: record(number, status=Status.COOLING, description="Front desk", updated_at=NOW),
    ]
    return put(inventory, *(kinds[index % len(kinds)](number) for index, number in enumerate(listed(60))))


QUERIES = (
    query(),
    query(status=Status.AVAILABLE),
    query(status=Status.RESERVED),
    query(status=Status.USED),
    query(status=Status.COOLING),
    query(status=Status.USED_UTILITY),
    query(vendor="AudioCodes"),
    query(vendor=""),
    query(usage="Device"),
    query(usage=""),
    query(site="Munich"),
    query(site=""),
    query(status=Status.AVAILABLE, vendor=""),
    query(status=Status.USED, vendor="Microsoft", usage="User"),
    query(prefix="+49890000003"),
    query(prefix="+49890000003", status=Status.AVAILABLE),
    query(prefix="+49890000003", vendor="AudioCodes"),
    query(prefix="0"),
    query(customer="other"),
    query(device="sbc-1"),
    query(device="sbc-2"),
    query(device="sbc-1", status=Status.USED, site="Munich"),
    query(assigned_to="alice"),
    query(assigned_to=""),
    query(first=listed(60)[7], last=listed(60)[31]),
    query(first=listed(60)[7], status=Status.AVAILABLE),
    query(last=listed(60)[31], status=Status.RESERVED),
    query(first="+4989", last="+4989000000100"),
    query(first="+498900000010", last="+498900000011", prefix="+49"),
    query(first=listed(60)[31], prefix="+498900000001"),
    query(changed_since=NOW),
    query(changed_since=NOW + timedelta(milliseconds=500)),
    query(changed_since=NOW + timedelta(seconds=1)),
    query(changed_since=NOW, status=Status.AVAILABLE),
    query(text="esk"),
    query(text="Desk"),
    query(text="lob", vendor="Microsoft"),
)


@pytest.mark.parametrize("limit", [3, 60, 500])
def test_paging_finds_every_match_once(inventory: Inventory, limit: int) -> None:
    """GIVEN a stock of all kinds WHEN paged through THEN each match is found once, in the order of its spelling."""
    stored = stock(inventory)
    expected = {wanted: [each.number for each in stored if matches(each, wanted)] for wanted in QUERIES}
    assert {wanted: all_pages(inventory, wanted, limit) for wanted in QUERIES} == expected
    backwards = {wanted: all_pages(inventory, replace(wanted, reverse=True), limit) for wanted in QUERIES}
    assert backwards == {wanted: found[::-1] for wanted, found in expected.items()}


def matches(found: NumberRecord, wanted: NumberQuery) -> bool:
    """What a query asks, in plain words."""
    pairs = (
        (wanted.status, found.status),
        (wanted.vendor, found.vendor),
        (wanted.usage, found.usage),
        (wanted.site, found.site),
        (wanted.assigned_to, found.assigned_to),
    )
    low, high = wanted.first or "!", wanted.last or "~"
    return (
        wanted.customer == found.customer
        and found.number.startswith(wanted.prefix)
        and low <= found.number <= high
        and (len(low) != len(high) or low == "!" or len(found.number) == len(low))
        and all(a is None or a == b for a, b in pairs)
        and (not wanted.device or wanted.device in {holder.device for holder in found.holders})
        and (
            wanted.changed_since is None or (found.updated_at is not None and found.updated_at >= wanted.changed_since)
        )
        and any(wanted.text in words for words in (found.description, found.tag))
    )


def test_full_page_with_nothing_behind_it_may_say_so_or_lead_to_an_empty_one(inventory: Inventory) -> None:
    put(inventory, *(record(number) for number in listed(4)))
    assert all_pages(inventory, query(), 4) == listed(4)
    assert all_pages(inventory, query(status=Status.AVAILABLE), 4) == listed(4)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stored=st.sets(numbers, max_size=12), prefix=st.sampled_from(["", "+", "+4", "*", "#", "0", "1"]), data=st.data()
)
def test_any_spelling_can_be_paged_by_any_prefix(
    inventory: Inventory, stored: set[str], prefix: str, data: st.DataObject
) -> None:
    """GIVEN numbers of any spelling, one the beginning of another among them THEN paging finds each once."""
    customer = uuid4().hex
    inventory.save([written(replace(record(number), customer=customer)) for number in sorted(stored)])
    expected = sorted(number for number in stored if number.startswith(prefix))
    for status in (None, Status.AVAILABLE):
        wanted = NumberQuery(customer=customer, status=status, prefix=prefix)
        assert all_pages(inventory, wanted, data.draw(st.integers(1, 5))) == expected
        backwards = replace(wanted, reverse=True)
        assert all_pages(inventory, backwards, data.draw(st.integers(1, 5))) == expected[::-1]
    batches = list(inventory.available(customer, prefix, data.draw(st.integers(1, 5))))
    assert [number for batch in batches for number in batch] == expected
    assert all(batches)


def test_page_after_a_number_that_is_gone_or_never_was(inventory: Inventory) -> None:
    """GIVEN a place to go on that no number stands at THEN the page begins behind it."""
    put(inventory, *(record(number) for number in ("100", "200", "300")))
    assert spellings(inventory.page(query(), 10, "150").numbers) == ["200", "300"]
    assert spellings(inventory.page(query(status=Status.AVAILABLE), 10, "200").numbers) == ["300"]
    assert spellings(inventory.page(query(reverse=True), 10, "250").numbers) == ["200", "100"]
    assert spellings(inventory.page(query(reverse=True, status=Status.AVAILABLE), 10, "200").numbers) == ["100"]
    assert inventory.page(query(reverse=True), 10, "100").numbers == ()
    assert inventory.page(query(prefix="1"), 10, "999").numbers == ()


def test_page_that_finds_little_stays_bounded(aws: Aws) -> None:
    """GIVEN 301 numbers of which one matches WHEN listed by ones THEN no page takes more than ten requests."""
    put(aws.inventory, *(used(number) for number in listed(300)))
    put(aws.inventory, used("+5", site="far"))
    after: str | None = None
    found: list[str] = []
    for _ in range(20):
        aws.meter.reset()
        page = aws.inventory.page(query(site="far"), 1, after)
        assert aws.meter.total_requests <= 10
        found += spellings(page.numbers)
        after = page.last
        if after is None:
            break
    assert found == ["+5"]
