"""An inventory of any size, made from a seed: most numbers on devices, the others free or cooling, all of it sound."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from number_inventory.adapters.dynamodb.devices import DynamoDevices
from number_inventory.adapters.dynamodb.registrations import DynamoRegistrations
from number_inventory.domain.decisions import Stamp
from number_inventory.domain.devices import Device, DeviceKey, Health, SourceKind
from number_inventory.domain.lifecycle import Registration, registered
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.ports.devices import RegisterHead
from tests.engines.engine import Tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CUSTOMER = "acme"
HELD = 0.6
"""The share of the numbers that a device holds; of the others, half are free and half cool."""

SYNC = 2
"""The sync that saw the numbers: the first of devices that were added in the first second of time."""

_LEASE = timedelta(hours=6)
_ADDED_AT = datetime.fromtimestamp(SYNC - 1, UTC)
_TEXTS = ("", "", "meeting room", "reception, second floor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What is to be made; the same again makes the same."""

    numbers: int
    devices: int
    seed: int
    now: datetime

    @property
    def keys(self) -> Sequence[DeviceKey]:
        """The devices."""
        return [DeviceKey(CUSTOMER, f"sbc-{index:03d}") for index in range(self.devices)]


def made_records(size: Size) -> Iterator[NumberRecord]:
    """All numbers in their order, as syncs and people left them."""
    chance, keys = random.Random(size.seed), size.keys  # noqa: S311 - repeatable, not secret
    stamp = Stamp(size.now - timedelta(hours=1), f"sync:{keys[0].name}#{SYNC}", "registered on a device")
    for index in range(size.numbers):
        record = NumberRecord(
            customer=CUSTOMER,
            number=f"+4989{index:08d}",
            site=f"site-{index % 40}",
            description=chance.choice(_TEXTS),
            created_at=stamp.at,
            created_by="operator:import",
        )
        share = chance.random()
        if share < HELD:
            yield registered(record, Registration(CUSTOMER, record.number, chance.choice(keys).name, SYNC), stamp).after
        elif share < (1 + HELD) / 2:
            yield record
        else:
            until = size.now + timedelta(days=chance.randrange(1, 30))
            yield replace(record, status=Status.COOLING, release_date=until, cooling_since=stamp.at)


@dataclass(frozen=True, slots=True)
class _ClockAt:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def store_registers(client: "DynamoDBClient", tables: Tables, size: Size, held: dict[str, set[str]]) -> None:
    """Add the devices, each with a register that its first sync has settled.

    Args:
        client: of the engine.
        tables: where they go.
        size: the inventory.
        held: the numbers of each device, by its name.
    """
    devices = DynamoDevices(client, tables.devices, _ClockAt(_ADDED_AT))
    registrations = DynamoRegistrations(client, tables.registrations)
    for key in size.keys:
        devices.add(Device(key=key, source=SourceKind.SBC, address=f"https://{key.name}.example"))
        lease = devices.acquire(key, size.now, size.now + _LEASE)
        assert lease is not None
        register = registrations.intend(lease, registrations.load(lease), frozenset(held[key.name]))
        register = registrations.compact(lease, register)
        state = replace(
            lease.state,
            health=Health.OK,
            last_sync_at=size.now,
            last_complete_at=size.now,
            held_numbers=len(register.held),
        )
        assert devices.finish(lease, state, RegisterHead("loaded", register.base, register.mark))
