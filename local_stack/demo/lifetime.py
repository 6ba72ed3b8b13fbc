"""Starts what the demonstration needs, and stops all of it however the demonstration ends."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Never, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from local_stack import processes
from local_stack.demo.stack import DemoStack
from local_stack.demo.story import PlayedDevice
from local_stack.device_simulator import describe_simulator, start_simulator
from local_stack.errors import LocalStackError
from local_stack.layout import Layout
from local_stack.progress import Progress
from local_stack.stack import LocalStack, StackOptions
from simulator.control import Control

CUSTOMER = "acme"
_LOCK_SECONDS = 60.0
_POLL_SECONDS = 0.1


class InterruptedByError(KeyboardInterrupt):
    """A signal asked the demonstration to end.

    Attributes:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.strsignal(number))
        self.number = number


@contextmanager
def signals_as_errors() -> Iterator[None]:
    """Lets Ctrl-C, SIGTERM and a closed terminal end the demonstration in good order."""

    def raise_it(number: int, _frame: FrameType | None) -> Never:
        raise InterruptedByError(number)

    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, raise_it) for number in watched}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def playing(layout: Layout, progress: Progress) -> Iterator[tuple[DemoStack, PlayedDevice, PlayedDevice]]:
    """The deployed stack and two played devices, for as long as the context lasts.

    Its ports and files are its own, so it neither needs nor disturbs what `make up` started.

    Raises:
        LocalStackError: Something did not start, build or deploy, or another demonstration runs here.
    """
    layout.state.mkdir(parents=True, exist_ok=True)
    with _alone(layout) as lock, _guarded(layout, lock):
        stop_all(layout)
        shutil.rmtree(layout.state / "logs", ignore_errors=True)
        try:
            options = StackOptions(processes.free_port(), 0, {"SyncSchedule": "rate(1 minute)"})
            stack = DemoStack(layout, LocalStack(layout, progress).up(options), CUSTOMER)
            second = _second(layout)
            with progress.step("Starting a second device simulator"):
                start_simulator(second, 0)
            try:
                yield stack, _device("sbc-1", layout), _device("sbc-2", second)
            except Exception:  # whatever went wrong is raised again; only its logs must be saved before all is stopped
                with suppress(BotoCoreError, ClientError):  # the local AWS may be what has gone
                    stack.save_logs()
                raise
        finally:
            _stop_for_good(layout, progress)


def stop_all(layout: Layout) -> None:
    """Stops whatever a demonstration with these files has started."""
    for part in (_second(layout), layout):
        LocalStack(part, Progress()).down()


def _second(layout: Layout) -> Layout:
    """Where the second simulator's files are."""
    return Layout(root=layout.root, state=layout.state / "sbc-2")


def _device(name: str, layout: Layout) -> PlayedDevice:
    described = describe_simulator(layout)
    played: dict[str, Any] = json.loads(Path(str(described["description"])).read_text(encoding="utf-8"))["devices"][0]
    login = played["credentials"]["administrator"]
    return PlayedDevice(
        name=name,
        url=played["url"],
        ca_path=Path(str(described["ca_path"])),
        username=login["username"],
        password=login["password"],
        control=Control(str(described["control_url"])),
        source=played["name"],
    )


def _stop_for_good(layout: Layout, progress: Progress) -> None:
    """Stops everything; a second Ctrl-C does not leave half of it running."""
    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in watched}
    try:
        with progress.step("Stopping everything that was started, and removing its temporary files"):
            stop_all(layout)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _alone(layout: Layout) -> Iterator[int]:
    """Keeps a second demonstration away from these files.

    Yields:
        The file descriptor of the lock.
    """
    with (layout.state / "lock").open("a+") as lock:
        end = time.monotonic() + _LOCK_SECONDS
        while not _locked(lock):
            lock.seek(0)
            # Where the one that took the lock is gone, its guard is still stopping what it left.
            if _runs(lock.read()) or time.monotonic() > end:
                raise LocalStackError(f"another demonstration runs with the files in {layout.state}: let it end first")
            time.sleep(_POLL_SECONDS)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock.fileno()


def _locked(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _runs(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, OSError):
        return False
    return True


@contextmanager
def _guarded(layout: Layout, lock: int) -> Iterator[None]:
    """Runs a process that stops everything should this one be killed: its input ends with this process.

    It holds the lock as well, so that the next demonstration begins when it is done.
    """
    command = [sys.executable, "-m", "local_stack.demo.guard", str(layout.root), str(layout.state)]
    guard = subprocess.Popen(
        command, stdin=subprocess.PIPE, start_new_session=True, pass_fds=(lock,), cwd=layout.root, env=os.environ
    )
    try:
        yield
    finally:
        guard.communicate()
