"""The number record: spellings, canonical numbers, names, holders."""

from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.numbers import (
    Holder,
    Status,
    Usage,
    canonical_number,
    free_text,
    is_canonical,
    numbers_between,
    slug,
    successor,
    with_holder,
    without_holder,
)
from tests.unit.domain.records import NOW, cooling, used


def test_status_spellings_are_voss_spellings() -> None:
    """GIVEN VOSS's exact spellings, THEN Status has these and no others."""
    assert [str(status) for status in Status] == ["Available", "Used", "Used-Utility", "Reserved", "Cooling"]


def test_usage_spellings_are_voss_spellings() -> None:
    """GIVEN VOSS's exact spellings, THEN Usage has these and no others."""
    assert {str(usage) for usage in Usage} == {
        "",
        "Device",
        "User",
        "Hunt_Pilot",
        "Pickup_Group_Pilot",
        "Call_Handler_Pilot",
        "Voicemail_Pilot",
        "Meet_Me",
        "CTI_RoutePoint",
        "Call_Park",
        "Directed_Call_Park",
        "VOSS_Phone",
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+441234567890", "+441234567890"),
        (r"\+441234567890", "+441234567890"),
        ("  1001 ", "1001"),
        ("*21#", "*21#"),
        ("#", "#"),
        ("0", "0"),
        ("+1", "+1"),
        ("+" + "9" * 15, "+" + "9" * 15),
        ("9" * 20, "9" * 20),
    ],
)
def test_a_number_has_one_spelling(text: str, number: str) -> None:
    """GIVEN a number as somebody spells it, WHEN it is read, THEN its one spelling comes out, and is stable."""
    assert canonical_number(text) == number
    assert canonical_number(number) == number
    assert is_canonical(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "+44 123",
        "+44-123",
        "+4*1",
        "+" + "9" * 16,
        "9" * 21,
        "alice",
        "1001a",
        "++44",
        "44+",
        "٢٣",
        "\uff11\uff12",
    ],
)
def test_no_number_is_guessed(text: str) -> None:
    """GIVEN a text that is no number, WHEN it is read, THEN it is refused with the field's name and what is allowed."""
    with pytest.raises(InvalidInputError) as refusal:
        canonical_number(text, field="internal number")

    assert refusal.value.field == "internal number"
    assert "must be '+' and 1 to 15 digits" in str(refusal.value)
    assert not is_canonical(text)


def test_a_refusal_quotes_no_more_than_a_line_of_a_huge_text() -> None:
    """GIVEN a megabyte instead of a number, WHEN it is refused, THEN the message stays short."""
    with pytest.raises(InvalidInputError) as refusal:
        canonical_number("x" * 1_000_000)

    assert len(str(refusal.value)) < 200


def test_a_trailing_newline_is_no_part_of_a_canonical_number() -> None:
    """GIVEN a number with a newline behind it, THEN it is not canonical as it stands."""
    assert not is_canonical("1001\n")


@pytest.mark.parametrize("name", ["a", "default", "sbc-1", "9", "a" * 63])
def test_names_of_customers_and_devices(name: str) -> None:
    """GIVEN a slug, WHEN it is checked, THEN it comes back as it is."""
    assert slug(name, field="customer") == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a#b", "#global", "a" * 64, "ä", "a b", "a\n", "a/b"])
def test_names_that_are_refused(name: str) -> None:
    """GIVEN no slug, WHEN it is checked, THEN it is refused: keys are made of names, and none may hold a `#`."""
    with pytest.raises(InvalidInputError, match="customer: must be"):
        slug(name, field="customer")


def test_a_holder_is_replaced_not_doubled() -> None:
    """GIVEN a device among the holders, WHEN it is set again, THEN it stands once, with the new entry."""
    newer = Holder("sbc1", NOW, 9)

    after = with_holder(used("sbc1", "sbc2").holders, newer)

    assert [holder.device for holder in after] == ["sbc1", "sbc2"]
    assert after[0] == newer


def test_holders_without_a_device() -> None:
    """GIVEN two holders, WHEN one goes, THEN the other stays; one that is not there changes nothing."""
    both = used("sbc1", "sbc2").holders

    assert [holder.device for holder in without_holder(both, "sbc1")] == ["sbc2"]
    assert without_holder(both, "sbc9") == both


def test_the_holder_of_a_device() -> None:
    """GIVEN a number on one device, WHEN its entry is asked for, THEN it is found, and none for another."""
    record = used("sbc1")

    assert record.holder("sbc1") == record.holders[0]
    assert record.holder("sbc") is None


def test_a_cooling_number_without_a_date_shows_what_an_operator_wrote() -> None:
    """GIVEN a record that says Cooling but has lost its date, WHEN its tag is shown, THEN nothing is made up."""
    assert replace(cooling(), release_date=None).shown_tag(NOW) == "for the lobby"


def test_the_shown_tag_follows_the_day() -> None:
    """GIVEN a cooling number that nobody writes to, WHEN days pass, THEN the tag shown is right each day."""
    record = cooling(NOW + timedelta(days=30))

    shown = [record.shown_tag(NOW + timedelta(days=day)) for day in range(31)]

    assert [tag.split()[1] for tag in shown[:30]] == [str(days) for days in range(30, 0, -1)]
    assert shown[29] == "Cooling: 1 day until the Release Date, 2026-03-31 12:00 UTC"
    assert shown[30] == "Cooling: Release Date 2026-03-31 12:00 UTC reached, waiting for the release job"


@pytest.mark.parametrize("text", ["", "x" * 200, "Büro 3, 2. Stock", "a\u00a0b", "👩\u200d💻"])
def test_free_texts(text: str) -> None:
    assert free_text(text, field="tag") == text


@pytest.mark.parametrize("text", ["x" * 201, "a\nb", "\t", "\x7f", "\x1b[2J", "\u2028", "\ud800"])
def test_texts_that_break_a_line_a_terminal_or_a_file_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="tag: must"):
        free_text(text, field="tag")


@pytest.mark.parametrize(
    ("first", "last", "numbers"),
    [
        ("4711", "4713", ["4711", "4712", "4713"]),
        ("+49309", "+49310", ["+49309", "+49310"]),
        ("0098", "0101", ["0098", "0099", "0100", "0101"]),
        ("7", "7", ["7"]),
    ],
)
def test_every_number_of_a_range(first: str, last: str, numbers: list[str]) -> None:
    assert numbers_between(first, last, 4) == numbers


@pytest.mark.parametrize(
    ("first", "last"),
    [("1", "5"), ("5", "4"), ("99", "100"), ("+1", "12"), ("12", "+1"), ("*1", "*2"), ("+12", "123"), ("1#", "12")],
)
def test_ranges_that_are_refused(first: str, last: str) -> None:
    """GIVEN too many, none, two lengths or other characters THEN it is refused, and never guessed."""
    with pytest.raises(InvalidInputError, match="last: must"):
        numbers_between(first, last, 4)


@pytest.mark.parametrize(
    ("number", "following"),
    [("4711", "4712"), ("+49309", "+49310"), ("0099", "0100"), ("99", ""), ("+9", ""), ("*1", ""), ("1#", "")],
)
def test_number_that_comes_next(number: str, following: str) -> None:
    assert successor(number) == following
