"""`python -m local_stack.forwarder HOST PORT...`: lets HOST's neighbours reach servers that listen on loopback only.

Containers cannot reach this machine's loopback. This listens on the address of Docker's bridge, which only containers
and this machine reach, and passes every connection on to the same port of loopback.
"""

import asyncio
import sys
from contextlib import suppress
from functools import partial

from local_stack import processes
from local_stack.docker_engine import is_ours
from local_stack.environment import tool_environment
from local_stack.errors import LocalStackError
from local_stack.layout import Layout
from local_stack.processes import LOOPBACK, BackgroundProcess

FORWARDER = "forwarder"
"""The name of its record and its log."""

_START_SECONDS = 20.0
_CHUNK = 65_536
_READY = "forwarding"


def start_forwarder(layout: Layout, host: str, ports: list[int]) -> BackgroundProcess:
    """Starts it anew, records it, and waits until it listens.

    Args:
        layout: Where its files go.
        host: An address of this machine.
        ports: Loopback's, and the same there.

    Raises:
        LocalStackError: It did not start.
    """
    running = processes.load(layout.record(FORWARDER))
    if running is not None:
        running.stop()
    if not is_ours(host):
        raise LocalStackError(f"{host} is no address of this machine")
    log = layout.log(FORWARDER)
    process = processes.start(
        "the forwarder to loopback",
        [sys.executable, "-u", "-m", "local_stack.forwarder", host, *map(str, ports)],
        environment=tool_environment(),
        folder=layout.root,
        log=log,
    )
    processes.save(process, layout.record(FORWARDER))
    processes.wait_until_ready(process, lambda: _READY in log.read_text(), seconds=_START_SECONDS, log=log)
    return process


async def forward(host: str, ports: list[int]) -> None:
    """Forwards until it is stopped.

    Raises:
        OSError: Something else listens there.
    """
    servers = [await asyncio.start_server(partial(_connected, port), host, port) for port in ports]
    print(f"{_READY} {host} to {LOOPBACK}: {', '.join(map(str, ports))}")
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _connected(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    for each in (writer, inner_writer):
        each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that comes until there is no more; either side may go at any time."""
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError):
        writer.write_eof()


if __name__ == "__main__":
    asyncio.run(forward(sys.argv[1], [int(port) for port in sys.argv[2:]]))
