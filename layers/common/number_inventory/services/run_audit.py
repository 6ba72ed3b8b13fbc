"""Carry out a run of the audit: read everything, judge it, write the plan down; then correct it, if that was asked for.

A run may take many invocations: each works until its time is nearly out, stores how far it is, and hands over to the
next. It may die anywhere; whoever takes it up goes on from the last checkpoint and ends in the same place.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from number_inventory.domain.audit import CoolingDays
from number_inventory.domain.audit_runs import ENDED, AuditMode, AuditRun, PlanDigest, RunState, with_ended
from number_inventory.domain.errors import InventoryError, SettingBrokenError
from number_inventory.domain.findings import Finding, FindingOutcome
from number_inventory.domain.macros import (
    AUDIOCODES_COOLING_DURATION,
    COOLING_DURATION,
    COOLING_ENABLED,
    REMOVAL_GUARD_COUNT,
    REMOVAL_GUARD_PERCENT,
    audiocodes_cooling_days,
    global_cooling_settings,
    removal_guard,
)
from number_inventory.ports.audits import Audits
from number_inventory.ports.clock import Clock
from number_inventory.ports.devices import Devices
from number_inventory.ports.macros import Macros
from number_inventory.ports.numbers import Inventory
from number_inventory.ports.registrations import Registrations
from number_inventory.ports.turns import Claim, Workers
from number_inventory.services.correct_audit import TOO_MANY, CorrectAudit
from number_inventory.services.plan_audit import PlanAudit
from number_inventory.services.taking_turns import CLAIM_MARGIN, LostError, carried_out
from number_inventory.services.witnesses import Witnesses

PICK_UP = timedelta(minutes=15)
"""How long a run waits for its next worker before the customer may be audited anew."""


LOOKED_BACK = 20
"""How many earlier runs are looked at for how many numbers there are, and for one that nobody ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAudit:
    """The use case; everything it needs is handed in.

    Attributes:
        proof_age: how old the last proof of a device may be for its word to count against a number.
        budget: how long one invocation may take; it stops in good order before that.
        on_buried: told of each earlier run that was ended because its worker had left it without a word.
    """

    audits: Audits
    workers: Workers[AuditRun]
    inventory: Inventory
    devices: Devices
    registrations: Registrations
    macros: Macros
    clock: Clock
    proof_age: timedelta
    budget: timedelta
    on_buried: Callable[[AuditRun], None] = lambda _run: None

    def __call__(self, customer: str, run_id: str, step: int, worker: str) -> AuditRun | None:
        """Work on a run from this step on.

        Returns:
            The run as it is now: ended, or handed over to the next step. None where there is nothing to do here:
            somebody else works on it, it has gone on, or it has ended.

        Raises:
            NotFoundError: there is no such run.
            StorageBusyError: AWS did not play along; the same call again goes on from the last checkpoint.
            StorageRefusedError: AWS refuses something for good; the run is stopped and says so.
        """
        started = self.clock.now()
        deadline = started + self.budget
        claim = self.audits.claim(customer, run_id, step, worker, now=started, until=deadline + CLAIM_MARGIN)
        if claim is None:
            self._wake_the_next(customer, run_id, step)
            return None
        work = _Work(self, claim, lambda: self.clock.now() < deadline)
        return carried_out(work.go_on, partial(work.end, RunState.STOPPED))

    def _wake_the_next(self, customer: str, run_id: str, step: int) -> None:
        """Should this step have died just after handing over, nobody else would wake the next one."""
        run = self.audits.get(customer, run_id)
        if run.state not in ENDED and run.step == step + 1:
            self.workers.wake(run)


