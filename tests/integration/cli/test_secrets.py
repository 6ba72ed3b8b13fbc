"""No password in anything that a command prints or writes: `Operator` searches what it prints, here files are searched.

Commands are given that deal with a device, or write down what is known of one, also where they fail.
"""

import gzip
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from cli.adapters.deployed_parts import DeployedParts
from simulator.server import Simulator
from tests.integration.cli.operator import CANARY, Operator
from tests.integration.cli.test_audits import PlayedFunction, function, synced
from tests.planted import files_under, spellings_found

__all__ = ["function", "synced"]  # fixtures


def leaks(folder: Path) -> list[str]:
    """The files below a folder that hold the password."""
    return [f"{path}: {found}" for path, text in files_under(folder) if (found := spellings_found(text, CANARY))]


def test_no_file_holds_a_password(
    synced: Operator,
    devices: Simulator,
    function: PlayedFunction,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GIVEN a device, that repeats its password as well, WHEN all is written that can be THEN no file has it."""
    # There is no deployed stack here; the doctor goes on with the devices.
    monkeypatch.setattr(DeployedParts, "parts", lambda _self: iter(()))
    out = tmp_path / "written"
    out.mkdir()
    played = devices.devices["sbc-1"]
    for fault in ("", "unknown-lines", "wrong-password"):
        played.disarm()
        if fault:
            told = {"text": f"Admin has logged in with {CANARY}"} if fault == "unknown-lines" else {}
            played.arm(fault, **told)
        synced("devices", "test", "sbc-1", "--json", "--capture", str(out / f"{fault}.json"))
        synced("sync", "sbc-1", "--json")
    for words in (("list",), ("show", "sbc-1", "--json"), ("removals", "sbc-1")):
        synced("devices", *words)
    assert "refuses" in synced("doctor", "--all").out
    assert synced("audit", "run").code == 0
    assert synced("audit", "export", "latest", "--output", str(out / "findings.csv")).code == 0
    assert synced("numbers", "export", "--output", str(out / "numbers.csv")).code == 0
    assert synced("backup", "write", str(out / "backup")).code == 0

    assert len(list(files_under(out))) >= 3 + 2 + 9
    assert leaks(out) == []


def test_the_search_unpacks(tmp_path: Path) -> None:
    """GIVEN packed and plain files with a password in whatever spelling WHEN searched THEN each is found."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "packed.gz").write_bytes(gzip.compress(f"x {CANARY}".encode()))
    (tmp_path / "plain.json").write_text(json.dumps({"x": quote(f"inventory:{CANARY}")}))

    assert len(leaks(tmp_path)) == 2
