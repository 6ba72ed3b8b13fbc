"""What an audit may and may not do to one number: any record, whatever the devices say of it, any codes asked for."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from number_inventory.domain.audit import Case, CoolingDays, judge, suspicious
from number_inventory.domain.corrections import corrected
from number_inventory.domain.decisions import Decision, Stamp
from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberGlance, NumberRecord, Status, Usage
from number_inventory.domain.testimony import DeviceTestimony, Statement, Word, not_configured, unreadable

LAW = settings(max_examples=int(os.environ.get("LAW_EXAMPLES", "200")), deadline=None)

CUSTOMER, NUMBER = "acme", "+441001"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAMES = ("sbc1", "sbc2", "sbc3")
REMOVED = "long-gone"
IN_USE = frozenset({Status.USED, Status.USED_UTILITY})
UNSURE = "it is unreachable"


@dataclass(frozen=True)
class Scene:
    """A number, and what the devices have to say of it.

    Attributes:
        devices: every configured device; one whose register cannot be read has no testimony.
    """

    record: NumberRecord | None
    devices: dict[str, DeviceTestimony | None]
    days: CoolingDays

    @property
    def claimants(self) -> list[str]:
        """The devices whose registers hold the number."""
        return [name for name, device in self.devices.items() if device and NUMBER in device.held]

    @property
    def case(self) -> Case:
        """All of it put together as the audit reads it: only who has to do with the number is asked, else everyone."""
        record = self.record
        named = [holder.device for holder in record.holders] if record else []
        asked = sorted({*named, *self.claimants})
        if not asked and record and (record.status, record.vendor) == (Status.USED, AUDIOCODES):
            asked = list(self.devices)
        statements = tuple(self._statement(name) for name in asked)
        return Case(customer=CUSTOMER, number=NUMBER, record=record, statements=statements, at=NOW, days=self.days)

    @property
    def glance(self) -> NumberGlance:
        """What the quick look shows of a number that is in the inventory."""
        record = self.record
        assert record is not None
        release_date = record.release_date if record.status is Status.COOLING else None
        names = tuple(holder.device for holder in record.holders)
        return NumberGlance(NUMBER, record.status, str(record.usage), record.vendor, record.site, names, release_date)

    def after(self, decision: Decision | None) -> "Scene":
        """The same devices, and the number as it was stored."""
        return self if decision is None else replace(self, record=replace(decision.after, version=7))

    def _statement(self, name: str) -> Statement:
        if name not in self.devices:
            return not_configured(name)
        testimony = self.devices[name]
        if testimony is None:
            return unreadable(name, "its register cannot be read")
        return testimony.on(NUMBER, self.record.holder(name) if self.record else None)


# --- any number, any devices

_DAYS = (0, 1, 2, 30)
_DATES = (None, NOW - timedelta(days=30), NOW, NOW + timedelta(seconds=1), NOW + timedelta(days=30))
_SYNCS = (1, 2, 3)


@dataclass(frozen=True)
class Voice:
    """What one device says, whatever its name."""

    held: bool
    doubtful: bool
    syncing: bool
    settled_sync: int
    silent_because: str

    def named(self, name: str) -> DeviceTestimony:
        """The testimony of a device of this name."""
        return DeviceTestimony(
            device=name,
            held={NUMBER} if self.held else (),
            doubtful={NUMBER} if self.doubtful else (),
            syncing=self.syncing,
            settled_sync=self.settled_sync,
            proven_at=NOW - timedelta(hours=1),
            silent_because=self.silent_because,
        )


_YES_OR_NO = (False, True)
VOICES = tuple(Voice(*said) for said in product(_YES_OR_NO, _YES_OR_NO, _YES_OR_NO, _SYNCS, ("", UNSURE)))
NOT_HOLDING = tuple(voice for voice in VOICES if not voice.held)
AT_WORK = tuple(voice for voice in VOICES if voice.syncing)
KINDS = tuple(product(Status, (Usage.NONE, Usage.DEVICE, Usage.USER), ("", AUDIOCODES, "Microsoft")))


@st.composite
def records(draw: st.DrawFn, statuses: Collection[Status] = tuple(Status)) -> NumberRecord:
    """Any record of one of these statuses, sensible or not."""
    status, usage, vendor = draw(st.sampled_from([kind for kind in KINDS if kind[0] in statuses]))
    release_date, cooling_since, reserved_until = draw(st.tuples(*[st.sampled_from(_DATES)] * 3))
    syncs = [(name, draw(st.sampled_from((0, 0, *_SYNCS)))) for name in sorted([*NAMES, REMOVED])]
    return NumberRecord(
        customer=CUSTOMER,
        number=NUMBER,
        status=status,
        usage=usage,
        vendor=vendor,
        tag="lobby",
        release_date=release_date,
        cooling_since=cooling_since,
        description="kept",
        site="berlin",
        reserved_for="ann" if status is Status.RESERVED else "",
        reserved_until=reserved_until,
        holders=tuple(Holder(name, NOW - timedelta(days=9), sync) for name, sync in syncs if sync),
        version=6,
        updated_by="some other hand",
    )


@st.composite
def scenes(draw: st.DrawFn, statuses: Collection[Status] = tuple(Status), voices: Sequence[Voice] = VOICES) -> Scene:
    """Any record of these statuses, or none where all will do; now and then the cooling settings are broken."""
    any_record = records(statuses)
    record = draw(st.none() | any_record | any_record if len(statuses) == len(Status) else any_record)
    said = {name: draw(st.none() | st.sampled_from(voices) | st.sampled_from(voices)) for name in NAMES}
    devices = {name: voice.named(name) if voice else None for name, voice in said.items()}
    known, days, undated = draw(st.tuples(st.integers(0, 9), st.sampled_from(_DAYS), st.sampled_from(_DAYS)))
    if known == 9:
        why = "the setting is broken"
        unknown = CoolingDays(devices=None, undated=None, devices_unknown=why, undated_unknown=why)
        return Scene(record, devices, unknown)
    return Scene(record, devices, CoolingDays(devices=days, undated=max(days, undated)))


def stamp(codes: Sequence[FindingCode] = ()) -> Stamp:
    """An audit's."""
    return Stamp(NOW, "audit:1", f"corrected by an audit: {', '.join(codes)}")


