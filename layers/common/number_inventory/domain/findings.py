"""What an audit finds: the rules of VOSS's "Audit Number Inventory" for AudioCodes numbers.

Source: VOSS, "AudioCodes and Audit Number Inventory": items whose Vendor is AudioCodes are verified to be Status Used
and Usage Device.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage


class FindingCode(StrEnum):
    """What is wrong with a number."""

    STATUS_MISMATCH = "status_mismatch"
    USAGE_MISMATCH = "usage_mismatch"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one number.

    Attributes:
        before: the value found.
        expected: the value it must have.
        evidence: what shows it, in words.
    """

    customer: str
    number: str
    code: FindingCode
    before: str
    expected: str
    evidence: str


def verify(record: NumberRecord) -> Iterator[Finding]:
    """The findings of one number: Vendor AudioCodes with a holder must be Used, and its Usage Device."""
    if record.vendor != AUDIOCODES or not record.holders:
        return
    evidence = "registered on " + ", ".join(
        f"{holder.device} since {holder.since.isoformat()} (sync {holder.sync})" for holder in record.holders
    )
    checks = (
        (FindingCode.STATUS_MISMATCH, record.status, Status.USED),
        (FindingCode.USAGE_MISMATCH, record.usage, Usage.DEVICE),
    )
    for code, found, expected in checks:
        if found != expected:
            yield Finding(record.customer, record.number, code, str(found), str(expected), evidence)
