"""Background processes: found again, stopped, and never mistaken for another."""

import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local_stack import processes
from local_stack.errors import LocalStackError

_SLEEPS = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def test_a_recorded_process_is_found_and_stopped(tmp_path: Path) -> None:
    """GIVEN a started process WHEN its record is read later THEN it is alive, until it is stopped."""
    started = processes.start("sleeper", _SLEEPS, environment=os.environ, folder=tmp_path, log=tmp_path / "log")
    processes.save(started, tmp_path / "record.json")

    found = processes.load(tmp_path / "record.json")

    assert found == started
    assert found.alive
    assert found.stop()
    assert not found.alive
    assert not found.stop()


def test_another_process_with_that_id_is_left_alone(tmp_path: Path) -> None:
    """GIVEN a record whose process id belongs to another program now WHEN it is stopped THEN nothing is signalled."""
    started = processes.start("sleeper", _SLEEPS, environment=os.environ, folder=tmp_path, log=tmp_path / "log")
    try:
        stale = replace(started, started="long ago")

        assert not stale.alive
        assert not stale.stop()
        assert started.alive
    finally:
        started.stop()


def test_a_process_that_ends_while_it_starts_says_why(tmp_path: Path) -> None:
    """GIVEN a program that fails WHEN it is waited for THEN the error has the end of its log."""
    log = tmp_path / "log"
    failing = [sys.executable, "-c", "raise SystemExit('no such table')"]
    started = processes.start("failing", failing, environment=os.environ, folder=tmp_path, log=log)

    with pytest.raises(LocalStackError, match=r"failing ended while it started(.|\n)*no such table"):
        processes.wait_until_ready(started, lambda: False, seconds=10, log=log)


def test_a_broken_record_is_no_process(tmp_path: Path) -> None:
    """GIVEN a record that is missing or cut off WHEN it is read THEN there is no process to stop."""
    (tmp_path / "cut.json").write_text('{"name": "min', encoding="utf-8")

    assert processes.load(tmp_path / "cut.json") is None
    assert processes.load(tmp_path / "missing.json") is None


def test_ports_in_use_are_seen() -> None:
    """GIVEN a port that something listens on WHEN it is looked at THEN it is not free; a free one is."""
    with socket.socket() as listener:
        listener.bind((processes.LOOPBACK, 0))
        listener.listen()
        taken = listener.getsockname()[1]

        assert not processes.port_is_free(taken)
    assert processes.port_is_free(processes.free_port())
