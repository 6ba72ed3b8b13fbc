"""A device that is played, the adapters on a real engine, and the services between them, as the functions wire them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.figure import Setting
from benchmarks.made_inventory import CUSTOMER
from number_inventory.adapters.dynamodb.devices import DynamoDevices
from number_inventory.adapters.dynamodb.inventory import DynamoInventory
from number_inventory.adapters.dynamodb.macros import DynamoMacros
from number_inventory.adapters.dynamodb.registrations import DynamoRegistrations
from number_inventory.domain.devices import Device, DeviceKey, SourceKind
from number_inventory.ports.secrets import Credentials
from number_inventory.services.ask_device import AskDevice
from number_inventory.services.sync import SyncDevice
from number_inventory.services.sync_summary import SyncSummary
from tests.engines.engine import Engine, Tables, create_tables, drop_tables, shared_client
from tests.memory.clock import SettableClock
from tests.memory.device_source import ScriptedDevices, users
from tests.memory.settings import MemorySecrets

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = DeviceKey(CUSTOMER, "sbc-1")
_BUDGET = timedelta(hours=1)


def listed(count: int, first: int = 0) -> list[str]:
    """E.164 numbers in the order of their spelling."""
    return [f"+4989{index:08d}" for index in range(first, first + count)]


@dataclass(frozen=True, slots=True)
class Stage:
    """Fresh tables on an engine, and one device that shows what it is told to.

    The clock stands still, so that a benchmark's writes are the same every time.

    Attributes:
        batched: write 25 numbers a request, as the deployed functions do. No engine counts the units of such batches;
            a write in a batch costs what it costs alone, so units are counted with single writes.
    """

    engine: Engine
    client: "DynamoDBClient"
    tables: Tables
    batched: bool = True
    clock: SettableClock = field(default_factory=SettableClock)

    @property
    def inventory(self) -> DynamoInventory:
        """The numbers."""
        return DynamoInventory(self.client, self.tables.numbers, batched=self.batched)

    @property
    def devices(self) -> DynamoDevices:
        """The devices."""
        return DynamoDevices(self.client, self.tables.devices, self.clock)

    @property
    def registrations(self) -> DynamoRegistrations:
        """The registers."""
        return DynamoRegistrations(self.client, self.tables.registrations)

    @property
    def macros(self) -> DynamoMacros:
        """The macros."""
        return DynamoMacros(self.client, self.tables.macros)

    def played(self) -> "PlayedDevice":
        """A device, configured."""
        self.devices.add(Device(key=KEY, source=SourceKind.SBC, address="https://192.0.2.7"))
        return PlayedDevice(self)


class PlayedDevice:
    """A device and its syncs. What it shows costs nothing here: asking a device is measured by P6."""

    def __init__(self, stage: Stage) -> None:
        self._source = ScriptedDevices(stage.clock)
        secrets = MemorySecrets()
        secrets.store(KEY, Credentials("inventory", "made up", 1))
        self._sync = SyncDevice(
            devices=stage.devices,
            registrations=stage.registrations,
            inventory=stage.inventory,
            macros=stage.macros,
            ask=AskDevice(secrets, self._source),
            clock=stage.clock,
            budget=_BUDGET,
        )

    def shows(self, numbers: list[str]) -> None:
        """These numbers are registered from now on, each with an active contact."""
        self._source.shows[KEY] = users(numbers)

    def sync(self) -> SyncSummary:
        """Sync it once."""
        return self._sync(KEY)


@contextmanager
def staged(setting: Setting, *, batched: bool = True) -> Iterator[Stage]:
    """A stage, for as long as the context lasts."""
    client = shared_client(setting.engine)
    tables = create_tables(client)
    try:
        yield Stage(setting.engine, client, tables, batched)
    finally:
        drop_tables(client, tables)
