"""What people may ask of a number: done, already so, or refused with who has it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from number_inventory.domain.commands import (
    EDITABLE,
    LONGEST_RESERVATION,
    Assign,
    Command,
    Cool,
    Edit,
    Release,
    Reserve,
    Unassign,
    Unreserve,
    decide,
    needs_settings,
)
from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Decision, Outcome, Stamp, describe_claim
from number_inventory.domain.errors import InvalidInputError, RuleViolationError
from number_inventory.domain.lifecycle import registered, registration_gone
from number_inventory.domain.management import condemned
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage
from tests.unit.domain.records import (
    NOW,
    RELEASE,
    available,
    carried,
    cooling,
    holders,
    of_microsoft,
    registration,
    reserved,
    stamp,
    used,
)

ON, OFF = CoolingSettings(enabled=True, days=30), CoolingSettings(enabled=False, days=30)
LATER = NOW + timedelta(days=7)
TO_ALICE = Assign("Microsoft", Usage.USER, "alice")
FOR_BOB = Reserve("bob", LATER, "new desk")
COMMANDS: tuple[Command, ...] = (
    TO_ALICE,
    Unassign(),
    FOR_BOB,
    Unreserve(),
    Cool(5),
    Cool(),
    Release("wanted at once"),
    Edit({"description": "Lobby"}),
)


def assigned(to: str = "alice", *devices: str) -> NumberRecord:
    """A number that an operator gave to somebody."""
    return replace(of_microsoft(*devices), assigned_to=to)


def done(command: Command, record: NumberRecord, settings: CoolingSettings = ON) -> Decision:
    """The command, decided now."""
    return decide(command, record, settings, stamp())


# --- what they do


def test_assigned_number_says_to_whom() -> None:
    """GIVEN an Available number, or one reserved for her, WHEN assigned to alice, THEN it is hers."""
    for record in (available(), reserved("alice", LATER)):
        decision = done(TO_ALICE, record)
        after = decision.after
        assert (after.status, after.vendor, after.usage) == (Status.USED, "Microsoft", Usage.USER)
        assert (after.assigned_to, after.reserved_for, after.reserved_until) == ("alice", "", None)
        assert decision.outcome is Outcome.ASSIGNED
        assert carried(after) == carried(record)


@pytest.mark.parametrize(
    ("command", "record", "status"),
    [
        (Unassign(), assigned(), Status.COOLING),
        (Unassign(), assigned("alice", "sbc1"), Status.USED),
        (Unreserve(), reserved(), Status.AVAILABLE),
        (Release("x"), cooling(), Status.AVAILABLE),
    ],
    ids=["cools", "is the device's", "unreserved", "released"],
)
def test_whoever_had_it_is_forgotten_once_it_is_free(command: Command, record: NumberRecord, status: Status) -> None:
    after = done(command, replace(record, assigned_to="alice")).after
    assert (after.status, after.assigned_to) == (status, "")


def test_unassigned_number_cools_only_where_cooling_is_enabled() -> None:
    assert done(Unassign(), assigned(), ON).after.release_date == NOW + timedelta(days=30)
    assert done(Unassign(), assigned(), OFF).after.status is Status.AVAILABLE


def test_reservation_says_for_whom_until_when_and_why() -> None:
    after = done(FOR_BOB, available()).after
    assert (after.status, after.reserved_for, after.reserved_until) == (Status.RESERVED, "bob", LATER)
    assert after.reservation_notes == "new desk"


@pytest.mark.parametrize("until", [None, NOW + timedelta(days=1), LATER + timedelta(days=1)])
def test_reservation_of_the_same_may_get_another_end(until: datetime | None) -> None:
    """GIVEN a reservation for bob WHEN reserved for bob again with another end THEN it has that end, and only that."""
    held = done(FOR_BOB, available()).after
    decision = done(Reserve("bob", until, "longer"), held)
    assert (decision.after.reserved_until, decision.after.reservation_notes) == (until, "longer")
    assert (decision.after.status, decision.outcome) == (Status.RESERVED, Outcome.RESERVED)


def test_lapsed_reservation_that_nobody_released_yet_may_still_be_taken_up_by_whom_it_was_for() -> None:
    late = Stamp(LATER + timedelta(hours=1), "api:x", "late")
    held = done(Reserve("alice", LATER), available()).after
    assert decide(TO_ALICE, held, None, late).after.assigned_to == "alice"
    with pytest.raises(RuleViolationError, match="reserved for alice"):
        decide(Assign("Microsoft", Usage.USER, "bob"), held, None, late)


def test_manual_cooling_takes_the_days_it_is_given_or_else_the_global_ones() -> None:
    """GIVEN global cooling that is off WHEN cooled by hand without days THEN its days count all the same."""
    assert done(Cool(5), available(), OFF).after.release_date == NOW + timedelta(days=5)
    assert done(Cool(), available(), OFF).after.release_date == NOW + timedelta(days=30)
    assert not done(Cool(0), available()).needs_write


@pytest.mark.parametrize("record", [available(), used(), of_microsoft("sbc1"), reserved(), cooling()])
def test_edit_changes_what_is_given_and_nothing_else(record: NumberRecord) -> None:
    """GIVEN any number, held or not, WHEN edited, THEN the given texts differ, and nothing else but the stamp does."""
    changes = {"description": "Lobby", "extra2": "", "e164_number": r"\+4930123"}
    decision = done(Edit(changes), record)
    expected = replace(record, description="Lobby", extra2="", e164_number="+4930123")
    assert replace(decision.after, updated_at=None, updated_by="", reason="") == expected
    assert decision.outcome is Outcome.EDITED


# --- asked again


REPEATED: dict[str, tuple[Command, NumberRecord]] = {
    "assigned to her already": (TO_ALICE, assigned()),
    "assigned, asked with blanks around": (Assign(" Microsoft ", Usage.USER, " alice "), assigned()),
    "reserved just so": (FOR_BOB, replace(reserved("bob", LATER), reservation_notes="new desk")),
    "cools for so many days": (Cool(2), cooling()),
    "cools, however long": (Cool(), cooling(RELEASE + timedelta(days=3))),
    "nobody has it": (Unassign(), available()),
    "given back and cooling": (Unassign(), cooling()),
    "not reserved": (Unreserve(), available()),
    "released": (Release("why not"), available()),
    "says so already": (Edit({"description": "Reception", "tag": "for the lobby"}), available()),
    "held, and says so already": (Edit({"site": "London"}), used()),
}


@pytest.mark.parametrize(("command", "record"), REPEATED.values(), ids=REPEATED.keys())
def test_what_already_is_so_is_answered_as_done(command: Command, record: NumberRecord) -> None:
    """GIVEN a number that is as it is wanted WHEN asked again THEN nothing is written, and it is no error."""
    assert done(command, record) == Decision(record, record, Outcome.UNCHANGED)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_may_be_repeated_at_once(command: Command) -> None:
    """GIVEN any command that changed a number WHEN the very same comes again THEN it changes nothing."""
    for record in (available(), assigned(), reserved("bob"), reserved("alice"), cooling()):
        try:
            after = done(command, record).after
        except RuleViolationError:
            continue
        assert done(command, after).outcome is Outcome.UNCHANGED


# --- refused


REFUSED: dict[str, tuple[Command, NumberRecord]] = {
    "assigned to somebody else": (TO_ALICE, assigned("bob")),
    "hers, but of another vendor": (Assign("Webex Calling", Usage.USER, "alice"), assigned()),
    "hers, but for another usage": (Assign("Microsoft", Usage.HUNT_PILOT, "alice"), assigned()),
    "reserved for somebody else": (TO_ALICE, reserved("bob")),
    "assigned while it cools": (TO_ALICE, cooling()),
    "a device's number unassigned": (Unassign(), used()),
    "a reserved number unassigned": (Unassign(), reserved()),
    "reserved again for somebody else": (FOR_BOB, reserved("alice")),
    "a used number unreserved": (Unreserve(), assigned()),
    "a reserved number cooled": (Cool(5), reserved()),
    "cooled for other days": (Cool(5), cooling()),
    "cools, nobody knows since when": (Cool(2), replace(cooling(), cooling_since=None)),
    "a used number released": (Release("x"), assigned()),
    "a reserved number released": (Release("x"), reserved()),
}


@pytest.mark.parametrize(("command", "record"), REFUSED.values(), ids=REFUSED.keys())
def test_refusal_says_who_has_the_number(command: Command, record: NumberRecord) -> None:
    with pytest.raises(RuleViolationError) as refusal:
        done(command, record)
    assert record.number in str(refusal.value)
    assert describe_claim(record) in str(refusal.value)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(
    "command", [TO_ALICE, Assign("", Usage.USER, "bob"), FOR_BOB, Reserve("alice"), Cool(5), Cool(), Release("x")]
)
def test_number_on_a_device_is_never_given_away(command: Command, status: Status) -> None:
    """GIVEN a number that a device holds WHEN somebody wants it THEN that is refused, whatever its status (law 1)."""
    bases = (available(), assigned(), reserved("alice"), cooling(), replace(assigned(), vendor=AUDIOCODES))
    for base in bases:
        held = replace(base, status=status, holders=holders("sbc1"))
        with pytest.raises(RuleViolationError, match="registered on sbc1"):
            done(command, held)
        with pytest.raises(RuleViolationError, match="registered on sbc1"):
            condemned(held, stamp())


def test_only_available_numbers_may_be_deleted() -> None:
    decision = condemned(available(), stamp())
    assert (decision.after.deleting, decision.after.updated_by) == (True, stamp().by)
    for record in (used(), assigned(), reserved(), cooling(), replace(available(), holders=holders("sbc1"))):
        with pytest.raises(RuleViolationError, match="cannot be deleted"):
            condemned(record, stamp())


# --- malformed


MALFORMED: dict[str, tuple[Command, str]] = {
    "AudioCodes assigns by syncs alone": (Assign("AudioCodes", Usage.DEVICE, "alice"), "vendor"),
    "in any spelling": (Assign(" audiocodes", Usage.USER, "alice"), "vendor"),
    "no usage": (Assign("Microsoft", Usage.NONE, "alice"), "usage"),
    "nobody": (Assign("Microsoft", Usage.USER, "  "), "assignee"),
    "a long vendor": (Assign("x" * 201, Usage.USER, "alice"), "vendor"),
    "a control character": (Assign("Microsoft", Usage.USER, "al\x1bice"), "assignee"),
    "half a character": (Assign("Microsoft", Usage.USER, "al\ud800ice"), "assignee"),
    "reserved for nobody": (Reserve("", LATER), "for_whom"),
    "reserved until now": (Reserve("bob", NOW), "until"),
    "reserved until yesterday": (Reserve("bob", NOW - timedelta(days=1)), "until"),
    "reserved for a lifetime": (Reserve("bob", NOW + LONGEST_RESERVATION + timedelta(seconds=1)), "until"),
    "reserved until the end of time": (
        Reserve("bob", datetime.max.replace(tzinfo=timezone(-timedelta(hours=9)))),
        "until",
    ),
    "reserved until no zone's noon": (Reserve("bob", datetime(2027, 1, 1)), "until"),  # noqa: DTZ001 - that is the point
    "long notes": (Reserve("bob", LATER, "x" * 201), "notes"),
    "notes of two lines": (Reserve("bob", LATER, "a\nb"), "notes"),
    "less than no days": (Cool(-1), "days"),
    "more than 999 days": (Cool(1000), "days"),
    "no reason": (Release(" "), "reason"),
    "a novel": (Release("x" * 201), "reason"),
    "nothing to edit": (Edit({}), "changes"),
    "the status": (Edit({"status": "Available"}), "status"),
    "the holders": (Edit({"holders": ""}), "holders"),
    "a long text": (Edit({"tag": "x" * 201}), "tag"),
    "no number": (Edit({"e164_number": "x"}), "e164_number"),
}


@pytest.mark.parametrize(("command", "field"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_command_is_refused_by_field_whatever_the_number(command: Command, field: str) -> None:
    for record in (available(), used(), cooling()):
        with pytest.raises(InvalidInputError) as refusal:
            done(command, record)
        assert refusal.value.field == field
        assert len(str(refusal.value)) < 300


def test_limits_themselves_are_allowed() -> None:
    longest = NOW + LONGEST_RESERVATION
    assert done(Reserve("b" * 200, longest), available()).after.reserved_until == longest
    assert done(Cool(999), available()).after.release_date == NOW + timedelta(days=999)
    assert done(Edit(dict.fromkeys(EDITABLE, "")), available()).needs_write
    assert done(Assign("", Usage.USER, "alice"), available()).after.vendor == ""


def test_instants_are_kept_in_utc() -> None:
    until = LATER.astimezone(timezone(timedelta(hours=2)))
    after = done(Reserve("bob", until), available()).after
    assert after.reserved_until is not None
    assert after.reserved_until.tzinfo is UTC


def test_settings_are_asked_for_only_where_they_decide() -> None:
    assert [needs_settings(command) for command in (Unassign(), Cool(), Cool(5), TO_ALICE)] == [
        True,
        True,
        False,
        False,
    ]
    assert decide(Cool(5), available(), None, stamp()).needs_write
    with pytest.raises(TypeError, match="settings"):
        decide(Unassign(), assigned(), None, stamp())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_gives_a_reason_for_the_record(command: Command) -> None:
    assert command.reason


# --- any history


COMMANDED = st.one_of(
    st.sampled_from(COMMANDS),
    st.builds(Assign, st.sampled_from(["", "Microsoft"]), st.sampled_from(Usage), st.sampled_from(["alice", "bob"])),
    st.builds(Reserve, st.sampled_from(["alice", "bob"]), st.sampled_from([None, LATER]), st.just("")),
    st.builds(Cool, st.none() | st.integers(0, 999)),
)
DEVICES = st.sampled_from(["registered", "gone"])


@hypothesis_settings(max_examples=300, deadline=None)
@given(history=st.lists(COMMANDED | DEVICES, max_size=25), cooling_settings=st.sampled_from([ON, OFF]))
def test_no_history_of_commands_and_devices_breaks_a_law(
    history: list[Command | str], cooling_settings: CoolingSettings
) -> None:
    """GIVEN any commands between registrations THEN a held number is in use, and only what is free is given away."""
    record = available()
    for step, event in enumerate(history):
        at = stamp(NOW + timedelta(minutes=step))
        if isinstance(event, str):
            seen = registration(sync=step + 1)
            change = registered(record, seen, at) if event == "registered" else registration_gone(record, seen, 2, at)
            assert change is not None
        else:
            try:
                change = decide(event, record, cooling_settings, at)
            except (RuleViolationError, InvalidInputError):
                continue
        before, after = record, change.after
        if isinstance(event, Assign) and change.needs_write:
            assert not before.holders
            assert before.status is Status.AVAILABLE or before.reserved_for == event.assignee
        in_use = after.status in {Status.USED, Status.USED_UTILITY}
        assert in_use or not (after.holders or after.assigned_to or after.vendor or after.usage)
        assert (after.status is Status.RESERVED) >= (after.reserved_until is not None)
        assert (after.status is Status.COOLING) == (after.release_date is not None)
        assert after.vendor != AUDIOCODES or after.assigned_to == ""
        record = after
