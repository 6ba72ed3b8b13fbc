"""What every function writes, each as a short story on an engine: a beginning, an act, and the picture that it leaves.

An act may be interrupted at any request. Once time has passed, it is done again, and must leave the same picture.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from number_inventory.domain.audit_runs import ENDED, AuditMode, AuditScope
from number_inventory.domain.counts import Cell, CounterKey
from number_inventory.domain.errors import NotFoundError
from number_inventory.domain.macros import STOCK_LOW_COUNT
from number_inventory.domain.number_jobs import JOB_ENDED
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.ports.devices import DeviceHead
from number_inventory.ports.numbers import WriteResult
from number_inventory.services.count_numbers import CountChanges
from number_inventory.services.look_at_stock import LookAtStock
from number_inventory.services.manage_numbers import NumberDetails
from number_inventory.services.record_history import RecordHistory
from number_inventory.services.remove_device import RemoveDevice
from number_inventory.services.run_number_job import RunNumberJob
from number_inventory.services.start_number_job import StartNumberJob
from number_inventory.services.watch_stock import WatchStock
from tests.contract.audit_scene import Product
from tests.contract.conftest import Aws
from tests.contract.made import cooling, record, used, written
from tests.memory.clock import START
from tests.memory.history import MemoryStatusEvents, change_of
from tests.memory.law_watch import LawWatch
from tests.memory.number_jobs import MemoryNumberJobWorkers
from tests.memory.settings import MemorySecrets
from tests.memory.stock import MemoryStockEvents

BUDGET = timedelta(minutes=4)
NUMBERS = [f"{1001 + index}" for index in range(8)]
BEFORE, AFTER, ON_ANOTHER = set(NUMBERS[:4]), set(NUMBERS[1:6]) - {"1003"}, {"1003", "1004"}

Picture = Mapping[str, object]


class Stage(ABC):
    """One customer of its own on an engine, so that many stories share its tables."""

    def __init__(self, aws: Aws, customer: str) -> None:
        aws.clock.at = START
        self.aws = aws
        self.customer = customer
        self.inventory = copy(aws.inventory)
        self.product = Product(replace(aws, inventory=self.inventory), budget=BUDGET, customer=customer)
        self.product.observers.append(LawWatch(aws.clock))
        self.sbc1, self.sbc2 = self.product.add_device("sbc1"), self.product.add_device("sbc2")
        self.jobs = MemoryNumberJobWorkers()
        self.changed, self.low = MemoryStatusEvents(), MemoryStockEvents()

    def own(self, found: NumberRecord) -> NumberRecord:
        """The record as one of this customer's."""
        return replace(found, customer=self.customer)

    def plant(self, *records: NumberRecord) -> None:
        """Let some other hand store new numbers."""
        assert set(self.aws.inventory.save([written(self.own(new)) for new in records])) <= {WriteResult.WRITTEN}

    @abstractmethod
    def prepare(self) -> None:
        """Bring everything to where the story begins."""

    @abstractmethod
    def act(self) -> None:
        """Do what may be interrupted."""

    def later(self) -> None:
        """Let so much time pass that no lease and no claim is good any more."""
        self.aws.clock.advance(hours=1)

    def numbers(self) -> dict[str, NumberRecord]:
        """Every number, as it stands."""
        return dict(self.inventory.get_many(self.customer, NUMBERS))

    def picture(self) -> Picture:
        """What must be the same in the end, whatever happened: numbers, registers, and whether all is settled."""
        numbers = {
            number: (
                found.status,
                found.usage,
                found.vendor,
                found.release_date is not None,
                sorted(holder.device for holder in found.holders),
            )
            for number, found in self.numbers().items()
        }
        registers = {}
        for name, head in self.aws.devices.heads(self.customer).items():
            assert isinstance(head, DeviceHead)
            view = self.aws.registrations.look(head)
            registers[name] = (head.settled, head.leased_until, sorted(view.held), sorted(view.doubtful))
        return {"numbers": numbers, "registers": registers}

    def check_laws(self) -> None:
        """At any moment: what a device has is in use, and what rests has its date."""
        for found in self.numbers().values():
            assert not found.holders or found.status is Status.USED, found
            assert (found.status is Status.COOLING) == (found.release_date is not None), found


class Sync(Stage):
    """Numbers come to a device and go from it; some are another one's as well."""

    def prepare(self) -> None:
        self.product.device_shows(self.sbc1, BEFORE)
        self.product.device_shows(self.sbc2, ON_ANOTHER)
        self.product.sync(self.sbc1)
        self.product.sync(self.sbc2)
        self.plant(record("1005"), cooling("1006", until=START + timedelta(days=9)))
        self.product.device_shows(self.sbc1, AFTER)

    def act(self) -> None:
        self.product.sync(self.sbc1)

    def check_laws(self) -> None:
        super().check_laws()
        found = self.numbers()
        for number in (BEFORE & AFTER) | ON_ANOTHER:
            assert found[number].status is Status.USED, "what devices show all along is never free"


class Release(Stage):
    """Coolings and a reservation come to their end; others do not."""

    def prepare(self) -> None:
        due = [cooling(number, until=START + timedelta(days=1)) for number in NUMBERS[:3]]
        others = [cooling("1004", until=START + timedelta(days=9)), used("1005")]
        kept = record("1006", status=Status.RESERVED, reserved_for="ann", reserved_until=START + timedelta(days=1))
        self.plant(*due, *others, kept)
        self.aws.clock.advance(days=2)

    def act(self) -> None:
        self.product.release_cooled.release(self.customer)


