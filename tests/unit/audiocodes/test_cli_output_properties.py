"""What holds for every list of users: it reads back as it was written, and damage to it never goes unnoticed."""

import re
from unittest.mock import patch

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from number_inventory.adapters.audiocodes import cli_grammar, cli_output
from number_inventory.adapters.audiocodes.cli_output import Listing, parse_listing
from number_inventory.adapters.audiocodes.completeness import Counts, why_partial
from number_inventory.domain.aors import split_aor
from number_inventory.domain.snapshots import RegisteredUser
from tests.unit.audiocodes.rendering import Style, as_read, entry_lines, joined, lines_of, users

STYLES = st.sampled_from(Style)
COUNTED = st.sampled_from(["aors", "contacts"])
GARBAGE = st.text(min_size=0, max_size=30) | st.text("<>;:@. sipexr=0123456789", max_size=40)


def complete(listing: Listing, listed: list[RegisteredUser], counted: str) -> bool:
    """Whether the listing passes for complete on a device that counts in that way."""
    counts = {"aors": len(listed), "contacts": sum(len(user.contacts) for user in listed)}
    count = counts.get(counted)
    return not why_partial(listing, Counts(count, count))


@given(users(), STYLES, st.booleans(), COUNTED)
def test_any_list_in_any_style_reads_back_exactly(
    listed: list[RegisteredUser], style: Style, total: bool, counted: str
) -> None:
    # GIVEN any users, written in any style
    listing = parse_listing(joined(lines_of(listed, style, total=total), style))
    # THEN they read back one by one, and the list is complete whatever the device counts; but the contacts of a single
    # user may be as many as the users of a list that is cut off behind the first
    assert list(listing.users) == [as_read(user, style) for user in listed]
    assert listing.users.user_parts == [split_aor(user.aor).user for user in listing.users]
    assert listing.users.dormant == {
        at for at, user in enumerate(listed) if not any(contact.active for contact in user.contacts)
    }
    assert complete(listing, listed, counted) or (len(listed) == 1 and counted == "contacts" and not total)


@given(users(), STYLES, GARBAGE, st.data())
def test_the_fast_way_and_the_thorough_way_read_the_same(
    listed: list[RegisteredUser], style: Style, garbage: str, data: st.DataObject
) -> None:
    # GIVEN any output, damaged or not
    lines = lines_of(listed, style, total=data.draw(st.booleans()))
    lines.insert(data.draw(st.integers(0, len(lines))), garbage)
    text = joined(lines, style)
    # WHEN it is read with the pattern for ordinary entries and without it
    fast = parse_listing(text)
    with patch.object(cli_grammar, "ORDINARY", re.compile(r"(?!)()()")):
        thorough = parse_listing(text)
    # THEN both say the same
    assert list(fast.users) == list(thorough.users)
    assert fast.users.user_parts == thorough.users.user_parts
    assert (fast.doubts, fast.contacts, fast.closed, fast.totals_agree, fast.users.dormant) == (
        thorough.doubts,
        thorough.contacts,
        thorough.closed,
        thorough.totals_agree,
        thorough.users.dormant,
    )


@given(users(), STYLES, st.integers(1, 200))
def test_how_the_text_is_cut_into_pieces_does_not_matter(listed: list[RegisteredUser], style: Style, size: int) -> None:
    # GIVEN pieces of any size THEN the same is read
    text = joined(lines_of(listed, style, total=True), style)
    with patch.object(cli_output, "_PIECE", size):
        listing = parse_listing(text)
    assert list(listing.users) == [as_read(user, style) for user in listed]
    assert listing.users.user_parts == [split_aor(user.aor).user for user in listing.users]
    assert listing.doubts == ()


@settings(max_examples=300)
@given(users(minimum=1), STYLES, st.booleans(), COUNTED | st.just("nothing"), st.data())
def test_a_cut_at_any_place_never_loses_a_user_of_a_complete_list(
    listed: list[RegisteredUser], style: Style, total: bool, counted: str, data: st.DataObject
) -> None:
    # GIVEN output, also with separators between the entries, that ends too early, at any character
    text = joined(lines_of(listed, style, total=total, parted=data.draw(st.booleans())), style)
    listing = parse_listing(text[: data.draw(st.integers(0, len(text)))])
    # THEN it is complete only if no user is missing
    assert not complete(listing, listed, counted) or len(listing.users) >= len(listed)


@settings(max_examples=300)
@given(users(minimum=1), STYLES, st.booleans(), COUNTED, st.data())
def test_a_line_lost_or_garbled_never_loses_a_user_of_a_complete_list(
    listed: list[RegisteredUser], style: Style, total: bool, counted: str, data: st.DataObject
) -> None:
    # GIVEN output in which one line is missing or is something else
    lines = lines_of(listed, style, total=total)
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at : at + 1] = data.draw(st.just([]) | GARBAGE.map(lambda text: [text]))
    listing = parse_listing(joined(lines, style))
    # THEN it is complete only if no user is missing
    assert not complete(listing, listed, counted) or len(listing.users) >= len(listed)


@settings(max_examples=300)
@given(users(minimum=2), STYLES, st.booleans(), COUNTED, st.data())
def test_several_lines_lost_never_lose_a_user_of_a_complete_list(
    listed: list[RegisteredUser], style: Style, total: bool, counted: str, data: st.DataObject
) -> None:
    # GIVEN output of which any stretch is missing
    lines = lines_of(listed, style, total=total)
    start = data.draw(st.integers(0, len(lines) - 2))
    end = data.draw(st.integers(start + 1, len(lines) - 1))
    listing = parse_listing(joined(lines[:start] + lines[end:], style))
    # THEN it is complete only if no user is missing; without a total a device that counts AORs cannot be told from one
    # that counts contacts, so that the AORs lost may happen to be as many as the further contacts that are left
    assume(total or listing.contacts != len(listed))
    missing = {as_read(user, style).aor for user in listed} - {user.aor for user in listing.users}
    assert not complete(listing, listed, counted) or not missing


@given(users(minimum=2), STYLES, GARBAGE, st.data())
def test_whatever_stands_among_the_entries_is_data_or_doubted(
    listed: list[RegisteredUser], style: Style, garbage: str, data: st.DataObject
) -> None:
    # GIVEN anything on a line of its own between two users
    assume(garbage.strip() and not re.fullmatch(r"[-=*_~#+. |]{3,}", garbage.strip()))
    assume(not re.search(r"[\r\n]|\. ", garbage))
    at = data.draw(st.integers(1, len(listed) - 1))
    lines = [line for user in listed[:at] for line in entry_lines(user, style)]
    lines += [garbage, *(line for user in listed[at:] for line in entry_lines(user, style))]
    listing = parse_listing(joined(lines, style))
    # THEN it is read as data, or there is a doubt: nothing is dropped in silence
    understood = len(listing.users) > len(listed) or listing.contacts > sum(len(user.contacts) for user in listed)
    assert listing.doubts or understood


@given(st.text(max_size=300) | st.text("<>;:@. sipexr=0123456789\r\n", max_size=300))
def test_nothing_makes_it_fail(text: str) -> None:
    # GIVEN any text at all THEN it is read without an error, and every user can be had
    listing = parse_listing(text)
    assert sum(len(user.contacts) for user in listing.users) == listing.contacts
