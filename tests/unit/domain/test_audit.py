"""What an audit finds wrong with a number: for each code, the states that must raise it and those that must not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from number_inventory.domain.audit import WITNESSES_SHOWN, Case, CoolingDays, judge
from number_inventory.domain.corrections import corrected
from number_inventory.domain.decisions import Outcome, Stamp
from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage
from number_inventory.domain.testimony import Statement, Word
from tests.unit.domain.records import NOW, NUMBER, RELEASE, available, cooling, holders, of_microsoft, reserved, used

HOLDS, DENIES, CANNOT_SAY, CHANGING = Word.HOLDS, Word.DENIES, Word.CANNOT_SAY, Word.CHANGING
DAYS = CoolingDays(devices=2, undated=30)
PAST = NOW - timedelta(seconds=1)


def says(word: Word, device: str = "sbc1") -> Statement:
    """A device's word."""
    note = "it is unreachable" if word is CANNOT_SAY else ""
    return Statement(device=device, word=word, sync=7, proven_at=NOW - timedelta(minutes=5), note=note)


def case(record: NumberRecord | None, *statements: Statement, days: CoolingDays = DAYS, at: datetime = NOW) -> Case:
    """A number before the audit."""
    return Case(customer="acme", number=NUMBER, record=record, statements=statements, at=at, days=days)


def codes(found: Sequence[Finding]) -> set[str]:
    """The codes found, with their outcome where it is not the usual one."""
    return {each.code if each.outcome is FindingOutcome.REPORTED else f"{each.code} {each.outcome}" for each in found}


def wrong_status(status: Status, usage: Usage = Usage.DEVICE) -> NumberRecord:
    """A number of AudioCodes that a device holds, with a Status it must not have."""
    date = RELEASE if status is Status.COOLING else None
    return replace(used(), status=status, usage=usage, release_date=date)


def unheld(record: NumberRecord) -> NumberRecord:
    """The same without holders."""
    return replace(record, holders=())


def named(record: NumberRecord) -> NumberRecord:
    """The same, naming a holder."""
    return replace(record, holders=holders("sbc1"))


undated = replace(cooling(), release_date=None)
utility = replace(available(), status=Status.USED_UTILITY)
SILENT = "stale_holder unproven"

