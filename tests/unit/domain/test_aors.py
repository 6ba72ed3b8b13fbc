"""From an address of record to a number: the forms that devices show, and the rules of a device."""

import re

import pytest

from number_inventory.domain.aors import AorParts, NumberRule, compile_rules, numbers_of, split_aor
from number_inventory.domain.errors import InvalidInputError


def mapped(aors: list[str], *rules: NumberRule) -> list[str | None]:
    return numbers_of([split_aor(aor).user for aor in aors], compile_rules(rules))


@pytest.mark.parametrize(
    ("aor", "user", "host"),
    [
        ("1000@10.8.5.71", "1000", "10.8.5.71"),
        ("4709@joe.company.com", "4709", "joe.company.com"),
        ("4709", "4709", ""),
        ("Sue", "Sue", ""),
        ("*55#", "*55#", ""),
        ("+441632960017@voice.example.net", "+441632960017", "voice.example.net"),
        ("%2B441632960017@voice.example.net", "+441632960017", "voice.example.net"),
        ("%2b441632960017", "+441632960017", ""),
        ("sip:1000@10.8.5.71", "1000", "10.8.5.71"),
        ("sip:1000@10.8.5.71:5060", "1000", "10.8.5.71"),
        ("SIPS:1000@Voice.Example.NET", "1000", "voice.example.net"),
        ("1000@Voice.Example.NET:5061", "1000", "voice.example.net"),
        ("sip:4709", "4709", ""),
        ("sip:1000:secret@10.8.5.71", "1000", "10.8.5.71"),
        ("sip:1000@10.8.5.71;user=phone", "1000", "10.8.5.71"),
        ("sip:1000@10.8.5.71;line=a@b", "1000", "10.8.5.71"),
        ("sip:1000@10.8.5.71?subject=a@b", "1000", "10.8.5.71"),
        ("sip:1000;ext=5@10.8.5.71", "1000", "10.8.5.71"),
        ("+441632960017;phone-context=example.net@10.8.5.71", "+441632960017", "10.8.5.71"),
        ("4709;ext=5", "4709", ""),
        ("tel:+441632960017", "+441632960017", ""),
        ("tel:+44-1632-960.017", "+441632960017", ""),
        ("TEL:7042;phone-context=example.net", "7042", ""),
        ("1000@[2001:DB8::5]", "1000", "2001:db8::5"),
        ("sip:1000@[2001:db8::5]:5061;transport=tls", "1000", "2001:db8::5"),
        ("1000@2001:db8::5", "1000", "2001:db8::5"),
        ("<sip:1000@10.8.5.71>;expires=180", "1000", "10.8.5.71"),
        ("  1000@10.8.5.71\r", "1000", "10.8.5.71"),
        ("Zo%C3%AB@example.net", "Zoë", "example.net"),
        ("", "", ""),
    ],
)
def test_an_aor_is_taken_apart(aor: str, user: str, host: str) -> None:
    # GIVEN an AOR in one of the forms to accept THEN its user part is decoded and its host is plain
    assert split_aor(aor) == AorParts(user, host)


@pytest.mark.parametrize(
    ("aor", "number"),
    [
        ("1000@10.8.5.71", "1000"),
        ("+441632960017@10.8.5.71", "+441632960017"),
        ("%2B441632960017@10.8.5.71", "+441632960017"),
        ("*55#@10.8.5.71", "*55#"),
        ("1" * 20, "1" * 20),
        ("+" + "1" * 15, "+" + "1" * 15),
        ("1" * 21, None),
        ("+" + "1" * 16, None),
        ("+", None),
        ("+*55", None),
        ("Sue", None),
        ("10a0@10.8.5.71", None),
        ("1000.@10.8.5.71", None),
        ("1632-960-017@10.8.5.71", None),
        ("1000@10.8.5.71@10.8.5.72", None),
        ("1000%40a@10.8.5.71", None),
        ("\u0661\u0660\u0660\u0660@10.8.5.71", None),
        ("@10.8.5.71", None),
        ("", None),
    ],
)
def test_without_rules_a_user_part_that_is_a_number_is_that_number(aor: str, number: str | None) -> None:
    # GIVEN a device without rules THEN only what is a number as it stands becomes one: nothing is guessed
    assert mapped([aor]) == [number]


