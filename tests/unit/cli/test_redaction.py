"""What a capture's redaction replaces, what it leaves, and that the same stays the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.redaction import Redaction

KEY = b"0123456789abcdef"


def redacted(text: str, *keep: str) -> str:
    return Redaction(KEY, keep).text(text)


@pytest.mark.parametrize(
    "text",
    [
        "*** SBC Registered Users ***",
        "Address Of Record / Contact",
        "Total: 1234 users, 5678 contacts",
        "Number of registered users: 17",
        ";expires=180; Active status:1",
        "; Not-Active; IPG:12; ID:345",
        "Userinfo",
        "%2B%23",
        "registeredUsers",
    ],
)
def test_what_counts_and_what_devices_say_stays(text: str) -> None:
    """GIVEN words and numbers of the output itself, WHEN redacted, THEN they stay."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("+493012345678", r"\+[1-9]\d{11}"),
        ("0049301234", r"00[1-9]\d{7}"),
        ("Sue.O'Hara@pbx.example.net", r"[A-Z][a-z]{2}\.[A-Z]'[A-Z][a-z]{3}@[a-z]{3}\.[a-z]{7}\.[a-z]{3}"),
        ("10.8.5.71:5060", r"192\.0\.2\.1:[1-9]\d{3}"),
        ("[2001:db8:85a3::8a2e:370:7334]", r"\[2001:db8::1\]"),
        ("00:90:8f:12:34:56", "02:00:00:00:00:01"),
        ("User: 4711", r"User: [1-9]\d{3}"),
        ("4711 contacts: 2", r"[1-9]\d{3} contacts: \d"),
        ("Zoë", r"[A-Z][a-z]{2}"),
    ],
)
def test_the_rest_is_replaced_in_its_shape(text: str, shape: str) -> None:
    """GIVEN numbers, names, hosts and addresses, WHEN redacted, THEN others of the same shape take their places."""
    shown = redacted(text)
    assert "4711" not in shown
    assert shown != text
    assert re.fullmatch(shape, shown)


def test_a_kept_word_stays() -> None:
    """GIVEN a word that somebody wants to keep, WHEN redacted, THEN it stays, in any case."""
    assert redacted("Degraded peer", "degraded").startswith("Degraded ")


@given(st.lists(st.from_regex(r"\A[1-9][0-9]{3}\Z"), unique=True, max_size=200))
def test_different_numbers_stay_different_and_equal_ones_equal(numbers: list[str]) -> None:
    """GIVEN any numbers, WHEN redacted twice, THEN each is another one of its length, always the same, of its own."""
    redaction = Redaction(KEY)
    first = [redaction.text(number) for number in numbers]
    assert [redaction.text(number) for number in numbers] == first
    assert len(set(first)) == len(numbers)
    assert all(len(new) == len(old) and new != old for new, old in zip(first, numbers, strict=True))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_no_word_and_no_number_of_any_text_gets_through(text: str) -> None:
    """GIVEN any text between a prompt and a mark, WHEN redacted, THEN its shape stays, and none of its names."""
    shown = redacted(f"{text}\nWalpurga 8675309\n{text}")
    assert "walpurga" not in shown.lower()
    assert "8675309" not in shown
    assert shown.count("\n") == text.count("\n") * 2 + 2


def test_maps_have_their_keys_replaced_and_records_theirs_not() -> None:
    """GIVEN objects, WHEN redacted, THEN names of fields stay, but not AORs for keys, nor those of a large map."""
    shown = Redaction(KEY).json({"operState": "Available", "1000@h": {"expires": 60, "ext": 4711}, "version": "7.2"})
    assert isinstance(shown, dict)
    assert shown["operState"] == "Available"
    assert shown["version"] == "7.2"
    [inner] = [value for name, value in shown.items() if "@" in name]
    assert "1000@h" not in shown
    assert inner["expires"] == 60
    assert inner["ext"] != 4711
    names = {letters: 1 for first in "abcdefg" for letters in (first * count for count in range(3, 10))}
    large = Redaction(KEY).json(names)
    assert isinstance(large, dict)
    assert set(large).isdisjoint(names)
