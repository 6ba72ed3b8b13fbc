"""A check-up finds what is wrong wherever it is, asks no device that would lock it out, and changes nothing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from number_inventory.domain.checkup import Check, Part, SchedulePart, StackPart, UnseenPart, Verdict
from number_inventory.domain.errors import (
    CredentialsMissingError,
    DeviceError,
    DeviceRejectedError,
    DeviceUnreachableError,
    LoginRefusedError,
    NotFoundError,
    StorageBusyError,
)
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION
from number_inventory.services.check_up import CheckUp
from tests.memory.world import CUSTOMER, World
from tests.unit.domain.records import cooling

WELL = (
    StackPart("inventory", "CREATE_COMPLETE"),
    SchedulePart("SyncSchedule", "ENABLED", "rate(5 minutes)"),
    SchedulePart("ReleaseSchedule", "ENABLED", "rate(5 minutes)"),
    SchedulePart("AuditSchedule", "ENABLED", "rate(1 day)"),
)
SLOW = (
    StackPart("inventory", "CREATE_COMPLETE", {"AuditLateHours": "80"}),
    SchedulePart("SyncSchedule", "ENABLED", "rate(2 days)"),
    SchedulePart("ReleaseSchedule", "ENABLED", "rate(2 days)"),
    SchedulePart("AuditSchedule", "ENABLED", "cron(0 2 ? * MON,THU *)"),
)


@dataclass(frozen=True)
class Stack:
    """A stack of these parts."""

    told: tuple[Part, ...] = WELL

    def parts(self) -> Iterator[Part]:
        """All of them."""
        yield from self.told


@pytest.fixture
def world() -> World:
    """A device that was synced just now, and an audit that was."""
    world = World()
    key = world.add_device()
    world.device_shows(key, "1001", "1002")
    world.sync(key)
    world.audit()
    return world


def looked(world: World, devices: Collection[str] | None = None, stack: Stack | None = None) -> Mapping[str, Check]:
    """All checks, by area and name."""
    check_up = CheckUp(
        deployment=stack or Stack(),
        inventory=world.inventory,
        macros=world.macros,
        audits=world.audits,
        configure=world.configure,
        clock=world.clock,
        tell=lambda _words: None,
    )
    return {f"{check.area} {check.name}": check for check in check_up(CUSTOMER, devices)}


def wrong(checks: Mapping[str, Check]) -> dict[str, Verdict]:
    return {name: check.verdict for name, check in checks.items() if check.verdict is not Verdict.OK}


def test_where_all_is_well_nothing_is_wrong_and_nothing_changes(world: World) -> None:
    before = world.inventory.all()
    checks = looked(world)
    assert wrong(checks) == {}
    assert set(checks) == {
        "stack inventory", "schedule SyncSchedule", "schedule ReleaseSchedule", "schedule AuditSchedule",
        "macros acme", "release acme", "audit acme", "sync sbc1", "device sbc1",
    }  # fmt: skip
    assert "shows all of its 2 users, 2 numbers" in checks["device sbc1"].said
    assert world.inventory.all() == before


def test_each_fault_is_found_by_itself(world: World) -> None:
    """GIVEN a broken macro, a late release, a late audit, no sync and a part that is gone THEN each is a problem."""
    world.macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "soon")
    world.inventory.put(replace(cooling(world.clock.at + timedelta(hours=1)), number="2001"))
    world.clock.advance(hours=27)
    checks = looked(world, stack=Stack((*WELL, UnseenPart("table", "MacrosTable", "", missing=True))))
    assert wrong(checks) == dict.fromkeys(
        ("table MacrosTable", "macros acme", "release acme", "audit acme", "sync sbc1"), Verdict.PROBLEM
    )
    assert "must be a whole number of days" in checks["macros acme"].said
    assert (
        checks["release acme"].said == "1 number is past the Release Date by more than 30 minutes, by rate(5 minutes)"
    )
    assert all(check.todo for name, check in checks.items() if name in wrong(checks))


def test_what_is_late_is_judged_by_the_stack_s_own_schedules(world: World) -> None:
    """GIVEN a silence of hours WHEN schedules are slower, or cannot be read THEN it is well, or may be."""
    world.clock.advance(hours=27)
    assert wrong(looked(world, stack=Stack(SLOW))) == {}
    unreadable = wrong(looked(world, stack=Stack((StackPart("inventory", "CREATE_COMPLETE"),))))
    assert unreadable == {"audit acme": Verdict.WARNING, "sync sbc1": Verdict.WARNING}


def test_what_cannot_be_read_fails_alone(world: World) -> None:
    def busy() -> None:
        raise StorageBusyError("the table is busy")

    for point in range(200):
        world.fuse.blow_at(point, busy)
        try:
            checks = looked(world)
        except StorageBusyError:
            continue  # whose devices these are is asked for before anything else
        finally:
            armed = world.fuse.armed
            world.fuse.disarm()
        if armed:
            break
        assert len(checks) == 9
        assert set(wrong(checks).values()) == {Verdict.PROBLEM}
    else:
        raise AssertionError("there is no end of calls")


@pytest.mark.parametrize(
    ("error", "said", "todo"),
    [
        (DeviceUnreachableError("no answer"), "no answer", "firewalls"),
        (DeviceRejectedError("404"), "404", "devices edit"),
        (LoginRefusedError("401", 1), "401", "user, password and level"),
        (CredentialsMissingError("none"), "none", "store them"),
    ],
)
def test_a_device_that_cannot_be_asked_is_a_problem(world: World, error: DeviceError, said: str, todo: str) -> None:
    [key] = world.source.shows
    world.source.shows[key] = error
    check = looked(world)["device sbc1"]
    assert (check.verdict, check.said) == (Verdict.PROBLEM, said)
    assert todo in check.todo
    assert check.command[0] == "devices"


def test_one_that_has_refused_the_login_is_not_asked_again(world: World) -> None:
    """GIVEN refused credentials WHEN it is looked at THEN it is not contacted: it would lock out the address."""
    [key] = world.source.shows
    world.source.refuses[key] = {1}
    world.sync(key)
    asked = len(world.source.asked)
    world.clock.advance(hours=1)
    checks = looked(world)
    assert len(world.source.asked) == asked
    assert wrong(checks) == {"sync sbc1": Verdict.PROBLEM, "device sbc1": Verdict.PROBLEM}
    assert checks["device sbc1"].command == ("devices", "credentials", "sbc1")
    world.store_credentials(key)
    assert looked(world)["device sbc1"].verdict is Verdict.OK, "others are tried"


def test_partial_disabled_and_missing_devices_are_told(world: World) -> None:
    [key] = world.source.shows
    world.device_shows(key, "1001", partial="the list is cut")
    assert looked(world)["device sbc1"].verdict is Verdict.WARNING
    world.configure.set_enabled(key, enabled=False)
    assert wrong(looked(world)) == {"device acme": Verdict.WARNING}
    assert looked(world, ["sbc1"])["sync sbc1"].said == "is disabled: schedules pass it by"
    assert "sync sbc1" not in looked(world, [])
    with pytest.raises(NotFoundError, match="no device 'sbc9'"):
        looked(world, ["sbc9"])
