"""The logins of the played devices: made up once, then kept in the state directory, so that they outlive a restart."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from simulator.device import Account
from simulator.errors import SimulatorError
from simulator.private_files import write_private
from simulator.sbc import ADMINISTRATOR, MONITOR
from simulator.scenario import DeviceScenario


def accounts_for(scenarios: Iterable[DeviceScenario], state_dir: Path) -> dict[str, list[Account]]:
    """An Administrator and a Monitor for each device, by device name.

    Raises:
        SimulatorError: the file with the passwords of an earlier start cannot be used.
    """
    path = state_dir / "passwords.json"
    passwords = _load(path)
    accounts: dict[str, list[Account]] = {}
    for scenario in scenarios:
        kept = passwords.setdefault(scenario.name, {})
        for role in (ADMINISTRATOR, MONITOR):
            kept.setdefault(role, secrets.token_urlsafe(12))
        accounts[scenario.name] = [
            Account(scenario.username, scenario.password or kept[ADMINISTRATOR], ADMINISTRATOR),
            Account(f"{scenario.username}-monitor", kept[MONITOR], MONITOR),
        ]
    write_private(path, json.dumps(passwords, indent=2).encode())
    return accounts


def _load(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): {str(role): str(word) for role, word in kept.items()} for name, kept in loaded.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise SimulatorError(f"{path} cannot be used: remove it and start again") from error
