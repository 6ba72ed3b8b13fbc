"""Waiting for an audit: it runs in its function whether somebody waits for it or not."""

from collections.abc import Callable
from time import monotonic, sleep

from cli.output import Progress
from number_inventory.domain.audit_runs import ENDED, AuditRun, RunState
from number_inventory.domain.errors import RetryableError
from number_inventory.domain.findings import FindingOutcome

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0
_SLOWER = 1.5
"""How often one looks, in seconds: soon at first, since small audits end at once; then less and less."""

_BAD_LOOKS = 5
"""So many looks in a row may fail before waiting is given up."""

_TRIED = (FindingOutcome.CORRECTED, FindingOutcome.SUPERSEDED, FindingOutcome.FAILED)


def wait_for_end(look: Callable[[], AuditRun], seconds: float, tell: Progress) -> AuditRun:
    """The run when it has ended, or as it is when the time is over; `tell` hears how far it is meanwhile.

    Raises:
        InventoryError: the run cannot be looked at, even after some more tries where that can help.
    """
    until = monotonic() + seconds
    pause = _FIRST_PAUSE
    while True:
        run = _seen(look)
        left = until - monotonic()
        if run.state in ENDED or left <= 0:
            return run
        tell(*progress_of(run))
        sleep(min(pause, left))
        pause = min(pause * _SLOWER, _LONGEST_PAUSE)


def progress_of(run: AuditRun) -> tuple[str, int, int | None]:
    """How far a run is: in words, how much is done, and of how much if that is known."""
    if run.state is RunState.QUEUED:
        return "Waiting for its turn", 0, None
    if run.state is RunState.PLANNING:
        expected = max(run.expected, run.numbers) or None
        of = f" of about {run.expected}" if run.expected > run.numbers else ""
        return f"Reading numbers: {run.numbers}{of}", run.numbers, expected
    tried, corrected = sum(run.total(outcome) for outcome in _TRIED), run.total(FindingOutcome.CORRECTED)
    wanted = tried + run.total(FindingOutcome.REPORTED)
    at = f", now at {run.position}" if run.position else ""
    if not tried:
        return f"Correcting {wanted} findings{at}", 0, None
    return f"Correcting: {corrected} of {wanted}{at}", tried, wanted


def _seen(look: Callable[[], AuditRun]) -> AuditRun:
    for _ in range(_BAD_LOOKS - 1):
        try:
            return look()
        except RetryableError:
            sleep(_LONGEST_PAUSE)
    return look()
