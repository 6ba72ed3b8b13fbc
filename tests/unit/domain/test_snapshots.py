"""What a snapshot claims, and what it may change."""

from dataclasses import replace

import pytest

from number_inventory.domain.aors import NumberRule, compile_rules
from number_inventory.domain.snapshots import (
    Claims,
    Contact,
    RegisteredUser,
    Snapshot,
    SyncPlan,
    UserScope,
    claims_of,
    digest_of,
    plan_sync,
)
from tests.memory.device_source import user, users
from tests.unit.domain.records import NOW

ITSELF = compile_rules(())
NONE = frozenset[str]()
NO_CLAIMS = Claims(NONE, NONE, (), 0)


def claims(*claimed: str, dormant: tuple[str, ...] = ()) -> Claims:
    return replace(NO_CLAIMS, claimed=frozenset(claimed), dormant=frozenset(dormant))


def test_only_active_contacts_claim() -> None:
    """GIVEN one user with an active contact and one without, WHEN mapped, THEN one claims and one is dormant."""
    found = claims_of(users(["1001"], dormant=["1002"]), ITSELF, UserScope())

    assert (found.claimed, found.dormant) == (frozenset({"1001"}), frozenset({"1002"}))


def test_a_user_without_contacts_is_dormant() -> None:
    """GIVEN a user that the device shows without any contact, WHEN mapped, THEN it neither claims nor frees."""
    found = claims_of([RegisteredUser("sip:1001@sbc.example", ())], ITSELF, UserScope())

    assert (found.claimed, found.dormant) == (NONE, frozenset({"1001"}))


def test_one_active_contact_of_many_is_enough() -> None:
    """GIVEN five contacts, the last one active, WHEN mapped, THEN the number is claimed."""
    contacts = (*(Contact(f"sip:c{index}", False, 0) for index in range(4)), Contact("sip:c5", True, 60))

    found = claims_of([RegisteredUser("1001", contacts)], ITSELF, UserScope())

    assert found.claimed == {"1001"}


@pytest.mark.parametrize("active_first", [True, False])
def test_a_number_under_two_aors_is_claimed_if_either_is_active(active_first: bool) -> None:
    """GIVEN one number under two AORs, one not active, WHEN mapped in either order, THEN it is claimed once."""
    both = [user("1001", active=active_first), user("1001", active=not active_first, host="other.example")]

    found = claims_of(both, ITSELF, UserScope())

    assert (found.claimed, found.dormant) == (frozenset({"1001"}), NONE)


def test_an_aor_that_maps_to_no_number_is_reported_once_and_never_guessed() -> None:
    """GIVEN names among the AORs, WHEN mapped, THEN they are listed as the device shows them, each once."""
    shown = [user("alice"), user("1001"), user("alice"), user("bob")]

    found = claims_of(shown, ITSELF, UserScope())

    assert found.unmapped == ("sip:alice@sbc.example", "sip:bob@sbc.example")
    assert found.claimed == {"1001"}


def test_the_devices_number_rules_decide() -> None:
    """GIVEN a rule that makes E.164 of extensions, WHEN mapped, THEN its result is the number."""
    mapper = compile_rules([NumberRule(r"1(\d{3})", r"+4420555\1")])

    assert claims_of(users(["1001", "2001"]), mapper, UserScope()).claimed == {"+4420555001"}


def test_only_the_given_hosts_belong_to_the_customer() -> None:
    """GIVEN a device shared by two tenants' hosts, WHEN limited to one, THEN the other's users are only counted."""
    shown = [user("1001", host="a.example"), user("1001", host="b.example"), user("1002", host="B.Example:5061")]

    found = claims_of(shown, ITSELF, UserScope(hosts=frozenset({"b.example"})))

    assert (found.claimed, found.foreign) == (frozenset({"1001", "1002"}), 1)


def test_only_the_given_ip_groups_belong_to_the_customer() -> None:
    """GIVEN users of two IP groups, WHEN limited to one, THEN the other's are only counted."""
    shown = [user("1001", ip_group=1), user("1002", ip_group=2), user("alice", ip_group=2)]

    found = claims_of(shown, ITSELF, UserScope(ip_groups=frozenset({1})))

    assert (found.claimed, found.foreign, found.unmapped) == (frozenset({"1001"}), 2, ())


