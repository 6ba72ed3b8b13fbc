"""Audit very many sound numbers, against nothing but reading them page by page.

`python -m benchmarks.audit_of_a_million --numbers 1000000` starts DynamoDB Local (`make dynamodb-local` fetches it),
fills it with one customer's numbers and the registers of its devices, and then lets processes of their own do the same
work in turns: a bare read with botocore, and an audit that reports. It prints one JSON object; what it is at goes to
stderr.

The first bound is on time: client CPU and wall time, whichever fares worse. All bounds stand in `detail`.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from local_stack import dynamodb_local
from local_stack.layout import default_layout
from number_inventory.adapters.dynamodb.audits import DynamoAudits
from number_inventory.adapters.dynamodb.batch_write import batch_put
from number_inventory.adapters.dynamodb.devices import DynamoDevices
from number_inventory.adapters.dynamodb.inventory import DynamoInventory
from number_inventory.adapters.dynamodb.macros import DynamoMacros
from number_inventory.adapters.dynamodb.number_items import number_item
from number_inventory.adapters.dynamodb.registrations import DynamoRegistrations
from number_inventory.adapters.system_clock import SystemClock
from number_inventory.domain.audit_runs import AuditRun, AuditScope, RunState
from number_inventory.domain.devices import Device, DeviceKey, Health, SourceKind
from number_inventory.domain.lifecycle import Registration, Stamp, registered
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.ports import RegisterHead
from number_inventory.services.run_audit import RunAudit
from number_inventory.services.start_audit import StartAudit
from tests.engines.engine import DYNAMODB_LOCAL, Engine, Tables, create_tables, drop_tables
from tests.engines.meter import Meter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CUSTOMER = "acme"
HELD = 0.6
"""The share of the numbers that a device holds; the others are idle or cooling, half and half."""

AT_ONCE = 5_000
"""Numbers made and stored at a time."""

MAX_TIME, MAX_UNITS, MAX_MEMORY = 1.5, 1.05, 300.0
HOURS = timedelta(hours=6)
WARM_UP_PAGES = 10

BARE, BARE_PROJECTED, AUDIT = "bare read", "bare read of the same attributes", "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one process took.

    Attributes:
        peak_mb: of its whole life, the interpreter and all imports included.
        found: findings of an audit.
    """

    wall_seconds: float
    cpu_seconds: float
    read_units: float
    requests: int
    peak_mb: float
    numbers: int
    found: int = 0


def say(words: str) -> None:
    """Tell the person who waits."""
    print(words, file=sys.stderr, flush=True)


# --- the inventory


class Loader:
    """Fills the tables: every number as a sync would have left it."""

    def __init__(self, client: "DynamoDBClient", tables: Tables, seed: int) -> None:
        self._client = client
        self._tables = tables
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self, numbers: int, devices: int) -> None:
        """Store so many numbers, and what so many devices hold of them."""
        keys = [DeviceKey(CUSTOMER, f"sbc-{index:03d}") for index in range(devices)]
        held: dict[DeviceKey, set[str]] = {key: set() for key in keys}
        records = self._records(numbers, keys, held)
        began, stored = time.monotonic(), 0
        while batch := list(islice(records, AT_ONCE)):
            items = [number_item(record, 1) for record in batch]
            batch_put(self._client, self._tables.numbers, items, purpose="load the numbers")
            stored += len(batch)
            if stored % 100_000 == 0:
                say(f"  {stored:,} numbers stored in {time.monotonic() - began:.0f} s")
        for key in keys:
            self._register(key, frozenset(held[key]))

    def _records(
        self, numbers: int, keys: Sequence[DeviceKey], held: Mapping[DeviceKey, set[str]]
    ) -> Iterator[NumberRecord]:
        stamp = Stamp(self._now - timedelta(hours=1), "sync:sbc#1", "registered on a device")
        for index in range(numbers):
            record = NumberRecord(
                customer=CUSTOMER,
                number=f"+4989{index:08d}",
                site=f"site-{index % 40}",
                description=self._random.choice(["", "", "meeting room", "reception, second floor"]),
                created_at=stamp.at,
                created_by="operator:import",
            )
            chance = self._random.random()
            if chance < HELD:
                key = self._random.choice(keys)
                held[key].add(record.number)
                yield registered(record, Registration(CUSTOMER, record.number, key.name, 2), stamp).after
            elif chance < (1 + HELD) / 2:
                yield record
            else:
                until = self._now + timedelta(days=self._random.randrange(1, 30))
                yield replace(record, status=Status.COOLING, release_date=until, cooling_since=stamp.at)

    def _register(self, key: DeviceKey, held: frozenset[str]) -> None:
        """A device with a register that its first sync has settled."""
        devices = DynamoDevices(self._client, self._tables.devices, _ClockAt(datetime.fromtimestamp(1, UTC)))
        registrations = DynamoRegistrations(self._client, self._tables.registrations)
        devices.add(Device(key=key, source=SourceKind.SBC, address=f"https://{key.name}.example"))
        lease = devices.acquire(key, self._now, self._now + HOURS)
        assert lease is not None
        register = registrations.intend(lease, registrations.load(lease), held)
        register = registrations.compact(lease, register)
        state = replace(
            lease.state,
            health=Health.OK,
            last_sync_at=self._now,
            last_complete_at=self._now,
            held_numbers=len(held),
        )
        assert devices.finish(lease, state, RegisterHead("loaded", register.base))


