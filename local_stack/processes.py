"""Background processes that outlive the command that started them, and are stopped by process id.

A process id alone is no proof: it may have been given to another program since. So the start time is kept with it, and
nothing is signalled whose start time differs.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from local_stack.errors import LocalStackError

LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.05
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class BackgroundProcess:
    """A process started by this package.

    Attributes:
        name: What it is, for messages.
        pid: Its process id.
        started: When the system says that it started; its format is the system's.
    """

    name: str
    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether this very process runs."""
        return _start_time(self.pid) == self.started

    def stop(self) -> bool:
        """Asks the process to end, and ends it if it has not done so within ten seconds.

        Returns:
            Whether there was something to stop.
        """
        if not self.alive:
            return False
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                break
            if _wait(lambda: not self.alive, _STOP_SECONDS):
                break
        _reap(self.pid)
        return True


def start(
    name: str, command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path, log: Path
) -> BackgroundProcess:
    """Starts a process that goes on after this one ends.

    Args:
        name: What it is, for messages.
        command: The program and its arguments.
        environment: All of its environment.
        folder: Its working directory.
        log: The file that takes all it prints; replaced.

    Raises:
        LocalStackError: The program could not be started.
    """
    with log.open("wb") as output:
        try:
            child = subprocess.Popen(
                [str(part) for part in command],
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise LocalStackError(f"{name} could not be started: {error}") from error
    _children.append(child)
    return BackgroundProcess(name, child.pid, _start_time(child.pid) or "")


def wait_until_ready(process: BackgroundProcess, ready: Callable[[], bool], *, seconds: float, log: Path) -> None:
    """Waits for a process to do its work.

    Args:
        process: The process.
        ready: Tells whether it does.
        seconds: How long to wait.
        log: Its log, for the message.

    Raises:
        LocalStackError: It ended, or was not ready in time.
    """
    if _wait(lambda: ready() or not process.alive, seconds) and process.alive:
        return
    outcome = f"was not ready within {seconds:.0f} seconds" if process.alive else "ended while it started"
    process.stop()
    raise LocalStackError(f"{process.name} {outcome}. The end of {log}:\n{last_lines(log)}")


def save(process: BackgroundProcess, path: Path) -> None:
    """Records a process, so that a later command finds it."""
    path.write_text(json.dumps(asdict(process)), encoding="utf-8")


def load(path: Path) -> BackgroundProcess | None:
    """The recorded process, or nothing if there is no record that can be read."""
    try:
        return BackgroundProcess(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A loopback port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log file, indented."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return f"  (not readable: {error})"
    return "\n".join(f"  {line}" for line in lines[-count:] if line.strip())


# Kept so that a child that ends before this process can be reaped, and its id is not seen as alive.
_children: list[subprocess.Popen[bytes]] = []


def _reap(pid: int) -> None:
    for child in [child for child in _children if child.pid == pid]:
        child.wait(_STOP_SECONDS)
        _children.remove(child)


def _start_time(pid: int) -> str | None:
    for child in _children:
        if child.pid == pid and child.poll() is not None:
            return None
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        # Field 3 is the state (Z: ended, not yet reaped), field 22 the start in clock ticks since boot; see proc(5).
        return None if fields[0] == "Z" else fields[19]
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_SECONDS)
    return True
