"""P2: what a sync costs that finds nothing new, whatever the size of the device."""

from dataclasses import replace

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.made_inventory import CUSTOMER
from benchmarks.spent import Spent, spending
from benchmarks.stage import KEY, PlayedDevice, Stage, listed, staged
from number_inventory.adapters.dynamodb.number_items import number_item
from number_inventory.domain.aors import compile_rules
from number_inventory.domain.decisions import Stamp
from number_inventory.domain.lifecycle import Registration, registered
from number_inventory.domain.numbers import NumberRecord
from number_inventory.domain.snapshots import UserScope, claims_of, digest_of
from number_inventory.ports.devices import RegisterHead
from number_inventory.services.sync_summary import SyncResult
from tests.memory.device_source import users

USERS = 20_000


def measure(setting: Setting) -> Figure:
    """Sync a device that a whole sync has loaded, and huge ones whose register alone is there, once more each."""
    size = setting.size(USERS, 2_000)
    with staged(setting) as stage:
        played = stage.played()
        played.shows(listed(size))
        say(f"first load of {size:,} users")
        played.sync()
        spent = _unchanged(stage, played, size)
        number_writes = spent.writes[stage.tables.numbers]
    grown = {huge: _grown(setting, huge) for huge in setting.sizes}
    huge, (spent_huge, _) = list(grown.items())[-1]
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
        detail={
            "engine": setting.engine.name,
            "unchanged": spent.as_json(),
            "growth": {
                "requests, nothing new": {size: unchanged.requests for size, (unchanged, _) in grown.items()},
                "write units, nothing new": {size: unchanged.write_units for size, (unchanged, _) in grown.items()},
                "requests, one user gone": {size: changed.requests for size, (_, changed) in grown.items()},
                "write units, one user gone": {size: changed.write_units for size, (_, changed) in grown.items()},
                "read units, one user gone": {size: changed.read_units for size, (_, changed) in grown.items()},
            },
        },
    )


def _grown(setting: Setting, size: int) -> tuple[Spent, Spent]:
    """What is spent on a device of that size where nothing is new, and where one user is gone."""
    with staged(setting, batched=False) as stage:
        played = stage.played()
        say(f"a register of {size:,} users")
        _settle(stage, size)
        unchanged = _unchanged(stage, played, size)
        [*others, last] = listed(size)
        stage.client.put_item(TableName=stage.tables.numbers, Item=number_item(_held(stage, last), 1))
        played.shows(others)
        with spending(stage.client) as changed:
            summary = played.sync()
        assert (summary.result, summary.writes) == (SyncResult.APPLIED, 1), summary
        return unchanged, changed


def _held(stage: Stage, number: str) -> NumberRecord:
    stamp = Stamp(stage.clock.now(), "benchmark", f"registered on {KEY.name}")
    return registered(None, Registration(CUSTOMER, number, KEY.name, 1), stamp).after


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
    # A register that holds another count than its device is said to hold would pass for damaged.
    state = replace(lease.state, held_numbers=size)
    assert stage.devices.finish(lease, state, RegisterHead(digest, register.base, register.mark))


if __name__ == "__main__":
    run(measure)
