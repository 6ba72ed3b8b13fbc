"""Jobs that add numbers: whatever interrupts them, each number is added once and told of truly."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from number_inventory.domain.errors import InvalidInputError, InventoryError, NotFoundError, StorageBusyError
from number_inventory.domain.errors import StorageRefusedError as Refused
from number_inventory.domain.number_jobs import JOB_ENDED, MAX_JOB_NUMBERS, AddOutcome, JobState, NumberJob
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.services.look_at_number_jobs import LookAtNumberJobs, OutcomeQuery
from number_inventory.services.manage_numbers import NumberDetails
from number_inventory.services.run_number_job import RunNumberJob
from number_inventory.services.start_number_job import StartNumberJob
from number_inventory.services.taking_turns import CLAIM_MARGIN
from tests.memory.clock import SettableClock
from tests.memory.fuse import Fuse, ProcessDiedError
from tests.memory.inventory import MemoryInventory
from tests.memory.number_jobs import MemoryNumberJobs, MemoryNumberJobWorkers

CUSTOMER = "acme"
BUDGET = timedelta(minutes=3)
CREATED, EXISTED, FAILED = AddOutcome.CREATED, AddOutcome.EXISTED, AddOutcome.FAILED
DETAILS = NumberDetails(description="desk", site="Berlin", tag="spare")


class Desk:
    """Jobs of three numbers a stretch, the inventory that they fill, and one number that is there already."""

    def __init__(self) -> None:
        self.fuse = Fuse()
        self.clock = SettableClock()
        self.slept: list[float] = []
        self.inventory = MemoryInventory(self.fuse)
        self.jobs = MemoryNumberJobs(self.fuse)
        self.workers = MemoryNumberJobWorkers(self.fuse)
        self.start = StartNumberJob(self.jobs, self.workers, self.clock, stretch=3)
        self.look = LookAtNumberJobs(self.jobs)
        self.inventory.put(NumberRecord(customer=CUSTOMER, number="4704", status=Status.RESERVED, reserved_for="ann"))
        self.before = self.inventory.get(CUSTOMER, "4704")

    def run(self, budget: timedelta = BUDGET) -> RunNumberJob:
        """The service as an invocation has it."""
        return RunNumberJob(
            jobs=self.jobs,
            workers=self.workers,
            inventory=self.inventory,
            clock=self.clock,
            budget=budget,
            sleep=self.slept.append,
        )

    def begin(self) -> NumberJob:
        """A job of ten numbers."""
        return self.start.of_range(CUSTOMER, "4700", "4709", DETAILS, "operator:ann")

    def work(self, job: NumberJob, worker: str = "worker", budget: timedelta = BUDGET) -> NumberJob:
        """Work on a job until it has ended."""
        while job.state not in JOB_ENDED:
            done = self.run(budget)(CUSTOMER, job.id, job.step, f"{worker}-{job.step}")
            assert done is not None, "somebody else works on the job"
            job = done
        return job

    def told(self, job: NumberJob) -> dict[str, AddOutcome]:
        """What the job tells of each of its numbers."""
        query = OutcomeQuery(customer=CUSTOMER, job=job.id)
        return {each.number: each.outcome for each in self.look.every_outcome(query)}


EXPECTED = {f"47{n:02d}": EXISTED if n == 4 else CREATED for n in range(10)}


def throttled() -> None:
    """An answer that never came, after all of the client's own retries."""
    raise StorageBusyError("throttled")


def test_a_job_fills_the_gaps_and_leaves_what_is_there() -> None:
    """GIVEN a range with a number in it that is reserved WHEN added THEN the others are new, and that one untouched."""
    desk = Desk()
    job = desk.work(desk.begin())

    assert (job.state, job.total, job.done) == (JobState.FINISHED, 10, 10)
    assert (job.created, job.existed, job.failed, job.cause) == (9, 1, 0, "")
    assert desk.told(job) == EXPECTED
    assert desk.inventory.get(CUSTOMER, "4704") == desk.before
    new = desk.inventory.get(CUSTOMER, "4709")
    assert new is not None
    assert (new.status, new.description, new.site, new.tag) == (Status.AVAILABLE, "desk", "Berlin", "spare")
    assert (new.created_by, new.reason) == (f"job:{job.id}", "added to the inventory for operator:ann")


def test_numbers_of_a_list_are_added_once_and_told_in_order() -> None:
    """GIVEN a list in any order, with doublets WHEN added THEN each number is one, in the order of spelling."""
    desk = Desk()
    job = desk.work(desk.start.of_numbers(CUSTOMER, ["*21#", "4704", "\\+4930", "4704", "12"], DETAILS, "api"))

    assert list(desk.told(job).items()) == [("*21#", CREATED), ("+4930", CREATED), ("12", CREATED), ("4704", EXISTED)]


