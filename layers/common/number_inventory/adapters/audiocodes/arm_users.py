"""The registered users that a Routing Manager (ARM) shows, page after page, and whether that is the whole truth.

A list that is read page by page is of no instant. Where somebody leaves while it is read, a cursor that counts places
passes over somebody else, and neither the total nor anything on the pages tells. So a list of several pages counts only
if a second look shows the same; one of a single page is of one instant, as a single answer of an SBC is.
"""

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Collection, Sequence
from typing import NamedTuple

from number_inventory.adapters.audiocodes import arm_wire as wire
from number_inventory.domain.aors import split_aor
from number_inventory.domain.snapshots import RegisteredUser, UserList

_DOUBTS_TOLD = 3
_SHOWN = 80
_QUICK = 1
_MOST_IDLE = 10
"""Pages in a row without a user, after which nothing more is to be expected."""


class Look(NamedTuple):
    """What one reading of the list has shown.

    Attributes:
        users: in the order of the list.
        pages: how many there were.
        totals: what the pages said how many users there are in all; None where one did not say.
        enabled: whether the device says that the feature is on.
        nodes: at which its users are registered.
        doubts: why it is not the whole list; none where nothing speaks against it.
        fingerprint: the same for the same users at the same nodes, active or not, in whatever order.
    """

    users: UserList
    pages: int
    totals: frozenset[int | None]
    enabled: bool
    nodes: frozenset[str]
    doubts: tuple[str, ...]
    fingerprint: int


class LookTaker:
    """Takes pages up, one after the other.

    Only user parts are kept at hand; a page is kept packed, and read again by whoever wants a user itself.
    """

    def __init__(self, maximum_users: int) -> None:
        self._maximum = maximum_users
        self._user_parts: list[str] = []
        self._dormant: set[int] = set()
        self._nodes: set[str] = set()
        self._places = array("q")
        self._fingerprint = 0
        self._pages = _PackedPages()
        self._count = 0
        self._idle = 0
        self._totals: set[int | None] = set()
        self._enabled = False
        self._cursors: set[int] = set()
        self._doubts: list[str] = []
        self._doubted = 0

    def take(self, page: wire.Page) -> str:
        """Take a page up; the cursor of the next one, empty where there is none or no use in going on."""
        self._count += 1
        if page.refusal is not None:
            self._doubt(f"the device answers page {self._count} of its list with HTTP 400{page.refusal}")
            return ""
        if page.entries or self._count == 1:  # the empty page behind the last one need not say it again
            self._totals.add(page.total)
            self._enabled |= bool(page.enabled)
        before = len(self._user_parts)
        self._take_entries(page.entries)
        self._pages.add(page.body, len(self._user_parts))
        self._idle = 0 if len(self._user_parts) > before else self._idle + 1
        return self._next(page)

    def finish(self) -> Look:
        """What has been taken up in all."""
        if self._shows_some_twice():
            self._doubt("it shows a user at the same node twice")
        more = self._doubted - _DOUBTS_TOLD
        return Look(
            users=UserList(self._user_parts, self._dormant, self._pages.user),
            pages=self._count,
            totals=frozenset(self._totals),
            enabled=self._enabled,
            nodes=frozenset(self._nodes),
            doubts=(*self._doubts, *([f"and {more} more"] if more > 0 else ())),
            fingerprint=self._fingerprint,
        )

    def _shows_some_twice(self) -> bool:
        return len(set(self._places)) != len(self._places)

    def _take_entries(self, entries: list[object]) -> None:
        for place, entry in enumerate(entries, 1):
            read = wire.entry_in(entry)
            if read is None:
                self._doubt(f"entry {place} of page {self._count} is not understood: {_quoted(entry)}")
                continue
            if not read.active:
                self._dormant.add(len(self._user_parts))
            self._user_parts.append(split_aor(read.aor).user)
            self._nodes.add(read.node)
            self._places.append(hash((read.aor, read.node)))
            self._fingerprint += hash(read)

    def _next(self, page: wire.Page) -> str:
        if not page.after:
            return ""
        known = hash(page.after)
        if known in self._cursors:
            self._doubt(f"its cursor comes back to where it was on page {self._count}")
            return ""
        self._cursors.add(known)
        most = max((total for total in self._totals if total is not None), default=self._maximum)
        if len(self._user_parts) > most and self._shows_some_twice():
            self._doubt(f"it goes on after {len(self._user_parts)} users, but says that there are {most}")
            return ""
        if len(self._user_parts) >= self._maximum or self._idle == _MOST_IDLE:
            self._doubt(f"it does not end after {len(self._user_parts)} users on {self._count} pages")
            return ""
        return page.after

    def _doubt(self, why: str) -> None:
        self._doubted += 1
        if len(self._doubts) < _DOUBTS_TOLD:
            self._doubts.append(why)


