"""The nodes of a played Routing Manager (ARM): the SBCs whose registered users it gathers, and how they fare."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulator.errors import SimulatorError
from simulator.users import node_name

AVAILABLE = "Available"
STATES = (AVAILABLE, "Unavailable", "Unrouteable", "Logged out", "Logging in")
"""The states of a node (AudioCodes)."""
OPERATIVE_STATES = (AVAILABLE, "Unavailable", "Unknown")
"""`Unknown` is documented (AudioCodes): ARM cannot reach the SBC. The others are inferred."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One SBC as ARM knows it. `forgets` says that ARM drops its users while it cannot reach it."""

    name: str
    state: str = AVAILABLE
    operative_state: str = AVAILABLE
    forgets: bool = False

    def __post_init__(self) -> None:
        """Refuses what no node can be."""
        node_name(self.name)
        if self.state not in STATES:
            raise SimulatorError(f"`state` must be one of {', '.join(STATES)}, not {self.state!r}")
        if self.operative_state not in OPERATIVE_STATES:
            allowed = ", ".join(OPERATIVE_STATES)
            raise SimulatorError(f"`operative_state` must be one of {allowed}, not {self.operative_state!r}")
        if not isinstance(self.forgets, bool):
            raise SimulatorError(f"`forgets` must be true or false, not {self.forgets!r}")

    @property
    def heard(self) -> bool:
        """Whether ARM knows who is registered there now."""
        return self.state == AVAILABLE and self.operative_state != "Unknown"


def changed(node: Node, value: object) -> Node:
    """`node` with the fields that a JSON object gives.

    Raises:
        SimulatorError: it is no object, or has a field or a value that does not exist.
    """
    if not isinstance(value, Mapping):
        raise SimulatorError(f"a node is an object, not {value!r}")
    unknown = sorted(str(key) for key in value.keys() - {"state", "operative_state", "forgets"})
    if unknown:
        raise SimulatorError(f"a node has no field {unknown[0]!r}; it has state, operative_state, forgets")
    return replace(node, **value)


def nodes_from_json(value: object) -> tuple[Node, ...]:
    """The nodes of a scenario: names, or objects with a `name` and the fields to `changed`.

    Raises:
        SimulatorError: it is no list of those, or a name stands there twice.
    """
    if not isinstance(value, list) or not value:
        raise SimulatorError("`nodes` must be a list of at least one node")
    nodes = tuple(_node(entry) for entry in value)
    if len({node.name for node in nodes}) < len(nodes):
        raise SimulatorError("two nodes have the same name")
    return nodes


def _node(entry: object) -> Node:
    if not isinstance(entry, Mapping):
        return Node(name=node_name(entry))
    rest = {key: value for key, value in entry.items() if key != "name"}
    return changed(Node(name=node_name(entry.get("name"))), rest)
