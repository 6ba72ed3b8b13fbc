"""The NumberJobs port: jobs that one worker has at a time, their numbers, and what became of each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.errors import NotFoundError, RecordBrokenError
from number_inventory.domain.number_jobs import AddOutcome, JobState, NumberJob
from number_inventory.ports.number_jobs import NumberJobs
from number_inventory.ports.turns import Claim
from number_inventory.services.look_at_number_jobs import LookAtNumberJobs, OutcomeQuery
from number_inventory.services.run_number_job import RunNumberJob
from tests.contract.conftest import RETENTION, Aws, Ports
from tests.contract.made import CUSTOMER, NOW, put, used
from tests.memory.clock import SettableClock
from tests.memory.number_jobs import MemoryNumberJobWorkers

MINUTE = timedelta(minutes=1)
CREATED, EXISTED, FAILED = AddOutcome.CREATED, AddOutcome.EXISTED, AddOutcome.FAILED
FIRST = "20260301T120001000-00000a"


def made(job_id: str = FIRST, **fields: object) -> NumberJob:
    """A job of seven numbers, three a stretch."""
    job = NumberJob(
        id=job_id,
        customer=CUSTOMER,
        requested_by="api",
        total=7,
        stretch=3,
        first="+4930100",
        last="+4930106",
        state=JobState.QUEUED,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(job, **fields)  # type: ignore[arg-type]


@pytest.fixture
def jobs(ports: Ports) -> NumberJobs:
    return ports.jobs


def take(jobs: NumberJobs, worker: str = "w1", at: int = 0, step: int = 0) -> Claim[NumberJob] | None:
    """Claim the job `at` minutes from now, for five minutes."""
    return jobs.claim(CUSTOMER, FIRST, step, worker, now=NOW + at * MINUTE, until=NOW + (at + 5) * MINUTE)


def taken(jobs: NumberJobs, worker: str = "w1", at: int = 0, step: int = 0) -> Claim[NumberJob]:
    """Claim a job that is to be had."""
    claim = take(jobs, worker, at, step)
    assert claim is not None
    return claim


def further(claim: Claim[NumberJob], *outcomes: AddOutcome) -> NumberJob:
    """The job with one more stretch."""
    return replace(claim.run.with_stretch(outcomes), state=JobState.RUNNING, updated_at=NOW + MINUTE)


def test_a_job_is_read_as_it_was_written(jobs: NumberJobs) -> None:
    """GIVEN a job with every part WHEN opened, and opened again THEN it is there once, as it was first."""
    job = made(description="desk", site="Berlin", tag="spare", cause="why", ended_at=NOW, step=3, done=2, failed=1)
    assert jobs.open(job, ()) == job
    assert jobs.get(CUSTOMER, FIRST) == job
    assert jobs.open(replace(job, site="Munich"), ()) == job
    assert jobs.get(CUSTOMER, FIRST) == job
    with pytest.raises(NotFoundError, match="20260301"):
        jobs.get("other", FIRST)


def test_numbers_of_a_list_come_back_stretch_by_stretch(jobs: NumberJobs) -> None:
    numbers = ["*21#", "+4930100", "+49302", "1", "2", "3", "4711"]
    listed = jobs.open(made(first="", last=""), numbers)
    assert [list(jobs.wanted(listed, index)) for index in range(3)] == [numbers[:3], numbers[3:6], numbers[6:]]
    ranged = jobs.open(made("other"), ())
    assert list(jobs.wanted(ranged, 2)) == ["+4930106"]


def test_a_job_that_is_opened_again_keeps_its_numbers(jobs: NumberJobs) -> None:
    """GIVEN a job of a list WHEN a release that cuts otherwise opens it again THEN its numbers stay."""
    numbers = ["1", "2", "3", "4", "5", "6", "7"]
    listed = jobs.open(made(first="", last=""), numbers)
    assert jobs.open(replace(listed, stretch=2), numbers) == listed
    assert [list(jobs.wanted(listed, index)) for index in range(3)] == [numbers[:3], numbers[3:6], numbers[6:]]


def test_a_job_never_tells_of_numbers_that_it_has_not_added(aws: Aws) -> None:
    """GIVEN numbers that are cut otherwise than their job WHEN it works THEN it is stopped, and has added none."""
    numbers = ["1", "2", "3", "4", "5", "6", "7"]
    job = aws.jobs.open(made(first="", last=""), numbers)
    [item] = [
        item for item in aws.client.scan(TableName=aws.tables.jobs)["Items"] if item["part"]["S"].startswith("job#")
    ]
    aws.client.delete_item(TableName=aws.tables.jobs, Key={name: item[name] for name in ("owner", "part")})
    aws.jobs.open(replace(job, stretch=2), numbers)
    aws.client.put_item(TableName=aws.tables.jobs, Item=item)

    run = RunNumberJob(
        jobs=aws.jobs,
        workers=MemoryNumberJobWorkers(),
        inventory=aws.inventory,
        clock=SettableClock(NOW),
        budget=MINUTE,
        sleep=lambda _seconds: None,
    )
    with pytest.raises(RecordBrokenError, match="holds 2 numbers, where the job has 3"):
        run(CUSTOMER, job.id, 0, "w1")
    assert (aws.jobs.get(CUSTOMER, FIRST).state, aws.jobs.get(CUSTOMER, FIRST).done) == (JobState.STOPPED, 0)
    assert dict(aws.inventory.get_many(CUSTOMER, numbers)) == {}


def test_a_stretch_and_how_far_the_job_is_stand_together(jobs: NumberJobs) -> None:
    """GIVEN a claim WHEN stretches are stored THEN job and outcomes are there; without the claim neither is."""
    jobs.open(made(), ())
    claim = taken(jobs)
    first = jobs.keep(claim, further(claim, CREATED, EXISTED, FAILED), (CREATED, EXISTED, FAILED))
    assert first is not None
    second = jobs.keep(first, further(first, CREATED, CREATED, CREATED), (CREATED,) * 3)
    assert second is not None
    assert jobs.get(CUSTOMER, FIRST) == second.run
    assert (second.run.done, second.run.created, second.run.existed, second.run.failed) == (6, 4, 1, 1)

    later = taken(jobs, "w2", at=10)
    assert jobs.keep(second, further(second, EXISTED), (EXISTED,)) is None
    assert jobs.get(CUSTOMER, FIRST) == later.run == second.run
    told = {index: tuple(outcomes) for index, outcomes in jobs.outcomes(later.run, 0)}
    assert told == {0: (CREATED, EXISTED, FAILED), 1: (CREATED,) * 3}
    assert [index for index, _ in jobs.outcomes(later.run, 1)] == [1]


def test_of_two_workers_one_has_the_job(jobs: NumberJobs) -> None:
    """GIVEN a worker WHEN another comes THEN it gets nothing, until the first one's time is over."""
    jobs.open(made(), ())
    taken(jobs, "w1")
    assert take(jobs, "w2", at=1) is None
    again = taken(jobs, "w1", at=1)
    assert take(jobs, "w2", at=5) is None, "its own retry took it for five minutes more"
    assert taken(jobs, "w2", at=6).run == again.run
    with pytest.raises(NotFoundError):
        jobs.claim(CUSTOMER, "nothing", 0, "w", now=NOW, until=NOW)


