"""When the list of an SBC is the whole truth; only then may a number be taken for gone.

What the device's count of registered users counts is not documented (AudioCodes): AORs or contacts. Either is
accepted, but a list that fits the number of contacts only may also be one of which the end is missing, or the line with
an AOR. So that case needs more: the list's own total, or else a proper end of the list and no AOR with the contacts of
several users.

The device takes seconds over its list while users move, and may show one twice and another not at all. So where an AOR
comes again, only a count of the different ones proves that none is missing.
"""

import re
from collections import Counter
from typing import NamedTuple

from number_inventory.adapters.audiocodes.cli_output import Listing
from number_inventory.domain.snapshots import RegisteredUser, UserList

_CONTACT_USER = re.compile(r"(?:sips?:)?([^@;:]*)", re.IGNORECASE)


class Counts(NamedTuple):
    """What the device said it holds, before and after its list; None where it gave no count."""

    before: int | None
    after: int | None


def why_partial(listing: Listing, counts: Counts) -> str:
    """Why the list proves nothing about who is missing from it; empty when it is complete."""
    shown = f"{len(listing.users)} AORs with {listing.contacts} contacts"
    if listing.doubts:
        return f"the list is not understood: {'; '.join(listing.doubts)}"
    if counts.before != counts.after:
        before, after = ("none" if count is None else count for count in counts)
        return f"the device's count of registered users went from {before} to {after} while it listed {shown}"
    again = _shown_again(listing.users)
    if again and counts.after != len(listing.users) - again:
        return f"the list shows {shown}, {again} of the AORs again: others may be missing"
    if counts.after is None:
        return _why_uncounted(listing)
    return "" if again else _why_miscounted(listing, counts.after)


def _why_miscounted(listing: Listing, count: int) -> str:
    """The list must show as many AORs as the device counts, or prove that contacts are counted."""
    shown = f"{len(listing.users)} AORs with {listing.contacts} contacts"
    if count not in {len(listing.users), listing.contacts}:
        return f"the device counts {count} registered users, but lists {shown}"
    if count == len(listing.users) or _proven_by_contacts(listing):
        return ""
    return f"the device counts {count} registered users and lists {shown}: some AORs may be missing"


def _shown_again(users: UserList) -> int:
    """How many users stand in the list although their AOR has stood there before."""
    if len(set(users.user_parts)) == len(users):
        return 0
    often = Counter(users.user_parts)
    alike = [users[at].aor for at, part in enumerate(users.user_parts) if often[part] > 1]
    return len(alike) - len(set(alike))


def _why_uncounted(listing: Listing) -> str:
    """Without a count of the device, the list itself must show that it has its end."""
    if not listing.users:
        return "the device gives no count, and an empty list alone proves nothing"
    if not (listing.closed or listing.totals_agree):
        return "the device gives no count, and its list just stops: nothing shows that its end is there"
    return ""


def _proven_by_contacts(listing: Listing) -> bool:
    return listing.totals_agree or (listing.closed and not any(map(_mixed, listing.users)))


def _mixed(user: RegisteredUser) -> bool:
    """Whether the contacts name several users: those of an AOR whose own line is missing may be among them."""
    names = {match[1] for contact in user.contacts if (match := _CONTACT_USER.match(contact.uri))}
    return len(names) > 1
