"""Audits that go as a test says, behind the services that the command line uses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from number_inventory.domain.audit_runs import AuditRun, AuditScope, PlanDigest, RunState
from number_inventory.domain.errors import NotFoundError
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.testimony import Statement, Word
from number_inventory.ports.audits import AuditPage, FindingPage, FindingQuery
from number_inventory.services.look_at_audits import LookAtAudits
from number_inventory.services.start_audit import StartAudit
from tests.memory.clock import SettableClock

NOW = datetime(2026, 11, 23, 7, 18, 16, tzinfo=UTC)
RUN = "20261123T071816-3f9ac2"


_IN_WORDS = {
    FindingCode.MISSING_NUMBER: (
        "not in the inventory",
        "Used / Device / AudioCodes",
        "registered on a device, so it must be in the inventory and show as used",
    ),
    FindingCode.CONFLICT: (
        "Used / Mobile / Cisco",
        "Used / Mobile / Cisco",
        "registered on a device, but used by another vendor or usage; a person decides whose it is",
    ),
    FindingCode.COOLING_WITHOUT_RELEASE_DATE: (
        "Cooling without a Release Date",
        "Cooling for 2 days",
        "without a Release Date it would never be free again",
    ),
    FindingCode.ORPHANED: (
        "Used / Device / AudioCodes",
        "Cooling for 2 days",
        "Vendor is AudioCodes and Status Used, but no device holds it",
    ),
}


def finding(number: str, code: FindingCode, outcome: FindingOutcome, *evidence: Statement, cause: str = "") -> Finding:
    """A finding in the words that audits use."""
    before, after, reason = _IN_WORDS[code]
    return Finding(
        number=number,
        code=code,
        before=before,
        after=after,
        reason=reason,
        evidence=evidence,
        outcome=outcome,
        cause=cause,
        frees=code is FindingCode.ORPHANED,
    )


HOLDS = Statement(device="sbc-1", word=Word.HOLDS, sync=12, proven_at=NOW - timedelta(minutes=5))
DENIES = Statement(device="sbc-1", word=Word.DENIES, sync=12, proven_at=NOW - timedelta(minutes=5))
SILENT = Statement(
    device="sbc-2",
    word=Word.CANNOT_SAY,
    sync=7,
    proven_at=NOW - timedelta(days=3),
    note="it is unreachable since 2026-11-20T07:18:16+00:00",
)
FINDINGS = (
    finding("*67", FindingCode.MISSING_NUMBER, FindingOutcome.REPORTED, HOLDS),
    finding("+493012340001", FindingCode.MISSING_NUMBER, FindingOutcome.REPORTED, HOLDS),
    finding("+493012340002", FindingCode.CONFLICT, FindingOutcome.LEFT, HOLDS),
    finding("+493012340003", FindingCode.ORPHANED, FindingOutcome.REPORTED, DENIES),
    finding(
        "+493012340004",
        FindingCode.ORPHANED,
        FindingOutcome.UNPROVEN,
        SILENT,
        cause="it cannot be proven that no device holds it: sbc-2: it is unreachable since 2026-11-20T07:18:16+00:00",
    ),
    finding("+493012340005", FindingCode.COOLING_WITHOUT_RELEASE_DATE, FindingOutcome.REPORTED, DENIES),
)
CORRECTED = tuple(
    replace(each, outcome=FindingOutcome.CORRECTED) if each.outcome is FindingOutcome.REPORTED else each
    for each in FINDINGS
)
COUNTED = {"numbers": 120_000, "used": 73_412}


def a_run(state: RunState = RunState.QUEUED, customer: str = "default", **rest: object) -> AuditRun:
    """A run as it stands at some moment."""
    run = AuditRun(
        id=RUN,
        scope=AuditScope(customer=customer),
        requested_by="operator:alice",
        state=state,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(run, **rest)  # type: ignore[arg-type]  # a test names the fields that it means


@dataclass
class AuditDesk:
    """Plays the stored audits and the function that carries them out.

    Attributes:
        course: what a run that is started goes through, a step with each look at it; the last one stays.
        found: its findings.
        woken: the runs that a worker was woken for, as they were then.
        trouble: what looks at a run fail with, one after the other; None is a look that does not fail.
        slept: how long was waited between looks, in seconds.
        page_size: how many findings are looked through for a page.
    """

    course: list[dict[str, object]] = field(default_factory=list)
    found: Sequence[Finding] = ()
    runs: dict[str, AuditRun] = field(default_factory=dict)
    woken: list[AuditRun] = field(default_factory=list)
    trouble: list[BaseException | None] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    under_way: AuditRun | None = None
    page_size: int = 1000
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))

    @property
    def start(self) -> StartAudit:
        """The use case, with these audits."""
        return StartAudit(self, self, self.clock, new_id=lambda _: RUN)  # type: ignore[arg-type]  # what it uses

    @property
    def look(self) -> LookAtAudits:
        """The use case, with these audits."""
        return LookAtAudits(self)  # type: ignore[arg-type]  # what it uses

    def sleep(self, seconds: float) -> None:
        """Let the time pass that a command waits."""
        self.slept.append(seconds)

    def monotonic(self) -> float:
        """How long commands have waited."""
        return sum(self.slept)

    def goes(self, *steps: RunState, found: Sequence[Finding] = (), **at_the_end: object) -> None:
        """Let the next run go through these states, of which `at_the_end` may name the last, and find this."""
        digest = PlanDigest(AuditScope(customer="default"))
        digest.add(found)
        ended: dict[str, object] = COUNTED | {"checksum": digest.checksum, "counts": digest.counts}
        ended |= {"ended_at": NOW + timedelta(seconds=42), "updated_at": NOW + timedelta(seconds=42)}
        *before, last = [{"state": step} for step in (*steps, *filter(None, [at_the_end.get("state")]))]
        self.course = [*before, last | ended | at_the_end]
        self.found = found

    def ended(self, *found: Finding, **rest: object) -> AuditRun:
        """A run that has ended with these findings, stored."""
        self.goes(RunState.FINISHED, found=found)
        run = a_run(**(self.course[-1] | rest))  # type: ignore[arg-type]  # as in `a_run`
        self.runs[run.id] = run
        return run

    # --- what the services ask of the stored audits

    def open(self, run: AuditRun, _until: datetime, _now: datetime) -> AuditRun:
        if self.under_way is not None:
            return self.under_way
        self.runs[run.id] = run
        return run

    def wake(self, run: AuditRun) -> None:
        self.woken.append(run)

    def abandon(self, run: AuditRun, _now: datetime) -> None:
        self.runs[run.id] = run

    def get(self, customer: str, run_id: str) -> AuditRun:
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble is not None:
            raise trouble
        run = self.runs.get(run_id)
        if run is None or run.customer != customer:
            raise NotFoundError(f"customer {customer} has no audit {run_id}")
        if self.woken and self.course:
            step = self.course.pop(0) if len(self.course) > 1 else self.course[0]
            run = self.runs[run_id] = replace(run, **step)  # type: ignore[arg-type]  # as in `a_run`
        return run

    def page(self, customer: str, limit: int, after: str | None) -> AuditPage:
        runs = [run for _, run in sorted(self.runs.items(), reverse=True) if run.customer == customer]
        runs = [run for run in runs if after is None or run.id < after]
        return AuditPage(tuple(runs[:limit]), runs[limit - 1].id if len(runs) > limit else None)

    def with_plan(self, checksum: str) -> AuditRun:
        for run in self.runs.values():
            if run.checksum == checksum:
                return run
        raise NotFoundError(f"no audit gave the plan {checksum}")

    def findings(self, _run: AuditRun) -> Iterator[Sequence[Finding]]:
        for each in self.found:
            yield [each]

    def finding_page(self, query: FindingQuery, limit: int, after: str | None) -> FindingPage:
        begin = int(after or 0)
        end = begin + min(limit, self.page_size)
        seen = self.found[begin:end]
        matching = [each for each in seen if query.code in {None, each.code} and query.outcome in {None, each.outcome}]
        return FindingPage(tuple(matching), str(end) if end < len(self.found) else None)
