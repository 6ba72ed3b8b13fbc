"""S2: a thousand devices through dispatcher, queue and workers of the deployed local stack.

Each device is a customer's of its own, so that they have nothing in common but the stack; one device is played for all
of them. Then comes a message that makes no sense. What is looked at from outside: how many messages are under way at
once, that all devices are synced, and what is among the dead letters.
"""

import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.figure import Check, Figure, Setting, run, say
from local_stack import processes
from local_stack.emulator import client
from local_stack.layout import default_layout
from local_stack.progress import Progress
from local_stack.stack import LocalStack, StackOptions
from number_inventory.adapters.aws import AwsSession
from number_inventory.adapters.dynamodb.devices import DynamoDevices
from number_inventory.adapters.ssm import SsmSecrets
from number_inventory.adapters.system_clock import SystemClock
from number_inventory.domain.devices import Device, DeviceKey, Health, SourceKind, TlsSettings, TlsTrust
from number_inventory.ports.secrets import Credentials
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from simulator.users import plain_user
from tests.engines.engine import REGION
from tests.engines.guard import guarded

DEVICES, USERS = 1_000, 5
CONCURRENCY = 5
"""The default of `WorkerConcurrency`."""

PATIENCE_SECONDS = 1800.0
_VISIBLE_AGAIN_SECONDS = 5
"""Instead of six times the worker's time, so that a message that comes back does so while somebody looks."""

_LOOK_SECONDS, _TELL_SECONDS = 0.2, 30.0
_DOMAIN, _PASSWORD = "10.8.5.71", "made up"
_NEVER = "rate(1000 days)"


def measure(setting: Setting) -> Figure:
    """Bring the stack up, configure the devices, ask for all syncs once, and watch."""
    count = setting.size(DEVICES, 20)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, guarded(Path(folder)):
        layout = default_layout(Path(folder) / ".local")
        local = LocalStack(layout, Progress())
        schedules = dict.fromkeys(("SyncSchedule", "ReleaseSchedule", "AuditSchedule", "StockSchedule"), _NEVER)
        described = local.up(StackOptions(processes.free_port(), 0, schedules))
        try:
            users = tuple(plain_user(f"+4930{index:05d}@{_DOMAIN}", _DOMAIN) for index in range(USERS))
            scenario = DeviceScenario(name="sbc-1", domain=_DOMAIN, password=_PASSWORD, users=users)
            with Simulator([scenario], Path(folder) / "devices") as simulator:
                stack = _Stack(described, simulator)
                stack.configure(count)
                return stack.watch(count)
        finally:
            local.down()


class _Stack:
    """The deployed stack, seen from outside."""

    def __init__(self, described: Mapping[str, Any], simulator: Simulator) -> None:
        self._described = described
        self._simulator = simulator
        endpoint = described["endpoint_url"]
        session = AwsSession(region=REGION, endpoint_url=endpoint, access_key=("test", "test"))
        self._devices = DynamoDevices(session.dynamodb(), described["tables"]["devices"], SystemClock())
        self._secrets = SsmSecrets(session.ssm(), described["parameter_prefix"])
        self._sqs: Any = client("sqs", endpoint)
        self._functions: Any = client("lambda", endpoint)
        self._queue, self._dead_letters = described["queues"]["sync"], described["queues"]["sync_dead_letters"]

    def configure(self, count: int) -> None:
        """Add the devices and their credentials."""
        tls = TlsSettings(trust=TlsTrust.FINGERPRINT, fingerprint=self._simulator.certificates.fingerprint)
        for key in _keys(count):
            self._secrets.store(key, Credentials("Admin", _PASSWORD))
            address = self._simulator.url("sbc-1")
            self._devices.add(Device(key=key, source=SourceKind.SBC, address=address, tls=tls))
        say(f"{count:,} devices are configured")

    def watch(self, count: int) -> Figure:
        """Ask for all syncs, and look until the queue is empty; then send the message that makes no sense."""
        begun = time.monotonic()
        answer = self._functions.invoke(FunctionName=self._described["functions"]["sync_dispatcher"], Payload=b"{}")
        queued = json.loads(answer["Payload"].read())["queued"]
        asked = time.monotonic() - begun
        most = self._most_at_once()
        done = time.monotonic() - begun
        states = [self._devices.get(key).state for key in _keys(count)]
        lost = self._messages(self._dead_letters)
        dead = self._dead_after_nonsense() - lost
        return Figure(
            id="S2",
            what=f"{count:,} devices through the queue of the deployed local stack",
            checks=[
                Check(what="devices not queued", value=count - queued, unit="devices", bound=0),
                Check(
                    what="devices not synced",
                    value=count - sum(state.health is Health.OK for state in states),
                    unit="devices",
                    bound=0,
                ),
                Check(what="messages under way at once", value=most, unit="messages", bound=CONCURRENCY),
                Check(what="dead letters of devices", value=lost, unit="messages", bound=0),
                Check(what="dead letters of nonsense", value=dead, unit="messages", bound=1, at_least=True),
                Check(what="time of the dispatcher", value=asked, unit="s"),
                Check(what="syncs a second, with the played device on the same machine", value=count / done, unit="/s"),
            ],
            detail={"engine": "MiniStack", "seconds": done, "users of each device": USERS},
        )

    def _most_at_once(self) -> int:
        """How many messages were under way at once until none was left."""
        most, told, end = 0, 0.0, time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            waiting, under_way = self._messages(self._queue), self._messages(self._queue, visible=False)
            most = max(most, under_way)
            if not waiting + under_way:
                return most
            if time.monotonic() - told > _TELL_SECONDS:
                told = time.monotonic()
                say(f"{waiting} messages wait, {under_way} are under way")
            time.sleep(_LOOK_SECONDS)
        raise TimeoutError(f"the queue was not empty after {PATIENCE_SECONDS:.0f} s")

    def _dead_after_nonsense(self) -> int:
        """What is among the dead letters once a message that makes no sense was tried as often as any."""
        again = {"VisibilityTimeout": str(_VISIBLE_AGAIN_SECONDS)}
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes=again)
        self._sqs.send_message(QueueUrl=self._queue, MessageBody='{"makes": "no sense"}')
        self._most_at_once()
        return self._messages(self._dead_letters)

    def _messages(self, queue: str, *, visible: bool = True) -> int:
        name = "ApproximateNumberOfMessages" + ("" if visible else "NotVisible")
        return int(self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])


def _keys(count: int) -> list[DeviceKey]:
    return [DeviceKey(f"fleet-{index:04d}", "sbc-1") for index in range(count)]


if __name__ == "__main__":
    run(measure)
