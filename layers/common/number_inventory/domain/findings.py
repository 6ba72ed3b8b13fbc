"""What an audit finds: one thing wrong with one number, what shows it, and what came of it.

Source: VOSS, "AudioCodes and Audit Number Inventory", for Status and Usage; the other codes, what proves them and what
is done about them are this project's own rules.
"""

from dataclasses import dataclass
from enum import StrEnum

from number_inventory.domain.testimony import Statement


class FindingCode(StrEnum):
    """What is wrong with a number."""

    STATUS_MISMATCH = "status_mismatch"
    USAGE_MISMATCH = "usage_mismatch"
    NOT_MARKED_USED = "not_marked_used"
    MISSING_NUMBER = "missing_number"
    MISSING_HOLDER = "missing_holder"
    ORPHANED = "orphaned"
    CONFLICT = "conflict"
    RELEASE_OVERDUE = "release_overdue"
    COOLING_WITHOUT_RELEASE_DATE = "cooling_without_release_date"
    STALE_HOLDER = "stale_holder"


class FindingOutcome(StrEnum):
    """What came of a finding."""

    REPORTED = "reported"
    """It can be corrected; nothing was done, or not yet."""
    CORRECTED = "corrected"
    SUPERSEDED = "superseded"
    """The number was no longer as it was found: it was left to whoever changed it."""
    UNPROVEN = "unproven"
    """A device that cannot testify would have to: nothing is done until it can."""
    LEFT = "left"
    """It is a person's to decide."""
    HELD = "held"
    """It would free a number, and too many at once, or no cooling duration is known: nothing is done until a person
    has looked."""
    FAILED = "failed"
    """The database did not take the correction; the next run tries again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong with one number.

    Attributes:
        before: the state found, in words, as far as the code is about it.
        after: the state it must have; the same as `before` where that is not for an audit to say.
        reason: the rule that it breaks.
        evidence: which devices say what, by which sync, proven when.
        frees: whether correcting it takes the number from the last one who uses it.
        cause: why it was not corrected, or not as planned.
    """

    number: str
    code: FindingCode
    before: str
    after: str
    reason: str
    evidence: tuple[Statement, ...] = ()
    frees: bool = False
    outcome: FindingOutcome = FindingOutcome.REPORTED
    cause: str = ""
