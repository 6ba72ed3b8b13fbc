"""The Audits table; implements `ports.Audits`.

What makes a run one worker's, and a customer one run's:

* A customer's lock names the run that has the customer, and until when. A run is stored together with the lock, handed
  on together with it, and ends together with its removal: each in one transaction, so neither stands without the other.
* A claim is the worker's name and the instant until which it holds, both in the run's item; whatever a worker stores is
  conditional on both. So a second invocation of the same worker shuts out the first, as another worker would.

An answer can get lost after the effect. Asking again then meets its own work, and knows it by what stands.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attributes import Item, ItemReader, sortable_instant, text
from number_inventory.adapters.dynamodb.audit_items import (
    CUSTOMERS,
    LOCK,
    RUN,
    Lock,
    audit_key,
    customer_item,
    lock_item,
    plan_item,
    plan_key,
    read_lock,
    read_run,
    run_item,
    run_key,
)
from number_inventory.adapters.dynamodb.claim_conditions import (
    NOT_THERE,
    claimed,
    deserted,
    expired,
    free_for,
    held,
    mine,
)
from number_inventory.adapters.dynamodb.finding_store import FindingStore
from number_inventory.adapters.dynamodb.newest_first import newest_first
from number_inventory.adapters.dynamodb.tables import OnBroken, log_broken, query_pages, transact_if, write_if
from number_inventory.domain.audit_runs import AuditRun
from number_inventory.domain.errors import NotFoundError, RecordBrokenError, StorageBusyError
from number_inventory.domain.findings import Finding
from number_inventory.ports.audits import AuditPage, FindingPage, FindingQuery
from number_inventory.ports.turns import Claim

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 5

Action = dict[str, Any]
"""One write of a transaction."""


class DynamoAudits:
    """The runs of audits and their findings, in one table.

    Attributes:
        retention: how long after its beginning a run is kept.
        on_broken: told of runs and findings that a listing leaves out, because they cannot be understood.
    """

    def __init__(
        self, client: "DynamoDBClient", table: str, retention: timedelta, on_broken: OnBroken = log_broken
    ) -> None:
        self._client = client
        self._table = table
        self._retention = retention
        self._on_broken = on_broken
        self._findings = FindingStore(client, table, retention, on_broken)

    # --- taking turns

    def open(self, run: AuditRun, until: datetime, now: datetime) -> AuditRun:
        """Store a new run that waits for its worker until `until`; the customer is taken meanwhile.

        Safe to repeat with the same run: it is answered as it stands then. Where another run has the customer at `now`,
        that one is answered, and nothing stored.
        """
        actions = [
            self._put(run_item(run, self._retention), NOT_THERE),
            self._put(lock_item(run.customer, run.id, until), expired(now)),
        ]
        for _ in range(_TRIES):
            if transact_if(f"open {_words(run)}", self._client, actions):
                return run
            stored = self._find(run.customer, run.id)
            if stored is not None:
                return stored
            lock = self._lock(run.customer)
            other = self._find(run.customer, lock.run) if lock and lock.until > now else None
            if other is not None:
                return other
        raise StorageBusyError(f"could not open {_words(run)} for now: the customer is taken. Try again later")

    def claim(
        self, customer: str, run_id: str, step: int, worker: str, *, now: datetime, until: datetime
    ) -> Claim[AuditRun] | None:
        """Take up a run at this step; None where another worker has it, it has gone on, or it has ended.

        Raises:
            NotFoundError: there is no such run.
        """
        condition = free_for(worker, step, now)
        values = {**condition["ExpressionAttributeValues"], ":until": sortable_instant(until)}
        take = {
            **condition,
            "TableName": self._table,
            "Key": run_key(customer, run_id),
            "UpdateExpression": "SET #worker = :worker, #until = :until",
            "ExpressionAttributeValues": values,
        }
        actions: list[Action] = [{"Update": take}, self._put(lock_item(customer, run_id, until), mine(run_id))]
        # Sent again after a lost answer it holds as well, and does the same.
        taken = transact_if(f"claim audit {run_id} of customer {customer}", self._client, actions)
        run = self.get(customer, run_id)
        return Claim(run, worker, until) if taken else None

    def keep(self, claim: Claim[AuditRun], run: AuditRun) -> Claim[AuditRun] | None:
        """Store how far the run is; None, and nothing stored, where the claim was lost."""
        item = claimed(run_item(run, self._retention), claim)
        purpose = f"store how far {_words(run)} is"
        # Sent again after a lost answer it holds as well, and stores the same.
        refused = write_if(purpose, self._client.put_item, TableName=self._table, Item=item, **held(claim))
        return None if refused else replace(claim, run=run)

    def hand_over(self, claim: Claim[AuditRun], run: AuditRun, until: datetime) -> AuditRun | None:
        """Store how far the run is and give it to its next step, which must be taken up by `until`.

        Returns the run at that step; None, and nothing stored, where the claim was lost.
        """
        following = replace(run, step=claim.run.step + 1)
        lock = self._put(lock_item(run.customer, run.id, until), mine(run.id))
        handed = self._let_go(claim, following, [lock], f"hand {_words(run)} over")
        return following if handed else None

    def end(self, claim: Claim[AuditRun], run: AuditRun) -> bool:
        """Store the run as it ended and set the customer free; False, and nothing stored, where the claim was lost."""
        # A name that somebody misspelt has no numbers, and is not to be audited from then on.
        known = [self._put(customer_item(run.customer))] if run.numbers else []
        return self._let_go(claim, run, [self._unlock(run), *known], f"end {_words(run)}")

    def abandon(self, run: AuditRun, now: datetime) -> bool:
        """Store a run as it ended although nobody works on it any more, and set the customer free if it has it still.

        False, and nothing stored, where a worker has it at `now`, or it is at another step, or it has ended already. A
        customer that another run has by now stays with that one.
        """
        purpose = f"stop {_words(run)}"
        put = self._put(run_item(run, self._retention), deserted(run.step, now))
        with_lock = self._has_customer(run)
        if transact_if(purpose, self._client, [put, self._unlock(run)] if with_lock else [put]):
            return True
        # Another run may have taken the customer in between; a run never gets it back.
        if with_lock and not self._has_customer(run) and transact_if(purpose, self._client, [put]):
            return True
        return self._stands(run, purpose)

    def _has_customer(self, run: AuditRun) -> bool:
        lock = self._lock(run.customer)
        return lock is not None and lock.run == run.id

    def _let_go(self, claim: Claim[AuditRun], run: AuditRun, besides: Sequence[Action], purpose: str) -> bool:
        """Store the run without its worker, together with what becomes of the lock; False where the claim was lost."""
        put = self._put(run_item(run, self._retention), held(claim))
        return transact_if(purpose, self._client, [put, *besides]) or self._stands(run, purpose)

    def _stands(self, run: AuditRun, purpose: str) -> bool:
        """Whether this very run is stored, and no worker has it: then only the answer to an earlier try was lost."""
        stored = self._item(run_key(run.customer, run.id), purpose)
        return bool(stored) and "worker" not in stored and read_run(stored) == run

    def _lock(self, customer: str) -> Lock | None:
        item = self._item(audit_key(customer, LOCK), f"read the lock of customer {customer}")
        return read_lock(item) if item else None

    def _unlock(self, run: AuditRun) -> Action:
        return {"Delete": {"TableName": self._table, "Key": audit_key(run.customer, LOCK), **mine(run.id)}}

    def _put(self, item: Item, condition: Mapping[str, Any] = MappingProxyType({})) -> Action:
        return {"Put": {"TableName": self._table, "Item": item, **condition}}

    # --- runs

    def get(self, customer: str, run_id: str) -> AuditRun:
        """One run, strongly consistent; raises NotFoundError, or RecordBrokenError."""
        run = self._find(customer, run_id)
        if run is None:
            raise NotFoundError(f"customer {customer} has no audit {run_id!r}")
        return run

    def _find(self, customer: str, run_id: str) -> AuditRun | None:
        item = self._item(run_key(customer, run_id), f"read audit {run_id} of customer {customer}")
        return read_run(item) if item else None

    def _item(self, key: Item, purpose: str) -> dict[str, Any]:
        """An item, strongly consistent; empty where there is none."""
        with aws_errors(purpose):
            return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})

    def page(self, customer: str, limit: int, after: str | None) -> AuditPage:
        """At most `limit` runs, the newest first, from those before `after`; broken ones are reported and left out."""
        page = newest_first(self._client, self._table, customer, prefix=RUN, limit=limit, after=after)
        return AuditPage(tuple(self._readable(page.items)), page.last)

    def _readable(self, items: Sequence[dict[str, Any]]) -> Iterator[AuditRun]:
        for item in items:
            try:
                yield read_run(item)
            except RecordBrokenError as error:
                self._on_broken(error)

    def customers(self) -> Sequence[str]:
        """Every customer of whom an audit has come to its end and read a number, in order."""
        request: dict[str, Any] = {
            "KeyConditionExpression": "#owner = :owner",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":owner": text(CUSTOMERS)},
            "ConsistentRead": True,
        }
        pages = query_pages(self._client, self._table, request, purpose="list the audited customers")
        return [item["part"]["S"] for items in pages for item in items]

    # --- plans

    def remember_plan(self, run: AuditRun) -> None:
        """Let the run be found by the checksum of its plan; an older run does not take the place of a later one."""
        write_if(
            f"remember the plan of {_words(run)}",
            self._client.put_item,
            TableName=self._table,
            Item=plan_item(run, self._retention),
            ConditionExpression="attribute_not_exists(#run) OR #run <= :run",
            ExpressionAttributeNames={"#run": "run"},
            ExpressionAttributeValues={":run": text(run.id)},
        )

    def with_plan(self, checksum: str) -> AuditRun:
        """The latest run that gave this plan; raises NotFoundError."""
        pointer = self._item(plan_key(checksum), f"find plan {checksum}")
        if not pointer:
            raise NotFoundError(f"no audit has given a plan with checksum {checksum!r}, or it was forgotten since")
        read = ItemReader(pointer, f"plan {checksum}")
        return self.get(read.text("customer"), read.text("run"))

    # --- findings

    def record(self, run: AuditRun, findings: Sequence[Finding]) -> None:
        """Store findings of the run; one of the same number and code takes the place of an earlier one."""
        self._findings.record(run, findings)

    def findings(self, run: AuditRun, after: str = "") -> Iterator[Sequence[Finding]]:
        """All findings of numbers behind `after`, strongly consistent, those of a number together."""
        return self._findings.stream(run, after)

    def finding_page(self, query: FindingQuery, limit: int, after: str | None) -> FindingPage:
        """At most `limit` findings that match, for a bounded price."""
        return self._findings.page(query, limit, after)


def _words(run: AuditRun) -> str:
    return f"audit {run.id} of customer {run.customer}"