class Audit(Stage):
    """Some other hand has damaged numbers in several ways, and they are corrected."""

    steps = BUDGET

    def prepare(self) -> None:
        self.product.device_shows(self.sbc1, NUMBERS[:5])
        self.product.device_shows(self.sbc2, ON_ANOTHER)
        self.product.sync(self.sbc1)
        self.product.sync(self.sbc2)
        found = self.numbers()
        ways = [
            replace(found["1001"], usage=Usage.HUNT_PILOT),
            replace(found["1002"], status=Status.AVAILABLE, usage=Usage.NONE, vendor="", holders=()),
            replace(found["1003"], holders=found["1003"].holders[:1]),
            replace(found["1004"], vendor="Microsoft", usage=Usage.USER, holders=()),
        ]
        self.aws.inventory.save([written(damaged, found[damaged.number]) for damaged in ways])
        self.plant(replace(used("1007"), holders=()), cooling("1008", until=START))

    def act(self) -> None:
        run = self.product.start_audit.open(AuditScope(customer=self.customer, mode=AuditMode.CORRECT), "test")
        while run.state not in ENDED:
            done = self.product.run_audit(self.steps)(run.customer, run.id, run.step, f"worker-{run.step}")
            assert done is not None
            run = done

    def check_laws(self) -> None:
        """The damage itself breaks them; what it is about is never given away."""
        found = self.numbers()
        assert {found[number].status for number in ("1001", "1003", "1004", "1005")} == {Status.USED}


class AuditInSteps(Audit):
    """The same, a stretch of numbers an invocation."""

    steps = timedelta(0)


class Removal(Stage):
    """A device is removed, with what only it holds."""

    def prepare(self) -> None:
        self.product.device_shows(self.sbc1, BEFORE)
        self.product.device_shows(self.sbc2, ON_ANOTHER)
        self.product.sync(self.sbc1)
        self.product.sync(self.sbc2)

    def act(self) -> None:
        remove = RemoveDevice(
            devices=self.aws.devices,
            registrations=self.aws.registrations,
            inventory=self.inventory,
            macros=self.aws.macros,
            secrets=MemorySecrets(),
            clock=self.aws.clock,
            budget=BUDGET,
        )
        with suppress(NotFoundError):
            remove(self.sbc1)


class Job(Stage):
    """Numbers are added by a job of several stretches; one of them exists."""

    def prepare(self) -> None:
        self.plant(used("1002"))

    def act(self) -> None:
        jobs = self.aws.jobs
        start = StartNumberJob(jobs, self.jobs, self.aws.clock, new_id=lambda _at: "20260301T120000000-7f2c", stretch=3)
        job = start.of_range(self.customer, NUMBERS[0], NUMBERS[-1], NumberDetails(site="Berlin"), "ann")
        work = RunNumberJob(
            jobs=jobs,
            workers=self.jobs,
            inventory=self.inventory,
            clock=self.aws.clock,
            budget=BUDGET,
            sleep=lambda _seconds: None,
        )
        while job.state not in JOB_ENDED:
            done = work(self.customer, job.id, job.step, f"worker-{job.step}")
            assert done is not None
            job = done

    def picture(self) -> Picture:
        job = self.aws.jobs.get(self.customer, "20260301T120000000-7f2c")
        return {**super().picture(), "job": (job.state, job.done, job.created, job.existed, job.failed)}


class History(Stage):
    """A batch of the numbers' stream is counted, kept and told of; what failed comes again."""

    def prepare(self) -> None:
        self.changes = []
        for number in NUMBERS[:3]:
            lives = [None, record(number), used(number), cooling(number)]
            states = [self.own(replace(each, version=7 + turn)) if each else None for turn, each in enumerate(lives)]
            self.changes += [change_of(*both, index, START) for index, both in enumerate(pairwise(states))]

    def act(self) -> None:
        count = CountChanges(self.aws.history, self.aws.counters)
        RecordHistory(count, self.aws.history, self.changed)(self.changes)

    def picture(self) -> Picture:
        kept = {
            number: [
                (change.key.version, change.kind)
                for change in self.aws.history.page(self.customer, number, 99, None).changes
            ]
            for number in NUMBERS[:3]
        }
        counted = [counter.cells for counter in self.aws.counters.of_customer(self.customer)]
        return {
            "kept": kept,
            "counted": counted,
            "told": {(change.key.number, change.key.version) for change in self.changed.told},
        }


class Stock(Stage):
    """A site has run low; that is kept, and told at least once, always as the same crossing."""

    def prepare(self) -> None:
        self.aws.macros.put(self.customer, STOCK_LOW_COUNT, "10")
        [counter] = self.aws.counters.load([CounterKey(self.customer, "Berlin")]).values()
        assert self.aws.counters.save(replace(counter, cells={Cell(Status.AVAILABLE, ""): 3}))

    def act(self) -> None:
        days = self.aws.stock_days
        look = LookAtStock(counters=self.aws.counters, days=days, macros=self.aws.macros, clock=self.aws.clock)
        WatchStock(look=look, days=days, events=self.low)(self.customer)

    def picture(self) -> Picture:
        watches = {
            (each.site, each.low, each.crossing, each.told) for each in self.aws.stock_days.watches(self.customer)
        }
        days = self.aws.stock_days.since(self.customer, START.date())
        told = {(watch.site, watch.low, watch.crossing) for watch, _ in self.low.told}
        return {"watches": watches, "days": days, "told": told}


STORIES: tuple[Callable[[Aws, str], Stage], ...] = (Sync, Release, Audit, Removal, Job, History, Stock)
