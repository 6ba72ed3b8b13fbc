"""The jobs of a customer that add numbers: followed, and what became of each number."""

from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from functions.number_api.job_bodies import JobBody, JobPageBody, OutcomePageBody, job_body, outcome_body
from functions.rest.entity_tags import refuse_condition
from functions.rest.requests import DECODED, Cursor, Customer, page_tokens, refuse_unknown
from number_inventory.bootstrap import number_jobs
from number_inventory.domain.number_jobs import AddOutcome
from number_inventory.services.look_at_number_jobs import DEFAULT_LIMIT, MAX_LIMIT, OutcomeQuery
from number_inventory.settings import JobApiSettings

PAGES = frozenset({"limit", "cursor"})

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools leaves it untyped

Job = Annotated[str, Path(description="The job's id.", examples=["20261123T071816250-3f9ac2"]), DECODED]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many a page.")]


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Whose jobs a listing shows."""

    customer: str


@router.get("/customers/<customer>/jobs")
def list_jobs(customer: Customer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> JobPageBody:
    """The jobs of a customer, the newest first."""
    refuse_unknown(router.current_event.query_string_parameters, PAGES)
    settings = JobApiSettings.load()
    query = JobQuery(customer)
    tokens = page_tokens(settings)
    after = tokens.read(query, cursor) if cursor else None
    page = number_jobs.look_at_number_jobs(settings).page(query.customer, limit, after)
    next_cursor = tokens.make(query, page.last) if page.last is not None else None
    return JobPageBody(jobs=[job_body(job) for job in page.jobs], next_cursor=next_cursor)


@router.get("/customers/<customer>/jobs/<job>")
def get_job(customer: Customer, job: Job) -> JobBody:
    """One job: how far it is, and what came of it."""
    refuse_unknown(router.current_event.query_string_parameters)
    return job_body(number_jobs.look_at_number_jobs(JobApiSettings.load()).one(customer, job))


@router.post("/customers/<customer>/jobs/<job>/resume")
def resume_job(customer: Customer, job: Job) -> JobBody:
    """Wake a worker for a job that goes on no longer; one that is at work, or has ended, stays as it is."""
    refuse_unknown(router.current_event.query_string_parameters)
    refuse_condition(router.current_event)
    return job_body(number_jobs.start_number_job(JobApiSettings.load()).resume(customer, job))


@router.get("/customers/<customer>/jobs/<job>/outcomes")
def list_outcomes(
    customer: Customer,
    job: Job,
    outcome: Annotated[AddOutcome | None, Query(description="Only numbers that came to this.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> OutcomePageBody:
    """What became of the numbers of a job, in the order of their spelling."""
    refuse_unknown(router.current_event.query_string_parameters, PAGES | {"outcome"})
    settings = JobApiSettings.load()
    query = OutcomeQuery(customer=customer, job=job, outcome=outcome)
    tokens = page_tokens(settings)
    after = int(tokens.read(query, cursor)) if cursor else 0
    page = number_jobs.look_at_number_jobs(settings).outcomes(query, limit, after)
    next_cursor = tokens.make(query, str(page.last)) if page.last is not None else None
    return OutcomePageBody(outcomes=[outcome_body(each) for each in page.outcomes], next_cursor=next_cursor)
