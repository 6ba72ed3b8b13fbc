"""The worker: which messages it takes off the queue, and which come again."""

from datetime import timedelta
from typing import Any

import pytest

from number_inventory.domain.devices import DeviceKey, Health
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from simulator.server import Simulator
from tests.integration.functions.account import WORKER, Account, Ran, batch, failures
from tests.integration.functions.conftest import DOMAIN, NUMBERS, users

GOOD = {"customer": "acme", "device": "sbc-1"}
SECOND = timedelta(seconds=1)


def synced(account: Account) -> Ran:
    """One sync of sbc-1 that must have been taken off the queue."""
    ran = account.run(WORKER, batch(GOOD))
    assert (ran.error, failures(ran)) == (None, [])
    return ran


@pytest.fixture
def key(account: Account, simulator: Simulator) -> DeviceKey:
    """The played device, configured in the account."""
    return account.add_device("sbc-1", simulator)


def test_registered_numbers_become_used(account: Account, key: DeviceKey) -> None:
    """GIVEN a device with three numbers WHEN its message comes THEN they are Used, Device, AudioCodes, and held."""
    synced(account)

    for number in NUMBERS:
        record = account.number(number)
        assert (record.status, record.usage, record.vendor) == (Status.USED, Usage.DEVICE, "AudioCodes")
        assert [holder.device for holder in record.holders] == ["sbc-1"]
    assert account.state(key).health is Health.OK
    assert account.state(key).held_numbers == 3


def test_numbers_that_leave_cool_and_may_come_back(account: Account, key: DeviceKey, simulator: Simulator) -> None:
    """GIVEN a number that leaves WHEN synced THEN it cools for 2 days; WHEN it is back THEN it is Used again."""
    synced(account)
    simulator.devices["sbc-1"].unregister([f"4711@{DOMAIN}"])
    synced(account)

    cooling = account.number("4711")
    assert (cooling.status, cooling.usage, cooling.vendor, cooling.holders) == (Status.COOLING, "", "", ())
    assert cooling.release_date is not None
    assert cooling.cooling_since is not None
    assert timedelta() <= cooling.release_date - cooling.cooling_since - timedelta(days=2) < SECOND

    simulator.devices["sbc-1"].register(users("4711"))
    synced(account)
    back = account.number("4711")
    assert (back.status, back.usage, back.vendor, back.release_date) == ("Used", "Device", "AudioCodes", None)


def test_an_unchanged_device_writes_no_number(account: Account, key: DeviceKey) -> None:
    """GIVEN a device that was synced WHEN its message is delivered again THEN no number is written."""
    synced(account)
    before = [account.number(number) for number in NUMBERS]
    twice = account.run(WORKER, batch(GOOD, GOOD))

    assert [line["sync"]["result"] for line in twice.logged] == ["unchanged", "unchanged"]
    assert [account.number(number) for number in NUMBERS] == before


def test_only_poisoned_messages_come_again(account: Account, key: DeviceKey) -> None:
    """GIVEN a batch of good and poisoned messages WHEN worked THEN exactly the poisoned ones are given back."""
    bodies: tuple[Any, ...] = (
        "not JSON {",
        GOOD,
        {"customer": "acme"},
        {"customer": "acme", "devise": "sbc-1"},
        ["acme", "sbc-1"],
        {"customer": "acme", "device": "gone-since"},
        "",
        {"customer": "acme", "device": 7},
        {"customer": "other", "device": "sbc-1"},
        "null",
        "[" * 100_000,
    )
    ran = account.run(WORKER, batch(*bodies))

    assert failures(ran) == ["m0", "m2", "m3", "m4", "m6", "m7", "m9", "m10"]
    assert account.number("4711").status is Status.USED
    said = {line["message_id"]: line["exception"] for line in ran.logged if line["level"] == "ERROR"}
    assert sorted(said) == sorted(failures(ran))
    assert "not JSON {" in said["m0"]
    assert "device: Field required" in said["m2"]
    assert "devise" in said["m3"]
    assert "not list" in said["m4"]
    nothing = [line for line in ran.logged if line["message"] == "nothing to sync"]
    assert [line["device"] for line in nothing] == ["acme/gone-since", "other/sbc-1"]