RAISED = [
    ("Available with a holder", wrong_status(Status.AVAILABLE), [says(HOLDS)], {"status_mismatch"}),
    ("Reserved with a holder", wrong_status(Status.RESERVED), [says(HOLDS)], {"status_mismatch"}),
    ("Cooling with a holder", wrong_status(Status.COOLING), [says(HOLDS)], {"status_mismatch"}),
    ("Used-Utility with a holder", wrong_status(Status.USED_UTILITY), [says(HOLDS)], {"status_mismatch"}),
    (
        "Available, holder silent",
        wrong_status(Status.AVAILABLE),
        [says(CANNOT_SAY)],
        {"status_mismatch", SILENT},
    ),
    ("a User of AudioCodes with a holder", replace(used(), usage=Usage.USER), [says(HOLDS)], {"usage_mismatch"}),
    ("blank Usage with a holder", replace(used(), usage=Usage.NONE), [says(HOLDS)], {"usage_mismatch"}),
    (
        "Status and Usage",
        wrong_status(Status.AVAILABLE, Usage.USER),
        [says(HOLDS)],
        {"status_mismatch", "usage_mismatch"},
    ),
    ("Available and registered", available(), [says(HOLDS)], {"not_marked_used"}),
    ("Reserved and registered", reserved(), [says(HOLDS)], {"not_marked_used"}),
    ("Cooling and registered", cooling(), [says(HOLDS)], {"not_marked_used"}),
    ("Cooling past its date and registered", cooling(PAST), [says(HOLDS)], {"not_marked_used"}),
    ("Available, its holder named", named(available()), [says(HOLDS)], {"not_marked_used"}),
    (
        "Available, its holder silent",
        named(available()),
        [says(CANNOT_SAY)],
        {"not_marked_used", SILENT},
    ),
    ("registered and not there", None, [says(HOLDS)], {"missing_number"}),
    ("on a second device, not named", used("sbc1"), [says(HOLDS), says(HOLDS, "sbc2")], {"missing_holder"}),
    ("Used without holders, registered", unheld(used()), [says(HOLDS)], {"missing_holder"}),
    ("Used, nobody holds it", unheld(used()), [says(DENIES)], {"orphaned"}),
    ("Used, nobody holds it, no devices", unheld(used()), [], {"orphaned"}),
    ("Used by a User of AudioCodes, nobody", unheld(replace(used(), usage=Usage.USER)), [says(DENIES)], {"orphaned"}),
    ("Used, nobody, one cannot say", unheld(used()), [says(DENIES), says(CANNOT_SAY, "sbc2")], {"orphaned unproven"}),
    ("another vendor's, registered and named", of_microsoft("sbc1"), [says(HOLDS)], {"conflict left"}),
    ("another vendor's, registered, not named", of_microsoft(), [says(HOLDS)], {"conflict left", "missing_holder"}),
    ("Cisco's, registered", replace(of_microsoft("sbc1"), vendor=""), [says(HOLDS)], {"conflict left"}),
    (
        "Used-Utility of nobody, registered",
        replace(available(), status=Status.USED_UTILITY),
        [says(HOLDS)],
        {"conflict left", "missing_holder"},
    ),
    ("another vendor's, its holder silent", of_microsoft("sbc1"), [says(CANNOT_SAY)], {"conflict left"}),
    (
        "a conflict with a stale holder besides",
        of_microsoft("sbc1", "sbc2"),
        [says(HOLDS), says(DENIES, "sbc2")],
        {"conflict left", "stale_holder"},
    ),
    (
        "a conflict, whose stale holder is silent",
        of_microsoft("sbc1", "sbc2"),
        [says(HOLDS), says(CANNOT_SAY, "sbc2")],
        {"conflict left"},
    ),
    ("Release Date reached", cooling(NOW), [], {"release_overdue"}),
    ("Release Date past for years", cooling(NOW - timedelta(days=2000)), [], {"release_overdue"}),
    ("Cooling without a date", undated, [], {"cooling_without_release_date"}),
    ("its only holder gone", used(), [says(DENIES)], {"stale_holder"}),
    ("one of two holders gone", used("sbc1", "sbc2"), [says(DENIES), says(HOLDS, "sbc2")], {"stale_holder"}),
    ("another vendor's, its holder gone", of_microsoft("sbc1"), [says(DENIES)], {"stale_holder"}),
    ("Available, its holder gone", named(available()), [says(DENIES)], {"stale_holder"}),
    (
        "overdue, kept by a holder that is gone",
        named(cooling(PAST)),
        [says(DENIES)],
        {"stale_holder", "release_overdue"},
    ),
    (
        "undated, kept by a holder that is gone",
        named(undated),
        [says(DENIES)],
        {"stale_holder", "cooling_without_release_date"},
    ),
    ("its only holder silent", used(), [says(CANNOT_SAY)], {SILENT}),
    (
        "Cooling, its holder silent",
        named(cooling(PAST)),
        [says(CANNOT_SAY)],
        {SILENT},
    ),
    (
        "Cooling of AudioCodes, its holder silent",
        wrong_status(Status.COOLING),
        [says(CANNOT_SAY)],
        {SILENT},
    ),
    (
        "moved from one device to another",
        used("sbc1"),
        [says(DENIES), says(HOLDS, "sbc2")],
        {"stale_holder", "missing_holder"},
    ),
]

