"""Audits: their runs and findings, and who carries them out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from number_inventory.domain.audit_runs import AuditRun
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.ports.turns import Claim


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some runs, the newest first; `last` is the id to go on after, None at the end."""

    runs: tuple[AuditRun, ...]
    last: str | None


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Some findings in the order of their numbers.

    Attributes:
        last: where to go on; None when there is nothing behind it. A page may be empty and still have one.
    """

    findings: tuple[Finding, ...]
    last: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingQuery:
    """Which findings of a run a page shows; None means any."""

    customer: str
    run: str
    code: FindingCode | None = None
    outcome: FindingOutcome | None = None


class Audits(Protocol):
    """The runs of audits and their findings; all of it is kept for a set time, then forgotten."""

    def open(self, run: AuditRun, until: datetime, now: datetime) -> AuditRun:
        """Store a new run that waits for its worker until `until`; the customer is taken meanwhile.

        Safe to repeat with the same run. Returns the run itself, or, where another run has the customer at `now`, that
        one, and stores nothing then.
        """

    def claim(
        self, customer: str, run_id: str, step: int, worker: str, *, now: datetime, until: datetime
    ) -> Claim[AuditRun] | None:
        """Take up a run at this step; None where another worker has it, it has gone on, or it has ended.

        Raises:
            NotFoundError: there is no such run.
        """

    def keep(self, claim: Claim[AuditRun], run: AuditRun) -> Claim[AuditRun] | None:
        """Store how far the run is; None, and nothing stored, where the claim was lost."""

    def hand_over(self, claim: Claim[AuditRun], run: AuditRun, until: datetime) -> AuditRun | None:
        """Store how far the run is and give it to its next step, which must be taken up by `until`."""

    def end(self, claim: Claim[AuditRun], run: AuditRun) -> bool:
        """Store the run as it ended and set the customer free; False, and nothing stored, where the claim was lost."""

    def abandon(self, run: AuditRun, now: datetime) -> bool:
        """Store a run as it ended although nobody works on it any more, and set the customer free if it has it still.

        False, and nothing stored, where a worker has it at `now`, or it is at another step, or it has ended already. A
        customer that another run has by now stays with that one.
        """

    def get(self, customer: str, run_id: str) -> AuditRun:
        """One run, strongly consistent; raises NotFoundError."""

    def page(self, customer: str, limit: int, after: str | None) -> AuditPage:
        """At most `limit` runs of a customer, the newest first, from those before run `after`."""

    def customers(self) -> Sequence[str]:
        """Every customer of whom an audit has come to its end and read a number, in order."""

    def remember_plan(self, run: AuditRun) -> None:
        """Let the run be found by the checksum of its plan."""

    def with_plan(self, checksum: str) -> AuditRun:
        """The latest run that gave this plan; raises NotFoundError."""

    def record(self, run: AuditRun, findings: Sequence[Finding]) -> None:
        """Store findings of the run; one of the same number and code takes the place of an earlier one."""

    def findings(self, run: AuditRun, after: str = "") -> Iterator[Sequence[Finding]]:
        """All findings of numbers behind `after`, batch by batch, in order, strongly consistent.

        All findings of one number are in one batch.
        """

    def finding_page(self, query: FindingQuery, limit: int, after: str | None) -> FindingPage:
        """At most `limit` findings that match, for a bounded price."""
