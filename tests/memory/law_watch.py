"""Watches every write of the in-memory inventory for the laws of a number's life."""

from number_inventory.domain.numbers import NumberRecord, Status, first_version
from tests.memory.clock import SettableClock

OPERATOR = "operator:"
"""How the stamps of operators' commands begin; only they may end a cooling early."""


class LawWatch:
    """An observer of a `MemoryInventory`; raises AssertionError at the first write that breaks a law.

    Attributes:
        writes: how many writes it saw.
    """

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock
        self.writes = 0

    def __call__(self, before: NumberRecord | None, after: NumberRecord) -> None:
        """Check one write."""
        self.writes += 1
        shown = f"{before}\n -> {after}"
        self._check_state(after, shown)
        if before is None:
            assert after.version == first_version(after), f"a new number begins above every earlier life: {shown}"
            return
        assert after.version == before.version + 1, f"versions count up by one: {shown}"
        assert _carried(after) == _carried(before), f"carried fields are never touched: {shown}"
        if before.status is Status.COOLING and before.release_date is not None:
            self._check_cooling(before, after, shown)

    def _check_state(self, after: NumberRecord, shown: str) -> None:
        in_use = after.status in {Status.USED, Status.USED_UTILITY}
        assert in_use or not after.holders, f"law 1, a number with a holder is in use: {shown}"
        assert (after.status is Status.COOLING) == (after.release_date is not None), f"a date while Cooling: {shown}"
        assert len({holder.device for holder in after.holders}) == len(after.holders), f"a holder twice: {shown}"

    def _check_cooling(self, before: NumberRecord, after: NumberRecord, shown: str) -> None:
        assert before.release_date is not None
        if after.status is Status.COOLING:
            same = (before.release_date, before.cooling_since) == (after.release_date, after.cooling_since)
            assert same, f"law 4 and 5, a cooling keeps its dates: {shown}"
        if after.status is Status.AVAILABLE and not after.updated_by.startswith(OPERATOR):
            assert before.release_date <= self._clock.at, f"law 3, never released early: {shown}"


def _carried(record: NumberRecord) -> tuple[object, ...]:
    return (
        record.customer,
        record.number,
        record.tag,
        record.description,
        record.extra1,
        record.extra2,
        record.extra3,
        record.internal_number_type,
        record.e164_number,
        record.site,
        record.created_at,
        record.created_by,
    )
