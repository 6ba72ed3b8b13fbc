"""DynamoDB Local, AWS's own engine: for tests that want real concurrency and capacity figures. No part of the stack.

`make dynamodb-local` fetches it where Maven and a Java development kit are at hand.
"""

import http.client
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack import processes
from local_stack.errors import LocalStackError
from local_stack.layout import Layout
from local_stack.processes import LOOPBACK

_START_SECONDS = 60.0
_ANSWER_SECONDS = 5.0


def is_fetched(layout: Layout) -> bool:
    """Whether `make dynamodb-local` has put it here."""
    return (_home(layout) / ".ready").exists()


@contextmanager
def serving(layout: Layout, log: Path) -> Iterator[str]:
    """Runs the engine in memory on a free loopback port for as long as the context lasts.

    Any key and region will do; tables of different ones are kept apart.

    Args:
        layout: Where it was fetched to.
        log: The file that takes what it prints. The process is recorded beside it, as `.process.json`, so that somebody
            can stop it if this program is killed.

    Yields:
        The endpoint's URL.

    Raises:
        LocalStackError: It was not fetched, or does not start.
    """
    home = _home(layout)
    if not is_fetched(layout):
        raise LocalStackError(f"DynamoDB Local is not in {home}: run `make dynamodb-local`")
    port = processes.free_port()
    process = processes.start(
        "DynamoDB Local",
        [
            *("java", "-Xmx4g", f"-Dsqlite4java.library.path={home / 'lib'}"),
            *("-cp", f"{home / 'classes'}{os.pathsep}{home / 'lib'}/*", "LoopbackServer"),
            *("-inMemory", "-disableTelemetry", "-port", str(port)),
        ],
        environment=os.environ,
        folder=log.parent,
        log=log,
    )
    processes.save(process, log.with_suffix(".process.json"))
    try:
        processes.wait_until_ready(process, lambda: _answers(port), seconds=_START_SECONDS, log=log)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        process.stop()


def _home(layout: Layout) -> Path:
    return layout.root / ".tools" / "dynamodb-local"


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/")
        # A request without a signature is refused, by a server that works.
        return connection.getresponse().status == http.HTTPStatus.BAD_REQUEST
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