def test_a_job_goes_from_step_to_step_and_ends_once(jobs: NumberJobs) -> None:
    jobs.open(made(), ())
    claim = taken(jobs)
    handed = jobs.hand_over(claim, claim.run)
    assert handed is not None
    assert handed.step == 1
    assert take(jobs, "w2", step=0) is None
    assert jobs.hand_over(claim, claim.run) == handed, "what stands already was done"

    second = taken(jobs, "w2", step=1)
    assert jobs.hand_over(claim, claim.run) is None
    ended = replace(second.run, state=JobState.FINISHED, ended_at=NOW + MINUTE)
    assert not jobs.end(claim, ended)
    assert jobs.end(second, ended)
    assert jobs.end(second, ended)
    assert jobs.get(CUSTOMER, FIRST) == ended
    assert take(jobs, "w3", at=60, step=1) is None


def test_only_a_job_that_nobody_has_is_stopped(jobs: NumberJobs) -> None:
    jobs.open(made(), ())
    stopped = made(state=JobState.STOPPED, cause="nobody could be woken", ended_at=NOW)
    taken(jobs)
    assert not jobs.stop(stopped, NOW + MINUTE)
    assert jobs.stop(stopped, NOW + 5 * MINUTE)
    assert jobs.get(CUSTOMER, FIRST) == stopped
    assert jobs.stop(stopped, NOW + 5 * MINUTE)
    assert not jobs.stop(made("nothing"), NOW)