class _Work:
    """One invocation's work on a run."""

    def __init__(self, parts: RunAudit, claim: Claim[AuditRun], keep_going: Callable[[], bool]) -> None:
        self._parts = parts
        self._claim = claim
        self._run = claim.run
        self._keep_going = keep_going
        self._witnesses = Witnesses(
            self._run.customer,
            inventory=parts.inventory,
            devices=parts.devices,
            registrations=parts.registrations,
            clock=parts.clock,
            proof_age=parts.proof_age,
        )

    def go_on(self) -> AuditRun:
        """Work until the run has ended or time is nearly out."""
        if self._run.state is RunState.QUEUED:
            with suppress(InventoryError):
                # What keeps an earlier run from being ended must not keep this one from its work.
                self._bury()
            self._keep(replace(self._run, state=RunState.PLANNING))
        if self._run.state is RunState.PLANNING:
            if not self._plan():
                return self._hand_over()
            self._conclude_plan()
        if self._run.state is RunState.CORRECTING:
            if not self._correct():
                return self._hand_over()
            failed = self._count().get(FindingOutcome.FAILED, 0)
            cause = f"corrections that the database did not take: {failed}" if failed else self._run.cause
            self.end(RunState.FINISHED, cause)
        return self._run

    def _bury(self) -> None:
        """End earlier runs that their workers left without a word; the customer is this run's now."""
        now = self._parts.clock.now()
        for earlier in self._parts.audits.page(self._run.customer, LOOKED_BACK, self._run.id).runs:
            if earlier.state not in ENDED:
                cause = "its worker stopped without a word; the next audit took over"
                ended = replace(earlier, state=RunState.STOPPED, cause=cause, updated_at=now, ended_at=now)
                if self._parts.audits.abandon(ended, now):
                    self._parts.on_buried(ended)

    def end(self, state: RunState, cause: str = "") -> None:
        """End the run and set the customer free."""
        now = self._parts.clock.now()
        self._run = replace(self._run, state=state, cause=cause, updated_at=now, ended_at=now)
        if not self._parts.audits.end(self._claim, self._run):
            raise LostError

    # --- reading

    def _plan(self) -> bool:
        """Read on; whether all is read."""
        plan = PlanAudit(self._parts.inventory, self._witnesses, self._parts.clock, self._cooling_days())
        for turn, found in enumerate(plan(self._run.scope, self._run.position)):
            if turn and found.upto is None and not self._keep_going():
                # Going through all that was found takes time of its own: the next step looks at the last numbers again.
                return False
            run = self._run
            self._record(found.findings)
            counted = replace(
                run,
                position=found.upto or run.position,
                numbers=run.numbers + found.numbers,
                used=run.used + found.used,
                moving=run.moving + found.moving,
                unreadable=run.unreadable + found.unreadable,
            )
            if found.upto is None:
                self._run = counted
                return True
            self._keep(counted)
            if not self._keep_going():
                return False
        return True

    def _conclude_plan(self) -> None:
        """What the plan is, and whether it may be corrected."""
        run = self._run
        digest = self._digest()
        self._run = run = replace(run, checksum=digest.checksum, counts=digest.counts, position="")
        self._parts.audits.remember_plan(run)
        if not run.numbers and not digest.counts:
            self.end(RunState.FINISHED, f"there was nothing to audit: {_nobody(run)}")
        elif run.scope.mode is AuditMode.REPORT:
            self.end(RunState.FINISHED)
        elif run.scope.plan and run.scope.plan != digest.checksum:
            cause = f"nothing was corrected: reality has moved, and the plan is now {digest.checksum}"
            self.end(RunState.REFUSED, cause)
        else:
            self._witnesses.distrust_damaged()
            if not run.total(FindingOutcome.REPORTED):
                self.end(RunState.FINISHED)
                return
            why = "" if run.scope.plan or not digest.freeing else self._too_many(digest)
            cause = f"{digest.freeing} numbers that nobody uses were left as they are: {why}" if why else ""
            held_back = digest.freeing if why else 0
            self._keep(replace(run, state=RunState.CORRECTING, held_back=held_back, cause=cause))

    def _too_many(self, digest: PlanDigest) -> str:
        """Why no number must be freed without a person; empty where the numbers are few enough.

        Too many are counted for the customer as a whole and for each device; a device that is not there any more has
        given up its numbers when it was removed, so from that one more than a few are too many.
        """
        names = [REMOVAL_GUARD_PERCENT, REMOVAL_GUARD_COUNT]
        macros = self._parts.macros.resolve(self._run.customer, names)
        try:
            guard = removal_guard(macros[REMOVAL_GUARD_PERCENT], macros[REMOVAL_GUARD_COUNT])
        except SettingBrokenError as error:
            return str(error)
        held = self._witnesses.held_numbers
        by_device = digest.freeing_by_device.items()
        stops = guard.stops(digest.freeing, self._run.used) or any(
            guard.stops(freed, freed + held(device)) for device, freed in by_device
        )
        return TOO_MANY if stops else ""

    # --- correcting

    def _correct(self) -> bool:
        """Correct on; whether all that was found has been dealt with."""
        correct = CorrectAudit(
            self._run, self._parts.inventory, self._witnesses, self._parts.clock, self._cooling_days()
        )
        worked = False
        for batch in self._parts.audits.findings(self._run, self._run.position):
            worked = True
            for ended in correct(batch):
                self._record(ended)
                self._run = replace(self._run, counts=with_ended(self._run.counts, ended))
                # What an earlier invocation has ended is passed by whatever the time: else none would get on.
                if ended and not self._keep_going():
                    return False
            if batch:
                self._keep(replace(self._run, position=batch[-1].number))
        # Counting what became of all takes time of its own.
        return not worked or self._keep_going()

    def _count(self) -> dict[FindingOutcome, int]:
        self._run = replace(self._run, counts=self._digest().counts)
        return {outcome: self._run.total(outcome) for outcome in FindingOutcome}

    # --- checkpoints

    def _record(self, findings: Sequence[Finding]) -> None:
        """Store findings, if nobody else has taken the run meanwhile: they are stored without a condition."""
        if findings:
            self._keep(self._run)
            self._parts.audits.record(self._run, findings)

    def _digest(self) -> PlanDigest:
        digest = PlanDigest(self._run.scope)
        for batch in self._parts.audits.findings(self._run):
            digest.add(batch)
        return digest

    def _keep(self, run: AuditRun) -> None:
        claim = self._parts.audits.keep(self._claim, replace(run, updated_at=self._parts.clock.now()))
        if claim is None:
            raise LostError
        self._claim, self._run = claim, claim.run

    def _hand_over(self) -> AuditRun:
        now = self._parts.clock.now()
        run = replace(self._run, step=self._run.step + 1, updated_at=now)
        handed = self._parts.audits.hand_over(self._claim, run, now + PICK_UP)
        if handed is None:
            raise LostError
        self._parts.workers.wake(handed)
        return handed

    def _cooling_days(self) -> CoolingDays:
        names = [AUDIOCODES_COOLING_DURATION, COOLING_ENABLED, COOLING_DURATION]
        macros = self._parts.macros.resolve(self._run.customer, names)
        try:
            devices = audiocodes_cooling_days(macros[AUDIOCODES_COOLING_DURATION])
        except SettingBrokenError as error:
            why = str(error)
            return CoolingDays(devices=None, undated=None, devices_unknown=why, undated_unknown=why)
        try:
            # Whether the switch is on does not matter: it may have been on, or a person may have cooled the number.
            others = global_cooling_settings(macros[COOLING_ENABLED], macros[COOLING_DURATION]).days
        except SettingBrokenError as error:
            return CoolingDays(devices=devices, undated=None, undated_unknown=str(error))
        return CoolingDays(devices=devices, undated=max(devices, others))


def _nobody(run: AuditRun) -> str:
    site = "" if run.scope.site is None else f" of site {run.scope.site!r}"
    return f"customer {run.customer} has no numbers{site}"