SOUND = [
    ("used by the device that holds it", used(), [says(HOLDS)]),
    ("used by two devices", used("sbc1", "sbc2"), [says(HOLDS), says(HOLDS, "sbc2")]),
    ("Available", available(), []),
    ("Reserved", reserved(), []),
    ("Reserved beyond its time", reserved(until=PAST), []),
    ("Cooling", cooling(), []),
    ("Cooling until in a second", cooling(NOW + timedelta(seconds=1)), []),
    ("another vendor's", of_microsoft(), []),
    ("another vendor's device", replace(of_microsoft(), usage=Usage.DEVICE), []),
    ("Used-Utility", utility, []),
    ("Used-Utility of AudioCodes, nobody", replace(utility, vendor=AUDIOCODES), []),
    ("Available, Vendor left behind", replace(available(), vendor=AUDIOCODES), []),
    ("not there, denied", None, [says(DENIES)]),
    ("not there, unknown", None, [says(CANNOT_SAY)]),
]


@pytest.mark.parametrize(("record", "said", "expected"), [row[1:] for row in RAISED], ids=[row[0] for row in RAISED])
def test_a_state_that_is_wrong_is_found(record: NumberRecord | None, said: list[Statement], expected: set[str]) -> None:
    """GIVEN a number that is not as it must be, WHEN judged, THEN exactly these codes are raised, each once."""
    found = judge(case(record, *said))

    assert codes(found) == expected
    assert len(found) == len({finding.code for finding in found})
    assert all(finding.number == NUMBER and finding.before and finding.after and finding.reason for finding in found)


@pytest.mark.parametrize(("record", "said"), [row[1:] for row in SOUND], ids=[row[0] for row in SOUND])
def test_a_state_that_is_right_is_not_found(record: NumberRecord | None, said: list[Statement]) -> None:
    """GIVEN a number that is as it must be, WHEN judged, THEN nothing is found and there is nothing to correct."""
    assert judge(case(record, *said)) == ()
    assert corrected(case(record, *said), set(FindingCode) - {FindingCode.ORPHANED}, _stamp()) is None


@pytest.mark.parametrize(("record", "said"), [row[1:3] for row in RAISED], ids=[row[0] for row in RAISED])
def test_nothing_is_said_of_a_number_at_which_a_sync_is_at_work(
    record: NumberRecord | None, said: list[Statement]
) -> None:
    """GIVEN any wrong state, WHEN a sync is changing the number, THEN no finding and no correction."""
    moving = case(record, *said, says(CHANGING, "sbc9"))

    assert moving.moving
    assert judge(moving) == ()
    assert corrected(moving, set(FindingCode), _stamp()) is None


@pytest.mark.parametrize(("record", "said"), [row[1:3] for row in RAISED], ids=[row[0] for row in RAISED])
def test_after_a_correction_there_is_nothing_left_to_correct(
    record: NumberRecord | None, said: list[Statement]
) -> None:
    """GIVEN any wrong state, WHEN what can be corrected is, THEN a second look finds only what could not be."""
    before = case(record, *said)
    found = judge(before)
    decision = corrected(before, {each.code for each in found if each.outcome is FindingOutcome.REPORTED}, _stamp())
    after = decision.after if decision else record

    left = judge(replace(before, record=after))

    assert codes(left) == {code for code in codes(found) if " " in code}


# --- what the findings tell


def _stamp() -> Stamp:
    return Stamp(NOW, "audit:1", "found wrong")


def test_a_wrong_status_is_told_with_its_evidence() -> None:
    """GIVEN an AudioCodes number with a holder that says Available, WHEN judged, THEN before, after, why."""
    (finding,) = judge(case(wrong_status(Status.AVAILABLE), says(HOLDS)))

    assert (finding.before, finding.after) == ("Status Available", "Status Used")
    assert finding.reason == "Vendor is AudioCodes and a device holds it, so Status must be Used"
    assert finding.evidence == (says(HOLDS),)
    assert not finding.frees


