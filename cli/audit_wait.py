"""How far an audit is, in words."""

from number_inventory.domain.audit_runs import AuditRun, RunState
from number_inventory.domain.findings import FindingOutcome

_TRIED = (FindingOutcome.CORRECTED, FindingOutcome.SUPERSEDED, FindingOutcome.FAILED)


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
