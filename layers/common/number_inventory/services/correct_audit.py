"""The second phase of an audit: correct what was found, number by number, where it still is as it was found.

What was found is judged anew and written on the very record that was judged. If the number, or a device that has to do
with it, is not as it was found, it is left to whoever changed it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from number_inventory.domain.audit import Case, CoolingDays, judge, judge_within
from number_inventory.domain.audit_runs import AuditRun
from number_inventory.domain.corrections import corrected
from number_inventory.domain.decisions import Decision, Stamp
from number_inventory.domain.errors import RuleViolationError
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.ports.clock import Clock
from number_inventory.ports.numbers import Inventory, WriteResult
from number_inventory.services.plan_audit import AT_ONCE
from number_inventory.services.witnesses import ROUNDS, Witnesses

TOO_MANY = "it would free too many numbers at once; a person approves this by correcting exactly the reported plan"

_ENDS = {
    WriteResult.WRITTEN: (FindingOutcome.CORRECTED, ""),
    WriteResult.SUPERSEDED: (FindingOutcome.SUPERSEDED, "the number changed at the same moment"),
    WriteResult.UNKNOWN: (
        FindingOutcome.SUPERSEDED,
        "the number changed at the same moment, before the correction or after it",
    ),
    WriteResult.FAILED: (FindingOutcome.FAILED, "the database did not take the change; the next audit tries again"),
}


@dataclass(frozen=True, slots=True)
class CorrectAudit:
    """Corrects findings of one run."""

    run: AuditRun
    inventory: Inventory
    witnesses: Witnesses
    clock: Clock
    days: CoolingDays

    def __call__(self, findings: Sequence[Finding]) -> Iterator[Sequence[Finding]]:
        """Correct what can be; yields the findings of each batch of numbers as they ended, without those left alone.

        Raises:
            StorageBusyError, StorageRefusedError: AWS did not play along.
        """
        by_number = [(number, list(group)) for number, group in groupby(findings, key=lambda finding: finding.number)]
        for start in range(0, len(by_number), AT_ONCE):
            self.witnesses.renew()
            yield self._batch(dict(by_number[start : start + AT_ONCE]))

    def _batch(self, found: Mapping[str, Sequence[Finding]]) -> Sequence[Finding]:
        ended: list[Finding] = []
        todo: dict[str, list[Finding]] = {}
        for number, findings in found.items():
            for finding in findings:
                if finding.outcome is FindingOutcome.REPORTED and finding.frees and self.run.held_back:
                    ended.append(replace(finding, outcome=FindingOutcome.HELD, cause=TOO_MANY))
                elif finding.outcome is FindingOutcome.REPORTED:
                    todo.setdefault(number, []).append(finding)
        if todo:
            ended.extend(self._correct(todo))
        return ended

    def _correct(self, todo: Mapping[str, Sequence[Finding]]) -> list[Finding]:
        read = self.witnesses.read({number: self.witnesses.claiming(number) for number in todo}, self.days)
        cases = {case.number: case for case in read.cases}
        ended: list[Finding] = []
        decided: list[tuple[Case, Decision, list[Finding]]] = []
        for number, findings in todo.items():
            case = cases.get(number)
            true, others = self._compare(case, findings)
            ended.extend(others)
            if case is None or not true:
                continue
            decision, held = self._decide(case, true)
            ended.extend(held)
            if decision is not None:
                decided.append((case, decision, true))
        ended.extend(self._save(decided))
        return sorted(ended, key=lambda finding: (finding.number, finding.code))

    def _save(self, decided: Sequence[tuple[Case, Decision, list[Finding]]]) -> list[Finding]:
        """Write the corrections; returns their findings as they ended."""
        ended: list[Finding] = []
        results = self.inventory.save([decision for _, decision, _ in decided])
        written = [case for (case, _, _), result in zip(decided, results, strict=True) if result is WriteResult.WRITTEN]
        let_go = self._take_back(written)
        for (case, _, findings), result in zip(decided, results, strict=True):
            outcome, cause = _ENDS[result]
            if case.number in let_go:
                outcome, cause = (
                    FindingOutcome.SUPERSEDED,
                    "a sync of the device was at work on the number at the same moment",
                )
            ended.extend(replace(finding, outcome=outcome, cause=cause) for finding in findings)
        return ended

    def _compare(self, case: Case | None, findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
        """Which findings still are as they were found, and how the others end."""
        if case is None or case.moving:
            cause = "the number kept changing while it was looked at"
            return [], [replace(finding, outcome=FindingOutcome.SUPERSEDED, cause=cause) for finding in findings]
        if self.run.scope.site is not None and (case.record is None or case.record.site != self.run.scope.site):
            return [], [self._no_longer(finding, case) for finding in findings]
        now = {(each.code, each.before, each.after): each for each in judge_within(case, self.run.scope.codes)}
        true: list[Finding] = []
        others: list[Finding] = []
        for finding in findings:
            same = now.get((finding.code, finding.before, finding.after))
            if same is None:
                others.append(self._no_longer(finding, case))
            elif same.outcome is FindingOutcome.REPORTED:
                true.append(finding)
            else:
                others.append(same)
        return true, others

    def _no_longer(self, finding: Finding, case: Case) -> Finding:
        """How a finding ends that is not to be seen any more."""
        if case.record is not None and case.record.updated_by == self._author:
            # An earlier try of this run corrected it, and died before it could say so.
            return replace(finding, outcome=FindingOutcome.CORRECTED)
        return replace(finding, outcome=FindingOutcome.SUPERSEDED, cause="the number is not as it was found any more")

    def _decide(self, case: Case, findings: Sequence[Finding]) -> tuple[Decision | None, list[Finding]]:
        """The correction of a number, and what must wait for a setting to be mended."""
        codes = {finding.code for finding in findings}
        stamp = Stamp(self.clock.now(), self._author, f"corrected by an audit: {', '.join(sorted(codes))}")
        try:
            return corrected(case, codes, stamp), []
        except RuleViolationError as error:
            return None, [replace(finding, outcome=FindingOutcome.HELD, cause=str(error)) for finding in findings]

    @property
    def _author(self) -> str:
        return f"audit:{self.run.id}"

    def _take_back(self, written: Sequence[Case]) -> set[str]:
        """Take away again what a device let go of while it was being written down as its holder.

        A sync that frees a number of a record that does not name its device has nothing to write; so it cannot get in
        the way of a correction that adds this very device, and the correction has to look itself.
        """
        added = {case.number: {each.device for each in case.unnamed_holders} for case in written}
        let_go: set[str] = set()
        for _ in range(ROUNDS):
            moved = self.witnesses.moved(set().union(*added.values()))
            added = {number: names for number, names in added.items() if names & moved}
            if not added:
                break
            read = self.witnesses.read(added, self.days)
            # What a sync has at this moment nobody can say; the next audit looks again.
            let_go.update(read.moving, (case.number for case in read.cases if case.moving))
            for case in read.cases:
                stale = [finding for finding in judge(case) if finding.code is FindingCode.STALE_HOLDER]
                decision, _ = self._decide(case, stale) if stale else (None, [])
                if decision is not None:
                    self.inventory.save([decision])
                    let_go.add(case.number)
        return let_go
