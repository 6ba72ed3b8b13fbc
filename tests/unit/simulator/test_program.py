"""`python -m simulator` as a real process: what it prints, what it keeps, how it ends."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3

from simulator.command_line import main
from simulator.control import Control
from simulator.device import Account
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from tests.unit.simulator.calling import Caller


@contextmanager
def program(state_dir: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Runs the program until the end of the `with`; yields it and its ready file."""
    command = [sys.executable, "-m", "simulator", "--port", "0", "--state-dir", str(state_dir), *options]
    ready = state_dir / "simulator.json"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            limit = time.monotonic() + 20
            while not ready.exists() and process.poll() is None and time.monotonic() < limit:
                time.sleep(0.02)
            assert ready.exists(), process.communicate()
            yield process, json.loads(ready.read_text())
        finally:
            process.kill()


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the program in this process; it must fail with one line, which is returned."""

    def run(*options: str) -> str:
        monkeypatch.setattr(sys, "argv", ["simulator", *options])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert (ended.value.code, printed.out, printed.err.count("\n")) == (1, "", 1)
        return printed.err

    return run


def test_it_serves_tells_how_to_reach_it_and_stops_on_sigterm(tmp_path: Path) -> None:
    """GIVEN the program WHEN called as its table says THEN it answers; on SIGTERM it ends with 0 and cleans up."""
    with program(tmp_path, "--users", "7", "--seed", "2", "--style", "classic") as (process, ready):
        (device,) = ready["devices"]
        login = device["credentials"]["administrator"]
        with urllib3.PoolManager(ca_certs=ready["ca_path"]) as pool:
            account = Account(login["username"], login["password"], "Administrator")
            caller = Caller(device["url"], account, pool)
            assert "Total: 7 users" in caller.output()
        Control(ready["control_url"]).register("sbc-1", "4711")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
    for told in (device["url"], device["fingerprint"], login["password"], ready["control_url"]):
        assert told in out
    assert not (tmp_path / "simulator.json").exists()
    assert [path.stat().st_mode & 0o077 for path in tmp_path.glob("*key.pem")] == [0]


def test_it_stops_on_ctrl_c_and_prints_json(tmp_path: Path) -> None:
    """GIVEN --json WHEN it gets SIGINT THEN it ends with 0 and had printed what the ready file tells."""
    with program(tmp_path, "--json") as (process, ready):
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert json.loads(out) == ready


def test_ca_fingerprint_and_passwords_outlive_a_restart(tmp_path: Path) -> None:
    """GIVEN a state directory WHEN a second simulator starts in it THEN certificates and passwords are the same."""
    seen = []
    for _ in range(2):
        with Simulator([DeviceScenario()], tmp_path) as simulator:
            device = simulator.describe_device("sbc-1")
            ca = simulator.certificates.ca_path.read_text()
            seen.append((device["fingerprint"], device["credentials"], ca))
    assert seen[0] == seen[1]


def test_a_port_in_use(tmp_path: Path, refused: Callable[..., str]) -> None:
    """GIVEN a port in use WHEN it is asked for THEN one line says so; a running simulator is unharmed."""
    with socket.socket() as taken, Simulator([DeviceScenario()], tmp_path) as running:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = refused("--port", port, "--control-port", "0", "--state-dir", str(tmp_path))
        assert f"port {port} on 127.0.0.1 cannot be opened" in line
        assert running.ready_path.exists()


@pytest.mark.parametrize("broken", ["ca.pem", "device.pem", "passwords.json"])
def test_a_broken_state_directory(tmp_path: Path, refused: Callable[..., str], broken: str) -> None:
    """GIVEN a file of the state directory that is damaged WHEN started THEN one line says to remove it."""
    with Simulator([DeviceScenario()], tmp_path):
        pass
    (tmp_path / broken).write_text("damaged")
    assert "remove it and start again" in refused("--port", "0", "--state-dir", str(tmp_path))


def test_options_that_contradict_each_other(tmp_path: Path, refused: Callable[..., str]) -> None:
    """GIVEN a scenario and --users WHEN started THEN one line says where they belong."""
    line = refused("--scenario", str(tmp_path / "s.json"), "--users", "3")
    assert "--users, --seed, --style and --source are for playing without --scenario" in line
