"""Words that an option takes: in whatever case they are typed, and with blanks as the tables show them."""

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


def _folded(text: str) -> str:
    return text.lower().replace(" ", "_").replace("-", "_")
