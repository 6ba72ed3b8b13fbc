"""Manage numbers by hand: add them, change them by command, and delete them.

Every change is one conditional write on the very record it was decided from. Who loses a race reads again and decides
anew, so of any number of simultaneous requests for a number one wins, and the others learn who has it. But a change
that may have been made already is not decided anew: somebody else may have the number by now, and would lose it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from number_inventory.domain.commands import Command, decide, needs_settings
from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Decision, Outcome, Stamp
from number_inventory.domain.errors import (
    InvalidInputError,
    NotFoundError,
    PreconditionFailedError,
    RecordBrokenError,
    RuleViolationError,
    StorageBusyError,
)
from number_inventory.domain.macros import COOLING_DURATION, COOLING_ENABLED, global_cooling_settings
from number_inventory.domain.management import add_number, condemned
from number_inventory.domain.numbers import NumberRecord, canonical_number, first_version, free_text, slug
from number_inventory.ports.clock import Clock
from number_inventory.ports.macros import Macros
from number_inventory.ports.numbers import UNSURE, Inventory, WriteResult
from number_inventory.services.change_numbers import MAX_ROUNDS, ChangeNumbers, ChangeReport

MAX_MANY = 100
"""How many numbers one request may name."""

DELETED = "deleted"
REFUSED = "refused"
NOT_FOUND = "not_found"
FAILED = "failed"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NumberDetails:
    """The free-text fields of a new number; see `NumberRecord`."""

    description: str = ""
    site: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class AddNumbers:
    """The use case: numbers that exist already are left exactly as they are."""

    inventory: Inventory
    clock: Clock

    def __call__(self, customer: str, numbers: Sequence[str], details: NumberDetails, by: str) -> ChangeReport:
        """Add each number as Available; returns how many were created and how many existed.

        Raises:
            InvalidInputError: a number, a detail or the customer is malformed; then nothing is added.
            StorageBusyError, StorageRefusedError: AWS did not play along; run it again, nothing is added twice.
        """
        slug(customer, field="customer")
        for field in ("description", "site", "tag"):
            free_text(getattr(details, field), field=field)
        wanted = list(dict.fromkeys(canonical_number(number) for number in numbers))
        stamp = Stamp(self.clock.now(), by, "added to the inventory")

        def added(number: str, record: NumberRecord | None) -> Decision:
            new = NumberRecord(
                customer=customer,
                number=number,
                description=details.description,
                site=details.site,
                tag=details.tag,
            )
            return add_number(record, new, stamp)

        change = ChangeNumbers(self.inventory, lambda: True)
        change(customer, wanted, added)
        return change.report


def created(report: ChangeReport) -> int:
    """How many numbers an addition created."""
    return report.outcomes[Outcome.CREATED]


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one of many numbers.

    Attributes:
        outcome: an `Outcome`, `deleted`, or, where nothing was changed, `refused` (the number's state does not allow
            it), `not_found` or `failed` (it could not be read or written, or nobody knows whether it was).
        error: why not, in words; empty where it was done.
    """

    number: str
    outcome: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class ManageNumbers:
    """The use case: change numbers by command, and delete them.

    Attributes:
        repeated_since: when the same was asked for first, which may have been done, unheard; None if it never was. What
            is still to be done then on a number that has changed since is refused: it was done, and others followed.
    """

    inventory: Inventory
    macros: Macros
    clock: Clock
    repeated_since: datetime | None = None

    # --- one number

    def one(self, customer: str, number: str, command: Command, by: str, if_version: int | None = None) -> NumberRecord:
        """Carry out a command on a number; returns the number as it is then.

        Args:
            customer: whose number.
            number: which one.
            command: what is asked; where the number already is so, nothing is written.
            by: who asks, as it is kept with the number.
            if_version: change the number only if it still is at this version.

        Raises:
            InvalidInputError: the number, the customer or a part of the command is malformed.
            NotFoundError: the customer has no such number.
            PreconditionFailedError: it is at another version.
            RuleViolationError: its state does not allow the command; the message says who has it.
            SettingBrokenError: the customer's stored cooling settings decide about it, and are broken.
            StorageBusyError: it could not be read or written, or nobody knows whether it was; the message says which.
        """
        canonical = _checked(customer, [number])[0]
        asked = command.checked(self.clock.now())
        settings = self._settings(customer, asked)

        def write(record: NumberRecord) -> tuple[NumberRecord, WriteResult]:
            decision = as_stored(self._still_to_be_done(decide(asked, record, settings, self._stamp(asked, by))))
            return decision.after, self.inventory.save([decision])[0]

        return self._until_settled(customer, canonical, if_version, write)

    def delete(self, customer: str, number: str, by: str, if_version: int | None = None) -> None:
        """Delete a number that is Available and that no device holds.

        Two writes: the first says in the number who deletes it, so that its history knows; the second deletes that very
        version. If it dies in between, the number is as it was, and the deletion is asked for again.

        Raises:
            InvalidInputError, NotFoundError, PreconditionFailedError, RuleViolationError, StorageBusyError: as `one`.
        """
        canonical = _checked(customer, [number])[0]

        def write(record: NumberRecord) -> tuple[NumberRecord, WriteResult]:
            decision = as_stored(condemned(record, Stamp(self.clock.now(), by, DELETED)))
            if record.deleting and record.updated_by == by:
                # Begun before, by the same hand: to say so again would only outrun one's own other try.
                return record, self.inventory.delete(record)
            marked = self.inventory.save([self._still_to_be_done(decision)])[0]
            if marked is not WriteResult.WRITTEN:
                return record, marked
            return decision.after, self.inventory.delete(decision.after)

        self._until_settled(customer, canonical, if_version, write)
        _log.info("number %s of customer %s was deleted by %s", canonical, customer, by)

    def _until_settled(
        self,
        customer: str,
        number: str,
        if_version: int | None,
        write: Callable[[NumberRecord], tuple[NumberRecord, WriteResult]],
    ) -> NumberRecord:
        for _ in range(MAX_ROUNDS):
            record = self.inventory.get(customer, number)
            if record is None:
                raise NotFoundError(_missing(customer, number))
            if if_version is not None and record.version != if_version:
                raise PreconditionFailedError(number, record.version, if_version)
            after, result = write(record)
            if result is WriteResult.WRITTEN:
                return after
            if result in UNSURE:
                raise StorageBusyError(_unsure(number))
        raise StorageBusyError(_given_up(number))

    # --- many numbers

    def many(self, customer: str, numbers: Sequence[str], command: Command, by: str) -> Sequence[ItemResult]:
        """Carry out a command on each of up to 100 numbers, each by itself; results in the same order.

        Raises:
            InvalidInputError: a number, the customer or a part of the command is malformed, there are too many
                numbers, or one stands there twice; then nothing is changed.
            SettingBrokenError, StorageBusyError, StorageRefusedError: nothing is changed, or ask for the same again.
        """
        wanted = _checked(customer, numbers)
        asked = command.checked(self.clock.now())
        settings = self._settings(customer, asked)
        results: dict[str, ItemResult] = {}
        pending: Sequence[str] = wanted
        for _ in range(MAX_ROUNDS):
            decisions = []
            for number, record in self._found(customer, pending, results):
                try:
                    decisions.append(self._still_to_be_done(decide(asked, record, settings, self._stamp(asked, by))))
                except RuleViolationError as error:
                    results[number] = ItemResult(number, REFUSED, str(error))
            pending = self._saved(decisions, results)
            if not pending:
                break
        return _in_order(wanted, results)

    def delete_many(self, customer: str, numbers: Sequence[str], by: str) -> Sequence[ItemResult]:
        """Delete each of up to 100 numbers, each by itself; results in the same order.

        Raises:
            InvalidInputError: as for `many`; nothing is deleted then.
            StorageRefusedError: AWS refuses it for good.
        """
        wanted = _checked(customer, numbers)
        return [self._deleted(customer, number, by) for number in wanted]

    def _deleted(self, customer: str, number: str, by: str) -> ItemResult:
        try:
            self.delete(customer, number, by)
        except NotFoundError as error:
            return ItemResult(number, NOT_FOUND, str(error))
        except RuleViolationError as error:
            return ItemResult(number, REFUSED, str(error))
        except (StorageBusyError, RecordBrokenError) as error:
            return ItemResult(number, FAILED, str(error))
        return ItemResult(number, DELETED)

    def _found(
        self, customer: str, numbers: Sequence[str], results: dict[str, ItemResult]
    ) -> Sequence[tuple[str, NumberRecord]]:
        """The records of those that are there and can be understood; of the others, the results say so."""
        records = self.inventory.get_many(customer, numbers) if numbers else {}
        found = []
        for number in numbers:
            try:
                record = records.get(number)
            except RecordBrokenError as error:
                results[number] = ItemResult(number, FAILED, str(error))
                continue
            if record is None:
                results[number] = ItemResult(number, NOT_FOUND, _missing(customer, number))
            else:
                found.append((number, record))
        return found

    def _saved(self, decisions: Sequence[Decision], results: dict[str, ItemResult]) -> Sequence[str]:
        """Write; returns the numbers that somebody else changed meanwhile."""
        superseded = []
        for decision, result in zip(decisions, self.inventory.save(decisions), strict=True):
            number = decision.after.number
            if result is WriteResult.WRITTEN:
                results[number] = ItemResult(number, decision.outcome)
            elif result is WriteResult.SUPERSEDED:
                superseded.append(number)
            else:
                results[number] = ItemResult(number, FAILED, _unsure(number))
        return superseded

    # --- both

    def _still_to_be_done(self, decision: Decision) -> Decision:
        """The decision, unless it undoes what others did since the same was asked for first.

        Raises:
            RuleViolationError: it does.
        """
        since, record = self.repeated_since, decision.before
        changed_at = record.updated_at if record else None
        if record and since and changed_at and decision.needs_write and changed_at > since:
            raise RuleViolationError(
                f"number {record.number} has changed since this was sent first, by {record.updated_by}: look at it, "
                "and send what is still to be done under another key"
            )
        return decision

    def _settings(self, customer: str, command: Command) -> CoolingSettings | None:
        """The cooling settings where they decide about the command."""
        if not needs_settings(command):
            return None
        values = self.macros.resolve(customer, [COOLING_ENABLED, COOLING_DURATION])
        return global_cooling_settings(values[COOLING_ENABLED], values[COOLING_DURATION])

    def _stamp(self, command: Command, by: str) -> Stamp:
        return Stamp(self.clock.now(), by, command.reason)


