"""What the API answers: jobs that add numbers and what became of each number, as JSON."""

from datetime import datetime

from pydantic import Field

from functions.rest.bodies import ShownBody
from number_inventory.domain.number_jobs import AddOutcome, JobState, NumberJob, NumberOutcome
from number_inventory.observability import job_as_json


class JobBody(ShownBody):
    """One job that adds numbers; times are RFC 3339 in UTC."""

    id: str
    customer: str
    state: JobState
    requested_by: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    first: str = Field(description="It adds all numbers from this one on; empty where they are a list of their own.")
    last: str = Field(description="The last of them.")
    description: str
    site: str
    tag: str
    total: int = Field(description="How many numbers there are.")
    done: int = Field(description="How many of them have their outcome.")
    created: int = Field(description="How many it created.")
    existed: int = Field(description="How many were there already; nothing about them changed.")
    failed: int = Field(description="How many could not be added; send them again.")
    step: int = Field(description="How many invocations have handed it on.")
    cause: str = Field(description="Why it did not do all that was asked.")


class JobPageBody(ShownBody):
    """A page of jobs, the newest first."""

    jobs: list[JobBody]
    next_cursor: str | None = Field(description="Pass as `cursor` for what follows; null at the end.")


class OutcomeBody(ShownBody):
    """What became of one number."""

    number: str
    outcome: AddOutcome


class OutcomePageBody(ShownBody):
    """A page of outcomes in the order of the numbers; it may be empty and still have a next one."""

    outcomes: list[OutcomeBody]
    next_cursor: str | None = Field(
        description="Pass as `cursor` for what follows; null at the end, or where the job has come to so far."
    )


def job_address(job_id: str) -> str:
    """Where a job is, from where its customer's numbers are: true behind every stage and every domain name."""
    return f"jobs/{job_id}"


def job_body(job: NumberJob) -> JobBody:
    """The job as JSON."""
    return JobBody.model_validate(job_as_json(job))


def outcome_body(outcome: NumberOutcome) -> OutcomeBody:
    """What became of a number, as JSON."""
    return OutcomeBody(number=outcome.number, outcome=outcome.outcome)