@dataclass(frozen=True, slots=True)
class _ClockAt:
    """A clock that stands: it makes a device whose first sync is number two."""

    at: datetime

    def now(self) -> datetime:
        return self.at


# --- what is measured, in a process of its own


def bare(client: "DynamoDBClient", tables: Tables, *, projected: bool, pages: int | None = None) -> tuple[int, int]:
    """Read all numbers page by page, and do nothing with them; with all attributes, or with an audit's."""
    request: dict[str, Any] = {
        "TableName": tables.numbers,
        "KeyConditionExpression": "#customer = :customer",
        "ExpressionAttributeNames": {"#customer": "customer"},
        "ExpressionAttributeValues": {":customer": {"S": CUSTOMER}},
    }
    if projected:
        from number_inventory.adapters.dynamodb.number_glances import GLANCED  # noqa: PLC0415 - as the audit has it

        request["ProjectionExpression"] = ", ".join(f"#{name}" for name in GLANCED)
        request["ExpressionAttributeNames"].update({f"#{name}": name for name in GLANCED})
    count = 0
    for page in islice(client.get_paginator("query").paginate(**request), pages):
        count += len(page["Items"])
    return count, 0


class _Nobody:
    """Wakes nobody: one invocation has all the time that it needs."""

    def wake(self, run: AuditRun) -> None:
        raise AssertionError(f"audit {run.id} did not end in one step")


def audit(client: "DynamoDBClient", tables: Tables) -> tuple[int, int]:
    """Audit all numbers, and report."""
    clock = SystemClock()
    audits = DynamoAudits(client, tables.audits, timedelta(days=400))
    run = StartAudit(audits, _Nobody(), clock).open(AuditScope(customer=CUSTOMER), "benchmark")
    work = RunAudit(
        audits=audits,
        workers=_Nobody(),
        inventory=DynamoInventory(client, tables.numbers),
        devices=DynamoDevices(client, tables.devices, clock),
        registrations=DynamoRegistrations(client, tables.registrations),
        macros=DynamoMacros(client, tables.macros),
        clock=clock,
        proof_age=timedelta(hours=24),
        budget=HOURS,
    )
    done = work(CUSTOMER, run.id, run.step, "benchmark")
    assert done is not None
    assert done.state is RunState.FINISHED
    return done.numbers, done.total()


def measure_here(what: str, endpoint: str, tables: Tables) -> Measured:
    """Do one of the works in this process."""
    client = Engine(DYNAMODB_LOCAL, endpoint).session().dynamodb()
    client.describe_table(TableName=tables.numbers)  # the connection stands before the clock runs
    meter = Meter(client)
    wall, cpu = time.perf_counter(), time.process_time()
    numbers, found = audit(client, tables) if what == AUDIT else bare(client, tables, projected=what == BARE_PROJECTED)
    return Measured(
        wall_seconds=time.perf_counter() - wall,
        cpu_seconds=time.process_time() - cpu,
        read_units=meter.read_units,
        requests=meter.total_requests,
        peak_mb=_peak_mb(),
        numbers=numbers,
        found=found,
    )


