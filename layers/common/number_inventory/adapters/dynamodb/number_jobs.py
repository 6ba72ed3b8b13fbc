"""The Jobs table; implements `ports.NumberJobs`.

A claim is the worker's name and the instant until which it holds, both in the job's item; whatever a worker stores is
conditional on both. A stretch's outcomes are stored in one transaction with the job, so that neither stands without the
other, and a worker that has lost its claim stores neither. An answer can get lost after the effect: asking again then
meets its own work, and knows it by what stands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attributes import Item, sortable_instant
from number_inventory.adapters.dynamodb.batch_write import batch_put
from number_inventory.adapters.dynamodb.claim_conditions import NOT_THERE, claimed, deserted, free_for, held
from number_inventory.adapters.dynamodb.newest_first import newest_first
from number_inventory.adapters.dynamodb.number_job_items import (
    JOB,
    job_item,
    job_key,
    numbers_item,
    numbers_key,
    outcomes_item,
    outcomes_range,
    read_job,
    read_numbers,
    read_outcomes,
)
from number_inventory.adapters.dynamodb.tables import OnBroken, log_broken, query_pages, transact_if, write_if
from number_inventory.domain.errors import NotFoundError, RecordBrokenError, StorageBusyError
from number_inventory.domain.number_jobs import JOB_ENDED, AddOutcome, NumberJob
from number_inventory.ports.number_jobs import NumberJobPage
from number_inventory.ports.turns import Claim

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoNumberJobs:
    """The jobs that add numbers, in one table.

    Attributes:
        retention: how long after its beginning a job is kept.
        on_broken: told of jobs that a listing leaves out, because they cannot be understood.
    """

    def __init__(
        self, client: "DynamoDBClient", table: str, retention: timedelta, on_broken: OnBroken = log_broken
    ) -> None:
        self._client = client
        self._table = table
        self._retention = retention
        self._on_broken = on_broken

    # --- taking turns

    def open(self, job: NumberJob, numbers: Sequence[str]) -> NumberJob:
        """Store a new job with its numbers; one that is there already is answered as it stands.

        The numbers come first: without them no worker must find the job. Dying in between leaves numbers that nobody
        reads, and that are forgotten like the rest. Those of a job that is there stay as it cuts them, which a newer
        release may do otherwise. Should two releases open it at once, `wanted` refuses what the other one has cut.
        """
        if numbers and (stored := self._item(job_key(job.customer, job.id), f"look for {_words(job)}")):
            return read_job(stored)
        stretches = [numbers[start : start + job.stretch] for start in range(0, len(numbers), job.stretch)]
        items = [numbers_item(job, index, stretch, self._retention) for index, stretch in enumerate(stretches)]
        if items:
            batch_put(self._client, self._table, items, purpose=f"store the numbers of {_words(job)}")
        refused = write_if(
            f"open {_words(job)}",
            self._client.put_item,
            TableName=self._table,
            Item=job_item(job, self._retention),
            **NOT_THERE,
        )
        return self.get(job.customer, job.id) if refused else job

    def claim(
        self, customer: str, job_id: str, step: int, worker: str, *, now: datetime, until: datetime
    ) -> Claim[NumberJob] | None:
        """Take up a job at this step; None where another worker has it, it has gone on, or it has ended.

        Raises:
            NotFoundError: there is no such job.
        """
        condition = free_for(worker, step, now, JOB_ENDED)
        # Sent again after a lost answer it holds as well, and does the same.
        refused = write_if(
            f"claim job {job_id} of customer {customer}",
            self._client.update_item,
            TableName=self._table,
            Key=job_key(customer, job_id),
            UpdateExpression="SET #worker = :worker, #until = :until",
            **{
                **condition,
                "ExpressionAttributeValues": {
                    **condition["ExpressionAttributeValues"],
                    ":until": sortable_instant(until),
                },
            },
        )
        job = self.get(customer, job_id)
        return None if refused else Claim(job, worker, until)

    def keep(self, claim: Claim[NumberJob], job: NumberJob, outcomes: Sequence[AddOutcome]) -> Claim[NumberJob] | None:
        """Store the outcomes of the next stretch together with how far the job is; None where the claim was lost."""
        stretch = claim.run.next_stretch
        actions = [
            self._put(claimed(job_item(job, self._retention), claim), **held(claim)),
            self._put(outcomes_item(job, stretch, outcomes, self._retention)),
        ]
        # Sent again after a lost answer it holds as well, and stores the same.
        kept = transact_if(f"store how far {_words(job)} is", self._client, actions)
        return replace(claim, run=job) if kept else None

    def hand_over(self, claim: Claim[NumberJob], job: NumberJob) -> NumberJob | None:
        """Give the job to its next step, for whichever worker; None, and nothing stored, where the claim was lost."""
        following = replace(job, step=claim.run.step + 1)
        return following if self._let_go(claim, following, f"hand {_words(job)} over") else None

    def end(self, claim: Claim[NumberJob], job: NumberJob) -> bool:
        """Store the job as it ended; False, and nothing stored, where the claim was lost."""
        return self._let_go(claim, job, f"end {_words(job)}")

    def stop(self, job: NumberJob, now: datetime) -> bool:
        """Store a job as it ended although no worker has it; False, and nothing stored, where one has or it went on."""
        condition = deserted(job.step, now, JOB_ENDED)
        return self._store_if(job, condition, f"stop {_words(job)}")

    def _let_go(self, claim: Claim[NumberJob], job: NumberJob, purpose: str) -> bool:
        """Store the job without its worker; False where the claim was lost."""
        return self._store_if(job, held(claim), purpose)

    def _store_if(self, job: NumberJob, condition: Any, purpose: str) -> bool:  # noqa: ANN401 - as the client takes it
        item = job_item(job, self._retention)
        refused = write_if(purpose, self._client.put_item, TableName=self._table, Item=item, **condition)
        return not refused or self._stands(job, purpose)

    def _stands(self, job: NumberJob, purpose: str) -> bool:
        """Whether this very job is stored, and no worker has it: then only the answer to an earlier try was lost."""
        stored = self._item(job_key(job.customer, job.id), purpose)
        return bool(stored) and "worker" not in stored and read_job(stored) == job

    def _put(self, item: Item, **condition: Any) -> dict[str, Any]:  # noqa: ANN401 - as the client takes it
        return {"Put": {"TableName": self._table, "Item": item, **condition}}

    # --- jobs

    def get(self, customer: str, job_id: str) -> NumberJob:
        """One job, strongly consistent; raises NotFoundError, or RecordBrokenError."""
        item = self._item(job_key(customer, job_id), f"read job {job_id} of customer {customer}")
        if not item:
            raise NotFoundError(f"customer {customer} has no job {job_id!r}")
        return read_job(item)

    def _item(self, key: Item, purpose: str) -> dict[str, Any]:
        """An item, strongly consistent; empty where there is none."""
        with aws_errors(purpose):
            return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})

    def page(self, customer: str, limit: int, after: str | None) -> NumberJobPage:
        """At most `limit` jobs, the newest first, from those before `after`; broken ones are reported and left out."""
        page = newest_first(self._client, self._table, customer, prefix=JOB, limit=limit, after=after)
        return NumberJobPage(tuple(self._readable(page.items)), page.last)

    def _readable(self, items: Sequence[dict[str, Any]]) -> Iterator[NumberJob]:
        for item in items:
            try:
                yield read_job(item)
            except RecordBrokenError as error:
                self._on_broken(error)

    # --- their numbers, and what became of them

    def wanted(self, job: NumberJob, stretch: int) -> Sequence[str]:
        """The numbers of one stretch of a job, in the order of their spelling; raises RecordBrokenError."""
        if job.first:
            return job.of_range(stretch)
        item = self._item(numbers_key(job, stretch), f"read the numbers of {_words(job)}")
        if not item:
            # DynamoDB forgets items in no order: the job itself is about to go as well.
            raise StorageBusyError(f"numbers of {_words(job)} are not there any more: its time is over")
        return read_numbers(job, stretch, item)

    def outcomes(self, job: NumberJob, first: int) -> Iterator[tuple[int, Sequence[AddOutcome]]]:
        """What became of the numbers of each stretch that was stored, from stretch `first` on, in order."""
        request: dict[str, Any] = {
            "KeyConditionExpression": "#owner = :owner AND #part BETWEEN :low AND :high",
            "ExpressionAttributeNames": {"#owner": "owner", "#part": "part"},
            "ExpressionAttributeValues": outcomes_range(job, first),
            "ConsistentRead": True,
        }
        purpose = f"read the outcomes of {_words(job)}"
        for items in query_pages(self._client, self._table, request, purpose=purpose):
            for item in items:
                yield read_outcomes(job, item)


def _words(job: NumberJob) -> str:
    return f"job {job.id} of customer {job.customer}"
