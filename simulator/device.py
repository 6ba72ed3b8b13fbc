"""The world of one played device: its registered users, its clock, its accounts, its faults and what it was asked."""

import random
import secrets
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from simulator.errors import SimulatorError, UnknownThingError
from simulator.faults import Fault, Route, make_fault
from simulator.generator import newcomers
from simulator.nodes import Node, changed
from simulator.scenario import DeviceScenario
from simulator.users import RegisteredUser

REMEMBERED_REQUESTS = 10_000
"""How many of the latest requests a device remembers."""

_Key = tuple[str, str]


@dataclass(frozen=True)
class Account:
    """A login of a device; `role` is `Administrator` or `Monitor`."""

    username: str
    password: str
    role: str


@dataclass(frozen=True)
class SeenRequest:
    """A request that the device got: never its credentials, only whether they were right (`login`).

    `in_progress` counts the requests that the device was busy with when this one came, this one included. `script` is
    the command line script of a request that had one.
    """

    at: str
    client: str
    method: str
    path: str
    status: int
    login: str
    in_progress: int
    script: str | None
    faults: tuple[str, ...]


class Device:
    """One SBC, or one Routing Manager (ARM) with the users of its nodes. It may be called from several threads."""

    def __init__(self, scenario: DeviceScenario, accounts: Collection[Account], clock: Callable[[], float]) -> None:
        self.scenario = scenario
        self.accounts = tuple(accounts)
        self.clock = clock
        self._lock = threading.RLock()
        self.nodes = {node.name: node for node in scenario.nodes}
        self._users: dict[_Key, RegisteredUser] = {}
        self._serial = 0
        self._known_last: dict[str, list[RegisteredUser]] = {}
        self._listed: list[RegisteredUser] | None = None
        self._sessions: dict[str, Account] = {}
        self._away_until: dict[_Key, float] = {}
        self._booted_at = clock() - scenario.uptime_seconds
        self._faults: dict[str, Fault] = {}
        self._requests: deque[SeenRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        self.register(scenario.all_users())
        for node in self.nodes.values():
            self._hear(node)
        for name, parameters in scenario.faults.items():
            self.arm(name, **parameters)

    @property
    def name(self) -> str:
        """The name that the scenario gives to this device."""
        return self.scenario.name

    # --- users

    def users(self) -> list[RegisteredUser]:
        """The users registered now, oldest first; those still away after a reboot are missing.

        Of a node that it cannot reach, a Routing Manager shows those of which it knew last.
        """
        with self._lock:
            if self._away_until:
                now = self.clock()
                self._away_until = {key: back for key, back in self._away_until.items() if back > now}
                return [user for user in self._shown() if user.key not in self._away_until]
            return list(self._shown())

    def _shown(self) -> list[RegisteredUser]:
        if self._listed is None:
            live = [user for user in self._users.values() if user.node not in self._known_last]
            kept = [user for known in self._known_last.values() for user in known]
            self._listed = sorted([*live, *kept], key=lambda user: user.serial) if kept else live
        return self._listed

    def register(self, users: Iterable[RegisteredUser]) -> None:
        """Adds users; one whose AOR is there already takes its new contacts.

        On a Routing Manager, one that names no node registers at one of them, always at the same.

        Raises:
            SimulatorError: one names a node that there is not.
        """
        with self._lock:
            self._listed = None
            for user in users:
                placed = self._placed(user)
                known = self._users.get(placed.key)
                self._serial += known is None
                self._users[placed.key] = replace(placed, serial=known.serial if known else self._serial)
                self._away_until.pop(placed.key, None)

    def _placed(self, user: RegisteredUser) -> RegisteredUser:
        if user.node and user.node not in self.nodes:
            there = f"there are {', '.join(self.nodes)}" if self.nodes else "it plays no Routing Manager (ARM)"
            raise SimulatorError(f"{self.name} has no node {user.node!r}; {there}")
        if user.node or not self.nodes:
            return user
        names = list(self.nodes)
        return replace(user, node=names[sum(user.user_part.encode()) % len(names)])

    def unregister(self, names: Iterable[str]) -> list[str]:
        """Removes users, each named by its AOR, at all nodes, or by its user part, which stands for all with it.

        Returns:
            The AORs that were removed.

        Raises:
            UnknownThingError: one of them is not registered; then none is removed.
        """
        with self._lock:
            by_aor: dict[str, list[_Key]] = {}
            by_user_part: dict[str, list[_Key]] = {}
            for user in self._users.values():
                by_aor.setdefault(user.aor, []).append(user.key)
                by_user_part.setdefault(user.user_part, []).append(user.key)
            leaving: dict[_Key, None] = {}
            for name in names:
                found = by_aor.get(name) or by_user_part.get(name)
                if not found:
                    raise UnknownThingError(f"{name} is not registered on {self.name}")
                leaving.update(dict.fromkeys(found))
            self._listed = None
            for key in leaving:
                del self._users[key]
                self._away_until.pop(key, None)
            return list(dict.fromkeys(aor for _, aor in leaving))

    def replace_users(self, users: Iterable[RegisteredUser]) -> None:
        """Puts `users` in the place of all that are registered."""
        with self._lock:
            before, self._users = self._users, {}
            self._away_until = {}
            try:
                self.register(users)
            except SimulatorError:
                self._users = before
                raise

    def churn(self, percent: float, seed: int) -> tuple[list[str], list[str]]:
        """Lets `percent` of the users leave and as many new ones come.

        Returns:
            The AORs that left and the AORs that came, always the same ones for the same users and the same seed.

        Raises:
            SimulatorError: `percent` is not from 0 to 100.
        """
        if not 0 <= percent <= 100:  # noqa: PLR2004 - a percentage
            raise SimulatorError(f"`percent` must be from 0 to 100, not {percent}")
        with self._lock:
            aors = list(dict.fromkeys(user.aor for user in self._users.values()))
            chance = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
            leaving = chance.sample(aors, round(len(aors) * percent / 100))
            taken = {user.user_part for user in self._users.values()}
            coming = newcomers(len(leaving), seed, self.scenario.domain, taken)
            self.unregister(leaving)
            self.register(coming)
        return leaving, [user.aor for user in coming]

    # --- clock

    def uptime_hundredths(self) -> int:
        """Time since the last start in 1/100 s, as `systemUpTime` counts it."""
        with self._lock:
            return int((self.clock() - self._booted_at) * 100)

    def reboot(self, reregister_seconds: float) -> None:
        """Starts the device anew: its uptime begins at 0 and its users come back one by one over that many seconds.

        Raises:
            SimulatorError: the number of seconds is negative.
        """
        if reregister_seconds < 0:
            raise SimulatorError("`reregister_seconds` must be 0 or more")
        with self._lock:
            self._booted_at = now = self.clock()
            gap = reregister_seconds / max(len(self._users), 1)
            self._away_until = {key: now + gap * place for place, key in enumerate(self._users, 1) if gap}

    # --- nodes of a Routing Manager

    def set_node(self, name: str, changes: object) -> Node:
        """Changes a node by a JSON object; one of a new name is added.

        Raises:
            SimulatorError: this device has no nodes, or no node can be so.
        """
        with self._lock:
            if not self.nodes:
                raise SimulatorError(f"{self.name} plays no Routing Manager (ARM), so it has no nodes")
            node = changed(self.nodes.get(name) or Node(name=name), changes)
            self.nodes[name] = node
            self._hear(node)
            return node

    def remove_node(self, name: str) -> None:
        """Takes a node away with its users.

        Raises:
            UnknownThingError: there is none.
            SimulatorError: it is the last one.
        """
        with self._lock:
            if name not in self.nodes:
                raise UnknownThingError(f"{self.name} has no node {name!r}")
            if len(self.nodes) == 1:
                raise SimulatorError(f"{name} is the last node of {self.name}: it cannot go")
            del self.nodes[name]
            self._known_last.pop(name, None)
            self._users = {key: user for key, user in self._users.items() if user.node != name}
            self._listed = None

    def _hear(self, node: Node) -> None:
        """Keeps what is known of a node that cannot be reached, and forgets it when it can."""
        if node.heard:
            self._known_last.pop(node.name, None)
        elif node.forgets:
            self._known_last[node.name] = []
        elif node.name not in self._known_last:
            self._known_last[node.name] = [user for user in self._users.values() if user.node == node.name]
        self._listed = None

    # --- sessions of a Routing Manager

    def open_session(self, account: Account) -> str:
        """A new session's secret."""
        with self._lock:
            secret = secrets.token_urlsafe(24)
            self._sessions[secret] = account
            return secret

    def session(self, secret: str) -> Account | None:
        """Whose session it is; None where there is none."""
        with self._lock:
            return self._sessions.get(secret)

    def close_session(self, secret: str) -> None:
        """Ends a session."""
        with self._lock:
            self._sessions.pop(secret, None)

    @property
    def sessions(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._sessions)

    # --- faults

    def arm(self, name: str, /, **parameters: object) -> None:
        """Arms the fault `name`, in place of the same fault armed before; see `simulator.faults` for what there is.

        Raises:
            SimulatorError: it has no such parameter, or is none of this kind of device.
        """
        armed = make_fault(name, parameters)
        if self.scenario.source not in armed.sources:
            raise SimulatorError(f"{self.name} plays {self.scenario.source}, which has no fault {name}")
        with self._lock:
            self._faults[name] = armed

    def disarm(self, name: str | None = None) -> None:
        """Disarms one fault, or all.

        Raises:
            UnknownThingError: this fault is not armed.
        """
        with self._lock:
            if name is None:
                self._faults.clear()
            elif self._faults.pop(name, None) is None:
                raise UnknownThingError(f"the fault {name} is not armed on {self.name}")

    def armed(self) -> Mapping[str, Fault]:
        """The faults armed now, by name."""
        with self._lock:
            return dict(self._faults)

    def struck(self, route: Route) -> list[Fault]:
        """The faults that strike the request to `route` that comes now, in the order in which they were armed."""
        with self._lock:
            return [fault for fault in self._faults.values() if fault.strikes(route)]

    # --- what it was asked

    def remember(self, request: SeenRequest) -> None:
        """Notes a request."""
        with self._lock:
            self._requests.append(request)

    def requests(self) -> list[SeenRequest]:
        """The requests of which it still knows, oldest first."""
        with self._lock:
            return list(self._requests)

    def forget_requests(self) -> None:
        """Forgets all requests up to now."""
        with self._lock:
            self._requests.clear()


def timestamp() -> str:
    """Now, as RFC 3339 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
