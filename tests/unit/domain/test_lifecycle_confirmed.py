"""A number that an unfinished sync meant to take, and that stays: the holder is written anew, against a late writer."""

from number_inventory.domain.decisions import Outcome
from number_inventory.domain.lifecycle import confirmed, registered, registration_gone
from tests.unit.domain.records import cooling, holders, registration, stamp, used


def test_the_holder_is_written_as_the_newer_syncs() -> None:
    """GIVEN a holder written by sync 3, WHEN sync 7 confirms it, THEN only its sync moves, and sync 6 can't take it."""
    decision = confirmed(used(), registration(sync=7), stamp())

    assert decision.outcome is Outcome.HOLDER_CONFIRMED
    assert decision.needs_write
    before, after = used().holders[0], decision.after.holders[0]
    assert (after.device, after.since, after.sync) == (before.device, before.since, 7)
    late = registration_gone(decision.after, registration(sync=6), 2, stamp())
    assert late is not None
    assert not late.needs_write


def test_confirming_again_writes_nothing() -> None:
    """GIVEN a holder that this sync or a later one wrote, WHEN it is confirmed, THEN nothing changes."""
    for sync in (3, 2):
        assert not confirmed(used(), registration(sync=sync), stamp()).needs_write


def test_a_number_that_was_taken_after_all_is_registered_again() -> None:
    """GIVEN no number, or one without this holder, WHEN it is confirmed, THEN it is as if it were registered."""
    for record in (None, cooling(), used("sbc2")):
        assert confirmed(record, registration(), stamp()) == registered(record, registration(), stamp())


def test_other_holders_stay_as_they_are() -> None:
    """GIVEN a second holder, WHEN the first is confirmed, THEN the second is untouched."""
    decision = confirmed(used("sbc1", "sbc2"), registration(sync=7), stamp())

    assert decision.after.holders[1] == holders("sbc2")[0]
