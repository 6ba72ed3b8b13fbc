"""A small world in which a sync has every kind of change to make at once."""

from dataclasses import dataclass, field

from number_inventory.domain.decisions import Stamp
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.management import add_number, assign
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from tests.memory.law_watch import LawWatch
from tests.memory.world import CUSTOMER, World

BEFORE = ("1001", "1002", "1003", "1004", "1005", "1008")
"""What sbc1 showed before the story starts; 1008 has left since and cools."""

SHOWN = ("1003", "1006", "1007", "1008", "1009")
"""What it shows now; 1004 is there too, without an active contact."""

HELD = {*SHOWN, "1004"}
"""What it holds once a sync has settled."""

GONE = ("1001", "1005")
"""What cools then; 1002 is still on sbc2."""


@dataclass
class Scenario:
    """The world, its two devices, and a watch over every write."""

    world: World = field(default_factory=World)
    sbc1: DeviceKey = field(init=False)
    sbc2: DeviceKey = field(init=False)
    watch: LawWatch = field(init=False)
    _passed_before: int = field(init=False)

    def __post_init__(self) -> None:
        world = self.world
        self.watch = LawWatch(world.clock)
        world.inventory.observers.append(self.watch)
        self.sbc1, self.sbc2 = world.add_device("sbc1"), world.add_device("sbc2")
        stamp = Stamp(world.clock.at, "operator:ann", "set up")
        for number in ("1006", "1007"):
            world.decide(add_number(None, NumberRecord(customer=CUSTOMER, number=number, tag="lobby"), stamp))
        world.decide(assign(world.number("1007"), "Microsoft", Usage.USER, "ann", stamp))
        world.device_shows(self.sbc1, *BEFORE)
        world.device_shows(self.sbc2, "1002", "2001")
        world.sync(self.sbc1)
        world.sync(self.sbc2)
        world.device_shows(self.sbc1, *(number for number in BEFORE if number != "1008"))
        world.sync(self.sbc1)
        world.clock.advance(hours=1)
        world.device_shows(self.sbc1, *SHOWN, dormant=["1004"])
        self._passed_before = len(world.fuse.passed)

    def label(self, point: int) -> str:
        """Where the `point`-th point of the story is."""
        return self.world.fuse.passed[self._passed_before + point]

    def picture(self) -> dict[tuple[str, str], tuple[object, ...]]:
        """All numbers, without what depends on the moment or the count of writes."""
        return {
            key: (
                record.status,
                record.usage,
                record.vendor,
                tuple(holder.device for holder in record.holders),
                record.release_date is not None,
                record.tag,
            )
            for key, record in self.world.inventory.all().items()
        }

    def check_settled(self, key: DeviceKey, held: set[str]) -> None:
        """The register knows exactly what the records say, nothing is in doubt, and nothing is left to do."""
        world = self.world
        assert world.held_by(key) == held
        assert all(world.number(number, key.customer).status is Status.USED for number in held)
        writes = self.watch.writes
        assert world.sync(key).result == "unchanged"
        assert self.watch.writes == writes
        world.let_leases_expire()
        lease = world.devices.acquire(key, world.clock.at, world.clock.at)
        assert lease is not None
        register = world.registrations.load(lease)
        assert (register.held, register.doubtful) == (frozenset(held), frozenset())
        world.devices.finish(lease, lease.state, None)