class _PackedPages:
    """Pages in little memory; the one that was asked for last is at hand."""

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._packed: list[bytes] = []
        self._open: tuple[int, list[RegisteredUser]] = (-1, [])

    def add(self, body: bytes, end: int) -> None:
        """Put a page behind the others; `end` is how many users there are with it."""
        self._ends.append(end)
        self._packed.append(zlib.compress(body, _QUICK))

    def user(self, at: int) -> RegisteredUser:
        """The user at a position."""
        page = bisect_right(self._ends, at)
        if self._open[0] != page:
            self._open = (page, wire.users_in(zlib.decompress(self._packed[page])))
        return self._open[1][at - (self._ends[page - 1] if page else 0)]


def why_partial(look: Look, *, steady: bool) -> str:
    """Why the list proves nothing about who is missing from it; empty where it is complete.

    Args:
        look: what it showed last.
        steady: whether the look before showed the same.
    """
    if look.doubts:
        return f"the list is not understood as a whole: {'; '.join(look.doubts)}"
    if len(look.totals) > 1:
        totals = ", ".join(sorted("none" if total is None else str(total) for total in look.totals))
        return f"its total of registered users changed while its pages were read ({totals})"
    if reason := _why_number_doubtful(look):
        return reason
    if look.pages > 1 and not steady:
        return f"its {look.pages} pages did not show the same when they were read again, or there was no time for that"
    return ""


def _why_number_doubtful(look: Look) -> str:
    """Why so many users may not be all; empty where the device says that they are."""
    shown, total = len(look.users), next(iter(look.totals), None)
    if total is not None and total != shown:
        return f"the device says that there are {total} registered users, but lists {shown}"
    if not shown and not (look.enabled and total == 0):
        return (
            "the list is empty, and nothing says that the registered-users feature is on and that nobody is registered"
        )
    if total is None:
        # Without it, a list whose next page is named otherwise than expected would pass for a whole one.
        return "the device does not say how many registered users there are, so nothing proves that these are all"
    return ""


def why_nodes_doubtful(before: Sequence[wire.Node], after: Sequence[wire.Node], shown: Collection[str]) -> str:
    """Why what is shown of some nodes may be old; empty where it is not.

    Args:
        before: the nodes before the users were read.
        after: the nodes after that.
        shown: names of the nodes at which users are registered.
    """
    if not before or not after:
        return "it names no nodes, or not all of them, so nothing tells whether it reaches them"
    names = {node.name for node in before}
    if names != {node.name for node in after}:
        return "its nodes changed while its users were read"
    doubts = {node.name: node.doubt for node in (*after, *before) if node.doubt}
    if doubts:
        told = [f"node {name} {doubts[name]}" for name in sorted(doubts)]
        return f"{_some(told)}: what it shows of that may be what it knew last"
    strange = sorted(f"node {name}" for name in set(shown) - names)
    return f"it shows users of {_some(strange)}, not among its nodes" if strange else ""


def _some(told: list[str]) -> str:
    more = len(told) - _DOUBTS_TOLD
    return ", ".join(told[:_DOUBTS_TOLD]) + (f" and {more} more" if more > 0 else "")


def _quoted(entry: object) -> str:
    text = repr(entry)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
