"""P2: what a sync costs that finds nothing new, whatever the size of the device."""

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.spent import Spent, spending
from benchmarks.stage import KEY, PlayedDevice, Stage, listed, staged
from number_inventory.domain.aors import compile_rules
from number_inventory.domain.snapshots import UserScope, claims_of, digest_of
from number_inventory.ports.devices import RegisterHead
from number_inventory.services.sync_summary import SyncResult
from tests.memory.device_source import users

USERS, MANY_USERS = 20_000, 1_000_000


def measure(setting: Setting) -> Figure:
    """Sync a device that a whole sync has loaded, and a huge one whose register alone is there, once more each."""
    size, huge = setting.size(USERS, 2_000), setting.size(MANY_USERS, 50_000)
    with staged(setting) as stage:
        played = stage.played()
        played.shows(listed(size))
        say(f"first load of {size:,} users")
        played.sync()
        spent = _unchanged(stage, played, size)
        number_writes = spent.writes[stage.tables.numbers]
    with staged(setting) as stage:
        played = stage.played()
        say(f"a register of {huge:,} users")
        _settle(stage, huge)
        spent_huge = _unchanged(stage, played, huge)
    return Figure(
        id="P2",
        what=f"sync of an unchanged device of {size:,} users",
        checks=[
            Check(what="DynamoDB requests", value=spent.requests, unit="requests", bound=3),
            Check(what="number writes", value=number_writes, unit="writes", bound=0),
            Check(what="write units", value=spent.write_units, unit="WRU"),
            Check(what="read units", value=spent.read_units, unit="RRU"),
            Check(what=f"requests with {huge:,} users", value=spent_huge.requests, unit="requests", aim=spent.requests),
            Check(what=f"write units with {huge:,} users", value=spent_huge.write_units, unit="WRU", aim=3),
        ],
        detail={"unchanged": spent.as_json(), "unchanged, huge": spent_huge.as_json(), "engine": setting.engine.name},
    )


def _unchanged(stage: Stage, played: PlayedDevice, size: int) -> Spent:
    played.shows(listed(size))
    with spending(stage.client) as spent:
        summary = played.sync()
    assert summary.result is SyncResult.UNCHANGED, summary
    return spent


def _settle(stage: Stage, size: int) -> None:
    """Leave the device as a first load would, but for the numbers, which an unchanged device does not touch."""
    now = stage.clock.now()
    lease = stage.devices.acquire(KEY, now, now.replace(year=now.year + 1))
    assert lease is not None
    numbers = listed(size)
    registrations = stage.registrations
    register = registrations.intend(lease, registrations.load(lease), frozenset(numbers))
    register = registrations.compact(lease, register)
    digest = digest_of(claims_of(users(numbers), compile_rules(()), UserScope()), may_remove=True)
    assert stage.devices.finish(lease, lease.state, RegisterHead(digest, register.base, register.mark))


if __name__ == "__main__":
    run(measure)