def reported(scene: Scene) -> list[Finding]:
    """What is wrong and can be corrected."""
    return [finding for finding in judge(scene.case) if finding.outcome is FindingOutcome.REPORTED]


def correction(scene: Scene, codes: set[FindingCode]) -> Decision | None:
    """The correction of these codes; None too where it has to wait for a cooling duration."""
    try:
        return corrected(scene.case, codes, stamp(sorted(codes)))
    except RuleViolationError:
        assert scene.days.devices is None, "only an unknown duration stands in the way of a correction"
        return None


def codes_of(findings: Sequence[Finding]) -> set[FindingCode]:
    """Their codes."""
    return {finding.code for finding in findings}


@st.composite
def partly_corrected(
    draw: st.DrawFn, statuses: Collection[Status] = tuple(Status), voices: Sequence[Voice] = VOICES
) -> tuple[Scene, set[FindingCode]]:
    """A scene in which something can be corrected, and some of it."""
    scene = draw(scenes(statuses, voices))
    findings = reported(scene)
    assume(findings)
    return scene, draw(st.sets(st.sampled_from(sorted(codes_of(findings))), min_size=1))


# --- what is found


@LAW
@given(scenes())
def test_whatever_is_wrong_is_suspicious_at_the_first_glance(scene: Scene) -> None:
    """GIVEN any number, WHEN anything is found about it, THEN the quick look would not have passed it by."""
    assume(scene.record is not None)
    found = judge(scene.case)
    event(f"found: {', '.join(sorted(codes_of(found))) or 'nothing'}")
    if found:
        assert suspicious(scene.glance, scene.claimants, NOW)


