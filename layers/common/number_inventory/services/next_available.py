"""The next numbers that nobody has: find them, or claim them.

Any number of callers may claim at the same time, and each gets numbers of its own: candidates are tried in random
order, every one is taken by a conditional write on a number that was Available when it was read, and a lost race moves
on to the next. A claim is all or nothing: what was taken for one that cannot be completed is given back, by the inverse
write on the very version that was taken.

A claim that is made again after its first attempt died finds what that one has taken, where it was told of it
(`ports.TakenBefore`): by the claim's mark, which a number bears until somebody else has it, or nobody, whatever else is
written to it. Otherwise a process that dies half-way cannot give back. What remains are numbers assigned to, or
reserved for, whom they were claimed for: nobody else has them, the same claim may be made again for others, and they
are unassigned or unreserved like any other.
"""

import random
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from typing import Any

from number_inventory.domain.commands import Assign, Reserve, decide
from number_inventory.domain.decisions import Decision, Outcome, Stamp
from number_inventory.domain.errors import (
    InventoryError,
    LeaseLostError,
    RecordBrokenError,
    RuleViolationError,
    StorageBusyError,
)
from number_inventory.domain.management import given_back
from number_inventory.domain.numbers import NumberRecord, Status, Usage, slug, successor
from number_inventory.ports.clock import Clock
from number_inventory.ports.keyed_requests import TakenBefore
from number_inventory.ports.numbers import UNSURE, Inventory, WriteResult
from number_inventory.services.lookup import check_prefix
from number_inventory.services.manage_numbers import as_stored, checked_count

MAX_LOOKED_AT = 200_000
"""How many candidates one search goes through before it gives up: some seconds."""

_WINDOW = 100
"""Candidates among which simultaneous callers spread, and the most whose records are read at once."""

_ROW_BATCH = 2000
"""Candidates read at once where a row is looked for."""

_ROWS = 50
"""Numbers in the rows among which simultaneous callers spread; their records are read beforehand."""

_FEWEST_ROWS = 3
"""So many rows there are at least, however long."""

_ATTEMPTS = 5
"""How often a claim that lost races begins anew: whoever took what it needed may have given it back."""

_TOO_FAR = "among the first 200,000 that are available; look for numbers with a prefix"


@dataclass(frozen=True, slots=True)
class FindAvailable:
    """The use case; it changes nothing, and promises nothing: somebody else may be faster."""

    inventory: Inventory

    def __call__(
        self, customer: str, count: int, prefix: str = "", *, contiguous: bool = False
    ) -> Sequence[NumberRecord]:
        """The first numbers, by their spelling, that are Available and that no device holds.

        Fewer than `count` where there are no more. With `contiguous` it is numbers of one length that follow one
        another, and all of them or none.

        Raises:
            InvalidInputError: the customer, the count or the prefix is malformed.
            RuleViolationError: there is no such row among so many candidates that the search ends.
        """
        _check(customer, count, prefix)
        if contiguous:
            return next(_rows(self.inventory, customer, prefix, count), [])
        found: list[NumberRecord] = []
        candidates = _candidates(self.inventory, customer, prefix, _WINDOW)
        while len(found) < count and (window := list(islice(candidates, _WINDOW))):
            found += _free(self.inventory.peek_many(customer, window))
        return found[:count]


