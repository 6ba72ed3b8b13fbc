"""What bash makes of a page's commands: each program that they would start, with its words. None of them is started."""

import re
import subprocess
import tempfile
from pathlib import Path

PROGRAMS = (
    "number-inventory",
    "make",
    "aws",
    "sam",
    ".tools/aws-sam-cli/bin/sam",
    "curl",
    "git",
    "docker",
    "python3",
    ".venv/bin/pytest",
    "source",
)
"""The programs that pages may use; another one fails as unknown."""

_ANSWER = "1"
"""What every program answers, for commands that use the answer of another."""

_BLANK = re.compile(r"<([a-z][a-z ]*)>")
"""A word that the reader fills in, such as `<the tag of the release>`."""

_INPUT = re.compile(r"(?<= )< \S+")
"""A file that is read: nobody reads it here."""

_NOTED = """\
set -eu
# What comes through a pipe is read to its end first, so that programs are noted in their order.
note() {{ while read -r; do :; done; printf '%s\\0' "$#" "$@" >> calls; echo {answer}; }}
command_not_found_handle() {{ echo "no page may use $1: tests/unit/docs/shell.py has what they use" >&2; return 127; }}
"""


class UnreadableError(AssertionError):
    """Bash does not understand a page's commands, or they use what nobody has defined."""


def started(*scripts: str) -> list[list[str]]:
    """The programs that scripts would start, each script in a shell of its own.

    Args:
        scripts: as a page shows them, with comments, variables, loops, pipes and blanks to fill in.

    Returns:
        Their words, the program's name first, in the order in which bash comes to them.

    Raises:
        UnreadableError: bash cannot read it, a variable is not set, or a program is not of `PROGRAMS`.
    """
    notes = "".join(f'{name}() {{ note {name.rpartition("/")[2]} "$@"; }}\n' for name in PROGRAMS)
    shells = "".join(f"(\n{_INPUT.sub('', _BLANK.sub('given', script))}\n)\n" for script in scripts)
    with tempfile.TemporaryDirectory() as folder:
        calls = Path(folder, "calls")
        calls.touch()
        done = subprocess.run(  # noqa: S603 - without a path it starts nothing
            ["/bin/bash", "-c", _NOTED.format(answer=_ANSWER) + notes + shells],
            env={"PATH": "/nonexistent", "API": "https://api.example/v1"},
            cwd=folder,
            input="",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UnreadableError(f"{done.stderr.strip()}\nin:\n{shells}")
        return _read(calls.read_text(encoding="utf-8").split("\0")[:-1])


def _read(noted: list[str]) -> list[list[str]]:
    found = []
    while noted:
        end = int(noted[0]) + 1
        found.append(noted[1:end])
        noted = noted[end:]
    return found