def test_an_orphan_is_told_with_who_denies_it_and_how_long_it_will_cool() -> None:
    """GIVEN an orphan of a customer with many devices, WHEN judged, THEN some of those that deny it, and the days."""
    everyone = [says(DENIES, f"sbc{index:02d}") for index in range(20)]
    (finding,) = judge(case(unheld(used()), *everyone))

    assert (finding.before, finding.after) == ("Used / Device / AudioCodes", "Cooling for 2 days")
    assert finding.evidence == tuple(everyone[:WITNESSES_SHOWN])
    assert finding.frees


def test_an_unproven_orphan_names_those_who_cannot_testify() -> None:
    """GIVEN devices that cannot say, WHEN an orphan is judged, THEN they are named, with their reasons."""
    silent = [says(CANNOT_SAY, f"sbc{index}") for index in range(8)]
    (finding,) = judge(case(unheld(used()), says(DENIES), *silent))

    assert finding.outcome is FindingOutcome.UNPROVEN
    assert finding.evidence == tuple(silent[:WITNESSES_SHOWN])
    assert "sbc0: it is unreachable" in finding.cause
    assert finding.cause.endswith("and 3 more")


def test_a_stale_holder_is_told_with_what_is_left() -> None:
    """GIVEN stale holders, WHEN judged, THEN who is left, whether it cools, and whether that frees the number."""
    rows = [
        (used(), [says(DENIES)], "held by sbc1", "held by nobody, Cooling for 2 days", True),
        (used("sbc1", "sbc2"), [says(DENIES), says(HOLDS, "sbc2")], "held by sbc1, sbc2", "held by sbc2", False),
        (used("sbc1", "sbc2"), [says(DENIES), says(CANNOT_SAY, "sbc2")], "held by sbc1, sbc2", "held by sbc2", False),
        (of_microsoft("sbc1"), [says(DENIES)], "held by sbc1", "held by nobody", False),
        (named(cooling()), [says(DENIES)], "held by sbc1", "held by nobody", False),
    ]
    for record, said, before, after, frees in rows:
        (finding,) = [each for each in judge(case(record, *said)) if each.code is FindingCode.STALE_HOLDER]
        assert (finding.before, finding.after, finding.frees) == (before, after, frees)


def test_a_duration_of_zero_days_is_told_as_available() -> None:
    """GIVEN cooling set to 0 days, WHEN an orphan is judged, THEN it is told to be Available at once."""
    (finding,) = judge(case(unheld(used()), says(DENIES), days=CoolingDays(devices=0, undated=1)))
    assert finding.after == "Available"


# --- what a correction does


def test_a_correction_of_one_code_leaves_the_others() -> None:
    """GIVEN a wrong Status and a wrong Usage, WHEN only one is corrected, THEN the other stays."""
    wrong = case(wrong_status(Status.AVAILABLE, Usage.USER), says(HOLDS))

    status = corrected(wrong, {FindingCode.STATUS_MISMATCH}, _stamp())
    usage = corrected(wrong, {FindingCode.USAGE_MISMATCH}, _stamp())

    assert status is not None
    assert usage is not None
    assert (status.after.status, status.after.usage) == (Status.USED, Usage.USER)
    assert (usage.after.status, usage.after.usage) == (Status.AVAILABLE, Usage.DEVICE)


def test_dropping_a_stale_holder_never_frees_a_number_that_another_device_holds() -> None:
    """GIVEN a number that moved between devices, WHEN only the stale holder is corrected, THEN it stays used."""
    decision = corrected(case(used("sbc1"), says(DENIES), says(HOLDS, "sbc2")), {FindingCode.STALE_HOLDER}, _stamp())

    assert decision is not None
    assert decision.after.status is Status.USED
    assert [holder.device for holder in decision.after.holders] == ["sbc2"]


