"""One sync of one device: what it changes, what it leaves alone, and in which order."""

from datetime import timedelta

import pytest

from number_inventory.domain.aors import NumberRule
from number_inventory.domain.decisions import Outcome, Stamp
from number_inventory.domain.devices import DeviceKey, Health
from number_inventory.domain.errors import NotFoundError
from number_inventory.domain.macros import REMOVAL_GUARD_PERCENT
from number_inventory.domain.management import add_number, assign
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage
from number_inventory.domain.snapshots import Contact, RegisteredUser
from number_inventory.services.sync import UNMAPPED_SHOWN
from number_inventory.services.sync_summary import SyncResult
from tests.memory.clock import START
from tests.memory.device_source import user
from tests.memory.world import CUSTOMER, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def key(world: World) -> DeviceKey:
    return world.add_device()


def test_registered_numbers_show_as_used_by_a_device(world: World, key: DeviceKey) -> None:
    """GIVEN a device with two users, WHEN synced, THEN both are Used/Device/AudioCodes, and the summary says so."""
    world.device_shows(key, "1001", "+4420555")

    summary = world.sync(key)

    for number in ("1001", "+4420555"):
        record = world.number(number)
        assert (record.status, record.usage, record.vendor) == (Status.USED, Usage.DEVICE, AUDIOCODES)
        assert [(holder.device, holder.since, holder.sync) for holder in record.holders] == [("sbc1", START, 1)]
        assert (record.updated_by, record.reason) == ("sync:sbc1#1", "registered on sbc1")
    assert (summary.result, summary.health, summary.complete) == (SyncResult.APPLIED, Health.OK, True)
    assert (summary.appeared, summary.disappeared, summary.held, summary.writes) == (2, 0, 2, 2)
    assert summary.outcomes == {"created": 2}


def test_effects_are_in_the_order_that_survives_a_crash(world: World, key: DeviceKey) -> None:
    """GIVEN a change, WHEN synced, THEN lease, snapshot, register read, intents, numbers, head: in that order."""
    world.device_shows(key, "1001")
    del world.fuse.passed[:]

    world.sync(key)

    assert [label.removesuffix(" before") for label in world.fuse.passed if label.endswith("before")] == [
        "devices.acquire",
        "secrets.credentials",
        "source.snapshot",
        "registrations.load",
        "registrations.intend",
        "inventory.get_many",
        "inventory.save",
        "devices.finish",
    ]


def test_an_unchanged_device_costs_no_register_read_and_no_number_write(world: World, key: DeviceKey) -> None:
    """GIVEN a synced device, WHEN nothing changed, THEN lease, snapshot and head are all that happens."""
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    before = world.inventory.all()
    del world.fuse.passed[:]

    summary = world.sync(key)

    assert {label.split(" ")[0] for label in world.fuse.passed} == {
        "devices.acquire",
        "secrets.credentials",
        "source.snapshot",
        "devices.finish",
    }
    assert (summary.result, summary.held, summary.writes) == (SyncResult.UNCHANGED, 2, 0)
    assert world.inventory.all() == before


def test_what_only_shows_by_the_way_is_no_change(world: World, key: DeviceKey) -> None:
    """GIVEN a synced device, WHEN order, contacts, expiry and names differ, THEN nothing is written."""
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    moved = RegisteredUser("sip:1001@sbc.example", (Contact("sip:1001@192.0.2.99", True, 5),))
    world.source.shows[key] = (user("1002"), moved, user("alice"))

    assert world.sync(key).result is SyncResult.UNCHANGED


def test_a_removed_number_cools_for_the_days_of_the_macro(world: World, key: DeviceKey) -> None:
    """GIVEN a synced number, WHEN it is proven gone, THEN it cools for the days the macro says, by default 2."""
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    world.device_shows(key, "1002")
    world.clock.advance(minutes=5)

    summary = world.sync(key)

    record = world.number("1001")
    assert (record.status, record.usage, record.vendor, record.holders) == (Status.COOLING, Usage.NONE, "", ())
    assert record.release_date == START + timedelta(days=2, minutes=5)
    assert record.reason == "no longer registered on sbc1"
    assert summary.outcomes == {"cooling_started": 1}
    assert (summary.appeared, summary.disappeared, summary.held) == (0, 1, 1)


def test_a_second_look_at_a_removed_number_moves_nothing(world: World, key: DeviceKey) -> None:
    """GIVEN a number that cools, WHEN syncs go on for a day, THEN its record is not written again."""
    world.device_shows(key, "1001")
    world.sync(key)
    world.device_shows(key)
    world.sync(key)
    cooling = world.number("1001")

    for hour in range(24):
        world.clock.advance(hours=1)
        world.device_shows(key, *(["1002"] if hour % 2 else []))
        world.sync(key)

    assert world.number("1001") == cooling


