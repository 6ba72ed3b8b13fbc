"""What devices say is set against records only if both are of the same moment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.domain.audit import Case, CoolingDays, judge
from number_inventory.domain.decisions import Stamp
from number_inventory.domain.devices import DeviceKey, Health
from number_inventory.domain.lifecycle import Registration, registration_gone
from number_inventory.domain.numbers import Status
from number_inventory.domain.testimony import Word
from number_inventory.services.witnesses import CasesRead, Witnesses
from tests.memory.world import CUSTOMER, PROOF_AGE, World

DAYS = CoolingDays(devices=2, undated=2)


@pytest.fixture
def world() -> World:
    """Two devices that hold a number together, and one each of their own."""
    world = World()
    for name, numbers in (("sbc1", ("1001", "1002")), ("sbc2", ("1002", "2001"))):
        key = world.add_device(name)
        world.device_shows(key, *numbers)
        world.sync(key)
    return world


SBC1 = DeviceKey(CUSTOMER, "sbc1")


def witnesses_of(world: World) -> Witnesses:
    """The customer's devices, heard."""
    witnesses = Witnesses(
        CUSTOMER,
        inventory=world.inventory,
        devices=world.devices,
        registrations=world.registrations,
        clock=world.clock,
        proof_age=PROOF_AGE,
    )
    witnesses.renew()
    return witnesses


def blow_at_label(world: World, label: str, action: object) -> None:
    """Let something happen when this point is passed next."""
    passes = 0

    original = world.fuse.point

    def point(passed: str) -> None:
        nonlocal passes
        original(passed)
        if passed == label and passes == 0:
            passes += 1
            action()  # type: ignore[operator]

    world.fuse.point = point  # type: ignore[method-assign, assignment]


def read(witnesses: Witnesses, number: str, *devices: str) -> CasesRead:
    """Read one number."""
    return witnesses.read({number: set(devices)}, DAYS)


def only(cases: CasesRead) -> Case:
    """The one case that was read."""
    (case,) = cases.cases
    assert not cases.moving
    assert not cases.unreadable
    return case


def words(case: Case) -> dict[str, Word]:
    """Who said what."""
    return {statement.device: statement.word for statement in case.statements}


def test_a_number_is_read_with_every_device_that_has_to_do_with_it(world: World) -> None:
    """GIVEN a number of two devices, WHEN read as if only one were known, THEN both are heard."""
    assert words(only(read(witnesses_of(world), "1002", "sbc1"))) == {"sbc1": Word.HOLDS, "sbc2": Word.HOLDS}
    assert words(only(read(witnesses_of(world), "1002"))) == {"sbc1": Word.HOLDS, "sbc2": Word.HOLDS}


@pytest.mark.parametrize("label", ["inventory.get_many before", "inventory.get_many after"])
def test_a_sync_between_the_two_readings_is_noticed(world: World, label: str) -> None:
    """GIVEN a register that was heard, WHEN a sync takes the number about then, THEN both are read again."""
    witnesses = witnesses_of(world)

    def leave() -> None:
        world.device_shows(SBC1, "1002")
        world.sync(SBC1)

    blow_at_label(world, label, leave)
    case = only(read(witnesses, "1001", "sbc1"))

    assert words(case) == {"sbc1": Word.DENIES}
    assert case.record is not None
    assert case.record.status is Status.COOLING
    assert judge(case) == ()


def test_a_sync_at_work_that_says_something_new_is_noticed(world: World) -> None:
    """GIVEN a device that a sync has already, WHEN it takes the number between the readings, THEN it is changing."""
    witnesses = witnesses_of(world)
    lease = world.devices.acquire(SBC1, world.clock.at, world.clock.at + timedelta(minutes=5))
    assert lease is not None

    def take_the_number() -> None:
        register = world.registrations.load(lease)
        world.registrations.intend(lease, register, register.held - {"1001"})
        gone = registration_gone(
            world.number("1001"),
            Registration(CUSTOMER, "1001", "sbc1", lease.sync),
            2,
            Stamp(world.clock.at, "sync:sbc1#x", "gone"),
        )
        assert gone is not None
        world.decide(gone)

    blow_at_label(world, "inventory.get_many before", take_the_number)
    case = only(read(witnesses, "1001", "sbc1"))

    assert words(case) == {"sbc1": Word.CHANGING}
    assert case.moving