@pytest.mark.parametrize("failure", [None, throttled], ids=["dies", "throttled"])
@pytest.mark.parametrize("worker", ["worker", "another"], ids=["tried again", "taken over"])
def test_a_job_interrupted_anywhere_ends_in_the_same_place(failure: Callable[[], None] | None, worker: str) -> None:
    """GIVEN a job interrupted at any point WHEN tried again or taken over THEN the same numbers, told the same."""
    reference = Desk()
    begun = reference.begin()
    passed = len(reference.fuse.passed)
    reference.work(begun)
    points = len(reference.fuse.passed) - passed
    assert points > 20

    for point in range(points):
        desk = Desk()
        job = desk.begin()
        desk.fuse.blow_at(point, failure)
        with suppress(ProcessDiedError, InventoryError):
            desk.work(job)
        assert not desk.fuse.armed
        label = desk.fuse.passed[passed + point]
        if worker == "another":
            desk.clock.at += BUDGET + CLAIM_MARGIN
        job = desk.jobs.get(CUSTOMER, job.id)
        job = desk.work(job, worker)

        assert desk.told(job) == EXPECTED, label
        assert (job.created, job.existed, job.done) == (9, 1, 10), label
        versions = {number: record.version for (_, number), record in desk.inventory.all().items()}
        assert versions.keys() == EXPECTED.keys(), label
        assert desk.inventory.get(CUSTOMER, "4704") == desk.before, label


@pytest.mark.parametrize("failure", [None, throttled], ids=["dies", "throttled"])
def test_a_job_that_is_begun_again_under_its_name_is_the_same_job(failure: Callable[[], None] | None) -> None:
    """GIVEN a start interrupted at any point WHEN made again with the same name THEN there is one job, and a worker."""
    for point in range(4):
        desk = Desk()
        start = StartNumberJob(desk.jobs, desk.workers, desk.clock, new_id=lambda _at: "the-job", stretch=3)
        desk.fuse.blow_at(point, failure)
        with suppress(ProcessDiedError, InventoryError):
            start.of_range(CUSTOMER, "4700", "4709", DETAILS, "api")
        assert not desk.fuse.armed
        job = start.of_range(CUSTOMER, "4700", "4709", DETAILS, "api")

        unwoken = failure is throttled and point in {2, 3}
        assert (job.id == "the-job") is not unwoken, "one that nobody could be woken for has ended: this is another"
        assert len(desk.look.page(CUSTOMER).jobs) == 1 + unwoken
        assert desk.workers.woken[-1] == (CUSTOMER, job.id, 0)
        assert desk.told(desk.work(job)) == EXPECTED


def test_a_job_handed_over_at_every_stretch_ends_in_the_same_place() -> None:
    """GIVEN so little time that every invocation does one stretch WHEN all have worked THEN the same end."""
    desk = Desk()
    job = desk.begin()
    desk.clock.tick = timedelta(seconds=1)
    ended = desk.work(job, budget=timedelta(seconds=6))

    assert ended.state is JobState.FINISHED
    assert ended.step > 2
    assert desk.workers.woken == [(CUSTOMER, job.id, step) for step in range(ended.step + 1)]
    assert desk.told(ended) == EXPECTED


def test_of_two_workers_one_has_the_job() -> None:
    """GIVEN a worker at a job WHEN another comes at any point THEN it finds nothing to do, and the end is the same."""
    point, armed = 0, True
    while armed:
        desk = Desk()
        job = desk.begin()
        seen: list[NumberJob | None] = []

        def come(desk: Desk = desk, job: NumberJob = job, seen: list[NumberJob | None] = seen) -> None:
            seen.append(desk.run()(CUSTOMER, job.id, 0, "another"))

        desk.fuse.blow_at(point, come)
        first = desk.run()(CUSTOMER, job.id, 0, "first")
        armed = not desk.fuse.armed
        point += 1

        winners = [each for each in (first, *seen) if each is not None]
        assert len(winners) == 1
        assert desk.told(winners[0]) == EXPECTED
    assert point > 20


def test_a_worker_that_is_late_stores_nothing() -> None:
    """GIVEN a worker asleep until another has the job WHEN it wakes THEN it stores no outcome and ends no job."""
    desk = Desk()
    job = desk.begin()

    def overslept() -> None:
        desk.clock.at += BUDGET + CLAIM_MARGIN
        assert desk.run()(CUSTOMER, job.id, 0, "another") is not None

    desk.fuse.blow_at(4, overslept)
    assert desk.run()(CUSTOMER, job.id, 0, "first") is None
    assert desk.told(job) == EXPECTED


def test_a_step_that_died_after_handing_over_wakes_the_next_when_it_is_tried_again() -> None:
    desk = Desk()
    job = desk.begin()
    claim = desk.jobs.claim(CUSTOMER, job.id, 0, "w", now=desk.clock.at, until=desk.clock.at)
    assert claim is not None
    desk.jobs.hand_over(claim, claim.run)

    assert desk.run()(CUSTOMER, job.id, 0, "w") is None
    assert desk.workers.woken[-1] == (CUSTOMER, job.id, 1)


