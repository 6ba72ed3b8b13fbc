"""The device simulator beside the local stack: a played AudioCodes device for functions to ask."""

import json
import sys

from local_stack import processes
from local_stack.environment import tool_environment
from local_stack.errors import PortInUseError
from local_stack.layout import Layout
from local_stack.processes import BackgroundProcess

DEFAULT_PORT = 8443
SIMULATOR = "simulator"
"""The name of its record and its log."""

_START_SECONDS = 30.0


def start_simulator(layout: Layout, port: int) -> BackgroundProcess:
    """Starts the simulator, records it, and waits until it serves.

    Args:
        layout: Where its files go.
        port: The port of its first device; the next one is its control API's. 0 takes free ports.

    Raises:
        PortInUseError: Something else listens there.
        LocalStackError: It did not start.
    """
    for wanted in (port, port + 1) if port else ():
        if not processes.port_is_free(wanted):
            raise PortInUseError(wanted, "NUMBER_INVENTORY_SIMULATOR_PORT=<port> or --simulator-port")
    ready = layout.simulator / "simulator.json"
    ready.unlink(missing_ok=True)
    log = layout.log(SIMULATOR)
    control = ["--control-port", str(port + 1)] if port else []
    process = processes.start(
        "the device simulator",
        [sys.executable, "-m", "simulator", "--port", str(port), *control, "--state-dir", layout.simulator],
        environment=tool_environment(),
        folder=layout.root,
        log=log,
    )
    processes.save(process, layout.record(SIMULATOR))
    processes.wait_until_ready(process, ready.exists, seconds=_START_SECONDS, log=log)
    return process


def describe_simulator(layout: Layout) -> dict[str, object]:
    """What the running simulator plays, as it says in `simulator.json`, without its passwords.

    Returns:
        `control_url`, `ca_path`, and `devices` with name, url and fingerprint; the logins stay in that file.
    """
    path = layout.simulator / "simulator.json"
    described = json.loads(path.read_text(encoding="utf-8"))
    devices = [{key: device[key] for key in ("name", "url", "fingerprint")} for device in described["devices"]]
    return {
        "control_url": described["control_url"],
        "ca_path": described["ca_path"],
        "description": str(path),
        "devices": devices,
    }