def test_a_number_that_never_stands_still_is_left_alone(world: World) -> None:
    """GIVEN a device that syncs between any two readings, WHEN its number is read, THEN it is reported as moving."""
    witnesses = witnesses_of(world)
    original = world.inventory.get_many

    def get_many(customer: str, numbers: list[str]) -> object:
        world.sync(SBC1)
        return original(customer, numbers)

    world.inventory.get_many = get_many  # type: ignore[assignment, method-assign]
    found = read(witnesses, "1001", "sbc1")

    assert found.moving == ["1001"]
    assert found.cases == []


def test_an_orphan_is_heard_by_all_devices(world: World) -> None:
    """GIVEN a number used by nobody known, WHEN read, THEN every device of the customer is asked."""
    world.inventory.put(replace(world.number("1001"), number="3001", holders=()))
    world.add_device("sbc3")

    case = only(read(witnesses_of(world), "3001"))

    assert words(case) == {"sbc1": Word.DENIES, "sbc2": Word.DENIES, "sbc3": Word.CANNOT_SAY}


def test_a_device_that_was_removed_denies_and_one_that_was_lost_or_is_broken_cannot_say(world: World) -> None:
    """GIVEN devices removed, lost and broken, WHEN their numbers are read, THEN only the removed one's word is no."""
    world.devices.drop(SBC1)
    lost = only(read(witnesses_of(world), "1001"))
    assert words(lost) == {"sbc1": Word.CANNOT_SAY}
    assert "restored" in lost.statements[0].note

    world.registrations.lose(SBC1)
    world.devices.unreadable.add(DeviceKey(CUSTOMER, "sbc2"))

    case = only(read(witnesses_of(world), "1002"))

    assert words(case) == {"sbc1": Word.DENIES, "sbc2": Word.CANNOT_SAY}
    assert "sbc2" in case.statements[1].note


@pytest.mark.parametrize("damage", ["lost", "no images", "unreadable"])
def test_a_device_without_its_register_cannot_say(world: World, damage: str) -> None:
    """GIVEN a register that is lost, in whole or in part, WHEN its numbers are read, THEN the device cannot say."""
    if damage == "lost":
        world.registrations.lose(SBC1)
    elif damage == "no images":
        world.device_shows(SBC1, *(str(number) for number in range(1001, 1020)))
        world.sync(SBC1)
        world.registrations.lose_images(SBC1)
    else:
        world.registrations.unreadable.add(SBC1)

    case = only(read(witnesses_of(world), "1001"))

    assert words(case) == {"sbc1": Word.CANNOT_SAY}
    assert case.statements[0].note
    assert [str(finding.outcome) for finding in judge(case)] == ["unproven"]


def test_whether_a_device_may_speak_is_known_anew_after_a_while(world: World) -> None:
    """GIVEN a device that falls silent during a long audit, WHEN a minute has passed, THEN it cannot say any more."""
    world.inventory.put(replace(world.number("1001"), number="3001", holders=()))
    witnesses = witnesses_of(world)
    assert words(only(read(witnesses, "3001")))["sbc1"] is Word.DENIES
    world.devices.replace_state(SBC1, health=Health.UNREACHABLE)

    world.clock.advance(minutes=2)
    witnesses.renew()

    assert words(only(read(witnesses, "3001")))["sbc1"] is Word.CANNOT_SAY


def test_numbers_that_cannot_be_understood_are_counted_and_left(world: World) -> None:
    """GIVEN a broken record, WHEN read, THEN it is neither a case nor absent."""
    world.inventory.unreadable.add("1001")
    found = read(witnesses_of(world), "1001", "sbc1")

    assert (found.unreadable, found.cases, found.moving) == (["1001"], [], [])


def test_claimants_are_told_stretch_by_stretch(world: World) -> None:
    """GIVEN registers, WHEN asked for stretches, THEN each number once, with all devices that hold it."""
    witnesses = witnesses_of(world)

    assert witnesses.claimants("", "1001") == {"1001": ["sbc1"]}
    assert witnesses.claimants("1001", None) == {"1002": ["sbc1", "sbc2"], "2001": ["sbc2"]}
    assert witnesses.claiming("1002") == {"sbc1", "sbc2"}
    assert witnesses.claiming("9") == set()