@dataclass(frozen=True, slots=True)
class ClaimAvailable:
    """The use case.

    Attributes:
        shuffle: puts candidates into random order, in place.
        new_mark: makes the mark that tells a claim's numbers from those of every other.
        before: knows of earlier attempts at the same claim, which may have died half-way; None where there is none.
    """

    inventory: Inventory
    clock: Clock
    shuffle: Callable[[list[Any]], None] = field(default=random.shuffle)
    new_mark: Callable[[], str] = field(default=lambda: secrets.token_hex(4))
    before: TakenBefore | None = None

    def __call__(
        self,
        customer: str,
        count: int,
        prefix: str,
        *,
        contiguous: bool,
        command: Assign | Reserve,
        by: str,
    ) -> Sequence[NumberRecord]:
        """Assign or reserve so many Available numbers, all of them or none; returns them by their spelling.

        Args:
            customer: whose numbers.
            count: how many, 1 to 100.
            prefix: how they begin; blank is anything.
            contiguous: only numbers of one length that follow one another.
            command: what is done with each of them.
            by: who asks, as it is kept with the numbers.

        Raises:
            InvalidInputError: a part of the claim is malformed.
            RuleViolationError: there are not so many; then none is taken.
            StorageBusyError: numbers could not be read or written; the message names those that could not be given
                back, if any.
        """
        _check(customer, count, prefix)
        command.checked(self.clock.now())
        had = 0
        for attempt in range(_ATTEMPTS):
            mark = self.before.mark if self.before else self.new_mark()
            claim = _Claim(self.inventory, self.clock, customer, command, by, mark, self.before)
            try:
                if not attempt:
                    claim.find_taken_before(count, contiguous=contiguous)
                self._take(claim, count, prefix, contiguous=contiguous)
            except LeaseLostError:
                # A later attempt has found what this one took, and gives it to the caller.
                raise
            except (InventoryError, KeyboardInterrupt, SystemExit):
                claim.give_back(claim.taken)
                raise
            if len(claim.taken) == count:
                return sorted((decision.after for decision in claim.taken), key=lambda record: record.number)
            had = len(claim.taken)
            claim.give_back(claim.taken)
            if not claim.raced:
                break
        wanted = f"{count} Available numbers{' in a row' if contiguous else ''}"
        where = f" that begin with {prefix}" if prefix else ""
        there = "no such row is" if contiguous else f"only {had} are"
        raise RuleViolationError(f"customer {customer} has not {wanted}{where}: {there} available")

    def _take(self, claim: "_Claim", count: int, prefix: str, *, contiguous: bool) -> None:
        """Take as many as are wanted, or as there are."""
        if contiguous:
            rows = _rows(self.inventory, claim.customer, prefix, count)
            some = max(_FEWEST_ROWS, _ROWS // count)
            while len(claim.taken) < count and (some_rows := list(islice(rows, some))):
                self.shuffle(some_rows)
                self._take_a_row(claim, [[record.number for record in row] for row in some_rows])
            return
        candidates = _candidates(self.inventory, claim.customer, prefix, _WINDOW + count)
        while len(claim.taken) < count and (window := list(islice(candidates, _WINDOW + count))):
            self.shuffle(window)
            while window and (missing := count - len(claim.taken)):
                claim.take(window[:missing])
                del window[:missing]

    def _take_a_row(self, claim: "_Claim", rows: Sequence[Sequence[str]]) -> None:
        for row in rows:
            # Whoever does not get the first number has nothing to give back, and stands in nobody's way.
            if claim.take(row[:1]) and claim.take(row[1:]):
                return
            claim.give_back(claim.taken)


@dataclass(slots=True)
class _Claim:
    """What one attempt has taken so far.

    Attributes:
        mark: tells its writes from those of any other claim, even one by the same caller for the same assignee.
        before: knows of earlier attempts at the same claim, whose mark is the same.
        taken: the decisions that stand, each with its number as it is stored now.
        raced: whether somebody else was faster somewhere.
    """

    inventory: Inventory
    clock: Clock
    customer: str
    command: Assign | Reserve
    by: str
    mark: str
    before: TakenBefore | None = None
    taken: list[Decision] = field(default_factory=list)
    raced: bool = False

    @property
    def reason(self) -> str:
        """What stands with the numbers of this claim."""
        return f"{self.command.reason} as next available, claim {self.mark}"

    def find_taken_before(self, count: int, *, contiguous: bool) -> None:
        """Take up what an earlier attempt at this claim has taken; give it back where it cannot be gone on from."""
        if self.before is None or not self.before.intended:
            return
        self.taken = self._marked(sorted(self.before.intended))
        if len(self.taken) > count or (contiguous and not self._is_a_row(count)):
            # A row cannot be gone on from: which one it was to be, nobody knows.
            self.give_back(self.taken)

    def _is_a_row(self, count: int) -> bool:
        numbers = [decision.after.number for decision in self.taken]
        return len(numbers) == count and all(successor(one) == other for one, other in pairwise(numbers))

    def take(self, numbers: Sequence[str]) -> bool:
        """Take those that are free; whether that was all of them."""
        if not numbers:
            return True
        stamp = Stamp(self.clock.now(), self.by, self.reason, self.mark)
        records = _free(self.inventory.get_many(self.customer, numbers))
        if self.before is not None and records:
            # Whoever tries again, should this attempt die, must find what it has taken.
            self.before.intend([record.number for record in records])
        decisions = [as_stored(decide(self.command, record, None, stamp)) for record in records]
        standing = len(self.taken)
        # They count as taken while nobody knows: what must be given back is looked at again anyway.
        self.taken += decisions
        results = self.inventory.save(decisions)
        ends = list(zip(decisions, results, strict=True))
        written = [decision for decision, result in ends if result is WriteResult.WRITTEN]
        written += self._marked([decision.after.number for decision, result in ends if result in UNSURE])
        self.taken[standing:] = written
        complete = len(self.taken) - standing == len(numbers)
        self.raced = self.raced or not complete
        return complete

    def give_back(self, decisions: Sequence[Decision]) -> None:
        """Undo what was taken, unless somebody changed it since.

        Raises:
            StorageBusyError: some could not be given back; the message names them.
        """
        left, cause = list(decisions), ""
        self.taken = []
        for _ in range(_ATTEMPTS):
            if not left:
                return
            stamp = Stamp(self.clock.now(), self.by, f"given back: claim {self.mark} could not be completed")
            try:
                left = [taken for taken in self._still_ours(left) if not taken.after.holders]
                undone = [given_back(taken.before, taken.after, stamp) for taken in left if taken.before is not None]
                results = self.inventory.save(undone)
            except InventoryError as error:
                cause = f" ({error})"
                continue
            left = [taken for taken, result in zip(left, results, strict=True) if result in UNSURE]
        if left:
            numbers = ", ".join(decision.after.number for decision in left)
            raise StorageBusyError(
                f"a claim could not be completed, and these may still be {self.command.reason}: {numbers}{cause}"
            )

    def _marked(self, numbers: Sequence[str]) -> list[Decision]:
        """Those of the numbers that this claim has taken, in this attempt or another, as they are now."""
        present = self.inventory.get_many(self.customer, numbers) if numbers else {}
        status = Status.RESERVED if isinstance(self.command, Reserve) else Status.USED
        records = [record for number in numbers if (record := _found(present, number))]
        return [_taking(record) for record in records if (record.claim, record.status) == (self.mark, status)]

    def _still_ours(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Those of the decisions that stand in the inventory just as they were written."""
        if not decisions:
            return []
        present = self.inventory.get_many(self.customer, [decision.after.number for decision in decisions])
        return [decision for decision in decisions if _found(present, decision.after.number) == decision.after]


def _taking(record: NumberRecord) -> Decision:
    """The decision by which an earlier attempt took a number."""
    free = replace(
        record,
        status=Status.AVAILABLE,
        usage=Usage.NONE,
        vendor="",
        assigned_to="",
        reserved_for="",
        reservation_notes="",
        reserved_until=None,
        claim="",
    )
    outcome = Outcome.RESERVED if record.status is Status.RESERVED else Outcome.ASSIGNED
    return Decision(free, record, outcome)


def _candidates(inventory: Inventory, customer: str, prefix: str, batch: int) -> Iterator[str]:
    """Numbers that may be Available, by their spelling."""
    for numbers in inventory.available(customer, prefix, batch):
        yield from numbers


def _rows(inventory: Inventory, customer: str, prefix: str, count: int) -> Iterator[list[NumberRecord]]:
    """So many free numbers of one length that follow one another, each number in one row at most.

    In the order of spellings, 47110 stands between 4711 and 4712: every length has its own row. A candidate that the
    index is wrong about ends a row just as a gap does.

    Raises:
        RuleViolationError: the search has gone through as many candidates as it may.
    """
    rows: dict[tuple[bool, int], list[str]] = {}
    for looked_at, number in enumerate(_candidates(inventory, customer, prefix, _ROW_BATCH)):
        if looked_at == MAX_LOOKED_AT:
            raise RuleViolationError(f"customer {customer} has no {count} numbers in a row {_TOO_FAR}")
        length = (number.startswith("+"), len(number))
        row = rows.get(length)
        if row and successor(row[-1]) == number:
            row.append(number)
        else:
            row = rows[length] = [number]
        if len(row) == count:
            free = _free(inventory.peek_many(customer, row))
            if len(free) == count:
                yield free
                row.clear()
            else:
                taken = set(row) - {record.number for record in free}
                del row[: row.index(max(taken)) + 1]


def _free(records: Mapping[str, NumberRecord]) -> list[NumberRecord]:
    """Those that anybody may have, by their spelling."""
    free = (record for record in records.values() if record.status is Status.AVAILABLE and not record.holders)
    return sorted(free, key=lambda record: record.number)


def _found(records: Mapping[str, NumberRecord], number: str) -> NumberRecord | None:
    try:
        return records.get(number)
    except RecordBrokenError:
        return None


def _check(customer: str, count: int, prefix: str) -> None:
    slug(customer, field="customer")
    checked_count(count)
    check_prefix(prefix)
