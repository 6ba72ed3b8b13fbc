"""Looking numbers up."""

from dataclasses import replace
from datetime import datetime

import pytest

from number_inventory.domain.errors import InvalidInputError, NotFoundError, RecordBrokenError
from number_inventory.domain.numbers import AUDIOCODES, Status
from number_inventory.ports.numbers import NumberQuery
from number_inventory.services.lookup import MAX_LIMIT, LookUpNumbers
from tests.memory.world import CUSTOMER, World
from tests.unit.domain.records import available, cooling, used


@pytest.fixture
def world() -> World:
    world = World()
    for number in ("1001", "1002", "+441001"):
        world.inventory.put(replace(used(), number=number, site="London"))
    world.inventory.put(replace(cooling(), number="1003", site="Paris"))
    world.inventory.put(replace(available(), number="2001"))
    world.inventory.put(replace(available(), number="1001", customer="other"))
    return world


@pytest.fixture
def look_up(world: World) -> LookUpNumbers:
    return LookUpNumbers(world.inventory)


def test_one_number(look_up: LookUpNumbers) -> None:
    """GIVEN numbers of two customers, WHEN one is looked up, THEN it is that customer's, in any accepted spelling."""
    assert look_up.one(CUSTOMER, "1001").status is Status.USED
    assert look_up.one("other", "1001").status is Status.AVAILABLE
    assert look_up.one(CUSTOMER, r"\+441001").number == "+441001"


def test_an_unknown_number_is_not_found(look_up: LookUpNumbers) -> None:
    """GIVEN no such number of this customer, WHEN looked up, THEN not found, with customer and number."""
    with pytest.raises(NotFoundError, match="customer other has no number 1002"):
        look_up.one("other", "1002")


@pytest.mark.parametrize(
    ("customer", "number", "field"),
    [("Acme", "1001", "customer"), ("#global", "1001", "customer"), (CUSTOMER, "x", "number")],
)
def test_malformed_input_is_named(look_up: LookUpNumbers, customer: str, number: str, field: str) -> None:
    """GIVEN a malformed customer or number, WHEN looked up, THEN the field is named."""
    with pytest.raises(InvalidInputError) as refusal:
        look_up.one(customer, number)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (NumberQuery(customer=CUSTOMER), ["+441001", "1001", "1002", "1003", "2001"]),
        (NumberQuery(customer="other"), ["1001"]),
        (NumberQuery(customer="nobody"), []),
        (NumberQuery(customer=CUSTOMER, status=Status.COOLING), ["1003"]),
        (NumberQuery(customer=CUSTOMER, vendor=AUDIOCODES), ["+441001", "1001", "1002"]),
        (NumberQuery(customer=CUSTOMER, vendor=""), ["1003", "2001"]),
        (NumberQuery(customer=CUSTOMER, usage="Device", prefix="100"), ["1001", "1002"]),
        (NumberQuery(customer=CUSTOMER, site="Paris"), ["1003"]),
        (NumberQuery(customer=CUSTOMER, prefix="+44"), ["+441001"]),
        (NumberQuery(customer=CUSTOMER, device="sbc1"), ["+441001", "1001", "1002"]),
        (NumberQuery(customer=CUSTOMER, first="1002", last="1003"), ["1002", "1003"]),
        (NumberQuery(customer=CUSTOMER, first="1002"), ["1002", "1003", "2001"]),
        (NumberQuery(customer=CUSTOMER, text="eception", reverse=True), ["2001", "1003", "1002", "1001", "+441001"]),
        (NumberQuery(customer=CUSTOMER, text="reception"), []),
    ],
)
def test_a_page_shows_what_matches_in_order(look_up: LookUpNumbers, query: NumberQuery, found: list[str]) -> None:
    """GIVEN a query, WHEN a page is asked for, THEN what matches is on it, by spelling."""
    page = look_up.page(query)

    assert [record.number for record in page.numbers] == found
    assert page.last is None


