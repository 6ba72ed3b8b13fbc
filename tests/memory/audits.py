"""The runs of audits, their findings and their workers in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, islice
from threading import Lock

from number_inventory.domain.audit_runs import ENDED, AuditRun
from number_inventory.domain.errors import NotFoundError
from number_inventory.domain.findings import Finding, FindingCode
from number_inventory.ports.audits import AuditPage, FindingPage, FindingQuery
from number_inventory.ports.turns import Claim
from tests.memory.fuse import Fuse

BATCH = 3
"""How many numbers' findings a batch holds: few, so that tests see several batches."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A run, and which worker has it until when."""

    run: AuditRun
    worker: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Lock:
    """Which run has a customer, and until when."""

    run: str
    until: datetime


class MemoryAudits:
    """Runs by customer and id; each call takes effect as a whole or not at all."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._mutex = Lock()
        self._runs: dict[tuple[str, str], _Stored] = {}
        self._locks: dict[str, _Lock] = {}
        self._plans: dict[str, tuple[str, str]] = {}
        self._findings: dict[tuple[str, str], dict[tuple[str, FindingCode], Finding]] = {}

    # --- taking turns

    def open(self, run: AuditRun, until: datetime, now: datetime) -> AuditRun:
        """Store a new run, unless another has the customer."""
        self._fuse.point("audits.open before")
        with self._mutex:
            stored = self._runs.get((run.customer, run.id))
            if stored is not None:
                return stored.run
            lock = self._locks.get(run.customer)
            if lock is not None and lock.until > now:
                return self._runs[run.customer, lock.run].run
            self._runs[run.customer, run.id] = _Stored(run)
            self._locks[run.customer] = _Lock(run.id, until)
        self._fuse.point("audits.open after")
        return run

    def claim(
        self, customer: str, run_id: str, step: int, worker: str, *, now: datetime, until: datetime
    ) -> Claim[AuditRun] | None:
        """Take up a run that is at this step and nobody else's."""
        self._fuse.point("audits.claim before")
        with self._mutex:
            run = self.get(customer, run_id)
            stored, lock = self._runs[customer, run_id], self._locks.get(customer)
            taken = stored.until is not None and stored.until > now and stored.worker != worker
            if taken or run.step != step or run.state in ENDED or (lock is not None and lock.run != run_id):
                return None
            self._runs[customer, run_id] = _Stored(run, worker, until)
            self._locks[customer] = _Lock(run_id, until)
        self._fuse.point("audits.claim after")
        return Claim(run, worker, until)

    def keep(self, claim: Claim[AuditRun], run: AuditRun) -> Claim[AuditRun] | None:
        """Store how far the run is, while the claim holds."""
        self._fuse.point("audits.keep before")
        with self._mutex:
            if not self._holds(claim):
                return None
            self._runs[run.customer, run.id] = _Stored(run, claim.worker, claim.until)
        self._fuse.point("audits.keep after")
        return replace(claim, run=run)

    def hand_over(self, claim: Claim[AuditRun], run: AuditRun, until: datetime) -> AuditRun | None:
        """Give the run to its next step, while the claim holds."""
        self._fuse.point("audits.hand_over before")
        following = replace(run, step=claim.run.step + 1)
        with self._mutex:
            if not self._holds(claim):
                return following if self._stands(following) else None
            self._runs[run.customer, run.id] = _Stored(following)
            self._locks[run.customer] = _Lock(run.id, until)
        self._fuse.point("audits.hand_over after")
        return following

    def end(self, claim: Claim[AuditRun], run: AuditRun) -> bool:
        """Store the run as it ended, while the claim holds, and set the customer free."""
        self._fuse.point("audits.end before")
        with self._mutex:
            if not self._holds(claim):
                return self._stands(run)
            self._runs[run.customer, run.id] = _Stored(run)
            self._locks.pop(run.customer, None)
        self._fuse.point("audits.end after")
        return True

    def abandon(self, run: AuditRun, now: datetime) -> bool:
        """End a run that nobody works on, and set its customer free."""
        self._fuse.point("audits.abandon before")
        with self._mutex:
            stored = self._runs.get((run.customer, run.id))
            if stored is None or self._stands(run):
                return stored is not None
            taken = stored.until is not None and stored.until > now
            if taken or stored.run.step != run.step or stored.run.state in ENDED:
                return False
            self._runs[run.customer, run.id] = _Stored(run)
            if run.customer in self._locks and self._locks[run.customer].run == run.id:
                del self._locks[run.customer]
        self._fuse.point("audits.abandon after")
        return True

    def _stands(self, run: AuditRun) -> bool:
        return self._runs.get((run.customer, run.id)) == _Stored(run)

    def _holds(self, claim: Claim[AuditRun]) -> bool:
        stored = self._runs.get((claim.run.customer, claim.run.id))
        return stored is not None and (stored.worker, stored.until) == (claim.worker, claim.until)

    # --- runs

    def get(self, customer: str, run_id: str) -> AuditRun:
        """One run."""
        stored = self._runs.get((customer, run_id))
        if stored is None:
            raise NotFoundError(f"customer {customer} has no audit {run_id!r}")
        return stored.run

    def page(self, customer: str, limit: int, after: str | None) -> AuditPage:
        """At most `limit` runs, the newest first."""
        runs = [self._runs[key].run for key in sorted(self._runs, reverse=True) if key[0] == customer]
        behind = [run for run in runs if after is None or run.id < after]
        shown = behind[:limit]
        return AuditPage(tuple(shown), shown[-1].id if len(behind) > limit else None)

    def customers(self) -> Sequence[str]:
        """Every customer of whom an audit has ended and read a number."""
        ended = (stored.run for stored in self._runs.values() if stored.run.state in ENDED)
        return sorted({run.customer for run in ended if run.numbers})

    # --- plans

    def remember_plan(self, run: AuditRun) -> None:
        """Let the run be found by the checksum of its plan."""
        self._fuse.point("audits.remember_plan before")
        known = self._plans.get(run.checksum, ("", ""))
        self._plans[run.checksum] = max(known, (run.customer, run.id), key=lambda plan: plan[1])
        self._fuse.point("audits.remember_plan after")

    def with_plan(self, checksum: str) -> AuditRun:
        """The latest run that gave this plan."""
        if checksum not in self._plans:
            raise NotFoundError(f"no audit has given a plan with checksum {checksum!r}")
        return self.get(*self._plans[checksum])

    # --- findings

    def record(self, run: AuditRun, findings: Sequence[Finding]) -> None:
        """Store findings one after the other; a death in the middle leaves the ones before stored."""
        self._fuse.point("audits.record before")
        stored = self._findings.setdefault((run.customer, run.id), {})
        for finding in findings:
            stored[finding.number, finding.code] = finding
            self._fuse.point(f"audits.record after {finding.number} {finding.code}")

    def findings(self, run: AuditRun, after: str = "") -> Iterator[Sequence[Finding]]:
        """All findings of numbers behind `after`, those of a number together."""
        self._fuse.point("audits.findings before")
        behind = (finding for finding in self._of(run.customer, run.id) if finding.number > after)
        numbers = (list(found) for _, found in groupby(behind, key=lambda finding: finding.number))
        while batch := list(islice(numbers, BATCH)):
            yield [finding for found in batch for finding in found]

    def finding_page(self, query: FindingQuery, limit: int, after: str | None) -> FindingPage:
        """At most `limit` findings that match."""
        matching = [
            finding
            for finding in self._of(query.customer, query.run)
            if query.code in {None, finding.code}
            and query.outcome in {None, finding.outcome}
            and (after is None or _place(finding) > after)
        ]
        shown = matching[:limit]
        return FindingPage(tuple(shown), _place(shown[-1]) if len(matching) > limit else None)

    def _of(self, customer: str, run_id: str) -> list[Finding]:
        found = self._findings.get((customer, run_id), {})
        return [found[key] for key in sorted(found)]


def _place(finding: Finding) -> str:
    return f"{finding.number} {finding.code}"


class MemoryAuditWorkers:
    """Whoever carries out runs.

    Attributes:
        woken: customer, run and step of every call that was heard, in order.
        fails_with: what the next calls raise instead.
    """

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self.woken: list[tuple[str, str, int]] = []
        self.fails_with: Exception | None = None

    def wake(self, run: AuditRun) -> None:
        """Remember that somebody takes up the run."""
        self._fuse.point("audit_workers.wake before")
        if self.fails_with is not None:
            raise self.fails_with
        self.woken.append((run.customer, run.id, run.step))
        self._fuse.point("audit_workers.wake after")
