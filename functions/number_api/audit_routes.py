"""The audits of a customer: started, followed, and what they found."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from functions.number_api.audit_bodies import (
    AuditBody,
    AuditPageBody,
    FindingPageBody,
    audit_body,
    finding_body,
)
from functions.rest.entity_tags import refuse_condition
from functions.rest.problems import problem
from functions.rest.promises import Promise, promises
from functions.rest.requests import DECODED, Cursor, Customer, caller, current_attempt, page_tokens, refuse_unknown
from number_inventory.bootstrap import audits
from number_inventory.domain.errors import AuditUnderWayError
from number_inventory.domain.findings import FindingCode, FindingOutcome
from number_inventory.domain.numbers import slug
from number_inventory.events import AuditOrder
from number_inventory.ports.audits import FindingQuery
from number_inventory.services.look_at_audits import DEFAULT_LIMIT, MAX_LIMIT
from number_inventory.settings import AuditApiSettings

PAGES = frozenset({"limit", "cursor"})
FILTERS = PAGES | {"code", "outcome"}

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools leaves it untyped

Audit = Annotated[str, Path(description="The audit's id.", examples=["20261123T071816250-3f9ac2"]), DECODED]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many a page.")]


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Whose audits a listing shows."""

    customer: str


@router.exception_handler(AuditUnderWayError)  # type: ignore[untyped-decorator]  # Powertools leaves it untyped
def tell_under_way(error: AuditUnderWayError) -> Response[str]:
    """Another audit of the customer is under way; its address is told."""
    headers: dict[str, str | list[str]] = {"Location": _address(error.run_id)}
    where = f"/customers/{error.customer}/audits/{error.run_id}"
    return problem(HTTPStatus.CONFLICT, f"{error}: {where}", headers=headers)


@router.post(
    "/customers/<customer>/audits",
    status_code=HTTPStatus.ACCEPTED,
    openapi_extensions=promises(Promise.STARTS_WORK, Promise.MAY_CONFLICT, Promise.MAY_MISS),
)
def start_audit(customer: Customer, order: Annotated[AuditOrder, Body()]) -> Response[AuditBody]:
    """Start an audit; it is carried out elsewhere, and its address tells how far it is."""
    refuse_unknown(router.current_event.query_string_parameters)
    refuse_condition(router.current_event)
    attempt = current_attempt(router)
    start = audits.start_audit(AuditApiSettings.load(), attempt.new_id if attempt else None)
    name = slug(customer, field="customer")
    scope = start.scope(customer=name, mode=order.mode, site=order.site, codes=order.codes or (), plan=order.plan or "")
    run = start(scope, caller(router.current_event))
    headers: dict[str, str | list[str]] = {"Location": _address(run.id)}
    return Response(HTTPStatus.ACCEPTED.value, content_types.APPLICATION_JSON, audit_body(run), headers)


@router.get("/customers/<customer>/audits")
def list_audits(customer: Customer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> AuditPageBody:
    """The audits of a customer, the newest first."""
    refuse_unknown(router.current_event.query_string_parameters, PAGES)
    settings = AuditApiSettings.load()
    query = AuditQuery(customer)
    tokens = page_tokens(settings)
    after = tokens.read(query, cursor) if cursor else None
    page = audits.look_at_audits(settings).runs(query.customer, limit, after)
    next_cursor = tokens.make(query, page.last) if page.last is not None else None
    return AuditPageBody(audits=[audit_body(run) for run in page.runs], next_cursor=next_cursor)


@router.get("/customers/<customer>/audits/<audit>")
def get_audit(customer: Customer, audit: Audit) -> AuditBody:
    """One audit: how far it is, and what came of it."""
    refuse_unknown(router.current_event.query_string_parameters)
    return audit_body(audits.look_at_audits(AuditApiSettings.load()).one(customer, audit))


@router.get("/customers/<customer>/audits/<audit>/findings")
def list_findings(  # noqa: PLR0917 - the resolver reads the filters from the signature
    customer: Customer,
    audit: Audit,
    code: Annotated[FindingCode | None, Query(description="Only findings of this code.")] = None,
    outcome: Annotated[FindingOutcome | None, Query(description="Only findings that came to this.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> FindingPageBody:
    """What an audit found, in the order of the numbers."""
    refuse_unknown(router.current_event.query_string_parameters, FILTERS)
    settings = AuditApiSettings.load()
    query = FindingQuery(customer=customer, run=audit, code=code, outcome=outcome)
    tokens = page_tokens(settings)
    after = tokens.read(query, cursor) if cursor else None
    page = audits.look_at_audits(settings).findings(query, limit, after)
    next_cursor = tokens.make(query, page.last) if page.last is not None else None
    return FindingPageBody(findings=[finding_body(finding) for finding in page.findings], next_cursor=next_cursor)


def _address(run_id: str) -> str:
    """Where an audit is, from where its customer's audits are: true behind every stage and every domain name."""
    return f"audits/{run_id}"
