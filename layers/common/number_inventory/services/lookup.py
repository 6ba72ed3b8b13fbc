"""Look numbers up: one, several by name, or a page of those that match."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from number_inventory.domain.errors import InvalidInputError, NotFoundError
from number_inventory.domain.numbers import NumberRecord, canonical_number, free_text, slug
from number_inventory.ports.numbers import Inventory, NumberPage, NumberQuery

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
MAX_BATCH = 100
"""How many numbers may be looked up by name at once."""


class Found(NamedTuple):
    """The numbers of a batch that exist, and the spellings of those that do not, in the order they were asked for."""

    numbers: Sequence[NumberRecord]
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class LookUpNumbers:
    """The use case; it changes nothing."""

    inventory: Inventory

    def one(self, customer: str, number: str) -> NumberRecord:
        """One number of a customer.

        Raises:
            InvalidInputError: the customer or the number is malformed.
            NotFoundError: the customer has no such number.
        """
        canonical = canonical_number(number)
        record = self.inventory.peek(slug(customer, field="customer"), canonical)
        if record is None:
            raise NotFoundError(f"customer {customer} has no number {canonical}")
        return record

    def batch(self, customer: str, numbers: Sequence[str]) -> Found:
        """Up to 100 numbers of a customer, each looked up once however often it is named.

        Raises:
            InvalidInputError: the customer or a number is malformed, or there are none or too many.
            RecordBrokenError: a stored number cannot be understood.
        """
        slug(customer, field="customer")
        if not 1 <= len(numbers) <= MAX_BATCH:
            raise InvalidInputError("numbers", f"must be 1 to {MAX_BATCH} numbers, not {len(numbers)}")
        wanted = list(dict.fromkeys(canonical_number(number, field="numbers") for number in numbers))
        records = self.inventory.peek_many(customer, wanted)
        found = [record for number in wanted if (record := records.get(number)) is not None]
        return Found(found, [number for number in wanted if number not in records])

    def page(self, query: NumberQuery, limit: int = DEFAULT_LIMIT, after: str | None = None) -> NumberPage:
        """At most `limit` matching numbers in the order of their spelling, from those after `after`.

        Raises:
            InvalidInputError: a part of the query is malformed or the limit is out of range.
        """
        slug(query.customer, field="customer")
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidInputError("limit", f"must be from 1 to {MAX_LIMIT}, not {limit}")
        check_prefix(query.prefix)
        _check_range(query)
        if query.device:
            slug(query.device, field="device")
        if query.changed_since is not None and query.changed_since.tzinfo is None:
            raise InvalidInputError("changed_since", "must name its zone, as in 2026-11-25T12:00:00Z")
        free_text(query.text, field="text")
        return self.inventory.page(query, limit, after)


def check_prefix(prefix: str) -> None:
    """Refuse what no number begins with.

    Raises:
        InvalidInputError: it is no beginning of a number.
    """
    if prefix and not set(prefix.removeprefix("+")) <= set("0123456789*#"):
        raise InvalidInputError("prefix", f"must be the beginning of a number, not {prefix[:40]!r}")


def _check_range(query: NumberQuery) -> None:
    """Both ends must stand there as numbers are spelt, since they are compared as they are."""
    for field, number in (("first", query.first), ("last", query.last)):
        if number and canonical_number(number, field=field) != number:
            raise InvalidInputError(field, f"must be spelt {canonical_number(number)}")
    if query.first and query.last and query.first > query.last:
        raise InvalidInputError("last", f"must not come before the first, {query.first}, as {query.last} does")
