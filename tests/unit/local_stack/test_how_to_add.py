"""What `make up` says of the device that it plays."""

import json
import shlex
from pathlib import Path

from typer.testing import CliRunner

from cli.main import app
from local_stack.command_line import how_to_add
from simulator.scenario import DeviceScenario
from simulator.server import Simulator


def test_the_command_names_the_played_device(tmp_path: Path) -> None:
    """GIVEN a played device WHEN `make up` tells how to add it THEN the command line knows every word of it.

    And the password stands in the environment, not among the options.
    """
    with Simulator([DeviceScenario(name="sbc-1")], state_dir=tmp_path) as simulator:
        described = tmp_path / "simulator.json"
        described.write_text(json.dumps({"devices": [simulator.describe_device("sbc-1")]}), encoding="utf-8")
        _, export, add, _ = how_to_add({"description": str(described)})
        password = simulator.devices["sbc-1"].accounts[0].password

    assert export.strip() == f"export NUMBER_INVENTORY_DEVICE_PASSWORD={password}"
    assert password not in add
    words = shlex.split(add)
    assert simulator.url("sbc-1") in words
    assert Path(words[words.index("--ca-file") + 1]).is_file()
    ran = CliRunner().invoke(app, [*words[2:], "--help"])
    assert ran.exit_code == 0, ran.output