def test_one_number_under_several_aors_is_one_number() -> None:
    # GIVEN the same number under several AORs THEN each gives it
    aors = ["4709", "4709@a", "sip:4709@b", "tel:4709", "4709;ext=1@c"]
    assert mapped(aors) == ["4709"] * 5


def test_the_first_rule_that_matches_as_a_whole_decides() -> None:
    # GIVEN ordered rules
    mapper = compile_rules(
        [
            NumberRule(r"9(\d{4})", r"\1"),
            NumberRule(r"(\d{4})", r"+44163296\1"),
            NumberRule(r"\d+", "0"),
            NumberRule(r"([a-z]+)-(\d+)", r"\g<2>0"),
        ]
    )
    # THEN each user part is that rule's, whatever later rules would make of it
    assert [mapper(user) for user in ("91000", "1000", "12", "sue-12", "Sue", "1000x")] == [
        "1000",
        "+441632961000",
        "0",
        "120",
        None,
        None,
    ]


def test_a_rule_that_makes_no_number_ends_the_search() -> None:
    # GIVEN a first rule whose result is no number, and a second that would have one THEN there is none: never guessed
    mapper = compile_rules([NumberRule("1000", "front desk"), NumberRule(".*", "1")])
    assert mapper("1000") is None


def test_a_group_that_took_no_part_is_empty() -> None:
    # GIVEN an optional group THEN a user part without it is mapped too
    mapper = compile_rules([NumberRule(r"(\+)?0*(\d+)", r"\1\2")])
    assert [mapper("+0012"), mapper("0012")] == ["+12", "12"]


def test_rules_see_the_decoded_user_part() -> None:
    # GIVEN a rule for a leading plus THEN an encoded one matches
    assert mapped(["%2B44163@h", "+44163"], NumberRule(r"\+44(\d+)", r"0\1")) == ["0163"] * 2


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (NumberRule("(", "1"), "does not compile"),
        (NumberRule("(?=a)", "1"), "does not compile"),
        (NumberRule(r"(a)\1", "1"), "does not compile"),
        (NumberRule("((a{1000}){1000}){10}", "1"), "does not compile"),
        (NumberRule("\ud800", "1"), "does not compile: surrogates not allowed"),
        (NumberRule("a" * 501, "1"), "longer than 500"),
        (NumberRule("a", "1" * 501), "longer than 500"),
        (NumberRule("(a)", r"\2"), r"uses group \2, but the pattern has 1"),
        (NumberRule("(a)", r"\10"), r"uses group \10, but the pattern has 1"),
        (NumberRule("(a)", r"\g<2>"), r"uses group \2, but the pattern has 1"),
        (NumberRule("(a)", "\\"), "no other escape"),
        (NumberRule("(a)", r"\0"), "no other escape"),
        (NumberRule("(a)", r"\x2b"), "no other escape"),
        (NumberRule("(?P<n>a)", r"\g<n>"), "no other escape"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_by_its_number(rule: NumberRule, reason: str) -> None:
    # GIVEN a good rule and a bad one WHEN they are compiled THEN the bad one is named, with the reason
    with pytest.raises(InvalidInputError, match=re.escape(reason)) as refused:
        compile_rules([NumberRule("a", "1"), rule])
    assert refused.value.field == "number rule 2"


def test_a_hostile_pattern_takes_linear_time() -> None:
    # GIVEN a pattern that hangs engines which search back and forth THEN it is done at once
    assert compile_rules([NumberRule("(a*)*b", "1")])("a" * 100_000) is None
