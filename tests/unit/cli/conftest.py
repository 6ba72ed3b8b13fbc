"""The program in this process, with audits behind it that go as a test says."""

import io
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from cli import main as program
from number_inventory.bootstrap import audits, process
from tests.memory.clock import SettableClock
from tests.unit.cli.audit_desk import NOW, AuditDesk

_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What colours a terminal and moves its cursor."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        out, err: without colours.
        painted: standard output with them.
    """

    code: object
    out: str
    err: str
    painted: str


class Stream(io.StringIO):
    """A terminal, or none."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


class Terminal(Stream):
    """A terminal."""

    terminal = True


Call = Callable[..., Ended]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> AuditDesk:
    """Audits that go as the test says; nobody sleeps, and the time is three minutes after they began."""
    desk = AuditDesk()
    monkeypatch.setattr(audits, "start_audit", lambda _settings: desk.start)
    monkeypatch.setattr(audits, "look_at_audits", lambda _settings: desk.look)
    monkeypatch.setattr(process, "clock", lambda: SettableClock(NOW + timedelta(minutes=3)))
    monkeypatch.setattr("cli.request.connect", lambda _target: None)
    monkeypatch.setattr("cli.waiting.monotonic", desk.monotonic)
    monkeypatch.setattr("cli.waiting.sleep", desk.sleep)
    monkeypatch.setenv("LOGNAME", "alice")
    return desk


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs the program with words; `width` makes standard output and standard error a terminal that is so wide."""

    def called(*words: str, width: int = 0, **environment: str) -> Ended:
        out, err = (Terminal(), Terminal()) if width else (Stream(), Stream())
        for name in ("COLUMNS", "NO_COLOR", "NUMBER_INVENTORY_CUSTOMER"):
            monkeypatch.delenv(name, raising=False)
        settings: dict[str, Any] = {"TERM": "xterm-256color"} | ({"COLUMNS": str(width)} if width else {})
        for name, value in (settings | environment).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["number-inventory", *words])
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as ended:
            program.main()
        plain_out, plain_err = (_STEERING.sub("", stream.getvalue()) for stream in (out, err))
        return Ended(ended.value.code, plain_out, plain_err, out.getvalue())

    return called
