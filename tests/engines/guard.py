"""Stops background processes of tests once the tests themselves are gone, even if they were killed.

Run as a program it waits for the end of its input, which comes with the end of whoever started it, in whatever way, and
then stops every process that is recorded in a folder. What was stopped in good order before is left alone.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack import processes

_ROOT = Path(__file__).parents[2]


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Lets no process live on that is recorded as `*.process.json` in this folder meanwhile."""
    guard = subprocess.Popen(  # noqa: S603 - this very file
        [sys.executable, "-m", "tests.engines.guard", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=_ROOT,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.communicate()


def _stop_recorded(folder: Path) -> None:
    for record in folder.glob("*.process.json"):
        process = processes.load(record)
        if process is not None:
            process.stop()


if __name__ == "__main__":
    sys.stdin.buffer.read()
    _stop_recorded(Path(sys.argv[1]))