def test_a_number_that_comes_back_is_used_again(world: World, key: DeviceKey) -> None:
    """GIVEN a number that cools, WHEN it is registered again, THEN it is Used/Device/AudioCodes, without a date."""
    world.device_shows(key, "1001")
    world.sync(key)
    world.device_shows(key)
    world.sync(key)
    world.device_shows(key, "1001")
    world.clock.advance(days=1)

    summary = world.sync(key)

    record = world.number("1001")
    assert (record.status, record.usage, record.vendor) == (Status.USED, Usage.DEVICE, AUDIOCODES)
    assert record.release_date is None
    assert summary.outcomes == {"restored": 1}


def test_a_number_on_two_devices_stays_used_when_it_leaves_one(world: World, key: DeviceKey) -> None:
    """GIVEN a number on two devices, WHEN it leaves one, THEN Used; WHEN it leaves the other, THEN Cooling."""
    other = world.add_device("sbc2")
    for device in (key, other):
        world.device_shows(device, "1001")
        world.sync(device)

    world.device_shows(key)
    assert world.sync(key).outcomes == {"holder_dropped": 1}
    assert world.number("1001").status is Status.USED

    world.device_shows(other)
    assert world.sync(other).outcomes == {"cooling_started": 1}
    assert world.number("1001").status is Status.COOLING


def test_nothing_crosses_customers(world: World, key: DeviceKey) -> None:
    """GIVEN devices of the same name and number with two customers, WHEN one loses it, THEN the other keeps it."""
    other = world.add_device("sbc1", customer="other")
    for device in (key, other):
        world.device_shows(device, "1001")
        world.sync(device)
    world.device_shows(key)

    world.sync(key)

    assert world.number("1001").status is Status.COOLING
    assert world.number("1001", "other").status is Status.USED


def test_two_tenants_with_the_same_extension_on_one_device_stay_apart(world: World) -> None:
    """GIVEN one device under two customers, limited to their hosts, WHEN one's 1001 goes, THEN the other's stays."""
    mine = world.add_device("sbc1", hosts=frozenset({"mine.example"}))
    theirs = world.add_device("sbc1", customer="other", hosts=frozenset({"theirs.example"}))
    both = (user("1001", host="mine.example"), user("1001", host="theirs.example"))
    for device in (mine, theirs):
        world.source.shows[device] = both
        assert world.sync(device).foreign == 1
    for device in (mine, theirs):
        world.source.shows[device] = both[1:]
        world.sync(device)

    assert world.number("1001").status is Status.COOLING
    assert world.number("1001", "other").status is Status.USED


@pytest.mark.parametrize("shown", [(), ("1002",)], ids=["nothing", "another number"])
def test_a_partial_snapshot_removes_nothing_but_adds(world: World, key: DeviceKey, shown: tuple[str, ...]) -> None:
    """GIVEN a synced number, WHEN a partial snapshot lacks it, THEN it stays, what shows is added, and why is told."""
    world.device_shows(key, "1001")
    world.sync(key)
    world.device_shows(key, *shown, partial="counts differ")

    summary = world.sync(key)

    assert world.number("1001").status is Status.USED
    assert world.held_by(key) == {"1001", *shown}
    assert (summary.health, summary.cause, summary.disappeared) == (Health.PARTIAL, "counts differ", 0)
    assert "counts differ" in summary.removals_wait
    assert world.devices.get(key).state.health is Health.PARTIAL


def test_a_complete_snapshot_after_a_partial_one_removes(world: World, key: DeviceKey) -> None:
    """GIVEN a partial snapshot, WHEN the very same list comes complete, THEN the missing number cools."""
    world.device_shows(key, "1001")
    world.sync(key)
    world.device_shows(key, partial="counts differ")
    world.sync(key)
    world.device_shows(key)

    summary = world.sync(key)

    assert world.number("1001").status is Status.COOLING
    assert (summary.health, summary.removals_wait) == (Health.OK, "")


def test_a_partial_snapshot_seen_before_costs_nothing(world: World, key: DeviceKey) -> None:
    """GIVEN a partial snapshot that was applied, WHEN it comes again, THEN nothing is read or written for it."""
    world.device_shows(key, "1001", partial="counts differ")
    world.sync(key)
    del world.fuse.passed[:]

    assert world.sync(key).result is SyncResult.UNCHANGED
    assert not any(label.startswith(("registrations", "inventory")) for label in world.fuse.passed)