def test_a_disabled_device_is_left_alone(account: Account, simulator: Simulator) -> None:
    """GIVEN a device that was disabled after it was queued WHEN its message comes THEN it is taken off, unasked."""
    account.add_device("sbc-1", simulator, enabled=False)
    synced(account)

    assert simulator.devices["sbc-1"].requests() == []
    assert account.inventory.get("acme", "4711") is None


def test_a_device_that_is_down_changes_nothing(account: Account, key: DeviceKey, simulator: Simulator) -> None:
    """GIVEN numbers in use WHEN their device cannot be reached THEN none changes, and the state says since when."""
    synced(account)
    before = [account.number(number) for number in NUMBERS]
    simulator.devices["sbc-1"].arm("unreachable")
    ran = account.run(WORKER, batch(GOOD), seconds_left=20)

    assert failures(ran) == []
    assert [account.number(number) for number in NUMBERS] == before
    state = account.state(key)
    assert (state.health, state.held_numbers) == (Health.UNREACHABLE, 3)
    assert state.cause
    assert state.since is not None
    assert ran.counted()["SyncsNotApplied"] == 1
    [line] = ran.logged
    assert (line["level"], line["sync"]["health"], line["sync"]["cause"]) == ("WARNING", "unreachable", state.cause)


def test_a_refused_login_is_not_tried_twice(account: Account, key: DeviceKey, simulator: Simulator) -> None:
    """GIVEN a device that refuses the login WHEN two messages come THEN it is asked once, and nothing changes."""
    synced(account)
    device = simulator.devices["sbc-1"]
    device.arm("wrong-password")
    device.forget_requests()
    ran = account.run(WORKER, batch(GOOD, GOOD))

    assert failures(ran) == []
    assert len([request for request in device.requests() if request.status == 401]) == 1
    assert account.state(key).health is Health.LOGIN_REFUSED
    assert account.number("4711").status is Status.USED


def test_a_partial_answer_adds_and_never_removes(account: Account, key: DeviceKey, simulator: Simulator) -> None:
    """GIVEN a list that does not fit the count WHEN one left and one came THEN the new one is Used, the other stays."""
    synced(account)
    device = simulator.devices["sbc-1"]
    device.unregister([f"4711@{DOMAIN}"])
    device.register(users("4712"))
    device.arm("wrong-count", by=5)
    ran = synced(account)

    assert account.number("4712").status is Status.USED
    assert account.number("4711").status is Status.USED
    assert account.state(key).health is Health.PARTIAL
    assert (ran.counted()["Devices_partial"], ran.counted()["RemovalsWaiting"]) == (1, 1)


def test_a_broken_macro_holds_removals_only(account: Account, key: DeviceKey, simulator: Simulator) -> None:
    """GIVEN a macro of "two" in the store WHEN one leaves and one comes THEN only the newcomer changes."""
    synced(account)
    account.macros.put("acme", AUDIOCODES_COOLING_DURATION, "two")
    device = simulator.devices["sbc-1"]
    device.unregister([f"4711@{DOMAIN}"])
    device.register(users("4712"))
    ran = synced(account)

    assert (account.number("4711").status, account.number("4712").status) == (Status.USED, Status.USED)
    [line] = ran.logged
    assert line["level"] == "WARNING"
    assert "'two'" in line["sync"]["removals_wait"]
    assert ran.counted()["RemovalsWaiting"] == 1

    account.macros.put("acme", AUDIOCODES_COOLING_DURATION, "0")
    synced(account)
    assert account.number("4711").status is Status.AVAILABLE, "zero days are no cooling at all"


def test_names_and_conflicts_are_told(account: Account, key: DeviceKey, simulator: Simulator) -> None:
    """GIVEN a user that is no number and one that Teams uses WHEN synced THEN both are named and nothing is lost."""
    account.put(NumberRecord(customer="acme", number="4711", status=Status.USED, usage=Usage.USER, vendor="Microsoft"))
    simulator.devices["sbc-1"].register(users("Lobby"))
    ran = synced(account)

    [line] = ran.logged
    assert line["sync"]["conflicts"] == ["4711"]
    assert line["sync"]["unmapped_examples"] == [f"Lobby@{DOMAIN}"]
    assert line["sync"]["unmapped"] == 1
    assert (account.number("4711").vendor, account.number("4711").usage) == ("Microsoft", Usage.USER)
    assert account.number(NUMBERS[0]).status is Status.USED


