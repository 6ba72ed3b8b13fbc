"""What an event leaves on the record beside the status: holders, stamps, tags, reservations; and late writers."""

from dataclasses import replace
from datetime import timedelta

from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Outcome
from number_inventory.domain.lifecycle import registered, registration_gone, release_due, reservation_lapsed, verified
from number_inventory.domain.management import add_number, assign, given_back, prolong, reserve, unassign, unreserve
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage
from tests.unit.domain.records import (
    NOW,
    NUMBER,
    RELEASE,
    available,
    cooling,
    holders,
    of_microsoft,
    registration,
    reserved,
    stamp,
    used,
)


def test_a_new_number_says_who_made_it_and_why() -> None:
    """GIVEN no record, WHEN a device registers it, THEN it is stamped as created and updated, unstored as yet."""
    after = registered(None, registration(sync=9), stamp(reason="registered on sbc1")).after

    assert (after.customer, after.number, after.version) == ("acme", NUMBER, 0)
    assert (after.created_at, after.created_by) == (NOW, "operator:test")
    assert (after.updated_at, after.updated_by, after.reason) == (NOW, "operator:test", "registered on sbc1")
    assert after.holders == (Holder("sbc1", NOW, 9),)


def test_a_change_keeps_who_created_the_number() -> None:
    """GIVEN a number with its creator, WHEN it changes, THEN the creator stays and the last change is stamped."""
    record = replace(available(), created_at=NOW - timedelta(days=9), created_by="operator:ann")

    after = registered(record, registration(), stamp(reason="registered")).after

    assert (after.created_at, after.created_by) == (record.created_at, "operator:ann")
    assert (after.updated_at, after.reason) == (NOW, "registered")
    assert after.version == record.version, "the store counts versions"


def test_holders_are_in_the_order_of_their_names_each_once() -> None:
    """GIVEN a number on two devices, WHEN a third comes, THEN each stands once, in order, with its own sync."""
    after = registered(used("sbc1", "sbc3"), registration("sbc2", 7), stamp()).after

    assert [(holder.device, holder.sync) for holder in after.holders] == [("sbc1", 3), ("sbc2", 7), ("sbc3", 3)]


def test_an_older_sync_cannot_take_a_holder_that_a_newer_one_wrote() -> None:
    """GIVEN a holder written by sync 3, WHEN a late removal of sync 2 arrives, THEN nothing changes."""
    decision = registration_gone(used(), registration(sync=2), 2, stamp())

    assert decision is not None
    assert not decision.needs_write


def test_the_same_sync_can_take_the_holder_it_wrote() -> None:
    """GIVEN a holder written by sync 3, WHEN sync 3 or a later one removes it, THEN the number cools."""
    for sync in (3, 4):
        decision = registration_gone(used(), registration(sync=sync), 2, stamp())
        assert decision is not None
        assert decision.outcome is Outcome.COOLING_STARTED


def test_a_removal_of_no_number_is_nothing() -> None:
    """GIVEN no record, WHEN its registration goes, THEN there is nothing to decide, and nothing is created."""
    assert registration_gone(None, registration(), 2, stamp()) is None


def test_a_held_number_that_says_available_cools_when_the_holder_goes() -> None:
    """GIVEN a held number that some other hand made Available, WHEN the holder goes, THEN it cools all the same."""
    record = replace(available(), holders=holders("sbc1"))

    decision = registration_gone(record, registration(), 2, stamp())

    assert decision is not None
    assert (decision.after.status, decision.after.release_date) == (Status.COOLING, RELEASE)


def test_a_held_number_in_conflict_cools_if_it_is_audiocodes_by_vendor() -> None:
    """GIVEN Vendor AudioCodes with another usage, WHEN the last holder goes, THEN it cools, and nobody gets it."""
    record = replace(used(), usage=Usage.USER)

    decision = registration_gone(record, registration(), 2, stamp())

    assert decision is not None
    assert (decision.after.status, decision.after.usage, decision.after.vendor) == (Status.COOLING, Usage.NONE, "")


def test_a_reserved_or_cooling_number_only_loses_its_holder() -> None:
    """GIVEN a holder on a number that is unavailable anyway, WHEN the holder goes, THEN nothing else does."""
    for record in (cooling(), reserved(), replace(available(), status=Status.USED_UTILITY)):
        decision = registration_gone(replace(record, holders=holders("sbc1")), registration(), 30, stamp())
        assert decision is not None
        after = decision.after
        assert decision.outcome is Outcome.HOLDER_DROPPED
        assert (after.status, after.release_date, after.holders) == (record.status, record.release_date, ())


def test_a_conflict_is_repeated_without_a_write() -> None:
    """GIVEN a conflict with its holder recorded, WHEN the device shows it again, THEN a conflict, and no write."""
    decision = registered(of_microsoft("sbc1"), registration(), stamp())

    assert decision.outcome is Outcome.CONFLICT
    assert not decision.needs_write


def test_the_operators_tag_is_hidden_by_the_cooling_message_and_comes_back() -> None:
    """GIVEN a tag, WHEN the number cools and is released, THEN the message shows meanwhile, and the tag after it."""
    gone = registration_gone(used(), registration(), 2, stamp())
    assert gone is not None
    assert gone.after.shown_tag(NOW) == "Cooling: 2 days until the Release Date, 2026-03-03 12:00 UTC"

    released = release_due(gone.after, RELEASE, stamp(RELEASE))
    assert released is not None
    assert released.after.shown_tag(RELEASE) == "for the lobby"


