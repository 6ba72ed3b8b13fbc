"""Decide whether the numbers that a device no longer shows may be taken from it now, by the macros in force."""

from dataclasses import dataclass
from datetime import datetime

from number_inventory.domain.devices import DeviceKey, DeviceState, Health
from number_inventory.domain.errors import SettingBrokenError
from number_inventory.domain.macros import (
    AUDIOCODES_COOLING_DURATION,
    REMOVAL_GUARD_COUNT,
    REMOVAL_GUARD_PERCENT,
    RESTART_GRACE,
    RemovalGuard,
    audiocodes_cooling_days,
    removal_guard,
    restart_grace,
)
from number_inventory.domain.removals import Approval, HeldRemovals, Removal, RemovalLedger, Running
from number_inventory.ports.macros import Macros

_MACROS = (AUDIOCODES_COOLING_DURATION, REMOVAL_GUARD_PERCENT, REMOVAL_GUARD_COUNT, RESTART_GRACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the numbers may go.

    Attributes:
        waits: why they stay; empty where they go.
        health: what that makes of a device whose snapshot was complete.
        cooling_days: how long they cool.
        held: what a person has to approve.
        approval: by which they go all the same.
    """

    waits: str = ""
    health: Health = Health.OK
    cooling_days: int = 0
    held: HeldRemovals | None = None
    approval: Approval | None = None


@dataclass(frozen=True, slots=True)
class JudgeRemovals:
    """The use case; a part of every sync that finds numbers gone, or cannot know because its register is damaged."""

    macros: Macros

    def __call__(
        self, key: DeviceKey, removal: Removal, running: Running, state: DeviceState, now: datetime
    ) -> Verdict:
        """Judge what a complete snapshot would take.

        A broken macro keeps everything: nothing is guessed. What a person has approved goes; else nothing does while
        phones may still be coming back from a restart, and then no more than the guard lets through.

        Args:
            key: of the device.
            removal: what would go.
            running: the run of the device that shows it.
            state: the device's, with what it lost before and what was approved.
            now: the present instant.
        """
        macros = self.macros.resolve(key.customer, _MACROS)
        try:
            days = audiocodes_cooling_days(macros[AUDIOCODES_COOLING_DURATION])
            guard = removal_guard(macros[REMOVAL_GUARD_PERCENT], macros[REMOVAL_GUARD_COUNT])
            grace = restart_grace(macros[RESTART_GRACE])
        except SettingBrokenError as error:
            return Verdict(waits=str(error), health=Health.WAITING)
        if removal.is_approved(state.approval):
            return Verdict(cooling_days=days, approval=state.approval)
        settled_at = running.settled_at(state.restarted_at, now, grace)
        if settled_at > now:
            return Verdict(waits=_restarted(removal, settled_at), health=Health.WAITING)
        ledger = state.removals.within(now)
        held = removal.stopped(guard, ledger, state.held_removals, now)
        if held is not None:
            return Verdict(waits=_too_many(key, held, guard, ledger), health=Health.HELD, held=held)
        return Verdict(cooling_days=days)


def _restarted(removal: Removal, settled_at: datetime) -> str:
    until = settled_at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    numbers = f"{len(removal.gone)} numbers" if removal.gone else "any numbers"
    return (
        f"the device was restarted or replaced, so {numbers} that it does not show have until "
        f"{until} to come back (macro {RESTART_GRACE})"
    )


def _too_many(key: DeviceKey, held: HeldRemovals, guard: RemovalGuard, ledger: RemovalLedger) -> str:
    before = f", after {ledger.removed} within 24 hours" if ledger.removed else ""
    return (
        f"{held.count} of {held.of} numbers would go{before}: more than {guard.count} and more than {guard.percent} %. "
        f"Look at them with: number-inventory devices removals {key.name}, and if they are right: number-inventory "
        f"devices approve-removals {key.name} --checksum {held.checksum}"
    )