@pytest.mark.parametrize("table", ["DEVICES_TABLE", "REGISTRATIONS_TABLE", "NUMBERS_TABLE"])
def test_trouble_with_aws_brings_the_message_back(
    account: Account, key: DeviceKey, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """GIVEN a table that cannot be reached WHEN a message is worked THEN it is given back, and the log says why."""
    monkeypatch.setenv(table, "no-such-table")
    ran = account.run(WORKER, batch(GOOD))

    assert failures(ran) == ["m0"]
    [line] = [line for line in ran.logged if line["level"] == "ERROR"]
    assert line["exception_name"] == "StorageRefusedError"


def test_a_message_that_comes_again_is_carried_out(
    account: Account, key: DeviceKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a sync that stopped half-way WHEN its message comes again THEN it ends as if nothing had been."""
    with monkeypatch.context() as broken:
        broken.setenv("NUMBERS_TABLE", "no-such-table")
        assert failures(account.run(WORKER, batch(GOOD))) == ["m0"]
    synced(account)

    assert {account.number(number).status for number in NUMBERS} == {Status.USED}
    assert account.state(key).cause == ""


def test_missing_credentials_are_told_and_not_retried(account: Account, key: DeviceKey) -> None:
    """GIVEN a device whose credentials were removed WHEN synced THEN its state names the parameter."""
    account.secrets.forget(key)
    synced(account)

    state = account.state(key)
    assert state.health is Health.MISCONFIGURED
    assert "/inventory-test/acme/sbc-1/credentials" in state.cause


def test_an_address_on_this_machine_is_refused_outside_a_local_stack(
    account: Account, key: DeviceKey, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN the default address policy WHEN a device is at loopback THEN it is never asked, and the state says why."""
    monkeypatch.setenv("DEVICE_ADDRESS_POLICY", "public-and-private")
    synced(account)

    assert account.state(key).health is Health.MISCONFIGURED
    assert simulator.devices["sbc-1"].requests() == []


def test_a_function_that_is_about_to_end_is_no_harm(account: Account, key: DeviceKey) -> None:
    """GIVEN less time than is kept for ending in good order WHEN a message comes THEN the next sync ends it."""
    ran = account.run(WORKER, batch(GOOD), seconds_left=0.5)

    assert (ran.error, failures(ran)) == (None, [])
    synced(account)
    assert account.number("4711").status is Status.USED


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({}, "Records: Field required"),
        ([], "not list"),
        (None, "not NoneType"),
        ("Records", "not str"),
        ({"Records": None}, "Records"),
        ({"Records": []}, "Records"),
        ({"Records": {}}, "Records"),
        ({"Records": [7]}, "Records.0"),
        ({"Records": [{}]}, "Records.0.messageId"),
        ({"Records": [{"messageId": "m0"}]}, "Records.0.body"),
        ({"customer": "acme", "device": "sbc-1"}, "customer"),
    ],
)
def test_malformed_events_are_refused(account: Account, event: object, named: str) -> None:
    """GIVEN what is no event of a queue WHEN it arrives THEN the error names the part."""
    error = account.refused(WORKER, event)

    assert isinstance(error, InvalidInputError)
    assert str(error).startswith("event: ")
    assert named in str(error)


def test_a_broken_record_stops_its_own_number_and_no_other(
    account: Account, key: DeviceKey, simulator: Simulator
) -> None:
    """GIVEN a record nobody understands WHEN synced again and again THEN all others come and go, and the cause is told.

    WHEN the record is right again THEN its number is seen to, too.
    """
    device = simulator.devices["sbc-1"]
    account.plant_number("4711", status={"S": "Retired"})
    synced(account)
    device.unregister([f"{NUMBERS[0]}@{DOMAIN}"])
    device.register(users("4799"))
    synced(account)
    synced(account)

    assert account.number(NUMBERS[0]).status is Status.COOLING
    assert account.number("4799").status is Status.USED
    assert "4711" in account.state(key).cause
    assert "status" in account.state(key).cause

    account.plant_number("4711", status={"S": "Available"})
    synced(account)
    assert account.number("4711").status is Status.USED
    assert account.state(key).cause == ""
