"""An inventory of many numbers in every sound state, and ways to damage it, at random but by a seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.macros import REMOVAL_GUARD_PERCENT
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage
from tests.memory.world import CUSTOMER, World

DEVICES = 4
_SOME_TEXT = "kept as it was"


@dataclass
class Inventory:
    """Numbers in every state, as syncs and people left them.

    Attributes:
        held: which devices register each number.
        sound: every record as it was before the damage.
        damaged: what was done to which number.
    """

    world: World
    random: Random
    devices: list[DeviceKey]
    held: dict[str, set[str]] = field(default_factory=dict)
    sound: Mapping[str, NumberRecord] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)

    def record(self, number: str) -> NumberRecord | None:
        """A number as it stands."""
        return self.world.inventory.get(CUSTOMER, number)


def populated(count: int, seed: int) -> Inventory:
    """So many numbers: most on devices, the others of other vendors, cooling, reserved or free."""
    world, random = World(), Random(seed)  # noqa: S311 - repeatable, not secret
    inventory = Inventory(world, random, [world.add_device(f"sbc{index}") for index in range(DEVICES)])
    numbers = [f"+4930{index:07d}" for index in range(count)]
    random.shuffle(numbers)
    on_devices, cooling, other = count * 6 // 10, count // 10, count // 10
    for number in numbers[:on_devices]:
        inventory.held[number] = {key.name for key in random.sample(inventory.devices, random.choice([1, 1, 1, 2]))}
    leaving = numbers[on_devices : on_devices + cooling]
    _sync_all(inventory, leaving)
    world.macros.put(CUSTOMER, REMOVAL_GUARD_PERCENT, "100")
    _sync_all(inventory, [])
    world.macros.put(CUSTOMER, REMOVAL_GUARD_PERCENT, "20")
    for number in numbers[on_devices + cooling :]:
        _plant_idle(inventory, number, other=random.randrange(count - on_devices - cooling) < other)
    inventory.sound = {number: record for (_, number), record in world.inventory.all().items()}
    return inventory


def _sync_all(inventory: Inventory, besides: list[str]) -> None:
    """Let every device show its numbers, and the first one some more besides."""
    for index, key in enumerate(inventory.devices):
        shown = [number for number, names in inventory.held.items() if key.name in names]
        inventory.world.device_shows(key, *shown, *(besides if index == 0 else ()))
        assert inventory.world.sync(key).complete


def _plant_idle(inventory: Inventory, number: str, *, other: bool) -> None:
    record = NumberRecord(customer=CUSTOMER, number=number, description=_SOME_TEXT, tag=_SOME_TEXT)
    if other:
        record = replace(record, status=Status.USED, usage=Usage.USER, vendor="Microsoft")
    elif inventory.random.random() < 0.2:
        record = replace(record, status=Status.RESERVED, reserved_for="ann")
    inventory.world.inventory.put(record)


# --- damage


def damage(inventory: Inventory, share: float) -> None:
    """Damage this share of the numbers, each in one of the ways that its state allows."""
    for number, record in inventory.sound.items():
        if inventory.random.random() < share:
            name, after = inventory.random.choice(_ways(inventory, record))
            inventory.damaged[number] = name
            if after is None:
                inventory.world.inventory.lose(CUSTOMER, number)
            else:
                inventory.world.inventory.put(after)


def _ways(inventory: Inventory, record: NumberRecord) -> list[tuple[str, NumberRecord | None]]:
    """What can be done to a number, by the name of the code that it must be found by."""
    past = inventory.world.clock.at - timedelta(hours=inventory.random.randrange(1, 10_000))
    stranger = Holder("sbc0", past, 1)
    if record.holders:
        return [
            ("status_mismatch", replace(record, status=Status.AVAILABLE)),
            ("status_mismatch", replace(record, status=Status.RESERVED)),
            ("usage_mismatch", replace(record, usage=Usage.USER)),
            ("not_marked_used", _free(record)),
            ("not_marked_used", replace(_free(record), status=Status.COOLING, release_date=past)),
            ("missing_number", None),
            ("missing_holder", replace(record, holders=())),
            ("conflict", replace(record, vendor="Microsoft", usage=Usage.USER)),
            ("conflict", replace(record, vendor="", usage=Usage.HUNT_PILOT, holders=())),
        ]
    if record.status is Status.COOLING:
        return [
            ("release_overdue", replace(record, release_date=past)),
            ("cooling_without_release_date", replace(record, release_date=None)),
            ("stale_holder", replace(record, holders=(stranger,))),
        ]
    if record.status is Status.USED:
        return [("stale_holder", replace(record, holders=(stranger,)))]
    orphan = replace(record, status=Status.USED, usage=Usage.DEVICE, vendor=AUDIOCODES)
    return [
        ("orphaned", orphan),
        ("stale_holder", replace(orphan, holders=(stranger,))),
        ("stale_holder", replace(orphan, holders=(replace(stranger, device="long-gone"),))),
        ("stale_holder", replace(record, holders=(stranger,))),
    ]


def _free(record: NumberRecord) -> NumberRecord:
    return replace(record, status=Status.AVAILABLE, usage=Usage.NONE, vendor="", holders=())
