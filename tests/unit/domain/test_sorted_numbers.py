"""Many numbers in little memory, against a plain set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.sorted_numbers import WIDTH, SortedNumbers

numbers = st.from_regex(r"\A(\+[0-9]{1,15}|[0-9*#]{1,20})\Z", fullmatch=True)


@given(st.lists(numbers, max_size=60), numbers, numbers, st.integers(1, 30))
def test_it_is_a_sorted_set(given: list[str], after: str, upto: str, count: int) -> None:
    """GIVEN any numbers, WHEN packed, THEN order, membership, stretches and cuts are those of a sorted set."""
    packed, plain = SortedNumbers.of(given), sorted(set(given))

    assert list(packed) == plain
    assert len(packed) == len(plain)
    assert all(number in packed for number in given)
    assert (after in packed) == (after in plain)
    assert packed.between(after, upto) == [number for number in plain if after < number <= upto]
    assert packed.between("", None) == plain
    behind = [number for number in plain if number > after]
    assert packed.ahead(after, count) == (behind[count - 1] if len(behind) >= count else None)
    assert packed.ahead("", count) == (plain[count - 1] if len(plain) >= count else None)


def test_a_number_costs_twenty_bytes() -> None:
    """GIVEN more numbers than are packed at once, WHEN packed, THEN each takes 20 bytes and comes out again."""
    many = [f"+49{index:09d}" for index in range(10_000)]
    packed = SortedNumbers.in_order(iter(many))
    assert len(packed._packed) == WIDTH * len(many)
    assert list(packed) == many


@pytest.mark.parametrize("wrong", [["2", "1"], ["1", "1"], ["1" * 21]])
def test_what_is_not_in_order_or_does_not_fit_is_refused(wrong: list[str]) -> None:
    """GIVEN numbers out of order, twice, or too long, WHEN packed as they come, THEN they are refused."""
    with pytest.raises(InvalidInputError, match="numbers"):
        SortedNumbers.in_order(wrong)


def test_what_no_number_can_be_is_not_in_it() -> None:
    """GIVEN strings that are no numbers, as a damaged table may have, WHEN asked for, THEN they are not in it."""
    packed = SortedNumbers.of(["1", "2"])
    assert "ü" not in packed
    assert 1 not in packed  # type: ignore[comparison-overlap]
    assert packed.between("1", "ü") == ["2"]
    assert packed.between("ü", None) == []
