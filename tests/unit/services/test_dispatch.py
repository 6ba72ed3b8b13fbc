"""Sending devices their turn."""

import pytest

from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import InvalidInputError, NotFoundError, StorageBusyError
from number_inventory.services.dispatch import BATCH, DispatchSyncs
from tests.memory.world import CUSTOMER, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def dispatch(world: World) -> DispatchSyncs:
    return DispatchSyncs(world.devices, world.queue)


def test_every_enabled_device_of_every_customer_is_queued_once(world: World, dispatch: DispatchSyncs) -> None:
    """GIVEN devices of two customers, one disabled, WHEN dispatched, THEN the enabled ones are queued, each once."""
    wanted = [world.add_device("sbc1"), world.add_device("sbc2"), world.add_device("sbc1", customer="other")]
    disabled = world.add_device("sbc3")
    world.configure.set_enabled(disabled, enabled=False)

    assert dispatch() == 3
    assert world.queue.sent == wanted
    assert world.queue.scheduled == [True]


def test_one_customers_devices(world: World, dispatch: DispatchSyncs) -> None:
    """GIVEN devices of two customers, WHEN one's are dispatched, THEN only those are queued."""
    mine = world.add_device("sbc1")
    world.add_device("sbc1", customer="other")

    assert dispatch(CUSTOMER) == 1
    assert world.queue.sent == [mine]


def test_one_device(world: World, dispatch: DispatchSyncs) -> None:
    """GIVEN two devices, WHEN one is named, THEN it alone is queued."""
    world.add_device("sbc1")
    second = world.add_device("sbc2")

    assert dispatch(CUSTOMER, "sbc2") == 1
    assert world.queue.sent == [second]
    assert world.queue.scheduled == [False], "who is named is asked, due or not"


def test_a_device_that_does_not_exist_is_said(dispatch: DispatchSyncs) -> None:
    """GIVEN no such device, WHEN it is named, THEN that is the error, and nothing is queued."""
    with pytest.raises(NotFoundError, match="acme/nowhere"):
        dispatch(CUSTOMER, "nowhere")


def test_a_device_without_its_customer_is_refused(world: World, dispatch: DispatchSyncs) -> None:
    """GIVEN a device's name alone, WHEN dispatched, THEN it is refused: it must not mean every device there is."""
    world.add_device("sbc1")

    with pytest.raises(InvalidInputError, match="customer"):
        dispatch(device="sbc1")
    assert world.queue.sent == []


def test_no_devices_are_no_syncs(dispatch: DispatchSyncs) -> None:
    """GIVEN nothing configured, WHEN dispatched, THEN nothing happens."""
    assert dispatch() == 0


def test_many_devices_go_in_bounded_batches(world: World, dispatch: DispatchSyncs) -> None:
    """GIVEN more devices than a batch, WHEN dispatched, THEN none is forgotten, and no batch is too large."""
    for number in range(BATCH + 1):
        world.add_device(f"sbc{number}")

    assert dispatch() == BATCH + 1
    assert world.queue.batches == [BATCH, 1]
    assert len(set(world.queue.sent)) == BATCH + 1


def test_devices_that_could_not_be_queued_are_reported_after_all_others(world: World, dispatch: DispatchSyncs) -> None:
    """GIVEN a queue that refuses one, WHEN dispatched, THEN the others are queued, and the error names the one."""
    refused = [world.add_device(f"sbc{number}") for number in range(3)][1]
    world.queue.refuses = {refused}

    with pytest.raises(StorageBusyError, match=r"1 of 3 syncs could not be queued \(acme/sbc1\)"):
        dispatch()
    assert world.queue.sent == [DeviceKey(CUSTOMER, "sbc0"), DeviceKey(CUSTOMER, "sbc2")]
