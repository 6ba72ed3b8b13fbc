"""Reads what `show voip register db sbc list` prints; what that looks like is in `cli_grammar`.

Nothing is passed over in silence: whatever stands right before a contact is its AOR or is not understood, and text
among the entries is not understood unless it repeats a line of the heading.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import compress
from typing import NamedTuple

from number_inventory.adapters.audiocodes import cli_grammar as grammar
from number_inventory.domain.aors import split_aor
from number_inventory.domain.snapshots import Contact, RegisteredUser, UserList

_PIECE = 1 << 16
"""Characters read in one go, which what is made of them stays in the processor's cache for."""
_PARTS = 3
"""Parts of a piece for each match of `ORDINARY`: the gap before it, the user part, the lines with its contacts."""
_ENCODED = "%"
_NEXT_ENTRY = re.compile(r"\n(?=[^\s<])")
_LONGEST_LINE = 4096
_DOUBTS_TOLD = 3
_DOUBTS_SOUGHT = 10_000
"""After so many lines that are not understood only ordinary entries are read on: this is no list of users."""
_MOST_WAITING = 1000
_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a text says.

    Attributes:
        users: in the order of the text.
        contacts: how many there are in all.
        doubts: why the text is not understood as a whole: its first reasons, none when it is.
        closed: something that is no entry stands behind the last one and nothing of the kind between two others, so the
            text was not cut off among the entries. A single entry does not tell what would stand between two.
        totals_agree: the text itself says how many AORs and how many contacts it shows, and both are right.
    """

    users: UserList
    contacts: int
    doubts: tuple[str, ...]
    closed: bool
    totals_agree: bool


def parse_listing(text: str) -> Listing:
    """Read the output of the command in any of its styles. Never raises: what is not understood is told in `doubts`."""
    whole = _with_line_breaks(text)
    reader = _Reader(whole)
    for piece in _pieces(whole):
        reader.read(piece)
    return reader.finish()


def _with_line_breaks(text: str) -> str:
    """The text with real line breaks, and without lone surrogates, which JSON can carry and nothing else can."""
    if not text.isascii():
        text = text.encode(errors="replace").decode()
    text = text.strip()
    if "\n" not in text:
        text = text.replace("\r", "\n") if "\r" in text else text.replace(". ", "\n").removesuffix(".")
    return text


def _pieces(text: str) -> Iterator[slice]:
    """The text in pieces of whole lines, and of whole entries where these look as usual."""
    start = 0
    while start < len(text):
        at = start + _PIECE
        near = _NEXT_ENTRY.search(text, at, at + _LONGEST_LINE)
        end = near.end() if near else text.find("\n", at) + 1 or len(text)
        yield slice(start, end)
        start = end


class _Last(Enum):
    """What the last line was that is not blank."""

    AROUND = auto()
    """A line around the entries."""
    ENTRY = auto()
    """An AOR or a contact: a contact may follow."""
    BARE = auto()
    """A single word: an AOR if a contact follows."""
    DOUBT = auto()


class _Waiting(NamedTuple):
    """A line of which only what follows tells whether it is data."""

    number: int
    text: str
    bare: bool


@dataclass(slots=True)
class _Contacts:
    """The contacts of a user and the IP group of the first that has one."""

    found: list[Contact] = field(default_factory=list)
    ip_group: int | None = None


class _Entry(NamedTuple):
    """A user that was read token by token."""

    aor: str
    contacts: _Contacts


class _Passages:
    """Where ordinary users stand in the text: one is read again when it is asked for, and its piece stays at hand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._firsts: list[int] = []
        self._places: list[tuple[slice, int]] = []
        self._open: tuple[slice, list[re.Match[str]]] = (slice(0), [])

    def add(self, first: int, piece: slice, before: int) -> None:
        """From the user at the position `first` on they stand in this piece, behind so many others of it."""
        self._firsts.append(first)
        self._places.append((piece, before))

    def entry(self, at: int) -> _Entry:
        """The user at a position."""
        passage = bisect_right(self._firsts, at) - 1
        piece, before = self._places[passage]
        if self._open[0] != piece:
            self._open = (piece, list(grammar.ORDINARY.finditer(_lines_of(self._text, piece))))
        found = self._open[1][before + at - self._firsts[passage]]
        return _Entry(found[0].partition("\n")[0].strip(), _contacts_in(found[2]))


