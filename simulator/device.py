"""The world of one played SBC: its registered users, its clock, its accounts, its faults and what it was asked."""

import random
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from simulator.errors import SimulatorError, UnknownThingError
from simulator.faults import Fault, Route, make_fault
from simulator.generator import newcomers
from simulator.scenario import DeviceScenario
from simulator.users import RegisteredUser

REMEMBERED_REQUESTS = 10_000
"""How many of the latest requests a device remembers."""


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
    """One SBC. Everything about it may be called from several threads."""

    def __init__(self, scenario: DeviceScenario, accounts: Collection[Account], clock: Callable[[], float]) -> None:
        self.scenario = scenario
        self.accounts = tuple(accounts)
        self.clock = clock
        self._lock = threading.RLock()
        self._users: dict[str, RegisteredUser] = {user.aor: user for user in scenario.all_users()}
        self._away_until: dict[str, float] = {}
        self._booted_at = clock() - scenario.uptime_seconds
        self._faults: dict[str, Fault] = {}
        self._requests: deque[SeenRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        for name, parameters in scenario.faults.items():
            self.arm(name, **parameters)

    @property
    def name(self) -> str:
        """The name that the scenario gives to this device."""
        return self.scenario.name

    # --- users

    def users(self) -> list[RegisteredUser]:
        """The users registered now, oldest first; those still away after a reboot are missing."""
        with self._lock:
            if not self._away_until:
                return list(self._users.values())
            now = self.clock()
            self._away_until = {aor: back for aor, back in self._away_until.items() if back > now}
            return [user for aor, user in self._users.items() if aor not in self._away_until]

    def register(self, users: Iterable[RegisteredUser]) -> None:
        """Adds users; one whose AOR is there already takes its new contacts."""
        with self._lock:
            for user in users:
                self._users[user.aor] = user
                self._away_until.pop(user.aor, None)

    def unregister(self, names: Iterable[str]) -> list[str]:
        """Removes users, each named by its AOR or by its user part, which stands for all AORs that have it.

        Returns:
            The AORs that were removed.

        Raises:
            UnknownThingError: one of them is not registered; then none is removed.
        """
        with self._lock:
            by_user_part: dict[str, list[str]] = {}
            for user in self._users.values():
                by_user_part.setdefault(user.user_part, []).append(user.aor)
            leaving: dict[str, None] = {}
            for name in names:
                found = [name] if name in self._users else by_user_part.get(name)
                if not found:
                    raise UnknownThingError(f"{name} is not registered on {self.name}")
                leaving.update(dict.fromkeys(found))
            for aor in leaving:
                del self._users[aor]
                self._away_until.pop(aor, None)
            return list(leaving)

    def replace_users(self, users: Iterable[RegisteredUser]) -> None:
        """Puts `users` in the place of all that are registered."""
        with self._lock:
            self._users = {user.aor: user for user in users}
            self._away_until = {}

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
            aors = list(self._users)
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
            self._away_until = {aor: now + gap * place for place, aor in enumerate(self._users, 1) if gap}

    # --- faults

    def arm(self, name: str, /, **parameters: object) -> None:
        """Arms the fault `name`, in place of the same fault armed before; see `simulator.faults` for what there is."""
        armed = make_fault(name, parameters)
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
