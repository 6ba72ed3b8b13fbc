"""`numbers add --range` and `jobs`: what is asked for, how it is waited for, what is told, and how it ends."""

import json
from datetime import timedelta

import pytest

from cli.job_wait import progress_of
from functions.number_api.job_bodies import JobBody
from number_inventory.bootstrap import number_jobs, process
from number_inventory.domain.number_jobs import JOB_ENDED
from number_inventory.domain.numbers import NumberRecord
from number_inventory.services.look_at_number_jobs import LookAtNumberJobs
from number_inventory.services.manage_numbers import NumberDetails
from number_inventory.services.run_number_job import RunNumberJob
from number_inventory.services.start_number_job import StartNumberJob
from tests.memory.clock import START, SettableClock
from tests.memory.inventory import MemoryInventory
from tests.memory.number_jobs import MemoryNumberJobs, MemoryNumberJobWorkers
from tests.unit.cli.conftest import Call

RANGE = ("+4930000", "+4930299")


class JobDesk:
    """Jobs in memory; while somebody waits, a worker does one step a look."""

    def __init__(self) -> None:
        self.clock = SettableClock(START)
        self.inventory = MemoryInventory()
        self.jobs = MemoryNumberJobs()
        workers = MemoryNumberJobWorkers()
        names = iter(range(10, 20))
        self.start = StartNumberJob(
            self.jobs, workers, self.clock, lambda _at: f"20260301T120000000-0000{next(names):x}a", stretch=100
        )
        self.look = LookAtNumberJobs(self.jobs)
        self.work = RunNumberJob(
            jobs=self.jobs,
            workers=workers,
            inventory=self.inventory,
            clock=self.clock,
            budget=timedelta(milliseconds=100),
            sleep=lambda _seconds: None,
        )
        self.waited = 0.0
        self.idle = False

    def sleep(self, seconds: float) -> None:
        """Let time pass, in which a worker does one step of the newest job."""
        self.waited += seconds
        [job, *_] = self.jobs.page("default", 1, None).jobs
        if not self.idle and job.state not in JOB_ENDED:
            self.work("default", job.id, job.step, f"w{job.step}")


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> JobDesk:
    desk = JobDesk()
    monkeypatch.setattr(number_jobs, "start_number_job", lambda _settings: desk.start)
    monkeypatch.setattr(number_jobs, "look_at_number_jobs", lambda _settings: desk.look)
    monkeypatch.setattr(process, "clock", lambda: SettableClock(START + timedelta(minutes=3)))
    monkeypatch.setattr("cli.request.connect", lambda _target: None)
    monkeypatch.setattr("cli.waiting.monotonic", lambda: desk.waited)
    monkeypatch.setattr("cli.waiting.sleep", desk.sleep)
    monkeypatch.setenv("LOGNAME", "alice")
    return desk


def test_a_range_is_added_and_waited_for(jobs: JobDesk, call: Call) -> None:
    """GIVEN a long range WHEN added THEN a job adds it, and its end is told."""
    ended = call("numbers", "add", "--range", *RANGE, "--site", "Berlin")
    assert (ended.code, ended.err) == (0, "")
    assert "State     finished\n" in ended.out
    assert "Adds      +4930000 to +4930299\n" in ended.out
    assert "By        operator:alice\n" in ended.out
    assert "Created   300\n" in ended.out
    assert len(jobs.inventory.all()) == 300


def test_json_is_what_the_api_shows(jobs: JobDesk, call: Call) -> None:
    ended = call("numbers", "add", "--range", *RANGE, "--json")
    shown = json.loads(ended.out)["job"]
    assert JobBody.model_validate(shown).model_dump(mode="json") == shown
    assert (shown["state"], shown["created"], shown["step"]) == ("finished", 300, 2)


def test_who_does_not_wait_is_told_how_to_look(jobs: JobDesk, call: Call) -> None:
    begun = call("-c", "acme", "numbers", "add", "--range", *RANGE, "--no-wait")
    [job] = jobs.jobs.page("acme", 9, None).jobs
    assert begun.out == (
        f"Job {job.id} adds 300 numbers. How far it is:\n  number-inventory -c acme jobs show {job.id}\n"
    )


def test_a_job_that_takes_too_long_goes_on(jobs: JobDesk, call: Call) -> None:
    jobs.idle = True
    ended = call("numbers", "add", "--range", *RANGE, "--timeout", "7")
    assert ended.code == 1
    assert "is still queued after 7 seconds and goes on; see: number-inventory jobs show 2026" in ended.err


def test_numbers_that_could_not_be_added_are_named(jobs: JobDesk, call: Call) -> None:
    """GIVEN a broken record in the range WHEN added THEN exit code 1, and the command that names it works."""
    jobs.inventory.put(NumberRecord(customer="default", number="+4930007"))
    jobs.inventory.unreadable.add("+4930007")
    ended = call("numbers", "add", "--range", *RANGE)
    assert ended.code == 1
    command = ended.err.strip().rpartition("see: number-inventory ")[2]
    assert call(*command.split()).out == "Number    Outcome\n+4930007  failed\n"
    told = json.loads(call("jobs", "outcomes", "latest", "--limit", "2", "--json").out)
    assert told["outcomes"] == [{"number": f"+493000{n}", "outcome": "created"} for n in (0, 1)]
    assert told["more"] is True


def test_jobs_are_listed_shown_and_resumed(jobs: JobDesk, call: Call) -> None:
    nothing = call("jobs", "list")
    assert "Customer default has no job; this would begin one:\n" in nothing.out
    call("numbers", "add", "--range", *RANGE)
    call("numbers", "add", "--range", *RANGE, "--no-wait")
    listed = call("jobs", "list").out.splitlines()
    assert [line.split()[1] for line in listed[1:]] == ["queued", "finished"]
    resumed = call("jobs", "resume", "latest")
    assert resumed.out.startswith("A worker is woken for job 2026")
    shown = call("jobs", "show", "latest", "--wait", width=100)
    assert shown.code == 0
    assert "Existed   300; nothing about them changed" in shown.out


def test_a_range_and_numbers_do_not_go_together(call: Call) -> None:
    for words in ([], ["4711", "--range", *RANGE]):
        refused = call("numbers", "add", *words)
        assert (refused.code, "give numbers, or a first and a last one" in refused.err) == (2, True)
    assert call("jobs", "outcomes", "x", "--outcome", "lost").code == 2


def test_progress_tells_how_much_is_done(jobs: JobDesk) -> None:
    job = jobs.start.of_range("default", *RANGE, NumberDetails(), by="operator:alice")
    assert progress_of(job) == ("Waiting for its turn", 0, None)
    jobs.sleep(1)
    assert progress_of(jobs.jobs.get("default", job.id)) == ("Adding numbers: 100 of 300", 100, 300)
