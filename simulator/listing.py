"""How a device's command line prints its registered users.

AudioCodes describes the entries in prose (an AOR; a contact such as `<sip:1000@10.8.5.71:5060>;expires=180; Active
status:1`, or with `Not-Active`, `Userinfo` and `IPG:<row>` in newer versions). No verbatim output is public, so the
lines around the entries (echo of the command, heading, separators, total) and the order of the fields are inferred:
see docs/simulator.md.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

from simulator.users import Contact, RegisteredUser

LIST_COMMAND = "show voip register db sbc list"
_RULE = "-" * 60


class Style(StrEnum):
    """The generations of output that can be played."""

    MODERN = "modern"
    """Newer contact fields, lines end with CR LF."""
    CLASSIC = "classic"
    """`Active status:1`, lines end with LF."""
    DOTTED = "dotted"
    """Newer contact fields, line breaks shown as ". ", as AudioCodes' documentation shows them."""


def listing_lines(users: Iterable[RegisteredUser], style: Style, prompt: str) -> list[str]:
    """All lines that the command prints for `users`, without line breaks, its own echo first and the total last."""
    form = _classic_contact if style is Style.CLASSIC else _modern_contact
    entries, aors, contacts = _entries(users, form)
    return [
        f"{prompt}# {LIST_COMMAND}",
        "*** SBC Registered Users ***",
        "Address Of Record / Contact",
        _RULE,
        *entries,
        _RULE,
        f"Total: {aors} users, {contacts} contacts",
    ]


def as_output(lines: Sequence[str], style: Style) -> str:
    """`lines` as the one string that the REST API carries, with the line breaks of `style`."""
    if style is Style.DOTTED:
        return ". ".join(line.strip() for line in lines)
    return ("\n" if style is Style.CLASSIC else "\r\n").join(lines)


def _entries(users: Iterable[RegisteredUser], form: Callable[[Contact, int], str]) -> tuple[list[str], int, int]:
    lines: list[str] = []
    aors = contacts = 0
    for user in users:
        aors += 1
        lines.append(user.aor)
        for contact in user.contacts:
            contacts += 1
            lines.append(form(contact, contacts))
    return lines, aors, contacts


def _classic_contact(contact: Contact, _number: int) -> str:
    return f"  <{contact.uri}>;expires={contact.expires}; Active status:{int(contact.active)}"


def _modern_contact(contact: Contact, number: int) -> str:
    origin = "Userinfo" if contact.userinfo else f"<{contact.uri}>;expires={contact.expires}"
    state = "" if contact.active else " Not-Active;"
    return f"  {origin};{state} IPG:{contact.ip_group}; ID:{number}"
