"""What to play: the devices of a scenario, given in code or in a JSON or YAML file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar, get_type_hints

from simulator.errors import SimulatorError
from simulator.faults import make_fault
from simulator.generator import Population, generate
from simulator.listing import Style
from simulator.nodes import Node, nodes_from_json
from simulator.users import RegisteredUser, user_from_json

_T = TypeVar("_T")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,253}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_TWO_NODES = (Node(name="node-1"), Node(name="node-2"))

SOURCES = ("sbc", "arm")
"""What can be played: an SBC or gateway, or a Routing Manager."""


@dataclass(frozen=True, kw_only=True)
class DeviceScenario:
    """One device to play: an SBC, or a Routing Manager where `source` is `arm`.

    `port` 0 picks a free one. `domain` is the host of AORs given as a number only. `count_of` says what the device's
    own count counts: `aors` or `contacts`. `password` belongs to the Administrator `username`; empty makes one up.
    `users` and the users of `generated` are registered from the start, and `faults` (name to parameters) are armed
    from the start. Only a Routing Manager has `nodes` (two, where none are given) and a `page_limit`, the most users
    that it puts on a page; only an SBC has a `style` and a `count_of`.
    """

    name: str = "sbc-1"
    port: int = 0
    source: str = "sbc"
    style: Style = Style.MODERN
    domain: str = "10.8.5.71"
    count_of: str = "aors"
    uptime_seconds: float = 161446.0
    username: str = "Admin"
    password: str = ""
    users: tuple[RegisteredUser, ...] = ()
    generated: Population | None = None
    faults: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()
    page_limit: int = 1000

    def __post_init__(self) -> None:
        """Refuses what cannot be played, before any port is opened."""
        if not _NAME.fullmatch(self.name):
            raise SimulatorError(f"a device name is letters, digits, `.`, `_` and `-`, not {self.name!r}")
        if not _HOST.fullmatch(self.domain):
            raise SimulatorError(f"{self.name}: `domain` must be a host name or address, not {self.domain!r}")
        if self.count_of not in {"aors", "contacts"}:
            raise SimulatorError(f"{self.name}: `count_of` must be aors or contacts, not {self.count_of!r}")
        if not 0 <= self.port <= 65535:  # noqa: PLR2004 - the range of TCP ports
            raise SimulatorError(f"{self.name}: `port` must be from 0 to 65535, not {self.port}")
        self._check_source()

    def _check_source(self) -> None:
        """Refuses what this kind of device does not have."""
        if self.source not in SOURCES:
            raise SimulatorError(f"{self.name}: `source` must be one of {', '.join(SOURCES)}, not {self.source!r}")
        if self.nodes and self.source != "arm":
            raise SimulatorError(f"{self.name}: only a device of source arm has `nodes`")
        if self.source == "arm" and not self.nodes:
            object.__setattr__(self, "nodes", _TWO_NODES)
        if self.page_limit < 1:
            raise SimulatorError(f"{self.name}: `page_limit` must be 1 or more, not {self.page_limit}")
        for name, parameters in self.faults.items():
            if self.source not in make_fault(name, parameters).sources:
                raise SimulatorError(f"{self.name}: a device of source {self.source} has no fault {name}")

    def all_users(self) -> list[RegisteredUser]:
        """The users given one by one and those that are generated."""
        return [*self.users, *(generate(self.generated) if self.generated else ())]


def load_scenario(path: Path) -> list[DeviceScenario]:
    """Reads a scenario file: an object whose `devices` is a list of objects with the fields of `DeviceScenario`.

    Raises:
        SimulatorError: the file cannot be read or does not say what to play; the text names the device and the field.
    """
    content = _parse(path)
    listed = content.get("devices") if isinstance(content, Mapping) else None
    if not isinstance(listed, list) or not listed:
        raise SimulatorError(f"{path}: a scenario is an object with a list `devices` of at least one device")
    try:
        devices = [_device(entry, place) for place, entry in enumerate(listed, 1)]
    except SimulatorError as error:
        raise SimulatorError(f"{path}: {error}") from error
    names = [device.name for device in devices]
    if len(set(names)) < len(names):
        raise SimulatorError(f"{path}: two devices have the same name")
    return devices


def _parse(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SimulatorError(f"{path}: cannot be read ({error})") from error
    try:
        if path.suffix in {".yaml", ".yml"}:
            return _parse_yaml(text, path)
        return json.loads(text)
    except ValueError as error:
        raise SimulatorError(f"{path}: {' '.join(str(error).split())}") from error


def _parse_yaml(text: str, path: Path) -> object:
    try:
        import yaml  # noqa: PLC0415 - only YAML scenarios need it
    except ImportError as error:
        raise SimulatorError(f"{path}: YAML needs the package pyyaml; install it or write JSON") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _device(entry: object, place: int) -> DeviceScenario:
    if not isinstance(entry, Mapping):
        raise SimulatorError(f"a device is an object, not {entry!r}")
    kind = entry.get("source", "sbc")
    values = {"name": f"{kind if kind in SOURCES else 'sbc'}-{place}", **entry}
    name, domain = values["name"], values.get("domain", DeviceScenario.domain)
    try:
        if "style" in values:
            values["style"] = style_named(values["style"])
        if "generated" in values:
            values["generated"] = population_from_json(values["generated"])
        if "users" in values:
            values["users"] = _users_from_json(values["users"], str(domain))
        if "nodes" in values:
            values["nodes"] = nodes_from_json(values["nodes"])
        if "faults" in values:
            values["faults"] = _faults_from_json(values["faults"])
        return _built(DeviceScenario, values)
    except SimulatorError as error:
        raise SimulatorError(f"device {name}: {error}") from error


def _users_from_json(value: object, domain: str) -> tuple[RegisteredUser, ...]:
    if not isinstance(value, list):
        raise SimulatorError("`users` must be a list")
    return tuple(user_from_json(user, domain) for user in value)


def _faults_from_json(value: object) -> Mapping[str, Mapping[str, object]]:
    if not isinstance(value, Mapping):
        raise SimulatorError("`faults` must be an object of fault names and their parameters")
    for name, parameters in value.items():
        if not isinstance(parameters or {}, Mapping):
            raise SimulatorError(f"the parameters of the fault {name} must be an object")
    return {str(name): parameters or {} for name, parameters in value.items()}


def style_named(name: object) -> Style:
    """The style of that name.

    Raises:
        SimulatorError: there is none.
    """
    try:
        return Style(str(name))
    except ValueError as error:
        raise SimulatorError(f"`style` must be one of {', '.join(Style)}, not {name!r}") from error


def population_from_json(value: object) -> Population:
    """Reads the fields of a `Population` from an object.

    Raises:
        SimulatorError: a field is unknown, missing or of the wrong type.
    """
    if not isinstance(value, Mapping) or "users" not in value:
        raise SimulatorError("`generated` must be an object with at least `users`, how many to make up")
    values = dict(value)
    if isinstance(values.get("hosts"), list):
        values["hosts"] = tuple(str(host) for host in values["hosts"])
    return _built(Population, values)


def _built(kind: type[_T], values: Mapping[str, object]) -> _T:
    hints = get_type_hints(kind)
    known = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    simple = {str: str, int: int, float: (int, float), tuple[str, ...]: tuple}
    for key, value in values.items():
        if key not in known:
            raise SimulatorError(f"there is no field {key!r}; there are {', '.join(known)}")
        wanted = simple.get(hints[key])
        if wanted and (isinstance(value, bool) or not isinstance(value, wanted)):  # type: ignore[arg-type]
            raise SimulatorError(f"`{key}` cannot be {value!r}")
    return kind(**values)
