"""Look at jobs that add numbers: which there were, how far they are, and what became of each number."""

from collections.abc import Iterator
from dataclasses import dataclass

from number_inventory.domain.errors import InvalidInputError, NotFoundError
from number_inventory.domain.number_jobs import AddOutcome, NumberJob, NumberOutcome
from number_inventory.domain.numbers import slug
from number_inventory.ports.number_jobs import NumberJobPage, NumberJobs
from number_inventory.services.run_ids import may_be_id

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000

_STRETCHES_A_PAGE = 10
"""Lists of numbers that one page may read: one that finds little ends early, and says where to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeQuery:
    """Which outcomes of a job a page shows; None means any."""

    customer: str
    job: str
    outcome: AddOutcome | None = None


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """Some numbers of a job with their outcomes, in the order of their spelling.

    Attributes:
        last: how many numbers of the job lie behind; None where all that have an outcome do. A page may be empty and
            still have one.
    """

    outcomes: tuple[NumberOutcome, ...]
    last: int | None


@dataclass(frozen=True, slots=True)
class LookAtNumberJobs:
    """The use case; it reads only."""

    jobs: NumberJobs

    def page(self, customer: str, limit: int = DEFAULT_LIMIT, after: str | None = None) -> NumberJobPage:
        """A customer's jobs, the newest first.

        Raises:
            InvalidInputError: the customer's name is malformed, or the limit is out of range.
        """
        return self.jobs.page(slug(customer, field="customer"), _checked(limit), after)

    def one(self, customer: str, job_id: str) -> NumberJob:
        """One job.

        Raises:
            InvalidInputError: the customer's name is malformed.
            NotFoundError: the customer has no such job.
        """
        name = slug(customer, field="customer")
        if not may_be_id(job_id):
            raise NotFoundError(f"customer {name} has no job {job_id[:64]!r}")
        return self.jobs.get(name, job_id)

    def outcomes(self, query: OutcomeQuery, limit: int = DEFAULT_LIMIT, after: int = 0) -> OutcomePage:
        """What became of the numbers behind the first `after`, as far as the job has come.

        Raises:
            InvalidInputError: the customer's name is malformed, or the limit is out of range.
            NotFoundError: the customer has no such job.
        """
        job = self.one(query.customer, query.job)
        limit = _checked(limit)
        found: list[NumberOutcome] = []
        looked_into = 0
        for stretch, outcomes in self.jobs.outcomes(job, after // job.stretch):
            skipped = max(0, after - stretch * job.stretch)
            places = [
                place for place, outcome in enumerate(outcomes) if place >= skipped and query.outcome in {None, outcome}
            ]
            if not places:
                continue
            if looked_into == _STRETCHES_A_PAGE:
                return OutcomePage(tuple(found), stretch * job.stretch)
            looked_into += 1
            numbers = self.jobs.wanted(job, stretch)
            for place in places:
                if len(found) == limit:
                    return OutcomePage(tuple(found), stretch * job.stretch + place)
                found.append(NumberOutcome(numbers[place], outcomes[place]))
        return OutcomePage(tuple(found), None)

    def every_outcome(self, query: OutcomeQuery) -> Iterator[NumberOutcome]:
        """What became of all numbers, page by page.

        Raises:
            InvalidInputError, NotFoundError: as `outcomes`.
        """
        after: int | None = 0
        while after is not None:
            page = self.outcomes(query, MAX_LIMIT, after)
            yield from page.outcomes
            after = page.last


def _checked(limit: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInputError("limit", f"must be 1 to {MAX_LIMIT}, not {limit}")
    return limit
