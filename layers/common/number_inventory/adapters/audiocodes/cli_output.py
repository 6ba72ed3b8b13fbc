"""Reads what `show voip register db sbc list` prints; what that looks like is in `cli_grammar`.

Nothing is passed over in silence: whatever stands right before a contact is its AOR or is not understood, and text
among the entries is not understood unless it repeats a line of the heading.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import compress
from typing import NamedTuple

from number_inventory.adapters.audiocodes import cli_grammar as grammar
from number_inventory.domain.snapshots import Contact, RegisteredUser, UserList

_PIECE = 1 << 20
"""Characters read in one go: bounds the memory."""
_PARTS = 3
"""Parts of a piece for each match of `ORDINARY`: the gap before it, the AOR, the lines with its contacts."""
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
        closed: something that is no entry stands behind the last one, so the text was not cut off among the entries.
        totals_agree: the text itself says how many AORs and how many contacts it shows, and both are right.
    """

    users: UserList
    contacts: int
    doubts: tuple[str, ...]
    closed: bool
    totals_agree: bool


def parse_listing(text: str) -> Listing:
    """Read the output of the command in any of its styles. Never raises: what is not understood is told in `doubts`."""
    reader = _Reader()
    for piece in _pieces(_with_line_breaks(text)):
        reader.read(piece)
    return reader.finish()


def _with_line_breaks(text: str) -> str:
    """The text with real line breaks, and without lone surrogates, which JSON can carry and nothing else can."""
    if not text.isascii():
        text = text.encode(errors="replace").decode()
    text = text.strip()
    if "\n" not in text:
        text = text.replace("\r", "\n") if "\r" in text else text.replace(". ", "\n").removesuffix(".")
    return text + "\n"


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces of whole lines."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _PIECE) + 1 or len(text)
        yield text[start:end]
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


class _Reader:
    """Reads piece after piece.

    Of an ordinary user only the AOR and the lines with its contacts are kept: who wants the user itself gets it made.
    """

    def __init__(self) -> None:
        self.aors: list[str] = []
        self.contacts: list[str | _Contacts] = []
        self.dormant: set[int] = set()
        self.contact_count = 0
        self.doubts: list[str] = []
        self.doubted = 0
        self.heading: set[str] = set()
        self.totals: list[tuple[str, int]] = []
        self.waiting: list[_Waiting] = []
        self.last = _Last.DOUBT
        self.line = 0

    def read(self, piece: str) -> None:
        """Read some whole lines."""
        parts = grammar.ORDINARY.split(piece)
        gaps, aors, contacts = parts[0::_PARTS], parts[1::_PARTS], parts[2::_PARTS]
        start = 0
        for at in compress(range(len(gaps)), gaps):
            self._take(aors[start:at], contacts[start:at])
            self._read_gap(gaps[at])
            start = at
        self._take(aors[start:], contacts[start:])

    def finish(self) -> Listing:
        """What has been read in all."""
        if self.last is _Last.ENTRY and not self._user(-1).contacts:
            self._doubt(self.line, "the text ends behind an AOR", self.aors[-1])
        self._settle(at_end=True)
        shown = {"user": len(self.aors), "contact": self.contact_count}
        for what, number in self.totals:
            if number != shown[what]:
                self.doubted += 1
                self.doubts.append(f"its own total is {number} {what}s, but it shows {shown[what]}")
        more = self.doubted - _DOUBTS_TOLD
        return Listing(
            users=UserList(self.aors, self.dormant, self._user),
            contacts=self.contact_count,
            doubts=(*self.doubts[:_DOUBTS_TOLD], *([f"and {more} more"] if more > 0 else ())),
            closed=self.last in {_Last.AROUND, _Last.BARE},
            totals_agree={what for what, _ in self.totals} == shown.keys() and not self.doubted,
        )

    def _take(self, aors: list[str], contacts: list[str]) -> None:
        """Ordinary users, one behind the other."""
        if aors:
            self._settle()
            joined = "".join(contacts)
            if any(sign in joined for sign in grammar.NOT_ACTIVE):
                self.dormant.update(at for at, lines in enumerate(contacts, len(self.aors)) if _is_dormant(lines))
            self.aors += aors
            self.contacts += contacts
            lines = joined.count("\n")
            self.contact_count += lines
            self.line += len(aors) + lines
            self.last = _Last.ENTRY

    def _user(self, at: int) -> RegisteredUser:
        contacts = _contacts_of(self.contacts[at])
        return RegisteredUser(self.aors[at], tuple(contacts.found), contacts.ip_group)

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
            self.last = _Last.AROUND
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

    def _open_user(self, aor: str) -> None:
        self.dormant.add(len(self.aors))
        self.aors.append(aor)
        self.contacts.append(_Contacts())
        self.last = _Last.ENTRY

    def _add_contacts(self, contacts: list[Contact], row: int | None) -> None:
        self._settle(contact_follows=True)
        if self.last is not _Last.ENTRY:
            self._doubt(self.line, "a contact without an AOR", contacts[0].uri)
            return
        known = self.contacts[-1] = _contacts_of(self.contacts[-1])
        known.found += contacts
        known.ip_group = row if known.ip_group is None else known.ip_group
        self.contact_count += len(contacts)
        if any(contact.active for contact in contacts):
            self.dormant.discard(len(self.aors) - 1)

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
        for line in waiting:
            if line.bare and not grammar.HEADING_WORD.fullmatch(line.text):
                self._note(line.number, "not understood", line.text)
            elif self.aors and not at_end and line.text not in self.heading:
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


def _contacts_of(kept: str | _Contacts) -> _Contacts:
    """The contacts of a user; those of an ordinary one are read now."""
    if isinstance(kept, _Contacts):
        return kept
    contacts = _Contacts()
    for line in kept.split("\n"):
        contact = grammar.contact_at(line.strip(), 0)
        if contact:
            contacts.found.append(contact.contact)
            contacts.ip_group = contact.ip_group if contacts.ip_group is None else contacts.ip_group
    return contacts


def _is_dormant(lines: str) -> bool:
    """Whether an ordinary user has no active contact."""
    modern, classic = grammar.NOT_ACTIVE
    return (modern in lines or classic in lines) and lines.count(modern) + lines.count(classic) == lines.count("\n")
