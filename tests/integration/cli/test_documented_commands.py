"""The commands that the pages show, run in their order by an operator of a fresh inventory."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from number_inventory.bootstrap import number_jobs, process
from number_inventory.domain.number_jobs import NumberJob
from number_inventory.settings import JobsSettings, RunJobSettings
from simulator.server import Simulator
from tests.engines.engine import Engine
from tests.integration.cli.operator import CANARY, Operator
from tests.integration.cli.test_audits import PlayedFunction, function
from tests.memory.clock import SettableClock
from tests.unit.docs.documented import PAGES, ROOT, Documented, blocks, commands, mentions
from tests.unit.docs.own_commands import PROGRAM, idle_parser, says_only_which

__all__ = ["function"]

PASSWORD = {"NUMBER_INVENTORY_DEVICE_PASSWORD": CANARY}
CLI = ROOT / "docs" / "cli.md"
OF_A_BEGINNER = (ROOT / "README.md", CLI, ROOT / "docs" / "from-voss.md")
DEVICES = ("sbc-1", "sbc-2", "arm-1")

NOT_RUN = {
    "--range": "would be 4,000 numbers here; a job of a hundred is run: tests/e2e/test_jobs.py has longer ones",
    "doctor": "looks at a deployed stack: tests/e2e/test_doctor.py",
    "--apply": "waits for minutes until the counts are right: tests/integration/cli/test_migration.py",
    "--fingerprint": "names a device behind Docker's bridge; tests/integration/cli/test_story.py pins one",
    "replay": "reads the stream of a deployed stack: tests/e2e/test_history.py",
    "berlin.csv": "is the worked example, below",
    "backup": "is of a whole stack: tests/e2e/test_recovery.py, tests/contract/test_backups.py",
    "--install-completion": "writes to the shell's configuration: tests/unit/cli/test_program.py asks in each shell",
}
"""Words of commands that are only parsed (tests/unit/docs), and why."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SettableClock:
    """The day before that on which the pages play."""
    clock = SettableClock(datetime(2026, 11, 24, 12, tzinfo=UTC))
    monkeypatch.setattr(process, "clock", lambda: clock)
    return clock


class PlayedJobs:
    """The function of jobs: it carries a job out when it is woken."""

    def __init__(self, settings: JobsSettings) -> None:
        self._settings = RunJobSettings.model_validate(settings.model_dump(by_alias=True))

    def wake(self, job: NumberJob) -> None:
        """Carry it out here and now."""
        number_jobs.run_number_job(self._settings, timedelta(minutes=5))(job.customer, job.id, job.step, "played")


class Reader:
    """Somebody who gives the commands of pages, with names of their own where the page has some."""

    def __init__(self, operator: Operator, devices: Simulator) -> None:
        self._operator = replace(operator, at_terminal=True)
        self._devices = devices
        ca_file = str(devices.certificates.ca_path)
        self._trust = ("--ca-file", ca_file)
        self._known = {"https://10.8.5.71": devices.url("sbc-1"), "ca.pem": ca_file, "inventory": "Admin"}
        self._known |= {"NAME": "sbc-1", "FILE": "capture.json", "JOB": "latest"}

    def has(self, *names: str) -> None:
        """Add devices."""
        for name in names:
            self._gives("devices", "add", name, "--address", self._devices.url("sbc-1"), "-u", "Admin", *self._trust)

    def has_worked(self) -> None:
        """A job and an audit have ended, and there is an export."""
        self._gives("numbers", "add", "+493012345678", "--site", "Berlin")
        self._gives("numbers", "add", "--range", "+49302000", "+49302100", "--site", "Berlin")
        self._gives("audit", "run")
        for file in ("voss.csv", "numbers.csv"):
            self._gives("numbers", "export", "-o", file)

    def gives(self, command: Documented) -> None:
        """Give a command of a page; it must succeed."""
        words = [self._known.get(word, word) for word in command.words[1:]]
        for option in ("--local", "--stack"):
            with suppress(ValueError):
                at = words.index(option)
                del words[at : at + (2 if option == "--stack" else 1)]
        if "--plan" in words:
            audit = self._operator("audit", "run", "--json").json["audit"]
            words[words.index("--plan") + 1] = audit["checksum"]
        if "approve-removals" in words:
            words[words.index("--checksum") + 1] = self._held()
        self._gives(*words, page=str(command))

    def _held(self) -> str:
        """A device has lost more than the guard lets go: the checksum of what is held back."""
        self._gives("macros", "set", "audiocodes_removal_guard_count", "1")
        self._gives("sync", "sbc-1")
        self._devices.devices["sbc-1"].unregister(["+493012340001", "+493012340002"])
        self._gives("sync", "sbc-1")
        checksum: str = self._operator("devices", "show", "sbc-1", "--json").json["held_removals"]["checksum"]
        return checksum

    def _gives(self, *words: str, page: str = "") -> None:
        ended = self._operator(*words, typed="Admin\n", **PASSWORD)
        assert ended.code == 0, f"{page or words}\n{ended.err}"


