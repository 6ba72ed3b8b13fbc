"""MiniStack, the local AWS: one process on a loopback port."""

import http.client
import json
import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from local_stack import processes
from local_stack.environment import REGION, emulator_environment
from local_stack.errors import PortInUseError
from local_stack.layout import Layout
from local_stack.processes import LOOPBACK, BackgroundProcess

DEFAULT_PORT = 4566
EMULATOR = "ministack"
"""The name of its record and its log."""

_START_SECONDS = 60.0
_ANSWER_SECONDS = 5.0


def start_emulator(layout: Layout, port: int) -> BackgroundProcess:
    """Starts MiniStack, records it, and waits until it answers.

    Args:
        layout: Where its tools are and its files go.
        port: The loopback port to listen on.

    Raises:
        PortInUseError: Something else listens there.
        LocalStackError: It did not start.
    """
    if not processes.port_is_free(port):
        raise PortInUseError(port, "NUMBER_INVENTORY_PORT=<port> or --port")
    layout.scratch.mkdir(parents=True, exist_ok=True)
    log = layout.log(EMULATOR)
    process = processes.start(
        "MiniStack",
        [layout.emulator_python, "-m", "ministack"],
        environment=emulator_environment(port, layout.scratch),
        folder=layout.scratch,
        log=log,
    )
    processes.save(process, layout.record(EMULATOR))
    processes.wait_until_ready(process, lambda: is_ready(port), seconds=_START_SECONDS, log=log)
    return process


def is_ready(port: int) -> bool:
    """Whether MiniStack answers on this port."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/_ministack/ready")
        answer = connection.getresponse()
        return answer.status == http.HTTPStatus.OK and "completed" in json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def client(service: str, endpoint_url: str) -> Any:  # noqa: ANN401 - boto3 makes its clients' types at run time
    """A client of the emulator with its key, whatever profile, files and proxies the user has set up.

    Args:
        service: The service's name in boto3, such as `dynamodb`.
        endpoint_url: Where the emulator listens.
    """
    nothing = (None, None, None, None)
    core = botocore.session.Session({"profile": nothing, "config_file": (None, None, os.devnull, None)})
    session: Any = boto3.session.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator's key
        region_name=REGION,
        botocore_session=core,
    )
    config = Config(proxies={}, retries={"mode": "standard"})
    return session.client(service, endpoint_url=endpoint_url, config=config)