def _peak_mb() -> float:
    """The most memory that this process has had; what its parent had does not count, as it would in `ru_maxrss`."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [line] = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def measure(what: str, endpoint: str, tables: Tables) -> Measured:
    """Do one of the works in a process of its own."""
    handed_on = json.dumps({"what": what, "endpoint": endpoint, "tables": asdict(tables)})
    command = [sys.executable, "-m", "benchmarks.audit_of_a_million", "--measure", handed_on]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this very file
    measured = Measured(**json.loads(ended.stdout))
    say(
        f"  {what}: {measured.wall_seconds:.2f} s, {measured.cpu_seconds:.2f} s of CPU, "
        f"{measured.read_units:,.1f} units, {measured.requests:,} requests, {measured.peak_mb:.0f} MB at most"
    )
    return measured


# --- the comparison


def compare(endpoint: str, tables: Tables, numbers: int, rounds: int) -> dict[str, Any]:
    """Let all works take turns; the engine warms up with a bare read of its first pages that does not count."""
    say("warming up the engine")
    began = time.monotonic()
    bare(Engine(DYNAMODB_LOCAL, endpoint).session().dynamodb(), tables, projected=False, pages=WARM_UP_PAGES)
    say(f"  up to {WARM_UP_PAGES} pages: {time.monotonic() - began:.1f} s")
    taken: dict[str, list[Measured]] = {what: [] for what in (BARE, BARE_PROJECTED, AUDIT)}
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}")
        for what, measures in taken.items():
            measures.append(measure(what, endpoint, tables))
    for measured in (each for every in taken.values() for each in every):
        assert measured.numbers == numbers, f"{measured.numbers:,} of {numbers:,} numbers were read"
        assert measured.found == 0, f"{measured.found:,} findings about sound numbers"
    return _verdict(numbers, taken)


def _verdict(numbers: int, taken: Mapping[str, Sequence[Measured]]) -> dict[str, Any]:
    def ratio(field: str, against: str = BARE) -> float:
        both = zip(taken[AUDIT], taken[against], strict=True)
        return float(median(getattr(mine, field) / getattr(other, field) for mine, other in both))

    cpu, wall = ratio("cpu_seconds"), ratio("wall_seconds")
    value = max(cpu, wall)
    rows = [
        _row("client CPU against a bare read", cpu, MAX_TIME, "x"),
        _row("wall time against a bare read", wall, MAX_TIME, "x"),
        _row("read units against a bare read", ratio("read_units"), MAX_UNITS, "x"),
        _row("peak memory", max(each.peak_mb for each in taken[AUDIT]), MAX_MEMORY, "MB"),
    ]
    return {
        "id": "P8",
        "what": f"audit of {numbers:,} sound numbers against a bare paginated read of them",
        "value": round(value, 3),
        "bound": MAX_TIME,
        "unit": "x",
        "within": all(row["within"] for row in rows),
        "detail": {
            "bounds": rows,
            "against a bare read of the same attributes": {
                "client CPU": round(ratio("cpu_seconds", BARE_PROJECTED), 3),
                "wall time": round(ratio("wall_seconds", BARE_PROJECTED), 3),
            },
            "measured": {what: [_rounded(each) for each in every] for what, every in taken.items()},
        },
    }


def _row(what: str, value: float, bound: float, unit: str) -> dict[str, Any]:
    return {"what": what, "value": round(value, 3), "bound": bound, "unit": unit, "within": value <= bound}


def _rounded(measured: Measured) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(measured).items()}


@contextmanager
def engine(endpoint: str | None) -> Iterator[str]:
    """The engine to measure on: the given one, else one of its own for as long as it takes."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        own = dynamodb_local.serving(default_layout(), Path(folder) / "engine.log")
        with nullcontext(endpoint) if endpoint else own as url:
            yield url


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the benchmark; the exit code says whether all bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--numbers", type=int, default=100_000)
    parser.add_argument("--devices", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3, help="how often both are measured; the middle ratio counts")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--engine-endpoint", help="of a running DynamoDB Local; one is started else")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args(None if arguments is None else list(arguments))
    if options.measure:
        wanted = json.loads(options.measure)
        print(json.dumps(asdict(measure_here(wanted["what"], wanted["endpoint"], Tables(**wanted["tables"])))))
        return 0
    with engine(options.engine_endpoint) as endpoint:
        client = Engine(DYNAMODB_LOCAL, endpoint).session().dynamodb()
        tables = create_tables(client)
        try:
            say(f"storing {options.numbers:,} numbers of {options.devices} devices")
            Loader(client, tables, options.seed)(options.numbers, options.devices)
            verdict = compare(endpoint, tables, options.numbers, options.rounds)
        finally:
            drop_tables(client, tables)
    print(json.dumps(verdict, indent=2))
    return 0 if verdict["within"] else 1


if __name__ == "__main__":
    sys.exit(main())