def test_a_missing_number_is_created_with_every_device_that_holds_it() -> None:
    """GIVEN a number that two devices hold and the inventory lacks, WHEN corrected, THEN it is created with both."""
    decision = corrected(
        case(None, says(HOLDS), says(HOLDS, "sbc2"), says(DENIES, "sbc3")), {FindingCode.MISSING_NUMBER}, _stamp()
    )

    assert decision is not None
    assert decision.outcome is Outcome.CREATED
    after = decision.after
    assert (after.status, after.usage, after.vendor) == (Status.USED, Usage.DEVICE, AUDIOCODES)
    assert [(holder.device, holder.sync) for holder in after.holders] == [("sbc1", 7), ("sbc2", 7)]
    assert (after.created_by, after.updated_by) == ("audit:1", "audit:1")


def test_orphans_and_stale_holders_cool_as_long_as_devices_numbers_do() -> None:
    """GIVEN an orphan, and a number whose only holder is gone, WHEN corrected, THEN both cool for the macro's days."""
    for record, code in ((unheld(used()), FindingCode.ORPHANED), (used(), FindingCode.STALE_HOLDER)):
        decision = corrected(case(record, says(DENIES)), {code}, _stamp())
        assert decision is not None
        assert (decision.after.status, decision.after.release_date) == (Status.COOLING, NOW + timedelta(days=2))
        assert (decision.after.usage, decision.after.vendor, decision.after.holders) == (Usage.NONE, "", ())


def test_a_cooling_without_a_date_gets_one_counted_from_now() -> None:
    """GIVEN a cooling that nobody knows the end of, WHEN corrected, THEN it ends after the longer of the durations."""
    decision = corrected(case(undated), {FindingCode.COOLING_WITHOUT_RELEASE_DATE}, _stamp())

    assert decision is not None
    assert (decision.after.status, decision.after.release_date) == (Status.COOLING, NOW + timedelta(days=30))


def test_a_stale_holder_of_a_cooling_number_goes_without_touching_its_date() -> None:
    """GIVEN a cooling number with a holder that is gone, WHEN corrected, THEN the holder goes and the date stays."""
    record = named(cooling())
    decision = corrected(case(record, says(DENIES)), {FindingCode.STALE_HOLDER}, _stamp())

    assert decision is not None
    assert (decision.after.release_date, decision.after.cooling_since) == (record.release_date, record.cooling_since)
    assert decision.after.holders == ()


def test_without_a_known_duration_no_number_is_freed() -> None:
    """GIVEN a broken macro, WHEN judged and corrected, THEN what would free a number is held, with the cause."""
    broken = CoolingDays(
        devices=None, undated=None, devices_unknown="the macro is broken", undated_unknown="the macro is broken"
    )
    for record, code in (
        (unheld(used()), FindingCode.ORPHANED),
        (used(), FindingCode.STALE_HOLDER),
        (undated, FindingCode.COOLING_WITHOUT_RELEASE_DATE),
    ):
        wrong = case(record, *([] if record is undated else [says(DENIES)]), days=broken)
        (finding,) = judge(wrong)
        assert (finding.outcome, finding.cause) == (FindingOutcome.HELD, "the macro is broken")
        with pytest.raises(RuleViolationError, match="the macro is broken"):
            corrected(wrong, {code}, _stamp())


def test_what_operators_wrote_stays() -> None:
    """GIVEN numbers with everything filled in, WHEN corrected, THEN no free text is lost."""
    for record, said, code in (
        (available(), says(HOLDS), FindingCode.NOT_MARKED_USED),
        (used(), says(DENIES), FindingCode.STALE_HOLDER),
        (wrong_status(Status.RESERVED), says(HOLDS), FindingCode.STATUS_MISMATCH),
    ):
        decision = corrected(case(record, said), {code}, _stamp())
        assert decision is not None
        for name in ("tag", "description", "extra1", "extra2", "extra3", "site", "e164_number", "version"):
            assert getattr(decision.after, name) == getattr(record, name)
