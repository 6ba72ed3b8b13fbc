"""Where the inventory is: a stack in an AWS account, or the local stack of this machine."""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer

from cli import wiring
from number_inventory.domain.errors import SettingBrokenError

if TYPE_CHECKING:
    # Loading it takes a quarter of the time that `--help` has.
    from number_inventory.settings import OperatorSettings

DEFAULT_STACK = "number-inventory"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_LOCAL_KEY = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which inventory a command works on.

    Attributes:
        stack: name of the CloudFormation stack; the local stack has its own.
        region: None takes it from the environment or the profile, as does `profile` None.
    """

    local: bool = False
    stack: str = DEFAULT_STACK
    region: str | None = None
    profile: str | None = None


def connect(target: Target) -> "OperatorSettings":
    """Aims this process at the inventory and reads where its tables are.

    AWS is told by the environment of the process, just as in a deployed function.

    Raises:
        InventoryError: there is no such stack, or AWS cannot be asked, and what to do.
    """
    if target.local:
        return _connect_locally(target)
    _aim_at_account(target)
    return wiring.deployed_settings(target.stack)


def stack_name(target: Target) -> str:
    """The CloudFormation stack of the inventory; the local one has its own.

    Raises:
        SettingBrokenError: there is no local stack, or its description cannot be understood.
    """
    if not target.local:
        return target.stack
    path = _description()
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["stack_name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingBrokenError(f"{path} names no stack ({error!r}): write it anew with `make up`") from None


def _aim_at_account(target: Target) -> None:
    region = target.region or os.environ.get("AWS_REGION")
    if region:
        os.environ["AWS_DEFAULT_REGION"] = region
    if target.profile:
        # A profile that is asked for by name goes before keys that happen to be in the environment.
        for name in ("AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            os.environ.pop(name, None)
        os.environ["AWS_PROFILE"] = target.profile


def _connect_locally(target: Target) -> "OperatorSettings":
    if target.profile or target.region:
        raise typer.BadParameter(
            "the local stack has no profile and its own region: leave out --profile and --region", param_hint="--local"
        )
    path = _description()
    try:
        stack: Any = json.loads(path.read_text(encoding="utf-8"))
        endpoint, region = str(stack["endpoint_url"]), str(stack["region"])
        settings = wiring.settings_of(_local_settings(stack))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingBrokenError(
            f"{path} does not describe a local stack ({error!r}): write it anew with `make up`"
        ) from None
    _check_answers(endpoint, path)
    _aim_at(endpoint, region)
    return settings


def _description() -> Path:
    """The local stack's description: of the folder that NUMBER_INVENTORY_STATE names, or the nearest one above."""
    state = os.environ.get("NUMBER_INVENTORY_STATE")
    here = Path.cwd()
    candidates = [Path(state)] if state else [folder / ".local" for folder in (here, *here.parents)]
    found = next((folder / "stack.json" for folder in candidates if (folder / "stack.json").is_file()), None)
    if found is None:
        looked = f"in {state}" if state else f"at .local/stack.json in {here} or above it"
        raise SettingBrokenError(f"there is no local stack {looked}: start one with `make up`")
    return found


def _local_settings(stack: Mapping[str, Any]) -> Mapping[str, str]:
    tables = stack["tables"]
    return {
        "NUMBERS_TABLE": tables["numbers"],
        "REGISTRATIONS_TABLE": tables["registrations"],
        "DEVICES_TABLE": tables["devices"],
        "MACROS_TABLE": tables["macros"],
        "AUDITS_TABLE": tables["audits"],
        "HISTORY_TABLE": tables["history"],
        "STOCK_TABLE": tables["stock"],
        "AUDIT_FUNCTION": stack["functions"]["audit"],
        "JOBS_TABLE": tables["jobs"],
        "JOB_FUNCTION": stack["functions"]["number_jobs"],
        "RECORD_FUNCTION": stack["functions"]["record_history"],
        "PARAMETER_PREFIX": str(stack["parameter_prefix"]),
        "DEVICE_ADDRESS_POLICY": "local",
    }


def _check_answers(endpoint: str, path: Path) -> None:
    """Refuses whatever is not on this machine, and says at once if nothing listens there."""
    parts = urlsplit(endpoint)
    if parts.hostname not in _LOOPBACK:
        raise SettingBrokenError(f"{path} names {endpoint}, which is not on this machine: --local goes nowhere else")
    try:
        socket.create_connection((parts.hostname, parts.port or 80), timeout=2).close()
    except OSError:
        message = f"the local stack that {path} describes does not answer at {endpoint}: start it with `make up`"
        raise SettingBrokenError(message) from None


def _aim_at(endpoint: str, region: str) -> None:
    """Makes the local stack the only AWS that this process can reach: no real key, profile, endpoint or proxy stays."""
    for name in list(os.environ):
        if name.upper().startswith("AWS_") or name.lower() in _PROXIES:
            del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": _LOCAL_KEY,
        "AWS_SECRET_ACCESS_KEY": _LOCAL_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
