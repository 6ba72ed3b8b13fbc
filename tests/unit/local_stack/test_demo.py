"""The demonstration ends as it should, and leaves nothing running, also when it fails or is interrupted or killed.

MiniStack and the simulator are the real ones; only `sam` is played, by a script that fails or hangs.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_stack import processes
from local_stack.layout import default_layout

_PROGRAM = """
import sys
from pathlib import Path
from rich.console import Console
from local_stack.demo.telling import run
from local_stack.layout import Layout
root = Path(sys.argv[1])
sys.exit(run(Layout(root=root, state=root / "state"), Console(highlight=False, width=200)))
"""
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Checkout:
    """A folder in which the demonstration can begin, with a `sam` of the test's own."""

    root: Path

    def play_sam(self, script: str) -> None:
        """Makes `sam` a shell script that first notes what runs beside it."""
        sam = self.root / ".tools" / "aws-sam-cli" / "bin" / "sam"
        sam.parent.mkdir(parents=True)
        sam.write_text(f'#!/bin/sh\ncp "{self.root}"/state/*.process.json "{self.root}/seen"\n{script}\n')
        sam.chmod(0o755)

    def start(self) -> subprocess.Popen[str]:
        """Begins the demonstration."""
        return subprocess.Popen(  # noqa: S603 - the program of this test
            [sys.executable, "-c", _PROGRAM, self.root],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"UV": "/no/uv"},
            cwd=default_layout().root,
        )

    def seen(self) -> list[processes.BackgroundProcess]:
        """What ran while `sam` did."""
        found = [processes.load(record) for record in sorted((self.root / "seen").iterdir())]
        return [process for process in found if process]


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A checkout with the real MiniStack."""
    (tmp_path / "seen").mkdir()
    (tmp_path / ".tools").mkdir()
    real = default_layout().emulator_python.parent.parent
    (tmp_path / ".tools" / "ministack").symlink_to(real)
    made = Checkout(tmp_path)
    yield made
    for process in made.seen():
        process.stop()


def test_a_failing_build_ends_with_1_and_stops_everything(checkout: Checkout) -> None:
    """GIVEN a build that fails WHEN the demonstration runs THEN it says so, where the logs are, and stops all."""
    checkout.play_sam("echo 'no such layer'; exit 3")

    demo = checkout.start()
    printed, _ = demo.communicate(timeout=_PATIENCE_SECONDS)

    assert demo.returncode == 1
    assert "The demonstration failed at: Getting ready" in printed
    assert "sam build failed (exit code 3)" in printed
    assert "no such layer" in printed
    assert f"Logs:     {checkout.root}/state/logs" in printed
    assert [process.name for process in checkout.seen()] == ["MiniStack", "the device simulator"]
    assert not [process for process in checkout.seen() if process.alive]


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_signal_stops_everything(checkout: Checkout, number: signal.Signals, exit_code: int) -> None:
    """GIVEN a demonstration at work WHEN it is interrupted, or even killed THEN nothing that it started goes on."""
    checkout.play_sam(
        f'echo $$ > "{checkout.root}/sam.new"; mv "{checkout.root}/sam.new" "{checkout.root}/sam.pid"\nexec sleep 50'
    )
    demo = checkout.start()
    sam = checkout.root / "sam.pid"
    assert _eventually(sam.exists)

    demo.send_signal(number)
    demo.communicate(timeout=_PATIENCE_SECONDS)

    assert demo.returncode == exit_code
    if number == signal.SIGKILL:
        # It is the one thing that a killed demonstration leaves to end by itself.
        os.kill(int(sam.read_text()), signal.SIGKILL)
    assert len(checkout.seen()) == 2
    assert _eventually(lambda: not [process for process in checkout.seen() if process.alive])
    assert _eventually(lambda: not (checkout.root / "state" / "tmp").exists())


def test_missing_tools_end_with_what_to_do(checkout: Checkout) -> None:
    """GIVEN a checkout without its tools WHEN the demonstration runs THEN it says how to get them and ends with 1."""
    (checkout.root / ".tools" / "ministack").unlink()

    demo = checkout.start()
    printed, _ = demo.communicate(timeout=_PATIENCE_SECONDS)

    assert demo.returncode == 1
    assert "run `make setup`" in printed


def test_two_demonstrations_in_one_place_do_not_mix(checkout: Checkout) -> None:
    """GIVEN a demonstration at work WHEN another begins with the same files THEN it ends; the first goes on."""
    checkout.play_sam(f'touch "{checkout.root}/begun"; while [ ! -e "{checkout.root}/go" ]; do sleep 0.1; done; exit 3')
    first = checkout.start()
    assert _eventually((checkout.root / "begun").exists)

    second = checkout.start()
    printed, _ = second.communicate(timeout=_PATIENCE_SECONDS)

    assert second.returncode == 1
    assert "another demonstration runs" in printed
    assert all(process.alive for process in checkout.seen())
    (checkout.root / "go").touch()
    first.communicate(timeout=_PATIENCE_SECONDS)


def _eventually(happened: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not happened() and time.monotonic() < end:
        time.sleep(0.05)
    return happened()
