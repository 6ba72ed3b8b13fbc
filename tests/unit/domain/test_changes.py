"""What a change of a number is: what happened, who did it, when and why, from the two states alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.changes import ANOTHER_HAND, MEANINGS, Change, ChangeKey, ChangeKind, State, Unreadable
from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Decision, Stamp
from number_inventory.domain.lifecycle import (
    confirmed,
    orphan_cooled,
    registered,
    registration_gone,
    release_due,
    reservation_lapsed,
)
from number_inventory.domain.management import (
    add_number,
    assign,
    condemned,
    cool,
    edit,
    prolong,
    release_early,
    reserve,
    unassign,
    unreserve,
)
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from tests.unit.domain.records import (
    NOW,
    RELEASE,
    available,
    cooling,
    holders,
    of_microsoft,
    registration,
    reserved,
    used,
)

LATER = NOW + timedelta(minutes=5)
BY = Stamp(LATER, "api:x", "why")
JOB = Stamp(RELEASE, "release", "its time came")
OFF = CoolingSettings(enabled=False, days=30)


def change(before: State, after: State, at: timedelta = timedelta()) -> Change:
    """A change as the database saw it, at an instant after `LATER`."""
    version = after.version if isinstance(after, NumberRecord) else 7
    key = ChangeKey("acme", "4711", version, "9".zfill(40))
    return Change(key=key, streamed_at=LATER + at, before=before, after=after)


def made(decision: Decision | None) -> Change:
    """The change that a decision makes."""
    assert decision is not None
    version = decision.before.version + 1 if decision.before else 1
    return change(decision.before, replace(decision.after, version=version))


ENDING = replace(reserved(), reserved_until=NOW)
KINDS: dict[str, tuple[Decision | None, ChangeKind]] = {
    "added": (add_number(None, available(), BY), ChangeKind.CREATED),
    "created by a sync": (registered(None, registration(), BY), ChangeKind.CREATED),
    "registered": (registered(available(), registration(), BY), ChangeKind.REGISTERED),
    "came back": (registered(cooling(), registration(), BY), ChangeKind.RETURNED),
    "a second device": (registered(used("sbc2"), registration(), BY), ChangeKind.HOLDER_ADDED),
    "seen anew": (confirmed(used(), registration(sync=99), BY), ChangeKind.HOLDER_CONFIRMED),
    "one of two gone": (
        registration_gone(used("sbc1", "sbc2"), registration(sync=99), 2, BY),
        ChangeKind.HOLDER_DROPPED,
    ),
    "the last one gone": (registration_gone(used(), registration(sync=99), 2, BY), ChangeKind.COOLED),
    "the last one gone, without cooling": (registration_gone(used(), registration(sync=99), 0, BY), ChangeKind.FREED),
    "an orphan": (orphan_cooled(replace(used(), holders=()), 2, BY), ChangeKind.COOLED),
    "its time came": (release_due(cooling(), RELEASE, JOB), ChangeKind.RELEASED),
    "released by hand": (release_early(cooling(), BY), ChangeKind.RELEASED),
    "cooled by hand": (cool(available(), 5, BY), ChangeKind.COOLED),
    "assigned": (assign(available(), "Microsoft", Usage.USER, "bob", BY), ChangeKind.ASSIGNED),
    "unassigned": (unassign(of_microsoft(), OFF, BY), ChangeKind.FREED),
    "unassigned to the devices": (unassign(of_microsoft("sbc1"), OFF, BY), ChangeKind.REGISTERED),
    "reserved": (reserve(available(), "bob", None, "", BY), ChangeKind.RESERVED),
    "prolonged": (prolong(reserved(), RELEASE, "", BY), ChangeKind.RESERVED),
    "unreserved": (unreserve(reserved(), BY), ChangeKind.UNRESERVED),
    "lapsed": (reservation_lapsed(ENDING, JOB), ChangeKind.LAPSED),
    "edited": (edit(used(), {"description": "Lobby"}, BY), ChangeKind.EDITED),
    "about to be deleted": (condemned(available(), BY), ChangeKind.DELETING),
}


@pytest.mark.parametrize(("decision", "kind"), KINDS.values(), ids=KINDS)
def test_every_rule_makes_a_change_of_its_kind(decision: Decision | None, kind: ChangeKind) -> None:
    """GIVEN what a rule decided WHEN it is read as a change THEN it says what happened, by whom, when and why."""
    seen = made(decision)
    assert decision is not None
    assert seen.kind is kind
    assert (seen.by, seen.reason, seen.at) == (
        decision.after.updated_by,
        decision.after.reason,
        decision.after.updated_at,
    )
    assert seen.moves_status == (decision.before is None or decision.before.status is not decision.after.status)


def test_every_kind_has_words() -> None:
    assert set(MEANINGS) == set(ChangeKind)


def test_deletion_is_told_by_the_last_version() -> None:
    """GIVEN a number that says who deletes it WHEN it is gone THEN that was them; without it nobody knows."""
    last = replace(condemned(available(), BY).after, version=7)
    gone = change(last, None)
    assert (gone.kind, gone.by, gone.reason, gone.at) == (ChangeKind.DELETED, "api:x", "why", LATER)
    assert gone.moves_status

    torn_out = change(replace(last, deleting=False), None, timedelta(seconds=-30))
    assert (torn_out.kind, torn_out.by, torn_out.reason) == (ChangeKind.DELETED, ANOTHER_HAND, "")
    assert torn_out.at == LATER, "not before what stood there last, whatever the clocks say"


@pytest.mark.parametrize("version", [5, 6])
def test_what_another_hand_wrote_is_not_put_on_whoever_came_before(version: int) -> None:
    """GIVEN a number with a stamp WHEN it changes and the stamp does not THEN nobody known did it, and then."""
    before = replace(of_microsoft(), version=5, updated_at=NOW, updated_by="api:x", reason="assigned")
    seen = change(before, replace(before, status=Status.AVAILABLE, version=version))
    assert (seen.kind, seen.by, seen.reason, seen.at) == (ChangeKind.FREED, ANOTHER_HAND, "", LATER)


def test_what_changed_is_named_without_version_and_stamp() -> None:
    seen = made(edit(used(), {"description": "Lobby", "site": "Berlin"}, BY))
    assert seen.changed == ("description", "site")
    assert change(None, available()).changed == ()
    nothing = change(replace(available(), version=1), replace(available(), version=2))
    assert (nothing.kind, nothing.changed, nothing.moves_status) == (ChangeKind.TOUCHED, (), False)


def test_number_that_cannot_be_understood_is_a_state_like_others() -> None:
    broken = Unreadable({"status": {"S": "Lost"}}, "status is no status")
    assert change(used(), broken).kind is ChangeKind.UNREADABLE
    assert change(used(), broken).moves_status
    assert change(broken, used()).moves_status
    assert change(broken, None).by == ANOTHER_HAND
    assert not change(broken, replace(available(), holders=holders("sbc1"))).changed


def test_event_id_is_the_same_every_time_and_no_others() -> None:
    first, second = ChangeKey("acme", "*21#", 5, "8".zfill(40)), ChangeKey("acme", "*21#", 5, "9".zfill(40))
    assert first.event_id == "acme/*21#/5-8"
    assert first < second
    assert first.event_id != second.event_id
