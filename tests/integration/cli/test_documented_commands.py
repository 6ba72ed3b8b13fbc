"""The commands that the pages show, run in their order by an operator of a fresh inventory."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from number_inventory.bootstrap import process
from simulator.server import Simulator
from tests.engines.engine import Engine
from tests.integration.cli.operator import CANARY, Operator
from tests.integration.cli.test_audits import PlayedFunction, function
from tests.memory.clock import SettableClock
from tests.unit.docs.documented import ROOT, blocks, commands

__all__ = ["function"]

PASSWORD = {"NUMBER_INVENTORY_DEVICE_PASSWORD": CANARY}
CLI = ROOT / "docs" / "cli.md"

NOT_RUN = {
    "--plan": "names the checksum of a plan that there was once",
    "--range": "becomes a job, which the deployed function carries out: tests/e2e/test_jobs.py",
    "jobs": "tells of that job",
    "doctor": "looks at a deployed stack: tests/e2e/test_doctor.py",
    "berlin.csv": "is the worked example, below",
}
"""Words of commands that are only parsed (tests/unit/docs), and why."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SettableClock:
    """The day before that on which the pages play."""
    clock = SettableClock(datetime(2026, 11, 24, 12, tzinfo=UTC))
    monkeypatch.setattr(process, "clock", lambda: clock)
    return clock


@pytest.mark.parametrize("page", [ROOT / "README.md", CLI, ROOT / "docs" / "from-voss.md"], ids=lambda page: page.name)
def test_what_a_page_shows_works(
    operator: Operator, devices: Simulator, function: PlayedFunction, clock: SettableClock, page: Path
) -> None:
    """GIVEN an inventory with some numbers WHEN the commands of a page are given in turn THEN each of them succeeds."""
    trust = ("--ca-file", str(devices.certificates.ca_path))
    known = {"https://10.8.5.71": devices.url("sbc-1"), "ca.pem": trust[1], "inventory": "Admin"}
    shown = [" ".join(command.words[1:]) for command in commands("number-inventory", page)]
    operator("numbers", "add", "+493012345678", "--site", "Berlin")
    operator("numbers", "add", "--range", "+49302000", "+49302009", "--site", "Berlin")
    assert operator("numbers", "export", "-o", "voss.csv").code == 0
    for name in ("sbc-1", "sbc-2"):
        if not any(f"devices add {name}" in line for line in shown):
            add = ("devices", "add", name, "--address", devices.url("sbc-1"), "-u", "Admin", *trust)
            assert operator(*add, **PASSWORD).code == 0
    clock.advance(days=2)
    for command in commands("number-inventory", page):
        words = [known.get(word, word) for word in command.words[1:] if word != "--local"]
        if not any(word in NOT_RUN for word in words):
            ended = operator(*words, **PASSWORD)
            assert ended.code == 0, f"{command}\n{ended.err}"


def test_every_exception_is_one() -> None:
    words = {word for command in commands("number-inventory") for word in command.words}
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
