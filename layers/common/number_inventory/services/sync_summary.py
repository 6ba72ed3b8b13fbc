"""What a sync says of itself when it has ended: one log line, and the answer of the command line."""

from dataclasses import dataclass, field
from enum import StrEnum

from number_inventory.domain.devices import DeviceKey, Health
from number_inventory.domain.removals import HeldRemovals
from number_inventory.ports.devices import NotDue


class SyncResult(StrEnum):
    """How a sync of a device ended."""

    UNCHANGED = "unchanged"
    APPLIED = "applied"
    BUSY = "busy"
    NOT_DUE = "not_due"
    FAILED = "failed"
    UNFINISHED = "unfinished"


@dataclass(slots=True, kw_only=True)
class SyncSummary:
    """What a sync did and saw; one log line, and the answer of the command line.

    Attributes:
        sync: its sequence number, 0 where no lease was had.
        health_before: what it was before; a change is worth telling, once.
        cause: why the device is not `ok`, why the snapshot is partial or why the sync failed.
        removals_wait: why numbers that are gone were not taken from the device; empty when they were.
        held_removals: those of them that a person has to approve.
        held: how many numbers the device holds now.
        outcomes: how many numbers had which outcome.
        conflicts: numbers registered here that another vendor uses, at most 20.
        flapping: numbers that have come back so often within a day, this time included, that they flap; told once.
        unmapped_examples: AORs that map to no number, at most 20 of `unmapped`.
        foreign: users of other hosts or IP groups than the device is limited to.
    """

    device: DeviceKey
    sync: int = 0
    result: SyncResult = SyncResult.FAILED
    health: Health = Health.NEVER_SYNCED
    health_before: Health = Health.NEVER_SYNCED
    complete: bool = False
    cause: str = ""
    removals_wait: str = ""
    held_removals: HeldRemovals | None = None
    users: int = 0
    held: int = 0
    appeared: int = 0
    disappeared: int = 0
    writes: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    flapping: tuple[str, ...] = ()
    unmapped: int = 0
    unmapped_examples: tuple[str, ...] = ()
    foreign: int = 0


def summary_of_not_due(key: DeviceKey, not_due: NotDue) -> SyncSummary:
    """What is said of a device that schedules leave alone for now."""
    state, until = not_due.state, not_due.until.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    cause = f"it failed {state.failures} times in a row, so schedules ask it again at {until}: {state.cause}"
    return SyncSummary(
        device=key,
        result=SyncResult.NOT_DUE,
        health=state.health,
        health_before=state.health,
        cause=cause,
        held=state.held_numbers,
    )
