"""The Docker engine of this machine, as far as `sam local` needs it."""

import socket
import subprocess

from local_stack.errors import LocalStackError

HOST_OF_DESKTOP = "host.docker.internal"
"""By it containers reach this machine's loopback, where Docker runs in a machine of its own (Docker Desktop)."""

_ANSWER_SECONDS = 30.0


def host_for_containers() -> str:
    """Where containers reach programs of this machine: the address of Docker's bridge, or Docker Desktop's name for it.

    Raises:
        LocalStackError: There is no Docker, or it does not answer.
    """
    gateway = _gateway()
    return gateway if gateway and is_ours(gateway) else HOST_OF_DESKTOP


def is_ours(address: str) -> bool:
    """Whether this machine has the address, so that a server can listen there."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _gateway() -> str:
    command = ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False)
    except FileNotFoundError as error:
        raise LocalStackError(
            "there is no `docker` here: `sam local` runs functions in containers. `make up` and `make demo` need none"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise LocalStackError(f"Docker did not answer within {_ANSWER_SECONDS:.0f} seconds") from error
    if asked.returncode != 0:
        said = next(iter(asked.stderr.strip().splitlines()), f"exit code {asked.returncode}")
        raise LocalStackError(f"Docker does not answer: {said}")
    return asked.stdout.strip()