def test_pages_follow_one_another(look_up: LookUpNumbers) -> None:
    """GIVEN pages of two, WHEN each goes on after the last, THEN every number is seen once."""
    seen: list[str] = []
    after: str | None = None
    while True:
        page = look_up.page(NumberQuery(customer=CUSTOMER), 2, after)
        seen += [record.number for record in page.numbers]
        after = page.last
        if after is None:
            break

    assert seen == ["+441001", "1001", "1002", "1003", "2001"]


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
def test_a_limit_out_of_range_is_refused(look_up: LookUpNumbers, limit: int) -> None:
    """GIVEN a limit out of range, WHEN a page is asked for, THEN it is refused with the range."""
    with pytest.raises(InvalidInputError, match=f"limit: must be from 1 to {MAX_LIMIT}"):
        look_up.page(NumberQuery(customer=CUSTOMER), limit)


@pytest.mark.parametrize("limit", [1, MAX_LIMIT])
def test_the_ends_of_the_range_are_allowed(look_up: LookUpNumbers, limit: int) -> None:
    """GIVEN the least and the greatest limit, WHEN a page is asked for, THEN it comes."""
    assert look_up.page(NumberQuery(customer=CUSTOMER), limit).numbers


@pytest.mark.parametrize("prefix", ["x", "10a", "++", "1+", " 1", "-"])
def test_a_prefix_that_begins_no_number_is_refused(look_up: LookUpNumbers, prefix: str) -> None:
    """GIVEN a prefix that no number has, WHEN a page is asked for, THEN it is refused."""
    with pytest.raises(InvalidInputError, match="prefix"):
        look_up.page(NumberQuery(customer=CUSTOMER, prefix=prefix))


def test_a_malformed_customer_is_refused(look_up: LookUpNumbers) -> None:
    """GIVEN no slug, WHEN a page is asked for, THEN it is refused."""
    with pytest.raises(InvalidInputError, match="customer"):
        look_up.page(NumberQuery(customer="a#b"))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (NumberQuery(customer=CUSTOMER, device="SBC 1"), "device"),
        (NumberQuery(customer=CUSTOMER, first="x"), "first"),
        (NumberQuery(customer=CUSTOMER, first=r"\+49"), "first"),
        (NumberQuery(customer=CUSTOMER, last=" 1"), "last"),
        (NumberQuery(customer=CUSTOMER, first="2", last="1"), "last"),
        (NumberQuery(customer=CUSTOMER, changed_since=datetime(2026, 1, 1)), "changed_since"),  # noqa: DTZ001
        (NumberQuery(customer=CUSTOMER, text="a\nb"), "text"),
        (NumberQuery(customer=CUSTOMER, text="x" * 201), "text"),
    ],
)
def test_malformed_parts_of_a_query_are_named(look_up: LookUpNumbers, query: NumberQuery, field: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        look_up.page(query)
    assert refusal.value.field == field


def test_several_by_name_are_found_or_missing(look_up: LookUpNumbers) -> None:
    """GIVEN names in any spelling, some twice, some unknown WHEN looked up THEN each is found or missing once."""
    found, missing = look_up.batch(CUSTOMER, ["2001", "9999", r"\+441001", "1001", "+441001", "9998"])
    assert [record.number for record in found] == ["2001", "+441001", "1001"]
    assert list(missing) == ["9999", "9998"]


@pytest.mark.parametrize("numbers", [[], ["1001", "x"], [str(number) for number in range(1000, 1101)]])
def test_malformed_lists_are_refused(look_up: LookUpNumbers, numbers: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="numbers"):
        look_up.batch(CUSTOMER, numbers)


def test_unreadable_number_never_passes_for_missing(world: World, look_up: LookUpNumbers) -> None:
    world.inventory.unreadable = {"1001"}
    with pytest.raises(RecordBrokenError):
        look_up.batch(CUSTOMER, ["1001", "1002"])
