"""The first phase of an audit: look at every number, and write down what is wrong with it. It changes no number."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from number_inventory.domain.audit import CoolingDays, judge_within, suspicious
from number_inventory.domain.audit_runs import AuditScope
from number_inventory.domain.findings import Finding
from number_inventory.domain.numbers import AUDIOCODES, Status
from number_inventory.ports.clock import Clock
from number_inventory.ports.numbers import Inventory, NumberSlice
from number_inventory.services.witnesses import Witnesses

AT_ONCE = 100
"""Numbers read again at once: the most that DynamoDB's BatchGetItem takes."""


CLAIMED_AT_MOST = 5_000
"""Numbers of one device in a stretch; a page shows as many, so this only counts where numbers are missing."""


@dataclass(slots=True)
class SliceFound:
    """What a stretch of numbers showed.

    Attributes:
        upto: its last number; None at the end.
        used: how many of the numbers AudioCodes devices use.
        moving: how many kept changing while they were looked at.
        unreadable: how many could not be understood.
    """

    upto: str | None
    numbers: int = 0
    used: int = 0
    moving: int = 0
    unreadable: int = 0
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PlanAudit:
    """Finds what is wrong with the numbers of one customer."""

    inventory: Inventory
    witnesses: Witnesses
    clock: Clock
    days: CoolingDays

    def __call__(self, scope: AuditScope, after: str) -> Iterator[SliceFound]:
        """Go through all numbers behind `after`, and through those that only devices know, stretch by stretch.

        Raises:
            StorageBusyError, StorageRefusedError: AWS did not play along.
        """
        for stretch in self.inventory.sweep(scope.customer, after):
            self.witnesses.renew()
            for part in self._parts(stretch, after):
                found = SliceFound(part.upto)
                suspects = self._suspects(scope, part, after, found)
                self._judge(scope, suspects, found)
                after = part.upto or after
                yield found

    def _parts(self, stretch: NumberSlice, after: str) -> Iterator[NumberSlice]:
        """A stretch in parts of a bounded size: there may be a million numbers in it that only devices know."""
        start = after
        while (cut := self.witnesses.cut(after, CLAIMED_AT_MOST)) and (stretch.upto is None or cut < stretch.upto):
            within = [glance for glance in stretch.numbers if after < glance.number <= cut]
            yield NumberSlice(within, [number for number in stretch.unreadable if after < number <= cut], cut)
            after = cut
        if after != start:
            left = [glance for glance in stretch.numbers if glance.number > after]
            stretch = replace(stretch, numbers=left, unreadable=[each for each in stretch.unreadable if each > after])
        yield stretch

    def _suspects(
        self, scope: AuditScope, stretch: NumberSlice, after: str, found: SliceFound
    ) -> Mapping[str, Collection[str]]:
        """The numbers of a stretch that need a closer look, with the devices that they may have to do with."""
        now = self.clock.now()
        claimed = self.witnesses.claimants(after, stretch.upto)
        suspects: dict[str, Collection[str]] = {}
        for glance in stretch.numbers:
            claimants = claimed.pop(glance.number, ())
            if scope.site is not None and glance.site != scope.site:
                continue
            found.numbers += 1
            found.used += glance.vendor == AUDIOCODES and glance.status is Status.USED
            if suspicious(glance, claimants, now):
                suspects[glance.number] = {*claimants, *glance.holders}
        found.unreadable = len(stretch.unreadable)
        for number in stretch.unreadable:
            claimed.pop(number, None)
        if scope.site is None:
            suspects.update(claimed)
        return dict(sorted(suspects.items()))

    def _judge(self, scope: AuditScope, suspects: Mapping[str, Collection[str]], found: SliceFound) -> None:
        left = iter(suspects.items())
        while batch := dict(islice(left, AT_ONCE)):
            read = self.witnesses.read(batch, self.days)
            found.moving += len(read.moving)
            found.unreadable += len(read.unreadable)
            for case in sorted(read.cases, key=lambda each: each.number):
                found.moving += case.moving
                if scope.site is None or (case.record is not None and case.record.site == scope.site):
                    found.findings.extend(judge_within(case, scope.codes))
