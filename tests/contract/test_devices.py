"""The Devices port: configuration, state, and a lease that one sync has at a time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from number_inventory.domain.devices import Device, DeviceKey, DeviceState, Health
from number_inventory.domain.errors import AlreadyExistsError, LeaseLostError, NotFoundError
from number_inventory.domain.removals import Approval, HeldRemovals
from number_inventory.ports.devices import DeviceHead, Devices, Lease, NotDue, RegisterHead
from tests.contract.conftest import Aws, Ports
from tests.contract.made import CUSTOMER, KEY, NOW, device, states
from tests.contract.made import devices as any_device

MINUTE = timedelta(minutes=1)


@pytest.fixture
def devices(ports: Ports) -> Devices:
    return ports.devices


def lease_of(devices: Devices, key: DeviceKey = KEY, at: int = 0, **options: bool) -> Lease:
    """Take the lease `at` minutes from now, for one minute."""
    lease = devices.acquire(key, NOW + at * MINUTE, NOW + (at + 1) * MINUTE, **options)
    assert lease is not None
    return lease


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(new=any_device, state=states, head=st.text("0123456789abcdef.", max_size=70))
def test_any_device_and_state_survive(devices: Devices, new: Device, state: DeviceState, head: str) -> None:
    """GIVEN any device WHEN added, synced and read THEN configuration, state and head are as they were written."""
    try:
        devices.add(new)
    except AlreadyExistsError:
        # Hypothesis may draw the same name again.
        return
    assert devices.get(new.key).device == new
    assert devices.get(new.key).state == DeviceState()

    first = lease_of(devices, new.key, even_disabled=True)
    assert first.device == new
    assert devices.finish(first, state, RegisterHead(head, head, head))

    assert devices.get(new.key).state == state
    second = lease_of(devices, new.key, even_disabled=True)
    assert (second.device, second.state, second.digest, second.base) == (new, state, head, head)
    assert second.mark == head
    assert second.settled
    assert devices.finish(second, state, None)


def test_unknown_device_is_not_found(devices: Devices) -> None:
    with pytest.raises(NotFoundError, match="sbc-1"):
        devices.get(KEY)
    with pytest.raises(NotFoundError, match="sbc-1"):
        devices.acquire(KEY, NOW, NOW + MINUTE)
    with pytest.raises(NotFoundError, match="sbc-1"):
        devices.set_enabled(KEY, enabled=True)
    assert list(devices.of_customer(CUSTOMER)) == []
    with pytest.raises(NotFoundError, match="sbc-1"):
        devices.get(KEY)


def test_name_that_is_taken_stays_with_its_device(devices: Devices) -> None:
    devices.add(device())
    with pytest.raises(AlreadyExistsError, match="sbc-1"):
        devices.add(device(address="https://192.0.2.8"))
    assert devices.get(KEY).device.address == "https://192.0.2.7"


def test_devices_are_listed_by_name_and_customer(devices: Devices) -> None:
    for name in ("b", "a", "c"):
        devices.add(device(DeviceKey(CUSTOMER, name), enabled=name != "b"))
    devices.add(device(DeviceKey("other", "a")))

    assert [entry.device.key.name for entry in devices.of_customer(CUSTOMER)] == ["a", "b", "c"]
    enabled = {DeviceKey(CUSTOMER, "a"), DeviceKey(CUSTOMER, "c"), DeviceKey("other", "a")}
    assert set(devices.enabled()) == enabled
    assert len(list(devices.enabled())) == 3
    assert list(devices.customers()) == [CUSTOMER, "other"]


def test_disabled_device_is_not_scheduled_and_gives_no_lease(devices: Devices) -> None:
    """GIVEN a device WHEN it is disabled THEN only those get its lease who mean it; enabled again, all is as before."""
    devices.add(device())
    devices.set_enabled(KEY, enabled=False)

    assert list(devices.enabled()) == []
    assert not devices.get(KEY).device.enabled
    with pytest.raises(NotFoundError, match="sbc-1"):
        devices.acquire(KEY, NOW, NOW + MINUTE)
    lease = lease_of(devices, even_disabled=True)
    devices.finish(lease, lease.state, None)

    devices.set_enabled(KEY, enabled=True)
    assert list(devices.enabled()) == [KEY]
    assert lease_of(devices).device == device()


def test_enabling_gives_refused_credentials_another_chance(devices: Devices) -> None:
    devices.add(device())
    lease = lease_of(devices)
    devices.finish(lease, replace(lease.state, refused_credentials=3), None)
    assert devices.get(KEY).state.refused_credentials == 3

    devices.set_enabled(KEY, enabled=True)
    assert devices.get(KEY).state.refused_credentials == 0


# --- leases


def test_one_lease_at_a_time(devices: Devices) -> None:
    """GIVEN a lease WHEN others ask for it THEN they get none until it is given back."""
    devices.add(device())
    first = lease_of(devices)
    assert devices.acquire(KEY, NOW + MINUTE / 2, NOW + 2 * MINUTE) is None
    assert devices.acquire(KEY, NOW + MINUTE / 2, NOW + 2 * MINUTE, even_disabled=True) is None

    assert devices.finish(first, DeviceState(health=Health.OK), RegisterHead("digest", "base"))
    second = lease_of(devices)
    assert second.sync == first.sync + 1
    assert (second.digest, second.base, second.state.health) == ("digest", "base", Health.OK)


def test_first_lease_knows_of_nothing_before(devices: Devices) -> None:
    devices.add(device())
    lease = lease_of(devices)
    assert (lease.digest, lease.base, lease.settled, lease.key) == ("", "", True, KEY)
    assert lease.until == NOW + MINUTE
    assert lease.state == DeviceState()


def test_expired_lease_goes_to_the_next_who_sees_that_the_last_never_settled(devices: Devices) -> None:
    """GIVEN a sync that died WHEN its lease is over THEN the next has it, and cannot take it for settled."""
    devices.add(device())
    dead = lease_of(devices)
    assert devices.acquire(KEY, dead.until - timedelta(microseconds=1), NOW + 5 * MINUTE) is None

    heir = devices.acquire(KEY, dead.until, NOW + 5 * MINUTE)

    assert heir is not None
    assert heir.sync > dead.sync
    assert not heir.settled


def test_late_writer_cannot_finish_over_its_heir(devices: Devices) -> None:
    """GIVEN a sync that lost its lease WHEN it finishes THEN it is told so, and nothing of it stands."""
    devices.add(device())
    late = lease_of(devices)
    heir = lease_of(devices, at=1)

    assert not devices.finish(late, DeviceState(cause="late"), RegisterHead("late", "late"))
    assert devices.get(KEY).state == DeviceState()
    assert devices.acquire(KEY, NOW + MINUTE, NOW + 2 * MINUTE) is None, "the heir's lease must stand"

    assert devices.finish(heir, DeviceState(cause="heir"), RegisterHead("heir", ""))
    last = lease_of(devices)
    assert (last.state.cause, last.digest, last.settled) == ("heir", "heir", True)


def test_unsettled_end_keeps_the_last_head(devices: Devices) -> None:
    """GIVEN a settled sync WHEN the next ends without a head THEN the head is still the old one, and in doubt."""
    devices.add(device())
    devices.finish(lease_of(devices), DeviceState(), RegisterHead("old", "image"))
    devices.finish(lease_of(devices), DeviceState(cause="stopped"), None)

    lease = lease_of(devices)
    assert (lease.digest, lease.base, lease.settled) == ("old", "image", False)
    assert lease.settled_sync == lease.sync - 2
    devices.finish(lease, DeviceState(), RegisterHead("new", ""))
    assert lease_of(devices).settled


def test_state_that_went_blank_is_blank(devices: Devices) -> None:
    devices.add(device())
    devices.finish(lease_of(devices), DeviceState(cause="x", since=NOW, uptime_seconds=5), None)
    devices.finish(lease_of(devices), DeviceState(), None)
    assert devices.get(KEY).state == DeviceState()


def test_device_is_removed_under_its_lease_only(devices: Devices) -> None:
    devices.add(device())
    late = lease_of(devices)
    mine = lease_of(devices, at=1)
    with pytest.raises(LeaseLostError, match="sbc-1"):
        devices.remove(KEY, late)
    assert devices.get(KEY).device == device()

    devices.remove(KEY, mine)
    with pytest.raises(NotFoundError):
        devices.get(KEY)
    assert list(devices.enabled()) == []
    assert not devices.finish(mine, DeviceState(), None)
    with pytest.raises(NotFoundError):
        devices.get(KEY)


# --- devices that schedules leave alone


def failed(devices: Devices, until: int) -> None:
    """End a sync of a device that is to be left alone for so many minutes from now on."""
    lease = lease_of(devices)
    state = replace(lease.state, cause="no route", failures=4, next_try_at=NOW + until * MINUTE)
    assert devices.finish(lease, state, None)


def test_a_schedule_passes_by_a_device_that_is_not_due(devices: Devices) -> None:
    """GIVEN a device to be left alone WHEN its turn comes THEN nothing is written; by hand it is leased."""
    devices.add(device())
    failed(devices, until=10)
    head = head_of(devices)

    found = devices.acquire_if_due(KEY, NOW + 9 * MINUTE, NOW + 12 * MINUTE)
    assert found == NotDue(head.state, NOW + 10 * MINUTE)
    assert head_of(devices) == head

    lease = devices.acquire_if_due(KEY, NOW + 10 * MINUTE, NOW + 12 * MINUTE)
    assert isinstance(lease, Lease)
    assert devices.acquire_if_due(KEY, NOW + 11 * MINUTE, NOW + 13 * MINUTE) is None, "somebody has it"
    devices.finish(lease, lease.state, None)
    assert lease_of(devices, at=1).state.failures == 4, "by hand, long before it is due"


def test_a_device_that_answers_or_is_enabled_is_due_again(devices: Devices) -> None:
    """GIVEN a device to be left alone WHEN a sync ends well, or an operator enables it, THEN its turn comes at once."""
    devices.add(device())
    failed(devices, until=10)
    lease = lease_of(devices)
    devices.finish(lease, replace(lease.state, failures=0, next_try_at=None), None)
    due = devices.acquire_if_due(KEY, NOW, NOW + MINUTE)
    assert isinstance(due, Lease)
    devices.finish(due, due.state, None)

    failed(devices, until=10)
    devices.set_enabled(KEY, enabled=True)
    assert isinstance(devices.acquire_if_due(KEY, NOW, NOW + MINUTE), Lease)


def test_a_device_that_is_disabled_or_gone_has_no_turn(devices: Devices) -> None:
    devices.add(device())
    failed(devices, until=10)
    devices.set_enabled(KEY, enabled=False)
    for key in (KEY, replace(KEY, name="nobody")):
        with pytest.raises(NotFoundError):
            devices.acquire_if_due(key, NOW, NOW + MINUTE)


# --- removals that a person approves

HELD = HeldRemovals("5f2b", 12, 40, ("1001", "1002"), NOW)
APPROVED = Approval("5f2b", "operator:ann", NOW)


def holding(devices: Devices, held: HeldRemovals | None = HELD) -> Lease:
    """End a sync that holds removals back, and begin the next one."""
    lease = lease_of(devices, at=2)
    assert devices.finish(lease, replace(lease.state, held_removals=held), None)
    return lease_of(devices, at=2)


def test_what_is_held_can_be_approved_and_nothing_else(devices: Devices) -> None:
    """GIVEN a held set WHEN that very set is approved, twice even, THEN the word stands; any other is refused."""
    devices.add(device())
    assert not devices.approve_removals(KEY, APPROVED), "nothing is held"
    holding(devices)
    assert not devices.approve_removals(KEY, replace(APPROVED, checksum="0000"))
    assert devices.approve_removals(KEY, APPROVED)
    assert devices.approve_removals(KEY, APPROVED)
    assert devices.get(KEY).state.approval == APPROVED
    assert lease_of(devices, at=3).state.approval == APPROVED
    with pytest.raises(NotFoundError, match="nobody"):
        devices.approve_removals(replace(KEY, name="nobody"), APPROVED)


def test_an_approval_given_during_a_sync_outlives_it_if_the_set_does(devices: Devices) -> None:
    """GIVEN a sync under way WHEN its set is approved and it holds the same set again THEN the approval stands."""
    devices.add(device())
    lease = holding(devices)
    assert devices.approve_removals(KEY, APPROVED)
    devices.finish(lease, replace(lease.state, cause="again"), None)
    assert devices.get(KEY).state.approval == APPROVED


@pytest.mark.parametrize("then", [None, replace(HELD, checksum="77aa")], ids=["nothing", "another set"])
def test_an_approval_is_void_once_another_set_or_none_is_held(devices: Devices, then: HeldRemovals | None) -> None:
    """GIVEN an approved set WHEN a sync ends with another or none THEN the approval is gone for good."""
    devices.add(device())
    lease = holding(devices)
    devices.approve_removals(KEY, APPROVED)
    devices.finish(lease, replace(lease.state, held_removals=then), None)
    assert devices.get(KEY).state.approval is None
    holding(devices)
    assert devices.get(KEY).state.approval is None, "the same set later is another decision"


# --- heads


def head_of(devices: Devices, key: DeviceKey = KEY) -> DeviceHead:
    """The head of one device, the same among all and asked for by name."""
    among_all = devices.heads(key.customer)[key.name]
    assert devices.heads(key.customer, [key.name]) == {key.name: among_all}
    assert isinstance(among_all, DeviceHead)
    return among_all


def test_head_follows_a_device_through_its_syncs(devices: Devices) -> None:
    """GIVEN a device WHEN syncs begin, settle, stop or die THEN its head says so, and else stays the same."""
    devices.add(device())
    born = head_of(devices)
    assert (born.device, born.state, born.digest, born.base) == (device(), DeviceState(), "", "")
    assert (born.settled, born.leased_until) == (True, None)

    lease = lease_of(devices)
    leased = head_of(devices)
    assert leased == replace(born, sync=lease.sync, leased_until=lease.until)
    assert not leased.settled

    devices.finish(lease, DeviceState(cause="x"), RegisterHead("digest", "base"))
    settled = head_of(devices)
    assert settled == replace(
        born, sync=lease.sync, settled_sync=lease.sync, state=DeviceState(cause="x"), digest="digest", base="base"
    )
    assert settled.settled
    assert head_of(devices) == settled

    stopped = lease_of(devices)
    devices.finish(stopped, DeviceState(), None)
    assert head_of(devices) == replace(settled, sync=stopped.sync, state=DeviceState())
    dead = lease_of(devices)
    assert head_of(devices).leased_until == dead.until
    assert not head_of(devices).settled


def test_heads_are_a_customers_own_and_may_be_asked_for_by_name(devices: Devices) -> None:
    assert dict(devices.heads(CUSTOMER)) == {}
    for name in ("b", "a", "c"):
        devices.add(device(DeviceKey(CUSTOMER, name), enabled=name != "b"))
    devices.add(device(DeviceKey("other", "d")))

    assert list(devices.heads(CUSTOMER)) == ["a", "b", "c"]
    assert set(devices.heads(CUSTOMER, ["c", "a", "c", "d", "nobody"])) == {"a", "c"}
    assert dict(devices.heads(CUSTOMER, [])) == {}
    assert set(devices.heads("other")) == {"d"}


def test_distrusted_device_has_no_digest_that_a_snapshot_could_have(devices: Devices) -> None:
    """GIVEN a settled device WHEN it is distrusted THEN only its digest is another; one that moved is left alone."""
    devices.add(device())
    assert devices.finish(lease_of(devices), DeviceState(), RegisterHead("digest", "base", "2.7"))
    head = devices.heads(CUSTOMER)[KEY.name]
    assert isinstance(head, DeviceHead)

    assert devices.distrust(head)
    assert devices.distrust(head), "safe to repeat"

    lease = lease_of(devices, at=1)
    assert (lease.digest, lease.base, lease.mark, lease.settled) == ("distrusted", "base", "2.7", True)
    assert not devices.distrust(head), "a sync has begun"
    assert devices.finish(lease, DeviceState(), RegisterHead("new", "base", "2.7"))
    assert not devices.distrust(head), "a sync has ended"
    assert lease_of(devices, at=2).digest == "new"


def test_heads_of_more_devices_than_fit_a_request(aws: Aws) -> None:
    names = [f"sbc-{index:03d}" for index in range(110)]
    for name in names:
        aws.devices.add(device(DeviceKey(CUSTOMER, name)))
    assert sorted(aws.devices.heads(CUSTOMER, names)) == names
    assert list(aws.devices.heads(CUSTOMER)) == names


# --- beyond the port: what the tables promise


def test_device_added_again_counts_on_from_above_its_earlier_life(aws: Aws) -> None:
    """GIVEN a device that was synced, removed and added again THEN its syncs are newer than any of the first life."""
    aws.devices.add(device())
    for _ in range(5):
        last = lease_of(aws.devices)
        aws.devices.finish(last, DeviceState(), None)
    mine = lease_of(aws.devices)
    aws.devices.remove(KEY, mine)

    aws.clock.advance(minutes=1)
    aws.devices.add(device())
    assert lease_of(aws.devices).sync > mine.sync


def test_operator_who_clears_refused_credentials_during_a_sync_is_heard(aws: Aws) -> None:
    """GIVEN a sync under way WHEN the device is enabled meanwhile THEN the sync's end does not undo it."""
    aws.devices.add(device())
    first = lease_of(aws.devices)
    aws.devices.finish(first, replace(first.state, refused_credentials=3), None)

    second = lease_of(aws.devices)
    aws.devices.set_enabled(KEY, enabled=True)
    aws.devices.finish(second, replace(second.state, cause="still unreachable"), None)

    assert aws.devices.get(KEY).state.refused_credentials == 0


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(first=any_device, second=any_device)
def test_any_configuration_takes_the_place_of_any_other(devices: Devices, first: Device, second: Device) -> None:
    """GIVEN a device WHEN configured anew THEN it is so if it was as seen, and its state, lease and sync stay."""
    try:
        devices.add(first)
    except AlreadyExistsError:
        # Hypothesis may draw the same name again.
        return
    key, second = first.key, replace(second, key=first.key)
    lease = lease_of(devices, key, even_disabled=True)
    third = replace(second, read_timeout_seconds=second.read_timeout_seconds ^ 1)

    assert devices.reconfigure(first, second)
    assert devices.get(key).device == second
    assert devices.reconfigure(first, second), "what stands already was done"
    assert devices.reconfigure(first, third) == (first == second)
    assert devices.acquire(key, NOW, NOW + MINUTE, even_disabled=True) is None
    assert devices.finish(lease, DeviceState(health=Health.OK), None)
    left = devices.get(key)
    assert (left.device, left.state.health) == (third if first == second else second, Health.OK)
    assert (key in set(devices.enabled())) == left.device.enabled


def test_a_device_that_is_not_there_is_not_configured(devices: Devices) -> None:
    with pytest.raises(NotFoundError, match="sbc-1"):
        devices.reconfigure(device(), device(enabled=False))