@LAW
@given(scenes())
def test_each_code_is_found_once_and_says_what_changes(scene: Scene) -> None:
    """GIVEN any number, WHEN judged, THEN a code stands once, with evidence, and a change unless a person decides."""
    found = judge(scene.case)
    assert len(codes_of(found)) == len(found)
    for finding in found:
        assert finding.before != finding.after or finding.outcome is not FindingOutcome.REPORTED
        assert finding.reason
        assert bool(finding.cause) == (finding.outcome in {FindingOutcome.UNPROVEN, FindingOutcome.HELD})
        assert (finding.outcome is FindingOutcome.LEFT) == (finding.code is FindingCode.CONFLICT)


@LAW
@given(scenes(voices=AT_WORK))
def test_nothing_is_found_or_done_while_a_sync_is_at_work(scene: Scene) -> None:
    """GIVEN a number that a sync is changing, WHEN judged or corrected, THEN nothing at all."""
    assume(any(statement.word is Word.CHANGING for statement in scene.case.statements))
    assert judge(scene.case) == ()
    assert corrected(scene.case, set(FindingCode), stamp()) is None


@LAW
@given(scenes(IN_USE))
def test_a_conflict_is_left_but_for_who_holds_the_number(scene: Scene) -> None:
    """GIVEN a number of another vendor that a device holds, WHEN corrected with every code, THEN it is theirs still."""
    found = judge(scene.case)
    assume(FindingCode.CONFLICT in codes_of(found))
    assert codes_of(found) <= {FindingCode.CONFLICT, FindingCode.MISSING_HOLDER, FindingCode.STALE_HOLDER}
    before, after = scene.record, scene.after(correction(scene, set(FindingCode))).record
    assert before is not None
    assert after is not None
    for name in ("status", "usage", "vendor", "assigned_to", "release_date"):
        assert getattr(after, name) == getattr(before, name), name
    if scene.days.devices is not None:
        named = {holder.device for holder in after.holders}
        case = scene.case
        assert named == {each.device for each in (*case.said(Word.HOLDS), *case.named(Word.CANNOT_SAY))}


# --- what a correction does


@LAW
@given(scenes())
def test_after_the_correction_nothing_is_left_to_correct(scene: Scene) -> None:
    """GIVEN any number, WHEN all that can be is corrected, THEN judged again there is nothing more to correct."""
    before = reported(scene)
    after = scene.after(decision := correction(scene, codes_of(before)))
    assume(decision is not None or not before or scene.days.devices is not None)
    assert reported(after) == []


@LAW
@given(partly_corrected())
def test_no_finding_is_without_effect(drawn: tuple[Scene, set[FindingCode]]) -> None:
    """GIVEN anything that can be corrected, WHEN any of its codes are, THEN those are written and gone."""
    scene, codes = drawn
    decision = correction(scene, codes)
    assume(decision is not None or scene.days.devices is not None)
    assert decision is not None
    assert decision.needs_write
    assert not codes & codes_of(reported(scene.after(decision)))


@LAW
@given(partly_corrected())
def test_a_held_number_is_never_freed(drawn: tuple[Scene, set[FindingCode]]) -> None:
    """GIVEN a number that a device holds, or may hold, WHEN any of its codes are corrected, THEN nobody can have it."""
    scene, codes = drawn
    believed = [each.device for each in scene.case.named(Word.CANNOT_SAY)]
    holding = {each.device for each in scene.case.said(Word.HOLDS)}
    assume(believed or holding)
    decision = correction(scene, codes)
    if decision is None:
        return
    assert {holder.device for holder in decision.after.holders} >= holding | set(believed)
    before = decision.before.status if decision.before else Status.USED
    assert decision.after.status in (IN_USE if before in IN_USE else {before, Status.USED})


@LAW
@given(scenes())
def test_a_number_that_a_device_holds_ends_in_use(scene: Scene) -> None:
    """GIVEN a number that a device holds, WHEN all that can be is corrected, THEN it is used, and all holders stand."""
    holding = {each.device for each in scene.case.said(Word.HOLDS)}
    assume(holding and not scene.case.moving)
    findings = judge(scene.case)
    after = scene.after(correction(scene, codes_of(reported(scene)))).record
    assert after is not None
    assert after.status in IN_USE
    if FindingCode.CONFLICT not in codes_of(findings) and FindingOutcome.HELD not in {f.outcome for f in findings}:
        believed = {each.device for each in scene.case.named(Word.CANNOT_SAY)}
        assert {holder.device for holder in after.holders} == holding | believed
        assert (after.status, after.usage, after.vendor) == (Status.USED, Usage.DEVICE, AUDIOCODES)


