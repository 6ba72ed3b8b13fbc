"""The simulator as a whole: all devices of a scenario, the control API and the ready file."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from simulator.accounts import accounts_for
from simulator.certificates import Certificates
from simulator.control import Control
from simulator.control_api import ControlListener
from simulator.device import Device
from simulator.device_listener import DeviceListener
from simulator.listener import HOST, Listener
from simulator.private_files import write_private
from simulator.scenario import DeviceScenario

READY_FILE = "simulator.json"
"""The file in the state directory that tells how to reach a running simulator; it is there only while one runs."""


class Simulator:
    """Plays devices from `start` (or the begin of a `with`) until `stop`, in threads of this process.

    `clock` gives seconds and never runs backwards; uptime, lockouts and slow re-registration run on it.

    Raises:
        SimulatorError: a port cannot be opened or the state directory cannot be used.
    """

    def __init__(
        self,
        scenarios: Sequence[DeviceScenario],
        state_dir: Path,
        control_port: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state_dir = state_dir
        self.certificates = Certificates(state_dir)
        accounts = accounts_for(scenarios, state_dir)
        self.devices = {scenario.name: Device(scenario, accounts[scenario.name], clock) for scenario in scenarios}
        self._serving = False
        self._listeners: dict[str, DeviceListener] = {}
        self._control = ControlListener(self.devices, control_port, self.describe_device)
        try:
            for name, device in self.devices.items():
                self._listeners[name] = DeviceListener(
                    device, self.certificates, device.scenario.port, f"{self.control_url}/trapped/{name}"
                )
        except BaseException:
            self.stop()
            raise

    @property
    def control_url(self) -> str:
        """The address of the control API."""
        return self._control.url

    @property
    def control(self) -> Control:
        """A client of the control API."""
        return Control(self.control_url)

    @property
    def ready_path(self) -> Path:
        """Where the ready file is."""
        return self.state_dir / READY_FILE

    def start(self) -> None:
        """Serves, then writes the ready file."""
        self._serving = True
        for listener in self._all():
            listener.start()
        write_private(self.ready_path, json.dumps(self.describe(), indent=2).encode())

    def stop(self) -> None:
        """Removes the ready file, then ends all connections and closes all ports."""
        if self._serving:  # else it belongs to another simulator
            self.ready_path.unlink(missing_ok=True)
        for listener in self._all():
            listener.stop()

    def __enter__(self) -> "Simulator":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def url(self, name: str) -> str:
        """The address of a device."""
        return f"https://{HOST}:{self._listeners[name].port}"

    def describe(self) -> dict[str, object]:
        """What the ready file tells."""
        return {
            "pid": os.getpid(),
            "control_url": self.control_url,
            "ca_path": str(self.certificates.ca_path.resolve()),
            "devices": [self.describe_device(name) for name in self.devices],
        }

    def describe_device(self, name: str) -> dict[str, object]:
        """All that is needed to reach the device `name`, credentials included: they are the simulator's own."""
        device = self.devices[name]
        return {
            "name": name,
            "source": device.scenario.source,
            "url": self.url(name),
            "host": HOST,
            "port": self._listeners[name].port,
            "ca_path": str(self.certificates.ca_path.resolve()),
            "fingerprint": self.certificates.fingerprint,
            "style": str(device.scenario.style),
            "users": len(device.users()),
            **({"nodes": [asdict(node) for node in device.nodes.values()]} if device.nodes else {}),
            "faults": sorted(device.armed()),
            "credentials": {account.role.lower(): _login(asdict(account)) for account in device.accounts},
        }

    def _all(self) -> list[Listener]:
        return [*self._listeners.values(), self._control]


def _login(account: dict[str, str]) -> dict[str, str]:
    return {"username": account["username"], "password": account["password"]}