def checked_count(count: int) -> int:
    """How many numbers one request may ask for.

    Raises:
        InvalidInputError: it is out of range.
    """
    if not 1 <= count <= MAX_MANY:
        raise InvalidInputError("count", f"must be from 1 to {MAX_MANY}, not {count}")
    return count


def checked_numbers(numbers: Sequence[str]) -> list[str]:
    """The numbers of one request in their one spelling, each once.

    Raises:
        InvalidInputError: there are none or too many, one is malformed or stands there twice.
    """
    if not 1 <= len(numbers) <= MAX_MANY:
        raise InvalidInputError("numbers", f"must be 1 to {MAX_MANY} numbers, not {len(numbers)}")
    wanted: dict[str, None] = {}
    for number in numbers:
        canonical = canonical_number(number, field="numbers" if len(numbers) > 1 else "number")
        if canonical in wanted:
            raise InvalidInputError("numbers", f"must name each number once, but {canonical} stands there twice")
        wanted[canonical] = None
    return list(wanted)


def _checked(customer: str, numbers: Sequence[str]) -> list[str]:
    slug(customer, field="customer")
    return checked_numbers(numbers)


def as_stored(decision: Decision) -> Decision:
    """The same decision with its number as it is stored once it is written, and so is read again."""
    if not decision.needs_write:
        return decision
    version = decision.before.version + 1 if decision.before else first_version(decision.after)
    return replace(decision, after=replace(decision.after, version=version, outdated=False))


def _missing(customer: str, number: str) -> str:
    return f"customer {customer} has no number {number}"


def _given_up(number: str) -> str:
    return f"number {number} could not be changed for now: others kept changing it. Ask for the same again"


def _unsure(number: str) -> str:
    return (
        f"the database did not answer properly: whether number {number} was changed could not be learnt. Look at its "
        "history before you ask for the same again: others may have it since"
    )


def _in_order(numbers: Sequence[str], results: Mapping[str, ItemResult]) -> Sequence[ItemResult]:
    return [results.get(number) or ItemResult(number, FAILED, _given_up(number)) for number in numbers]
