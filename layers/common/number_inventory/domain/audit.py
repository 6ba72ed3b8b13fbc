"""The audit of one number: is what the inventory says of it what the devices say, and what the rules demand?

`suspicious` is the quick look at every number; it may take a sound number for a wrong one, never the other way round.
`judge` looks at the record itself and at what the devices say, and yields the findings. `corrections` has what is done
about them.

Sources: VOSS, "AudioCodes and Audit Number Inventory" (Status and Usage of AudioCodes numbers; an audit deletes
nothing, leaves unused Cooling and Reserved numbers as they are, and restarts no cooling); all else is this project's.
"""

from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.lifecycle import cools_when_unheld
from number_inventory.domain.numbers import AUDIOCODES, NumberGlance, NumberRecord, Status, Usage
from number_inventory.domain.testimony import Statement, Word

_USED = frozenset({Status.USED, Status.USED_UTILITY})


def suspicious(glance: NumberGlance, claimants: Collection[str], now: datetime) -> bool:
    """Whether a number needs a closer look.

    Args:
        glance: the number.
        claimants: names of the devices whose registers hold it.
        now: for Release Dates.
    """
    if len(glance.holders) != len(claimants) or any(name not in glance.holders for name in claimants):
        return True
    used_by_devices = glance.status is Status.USED and glance.vendor == AUDIOCODES
    if claimants:
        return not (used_by_devices and glance.usage == Usage.DEVICE)
    if glance.status is Status.COOLING:
        return glance.release_date is None or glance.release_date <= now
    return used_by_devices


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingDays:
    """How long numbers cool that an audit takes from devices.

    Attributes:
        devices: days for numbers of devices; None where the setting is broken, and then no number is freed.
        undated: days for a number that cools without a Release Date, whoever freed it and however: the longer of what
            is set for devices and for all others, so that it is never freed early. None as above.
        devices_unknown, undated_unknown: why they are not known.
    """

    devices: int | None
    undated: int | None
    devices_unknown: str = ""
    undated_unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One number, and everything that is to be known for judging it.

    Attributes:
        record: as stored; None where there is none.
        statements: of every device that the record names or whose register names the number. Where there is none of
            these, of all the customer's devices that do not deny it, and of the first few that do.
    """

    customer: str
    number: str
    record: NumberRecord | None
    statements: Sequence[Statement]
    at: datetime
    days: CoolingDays

    @property
    def moving(self) -> bool:
        """Whether a sync is at work on it: then nothing can be said for now."""
        return any(statement.word is Word.CHANGING for statement in self.statements)

    def said(self, word: Word) -> list[Statement]:
        """The statements of this word."""
        return [statement for statement in self.statements if statement.word is word]

    def named(self, word: Word) -> list[Statement]:
        """The statements of this word by devices that the record names as holders."""
        record = self.record
        return [each for each in self.said(word) if record is not None and record.holder(each.device) is not None]

    @property
    def in_conflict(self) -> bool:
        """Whether somebody else uses a number that a device holds, or may hold."""
        record = self.record
        if record is None or record.status not in _USED or record.vendor == AUDIOCODES:
            return False
        return bool(self.said(Word.HOLDS) or self.named(Word.CANNOT_SAY))

    @property
    def unnamed_holders(self) -> list[Statement]:
        """Devices that hold the number although the record does not name them."""
        record = self.record
        return [each for each in self.said(Word.HOLDS) if record is None or record.holder(each.device) is None]


def judge(case: Case) -> tuple[Finding, ...]:
    """What is wrong with a number, at most one finding of a code; nothing while a sync is at work on it.

    A number that another vendor uses and a device holds is a conflict: whose it is waits until a person has decided.
    Who holds it is put right all the same, as syncs do: its vendor may give it back meanwhile, and it must not be free
    then while a device has it.
    """
    if case.moving:
        return ()
    if case.record is None:
        return tuple(_missing_number(case))
    if case.in_conflict:
        return (_conflict(case, case.record), *_misnamed(case, case.record))
    found = (
        *_stale_holder(case, case.record),
        *_held(case, case.record),
        *_unheld(case, case.record),
    )
    return tuple(found)


_ENTANGLED = frozenset(
    {
        FindingCode.NOT_MARKED_USED,
        FindingCode.MISSING_HOLDER,
        FindingCode.STALE_HOLDER,
        FindingCode.RELEASE_OVERDUE,
        FindingCode.COOLING_WITHOUT_RELEASE_DATE,
    }
)
"""Findings that nothing else about a number can be corrected without: who holds it, and whether it is free."""


def judge_within(case: Case, codes: Set[FindingCode]) -> tuple[Finding, ...]:
    """The findings of these codes only (empty: of all).

    A correction must do what its findings say and no more. So where the number cannot be put right without others that
    were not asked for, its findings are left to an audit that may correct all of them.
    """
    found = judge(case)
    if not codes:
        return found
    besides = {each.code for each in found if each.outcome is FindingOutcome.REPORTED} - codes
    wanted = tuple(each for each in found if each.code in codes)
    if not besides & _ENTANGLED:
        return wanted
    cause = f"it cannot be corrected without {', '.join(sorted(besides))}, which this audit is not about"
    return tuple(
        replace(each, outcome=FindingOutcome.LEFT, cause=cause) if each.outcome is FindingOutcome.REPORTED else each
        for each in wanted
    )


# --- what is wrong


def _conflict(case: Case, record: NumberRecord) -> Finding:
    return Finding(
        number=case.number,
        code=FindingCode.CONFLICT,
        before=_state(record),
        after=_state(record),
        reason="registered on a device, but used by another vendor or usage; a person decides whose it is",
        evidence=tuple(case.statements)[:MOST_NAMED],
        outcome=FindingOutcome.LEFT,
    )


def _missing_number(case: Case) -> Iterator[Finding]:
    if case.said(Word.HOLDS):
        yield Finding(
            number=case.number,
            code=FindingCode.MISSING_NUMBER,
            before="not in the inventory",
            after=_USED_BY_DEVICES,
            reason="registered on a device, so it must be in the inventory and show as used",
            evidence=tuple(case.said(Word.HOLDS)[:MOST_NAMED]),
        )


def _stale_holder(case: Case, record: NumberRecord) -> Iterator[Finding]:
    """The record names a device that does not hold the number, or of which nobody can tell."""
    gone, unclear = case.named(Word.DENIES), case.named(Word.CANNOT_SAY)
    if not gone and not unclear:
        return
    left = sorted(holder.device for holder in record.holders if holder.device not in {each.device for each in gone})
    left += [each.device for each in case.unnamed_holders]
    cools = bool(gone) and not left and cools_when_unheld(record)
    finding = Finding(
        number=case.number,
        code=FindingCode.STALE_HOLDER,
        before=_holders(sorted(holder.device for holder in record.holders)),
        after=_holders(left) + (f", {_cooling(case.days.devices)}" if cools else ""),
        reason="the record names a holder whose registration is gone",
        evidence=(*gone, *unclear)[:MOST_NAMED],
        frees=cools,
    )
    if not gone:
        yield replace(finding, outcome=FindingOutcome.UNPROVEN, cause=_silence(unclear))
    else:
        yield _unless_unknown(finding, case.days.devices, case.days.devices_unknown)


def _held(case: Case, record: NumberRecord) -> Iterator[Finding]:
    """What is wrong with a number that a device holds, or that a device is still believed to hold."""
    believed = [each for each in case.named(Word.CANNOT_SAY) if record.status is not Status.COOLING]
    evidence = (*case.said(Word.HOLDS), *believed)[:MOST_NAMED]
    if not evidence:
        return
    if record.vendor == AUDIOCODES:
        yield from _mismatches(case, record, evidence)
    elif record.status is not Status.USED:
        reason = "registered on a device, so it must show as used: nobody else may be given it"
        yield _about_state(case, record, FindingCode.NOT_MARKED_USED, reason, evidence)
        return
    yield from _missing_holder(case, record)


def _misnamed(case: Case, record: NumberRecord) -> Iterator[Finding]:
    """What is wrong with the holders of a number that another vendor uses; what nobody can tell changes nothing."""
    if case.named(Word.DENIES):
        yield from _stale_holder(case, record)
    yield from _missing_holder(case, record)


def _missing_holder(case: Case, record: NumberRecord) -> Iterator[Finding]:
    unnamed = [each.device for each in case.unnamed_holders]
    if unnamed:
        named = [holder.device for holder in record.holders]
        yield Finding(
            number=case.number,
            code=FindingCode.MISSING_HOLDER,
            before=_holders(sorted(named)),
            after=_holders(sorted([*named, *unnamed])),
            reason="registered on a device that the record does not name, so it might be freed too early",
            evidence=tuple(case.unnamed_holders[:MOST_NAMED]),
        )


def _mismatches(case: Case, record: NumberRecord, evidence: tuple[Statement, ...]) -> Iterator[Finding]:
    """Vendor AudioCodes and a holder: Status must be Used and Usage Device (VOSS)."""
    checks = (
        (FindingCode.STATUS_MISMATCH, "Status", str(record.status), str(Status.USED)),
        (FindingCode.USAGE_MISMATCH, "Usage", str(record.usage), str(Usage.DEVICE)),
    )
    for code, field, found, wanted in checks:
        if found != wanted:
            yield Finding(
                number=case.number,
                code=code,
                before=f"{field} {found or 'blank'}",
                after=f"{field} {wanted}",
                reason=f"Vendor is AudioCodes and a device holds it, so {field} must be {wanted}",
                evidence=evidence,
            )


def _unheld(case: Case, record: NumberRecord) -> Iterator[Finding]:
    """What is wrong with a number that nobody holds any more."""
    if case.said(Word.HOLDS) or case.named(Word.CANNOT_SAY):
        return
    if record.status is Status.COOLING:
        yield from _cooling_gone_wrong(case, record)
    elif record.status is Status.USED and record.vendor == AUDIOCODES and not record.holders:
        silent = case.said(Word.CANNOT_SAY)
        finding = Finding(
            number=case.number,
            code=FindingCode.ORPHANED,
            before=_state(record),
            after=_cooling(case.days.devices),
            reason="Vendor is AudioCodes and Status Used, but no device holds it",
            evidence=tuple((silent or case.statements)[:WITNESSES_SHOWN]),
            frees=True,
        )
        if silent:
            yield replace(finding, outcome=FindingOutcome.UNPROVEN, cause=_silence(silent))
        else:
            yield _unless_unknown(finding, case.days.devices, case.days.devices_unknown)


def _cooling_gone_wrong(case: Case, record: NumberRecord) -> Iterator[Finding]:
    evidence = tuple(case.statements)[:WITNESSES_SHOWN]
    if record.release_date is None:
        finding = Finding(
            number=case.number,
            code=FindingCode.COOLING_WITHOUT_RELEASE_DATE,
            before="Cooling without a Release Date",
            after=_cooling(case.days.undated),
            reason="without a Release Date it would never be free again",
            evidence=evidence,
        )
        yield _unless_unknown(finding, case.days.undated, case.days.undated_unknown)
    elif record.release_date <= case.at:
        yield Finding(
            number=case.number,
            code=FindingCode.RELEASE_OVERDUE,
            before=f"Cooling until {_instant(record.release_date)}",
            after=str(Status.AVAILABLE),
            reason="its Release Date is reached and no device holds it",
            evidence=evidence,
        )


def _about_state(
    case: Case, record: NumberRecord, code: FindingCode, reason: str, evidence: tuple[Statement, ...]
) -> Finding:
    return Finding(
        number=case.number,
        code=code,
        before=_state(record),
        after=_USED_BY_DEVICES,
        reason=reason,
        evidence=evidence,
    )


def _unless_unknown(finding: Finding, days: int | None, unknown_because: str) -> Finding:
    if days is not None:
        return finding
    return replace(finding, outcome=FindingOutcome.HELD, cause=unknown_because)


# --- in words

_USED_BY_DEVICES = f"{Status.USED} / {Usage.DEVICE} / {AUDIOCODES}"

MOST_NAMED = 20
"""How many devices a finding names that have to do with a number."""

WITNESSES_SHOWN = 5
"""How many devices a finding names that say that they do not hold a number: a customer may have thousands."""


def _state(record: NumberRecord) -> str:
    return " / ".join(str(part) for part in (record.status, record.usage, record.vendor) if part)


def _holders(devices: Sequence[str]) -> str:
    return f"held by {', '.join(devices) or 'nobody'}"


def _cooling(days: int | None) -> str:
    if days == 0:
        return str(Status.AVAILABLE)
    return str(Status.COOLING) if days is None else f"{Status.COOLING} for {days} {'day' if days == 1 else 'days'}"


def _silence(silent: Sequence[Statement]) -> str:
    shown = "; ".join(f"{each.device}: {each.note}" for each in silent[:WITNESSES_SHOWN])
    rest = len(silent) - WITNESSES_SHOWN
    return f"it cannot be proven that no device holds it: {shown}" + (f"; and {rest} more" if rest > 0 else "")


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
