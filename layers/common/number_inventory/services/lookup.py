"""Look numbers up: one, or a page of those that match."""

from dataclasses import dataclass

from number_inventory.domain.errors import InvalidInputError, NotFoundError
from number_inventory.domain.numbers import NumberRecord, canonical_number, slug
from number_inventory.ports import Inventory, NumberPage, NumberQuery

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000


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

    def page(self, query: NumberQuery, limit: int = DEFAULT_LIMIT, after: str | None = None) -> NumberPage:
        """At most `limit` matching numbers in the order of their spelling, from those after `after`.

        Raises:
            InvalidInputError: a part of the query is malformed or the limit is out of range.
        """
        slug(query.customer, field="customer")
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidInputError("limit", f"must be from 1 to {MAX_LIMIT}, not {limit}")
        if query.prefix and not set(query.prefix.removeprefix("+")) <= set("0123456789*#"):
            raise InvalidInputError("prefix", f"must be the beginning of a number, not {query.prefix[:40]!r}")
        return self.inventory.page(query, limit, after)
