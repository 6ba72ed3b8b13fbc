"""Audits as items of the Audits table: runs, the lock of a customer, plans and findings."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from number_inventory.adapters.dynamodb.attributes import (
    SCHEMA,
    Attribute,
    Item,
    ItemReader,
    instant,
    sortable_instant,
    text,
    whole,
)
from number_inventory.domain.audit_runs import AuditMode, AuditRun, AuditScope, Counts, RunState
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.testimony import Statement, Word

CUSTOMERS = "#customers"
"""The partition that lists every customer that was ever audited; no customer can have that name."""

LOCK = "lock"
"""The sort key under which a customer is taken by a run."""

PLAN = "run"
"""The sort key under which a plan names its run."""

RUN = "run#"
"""How the sort keys of runs begin."""

_RUN_TEXTS = ("position", "checksum", "cause")
_RUN_COUNTS = ("step", "numbers", "expected", "used", "unreadable", "held_back", "moving")


def audit_key(owner: str, part: str) -> Item:
    """The key of an item of the table."""
    return {"owner": text(owner), "part": text(part)}


def run_key(customer: str, run_id: str) -> Item:
    """The key of a run's item."""
    return audit_key(customer, RUN + run_id)


def plan_key(checksum: str) -> Item:
    """The key under which the run that gave a plan is found."""
    return audit_key(f"plan#{checksum}", PLAN)


def findings_of(customer: str, run_id: str) -> str:
    """The partition of a run's findings."""
    return f"{customer}#{run_id}"


def expiry(run: AuditRun, retention: timedelta) -> Attribute:
    """The second in which DynamoDB may forget what belongs to a run."""
    return whole(int((run.created_at + retention).timestamp()))


# --- the lock of a customer, the list of customers, plans


class Lock(NamedTuple):
    """Which run has the customer, and until when."""

    run: str
    until: datetime


def lock_item(customer: str, run_id: str, until: datetime) -> Item:
    """The item by which a run has the customer."""
    return {**audit_key(customer, LOCK), "schema": SCHEMA, "run": text(run_id), "until": sortable_instant(until)}


def read_lock(item: dict[str, Any]) -> Lock:
    """The lock in an item; raises RecordBrokenError."""
    read = ItemReader(item, f"lock of customer {item['owner']['S']}")
    return Lock(read.text("run"), _moment(read, "until"))


def customer_item(customer: str) -> Item:
    """The item that says that a customer was audited."""
    return {**audit_key(CUSTOMERS, customer), "schema": SCHEMA}


def plan_item(run: AuditRun, retention: timedelta) -> Item:
    """The item by which a run is found from its plan."""
    return {
        **plan_key(run.checksum),
        "schema": SCHEMA,
        "customer": text(run.customer),
        "run": text(run.id),
        "expires_at": expiry(run, retention),
    }


# --- runs


def run_item(run: AuditRun, retention: timedelta) -> Item:
    """The item of a run that no worker has; what is empty is left out."""
    item: Item = {
        **run_key(run.customer, run.id),
        "schema": SCHEMA,
        "mode": text(run.scope.mode),
        "state": text(run.state),
        "requested_by": text(run.requested_by),
        "created_at": instant(run.created_at),
        "updated_at": instant(run.updated_at),
        "expires_at": expiry(run, retention),
    }
    if run.scope.site is not None:
        # An empty Site is a scope of its own: the numbers without one.
        item["site"] = text(run.scope.site)
    if run.scope.codes:
        item["codes"] = {"SS": sorted(run.scope.codes)}
    if run.scope.plan:
        item["plan"] = text(run.scope.plan)
    if run.ended_at is not None:
        item["ended_at"] = instant(run.ended_at)
    for name in _RUN_TEXTS:
        words = getattr(run, name)
        if words:
            item[name] = text(words)
    for name in _RUN_COUNTS:
        item[name] = whole(getattr(run, name))
    if run.counts:
        item["counts"] = _counts_attribute(run.counts)
    return item


def _counts_attribute(counts: Counts) -> Attribute:
    return {
        "M": {
            str(code): {"M": {str(outcome): whole(count) for outcome, count in outcomes.items()}}
            for code, outcomes in counts.items()
        }
    }


