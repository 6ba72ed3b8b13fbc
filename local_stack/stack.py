"""Brings the local stack up and takes it down."""

import shutil
from dataclasses import dataclass, field
from typing import Any

from local_stack import description, processes
from local_stack.deployment import build, deploy
from local_stack.device_simulator import SIMULATOR, describe_simulator, start_simulator
from local_stack.emulator import EMULATOR, is_ready, start_emulator
from local_stack.forwarder import FORWARDER
from local_stack.layout import Layout
from local_stack.processes import LOOPBACK, BackgroundProcess
from local_stack.progress import Progress


@dataclass(frozen=True)
class StackOptions:
    """How the local stack is to be.

    Attributes:
        port: The loopback port of the emulator.
        simulator_port: The port of the simulator's first device; 0 takes free ports.
        parameters: Template parameters that differ from the local defaults.
    """

    port: int
    simulator_port: int
    parameters: dict[str, str] = field(default_factory=dict)


class LocalStack:
    """The local stack of one state folder."""

    def __init__(self, layout: Layout, progress: Progress) -> None:
        self._layout = layout
        self._progress = progress

    def up(self, options: StackOptions) -> dict[str, Any]:
        """Starts what does not run yet, builds, and deploys.

        A running emulator is kept with all its data and gets the template as it is now.

        Returns:
            What `stack.json` says.

        Raises:
            LocalStackError: Something did not start, build or deploy. What was started is stopped again, unless it ran
                before.
        """
        self._layout.state.mkdir(parents=True, exist_ok=True)
        running = self.status()
        try:
            return self._up(options, running)
        except BaseException:
            if running is None:
                self.down()
            raise

    def down(self) -> bool:
        """Stops what runs and removes what it left, except logs and the simulator's certificates.

        Returns:
            Whether anything ran.
        """
        stopped = False
        for name in (FORWARDER, SIMULATOR, EMULATOR):
            record = self._layout.record(name)
            process = processes.load(record)
            stopped = (process.stop() if process else False) or stopped
            record.unlink(missing_ok=True)
        self._layout.description.unlink(missing_ok=True)
        shutil.rmtree(self._layout.scratch, ignore_errors=True)
        return stopped

    def status(self) -> dict[str, Any] | None:
        """What `stack.json` says if the stack is up and answers, else nothing."""
        known = description.read(self._layout.description)
        emulator = self._process(EMULATOR)
        if known is None or emulator is None or not is_ready(_port(known["endpoint_url"])):
            return None
        return known

    def _up(self, options: StackOptions, running: dict[str, Any] | None) -> dict[str, Any]:
        endpoint_url = running["endpoint_url"] if running else f"http://{LOOPBACK}:{options.port}"
        if running:
            self._progress.say(f"The local AWS runs at {endpoint_url} already.")
        else:
            self.down()
            with self._progress.step(f"Starting the local AWS at {endpoint_url}"):
                start_emulator(self._layout, options.port)
        if not self._process(SIMULATOR):
            with self._progress.step("Starting the device simulator"):
                start_simulator(self._layout, options.simulator_port)
        with self._progress.step("Building the functions and their layer (sam build)"):
            build(self._layout, self._layout.emulator_python)
        with self._progress.step("Deploying template.yaml (sam deploy)"):
            outputs = deploy(self._layout, endpoint_url, options.parameters)
        described = description.describe(
            endpoint_url=endpoint_url,
            outputs=outputs,
            pids={name: process.pid for name in (EMULATOR, SIMULATOR) if (process := self._process(name))},
            simulator=describe_simulator(self._layout),
        )
        description.write(self._layout.description, described)
        return described

    def _process(self, name: str) -> BackgroundProcess | None:
        process = processes.load(self._layout.record(name))
        return process if process and process.alive else None


def _port(endpoint_url: str) -> int:
    return int(endpoint_url.rpartition(":")[2])
