"""What is read from the output of the list command; the fixtures are synthetic, see tests/fixtures/audiocodes."""

import json
import time
from pathlib import Path

import pytest

from number_inventory.adapters.audiocodes.cli_output import Listing, parse_listing
from number_inventory.domain.snapshots import Contact, RegisteredUser

FIXTURES = Path(__file__).parents[2] / "fixtures" / "audiocodes"
ONE = "1000@10.8.5.71\n  <sip:1000@10.8.5.71:5060>;expires=180; Active status:1\n"
TWO = "1001@10.8.5.71\n  <sip:1001@10.8.5.72:5060>;expires=180; Active status:1\n"


def contact(uri: str, expires: int | None = 180, *, active: bool = True) -> Contact:
    return Contact(uri, active, expires)


def aors(text: str) -> list[str]:
    return shown(parse_listing(text))


def shown(listing: Listing) -> list[str]:
    return [user.aor for user in listing.users]


def test_classic_output_is_read() -> None:
    # GIVEN synthetic output with `Active status`
    listing = parse_listing((FIXTURES / "classic.txt").read_text())
    # THEN every user is there with its contacts, and everything is understood
    assert list(listing.users) == [
        RegisteredUser("1000@10.8.5.71", (contact("sip:1000@10.8.5.71:5060"),)),
        RegisteredUser("Sue", (contact("sip:Sue@10.8.5.80:5060"),)),
        RegisteredUser("1001@10.8.5.71", (contact("sip:1001@10.8.5.72:5060", active=False),)),
        RegisteredUser(
            "+441632960017@voice.example.net",
            (
                contact("sip:+441632960017@10.8.5.90:5060;transport=tls", 600),
                contact("sip:+441632960017@10.8.5.91:5060;transport=tls", 3600, active=False),
            ),
        ),
    ]
    assert (listing.contacts, listing.doubts, listing.closed, listing.totals_agree) == (5, (), True, True)
    assert listing.users.dormant == {2}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_modern_output_is_read(line_end: str) -> None:
    # GIVEN synthetic output with `Not-Active`, `Userinfo` and IP groups, with any line end
    text = (FIXTURES / "modern.txt").read_text().replace("\n", line_end)
    # WHEN it is read
    listing = parse_listing(text)
    # THEN every user is there with its contacts and its IP group, and everything is understood
    assert list(listing.users) == [
        RegisteredUser("sip:1000@10.8.5.71", (contact("sip:1000@10.8.5.71:5060"),), 1),
        RegisteredUser("4709", (contact("sip:4709@joe.example.com:5060"),), 2),
        RegisteredUser("1001@10.8.5.71", (contact("sip:1001@10.8.5.72:5060", active=False),), 1),
        RegisteredUser(
            "1002@[2001:db8::5]",
            (contact("Userinfo", None), contact("sip:1002@[2001:db8::7]:5061;transport=tls", 599)),
            3,
        ),
    ]
    assert (listing.doubts, listing.closed, listing.totals_agree) == ((), True, False)


def test_the_rendering_with_dots_keeps_the_dots_of_ip_addresses() -> None:
    # GIVEN a synthetic answer in which line breaks show as ". "
    output = json.loads((FIXTURES / "dotted.json").read_text())["output"]
    # WHEN it is read
    listing = parse_listing(output)
    # THEN the AORs are whole
    assert shown(listing) == ["1000@10.8.5.71", "1001@10.8.5.71", "Sue"]
    assert listing.users.dormant == {1}
    assert listing.doubts == ()


@pytest.mark.parametrize(
    "entry",
    [
        "1000@10.8.5.71 <sip:1000@10.8.5.71:5060>;expires=180; Active status:1",
        "AOR: 1000@10.8.5.71\nContact: <sip:1000@10.8.5.71:5060>;expires=180; Active status:1",
        "1000@10.8.5.71\n\n<sip:1000@10.8.5.71:5060>;expires=180;Active status:1;",
        "1000@10.8.5.71\nsip:1000@10.8.5.71:5060;expires=180; Active status:1",
        "  1000@10.8.5.71  \n\t<sip:1000@10.8.5.71:5060>; expires=180 ; active status: 1",
    ],
)
def test_other_layouts_of_the_same_entry_are_read_alike(entry: str) -> None:
    # GIVEN the same entry, laid out in another way THEN it says the same
    listing = parse_listing(entry)
    assert list(listing.users) == [RegisteredUser("1000@10.8.5.71", (contact("sip:1000@10.8.5.71:5060"),))]
    assert listing.doubts == ()