def test_both_limits_must_be_met() -> None:
    """GIVEN limits on hosts and IP groups, WHEN a user meets only one, THEN it is foreign."""
    shown = [user("1001", host="a.example", ip_group=2), user("1002", host="a.example", ip_group=1)]

    found = claims_of(shown, ITSELF, UserScope(frozenset({"a.example"}), frozenset({1})))

    assert (found.claimed, found.foreign) == (frozenset({"1002"}), 1)


@pytest.mark.parametrize(
    ("shown", "scope"),
    [
        (user("1001"), UserScope(ip_groups=frozenset({1}))),
        (RegisteredUser("1001", user("1001").contacts), UserScope(hosts=frozenset({"a.example"}))),
    ],
    ids=["no IP group shown", "no host shown"],
)
def test_a_user_whose_tenant_is_not_shown_neither_claims_nor_frees(shown: RegisteredUser, scope: UserScope) -> None:
    """GIVEN a limited device that does not show whose user it is, WHEN mapped, THEN its number stays what it was."""
    found = claims_of([shown], ITSELF, scope)

    assert (found.claimed, found.dormant) == (NONE, frozenset({"1001"}))
    assert plan_sync(frozenset({"1001"}), found, may_remove=True).empty


PLANS: dict[str, tuple[set[str], Claims, bool, SyncPlan]] = {
    "new numbers appear": (set(), claims("2", "1"), True, SyncPlan(("1", "2"), (), frozenset("12"))),
    "missing numbers disappear": ({"1", "2"}, claims("2"), True, SyncPlan((), ("1",), frozenset("2"))),
    "a partial snapshot only adds": ({"1"}, claims("2"), False, SyncPlan(("2",), (), frozenset("12"))),
    "a dormant number stays": ({"1"}, claims(dormant=("1",)), True, SyncPlan((), (), frozenset("1"))),
    "a dormant number does not appear": (set(), claims(dormant=("1",)), True, SyncPlan((), (), frozenset())),
    "an empty list that is proven frees all": ({"1", "2"}, claims(), True, SyncPlan((), ("1", "2"), frozenset())),
    "the same again is nothing": ({"1"}, claims("1"), True, SyncPlan((), (), frozenset("1"))),
}


@pytest.mark.parametrize(("known", "seen", "may_remove", "plan"), PLANS.values(), ids=PLANS.keys())
def test_the_plan(known: set[str], seen: Claims, may_remove: bool, plan: SyncPlan) -> None:
    """GIVEN what was known and what is seen, WHEN planned, THEN exactly this comes, goes and is held."""
    found = plan_sync(frozenset(known), seen, may_remove=may_remove)

    assert found == plan
    assert found.empty == (not plan.appearing and not plan.disappearing)


def test_the_digest_tells_apart_all_that_a_plan_is_made_from() -> None:
    """GIVEN claims that lead to different plans, WHEN digested, THEN no two are the same."""
    different = [
        claims(),
        claims("1"),
        claims(dormant=("1",)),
        claims("1", "2"),
        claims("12"),
        claims("1", dormant=("2",)),
        claims("2", dormant=("1",)),
        claims(dormant=("1", "2")),
    ]
    digests = {digest_of(seen, may_remove=may) for seen in different for may in (True, False)}

    assert len(digests) == 2 * len(different)
    assert "" not in digests, "the empty digest means: never synced"


def test_the_digest_does_not_see_what_changes_no_number() -> None:
    """GIVEN the same claims, WHEN order, unmapped AORs or foreign users differ, THEN the digest is the same."""
    seen = Claims(frozenset(["1", "2"]), frozenset(["3"]), (), 0)
    same = Claims(frozenset(["2", "1"]), frozenset(["3"]), ("sip:alice@x",), 7)

    assert digest_of(seen, may_remove=True) == digest_of(same, may_remove=True)


def test_a_snapshot_with_a_reason_is_not_complete() -> None:
    """GIVEN a reason against it, THEN a snapshot is partial; without one it is complete."""
    assert Snapshot(users=(), taken_at=NOW).complete
    assert not Snapshot(users=(), taken_at=NOW, incomplete_because="counts differ").complete