def test_a_number_that_the_database_does_not_take_is_told_and_no_other_suffers() -> None:
    """GIVEN a broken record, and a write that is lost each time WHEN added THEN they failed, and the job says so."""
    desk = Desk()
    desk.inventory.unreadable.add("4704")
    job = desk.work(desk.begin())

    assert desk.told(job) == {**EXPECTED, "4704": FAILED}
    assert (job.state, job.failed) == (JobState.FINISHED, 1)
    assert "1 numbers could not be added" in job.cause


def test_a_number_whose_answer_was_lost_counts_as_created() -> None:
    """GIVEN a write that stands although its answer was lost WHEN looked at again THEN this job has created it."""
    desk = Desk()
    desk.inventory.answers_lost.add("4702")
    desk.inventory.writes_lost.add("4703")
    assert desk.told(desk.work(desk.begin())) == EXPECTED
    assert desk.slept[0] == 1.0, "it waits before it tries again"


def test_what_is_refused_for_good_stops_the_job_and_it_says_why() -> None:
    desk = Desk()
    job = desk.begin()

    def refused() -> None:
        raise Refused("no permission")

    desk.fuse.blow_at(3, refused)
    with pytest.raises(Refused):
        desk.work(job)
    stopped = desk.look.one(CUSTOMER, job.id)
    assert (stopped.state, stopped.cause) == (JobState.STOPPED, "no permission")
    assert desk.start.resume(CUSTOMER, job.id) == stopped
    assert len(desk.workers.woken) == 1, "what has ended is not begun again"


def test_a_job_that_lost_its_worker_is_resumed() -> None:
    desk = Desk()
    job = desk.begin()
    assert desk.start.resume(CUSTOMER, job.id) == job
    assert desk.workers.woken == [(CUSTOMER, job.id, 0)] * 2


def test_numbers_are_not_added_faster_than_the_index_takes_them() -> None:
    """GIVEN stretches that take no time WHEN there are more THEN the worker waits between them."""
    desk = Desk()
    desk.work(desk.begin())
    assert desk.slept == [3 / 800] * 3


@pytest.mark.parametrize("limit", [1, 2, 4, 100])
@pytest.mark.parametrize("outcome", [None, *AddOutcome])
def test_outcomes_come_page_by_page_and_filtered(limit: int, outcome: AddOutcome | None) -> None:
    """GIVEN a job WHEN its outcomes are paged THEN each that matches comes once, in order, whatever the limit."""
    desk = Desk()
    desk.inventory.unreadable.add("4704")
    job = desk.work(desk.begin())
    query = OutcomeQuery(customer=CUSTOMER, job=job.id, outcome=outcome)
    found: list[tuple[str, AddOutcome]] = []
    after: int | None = 0
    while after is not None:
        page = desk.look.outcomes(query, limit, after)
        assert len(page.outcomes) <= limit
        found += [(each.number, each.outcome) for each in page.outcomes]
        assert page.last is None or page.last > after
        after = page.last

    expected = {**EXPECTED, "4704": FAILED}
    assert found == [(number, each) for number, each in expected.items() if outcome in {None, each}]


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [("4700", "4699", "last"), ("470", "4700", "last"), ("*1", "*9", "last"), ("x", "4700", "first")],
)
def test_a_range_that_is_none_is_refused_and_nothing_stored(first: str, last: str, field: str) -> None:
    desk = Desk()
    with pytest.raises(InvalidInputError) as refused:
        desk.start.of_range(CUSTOMER, first, last, DETAILS, "api")
    assert refused.value.field == field
    assert desk.look.page(CUSTOMER).jobs == ()


def test_more_than_a_job_may_add_is_refused() -> None:
    desk = Desk()
    with pytest.raises(InvalidInputError, match="last"):
        desk.start.of_range(CUSTOMER, "100000", "200000", DETAILS, "api")
    with pytest.raises(InvalidInputError, match="numbers"):
        desk.start.of_numbers(CUSTOMER, ["1"] * (MAX_JOB_NUMBERS + 1), DETAILS, "api")
    with pytest.raises(InvalidInputError, match="site"):
        desk.start.of_range(CUSTOMER, "1", "9", NumberDetails(site="x\n"), "api")
    with pytest.raises(InvalidInputError, match="customer"):
        desk.start.of_numbers("ACME", ["1"], DETAILS, "api")
    assert desk.workers.woken == []


@pytest.mark.parametrize("name", ["nothing", "../x", ""])
def test_an_unknown_job_is_not_found(name: str) -> None:
    desk = Desk()
    with pytest.raises(NotFoundError, match="no job"):
        desk.look.one(CUSTOMER, name)
    with pytest.raises(NotFoundError, match="no job"):
        desk.start.resume(CUSTOMER, name)
