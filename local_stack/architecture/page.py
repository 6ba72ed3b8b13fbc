"""docs/architecture.md: what is drawn stands between marks, all else is written by hand."""

import re
from collections.abc import Callable
from pathlib import Path

from local_stack.architecture import imports, stack

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"

_DRAWINGS: dict[str, Callable[[Path], str]] = {
    "what starts what": stack.what_starts_what,
    "who reads and writes what": stack.who_reads_and_writes_what,
    "who imports whom": imports.who_imports_whom,
    "who is wired with what": imports.who_is_wired_with_what,
}
_PART = re.compile(r"(<!-- drawn: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def drawn(page: str) -> str:
    """The page with its drawings as they are now.

    Raises:
        ValueError: a drawing has no place on the page, or a place has no drawing.
    """
    names = [part["name"] for part in _PART.finditer(page)]
    if sorted(names) != sorted(_DRAWINGS):
        raise ValueError(f"{PAGE.name} has places for {names}, and there are drawings of {list(_DRAWINGS)}")
    return _PART.sub(lambda part: f"{part[1]}{_DRAWINGS[part['name']](ROOT)}{part[3]}", page)
