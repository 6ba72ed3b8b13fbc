"""Look at the removals that a device's guard holds back, and approve them.

An approval is about exactly one set of numbers, by its checksum, and for once. The next sync carries it out, if the
device still misses that very set; as soon as it misses another one, or none, the approval is void.
"""

from dataclasses import dataclass

from number_inventory.domain.aors import compile_rules
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import NotFoundError, RuleViolationError
from number_inventory.domain.numbers import slug
from number_inventory.domain.removals import Approval, HeldRemovals, checksum_of
from number_inventory.domain.snapshots import UserScope, claims_of, plan_sync
from number_inventory.ports.clock import Clock
from number_inventory.ports.devices import DeviceHead, Devices
from number_inventory.ports.registrations import Registrations
from number_inventory.services.ask_device import AskDevice


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalReview:
    """What a device holds and does not show at this moment.

    Attributes:
        held: what its last sync held back; None where that was nothing.
        approval: a person's word for that.
        gone: every number that it holds and does not show now, in order.
        checksum: of these.
        incomplete_because: why the device's answer proves nothing about them; empty where it does.
    """

    held: HeldRemovals | None
    approval: Approval | None
    gone: tuple[str, ...]
    checksum: str
    incomplete_because: str = ""

    @property
    def as_held(self) -> bool:
        """Whether this is the very set that is held back."""
        return self.held is not None and self.held.checksum == self.checksum


@dataclass(frozen=True, slots=True)
class ReviewRemovals:
    """The whole list, made anew from the device and its register: nobody stores it, however long it is."""

    devices: Devices
    registrations: Registrations
    ask: AskDevice

    def __call__(self, key: DeviceKey) -> RemovalReview:
        """Ask the device and compare it with its register; changes nothing.

        Raises:
            InvalidInputError: the customer's or the device's name is malformed.
            NotFoundError: there is no such device.
            RuleViolationError: a sync of it is under way, or stopped half-way.
            RecordBrokenError: the device or its register cannot be understood.
            DeviceError: it gave no snapshot, and why.
        """
        head = self._settled_head(key)
        view = self.registrations.look(head)
        device = head.device
        snapshot = self.ask(device, head.state.refused_credentials)
        claims = claims_of(
            snapshot.users, compile_rules(device.number_rules), UserScope(device.hosts, device.ip_groups)
        )
        plan = plan_sync(frozenset(view.held), claims, may_remove=True)
        return RemovalReview(
            held=head.state.held_removals,
            approval=head.state.approval,
            gone=plan.disappearing,
            checksum=checksum_of(plan.disappearing),
            incomplete_because=snapshot.incomplete_because,
        )

    def _settled_head(self, key: DeviceKey) -> DeviceHead:
        slug(key.customer, field="customer")
        head = self.devices.heads(key.customer, [slug(key.name, field="device")]).get(key.name)
        if head is None:
            raise NotFoundError(f"customer {key.customer} has no device {key.name!r}")
        if not isinstance(head, DeviceHead):
            raise head
        if not head.settled:
            raise RuleViolationError(f"a sync of device {key} is under way, or stopped half-way; try again after it")
        return head


@dataclass(frozen=True, slots=True)
class ApproveRemovals:
    """The use case; for a person at the command line or behind the API."""

    devices: Devices
    clock: Clock

    def __call__(self, key: DeviceKey, checksum: str, by: str) -> tuple[HeldRemovals, Approval]:
        """Approve exactly the held set of this checksum; the next sync takes it. The same again changes nothing.

        Args:
            key: of the device.
            checksum: of the set, as the device's state, a log line or `ReviewRemovals` names it.
            by: who approves, as in `Stamp.by`.

        Raises:
            NotFoundError: there is no such device.
            RuleViolationError: the device holds nothing back, or another set, now.
        """
        state = self.devices.get(key).state
        held = state.held_removals
        if held is not None and held.checksum == checksum:
            if state.approval is not None and state.approval.checksum == checksum:
                return held, state.approval
            approval = Approval(checksum, by, self.clock.now())
            if self.devices.approve_removals(key, approval):
                return held, approval
            held = self.devices.get(key).state.held_removals
        raise RuleViolationError(_not_held(key, held))


def _not_held(key: DeviceKey, held: HeldRemovals | None) -> str:
    if held is None:
        return f"device {key} holds no removals back now, so there is nothing to approve"
    return (
        f"device {key} holds another set back now: {held.count} numbers with the checksum {held.checksum}. Look at it "
        f"before you approve it: number-inventory devices removals {key.name}"
    )
