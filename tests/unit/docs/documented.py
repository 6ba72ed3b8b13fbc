"""The commands that the documentation shows, page by page."""

import functools
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.unit.docs.shell import PROGRAMS, started

ROOT = Path(__file__).parents[3]
PAGES = sorted({*ROOT.glob("*.md"), *(page for folder in ("docs", "tests") for page in (ROOT / folder).rglob("*.md"))})
"""Every page of the repository."""

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")
_REQUEST = re.compile(r"^(GET|POST|PUT|PATCH|DELETE)\s+(/(?:customers|macros)[^\s<]*)$")
_OF_DATA = frozenset({"json", "mermaid", "csv"})
_PROMPT = "$ "


@dataclass(frozen=True, slots=True)
class Documented:
    """A command of a page, as bash understands it.

    Attributes:
        words: the program first, without its folder.
    """

    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def blocks(page: Path, kind: str) -> Iterator[str]:
    """The fenced blocks of a kind."""
    return (found[3] for found in _BLOCK.finditer(page.read_text(encoding="utf-8")) if found[2] == kind)


def scripts(page: Path) -> Iterator[str]:
    """What a page shows for a shell, block by block: after prompts, where there are some, else all of it."""
    for _, kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        lines = text.splitlines()
        if kind in _OF_DATA or any(_REQUEST.match(" ".join(line.split()[:2])) for line in lines):
            continue
        asked = [line.removeprefix(_PROMPT) for line in lines if line.startswith(_PROMPT)]
        yield "\n".join(asked or lines)


def spans(page: Path) -> Iterator[str]:
    """What stands between backticks in running text and tables, in one line each."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return (" ".join(found.split()) for found in _SPAN.findall(text))


@functools.cache
def _shown(page: Path) -> tuple[tuple[str, ...], ...]:
    """The commands of a page's blocks."""
    return tuple(tuple(words) for words in started(*scripts(page)))


@functools.cache
def _mentioned(page: Path) -> tuple[tuple[str, ...], ...]:
    """The commands in a page's running text, with those that they use in turn."""
    of_a_shell = (span for span in spans(page) if span.split(" ")[0] in PROGRAMS and " " in span)
    return tuple(tuple(words) for words in started(*of_a_shell))


def commands(program: str, *pages: Path) -> list[Documented]:
    """Every command of a program in the fenced blocks of pages (all of them, if none is named)."""
    return _of(program, pages, _shown)


def mentions(program: str, *pages: Path) -> list[Documented]:
    """Every command of a program that stands in running text."""
    return _of(program, pages, _mentioned)


def _of(program: str, pages: tuple[Path, ...], which: Callable[[Path], Iterable[tuple[str, ...]]]) -> list[Documented]:
    return [
        Documented(str(page.relative_to(ROOT)), words)
        for page in pages or PAGES
        for words in which(page)
        if words[0] == program
    ]


def requests(*pages: Path) -> list[Documented]:
    """Every request of the API, method and path, that stands in blocks and in running text."""
    return [
        Documented(str(page.relative_to(ROOT)), match.groups())
        for page in pages or PAGES
        for line in (*_in_blocks(page), *spans(page))
        if (match := _REQUEST.match(line))
    ]


def _in_blocks(page: Path) -> Iterator[str]:
    """The first two words of each line of a page's blocks."""
    for _, _, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        yield from (" ".join(line.split()[:2]) for line in text.splitlines())
