"""What a capture's redaction replaces, what it leaves, and that the same stays the same."""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

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


@pytest.mark.parametrize("text", ["%53ue", "S%75e", "%53%75%65", "%34%37%31%31", "٤٧١١", "☎☎☎", "हिन्दी"])
def test_no_spelling_hides_a_name(text: str) -> None:
    """GIVEN a name or a number escaped, or in another script, WHEN redacted, THEN it is replaced all the same."""
    shown = unquote(redacted(text))
    assert shown.isascii()
    assert {"sue", "4711"}.isdisjoint({shown.lower()})


def test_what_is_escaped_becomes_what_it_would_become_plain() -> None:
    """GIVEN one name, plain and escaped, WHEN redacted, THEN it is one name still."""
    plain, escaped = redacted("%2B4711sue / %2B%34%37%31%31%73%75%65").split(" / ")
    assert unquote(plain) == unquote(escaped)
    assert plain.startswith("%2B")


def test_names_of_fields_stay_and_what_stands_in_their_place_does_not() -> None:
    """GIVEN objects, WHEN redacted, THEN fields that are known, or of known words, stay, and users' names do not."""
    redaction = Redaction(KEY)
    shown = redaction.json(
        {
            "operativeState": "Available",
            "nodeName": "Berlin",
            "version": "7.2",
            "registeredUsers": {"sue": {"expires": 60, "ext": 4711}, "1000@h": {"aor": "sue"}},
            "cursor": {"after": -1},
        }
    )
    assert isinstance(shown, dict)
    assert list(shown) == ["operativeState", "nodeName", "version", "registeredUsers", "cursor"]
    assert (shown["operativeState"], shown["version"], shown["cursor"]) == ("Available", "7.2", {"after": -1})
    [sue, aor] = shown["registeredUsers"]
    assert (sue, aor) == (redaction.text("sue"), redaction.text("1000@h"))
    assert shown["registeredUsers"][aor] == {"aor": sue}, "the same as a name and as a value"
    assert shown["registeredUsers"][sue]["expires"] == 60
    assert shown["registeredUsers"][sue]["ext"] != 4711


_SECRET_WORDS = st.text("abcdefghijklmnopqrstuvwxyzäßжλ字", min_size=9, max_size=14)
_SECRET_NUMBERS = st.from_regex(r"\A[1-9][0-9]{8,13}\Z")
_SECRETS = _SECRET_WORDS | _SECRET_WORDS.map(str.title) | _SECRET_NUMBERS
_KNOWN = ("aor", "node", "uri", "name", "contacts", "registeredUsers", "description")


@st.composite
def _answers(draw: st.DrawFn) -> tuple[object, list[str]]:
    """JSON of any shape, and the names and numbers in it that must not be seen, wherever they stand."""
    secrets = draw(st.lists(_SECRETS, min_size=1, max_size=8, unique_by=str.lower))
    secret = st.sampled_from(secrets)
    texts = st.one_of(
        secret,
        st.tuples(secret, secret).map("sip:{0[0]}@{0[1]};user=phone".format),
        secret.map("+{}".format),
        secret.map(quote),
    )
    numbers = [int(each) for each in secrets if each.isdecimal()]
    leaves = texts | st.booleans() | st.none() | (st.sampled_from(numbers) if numbers else st.nothing())
    fields = st.sampled_from(_KNOWN) | texts
    tree = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(fields, inner, max_size=4))
    return draw(tree), secrets


def _shape(value: object) -> object:
    """What may stay: how an answer is put together, under which known fields."""
    if isinstance(value, Mapping):
        return [(name if name in _KNOWN else "", _shape(inner)) for name, inner in value.items()]
    return [_shape(inner) for inner in value] if isinstance(value, list) else type(value)


@given(_answers())
def test_no_name_in_any_answer_gets_through(given: tuple[object, list[str]]) -> None:
    """GIVEN any JSON with names as values and as keys, WHEN redacted, THEN its shape stays, and none of the names."""
    answer, secrets = given
    shown = Redaction(KEY).json(answer)

    said = json.dumps(shown, ensure_ascii=False).lower()
    assert [secret for secret in secrets if secret.lower() in said or quote(secret).lower() in said] == []
    assert _shape(shown) == _shape(answer)
