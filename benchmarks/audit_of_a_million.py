"""P8: audit very many sound numbers, against nothing but reading them page by page.

The engine is filled with one customer's numbers and the registers of its devices; then processes of their own do the
same work in turns: a bare read with botocore, and an audit that reports. The numbers of the largest sizes are served by
`page_server`.

The first bound is on time: client CPU and wall time, whichever fares worse.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.made_inventory import CUSTOMER, Size, made_records, store_registers
from benchmarks.spent import peak_mb
from number_inventory.adapters.dynamodb.audits import DynamoAudits
from number_inventory.adapters.dynamodb.batch_write import batch_put
from number_inventory.adapters.dynamodb.devices import DynamoDevices
from number_inventory.adapters.dynamodb.inventory import DynamoInventory
from number_inventory.adapters.dynamodb.macros import DynamoMacros
from number_inventory.adapters.dynamodb.number_glances import GLANCED
from number_inventory.adapters.dynamodb.number_items import number_item
from number_inventory.adapters.dynamodb.registrations import DynamoRegistrations
from number_inventory.adapters.system_clock import SystemClock
from number_inventory.domain.audit_runs import AuditRun, AuditScope, RunState
from number_inventory.services.run_audit import RunAudit
from number_inventory.services.start_audit import StartAudit
from tests.engines.engine import DYNAMODB_LOCAL, Engine, Tables, create_tables, drop_tables
from tests.engines.meter import Meter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from number_inventory.domain.numbers import NumberRecord

AT_ONCE = 5_000
"""Numbers made and stored at a time."""

MOST_ON_THE_ENGINE = 20_000
"""More numbers than these are served by `page_server`, which says why."""

DEVICES = 10
HOURS = timedelta(hours=6)
WARM_UP_PAGES = 10

BARE, BARE_PROJECTED, AUDIT = "bare read", "bare read of the same attributes", "audit"
MOST_PROJECTED = 100_000
"""Up to so many numbers are read with an audit's attributes as well: it bounds nothing, and a million takes minutes."""


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


# --- the inventory


def load(client: "DynamoDBClient", tables: Tables, size: Size, *, numbers: bool) -> None:
    """Store what devices hold, and the numbers themselves unless they are served otherwise."""
    held: dict[str, set[str]] = {key.name: set() for key in size.keys}
    records, stored, began = made_records(size), 0, time.monotonic()
    while batch := list(islice(records, AT_ONCE)):
        _note_holders(batch, held)
        if numbers:
            items = [number_item(record, 1) for record in batch]
            batch_put(client, tables.numbers, items, purpose="load the numbers")
        stored += len(batch)
        if stored % 100_000 == 0:
            say(f"  {stored:,} numbers after {time.monotonic() - began:.0f} s")
    store_registers(client, tables, size, held)


def _note_holders(records: "Sequence[NumberRecord]", held: Mapping[str, set[str]]) -> None:
    for record in records:
        for holder in record.holders:
            held[holder.device].add(record.number)


@contextmanager
def page_server(endpoint: str, tables: Tables, size: Size) -> Iterator["subprocess.Popen[str]"]:
    """A process that makes the numbers and serves them page by page, and hands all else on to the engine."""
    told = {"numbers": size.numbers, "devices": size.devices, "seed": size.seed, "now": size.now.isoformat()}
    options = {**told, "table": tables.numbers, "engine": endpoint}
    command = [sys.executable, "-m", "benchmarks.page_server"]
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own module
        try:
            yield server
        finally:
            server.terminate()


def url_of(server: "subprocess.Popen[str]") -> str:
    """Where it serves; waits until it has made all numbers."""
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    assert url, "the page server did not start"
    return url


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
        peak_mb=peak_mb(),
        numbers=numbers,
        found=found,
    )


def _in_a_process(what: str, endpoint: str, tables: Tables) -> Measured:
    """Do one of the works in a process of its own."""
    handed_on = json.dumps({"what": what, "endpoint": endpoint, "tables": asdict(tables)})
    command = [sys.executable, "-m", "benchmarks.audit_of_a_million", "--work", handed_on]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this very file
    measured = Measured(**json.loads(ended.stdout))
    say(
        f"  {what}: {measured.wall_seconds:.2f} s, {measured.cpu_seconds:.2f} s of CPU, "
        f"{measured.read_units:,.1f} units, {measured.requests:,} requests, {measured.peak_mb:.0f} MB at most"
    )
    return measured


