"""Look at audits: which there were, how far they are, and what they found."""

from collections.abc import Iterator
from dataclasses import dataclass

from number_inventory.domain.audit_runs import AuditRun
from number_inventory.domain.errors import InvalidInputError, NotFoundError
from number_inventory.domain.findings import Finding
from number_inventory.domain.numbers import slug
from number_inventory.ports.audits import AuditPage, Audits, FindingPage, FindingQuery
from number_inventory.services.run_ids import may_be_id

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class LookAtAudits:
    """The use case; it reads only."""

    audits: Audits

    def runs(self, customer: str, limit: int = DEFAULT_LIMIT, after: str | None = None) -> AuditPage:
        """A customer's runs, the newest first.

        Raises:
            InvalidInputError: the customer's name is malformed, or the limit is out of range.
        """
        return self.audits.page(slug(customer, field="customer"), _checked(limit), after)

    def one(self, customer: str, run_id: str) -> AuditRun:
        """One run.

        Raises:
            InvalidInputError: the customer's name is malformed.
            NotFoundError: the customer has no such run.
        """
        name = slug(customer, field="customer")
        if not may_be_id(run_id):
            raise NotFoundError(f"customer {name} has no audit {run_id[:64]!r}")
        return self.audits.get(name, run_id)

    def findings(self, query: FindingQuery, limit: int = DEFAULT_LIMIT, after: str | None = None) -> FindingPage:
        """Findings of a run in the order of their numbers.

        Raises:
            InvalidInputError: the customer's name is malformed, or the limit is out of range.
            NotFoundError: the customer has no such run.
        """
        self.one(query.customer, query.run)
        return self.audits.finding_page(query, _checked(limit), after)

    def every_finding(self, customer: str, run_id: str) -> Iterator[Finding]:
        """All findings of a run, in bounded memory.

        Raises:
            InvalidInputError: the customer's name is malformed.
            NotFoundError: the customer has no such run.
        """
        for batch in self.audits.findings(self.one(customer, run_id)):
            yield from batch


def _checked(limit: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInputError("limit", f"must be 1 to {MAX_LIMIT}, not {limit}")
    return limit
