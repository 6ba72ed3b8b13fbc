"""What an option takes: words, in whatever case they are typed, and with blanks as the tables show them; instants."""

from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import typer

_Word = TypeVar("_Word", bound=StrEnum)


def one_of(kind: type[_Word], text: str, option: str) -> _Word:
    """The word that is meant.

    Raises:
        typer.BadParameter: there is no such word; says which there are.
    """
    for word in kind:
        if _folded(word) == _folded(text):
            return word
    allowed = ", ".join(word or "''" for word in kind)
    raise typer.BadParameter(f"must be one of {allowed}, not {text!r}", param_hint=option)


def given_instant(text: str | None, option: str) -> datetime | None:
    """The instant that an option names; None where it was not given.

    Raises:
        typer.BadParameter: it is no instant with its zone.
    """
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise typer.BadParameter(
            f"must be an instant with its zone, such as 2027-01-31T12:00:00Z, not {text!r}", param_hint=option
        )
    return when


def _folded(text: str) -> str:
    return text.lower().replace(" ", "_").replace("-", "_")
