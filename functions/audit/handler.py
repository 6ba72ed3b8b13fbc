"""Lambda function: audit the number inventory of one customer or of all, or go on with an audit that was begun.

One customer's audit is carried out here, as far as the time allows. It then hands itself over to another invocation of
this function, which gets an event of its own kind: the run, and the step that it has come to. Several customers are
handed over one by one from the beginning.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from number_inventory.bootstrap import audits, stores
from number_inventory.domain.audit_runs import ENDED, AuditRun, AuditScope, RunState
from number_inventory.domain.errors import (
    AuditUnderWayError,
    InventoryError,
    PermanentError,
    RetryableError,
    StorageBusyError,
    StorageRefusedError,
)
from number_inventory.domain.findings import FindingCode, FindingOutcome
from number_inventory.events import AuditEvent, AuditStep, read_audit_event
from number_inventory.observability import (
    audit_as_json,
    correlate,
    count,
    count_scheduled_run,
    logger_for,
    measured,
    metrics_for,
)
from number_inventory.services.start_audit import StartAudit
from number_inventory.settings import AuditSettings

SAFETY = timedelta(seconds=30)
"""What is kept of the function's time to store how far the audit is and to hand it over."""

_NO_TIME = timedelta(0)
"""Enough for one batch of findings, which every invocation deals with whatever its time."""

SCHEDULE = "schedule"
"""Who asks for the audits of all customers."""

SERVICE = "audit"

logger = logger_for(SERVICE)
metrics = metrics_for(SERVICE)

Answer = dict[str, Any]


@measured(metrics)
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[Answer]]:
    """Audit; answers `{"audits": [each run as it stands now]}`, or where another has a customer, `under_way`: its id.

    Raises:
        InvalidInputError: the event is malformed.
        NotFoundError: there is no such plan, or no such run.
        AuditUnderWayError: another audit of the one customer that was named is under way.
        StorageBusyError, StorageRefusedError: AWS did not play along. Lambda tries again, and goes on where this ended.
    """
    request = read_audit_event(event)
    given = request.run if isinstance(request, AuditStep) else request.correlation_id
    correlate(logger, given, context.aws_request_id)
    work = _Audits(AuditSettings.load(), context)
    if isinstance(request, AuditStep):
        return {"audits": work.step(request)}
    if request.scheduled:
        count_scheduled_run(SERVICE)
    if request.customer is not None or request.plan is not None:
        return {"audits": [work.one(request)]}
    return {"audits": work.all(request)}


