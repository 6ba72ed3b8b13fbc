"""Syncs, releases, commands and audits of the same numbers at once: no law is broken, and all comes to rest.

On engines with real concurrency. Time runs, and jumps by more than half a day now and then, so that coolings end
meanwhile. In the strict form nothing outlives its lease; in the rough form syncs and audits outlive theirs, and some
other hand changes records as well: then the laws hold for every write that the product makes, and the last audit mends
the rest.
"""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Lock

import pytest

from number_inventory.domain.audit_runs import ENDED, AuditMode, AuditScope, RunState
from number_inventory.domain.cooling import CoolingSettings
from number_inventory.domain.decisions import Decision, Stamp
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import (
    AuditUnderWayError,
    DeviceUnreachableError,
    RuleViolationError,
)
from number_inventory.domain.findings import FindingOutcome
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION
from number_inventory.domain.management import add_number, assign, cool, release_early, reserve, unassign, unreserve
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage
from number_inventory.ports.devices import DeviceHead
from number_inventory.services.held_removals import ApproveRemovals
from number_inventory.services.sync_summary import SyncResult
from tests.contract.audit_scene import BUDGET, Product
from tests.contract.conftest import Aws
from tests.contract.made import CUSTOMER
from tests.memory.clock import START
from tests.memory.law_watch import LawWatch

NUMBERS = [f"+4930{index:04d}" for index in range(32)]
DEVICES = ("sbc1", "sbc2", "sbc3", "sbc4")
IN_USE = {Status.USED, Status.USED_UTILITY}
JUMP = timedelta(hours=13)
ROUGH_BUDGET = timedelta(hours=12)
OTHER_HAND = "some other hand"
TURNS, ROUNDS = 3, 1_000
"""How often all comes to rest in the long form, and after how many rounds."""