@LAW
@given(partly_corrected([Status.COOLING], NOT_HOLDING))
def test_a_cooling_that_nothing_live_contradicts_runs_on(drawn: tuple[Scene, set[FindingCode]]) -> None:
    """GIVEN a number that cools and that no device holds, WHEN corrected, THEN its end stays, or it has come."""
    scene, codes = drawn
    assume(not scene.case.said(Word.HOLDS))
    before, decision = scene.record, correction(scene, codes)
    assert before is not None
    if decision is None:
        return
    after = decision.after
    if before.release_date is not None and before.release_date > NOW:
        kept = (after.status, after.release_date, after.cooling_since)
        assert kept == (Status.COOLING, before.release_date, before.cooling_since)
    elif before.release_date is not None:
        assert after.status is Status.AVAILABLE or after.release_date == before.release_date
    elif after.status is Status.COOLING and after.release_date is not None:
        assert after.release_date >= NOW + timedelta(days=scene.days.undated or 0)


@LAW
@given(partly_corrected())
def test_nobody_loses_a_number_unannounced(drawn: tuple[Scene, set[FindingCode]]) -> None:
    """GIVEN findings of which none says that it frees, WHEN corrected, THEN no used number ends free or cooling."""
    scene, codes = drawn
    frees = {finding.code for finding in reported(scene) if finding.frees}
    decision = correction(scene, codes)
    before, after = scene.record, scene.after(decision).record
    assert after is not None
    taken = before is not None and before.status in IN_USE and after.status not in IN_USE
    assert not taken or codes & frees
    if frees and codes >= frees and decision is not None:
        assert not after.holders
        assert after.status in {Status.COOLING, Status.AVAILABLE}


@LAW
@given(partly_corrected())
def test_what_an_audit_has_no_business_with_is_never_touched(drawn: tuple[Scene, set[FindingCode]]) -> None:
    """GIVEN any correction, THEN tag, texts and origin are as they were, and holders that stay keep their entries."""
    scene, codes = drawn
    decision = correction(scene, codes)
    before = scene.record
    if decision is None or before is None:
        return
    after = decision.after
    for name in ("customer", "number", "tag", "description", "site", "created_at", "created_by", "version"):
        assert getattr(after, name) == getattr(before, name), name
    for holder in after.holders:
        assert before.holder(holder.device) in {None, holder}
    gone = {holder.device for holder in before.holders} - {holder.device for holder in after.holders}
    assert gone <= {each.device for each in scene.case.said(Word.DENIES)}, "silence is not absence"
    assert (after.updated_by, after.updated_at) == ("audit:1", NOW)


@LAW
@given(scenes())
def test_a_sound_number_is_not_written(scene: Scene) -> None:
    """GIVEN a number about which nothing is found, WHEN corrected with no code, THEN there is nothing to write."""
    assume(not judge(scene.case))
    assert corrected(scene.case, set(), stamp()) is None


def test_every_code_can_be_drawn() -> None:
    """The generated numbers are of every kind: a law about none of them would hold by itself."""
    seen: set[tuple[FindingCode, FindingOutcome]] = set()

    @settings(max_examples=500, deadline=None, database=None, derandomize=True)
    @given(scenes() | scenes(IN_USE) | scenes([Status.COOLING], NOT_HOLDING))
    def collect(scene: Scene) -> None:
        seen.update((finding.code, finding.outcome) for finding in judge(scene.case))

    collect()
    assert {code for code, _ in seen} == set(FindingCode)
    assert {outcome for _, outcome in seen} == {
        FindingOutcome.REPORTED,
        FindingOutcome.UNPROVEN,
        FindingOutcome.HELD,
        FindingOutcome.LEFT,
    }