def test_the_cooling_message_ends_when_the_number_comes_back() -> None:
    """GIVEN a cooling number, WHEN it comes back, THEN the message and the Release Date are gone."""
    after = registered(cooling(), registration(), stamp()).after

    assert (after.shown_tag(NOW), after.release_date, after.cooling_since) == ("for the lobby", None, None)


def test_assigning_uses_up_a_reservation() -> None:
    """GIVEN a reservation, WHEN its requester gets the number, THEN nothing of the reservation is left."""
    after = assign(reserved("alice", RELEASE), "Microsoft", Usage.USER, "alice", stamp()).after

    assert (after.reserved_for, after.reservation_notes, after.reserved_until) == ("", "", None)


def test_a_reservation_says_for_whom_until_when_and_why() -> None:
    """GIVEN an Available number, WHEN it is reserved, THEN all that was said stands on it."""
    after = reserve(available(), "bob", RELEASE, "for May", stamp()).after

    assert (after.reserved_for, after.reserved_until, after.reservation_notes) == ("bob", RELEASE, "for May")


def test_a_registration_ends_a_reservations_clock_but_keeps_its_words() -> None:
    """GIVEN a reservation with an end, WHEN a device registers the number, THEN it can't lapse; its text is kept."""
    after = registered(reserved("alice", RELEASE), registration(), stamp()).after

    assert after.reserved_until is None
    assert (after.reserved_for, after.reservation_notes) == ("alice", "new desk")


def test_a_reservation_that_ends_leaves_nothing_of_itself() -> None:
    """GIVEN a reservation with an end, WHEN it is ended by hand or lapses, THEN for whom, why and until are gone."""
    record = reserved("alice", NOW)

    for after in (unreserve(record, stamp()).after, reservation_lapsed(record, stamp()).after):
        assert (after.reserved_for, after.reservation_notes, after.reserved_until) == ("", "", None)


def test_a_release_keeps_the_words_of_a_reservation_that_a_device_overtook() -> None:
    """GIVEN a reserved number that a device used and left, WHEN it is released, THEN its text is there as ever."""
    used_after_all = registered(reserved("alice", RELEASE), registration(), stamp()).after
    gone = registration_gone(used_after_all, registration(), 2, stamp())
    assert gone is not None
    released = release_due(gone.after, RELEASE, stamp(RELEASE))
    assert released is not None

    assert (released.after.status, released.after.reserved_until) == (Status.AVAILABLE, None)
    assert (released.after.reserved_for, released.after.reservation_notes) == ("alice", "new desk")


def test_unassigning_with_holders_keeps_every_holder() -> None:
    """GIVEN another vendor's number on two devices, WHEN it is given back, THEN both devices still hold it."""
    record = of_microsoft("sbc1", "sbc2")

    after = unassign(record, CoolingSettings(enabled=True, days=30), stamp()).after

    assert after.holders == record.holders
    assert (after.vendor, after.release_date) == (AUDIOCODES, None)


def test_adding_a_number_that_exists_leaves_it_exactly_as_it_is() -> None:
    """GIVEN a number, WHEN it is added again with other details, THEN nothing changes."""
    new = NumberRecord(customer="acme", number=NUMBER, description="other")

    decision = add_number(used(), new, stamp())

    assert (decision.after, decision.outcome) == (used(), Outcome.UNCHANGED)


def test_adding_a_number_makes_it_available() -> None:
    """GIVEN no record, WHEN the number is added, THEN it is Available and says who added it."""
    decision = add_number(None, NumberRecord(customer="acme", number=NUMBER, site="Paris"), stamp())

    after = decision.after
    assert (after.status, after.site, after.created_by, after.created_at) == (
        Status.AVAILABLE,
        "Paris",
        "operator:test",
        NOW,
    )
    assert (decision.outcome, decision.needs_write) == (Outcome.CREATED, True)


def test_whom_a_number_was_assigned_to_is_forgotten_once_it_is_a_devices() -> None:
    """GIVEN a name left on a number, WHEN a device takes it, gives it up, or an audit says it is the device's."""
    named = replace(available(), assigned_to="alice")

    assert registered(named, registration(), stamp()).after.assigned_to == ""
    assert verified(replace(used(), assigned_to="alice"), stamp()).after.assigned_to == ""
    gone = registration_gone(replace(used("sbc1"), assigned_to="alice"), registration(), 2, stamp())
    assert gone is not None
    assert gone.after.assigned_to == ""


def test_a_conflict_does_not_take_the_number_from_whom_it_was_assigned_to() -> None:
    """GIVEN another vendor's number of alice's, WHEN a device registers it, THEN it is hers until a person decides."""
    decision = registered(replace(of_microsoft(), assigned_to="alice"), registration(), stamp())

    assert (decision.outcome, decision.after.assigned_to) == (Outcome.CONFLICT, "alice")


def test_a_prolonged_reservation_does_not_lapse_at_its_first_end() -> None:
    """GIVEN a reservation that is due, WHEN it was prolonged meanwhile, THEN it stays."""
    record = prolong(reserved("alice", NOW), RELEASE, "longer", stamp()).after

    assert not reservation_lapsed(record, stamp()).needs_write
    assert reservation_lapsed(record, stamp(RELEASE)).after.status is Status.AVAILABLE


def test_what_is_given_back_is_as_it_was_before() -> None:
    """GIVEN a number taken by a claim that came to nothing, WHEN given back, THEN only its stamp tells of it."""
    before = available()
    taken = replace(assign(before, "Microsoft", Usage.USER, "alice", stamp()).after, version=5)

    decision = given_back(before, taken, stamp(reason="given back"))

    assert replace(decision.after, updated_at=None, updated_by="", reason="", version=4) == before
    assert (decision.before, decision.after.version, decision.outcome) == (taken, 5, Outcome.GIVEN_BACK)