@pytest.mark.parametrize(
    "aor",
    [
        "Sue",
        "4709",
        "*55#",
        "+441632960017@voice.example.net",
        "%2B441632960017@voice.example.net",
        "sips:1000@10.8.5.71:5061",
        "tel:+441632960017",
        "sip:1000;ext=5@10.8.5.71;user=phone",
        "1000@[2001:db8::5]",
        "Zoë@example.net",
        "o'neill!@example.net",
    ],
)
def test_every_form_of_aor_is_kept_as_it_stands(aor: str) -> None:
    # GIVEN an AOR in one of the forms to accept THEN it is read as it stands, among others too
    entry = f"{aor}\n  <sip:x@10.8.5.71:5060>;expires=180; IPG:1; ID:1\n"
    assert aors(ONE + entry + TWO) == ["1000@10.8.5.71", aor, "1001@10.8.5.71"]
    assert parse_listing(ONE + entry + TWO).doubts == ()


def test_five_contacts_are_one_user() -> None:
    # GIVEN five contacts behind one AOR THEN there is one user with five contacts
    lines = "".join(f"  <sip:1000@10.8.5.71:{port}>;expires=180; IPG:1; ID:1\r\n" for port in range(5060, 5065))
    listing = parse_listing(f"1000@10.8.5.71\r\n{lines}")
    assert [len(user.contacts) for user in listing.users] == [5]
    assert listing.contacts == 5


def test_a_user_with_one_active_contact_of_several_is_not_dormant() -> None:
    # GIVEN two users, one with no active contact, one with one of two
    text = (
        "1000@h\n<sip:1000@a>;expires=1; Not-Active\n<sip:1000@b>;expires=1; IPG:1\n"
        "1001@h\n<sip:1001@a>;expires=1; Not-Active\n"
    )
    # THEN only the first is dormant
    listing = parse_listing(text)
    assert shown(listing) == ["1000@h", "1001@h"]
    assert listing.users.dormant == {1}


def test_an_aor_without_contacts_is_shown_and_dormant() -> None:
    # GIVEN an AOR with no contact behind it, among others THEN it neither claims nor disappears
    listing = parse_listing(f"1000@h\n{TWO}")
    assert listing.users[0] == RegisteredUser("1000@h", ())
    assert listing.users.dormant == {0}
    assert listing.doubts == ()


@pytest.mark.parametrize(
    "text", ["", "   \r\n ", "sbc# show voip register db sbc list\r\nTotal: 0 users, 0 contacts\r\n"]
)
def test_nothing_is_an_empty_listing(text: str) -> None:
    # GIVEN output without any entry THEN there is no user and no doubt
    listing = parse_listing(text)
    assert (len(listing.users), listing.contacts, listing.doubts) == (0, 0, ())


@pytest.mark.parametrize(
    "line",
    [
        "  <sip:4711@10.8.5.71:5060>;lifetime=?? {unconfirmed-binding}",
        "  <sip:4711@10.8.5.71:5060>",
        "  <sip:4711@10.8.5.71:5060>;expires=",
        "  <sip:4711@10.8.5.71:5060>;exp",
        "  <sip:4711@10.8.5.71:5060;expires=180; Active status:1",
        "  <sip:4711@10.8.5.71:5060>;expires=180; Active status:2",
        "  <sip:4711@10.8.5.71:5060>;expires=180; Active status:",
        "  <sip:4711@10.8.5.71:5060>;expires=180; Not-Act",
        "  <sip:4711@10.8.5.71:5060>;expires=180; IPG:",
        "4711@",
        "@10.8.5.71",
        "4711 at 10.8.5.71",
        "4711",
        "Bob",
        "user 4711 is registering",
        "IPG:7",
        "expires=180",
        "1 <sip:4711@10.8.5.71:5060>;expires=180",
        "x" * 5000,
        "Error: database is locked",
        "--MORE--",
        "some words among the entries",
    ],
)
def test_a_line_that_could_hold_data_is_never_passed_over(line: str) -> None:
    # GIVEN a line among the entries that is not understood
    listing = parse_listing(f"{ONE}{line}\n{TWO}")
    # THEN there is a doubt that shows the line and its number, and the users around it are there
    assert listing.doubts
    assert listing.doubts[0].startswith("line 3: ")
    assert line.strip()[:20] in listing.doubts[0]
    assert len(listing.doubts[0]) < 200
    assert {"1000@10.8.5.71", "1001@10.8.5.71"} <= set(shown(listing))