class RunningClock:
    """Runs as real time does, from where the tests begin, and jumps when told to."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._jumped = timedelta(0)

    @property
    def at(self) -> datetime:
        """The present instant."""
        return START + timedelta(seconds=time.monotonic() - self._began) + self._jumped

    def now(self) -> datetime:
        """The present instant."""
        return self.at

    def jump(self, by: timedelta) -> None:
        """Only one thread does this at a time."""
        self._jumped += by


class Rounds:
    """Counts what all threads do, until enough was done or one of them failed."""

    def __init__(self, wanted: int) -> None:
        self.done = 0
        self._wanted = wanted
        self._lock = Lock()
        self._failed = Event()

    def __iter__(self) -> Iterator[int]:
        while not self._failed.is_set():
            with self._lock:
                if self.done >= self._wanted:
                    return
                self.done += 1
                this = self.done
            yield this

    @property
    def over(self) -> bool:
        """Whether there is nothing more to do."""
        return self._failed.is_set() or self.done >= self._wanted

    def fail(self) -> None:
        """Let all threads come to their end."""
        self._failed.set()


class Scene:
    """Four devices whose phones come and go, one customer, and everybody who has to do with its numbers."""

    def __init__(self, aws: Aws, seed: int, *, rough: bool) -> None:
        self.clock = RunningClock()
        self.product = Product(aws, self.clock, budget=ROUGH_BUDGET if rough else BUDGET)
        self.rough = rough
        self.seed = seed
        self.keys = [self.product.add_device(name) for name in DEVICES]
        self.phones: dict[DeviceKey, set[str]] = {key: set() for key in self.keys}
        self.watch = LawWatch(self.clock)  # type: ignore[arg-type]
        self.product.observers.append(self._watch)
        self.audits = 0
        self.corrected = 0
        aws.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "1")

    def _watch(self, before: NumberRecord | None, after: NumberRecord) -> None:
        if after.updated_by == OTHER_HAND or (before is not None and _damaged(before)):
            return
        self.watch(before, after)
        if before is not None and before.status is Status.COOLING and after.status is Status.AVAILABLE:
            early = after.updated_by.startswith("operator:")
            assert early or (before.release_date is not None and after.updated_at is not None)
            assert early or before.release_date <= after.updated_at, f"released early: {before} -> {after}"  # type: ignore[operator]

    # --- who does what

    def actors(self) -> list[Callable[[random.Random], None]]:
        """What each thread does, round after round."""
        syncs = [partial(self.sync, key) for key in self.keys] * 2
        commands = [self.command] * 4
        audits = [partial(self.audit, BUDGET), partial(self.audit, BUDGET), partial(self.audit, timedelta(0))]
        others = [self.damage, self.damage] if self.rough else []
        return [*syncs, self.release, self.release, *commands, *audits, *others]

    def sync(self, key: DeviceKey, chance: random.Random) -> None:
        """Phones come and go, and the device is asked; now and then it does not answer, or not for all."""
        phones = self.phones[key]
        for number in chance.sample(NUMBERS, chance.randrange(4)):
            self.phones[key] = phones = phones ^ {number}
        self.product.source.incomplete[key] = chance.choice(["", "", "", "", "cut off"])
        if chance.random() < 0.05:
            self.product.source.shows[key] = DeviceUnreachableError("no route")
        else:
            self.product.device_shows(key, phones)
        self.product.sync(key)

    def release(self, _chance: random.Random) -> None:
        self.product.release_cooled.release()

    def command(self, chance: random.Random) -> None:
        """An operator does something to a number, on what he has just read."""
        number, stamp = chance.choice(NUMBERS), Stamp(self.clock.now(), "operator:ann", "asked for")
        record = self.product.inventory.get(CUSTOMER, number)
        settings = CoolingSettings(enabled=True, days=1)
        commands: list[Callable[[NumberRecord], Decision]] = [
            lambda found: assign(found, "Microsoft", Usage.USER, "ann", stamp),
            lambda found: unassign(found, settings, stamp),
            lambda found: reserve(found, "ann", None, "", stamp),
            lambda found: unreserve(found, stamp),
            lambda found: cool(found, 1, stamp),
            lambda found: release_early(found, stamp),
        ]
        if record is None:
            decision = add_number(None, NumberRecord(customer=CUSTOMER, number=number), stamp)
            self.product.inventory.save([decision])
            return
        with suppress(RuleViolationError):
            self.product.inventory.save([chance.choice(commands)(record)])

    def audit(self, budget: timedelta, chance: random.Random) -> None:
        """Audit and correct, as far as nobody else is at it."""
        start, name = self.product.start_audit, f"worker-{chance.random()}"
        try:
            run = start.open(AuditScope(customer=CUSTOMER, mode=AuditMode.CORRECT), "test")
        except AuditUnderWayError:
            time.sleep(0.01)
            return
        while run.state not in ENDED:
            done = self.product.run_audit(budget)(run.customer, run.id, run.step, f"{name}-{run.step}")
            if done is None:
                return
            run = done
        self.audits += 1
        self.corrected += run.total(FindingOutcome.CORRECTED)

    def damage(self, chance: random.Random) -> None:
        """Some other hand writes what no rule allows; it, too, only changes what it has read."""
        time.sleep(0.02)
        number = chance.choice(NUMBERS)
        record = self.product.inventory.get(CUSTOMER, number)
        if record is None:
            return
        stranger = Holder(chance.choice(DEVICES), START, 1)
        ways = [
            replace(record, holders=(stranger,)),
            replace(record, holders=()),
            replace(record, usage=Usage.HUNT_PILOT),
            replace(record, status=Status.USED, vendor=AUDIOCODES, usage=Usage.DEVICE, release_date=None),
            replace(record, status=Status.AVAILABLE, vendor="", usage=Usage.NONE, release_date=None),
            replace(record, status=Status.COOLING, release_date=None),
        ]
        decision = replace(_no_decision(record), after=replace(chance.choice(ways), updated_by=OTHER_HAND))
        self.product.inventory.save([decision])

    # --- who watches

    def let_time_pass(self, rounds: Rounds) -> None:
        """Until all is over."""
        while not rounds.over:
            time.sleep(0.4)
            self.clock.jump(JUMP)

    def observe(self, rounds: Rounds) -> None:
        """Read everything again and again: versions only grow, and what a settled device holds is never free."""
        versions: dict[str, int] = {}
        while not rounds.over:
            for number, record in self.product.all_numbers(NUMBERS).items():
                assert record.version >= versions.get(number, 0), f"{number} went back"
                versions[number] = record.version
                assert self.rough or record.status in IN_USE or not record.holders
            if not self.rough:
                self.check_settled_devices()

    def check_settled_devices(self) -> int:
        """What a settled device holds is used, and names it, as long as nothing of the device moves; how many did."""
        settled = 0
        for name, head in self.product.aws.devices.heads(CUSTOMER).items():
            if not isinstance(head, DeviceHead) or not head.settled:
                continue
            held = list(self.product.aws.registrations.look(head).held)
            records = self.product.all_numbers(held)
            again = self.product.aws.devices.heads(CUSTOMER, [name])[name]
            if not isinstance(again, DeviceHead) or again.sync != head.sync:
                continue
            settled += 1
            for number in held:
                record = records.get(number)
                assert record is not None, f"{number} is on {name} and not in the inventory"
                assert record.status in IN_USE, f"{number} is on {name}: {record}"
                assert record.holder(name) is not None, f"{number} is on {name}: {record}"
        return settled

    # --- all together

    def play(self, wanted: int) -> None:
        """Let everybody act at once, until so many rounds were made."""
        rounds = Rounds(wanted)

        def act(index: int, actor: Callable[[random.Random], None]) -> None:
            chance = random.Random(self.seed * 100 + index)  # noqa: S311 - repeatable choices, not secrets
            for _ in rounds:
                actor(chance)

        def guarded(work: Callable[[], None]) -> None:
            try:
                work()
            except BaseException:
                rounds.fail()
                raise

        works = [partial(act, index, actor) for index, actor in enumerate(self.actors())]
        works += [partial(self.observe, rounds), partial(self.let_time_pass, rounds)]
        assert len(works) >= 16
        with ThreadPoolExecutor(len(works)) as pool:
            for future in [pool.submit(guarded, work) for work in works]:
                future.result()

    def settle(self) -> None:
        """In the end every device answers and is synced, and whatever is left to an audit is approved."""
        self.clock.jump(2 * BUDGET)
        for key in self.keys:
            self.product.source.incomplete[key] = ""
            self.product.device_shows(key, self.phones[key])
            summary = self.product.sync(key)
            if summary.held_removals:
                # Many went while few syncs came to their end: the guard asks a person, and the person approves.
                approve = ApproveRemovals(self.product.aws.devices, self.clock)
                approve(key, summary.held_removals.checksum, "operator:ann")
                summary = self.product.sync(key)
            assert summary.result in {SyncResult.APPLIED, SyncResult.UNCHANGED}
            assert not summary.removals_wait
        report = self.product.audit(AuditMode.REPORT)
        done = self.product.audit(AuditMode.CORRECT, plan=report.checksum)
        assert done.state is RunState.FINISHED
        assert done.total(FindingOutcome.CORRECTED) == report.total(FindingOutcome.REPORTED)


def _no_decision(record: NumberRecord) -> Decision:
    return add_number(record, record, Stamp(START, "", ""))


def _damaged(record: NumberRecord) -> bool:
    """Whether a record is as no rule of the product leaves one."""
    free_but_held = bool(record.holders) and record.status not in IN_USE
    return free_but_held or (record.status is Status.COOLING) != (record.release_date is not None)


def check_all_is_well(scene: Scene) -> None:
    """Nothing is left to correct, every record says what the devices show, and nothing is written any more."""
    writes = scene.watch.writes
    for mode in (AuditMode.CORRECT, AuditMode.REPORT):
        run = scene.product.audit(mode)
        assert run.total() == run.total(FindingOutcome.LEFT)
        assert (run.moving, run.held_back) == (0, 0)
    assert scene.watch.writes == writes
    assert scene.check_settled_devices() == len(DEVICES)
    for number, record in scene.product.all_numbers(NUMBERS).items():
        shown = {key.name for key, phones in scene.phones.items() if number in phones}
        assert {holder.device for holder in record.holders} == shown, record
        assert record.status in IN_USE if shown else (record.status, record.vendor) != (Status.USED, AUDIOCODES)
        assert (record.status is Status.COOLING) == (record.release_date is not None)
    missing = set.union(*scene.phones.values()) - scene.product.all_numbers(NUMBERS).keys()
    assert not missing

    scene.clock.jump(timedelta(days=1000))
    scene.product.release_cooled.release()
    found = scene.product.all_numbers(NUMBERS).values()
    assert not [record for record in found if record.status is Status.COOLING], "forgotten"
    assert not [record for record in found if record.status is Status.AVAILABLE and record.holders]


FORMS = pytest.mark.parametrize("rough", [False, True], ids=["strict", "rough"])


@FORMS
def test_everything_at_once(database: Aws, rough: bool) -> None:
    """GIVEN syncs, releases, commands and audits at once WHEN all has settled THEN no law was broken, all is true."""
    scene = Scene(database, seed=1, rough=rough)
    scene.play(200)
    scene.settle()
    check_all_is_well(scene)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 5))
@FORMS
def test_everything_at_once_for_long(
    database: Aws, rough: bool, seed: int, record_property: Callable[[str, object], None]
) -> None:
    """GIVEN thousands of rounds WHEN all has settled THEN the same."""
    scene = Scene(database, seed=seed, rough=rough)
    for _ in range(TURNS):
        scene.play(ROUNDS)
        scene.settle()
        check_all_is_well(scene)
    assert scene.audits
    record_property("threads", len(scene.actors()) + 2)
    record_property("rounds", TURNS * ROUNDS)
    record_property("number writes", scene.watch.writes)
    record_property("audits", scene.audits)
    record_property("corrections", scene.corrected)