def test_jobs_are_listed_from_the_newest_page_by_page(jobs: NumberJobs) -> None:
    names = [f"20260301T1200{second:02d}000-00000a" for second in range(5)]
    for name in names:
        jobs.open(made(name, first="", last=""), ["1", "2"])
    jobs.open(made(customer="other"), ())
    for limit in (1, 2, 5, 100):
        found: list[str] = []
        after: str | None = None
        while True:
            page = jobs.page(CUSTOMER, limit, after)
            found += [each.id for each in page.jobs]
            after = page.last
            if after is None:
                break
            assert len(page.jobs) == limit
        assert found == names[::-1]
    assert jobs.page("nobody", 10, None).jobs == ()


def test_a_job_works_on_every_engine(ports: Ports) -> None:
    """GIVEN a range in which a number is held WHEN a job adds it THEN the gaps are filled, and it tells so."""
    put(ports.inventory, used("+4930103"))
    held = ports.inventory.get(CUSTOMER, "+4930103")
    job = ports.jobs.open(made(), ())
    parts = {"jobs": ports.jobs, "inventory": ports.inventory, "clock": SettableClock(NOW), "budget": MINUTE}
    run = RunNumberJob(workers=MemoryNumberJobWorkers(), sleep=lambda _seconds: None, **parts)  # type: ignore[arg-type]
    ended = run(CUSTOMER, job.id, 0, "w1")

    assert ended is not None
    assert (ended.state, ended.created, ended.existed) == (JobState.FINISHED, 6, 1)
    told = LookAtNumberJobs(ports.jobs).outcomes(OutcomeQuery(customer=CUSTOMER, job=job.id))
    assert [each.number for each in told.outcomes if each.outcome is EXISTED] == ["+4930103"]
    assert len(told.outcomes) == 7
    assert ports.inventory.get(CUSTOMER, "+4930103") == held


def test_everything_of_a_job_is_forgotten_in_time(aws: Aws) -> None:
    """GIVEN a job of a list WHEN its items are read THEN each has the second from which DynamoDB forgets it."""
    aws.jobs.open(made(first="", last=""), ["1", "2", "3", "4", "5", "6", "7"])
    claim = taken(aws.jobs)
    aws.jobs.keep(claim, further(claim, CREATED, CREATED, CREATED), (CREATED,) * 3)
    items = aws.client.scan(TableName=aws.tables.jobs)["Items"]

    assert len(items) == 5
    assert {item["expires_at"]["N"] for item in items} == {str(int((NOW + RETENTION).timestamp()))}


def test_a_broken_job_is_named_and_stops_no_listing(aws: Aws) -> None:
    aws.jobs.open(made(), ())
    aws.jobs.open(made("20260301T120009000-00000a"), ())
    key = {"owner": {"S": CUSTOMER}, "part": {"S": f"job#{FIRST}"}}
    aws.client.update_item(
        TableName=aws.tables.jobs,
        Key=key,
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": {"S": "asleep"}},
    )
    with pytest.raises(RecordBrokenError, match=f"job {FIRST} of customer acme"):
        aws.jobs.get(CUSTOMER, FIRST)
    assert [each.id for each in aws.jobs.page(CUSTOMER, 10, None).jobs] == ["20260301T120009000-00000a"]
    assert len(aws.broken) == 1
