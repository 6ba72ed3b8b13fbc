"""When a list is the whole truth."""

import pytest

from number_inventory.adapters.audiocodes.cli_output import parse_listing
from number_inventory.adapters.audiocodes.completeness import Counts, why_partial

ONE = "1000@h\n<sip:1000@a>;expires=1; IPG:1\n"
TWO_CONTACTS = "1001@h\n<sip:1001@a>;expires=1; IPG:1\n<sip:1001@b>;expires=1; IPG:1\n"
END = "-----\n"


@pytest.mark.parametrize("count", [2, 3])
def test_a_count_of_aors_and_a_count_of_contacts_are_accepted(count: int) -> None:
    # GIVEN two users with three contacts, and a device that counts either THEN the list is complete
    assert why_partial(parse_listing(ONE + TWO_CONTACTS + END), Counts(count, count)) == ""


@pytest.mark.parametrize("count", [0, 1, 4])
def test_any_other_count_makes_it_partial(count: int) -> None:
    # GIVEN a count that fits neither THEN the reason names all three numbers
    reason = why_partial(parse_listing(ONE + TWO_CONTACTS + END), Counts(count, count))
    assert reason == f"the device counts {count} registered users, but lists 2 AORs with 3 contacts"


@pytest.mark.parametrize("counts", [Counts(1, 2), Counts(2, 1), Counts(None, 2), Counts(2, None)])
def test_a_count_that_moves_makes_it_partial(counts: Counts) -> None:
    # GIVEN different counts before and after, or one of them only THEN the list may be of either moment
    assert "went from" in why_partial(parse_listing(ONE + TWO_CONTACTS), counts)


def test_without_a_count_a_list_counts_if_it_shows_its_end() -> None:
    # GIVEN no count THEN a list that just stops, and an empty one, prove nothing
    assert why_partial(parse_listing(ONE + TWO_CONTACTS + END), Counts(None, None)) == ""
    assert "just stops" in why_partial(parse_listing(ONE + TWO_CONTACTS), Counts(None, None))
    assert "empty list" in why_partial(parse_listing(""), Counts(None, None))


def test_an_empty_list_is_complete_where_the_count_says_so() -> None:
    # GIVEN a count of nothing THEN everybody is gone
    assert why_partial(parse_listing(""), Counts(0, 0)) == ""


def test_a_doubt_outweighs_counts_that_agree() -> None:
    # GIVEN a line that is not understood THEN the counts do not matter
    assert "line 3" in why_partial(parse_listing(f"{ONE}?@?\n{TWO_CONTACTS}"), Counts(2, 2))


def test_a_list_cut_off_does_not_pass_for_a_count_of_contacts() -> None:
    # GIVEN three users of which the last is cut off, so that as many contacts are left as there were users
    reason = why_partial(parse_listing(ONE + TWO_CONTACTS), Counts(3, 3))
    # THEN the agreement proves nothing
    assert "some AORs may be missing" in reason


@pytest.mark.parametrize("between", [END, "Registered users\n", "users:\n", "Total: 1 users, 1 contacts\n"])
@pytest.mark.parametrize("count", [None, 3])
def test_what_stands_between_entries_is_no_end(between: str, count: int | None) -> None:
    # GIVEN a separator, heading or total between entries, and a list of three users that is cut off behind one
    text = between + TWO_CONTACTS + between + ONE + between
    # THEN nothing shows that its end is there, whether the device counts or not
    assert why_partial(parse_listing(text), Counts(count, count)) != ""


def test_what_stands_behind_a_single_user_is_no_end() -> None:
    # GIVEN a separator behind the only user THEN it may stand between users, and the others be cut off
    assert why_partial(parse_listing(END + ONE + END), Counts(None, None)) != ""
    assert why_partial(parse_listing(END + TWO_CONTACTS + END), Counts(2, 2)) != ""


def test_a_list_with_separators_between_entries_is_complete_by_the_count_of_aors() -> None:
    # GIVEN separators between entries, and a count of AORs THEN the list needs no end
    assert why_partial(parse_listing(END + ONE + END + TWO_CONTACTS + END), Counts(2, 2)) == ""


@pytest.mark.parametrize("count", [3, 4, None])
def test_a_list_that_shows_an_aor_again_may_lack_another(count: int | None) -> None:
    # GIVEN a user who moved while the device listed, so that it stands there twice and another one does not
    text = f"{ONE}{TWO_CONTACTS}{ONE}{END}"
    # THEN neither a count of AORs nor one of contacts proves anything, nor does the list's own total
    for total in ("", "Total: 3 users, 4 contacts\n"):
        assert "1 of the AORs again" in why_partial(parse_listing(text + total), Counts(count, count))


def test_an_aor_that_comes_again_harms_nothing_where_the_different_ones_are_counted() -> None:
    # GIVEN a user with a line for each contact, and a device that counts two AORs THEN the list is complete
    assert why_partial(parse_listing(ONE + TWO_CONTACTS + ONE), Counts(2, 2)) == ""


def test_the_same_user_part_at_another_host_is_another_aor() -> None:
    # GIVEN the same extension of two tenants and without a host THEN these are three users
    text = f"{ONE}1000@k\n<sip:1000@a>;expires=1; IPG:1\n1000\n<sip:1000@a>;expires=1; IPG:1\n{END}"
    assert why_partial(parse_listing(text), Counts(3, 3)) == ""


def test_a_lost_aor_does_not_pass_for_a_count_of_contacts() -> None:
    # GIVEN three users with one contact each, and the line of the second AOR lost
    text = f"{ONE}<sip:1001@a>;expires=1; IPG:1\n1002@h\n<sip:1002@a>;expires=1; IPG:1\n{END}"
    # THEN the contact of another user under the first AOR gives it away
    assert "some AORs may be missing" in why_partial(parse_listing(text), Counts(3, 3))


def test_the_lists_own_total_proves_a_count_of_contacts() -> None:
    # GIVEN contacts with random names, and a total that is right THEN the count may be one of contacts
    text = "1001@h\n<sip:k3@a>;expires=1; IPG:1\n<sip:q9@b>;expires=1; IPG:1\n"
    assert why_partial(parse_listing(text + END), Counts(2, 2)) != ""
    assert why_partial(parse_listing(text + "Total: 1 users, 2 contacts"), Counts(2, 2)) == ""
