"""P11: the bill of a month at list prices, computed from units as they are measured here.

What is assumed stands in the constants, each with its reason; what is measured comes from `operation_units`. So the
bill can be redone after any change, of the product or of AWS's prices: `make cost` writes it into docs/cost.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import yaml

from benchmarks import prices
from benchmarks.figure import Check, Figure, Setting, run
from benchmarks.operation_units import Units, operation_units
from benchmarks.prices import Price
from tests.engines.template import TEMPLATE, TemplateLoader

DAYS = 30
CHURN = 0.01
"""The share of the numbers that leave their device in a day. Half of them return while they cool; the others are
released, and as many that were Available appear on a device again, so that the inventory stays as it is."""

LOOKED_UP = 0.1
"""The share of the numbers that is looked up in a day."""

RELEASES_A_DAY = 24 * 12
"""The default schedule: every five minutes."""

SYNC_MINUTES, SELDOM_SYNC_MINUTES = 5, 15
"""The default schedule of syncs, and one that is told beside it."""

DEVICE_SECONDS = 0.5
"""How long a device takes to answer four requests over TLS, of which nothing is known here. It is most of the worker's
time, and of its bill: see docs/cost.md for what another half second costs."""

OWN_SECONDS = {"worker": 0.2, "dispatcher": 0.3, "release": 0.2, "history": 0.15, "api": 0.06, "stock": 1.0}
"""Seconds of a warm invocation besides: some 30 ms of CPU at the share of a processor that the memory gives, and the
ways to AWS."""

AUDIT_SECONDS_A_NUMBER = 0.0001
"""50 microseconds of CPU a number (P8) at 0.58 of a processor."""

LOG_BYTES = 1_700
"""Of a sync: the line of the run and the metrics, 1.1 kB as measured, and Lambda's own lines. Others say less."""

WORKERS, KEPT_SYNCS = 5, 12
"""Workers at once by default (more where the devices would not be through in time), and how many syncs of a device come
within the hour for which a worker keeps its credentials. Which worker gets a device is chance."""

POLLS_A_MONTH = 5 * 3 * 60 * 24 * DAYS
"""Lambda asks a queue with five connections, for 20 seconds each, whether there is something or not."""

STEADY_METRICS, METRICS_OF_CHANGES, DAILY_METRICS = 5, 6, 13
"""Metrics that are sent in each hour, with changes of numbers, and once a day; CloudWatch charges by the hour. What is
zero is not sent unless an alarm waits for it. The heartbeats of four schedules are two of the first and of the last."""

NUMBER_BYTES, ENTRY_BYTES, HISTORY_DAYS = 450, 700, 400
"""Of a number with its index entries, of an entry of its history, and how long that is kept."""

GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is inventoried.

    Attributes:
        sync_minutes: how often each device is asked.
    """

    devices: int
    numbers: int
    sync_minutes: int = SYNC_MINUTES

    @property
    def leaves(self) -> float:
        """Numbers that leave their device in a month."""
        return self.numbers * CHURN * DAYS

    @property
    def changes(self) -> float:
        """Changes of numbers in a month: leaving, returning, being released, and appearing again."""
        return self.leaves * 2.5

    @property
    def syncs(self) -> float:
        """Syncs in a month."""
        return self.devices * self.rounds

    @property
    def rounds(self) -> int:
        """How often the schedule of syncs fires in a month."""
        return DAYS * 24 * 60 // self.sync_minutes

    @property
    def decryptions(self) -> float:
        """Each of the workers that a device's syncs fall to within an hour decrypts its credentials once."""
        seconds = self.devices * (DEVICE_SECONDS + OWN_SECONDS["worker"])
        workers = max(WORKERS, math.ceil(1.5 * seconds / (60 * self.sync_minutes)))
        syncs = KEPT_SYNCS * SYNC_MINUTES / self.sync_minutes
        share: float = 1 - (1 - 1 / workers) ** syncs
        return self.devices * DAYS * 24 * workers * share

    @property
    def changed_syncs(self) -> float:
        """At most each change is seen by a sync of its own, and none sees a release."""
        return min(self.leaves * 2, self.syncs)

    @property
    def lookups(self) -> float:
        """Lookups in a month."""
        return self.numbers * LOOKED_UP * DAYS

    def __str__(self) -> str:
        """As a heading."""
        return f"{self.devices:,} devices, {self.numbers:,} numbers"