# --- the comparison


def compare(endpoint: str, tables: Tables, numbers: int, rounds: int) -> dict[str, list[Measured]]:
    """Let all works take turns; the engine warms up with a bare read of its first pages that does not count."""
    say("warming up the engine")
    bare(Engine(DYNAMODB_LOCAL, endpoint).session().dynamodb(), tables, projected=False, pages=WARM_UP_PAGES)
    works = (BARE, BARE_PROJECTED, AUDIT) if numbers <= MOST_PROJECTED else (BARE, AUDIT)
    taken: dict[str, list[Measured]] = {what: [] for what in works}
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}")
        for what, measures in taken.items():
            measures.append(_in_a_process(what, endpoint, tables))
    for measured in (each for every in taken.values() for each in every):
        assert measured.numbers == numbers, f"{measured.numbers:,} of {numbers:,} numbers were read"
        assert measured.found == 0, f"{measured.found:,} findings about sound numbers"
    return taken


def measure(setting: Setting) -> Figure:
    """Do it at each size; the figure is that of the largest."""
    grown = {numbers: _measured(setting, numbers, setting.size(1, 2)) for numbers in setting.sizes}
    return _figure(grown)


def _measured(setting: Setting, numbers: int, rounds: int) -> dict[str, list[Measured]]:
    """Fill the engine, measure, and empty it."""
    now = datetime.now(UTC).replace(microsecond=0)
    size = Size(numbers=numbers, devices=DEVICES, seed=setting.seed, now=now)
    endpoint, client = setting.engine.endpoint_url, setting.engine.session().dynamodb()
    assert endpoint is not None
    tables = create_tables(client)
    from_engine = numbers <= MOST_ON_THE_ENGINE
    try:
        say(f"making {numbers:,} numbers of {DEVICES} devices")
        # The server makes its numbers while the registers are stored.
        with nullcontext() if from_engine else page_server(endpoint, tables, size) as server:
            load(client, tables, size, numbers=from_engine)
            return compare(url_of(server) if server else endpoint, tables, numbers, rounds)
    finally:
        drop_tables(client, tables)


def _figure(grown: Mapping[int, Mapping[str, Sequence[Measured]]]) -> Figure:
    numbers, taken = list(grown.items())[-1]

    def of_audits(field: str) -> dict[int, float]:
        return {size: round(getattr(each[AUDIT][-1], field), 3) for size, each in grown.items()}

    cpu, wall = _ratio(taken, "cpu_seconds"), _ratio(taken, "wall_seconds")
    some = max(size for size, each in grown.items() if BARE_PROJECTED in each)
    projected = _ratio(grown[some], "cpu_seconds", BARE_PROJECTED)
    return Figure(
        id="P8",
        what=f"audit of {numbers:,} sound numbers, against a bare paginated read of them",
        checks=[
            Check(what="time: CPU or wall, whichever fares worse", value=max(cpu, wall), unit="x", bound=1.5),
            Check(what="client CPU", value=cpu, unit="x", bound=1.5),
            Check(what="read units", value=_ratio(taken, "read_units"), unit="x", bound=1.05),
            Check(what="peak memory", value=max(each.peak_mb for each in taken[AUDIT]), unit="MB", bound=300),
            Check(
                what=f"client CPU, against a bare read of {some:,} with the same attributes", value=projected, unit="x"
            ),
        ],
        detail={
            "engine": "DynamoDB Local; numbers beyond its reach by page_server",
            "measured": {what: [_rounded(each) for each in every] for what, every in taken.items()},
            "growth": {
                "CPU seconds of an audit": of_audits("cpu_seconds"),
                "peak MB of an audit": of_audits("peak_mb"),
                "read units of an audit": of_audits("read_units"),
            },
        },
    )


def _ratio(taken: Mapping[str, Sequence[Measured]], field: str, against: str = BARE) -> float:
    """What an audit takes, against what a read of the same numbers does."""
    both = zip(taken[AUDIT], taken[against], strict=True)
    return float(median(getattr(mine, field) / getattr(other, field) for mine, other in both))


def _rounded(measured: Measured) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(measured).items()}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        wanted = json.loads(sys.argv[2])
        print(json.dumps(asdict(measure_here(wanted["what"], wanted["endpoint"], Tables(**wanted["tables"])))))
    else:
        run(measure)
