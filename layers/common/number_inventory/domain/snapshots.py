"""What a device says it holds: registered users, and whether that is the whole truth.

Source: AudioCodes documentation for what a device reports; what makes a snapshot complete is this project's own rule:
silence is not absence, and only a snapshot proven complete may take a number from its holder.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, overload

from number_inventory.domain.aors import NumberMapper, numbers_of, split_aor


class Contact(NamedTuple):
    """One address at which a registered user can be reached.

    Attributes:
        uri: as the device shows it.
        active: a contact that is not active neither claims a number nor frees one.
        expires_seconds: seconds until the registration ends, where the device says so.
    """

    uri: str
    active: bool
    expires_seconds: int | None


class RegisteredUser(NamedTuple):
    """One `RegisteredUsers` instance.

    Attributes:
        aor: the address of record as the device shows it.
        contacts: up to five (AudioCodes); none means the device shows no registration.
        ip_group: row of the device's IP group, where shown.
        node: at which of its SBCs an ARM shows the user.
    """

    aor: str
    contacts: tuple[Contact, ...]
    ip_group: int | None = None
    node: str = ""


class UserList(Sequence[RegisteredUser]):
    """Registered users in little memory and time: what maps to numbers is at hand, a user is made when it is asked for.

    Attributes:
        user_parts: of the AORs of all users, in order, decoded.
        dormant: positions of the users that have no active contact.
    """

    def __init__(
        self, user_parts: Sequence[str], dormant: Collection[int], user_at: Callable[[int], RegisteredUser]
    ) -> None:
        self.user_parts = user_parts
        self.dormant = frozenset(dormant)
        self._user_at = user_at

    @classmethod
    def of(cls, users: Iterable[RegisteredUser]) -> "UserList":
        """These users as such a list; one that is so already stays what it is."""
        if isinstance(users, cls):
            return users
        plain = tuple(users)
        dormant = [at for at, user in enumerate(plain) if not any(contact.active for contact in user.contacts)]
        return cls([split_aor(user.aor).user for user in plain], dormant, plain.__getitem__)

    def __len__(self) -> int:
        return len(self.user_parts)

    @overload
    def __getitem__(self, index: int) -> RegisteredUser: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RegisteredUser]: ...
    def __getitem__(self, index: int | slice) -> RegisteredUser | Sequence[RegisteredUser]:
        positions = range(len(self.user_parts))[index]
        if isinstance(positions, range):
            return tuple(map(self._user_at, positions))
        return self._user_at(positions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The registered users of a device at one instant.

    Attributes:
        users: in the device's order.
        incomplete_because: empty when the snapshot is proven complete, else the reason why it proves nothing about
            absence.
        reported_count: what the device says it holds; None where it gives no count.
        uptime_seconds: since the device's last restart; None where it does not say.
    """

    users: Sequence[RegisteredUser]
    taken_at: datetime
    incomplete_because: str = ""
    reported_count: int | None = None
    uptime_seconds: int | None = None
    product: str = ""
    version: str = ""
    serial: str = ""

    @property
    def complete(self) -> bool:
        """Whether what is missing here is really gone."""
        return not self.incomplete_because


class SeenNumbers(frozenset[str]):
    """A set of numbers that keeps their order: to sort a million that come in order is nothing, out of a set it is not.

    Attributes:
        in_order: of their spelling, each once.
    """

    __slots__ = ("in_order",)
    in_order: Sequence[str]

    @classmethod
    def of(cls, numbers: Iterable[str]) -> "SeenNumbers":
        """These numbers, in whatever order and however often they come."""
        listed = list(numbers)
        seen = cls(listed)
        listed.sort()
        seen.in_order = listed if len(listed) == len(seen) else list(dict.fromkeys(listed))
        return seen


