"""What holds for every AOR."""

from unittest.mock import patch
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from number_inventory.domain import aors
from number_inventory.domain.aors import NumberRule, compile_rules, numbers_of, split_aor
from number_inventory.domain.numbers import is_canonical
from number_inventory.domain.snapshots import Contact, RegisteredUser, UserScope, claims_of

NUMBERS = st.from_regex(r"\A(\+[0-9]{1,15}|[0-9*#]{1,20})\Z")
HOSTS = st.sampled_from(["10.8.5.71", "Voice.Example.NET", "[2001:DB8::5]"])
TAILS = st.sampled_from(["", ":5060", ";user=phone", ":5061;transport=tls;line=a@b"])
PARAMETERS = st.sampled_from(["", ";ext=5", ";phone-context=+44", ";a=b;c"])


@given(NUMBERS, HOSTS, TAILS, PARAMETERS, st.sampled_from(["", "sip:", "sips:", "SIP:", "%"]))
def test_a_number_comes_out_of_every_form_of_its_aor(
    number: str, host: str, tail: str, parameters: str, scheme: str
) -> None:
    # GIVEN a number in any documented form, one of them encoded
    user = number if scheme != "%" else quote(number, safe="")
    aor = f"{scheme.strip('%')}{user}{parameters}@{host}{tail}"
    # THEN that number comes out, and the host does
    forms = (aor, f"<{aor}>", user + parameters, f"tel:{user}")
    assert numbers_of([split_aor(form).user for form in forms], compile_rules(())) == [number] * 4
    assert split_aor(aor).host == host.strip("[]").lower()


@given(st.text(max_size=60) | st.text("0123456789+*#@:;%<>sipel.[]", max_size=30))
def test_any_text_gives_a_canonical_number_or_none_and_never_fails(text: str) -> None:
    # GIVEN anything at all THEN what comes out is a number or nothing, with and without rules
    for mapper in (compile_rules(()), compile_rules([NumberRule("(.*)", r"\1")])):
        (number,) = numbers_of([split_aor(text).user], mapper)
        assert number is None or is_canonical(number)


@given(st.lists(NUMBERS | st.text("0123456789+*#a\n", max_size=12), max_size=20), st.integers(1, 5))
def test_many_are_mapped_as_each_alone(user_parts: list[str], at_once: int) -> None:
    # GIVEN many user parts, of which so many are looked at together THEN each maps as it does by itself
    mapper = compile_rules(())
    with patch.object(aors, "_AT_ONCE", at_once):
        assert numbers_of(user_parts, mapper) == [mapper(user) for user in user_parts]


@given(
    st.lists(
        st.builds(
            RegisteredUser,
            aor=st.builds(
                "{}@{}".format, st.sampled_from(["1000", "1001", "1002", "Sue"]), st.sampled_from(["a", "b"])
            ),
            contacts=st.lists(st.builds(Contact, st.just("sip:x"), st.booleans(), st.none()), max_size=2).map(tuple),
            ip_group=st.sampled_from([1, 2, None]),
        ),
        max_size=8,
    ),
    st.sets(st.sampled_from("ab")),
    st.sets(st.integers(1, 2)),
)
def test_claims_follow_the_rules_for_contacts_hosts_and_groups(
    users: list[RegisteredUser], hosts: set[str], groups: set[int]
) -> None:
    # GIVEN users with and without active contacts, on a device limited to some hosts and IP groups
    claims = claims_of(users, compile_rules(()), UserScope(frozenset(hosts), frozenset(groups)))
    # THEN those within the limits claim with an active contact; without one, or without a group to go by, they are
    # dormant; names are reported, and others are foreign
    own = [
        user
        for user in users
        if (not hosts or user.aor[-1] in hosts) and (not groups or user.ip_group in {*groups, None})
    ]
    active = {
        user.aor[:4]
        for user in own
        if any(contact.active for contact in user.contacts) and not (groups and user.ip_group is None)
    }
    assert claims.claimed == active - {"Sue@"}
    assert claims.dormant == {user.aor[:4] for user in own} - active - {"Sue@"}
    assert claims.unmapped == tuple(dict.fromkeys(user.aor for user in own if user.aor.startswith("Sue")))
    assert claims.foreign == len(users) - len(own)