SMALL, MIDDLE, LARGE = Fleet(10, 1_000), Fleet(100, 10_000), Fleet(5_000, 1_000_000)
FLEETS = (SMALL, MIDDLE, LARGE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill."""

    price: Price
    what: str
    quantity: float


def bill(fleet: Fleet, units: Mapping[str, Units]) -> list[Line]:
    """All lines of a month's bill."""
    writes, reads = (_database_units(fleet, units, kind) for kind in (0, 1))
    numbers_gb = fleet.numbers * NUMBER_BYTES / GIGABYTE
    history_gb = fleet.changes / DAYS * HISTORY_DAYS * ENTRY_BYTES / GIGABYTE
    invocations = _invocations(fleet)
    seconds = sum(each.gigabyte_seconds for each in invocations)
    count = sum(each.times for each in invocations)
    changed_hours = min(1.0, fleet.changes / (DAYS * 24))
    metrics = STEADY_METRICS + METRICS_OF_CHANGES * changed_hours + DAILY_METRICS / 24
    sends = fleet.rounds * -(-fleet.devices // 10)
    return [
        *(Line(prices.WRITES, what, quantity) for what, quantity in writes.items()),
        Line(prices.READS, "everything that reads", sum(reads.values())),
        Line(prices.STORAGE, "numbers, and their history of 400 days", numbers_gb + history_gb),
        Line(prices.BACKUP, "the same", numbers_gb + history_gb),
        Line(prices.INVOCATIONS, "all functions", count),
        Line(prices.COMPUTE, f"sync worker, {DEVICE_SECONDS} s a device", invocations[0].gigabyte_seconds),
        Line(prices.COMPUTE, "all other functions", seconds - invocations[0].gigabyte_seconds),
        Line(
            prices.QUEUE, "messages sent, received and deleted, and idle polls", sends + 2 * fleet.syncs + POLLS_A_MONTH
        ),
        Line(prices.SCHEDULES, "sync, release, audit, stock", fleet.rounds + (RELEASES_A_DAY + 2) * DAYS),
        Line(prices.EVENTS, "changes of Status", fleet.changes),
        Line(prices.REQUESTS, "lookups", fleet.lookups),
        Line(prices.DECRYPTIONS, "credentials, by each worker once an hour", fleet.decryptions),
        Line(prices.METRICS, "counted by the functions", metrics),
        Line(prices.ALARMS, "of the template", _alarms()),
        Line(prices.LOGS, f"{LOG_BYTES / 1000:.1f} kB an invocation", count * LOG_BYTES / GIGABYTE),
    ]


def _database_units(fleet: Fleet, units: Mapping[str, Units], kind: int) -> dict[str, float]:
    """Write units (kind 0) or read units (1), by what they are for."""

    def fixed(what: str) -> float:
        return units[what].fixed[kind]

    def each(what: str) -> float:
        return units[what].each[kind]

    leaves, half = fleet.leaves, fleet.leaves / 2
    in_sync = (each("sync, numbers leave") * leaves, each("sync, numbers return") * half, _appear(units, kind) * half)
    return {
        "syncs that find nothing new": (fleet.syncs - fleet.changed_syncs) * fixed("sync, unchanged"),
        "changes that syncs find": fleet.changed_syncs * fixed("sync, numbers leave") + sum(in_sync),
        "dispatching syncs": fleet.rounds * (fixed("dispatch") + each("dispatch") * fleet.devices),
        "releases": RELEASES_A_DAY * DAYS * fixed("release run") + half * each("release run"),
        "audits": DAYS * (fixed("audit") + each("audit") * fleet.numbers),
        "the daily look at stock": DAYS * fixed("watch of stock, a customer"),
        "history and counters": fleet.changes * fixed("history, a change alone"),
        "lookups": fleet.lookups * fixed("lookup"),
    }


def _appear(units: Mapping[str, Units], kind: int) -> float:
    """Numbers that appear again are Available by then: they move out of an index, as those do that return."""
    return units["sync, numbers return"].each[kind]


@dataclass(frozen=True, slots=True)
class Invocations:
    """How often a function runs in a month, and how long with how much memory."""

    times: float
    seconds: float
    gigabytes: float

    @property
    def gigabyte_seconds(self) -> float:
        """What Lambda charges for."""
        return self.times * self.seconds * self.gigabytes


def _invocations(fleet: Fleet) -> Sequence[Invocations]:
    """The sync worker comes first; memory is what the template says if nothing else is said."""
    runs = RELEASES_A_DAY * DAYS
    audit_seconds = 1 + AUDIT_SECONDS_A_NUMBER * fleet.numbers
    return (
        Invocations(fleet.syncs, DEVICE_SECONDS + OWN_SECONDS["worker"], _memory("WorkerMemory")),
        Invocations(fleet.rounds, OWN_SECONDS["dispatcher"] + fleet.devices / 10 * 0.01, 0.25),
        Invocations(runs, OWN_SECONDS["release"], _memory("ReleaseMemory")),
        Invocations(DAYS, audit_seconds, _memory("AuditMemory")),
        Invocations(DAYS, OWN_SECONDS["stock"], 0.25),
        Invocations(fleet.changes, OWN_SECONDS["history"], _memory("HistoryMemory")),
        Invocations(fleet.lookups, OWN_SECONDS["api"], _memory("ApiMemory")),
    )


def _template() -> dict[str, dict[str, dict[str, object]]]:
    document: dict[str, dict[str, dict[str, object]]] = yaml.load(
        TEMPLATE.read_text(encoding="utf-8"),
        TemplateLoader,  # noqa: S506 - built on the safe loader
    )
    return document


def _memory(parameter: str) -> float:
    """Gigabytes."""
    return int(str(_template()["Parameters"][parameter]["Default"])) / 1024


def _alarms() -> int:
    return sum(resource["Type"] == "AWS::CloudWatch::Alarm" for resource in _template()["Resources"].values())


def total(lines: Sequence[Line]) -> float:
    """Dollars at list prices, nothing free."""
    return sum(line.price.cost(line.quantity) for line in lines)


def total_beyond_free(lines: Sequence[Line]) -> float:
    """Dollars where what is free of each price goes to this stack."""
    quantities: dict[Price, float] = {}
    for line in lines:
        quantities[line.price] = quantities.get(line.price, 0.0) + line.quantity
    return sum(price.cost_beyond_free(quantity) for price, quantity in quantities.items())


def measure(setting: Setting) -> Figure:
    """Measure the units, and compute the bills of three fleets."""
    units = operation_units(setting)
    bills = {fleet: bill(fleet, units) for fleet in FLEETS}
    middle = bills[MIDDLE]
    seldom = bill(replace(MIDDLE, sync_minutes=SELDOM_SYNC_MINUTES), units)
    return Figure(
        id="P11",
        what=f"a month of {MIDDLE}, default schedules, {CHURN:.0%} daily churn",
        checks=[
            Check(what="at list prices, nothing free", value=total(middle), unit="USD", aim=5),
            Check(what="beyond what AWS leaves free to everybody", value=total_beyond_free(middle), unit="USD", aim=5),
            Check(what="DynamoDB alone", value=_of_service(middle, "DynamoDB"), unit="USD"),
            Check(what=f"syncs every {SELDOM_SYNC_MINUTES} minutes, at list prices", value=total(seldom), unit="USD"),
            Check(what="the same beyond what is free", value=total_beyond_free(seldom), unit="USD"),
            *(
                Check(what=f"{fleet}, at list prices", value=total(bills[fleet]), unit="USD")
                for fleet in (SMALL, LARGE)
            ),
        ],
        detail={
            "engine": setting.engine.name,
            "units": {what: {"fixed": each.fixed, "each": each.each} for what, each in units.items()},
            "bills": {
                str(fleet): {
                    "lines": [
                        {
                            "service": line.price.service,
                            "unit": line.price.unit,
                            "what": line.what,
                            "quantity": line.quantity,
                            "usd": line.price.cost(line.quantity),
                        }
                        for line in lines
                    ],
                    "total": total(lines),
                    "beyond free": total_beyond_free(lines),
                }
                for fleet, lines in bills.items()
            },
        },
    )


def _of_service(lines: Sequence[Line], service: str) -> float:
    return sum(line.price.cost(line.quantity) for line in lines if line.price.service == service)


if __name__ == "__main__":
    run(measure)
