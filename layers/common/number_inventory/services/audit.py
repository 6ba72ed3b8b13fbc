"""Audit the number inventory: does what it says of AudioCodes numbers hold?

Source: VOSS, "AudioCodes and Audit Number Inventory".
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from number_inventory.domain.findings import Finding, FindingCode, verify
from number_inventory.domain.numbers import slug
from number_inventory.ports import Clock, Inventory

NAMED_AT_MOST = 100
"""How many findings a summary names; the counts are always whole."""


@dataclass(slots=True, kw_only=True)
class AuditSummary:
    """What an audit of one customer found.

    Attributes:
        numbers: how many numbers were read.
        found: how many findings of each code there are.
        findings: the first of them, in the order of the numbers.
    """

    customer: str
    started_at: datetime
    numbers: int = 0
    found: Counter[FindingCode] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AuditInventory:
    """The use case; it reads every number of a customer in bounded memory and changes nothing."""

    inventory: Inventory
    clock: Clock

    def __call__(self, customer: str) -> AuditSummary:
        """Verify Status and Usage of a customer's AudioCodes numbers.

        Raises:
            InvalidInputError: the customer's name is malformed.
            StorageBusyError, StorageRefusedError: AWS did not play along; nothing was changed.
        """
        summary = AuditSummary(customer=slug(customer, field="customer"), started_at=self.clock.now())
        for batch in self.inventory.every(customer):
            for record in batch:
                summary.numbers += 1
                for finding in verify(record):
                    summary.found[finding.code] += 1
                    if len(summary.findings) < NAMED_AT_MOST:
                        summary.findings.append(finding)
        return summary