def read_run(item: dict[str, Any]) -> AuditRun:
    """The run in an item.

    Raises:
        RecordBrokenError: it cannot be understood; the message names customer, run and attribute.
    """
    customer, run_id = item["owner"]["S"], item["part"]["S"].removeprefix(RUN)
    read = ItemReader(item, f"audit {run_id} of customer {customer}")
    return AuditRun(
        id=run_id,
        scope=AuditScope(
            customer=customer,
            mode=read.word("mode", AuditMode),
            site=read.text("site") if read.has("site") else None,
            codes=read.words("codes", FindingCode),
            plan=read.text("plan"),
        ),
        requested_by=read.text("requested_by"),
        state=read.word("state", RunState),
        created_at=_moment(read, "created_at"),
        updated_at=_moment(read, "updated_at"),
        ended_at=read.instant("ended_at"),
        counts=_counts(read.inner("counts")),
        **{name: read.text(name) for name in _RUN_TEXTS},  # type: ignore[arg-type]
        **{name: read.whole(name, 0) for name in _RUN_COUNTS},  # type: ignore[arg-type]
    )


def _moment(read: ItemReader, name: str) -> datetime:
    moment = read.instant(name)
    if moment is None:
        raise read.broken(name, "is missing")
    return moment


def _counts(read: ItemReader) -> Counts:
    return {code: _outcomes(read.inner(code)) for code in read.named(FindingCode)}


def _outcomes(read: ItemReader) -> dict[FindingOutcome, int]:
    return {outcome: read.whole(outcome) for outcome in read.named(FindingOutcome)}


# --- findings


def finding_part(number: str, code: FindingCode) -> str:
    """The sort key of a finding; a space sorts before all that a number can hold, so findings sort as numbers do."""
    return f"{number} {code}"


def behind(number: str) -> str:
    """What sorts behind all findings of a number, and before those of every number behind it."""
    return f"{number}!"


def finding_item(run: AuditRun, finding: Finding, retention: timedelta) -> Item:
    """The item of a finding; what is empty is left out."""
    item: Item = {
        **audit_key(findings_of(run.customer, run.id), finding_part(finding.number, finding.code)),
        "schema": SCHEMA,
        "code": text(finding.code),
        "outcome": text(finding.outcome),
        "expires_at": expiry(run, retention),
    }
    for name in ("before", "after", "reason", "cause"):
        words = getattr(finding, name)
        if words:
            item[name] = text(words)
    if finding.frees:
        item["frees"] = {"BOOL": True}
    if finding.evidence:
        item["evidence"] = {"L": [_statement_attribute(statement) for statement in finding.evidence]}
    return item


def _statement_attribute(statement: Statement) -> Attribute:
    inner = {"device": text(statement.device), "word": text(statement.word)}
    if statement.sync:
        inner["sync"] = whole(statement.sync)
    if statement.proven_at is not None:
        inner["proven_at"] = instant(statement.proven_at)
    if statement.note:
        inner["note"] = text(statement.note)
    return {"M": inner}


def read_finding(item: dict[str, Any]) -> Finding:
    """The finding in an item.

    Raises:
        RecordBrokenError: it cannot be understood; the message names the finding, its audit and the attribute.
    """
    owner, part = item["owner"]["S"], item["part"]["S"]
    customer, _, run_id = owner.partition("#")
    read = ItemReader(item, f"finding {part} of audit {run_id} of customer {customer}")
    return Finding(
        number=part.rpartition(" ")[0],
        code=read.word("code", FindingCode),
        before=read.text("before"),
        after=read.text("after"),
        reason=read.text("reason"),
        evidence=tuple(_statement(statement) for statement in read.inners("evidence")),
        frees=read.switch("frees"),
        outcome=read.word("outcome", FindingOutcome),
        cause=read.text("cause"),
    )


def _statement(read: ItemReader) -> Statement:
    return Statement(
        device=read.text("device"),
        word=read.word("word", Word),
        sync=read.whole("sync", 0),
        proven_at=read.instant("proven_at"),
        note=read.text("note"),
    )
