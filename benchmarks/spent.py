"""What a piece of work took: processor time before wall time, requests and units before both."""

import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engines.meter import Meter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(slots=True, kw_only=True)
class Spent:
    """What was spent.

    Attributes:
        cpu_seconds: of this process with all its threads; the engine's are its own.
        absent_units: read units that DynamoDB charges for what is not there; the engines count none.
        writes: items that were to be written, by table.
    """

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    requests: int = 0
    read_units: float = 0.0
    absent_units: float = 0.0
    write_units: float = 0.0
    writes: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, float]:
        """The same, rounded."""
        shown = asdict(self)
        del shown["writes"]
        return {name: round(value, 4) for name, value in shown.items()}


@contextmanager
def spending(client: "DynamoDBClient") -> Iterator[Spent]:
    """Count what is spent inside; the counting itself is part of the CPU, on every side of a comparison alike."""
    meter, spent = Meter(client), Spent()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield spent
    finally:
        spent.cpu_seconds, spent.wall_seconds = time.process_time() - cpu, time.perf_counter() - wall
        meter.close()
        spent.requests, spent.writes = meter.total_requests, meter.writes
        spent.read_units, spent.write_units = meter.read_units, meter.write_units
        spent.absent_units = meter.absent_units


def peak_mb() -> float:
    """The most memory that this process has had; what its parent had does not count, as it would in `ru_maxrss`."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [line] = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024