class _Reader:
    """Reads piece after piece.

    Of an ordinary user only the user part is kept, and its place: who wants the user itself gets it made.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.user_parts: list[str] = []
        self.passages = _Passages(text)
        self.entries: dict[int, _Entry] = {}
        self.dormant: set[int] = set()
        self.contact_count = 0
        self.doubts: list[str] = []
        self.doubted = 0
        self.heading: set[str] = set()
        self.totals: list[tuple[str, int]] = []
        self.waiting: list[_Waiting] = []
        self.behind_others = False
        """Whether a line that is no entry has come since the last entry."""
        self.parted = False
        """Whether one stands between two entries: then a text that is cut off may end with one as well."""
        self.last = _Last.DOUBT
        self.line = 0

    def read(self, piece: slice) -> None:
        """Read some whole lines."""
        parts = grammar.ORDINARY.split(_lines_of(self.text, piece))
        gaps, user_parts, contacts = parts[0::_PARTS], parts[1::_PARTS], parts[2::_PARTS]
        start = 0
        for at in (*compress(range(len(user_parts)), gaps), len(user_parts)):
            if at > start:
                self.passages.add(len(self.user_parts), piece, start)
                self._take(user_parts[start:at], contacts[start:at])
            self._read_gap(gaps[at])
            start = at

    def finish(self) -> Listing:
        """What has been read in all."""
        last = self._entry(len(self.user_parts) - 1) if self.last is _Last.ENTRY else None
        if last and not last.contacts.found:
            self._doubt(self.line, "the text ends behind an AOR", last.aor)
        self._settle(at_end=True)
        shown = {"user": len(self.user_parts), "contact": self.contact_count}
        for what, number in self.totals:
            if number != shown[what]:
                self.doubted += 1
                self.doubts.append(f"its own total is {number} {what}s, but it shows {shown[what]}")
        more = self.doubted - _DOUBTS_TOLD
        return Listing(
            users=UserList(self.user_parts, self.dormant, self._user),
            contacts=self.contact_count,
            doubts=(*self.doubts[:_DOUBTS_TOLD], *([f"and {more} more"] if more > 0 else ())),
            closed=self.last in {_Last.AROUND, _Last.BARE} and not self.parted and len(self.user_parts) != 1,
            totals_agree={what for what, _ in self.totals} == shown.keys() and not self.doubted,
        )

    def _take(self, user_parts: list[str], contacts: list[str]) -> None:
        """Ordinary users, one behind the other."""
        self._settle()
        self._begin_entry()
        joined = "".join(contacts)
        if any(sign in joined for sign in grammar.NOT_ACTIVE):
            self.dormant.update(at for at, lines in enumerate(contacts, len(self.user_parts)) if _is_dormant(lines))
        if _ENCODED in "".join(user_parts):
            user_parts = [split_aor(user).user for user in user_parts]
        self.user_parts += user_parts
        lines = joined.count("\n")
        self.contact_count += lines
        self.line += len(user_parts) + lines
        self.last = _Last.ENTRY

    def _entry(self, at: int) -> _Entry:
        return self.entries.get(at) or self.passages.entry(at)

    def _user(self, at: int) -> RegisteredUser:
        entry = self._entry(at)
        return RegisteredUser(entry.aor, tuple(entry.contacts.found), entry.contacts.ip_group)

    def _read_gap(self, gap: str) -> None:
        if not gap or gap.isspace():
            self.line += gap.count("\n")
            return
        for line in gap.removesuffix("\n").split("\n"):
            self.line += 1
            text = line.strip()
            if text:
                self._read_line(text)

    def _read_line(self, text: str) -> None:
        if len(text) > _LONGEST_LINE or self.doubted > _DOUBTS_SOUGHT:
            self._doubt(self.line, "too long", text)
        elif grammar.SEPARATOR.fullmatch(text):
            self.last, self.behind_others = _Last.AROUND, True
        elif grammar.AROUND.fullmatch(text):
            self._wait(text)
        elif entry := grammar.ENTRY_LINE.match(text):
            self._read_entry(entry, text)
        elif aor := grammar.FULL_AOR_LINE.fullmatch(text):
            self._add_user(aor.group(1))
        elif aor := grammar.BARE_AOR_LINE.fullmatch(text):
            self._wait(aor.group(1), bare=True)
        elif grammar.DATA_SIGN.search(text):
            self._doubt(self.line, "not understood", text)
        elif grammar.TROUBLE.search(text):
            self._doubt(self.line, "the device reports trouble", text)
        else:
            self._wait(text)

    def _read_entry(self, entry: re.Match[str], text: str) -> None:
        """A line with at least one contact, with or without its AOR."""
        contacts: list[Contact] = []
        row, at = None, entry.end()
        while at < len(text):
            found = grammar.contact_at(text, at)
            if found is None:
                self._doubt(self.line, "not understood", text)
                return
            contacts.append(found.contact)
            row = found.ip_group if row is None else row
            at = found.end
        if entry.group(1):
            self._add_user(entry.group(1))
        self._add_contacts(contacts, row)

    def _add_user(self, aor: str) -> None:
        self._settle()
        self._open_user(aor)

    def _begin_entry(self) -> None:
        self.parted = self.parted or (self.behind_others and bool(self.user_parts))
        self.behind_others = False

    def _open_user(self, aor: str) -> None:
        self._begin_entry()
        at = len(self.user_parts)
        self.dormant.add(at)
        self.entries[at] = _Entry(aor, _Contacts())
        self.user_parts.append(split_aor(aor).user)
        self.last = _Last.ENTRY

    def _add_contacts(self, contacts: list[Contact], row: int | None) -> None:
        self._settle(contact_follows=True)
        if self.last is not _Last.ENTRY:
            self._doubt(self.line, "a contact without an AOR", contacts[0].uri)
            return
        at = len(self.user_parts) - 1
        entry = self.entries[at] = self._entry(at)
        known = entry.contacts
        known.found += contacts
        known.ip_group = row if known.ip_group is None else known.ip_group
        self.contact_count += len(contacts)
        if any(contact.active for contact in contacts):
            self.dormant.discard(at)

    def _wait(self, text: str, *, bare: bool = False) -> None:
        if len(self.waiting) == _MOST_WAITING:
            self._doubt(self.line, "too many lines without an entry", text)
            return
        self.waiting.append(_Waiting(self.line, text, bare))
        self.last = _Last.BARE if bare else _Last.AROUND

    def _settle(self, *, contact_follows: bool = False, at_end: bool = False) -> None:
        """Decide about the waiting lines, now that it is known what follows."""
        waiting, self.waiting = self.waiting, []
        aor = waiting.pop().text if contact_follows and self.last is _Last.BARE else None
        self.behind_others = self.behind_others or bool(waiting)
        for line in waiting:
            if line.bare and not grammar.HEADING_WORD.fullmatch(line.text):
                self._note(line.number, "not understood", line.text)
            elif self.user_parts and not at_end and line.text not in self.heading:
                self._note(line.number, "text among the entries", line.text)
            elif line.text not in self.heading:
                self.heading.add(line.text)
                self.totals += grammar.totals_in(line.text)
        if aor is not None:
            self._open_user(aor)

    def _doubt(self, number: int, why: str, text: str) -> None:
        self._note(number, why, text)
        self.last = _Last.DOUBT

    def _note(self, number: int, why: str, text: str) -> None:
        self.doubted += 1
        if len(self.doubts) < _DOUBTS_TOLD:
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
            self.doubts.append(f"line {number}: {why}: {shown!r}")


def _lines_of(text: str, piece: slice) -> str:
    lines = text[piece]
    return lines if lines.endswith("\n") else lines + "\n"


def _contacts_in(lines: str) -> _Contacts:
    """The contacts of an ordinary user."""
    contacts = _Contacts()
    for line in lines.split("\n"):
        contact = grammar.contact_at(line.strip(), 0)
        if contact:
            contacts.found.append(contact.contact)
            contacts.ip_group = contact.ip_group if contacts.ip_group is None else contacts.ip_group
    return contacts


def _is_dormant(lines: str) -> bool:
    """Whether an ordinary user has no active contact."""
    modern, classic = grammar.NOT_ACTIVE
    return (modern in lines or classic in lines) and lines.count(modern) + lines.count(classic) == lines.count("\n")
