"""What a device says it holds: registered users, and whether that is the whole truth.

Source: AudioCodes documentation for what a device reports; what makes a snapshot complete is this project's own rule:
    silence is not
absence, and only a snapshot proven complete may take a number from its holder.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from number_inventory.domain.aors import NumberMapper, split_aor


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
    """

    aor: str
    contacts: tuple[Contact, ...]
    ip_group: int | None = None


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


@dataclass(frozen=True, slots=True)
class Claims:
    """The numbers that a snapshot speaks of.

    Attributes:
        claimed: registered with an active contact.
        dormant: shown, but with no active contact: they neither claim nor free.
        unmapped: AORs that map to no number, in order, each once.
        foreign: how many users belong to other hosts or IP groups than the device is limited to.
    """

    claimed: frozenset[str]
    dormant: frozenset[str]
    unmapped: tuple[str, ...]
    foreign: int


class UserScope(NamedTuple):
    """Which of a device's users belong to the customer; empty sets mean all."""

    hosts: frozenset[str] = frozenset()
    ip_groups: frozenset[int] = frozenset()


def claims_of(users: Iterable[RegisteredUser], mapper: NumberMapper, scope: UserScope) -> Claims:
    """Map the users of a snapshot to the numbers they claim."""
    claimed: set[str] = set()
    shown: set[str] = set()
    unmapped: dict[str, None] = {}
    foreign = 0
    for user in users:
        parts = split_aor(user.aor)
        if (scope.hosts and parts.host not in scope.hosts) or (
            scope.ip_groups and user.ip_group not in scope.ip_groups
        ):
            foreign += 1
            continue
        number = mapper(parts.user)
        if number is None:
            unmapped[user.aor] = None
        elif any(contact.active for contact in user.contacts):
            claimed.add(number)
        else:
            shown.add(number)
    return Claims(frozenset(claimed), frozenset(shown - claimed), tuple(unmapped), foreign)


def digest_of(claims: Claims, *, may_remove: bool) -> str:
    """A digest of all that a plan is made from: as long as it stays the same, there is nothing to do.

    What only shows by the way (expiry, contacts, order, AORs that map to no number) is not in it.
    """
    digest = hashlib.sha256(b"removals apply" if may_remove else b"removals wait")
    for numbers in (claims.claimed, claims.dormant):
        digest.update(b"\n\n" + "\n".join(sorted(numbers)).encode())
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
    gone = known - claims.claimed - claims.dormant if may_remove else frozenset()
    return SyncPlan(tuple(sorted(appearing)), tuple(sorted(gone)), (known | appearing) - gone)


def counts_agree(users: Sequence[RegisteredUser], reported: int) -> bool:
    """Whether a device's own count fits its list; whether it counts AORs or contacts is not documented (AudioCodes)."""
    return reported in {len(users), sum(len(user.contacts) for user in users)}
