"""The commands that the documentation shows, page by page."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_OF_DATA = frozenset({"json", "mermaid", "csv"})
_REDIRECTION = re.compile(r"\s>\s\S+")


@dataclass(frozen=True, slots=True)
class Documented:
    """A command line of a page.

    Attributes:
        line: as it stands there, in one line, without its comment.
    """

    page: str
    line: str

    @property
    def words(self) -> list[str]:
        """The words of the command; what is written elsewhere than to the terminal is no part of it."""
        return shlex.split(_REDIRECTION.sub("", self.line), comments=True)

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"


def blocks(page: Path, kind: str) -> Iterator[str]:
    """The fenced blocks of a kind."""
    return (found[2] for found in _BLOCK.finditer(page.read_text(encoding="utf-8")) if found[1] == kind)


def commands(program: str, *pages: Path) -> list[Documented]:
    """Every command line of a program in the fenced blocks of pages (all of them, if none is named)."""
    found = []
    for page in pages or PAGES:
        for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
            if kind in _OF_DATA:
                continue
            for line in text.replace("\\\n", " ").splitlines():
                command = line.removeprefix("$ ").strip()
                if command.split(" ")[0].rpartition("/")[2] == program:
                    found.append(Documented(str(page.relative_to(ROOT)), command))
    return found


def mentions(program: str) -> list[Documented]:
    """Every command line of a program that stands in running text, which may leave out what is not its point."""
    return [
        Documented(str(page.relative_to(ROOT)), span)
        for page in PAGES
        for span in re.findall(rf"`({program} [^`\n]+)`", _BLOCK.sub("", page.read_text(encoding="utf-8")))
    ]
