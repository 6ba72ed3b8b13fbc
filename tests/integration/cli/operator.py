"""An operator at a terminal, for tests."""

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from cli.main import main
from tests.integration.connections import forget_connections
from tests.planted import spellings_found

ROOT = Path(__file__).parents[3]
CANARY = "canary-password-7f3a"
"""A password that must never be seen in any output."""

_SECONDS = 120
_START = "import sys; from cli.main import main; sys.argv[0] = 'number-inventory'; main()"
_WIDE = "120"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON is whatever it is
        """Standard output, which must be JSON and nothing else."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Operator:
    """Runs `number-inventory` in a folder, with an environment of its own.

    Attributes:
        own_process: start a process for each command, as a shell does, at more than half a second each; else the
            program runs here, between a fresh environment and fresh streams.
        at_terminal: whether standard input is one (not for processes).
    """

    folder: Path
    options: tuple[str, ...] = ("--local",)
    environment: tuple[tuple[str, str], ...] = ()
    own_process: bool = False
    at_terminal: bool = False

    def __call__(self, *words: str, typed: str = "", **environment: str) -> Ended:
        """Run the program; `typed` is its standard input."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "NUMBER_INVENTORY_"))}
        around = kept | {"COLUMNS": _WIDE} | dict(self.environment) | environment
        ended = (self._started if self.own_process else self._called)([*self.options, *words], typed, around)
        assert spellings_found(ended.out + ended.err, CANARY) == []
        assert "Traceback" not in ended.err
        return ended

    def _started(self, words: list[str], typed: str, environment: dict[str, str]) -> Ended:
        path = os.pathsep.join((str(ROOT), str(ROOT / "layers" / "common")))
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-W", "error", "-c", _START, *words],
            cwd=self.folder,
            env=environment | {"PYTHONPATH": path},
            input=typed,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def _called(self, words: list[str], typed: str, environment: dict[str, str]) -> Ended:
        out, err = io.StringIO(), io.StringIO()
        forget_connections()
        with (
            patch.dict(os.environ, environment, clear=True),
            patch.object(sys, "argv", ["number-inventory", *words]),
            patch.object(sys, "stdin", (_Terminal if self.at_terminal else io.StringIO)(typed)),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = _exit_code()
        forget_connections()
        return Ended(code, out.getvalue(), err.getvalue())


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _exit_code() -> int:
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code