@dataclass(frozen=True, slots=True)
class _Audits:
    """What one invocation does."""

    settings: AuditSettings
    context: LambdaContext

    def step(self, request: AuditStep) -> list[Answer]:
        """Go on with a run; nothing where it has gone on without this invocation."""
        run = self._carry_out(request.customer, request.run, request.step)
        if run is None:
            logger.info("audit has gone on elsewhere", extra=request.model_dump())
            return []
        return [audit_as_json(run)]

    def one(self, request: AuditEvent) -> Answer:
        """The audit of the customer that is named, or that gave the plan."""
        start = audits.start_audit(self.settings)
        return self._here(start, _scope(start, request), f"invocation {self.context.aws_request_id}")

    def all(self, request: AuditEvent) -> list[Answer]:
        """The audits of all customers, none of which another one's trouble stops."""
        customers = self._customers()
        start = audits.start_audit(self.settings)
        answers, failed = [], dict[str, Exception]()
        for customer in customers:
            try:
                scope = _scope(start, request.model_copy(update={"customer": customer}))
                audit = self._here if len(customers) == 1 else self._elsewhere
                answers.append(audit(start, scope, SCHEDULE))
            except AuditUnderWayError as error:
                answers.append({"customer": customer, "under_way": error.run_id})
            except Exception as error:
                # Whatever it was: the others are audited, and this is the only place that says why.
                logger.exception("audit could not be started", extra={"customer": customer})
                failed[customer] = error
        under_way = [answer["customer"] for answer in answers if "under_way" in answer]
        logger.info("audits asked for", extra={"customers": len(customers), "under_way": under_way})
        _raise_for(failed, len(customers))
        return answers

    def _customers(self) -> Sequence[str]:
        """Every customer that has numbers, a device to sync, or had an audit before.

        Numbers are counted by the stream of their table, devices may be gone or disabled: none of the three knows all.
        """
        counted = stores.counters(self.settings.history_table).customers()
        devices = stores.devices(self.settings.devices_table).customers()
        return sorted({*stores.audits(self.settings).customers(), *devices, *counted})

    def _here(self, start: StartAudit, scope: AuditScope, requested_by: str) -> Answer:
        """Open a run and carry it out; when Lambda tries again, take up the run that the first try opened."""
        try:
            run = start.open(scope, requested_by)
        except AuditUnderWayError as error:
            run = audits.look_at_audits(self.settings).one(error.customer, error.run_id)
            if (run.requested_by, run.scope) != (requested_by, scope):
                raise
        done = self._carry_out(run.customer, run.id, run.step)
        if done is None:
            raise AuditUnderWayError(run.customer, run.id)
        return audit_as_json(done)

    def _elsewhere(self, start: StartAudit, scope: AuditScope, requested_by: str) -> Answer:
        """Open a run and wake a worker for it; one that is still waiting for its worker is woken again."""
        try:
            return audit_as_json(start(scope, requested_by))
        except AuditUnderWayError as error:
            run = audits.look_at_audits(self.settings).one(error.customer, error.run_id)
            if run.state is RunState.QUEUED:
                audits.audit_workers(self.settings).wake(run)
            raise

    def _carry_out(self, customer: str, run_id: str, step: int) -> AuditRun | None:
        left = timedelta(milliseconds=self.context.get_remaining_time_in_millis())
        carry_out = audits.run_audit(self.settings, max(left - SAFETY, _NO_TIME), on_buried=_tell)
        try:
            run = carry_out(customer, run_id, step, self.context.aws_request_id)
        except PermanentError:
            with suppress(InventoryError):
                self._tell_end(customer, run_id)
            raise
        if run is not None:
            _tell(run)
        return run

    def _tell_end(self, customer: str, run_id: str) -> None:
        """What fails for good ends its run, which says so."""
        run = audits.look_at_audits(self.settings).one(customer, run_id)
        if run.state in ENDED:
            _tell(run)


def _scope(start: StartAudit, request: AuditEvent) -> AuditScope:
    return start.scope(
        customer=request.customer,
        mode=request.mode,
        site=request.site,
        codes=request.codes or (),
        plan=request.plan or "",
    )


def _raise_for(failed: dict[str, Exception], asked: int) -> None:
    """Make Lambda try again where that may help, and keep the event where it does not."""
    if not failed:
        return
    customer, cause = next(iter(failed.items()))
    message = (
        f"audits of {len(failed)} of {asked} customers could not be started, first of customer {customer}: {cause}"
    )
    if any(isinstance(error, RetryableError) for error in failed.values()):
        raise StorageBusyError(message)
    raise StorageRefusedError(message)


def _tell(run: AuditRun) -> None:
    if run.state not in ENDED:
        logger.info("audit goes on in its next step", extra={"audit": audit_as_json(run)})
        return
    clean = run.state is RunState.FINISHED and not run.unreadable
    settled = run.total() == run.total(FindingOutcome.CORRECTED)
    level = logger.info if clean and settled else logger.warning
    level("number inventory audited", extra={"audit": audit_as_json(run)})
    counts = {f"Findings_{code}": sum(run.counts.get(code, {}).values()) for code in FindingCode}
    counts["AuditCorrections"] = run.total(FindingOutcome.CORRECTED)
    counts["AuditUnproven"] = run.total(FindingOutcome.UNPROVEN)
    counts["AuditHeld"] = run.total(FindingOutcome.HELD)
    counts["AuditFailed"] = run.total(FindingOutcome.FAILED)
    counts["NumbersAudited"] = run.numbers
    counts["AuditsEnded"] = 1
    counts["AuditsStopped"] = int(run.state is RunState.STOPPED)
    count(metrics, counts)
