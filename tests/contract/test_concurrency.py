"""Many at once, on engines where two conditional writers can never both win."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest

from number_inventory.adapters.dynamodb.inventory import DynamoInventory
from number_inventory.domain.audit_runs import RunState
from number_inventory.domain.commands import Assign, Command, Cool, Reserve
from number_inventory.domain.decisions import Decision
from number_inventory.domain.devices import DeviceState
from number_inventory.domain.errors import AlreadyExistsError, NotFoundError, RuleViolationError
from number_inventory.domain.lifecycle import Registration, registered, release_due
from number_inventory.domain.management import assign
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.ports.devices import RegisterHead
from number_inventory.ports.numbers import Inventory, WriteResult
from number_inventory.services.change_numbers import ChangeNumbers
from number_inventory.services.manage_numbers import ManageNumbers
from number_inventory.services.next_available import ClaimAvailable
from tests.contract.conftest import Aws
from tests.contract.made import CUSTOMER, KEY, NOW, cooling, device, listed, put, record, run, stamp, used, written

THREADS = 16
_T = TypeVar("_T")


def at_once(acts: Sequence[Callable[[], _T]]) -> list[_T]:
    """Do all of them at the same moment, each in a thread of its own."""
    barrier = Barrier(len(acts))

    def act(one: Callable[[], _T]) -> _T:
        barrier.wait()
        return one()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def save_one(aws: Aws, decision: Decision) -> WriteResult:
    """Save one decision."""
    return aws.inventory.save([decision])[0]


def test_exactly_one_of_many_assigns_wins(metered: Aws) -> None:
    """GIVEN one Available number and 16 requests at once THEN exactly one wins, round after round (law 2)."""
    for number in listed(25):
        [stored] = put(metered.inventory, record(number))
        decisions = [
            assign(stored, f"vendor-{index}", Usage.USER, "", stamp(f"operator:{index}")) for index in range(THREADS)
        ]
        results = at_once([partial(save_one, metered, decision) for decision in decisions])
        assert Counter(results) == {WriteResult.WRITTEN: 1, WriteResult.SUPERSEDED: THREADS - 1}
        winner = decisions[results.index(WriteResult.WRITTEN)].after
        assert metered.inventory.get(CUSTOMER, number) == replace(winner, version=2)


def test_same_request_sent_many_times_wins_once(metered: Aws) -> None:
    """GIVEN the very same decision 16 times at once THEN one is written, and none takes it for its own."""
    for number in listed(10):
        [stored] = put(metered.inventory, record(number))
        decision = assign(stored, "Microsoft", Usage.USER, "", stamp())
        results = at_once([partial(save_one, metered, decision)] * THREADS)
        assert Counter(results) == {WriteResult.WRITTEN: 1, WriteResult.SUPERSEDED: THREADS - 1}


def crowd(aws: Aws, count: int) -> list[Callable[[Command], NumberRecord]]:
    """So many callers of several processes, who all want number 4711."""
    others = [DynamoInventory(aws.engine.session().dynamodb(), aws.tables.numbers) for _ in range(3)]
    managers = [ManageNumbers(inventory, aws.macros, aws.clock) for inventory in (aws.inventory, *others)]
    return [partial(managers[index % 4].one, CUSTOMER, "4711", by=f"api:{index}") for index in range(count)]


def refused(act: Callable[[], NumberRecord]) -> NumberRecord | RuleViolationError:
    """What a caller gets: the number, or why not."""
    try:
        return act()
    except RuleViolationError as error:
        return error


@pytest.mark.parametrize("callers", [48, pytest.param(1000, marks=pytest.mark.long)])
def test_of_many_claims_of_a_number_one_wins_and_the_others_learn_who_has_it(
    database: Aws, callers: int, record_property: Callable[[str, object], None]
) -> None:
    """GIVEN one Available number WHEN so many assign it at once THEN one has it, and all others learn who (law 2)."""
    put(database.inventory, record("4711"))
    wishes = [
        partial(refused, partial(caller, Assign("Microsoft", Usage.USER, f"user-{index}")))
        for index, caller in enumerate(crowd(database, callers))
    ]
    answers = at_once(wishes)
    [winner] = [answer for answer in answers if isinstance(answer, NumberRecord)]
    assert database.inventory.get(CUSTOMER, "4711") == winner
    assert winner.version == 2
    refusals = [str(answer) for answer in answers if isinstance(answer, RuleViolationError)]
    assert len(refusals) == callers - 1
    assert all(f"assigned to {winner.assigned_to}" in refusal for refusal in refusals)
    record_property("callers", callers)


def test_of_all_that_is_asked_of_a_number_at_once_only_what_fits_is_done(database: Aws) -> None:
    """GIVEN a number WHEN it is assigned, reserved, cooled, registered and deleted at once THEN no law is broken."""
    manage = ManageNumbers(database.inventory, database.macros, database.clock)

    def delete(number: str) -> str:
        try:
            manage.delete(CUSTOMER, number, "api:x")
        except (RuleViolationError, NotFoundError):
            return ""
        return "deleted"

    def command(number: str, asked: Assign | Reserve | Cool) -> str:
        try:
            return manage.one(CUSTOMER, number, asked, "api:x").status
        except (RuleViolationError, NotFoundError):
            return ""

    def register(number: str) -> str:
        change = ChangeNumbers(database.inventory, lambda: True)
        registration = Registration(CUSTOMER, number, KEY.name, 1)
        change(CUSTOMER, [number], lambda _, found: registered(found, registration, stamp("sync")))
        assert change.report.finished
        return "registered"

    for number in listed(12):
        put(database.inventory, record(number))
        asked: list[Assign | Reserve | Cool] = [Assign("Microsoft", Usage.USER, "alice"), Reserve("bob"), Cool(5)]
        acts = [partial(delete, number), partial(register, number), *(partial(command, number, each) for each in asked)]
        done = at_once(acts * 3)
        assert done.count("deleted") <= 1
        assert sum(done.count(status) > 0 for status in (Status.USED, Status.RESERVED, Status.COOLING, "deleted")) <= 2
        after = database.inventory.get(CUSTOMER, number)
        assert after is not None
        assert after.status is Status.USED
        assert [holder.device for holder in after.holders] == [KEY.name]
        assert (after.vendor == "Microsoft") == (after.assigned_to == "alice")


@pytest.mark.parametrize("callers", [24, pytest.param(100, marks=pytest.mark.long)])
def test_callers_of_the_next_available_number_each_get_their_own(
    database: Aws, callers: int, record_property: Callable[[str, object], None]
) -> None:
    """GIVEN as many Available numbers as callers WHEN all claim at once, all for one assignee THEN each gets one."""
    put(database.inventory, *(record(number) for number in listed(callers)))
    claim = ClaimAvailable(database.inventory, database.clock)
    ask = partial(claim, CUSTOMER, 1, "", contiguous=False, command=Assign("", Usage.USER, "pool"), by="api:x")
    taken = [record.number for records in at_once([ask] * callers) for record in records]
    assert sorted(taken) == listed(callers)
    with pytest.raises(RuleViolationError, match="only 0 are available"):
        ask()
    record_property("callers", callers)


@pytest.mark.parametrize("contiguous", [False, True])
def test_claims_of_several_are_all_or_nothing(database: Aws, contiguous: bool) -> None:
    """GIVEN 40 numbers WHEN twelve claim five each THEN no number is given twice, and none is left half-claimed."""
    put(database.inventory, *(record(number) for number in listed(40)))
    claim = ClaimAvailable(database.inventory, database.clock)

    def ask(caller: int) -> list[str]:
        command = Assign("", Usage.USER, f"pool-{caller}")
        try:
            taken = claim(CUSTOMER, 5, "", contiguous=contiguous, command=command, by=f"api:{caller}")
        except RuleViolationError:
            return []
        return [record.number for record in taken]

    got = at_once([partial(ask, caller) for caller in range(12)])
    taken = [number for numbers in got for number in numbers]
    assert len(taken) == len(set(taken))
    assert {len(numbers) for numbers in got} <= {0, 5}
    stored = database.inventory.get_many(CUSTOMER, listed(40))
    assert {number for number, each in stored.items() if each.status is Status.USED} == set(taken)
    for caller, numbers in enumerate(got):
        assert {stored[number].assigned_to for number in numbers} <= {f"pool-{caller}"}
        if contiguous and numbers:
            assert numbers == listed(5, listed(40).index(numbers[0]))
    assert len(taken) >= 15


def test_exactly_one_of_many_creates_a_number(metered: Aws) -> None:
    for number in listed(10):
        news = [written(record(number, tag=str(index))) for index in range(THREADS)]
        results = at_once([partial(save_one, metered, new) for new in news])
        assert Counter(results) == {WriteResult.WRITTEN: 1, WriteResult.SUPERSEDED: THREADS - 1}


def test_release_and_return_at_once_never_leave_a_held_number_available(metered: Aws) -> None:
    """GIVEN a due number WHEN it is released and comes back at the same moment THEN the loser sees that it lost."""
    for number in listed(25):
        [stored] = put(metered.inventory, cooling(number, until=NOW))
        release = release_due(stored, NOW, stamp("release"))
        assert release is not None
        comes = registered(stored, Registration(CUSTOMER, number, KEY.name, 1), stamp("sync"))
        acts = [partial(save_one, metered, decision) for decision in (release, comes) * 8]
        results = at_once(acts)
        assert Counter(results)[WriteResult.WRITTEN] == 1
        after = metered.inventory.get(CUSTOMER, number)
        assert after is not None
        assert after.version == 2
        assert (after.status is Status.AVAILABLE) == (not after.holders)


def test_batches_that_overlap_write_each_number_once(database: Aws) -> None:
    """GIVEN eight batches of the same 40 numbers at once THEN each number is written by exactly one of them."""
    stored = put(database.inventory, *(record(number) for number in listed(40)))
    batches = [
        [written(replace(each, tag=f"batch {batch}"), each) for each in (stored if batch % 2 else stored[::-1])]
        for batch in range(8)
    ]
    results = at_once([partial(database.inventory.save, batch) for batch in batches])
    wins = Counter(
        decision.after.number
        for batch, outcome in zip(batches, results, strict=True)
        for decision, result in zip(batch, outcome, strict=True)
        if result is WriteResult.WRITTEN
    )
    assert wins == dict.fromkeys(listed(40), 1)
    assert {each.version for each in database.inventory.get_many(CUSTOMER, listed(40)).values()} == {2}


def test_one_of_many_gets_the_lease(metered: Aws) -> None:
    """GIVEN a device and 16 workers at once THEN one has its lease; expired, again one; numbers only grow."""
    metered.devices.add(device())
    last = 0
    for turn in range(20):
        now = NOW + timedelta(minutes=turn)
        acts = [partial(metered.devices.acquire, KEY, now, now + timedelta(minutes=1))] * THREADS
        leases = [lease for lease in at_once(acts) if lease is not None]
        assert len(leases) == 1
        assert leases[0].sync > last
        last = leases[0].sync
        if turn % 2:
            assert metered.devices.finish(leases[0], DeviceState(), RegisterHead("x", ""))


def test_one_of_many_adds_a_device(metered: Aws) -> None:
    def add(address: str) -> bool:
        try:
            metered.devices.add(device(address=address))
        except AlreadyExistsError:
            return False
        return True

    added = at_once([partial(add, f"https://192.0.2.{index}") for index in range(THREADS)])
    assert added.count(True) == 1
    assert metered.devices.get(KEY).device.address == f"https://192.0.2.{added.index(True)}"


def test_increments_by_many_are_never_lost(metered: Aws) -> None:
    """GIVEN 16 writers that read, add one and write until they win THEN every one of them is counted."""
    put(metered.inventory, used("1", extra1="0"))
    other_process = DynamoInventory(metered.engine.session().dynamodb(), metered.tables.numbers)

    def add_one(inventory: Inventory) -> int:
        for tries in range(1, 500):
            before = inventory.get(CUSTOMER, "1")
            assert before is not None
            after = replace(before, extra1=str(int(before.extra1) + 1))
            if inventory.save([written(after, before)]) == [WriteResult.WRITTEN]:
                return tries
        raise AssertionError("never won")

    at_once([partial(add_one, (metered.inventory, other_process)[index % 2]) for index in range(THREADS)])
    after = metered.inventory.get(CUSTOMER, "1")
    assert after is not None
    assert (after.extra1, after.version) == (str(THREADS), THREADS + 1)


def test_one_of_many_audits_of_a_customer_is_opened(metered: Aws) -> None:
    """GIVEN 16 audits of a customer opened at once THEN one is stored and all are told which; its time over, again."""
    until = timedelta(minutes=1)
    for turn in range(10):
        now = NOW + turn * until
        wanted = [run(f"20260301T12{turn:02d}00-{index:06x}") for index in range(THREADS)]
        opened = at_once([partial(metered.audits.open, each, now + until, now) for each in wanted])
        assert len({each.id for each in opened}) == 1
        stored = metered.audits.page(CUSTOMER, 100, None).runs
        assert len(stored) == turn + 1
        assert stored[0] == opened[0]


def test_same_audit_opened_many_times_is_opened_once(metered: Aws) -> None:
    opened = at_once([partial(metered.audits.open, run(), NOW + timedelta(minutes=1), NOW)] * THREADS)
    assert opened == [run()] * THREADS
    assert metered.audits.page(CUSTOMER, 100, None).runs == (run(),)


def test_one_of_many_workers_gets_the_run(metered: Aws) -> None:
    """GIVEN a run and 16 workers at once THEN one has it, and after each handing over again one."""
    metered.audits.open(run(), NOW + timedelta(minutes=1), NOW)
    for step in range(10):
        now = NOW + timedelta(seconds=step)
        acts = [
            partial(
                metered.audits.claim, CUSTOMER, run().id, step, f"w{index}", now=now, until=now + timedelta(minutes=1)
            )
            for index in range(THREADS)
        ]
        [claim] = [claim for claim in at_once(acts) if claim is not None]
        handed = metered.audits.hand_over(claim, claim.run, now + timedelta(minutes=1))
        assert handed is not None
        assert handed.step == step + 1


def test_worker_and_whoever_abandons_its_run_never_both_win(metered: Aws) -> None:
    """GIVEN a run whose worker is late WHEN it ends the run as others abandon it THEN one end stands, whole."""
    for turn in range(10):
        new = run(f"20260301T12{turn:02d}00-00000a")
        metered.audits.open(new, NOW + timedelta(minutes=1), NOW)
        claim = metered.audits.claim(CUSTOMER, new.id, 0, "w1", now=NOW, until=NOW)
        assert claim is not None
        ends = [replace(new, state=RunState.STOPPED, ended_at=NOW, cause=f"end {index}") for index in range(THREADS)]
        acts = [partial(metered.audits.end, claim, end) for end in ends[:2]]
        acts += [partial(metered.audits.abandon, end, NOW) for end in ends[2:]]
        won = at_once(acts)
        assert won.count(True) == 1
        assert metered.audits.get(CUSTOMER, new.id) == ends[won.index(True)]
