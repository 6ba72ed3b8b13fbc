"""What the API answers: audits and what they found, as JSON."""

from datetime import datetime

from pydantic import Field

from functions.rest.bodies import ShownBody
from number_inventory.domain.audit_runs import AuditMode, AuditRun, RunState
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.testimony import Word
from number_inventory.observability import as_json, audit_as_json


class AuditBody(ShownBody):
    """One audit; times are RFC 3339 in UTC."""

    id: str
    customer: str
    mode: AuditMode
    site: str | None = Field(description="Only numbers of this Site; null for all.")
    codes: list[FindingCode] = Field(description="Only these findings; empty for all.")
    plan: str = Field(description="The plan that it corrects, exactly or not at all; empty for whatever it finds.")
    requested_by: str
    state: RunState
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    step: int = Field(description="How many invocations have handed it on.")
    numbers: int = Field(description="How many numbers were read so far.")
    expected: int = Field(description="How many there were in the audit before; 0 where that is not known.")
    used: int = Field(description="How many of them AudioCodes devices use.")
    unreadable: int = Field(description="How many stored numbers could not be understood.")
    held_back: int = Field(description="How many it does not free, because they are too many at once; see `cause`.")
    moving: int = Field(description="How many were being changed when they were looked at; the next audit sees them.")
    checksum: str = Field(
        description="Of its plan: pass it as `plan` to correct exactly that; empty until all is read."
    )
    counts: dict[FindingCode, dict[FindingOutcome, int]] = Field(description="Findings by code and outcome.")
    cause: str = Field(description="Why it did not do all that was asked.")


class AuditPageBody(ShownBody):
    """A page of audits, the newest first."""

    audits: list[AuditBody]
    next_cursor: str | None = Field(description="Pass as `cursor` for what follows; null at the end.")


class StatementBody(ShownBody):
    """What one device says of the number."""

    device: str
    word: Word
    sync: int = Field(description="Number of the device's last sync that came to its end; 0 where there is none.")
    proven_at: datetime | None = Field(description="When the device last proved all that it holds.")
    note: str


class FindingBody(ShownBody):
    """One thing wrong with one number, what shows it, and what came of it."""

    number: str
    code: FindingCode
    before: str
    after: str
    reason: str
    evidence: list[StatementBody]
    frees: bool = Field(description="Whether correcting it takes the number from the last one who uses it.")
    outcome: FindingOutcome
    cause: str


class FindingPageBody(ShownBody):
    """A page of findings in the order of their numbers; it may be empty and still have a next one."""

    findings: list[FindingBody]
    next_cursor: str | None = Field(description="Pass as `cursor` for what follows; null at the end.")


def audit_body(run: AuditRun) -> AuditBody:
    """The audit as JSON."""
    return AuditBody.model_validate(audit_as_json(run))


def finding_body(finding: Finding) -> FindingBody:
    """The finding as JSON."""
    return FindingBody.model_validate(as_json(finding))