def test_a_contact_that_is_not_active_neither_adds_nor_removes(world: World, key: DeviceKey) -> None:
    """GIVEN a held and an unknown number, WHEN both show without active contacts, THEN both stay what they were."""
    world.device_shows(key, "1001")
    world.sync(key)
    world.device_shows(key, dormant=["1001", "1002"])

    world.sync(key)

    assert world.number("1001").status is Status.USED
    assert world.inventory.get(CUSTOMER, "1002") is None


def test_aors_that_map_to_no_number_are_reported(world: World, key: DeviceKey) -> None:
    """GIVEN names among the users, WHEN synced, THEN they are counted, some shown, and the rest goes on."""
    world.source.shows[key] = (user("1001"), *(user(f"alice{index}") for index in range(30)))

    summary = world.sync(key)

    assert (summary.unmapped, len(summary.unmapped_examples)) == (30, UNMAPPED_SHOWN)
    assert summary.unmapped_examples[0] == "sip:alice0@sbc.example"
    assert world.devices.get(key).state.unmapped == 30
    assert set(world.inventory.all()) == {(CUSTOMER, "1001")}


def test_a_conflict_is_raised_and_the_number_left_to_its_user(world: World, key: DeviceKey) -> None:
    """GIVEN a number of another vendor, WHEN a device registers it, THEN the summary names it; the vendor keeps it."""
    stamp = Stamp(START, "operator:ann", "new colleague")
    added = add_number(None, NumberRecord(customer=CUSTOMER, number="1001"), stamp)
    world.decide(added)
    world.decide(assign(world.number("1001"), "Microsoft", Usage.USER, "ann", stamp))
    world.device_shows(key, "1001")

    summary = world.sync(key)

    assert summary.conflicts == ("1001",)
    assert summary.outcomes == {str(Outcome.CONFLICT): 1}
    record = world.number("1001")
    assert (record.vendor, record.usage, world.held_by(key)) == ("Microsoft", Usage.USER, {"1001"})


def test_a_change_of_the_number_rules_is_a_change(world: World) -> None:
    """GIVEN a device with a rule, WHEN synced, THEN the rule's numbers are used; broken ones stop only this device."""
    key = world.add_device(number_rules=(NumberRule(r"(\d+)", r"+44\1"),))
    world.device_shows(key, "1001")

    world.sync(key)

    assert world.held_by(key) == {"+441001"}


def test_a_broken_number_rule_names_itself_and_changes_nothing(world: World) -> None:
    """GIVEN a rule that does not compile in the store, WHEN synced, THEN misconfigured, the rule named, no contact."""
    key = world.add_device()
    world.devices.replace_device(key, number_rules=(NumberRule("(", ""),))
    world.device_shows(key, "1001")

    summary = world.sync(key)

    assert (summary.result, summary.health) == (SyncResult.FAILED, Health.MISCONFIGURED)
    assert "number rule 1" in summary.cause
    assert world.source.asked == []
    assert world.inventory.all() == {}


def test_an_unknown_or_disabled_device_is_not_synced(world: World, key: DeviceKey) -> None:
    """GIVEN no such device, or a disabled one, WHEN a sync is asked for, THEN that is the error."""
    with pytest.raises(NotFoundError):
        world.sync(DeviceKey(CUSTOMER, "nowhere"))
    world.configure.set_enabled(key, enabled=False)
    with pytest.raises(NotFoundError):
        world.sync(key)
    assert world.source.asked == []


def test_the_state_of_a_device_keeps_what_was_learned(world: World, key: DeviceKey) -> None:
    """GIVEN a complete sync, WHEN the state is read, THEN it tells when, what device, how many; and no cause."""
    world.device_shows(key, "1001", "1002")
    world.sync(key)

    state = world.devices.get(key).state

    assert (state.health, state.since, state.cause) == (Health.OK, START, "")
    assert (state.last_sync_at, state.last_complete_at) == (START, START)
    assert (state.product, state.version, state.serial) == ("Mediant VE SBC", "7.40A.250", "123456")
    assert (state.uptime_seconds, state.held_numbers, state.unmapped) == (500_000, 2, 0)


def test_a_long_journal_is_compacted_and_nothing_is_lost(world: World, key: DeviceKey) -> None:
    """GIVEN many changes, WHEN the register is compacted again and again, THEN every number is still accounted for."""
    world.macros.put(CUSTOMER, REMOVAL_GUARD_PERCENT, "100")
    shown: set[str] = set()
    for round_ in range(12):
        world.clock.advance(days=2)
        shown = {str(1000 + (round_ * 3 + index) % 20) for index in range(8)}
        world.device_shows(key, *sorted(shown))
        world.sync(key)
        assert world.held_by(key) == shown
    assert any(label.startswith("registrations.compact") for label in world.fuse.passed)
