"""When the list of an SBC is the whole truth; only then may a number be taken for gone.

What the device's count of registered users counts is not documented (AudioCodes): AORs or contacts. Either is
accepted, but a list that fits the number of contacts only may also be one of which the end is missing, or the line with
an AOR. So that case needs more: the list's own total, or else a proper end of the list and no AOR with the contacts of
several users.
"""

import re
from typing import NamedTuple

from number_inventory.adapters.audiocodes.cli_output import Listing
from number_inventory.domain.snapshots import RegisteredUser

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
    if counts.after is None:
        return _why_uncounted(listing)
    if counts.after not in {len(listing.users), listing.contacts}:
        return f"the device counts {counts.after} registered users, but lists {shown}"
    if counts.after == len(listing.users) or _proven_by_contacts(listing):
        return ""
    return f"the device counts {counts.after} registered users and lists {shown}: some AORs may be missing"


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
