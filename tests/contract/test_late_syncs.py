"""A sync that is held up beyond its lease, on every engine: once its successor has begun, it says nothing any more."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from number_inventory.domain.devices import DeviceState
from number_inventory.domain.errors import LeaseLostError
from number_inventory.ports.devices import DeviceHead, Lease, RegisterHead
from number_inventory.ports.registrations import Register
from tests.contract.conftest import Ports
from tests.contract.made import CUSTOMER, KEY, NOW, device

LEASE = timedelta(minutes=5)


class Syncs:
    """Syncs of one device, each in a lease of its own that nobody gives back in time."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.at = NOW
        ports.devices.add(device())

    def begin(self) -> Lease:
        """Begin the next sync, once nobody's lease is good any more."""
        self.at += LEASE
        lease = self.ports.devices.acquire(KEY, self.at, self.at + LEASE)
        assert lease is not None
        return lease

    def load(self, lease: Lease) -> Register:
        return self.ports.registrations.load(lease)

    def go_on(self, lease: Lease, register: Register, *held: str) -> None:
        """Write down what the device holds, and settle."""
        register = self.ports.registrations.intend(lease, register, frozenset(held))
        register = self.ports.registrations.compact(lease, register)
        head = RegisterHead(f"digest {lease.sync}", register.base, register.mark)
        assert self.ports.devices.finish(lease, DeviceState(held_numbers=len(held)), head)

    def held(self) -> set[str]:
        """What the register says, which must be whole."""
        head = self.ports.devices.heads(CUSTOMER)[KEY.name]
        assert isinstance(head, DeviceHead)
        view = self.ports.registrations.look(head)
        assert view.whole
        assert head.settled
        assert not view.doubtful
        return set(view.held)


@pytest.fixture
def syncs(ports: Ports) -> Syncs:
    """A device that was synced once, and then once more by a sync that wrote nothing and died."""
    made = Syncs(ports)
    lease = made.begin()
    made.go_on(lease, made.load(lease), "1", "2")
    made.begin()
    return made


def goes_on_without_a_change(syncs: Syncs) -> set[str]:
    lease = syncs.begin()
    syncs.go_on(lease, syncs.load(lease), "1", "2")
    return {"1", "2"}


def goes_on_with_a_change(syncs: Syncs) -> set[str]:
    lease = syncs.begin()
    syncs.go_on(lease, syncs.load(lease), "1", "2", "3")
    return {"1", "2", "3"}


def two_of_them(syncs: Syncs) -> set[str]:
    """One more that is held up, and one that ends; then one after a settled one."""
    syncs.load(syncs.begin())
    goes_on_without_a_change(syncs)
    return goes_on_with_a_change(syncs)


SUCCESSORS = [goes_on_without_a_change, goes_on_with_a_change, two_of_them]


@pytest.mark.parametrize("successor", SUCCESSORS, ids=lambda successor: successor.__name__)
def test_a_late_sync_cannot_write_where_it_kept_its_place(syncs: Syncs, successor: Callable[[Syncs], set[str]]) -> None:
    """GIVEN a sync held up once it has shut out a dead one WHEN its successor has settled THEN it is shut out, too."""
    late = syncs.begin()
    register = syncs.load(late)
    expected = successor(syncs)

    with pytest.raises(LeaseLostError):
        syncs.ports.registrations.intend(late, register, frozenset({"1", "9"}))
    assert syncs.held() == expected


@pytest.mark.parametrize("successor", SUCCESSORS, ids=lambda successor: successor.__name__)
def test_a_register_stays_whole_behind_syncs_that_died(syncs: Syncs, successor: Callable[[Syncs], set[str]]) -> None:
    """GIVEN syncs that died with a place kept, or numbers half written, THEN the next ones leave a whole register."""
    syncs.load(syncs.begin())
    expected = successor(syncs)
    assert syncs.held() == expected
    again = syncs.begin()
    assert syncs.load(again).held == expected
