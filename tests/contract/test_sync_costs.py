"""What whole syncs ask of DynamoDB: requests and writes, as the deployed functions make them, and units."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from number_inventory.adapters.dynamodb.inventory import DynamoInventory
from number_inventory.domain.devices import Health
from number_inventory.ports.numbers import Inventory
from number_inventory.ports.secrets import Credentials
from number_inventory.services.ask_device import AskDevice
from number_inventory.services.sync import SyncDevice
from number_inventory.services.sync_summary import SyncResult, SyncSummary
from tests.contract.conftest import Aws
from tests.contract.made import KEY, NOW, device, listed
from tests.memory.device_source import ScriptedDevices, users
from tests.memory.settings import MemorySecrets

MANY, BASE = 200, 60


@dataclass(frozen=True, slots=True)
class Played:
    """A device and its syncs."""

    aws: Aws
    source: ScriptedDevices
    sync: SyncDevice

    def syncs(self, numbers: list[str]) -> SyncSummary:
        """A sync that finds these numbers; nothing before it counts."""
        self.source.shows[KEY] = users(numbers)
        self.aws.clock.advance(minutes=5)
        self.aws.meter.reset()
        return self.sync(KEY)

    @property
    def number_writes(self) -> int:
        """How many numbers were to be written."""
        return self.aws.meter.writes[self.aws.tables.numbers]


def played(aws: Aws, *, batched: bool) -> Played:
    """A device that is configured, with credentials that cost nothing here."""
    aws.clock.at = NOW
    aws.devices.add(device())
    source, secrets = ScriptedDevices(aws.clock), MemorySecrets()
    secrets.store(KEY, Credentials("inventory", "made up"))
    inventory: Inventory = aws.inventory
    if batched:
        inventory = DynamoInventory(aws.client, aws.tables.numbers, aws.broken.append, batched=True)
    sync = SyncDevice(
        devices=aws.devices,
        registrations=aws.registrations,
        inventory=inventory,
        macros=aws.macros,
        ask=AskDevice(secrets, source),
        clock=aws.clock,
        budget=timedelta(minutes=1),
    )
    return Played(aws, source, sync)


def test_requests_of_deployed_syncs(metered: Aws) -> None:
    """GIVEN a device WHEN it is loaded, unchanged, and k of its numbers leave and return THEN k numbers are written.

    The requests are two for the lease, one a hundred numbers to read them, one for 25 to write them, and a few for the
    register and the macro.
    """
    device, requests = played(metered, batched=True), metered.meter.requests
    assert device.syncs(listed(MANY)).result is SyncResult.APPLIED
    assert device.number_writes == MANY
    assert (requests["BatchGetItem"], requests["BatchExecuteStatement"]) == (MANY // 100, MANY // 25)
    assert metered.meter.total_requests <= MANY // 100 + MANY // 25 + 5

    assert device.syncs(listed(MANY)).result is SyncResult.UNCHANGED
    assert requests == {"UpdateItem": 2}

    for k in (1, 30):
        for numbers in (listed(MANY - k), listed(MANY)):
            assert device.syncs(numbers).result is SyncResult.APPLIED
            assert device.number_writes == k
            assert metered.meter.total_requests <= 6 + -(-k // 25)


@pytest.mark.parametrize("k", [1, 10])
def test_units_of_whole_syncs(metered: Aws, k: int) -> None:
    """GIVEN a device WHEN k numbers come, stay, leave and return THEN that is k, none, 2k and 2k units and 3 or 2."""
    device, meter = played(metered, batched=False), metered.meter
    device.syncs(listed(BASE))
    assert meter.write_units == BASE + 3
    for held, units in ((BASE + k, k), (BASE + k, 0), (BASE, 2 * k), (BASE + k, 2 * k)):
        device.syncs(listed(held))
        assert device.number_writes == (k if units else 0)
        assert meter.write_units == units + (3 if units else 2)


def test_what_is_held_back_writes_no_number(metered: Aws) -> None:
    """GIVEN so many numbers gone that a person must look WHEN it is synced THEN the lease is all that is written."""
    device, meter = played(metered, batched=False), metered.meter
    device.syncs(listed(MANY))
    for _ in range(2):
        assert device.syncs(listed(MANY // 2)).health is Health.HELD
        assert meter.requests["UpdateItem"] == 2
        assert "PutItem" not in meter.requests
        assert meter.total_requests <= 5