@pytest.fixture
def reader(operator: Operator, devices: Simulator, function: PlayedFunction, monkeypatch: pytest.MonkeyPatch) -> Reader:
    monkeypatch.setattr(number_jobs, "number_job_workers", PlayedJobs)
    return Reader(operator, devices)


def to_be_run(*pages: Path) -> Iterator[Documented]:
    """The commands of pages that are whole, in blocks and in running text, each once."""
    parser = idle_parser()
    spoken = [each for each in mentions(PROGRAM, *pages) if not says_only_which(parser, each.words[1:])]
    given = {command.words: command for command in (*commands(PROGRAM, *pages), *spoken)}
    return (command for command in given.values() if not any(word in NOT_RUN for word in command.words))


@pytest.mark.parametrize("page", OF_A_BEGINNER, ids=lambda page: page.name)
def test_what_a_page_shows_works(reader: Reader, clock: SettableClock, page: Path) -> None:
    """GIVEN an inventory with some numbers WHEN the commands of a page are given in turn THEN each of them succeeds."""
    added = {
        words[3] for _, words in ((c, c.words) for c in commands(PROGRAM, page)) if words[1:3] == ("devices", "add")
    }
    reader.has(*(name for name in DEVICES if name not in added))
    reader.has_worked()
    clock.advance(days=2)
    for command in to_be_run(page):
        reader.gives(command)


def test_what_the_other_pages_show_works(reader: Reader, clock: SettableClock) -> None:
    """GIVEN devices, a job and an audit WHEN the commands of all other pages are given THEN each of them succeeds."""
    reader.has("sbc-1", "arm-1")
    reader.has_worked()
    clock.advance(days=2)
    others = list(to_be_run(*(page for page in PAGES if page not in OF_A_BEGINNER)))
    assert len(others) > 15
    for command in others:
        reader.gives(command)


def test_every_exception_is_one() -> None:
    words = {word for command in (*commands(PROGRAM), *mentions(PROGRAM)) for word in command.words}
    assert NOT_RUN.keys() <= words


def test_the_worked_example_of_an_import_ends_as_it_says(operator: Operator, ministack: Engine) -> None:
    """GIVEN the file of the page WHEN it is imported THEN the page shows what the program says, its own cuts aside."""
    [file], [console] = blocks(CLI, "csv"), blocks(CLI, "console")
    (operator.folder / "berlin.csv").write_text(file, encoding="utf-8")
    command, *shown = console.strip().splitlines()
    ended = operator(*command.split()[2:], COLUMNS="400")
    told = [*ended.out.splitlines(), ended.err.strip()]
    assert ended.code == 1
    assert len(told) == len(shown)
    for line, expected in zip(told, shown, strict=True):
        position = 0
        for part in filter(None, (part.strip() for part in expected.split("..."))):
            assert part in line[position:], f"{part!r} is not in {line!r}"
            position = line.index(part, position) + len(part)