def test_a_contact_without_an_aor_is_doubted() -> None:
    # GIVEN output that begins with a contact, or with a heading in the place of an AOR
    for head in ("", "Registered users\n", "------\n"):
        listing = parse_listing(f"{head}  <sip:4711@10.8.5.71:5060>;expires=180; IPG:1\n{ONE}")
        # THEN it is not given to anybody
        assert "a contact without an AOR" in listing.doubts[0]
        assert shown(listing) == ["1000@10.8.5.71"]


def test_output_that_ends_behind_an_aor_is_doubted() -> None:
    # GIVEN output cut off behind an AOR THEN its contacts may be missing, and more
    assert "ends behind an AOR" in parse_listing(f"{ONE}1001@10.8.5.7").doubts[0]
    assert "not understood" in parse_listing(f"{ONE}100").doubts[0]


def test_a_heading_may_be_repeated_among_the_entries() -> None:
    # GIVEN a page heading that comes again THEN it is no data
    listing = parse_listing(f"Registered users\n-----\n{ONE}Registered users\n-----\n{TWO}")
    assert listing.doubts == ()
    assert len(listing.users) == 2


def test_a_total_that_contradicts_the_list_is_doubted() -> None:
    # GIVEN a total of three users below two THEN one is missing
    listing = parse_listing(f"{ONE}{TWO}Total: 3 users, 3 contacts\n")
    assert listing.doubts == (
        "its own total is 3 users, but it shows 2",
        "its own total is 3 contacts, but it shows 2",
    )


def test_many_doubts_are_counted_and_not_all_told() -> None:
    # GIVEN a thousand lines that are not understood THEN the first are told, and how many more there are
    listing = parse_listing(ONE + "?@?\n" * 1000)
    assert len(listing.doubts) == 4
    assert listing.doubts[-1] == "and 997 more"


def test_half_of_a_letter_pair_does_not_get_in() -> None:
    # GIVEN a lone surrogate, which JSON can carry but neither a store nor a regular expression engine takes
    listing = parse_listing("Su\ud800e\n  <sip:Sue@10.8.5.80:5060>;expires=180; IPG:1\n")
    # THEN it is replaced
    assert shown(listing) == ["Su?e"]


def test_line_numbers_hold_across_large_outputs() -> None:
    # GIVEN an odd line far behind the first million characters
    text = TWO * 20_000 + "oddity @\n" + TWO
    # THEN its number is right
    assert parse_listing(text).doubts[0].startswith("line 40001: ")


def test_users_can_be_taken_by_position_and_slice() -> None:
    # GIVEN a listing THEN its users are a sequence like any other
    users = parse_listing(ONE + TWO).users
    assert users[-1].aor == "1001@10.8.5.71"
    assert [user.aor for user in users[:1]] == ["1000@10.8.5.71"]
    with pytest.raises(IndexError):
        users[2]


@pytest.mark.parametrize("line", ["?@?", "some words", "word", "x y 4711", "---", "", "<", "Userinfo", "a@b"])
def test_a_flood_of_odd_lines_takes_little_time_and_space(line: str) -> None:
    # GIVEN a hundred thousand lines of one odd kind among two users WHEN they are read
    started = time.process_time()
    listing = parse_listing(ONE + f"{line}\n" * 100_000 + TWO)
    # THEN that takes no more than a moment, and the users are there
    assert time.process_time() - started < 8
    assert {"1000@10.8.5.71", "1001@10.8.5.71"} <= set(shown(listing))
    assert len(listing.doubts) <= 4


@pytest.mark.parametrize("line", ["-" * 4000 + "x", "total 1" + " a" * 2000 + "@", "1000;a=" + "b;" * 1500, "<" * 4000])
def test_no_line_makes_a_pattern_search_back_and_forth(line: str) -> None:
    # GIVEN long lines that almost fit a pattern WHEN a thousand of them are read THEN that takes but a moment
    started = time.process_time()
    assert parse_listing(ONE + f"{line}\n" * 1000 + TWO).doubts
    assert time.process_time() - started < 8
