"""Writes registered users as a device might, for the property tests: in every style that is documented or inferred."""

from collections.abc import Sequence
from enum import StrEnum

from hypothesis import strategies as st

from number_inventory.adapters.audiocodes.cli_grammar import COMMAND
from number_inventory.domain.snapshots import Contact, RegisteredUser

_RULE = "-" * 40
_HOSTS = ("10.8.5.71", "voice.example.net", "[2001:db8::5]", "10.8.5.71:5061", "sbc")
_FORMS = ("{}", "{}@{}", "sip:{}@{};user=phone", "sips:{}@{}")
_SHAPES = ("{}", "+44{}", "*{}#", "%2B44{}", "{};ext=5", "Sue{}", "Zoë.{}", "o'neill!{}")


class Style(StrEnum):
    """A generation of output with its way to show line breaks."""

    CLASSIC = "classic"
    CLASSIC_CRLF = "classic-crlf"
    MODERN = "modern"
    MODERN_CRLF = "modern-crlf"
    DOTTED = "dotted"


_BREAKS = {Style.CLASSIC_CRLF: "\r\n", Style.MODERN_CRLF: "\r\n", Style.DOTTED: ". "}


@st.composite
def users(draw: st.DrawFn, minimum: int = 0) -> list[RegisteredUser]:
    """Different users with one to five contacts each, all contacts of one user's own."""
    number = draw(st.integers(minimum, 8))
    return [
        RegisteredUser(
            draw(st.sampled_from(_FORMS)).format(_user_part(draw, at), draw(st.sampled_from(_HOSTS))),
            _contacts(draw, at),
            ip_group=at,
        )
        for at in range(number)
    ]


def _user_part(draw: st.DrawFn, at: int) -> str:
    return draw(st.sampled_from(_SHAPES)).format(1000 * draw(st.sampled_from((1, 10_000_000))) + at)


def _contacts(draw: st.DrawFn, at: int) -> tuple[Contact, ...]:
    inactive = draw(st.sets(st.integers(0, 4), max_size=2))
    return tuple(
        Contact(f"sip:u{at}@10.8.5.9:{5060 + place}", active=place not in inactive, expires_seconds=60 * place)
        for place in range(draw(st.integers(1, 5)))
    )


def entry_lines(user: RegisteredUser, style: Style) -> list[str]:
    """The lines of one user."""
    return [user.aor, *(f"  {_contact(contact, user.ip_group, style)}" for contact in user.contacts)]


def lines_of(listed: Sequence[RegisteredUser], style: Style, *, total: bool, parted: bool = False) -> list[str]:
    """All lines, the lines around the entries too; with a separator between any two, if they are `parted`."""
    shown = sum(len(user.contacts) for user in listed)
    return [
        f"sbc# {COMMAND}",
        "SBC Registered Users",
        _RULE,
        *(
            line
            for at, user in enumerate(listed)
            for line in (*([_RULE] if parted and at else ()), *entry_lines(user, style))
        ),
        _RULE,
        *([f"Total: {len(listed)} users, {shown} contacts"] if total else []),
    ]


def joined(lines: Sequence[str], style: Style) -> str:
    """The lines as one text."""
    return _BREAKS.get(style, "\n").join(lines)


def as_read(user: RegisteredUser, style: Style) -> RegisteredUser:
    """What of a user is in the output: the classic style shows no IP group."""
    return user._replace(ip_group=None) if style in {Style.CLASSIC, Style.CLASSIC_CRLF} else user


def _contact(contact: Contact, group: int | None, style: Style) -> str:
    shown = f"<{contact.uri}>;expires={contact.expires_seconds}"
    if style in {Style.CLASSIC, Style.CLASSIC_CRLF}:
        return f"{shown}; Active status:{int(contact.active)}"
    return f"{shown};{'' if contact.active else ' Not-Active;'} IPG:{group}; ID:7"
