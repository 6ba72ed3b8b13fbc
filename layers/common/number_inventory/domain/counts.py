"""How many numbers there are: by Status, Vendor and Site, kept up change by change.

Each Site of a customer has a counter. A change of a number takes one from the cell that the number was in and adds one
to the cell that it is in now; a change that moves nothing counts nothing. By `applied` a counter remembers which
changes it has counted that may not be in the history yet: a change that comes again is either there or in the history,
so that it is counted once, whatever comes how often and in which cut.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from number_inventory.domain.changes import Change, ChangeKey, State, Unreadable
from number_inventory.domain.numbers import MAX_TEXT, NumberRecord, Status

UNREADABLE = "unreadable"
"""Stands for the Status of numbers that cannot be understood."""

OTHER_VENDORS = "(other)"
"""Stands for the Vendors of a Site that has too many of them to count each by itself."""

MOST_CELLS = 300
"""With the longest names there can be, these are 250 KB; an item may have 400. What people write into a number must not
make a counter too large to be stored: then no change behind it would come into the history."""

STATUSES = (*map(str, Status), UNREADABLE)
"""What numbers are counted by, in the order in which people see it."""


@dataclass(frozen=True, slots=True, order=True)
class CounterKey:
    """Whose counter, and of which Site; empty for numbers without one."""

    customer: str
    site: str


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """What numbers of a Site are counted by.

    Attributes:
        status: a Status, or `UNREADABLE`.
        vendor: empty for Cisco UCM, and for numbers that nobody uses.
    """

    status: str
    vendor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """All numbers of a customer are counted anew: those whose version is `since` or above, and no others.

    Versions of new numbers are instants in milliseconds. So a new number counts from its creation on, and an old one
    from when it is written under such a version; either is to be seen from the number alone, before and after.

    Attributes:
        since: an instant that had not come yet when the recount began.
        restored: before that instant, numbers came into the table from a backup: they were not created then.
        finished: every number has been written, so that the counts are whole.
    """

    customer: str
    since: int
    restored: bool = False
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCounter:
    """The numbers of one Site.

    Attributes:
        version: counts the counter's writes; 0 is not stored yet.
        since: only numbers of this version or above are counted, see `Recount`.
        cells: how many numbers are in each; none that nobody is in.
        applied: changes that are counted here and may not be in the history yet.
    """

    key: CounterKey
    version: int = 0
    since: int = 0
    cells: Mapping[Cell, int] = field(default_factory=dict)
    applied: frozenset[ChangeKey] = frozenset()

    def as_of(self, since: int) -> "SiteCounter":
        """The counter as a recount has it: what was counted before counts for nothing."""
        return self if self.since >= since else SiteCounter(key=self.key, version=self.version, since=since)

    def counting(self, changes: Iterable[Change], known: Collection[ChangeKey]) -> "SiteCounter":
        """The counter with those of the changes that it has not counted; itself where it has counted them all.

        Args:
            changes: in any order, each once.
            known: which changes of these and of `applied` were in the history, looked up after this counter was read.
        """
        fresh = [change for change in changes if change.key not in known and change.key not in self.applied]
        if not fresh:
            return self
        cells = dict(self.cells)
        for change in fresh:
            for cell, count in deltas(change, self.since).get(self.key, {}).items():
                _add(cells, cell, count)
        return replace(
            self,
            cells=cells,
            applied=(self.applied - frozenset(known)) | {change.key for change in fresh},
        )


def _add(cells: dict[Cell, int], cell: Cell, count: int) -> None:
    """Count in a cell, or in that of the other Vendors of its Status, which so is exact however many there are.

    What comes counts there if there is no room for one more, what goes if it must have been counted there.
    """
    if cell not in cells and cell.vendor:
        other = Cell(cell.status, OTHER_VENDORS)
        if len(cells) >= MOST_CELLS if count > 0 else other in cells:
            cell = other
    cells[cell] = cells.get(cell, 0) + count
    if not cells[cell]:
        del cells[cell]


def deltas(change: Change, since: int = 0) -> Mapping[CounterKey, Mapping[Cell, int]]:
    """What a change adds to which counters; nothing where the number stays in its cell.

    Args:
        change: of one number.
        since: the lowest version that counts, see `Recount`.
    """
    was, now = (_place(change.key.customer, state, since) for state in (change.before, change.after))
    if was == now:
        return {}
    added: dict[CounterKey, Counter[Cell]] = {}
    for place, count in ((was, -1), (now, 1)):
        if place is not None:
            key, cell = place
            added.setdefault(key, Counter())[cell] += count
    return added


def place_of(record: NumberRecord) -> tuple[CounterKey, Cell]:
    """Where a number is counted."""
    return (
        CounterKey(record.customer, record.site[:MAX_TEXT]),
        Cell(str(record.status), record.vendor[:MAX_TEXT]),
    )


def _place(customer: str, state: State, since: int) -> tuple[CounterKey, Cell] | None:
    """Where a number is counted; None where it is not there, or is not counted yet.

    Texts count by as much as this product lets texts have: another hand may have written more, which is no reason for a
    counter to grow beyond what can be stored.
    """
    if state is None or state.version < since:
        return None
    if isinstance(state, Unreadable):
        return CounterKey(customer, ""), Cell(UNREADABLE, "")
    return place_of(state)


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers, counted.

    Attributes:
        by_status: every Status, also those that no number has.
    """

    by_status: Mapping[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_status.values())

    @property
    def utilisation(self) -> float | None:
        """How many percent are not Available: used, reserved or cooling; None where there are no numbers."""
        if not self.total:
            return None
        return round(100 * (self.total - self.by_status[Status.AVAILABLE]) / self.total, 1)


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of a customer: all together, and by what they are counted by."""

    all: Tally
    by_vendor: Mapping[str, Tally]
    by_site: Mapping[str, Tally]


def counts_of(counters: Sequence[SiteCounter], site: str | None = None, vendor: str | None = None) -> Counts:
    """What counters say, of one Site or Vendor or of all."""
    found = [
        (counter.key.site, cell, count)
        for counter in counters
        if site in {None, counter.key.site}
        for cell, count in counter.cells.items()
        if vendor in {None, cell.vendor}
    ]
    vendors, sites = sorted({cell.vendor for _, cell, _ in found}), sorted({name for name, _, _ in found})
    return Counts(
        all=_tally((cell, count) for _, cell, count in found),
        by_vendor={name: _tally((cell, count) for _, cell, count in found if cell.vendor == name) for name in vendors},
        by_site={name: _tally((cell, count) for where, cell, count in found if where == name) for name in sites},
    )


def _tally(found: Iterable[tuple[Cell, int]]) -> Tally:
    by_status = dict.fromkeys(STATUSES, 0)
    for cell, count in found:
        by_status[cell.status] += count
    return Tally(by_status)
