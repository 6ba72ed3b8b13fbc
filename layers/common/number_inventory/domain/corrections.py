"""The correction of one number that an audit has found to be wrong, by the functions that change numbers everywhere."""

from collections.abc import Set

from number_inventory.domain.audit import Case
from number_inventory.domain.decisions import Decision, Outcome, Stamp
from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.findings import FindingCode
from number_inventory.domain.lifecycle import (
    Registration,
    cooling_dated,
    orphan_cooled,
    registered,
    registration_gone,
    release_due,
    verified,
)
from number_inventory.domain.numbers import AUDIOCODES, Status
from number_inventory.domain.testimony import Word

_HOLDER_GOES = frozenset(
    {FindingCode.STALE_HOLDER, FindingCode.RELEASE_OVERDUE, FindingCode.COOLING_WITHOUT_RELEASE_DATE}
)
"""What a holder that is not there stands in the way of."""

_OF_HOLDERS = frozenset({FindingCode.MISSING_HOLDER, FindingCode.STALE_HOLDER})
"""What can be put right without deciding whose a number is."""

_COOLING_ENDS = frozenset({FindingCode.RELEASE_OVERDUE, FindingCode.COOLING_WITHOUT_RELEASE_DATE})


def corrected(case: Case, codes: Set[FindingCode], stamp: Stamp) -> Decision | None:
    """The number as the rules want it, as far as findings of these codes go, in one write.

    Holders that the record lacks are added in any case: to correct one lie must never free a number by another. None
    where there is nothing to do.

    Raises:
        RuleViolationError: the correction needs a cooling duration, and none is known.
    """
    if case.in_conflict:
        codes = codes & _OF_HOLDERS
    if case.moving or not codes:
        return None
    work = _Correction(case, stamp)
    work.add_holders()
    if codes & _HOLDER_GOES:
        work.drop_stale_holders()
    work.verify(codes)
    if FindingCode.ORPHANED in codes:
        work.cool_orphan()
    if codes & _COOLING_ENDS:
        work.end_cooling(codes)
    return work.decision()


class _Correction:
    """A number on its way from what it is to what it must be."""

    def __init__(self, case: Case, stamp: Stamp) -> None:
        self._case = case
        self._stamp = stamp
        self._record = case.record
        self._outcome = Outcome.UNCHANGED

    def decision(self) -> Decision | None:
        """All steps as one decision."""
        if self._record is None or self._record == self._case.record:
            return None
        return Decision(self._case.record, self._record, self._outcome)

    def add_holders(self) -> None:
        for statement in self._case.unnamed_holders:
            self._take(registered(self._record, self._registration(statement.device, statement.sync), self._stamp))

    def drop_stale_holders(self) -> None:
        for statement in self._case.named(Word.DENIES):
            holder = self._record.holder(statement.device) if self._record else None
            if holder is not None:
                registration = self._registration(statement.device, holder.sync)
                days = self._days_for_devices()
                self._take(registration_gone(self._record, registration, days, self._stamp))

    def verify(self, codes: Set[FindingCode]) -> None:
        """Status and Usage of a number that has a holder."""
        record = self._record
        if record is None or not record.holders:
            return
        if FindingCode.NOT_MARKED_USED in codes and record.status is not Status.USED:
            self._take(verified(record, self._stamp))
        status, usage = FindingCode.STATUS_MISMATCH in codes, FindingCode.USAGE_MISMATCH in codes
        if (status or usage) and self._record is not None:
            self._take(verified(self._record, self._stamp, status=status, usage=usage))

    def cool_orphan(self) -> None:
        record = self._record
        if record is not None and record.status is Status.USED and record.vendor == AUDIOCODES and not record.holders:
            self._take(orphan_cooled(record, self._days_for_devices(), self._stamp))

    def end_cooling(self, codes: Set[FindingCode]) -> None:
        record = self._record
        if record is None or record.holders or record.status is not Status.COOLING:
            return
        if record.release_date is not None and FindingCode.RELEASE_OVERDUE in codes:
            self._take(release_due(record, record.release_date, self._stamp))
        if record.release_date is None and FindingCode.COOLING_WITHOUT_RELEASE_DATE in codes:
            days = self._case.days
            self._take(cooling_dated(record, _known(days.undated, days.undated_unknown, self._case), self._stamp))

    def _take(self, decision: Decision | None) -> None:
        if decision is not None and decision.needs_write:
            self._outcome = Outcome.CREATED if self._case.record is None else decision.outcome
            self._record = decision.after

    def _registration(self, device: str, sync: int) -> Registration:
        return Registration(self._case.customer, self._case.number, device, sync)

    def _days_for_devices(self) -> int:
        return _known(self._case.days.devices, self._case.days.devices_unknown, self._case)


def _known(days: int | None, unknown_because: str, case: Case) -> int:
    if days is None:
        raise RuleViolationError(f"number {case.number} keeps its state: {unknown_because}")
    return days