@dataclass(frozen=True, slots=True)
class Claims:
    """The numbers that a snapshot speaks of.

    Attributes:
        claimed: registered with an active contact.
        dormant: shown, but with no active contact, or not known to be this customer's: they neither claim nor free.
        unmapped: AORs that map to no number, in order, each once.
        foreign: how many users belong to other hosts or IP groups than the device is limited to.
    """

    claimed: frozenset[str]
    dormant: frozenset[str]
    unmapped: tuple[str, ...]
    foreign: int

    def without(self, numbers: frozenset[str]) -> "Claims":
        """The same, as if the device did not speak of these numbers."""
        if not numbers:
            return self
        return replace(self, claimed=self.claimed - numbers, dormant=self.dormant - numbers)


class UserScope(NamedTuple):
    """Which of a device's users belong to the customer; empty sets mean all."""

    hosts: frozenset[str] = frozenset()
    ip_groups: frozenset[int] = frozenset()


def claims_of(users: Iterable[RegisteredUser], mapper: NumberMapper, scope: UserScope) -> Claims:
    """Map the users of a snapshot to the numbers they claim.

    On a device that is limited to hosts or IP groups, a user that shows none is nobody's for sure: its number neither
    appears nor disappears, since an output without that column must not free every number of the customer.
    """
    everyone = UserList.of(users)
    listed = everyone if scope == UserScope() else UserList.of(_within(everyone, scope))
    numbers = numbers_of(listed.user_parts, mapper)
    awake = [number for at, number in enumerate(numbers) if at not in listed.dormant] if listed.dormant else numbers
    claimed = SeenNumbers.of(filter(None, awake))
    dormant = frozenset(filter(None, (numbers[at] for at in listed.dormant))) - claimed
    unmapped = dict.fromkeys(listed[at].aor for at, number in enumerate(numbers) if number is None)
    return Claims(claimed, dormant, tuple(unmapped), foreign=len(everyone) - len(listed))


def _within(users: UserList, scope: UserScope) -> Iterable[RegisteredUser]:
    """The users that are not another tenant's; without contacts, and so dormant, where that is not known."""
    for user in users:
        belongs = _belongs(scope, split_aor(user.aor).host, user.ip_group)
        if belongs is not False:
            yield user if belongs else user._replace(contacts=())


def _belongs(scope: UserScope, host: str, ip_group: int | None) -> bool | None:
    """Whether a user is within the limits; None where the device does not show what would tell."""
    if host and scope.hosts and host not in scope.hosts:
        return False
    if ip_group is not None and scope.ip_groups and ip_group not in scope.ip_groups:
        return False
    unknown = (scope.hosts and not host) or (scope.ip_groups and ip_group is None)
    return None if unknown else True


def digest_of(claims: Claims, *, may_remove: bool) -> str:
    """A digest of all that a plan is made from: as long as it stays the same, there is nothing to do.

    What only shows by the way (expiry, contacts, order, AORs that map to no number) is not in it.
    """
    digest = hashlib.sha256(b"removals apply" if may_remove else b"removals wait")
    for numbers in (claims.claimed, claims.dormant):
        in_order = numbers.in_order if isinstance(numbers, SeenNumbers) else sorted(numbers)
        digest.update(b"\n\n" + "\n".join(in_order).encode())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a snapshot changes, compared with what the device was known to hold.

    Attributes:
        appearing: numbers that the device holds now and did not before.
        disappearing: numbers that it held and, proven, no longer does.
        held: all numbers it holds once the plan is applied.
    """

    appearing: tuple[str, ...]
    disappearing: tuple[str, ...]
    held: frozenset[str]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to apply."""
        return not self.appearing and not self.disappearing


def plan_sync(known: frozenset[str], claims: Claims, *, may_remove: bool) -> SyncPlan:
    """Compare claims with what is known.

    Without `may_remove` (a partial snapshot, or a broken cooling setting) numbers are only added. A dormant number
    stays what it was.
    """
    appearing = claims.claimed - known
    if not may_remove:
        return SyncPlan(tuple(sorted(appearing)), (), known | appearing)
    gone = known - claims.claimed - claims.dormant
    kept = known & claims.dormant
    return SyncPlan(tuple(sorted(appearing)), tuple(sorted(gone)), claims.claimed | kept if kept else claims.claimed)
