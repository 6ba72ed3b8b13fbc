"""What a fault is: something that a device does wrong, armed and disarmed while the simulator runs."""

# ruff: noqa: ARG002 - the hooks of a fault share their signatures, whether a fault looks at everything or not

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import ClassVar, NamedTuple, Protocol, TypeVar, get_type_hints

from simulator.errors import SimulatorError, UnknownThingError
from simulator.exchange import Answer, Request
from simulator.users import RegisteredUser


class Route(StrEnum):
    """The parts of a device that a fault can strike."""

    ANY = "any"
    STATUS = "status"
    COUNT = "count"
    LIST = "list"
    """The registered users, of either kind of device."""
    ALARMS = "alarms"
    NODES = "nodes"
    LOGIN = "login"
    CONNECTION = "connection"


class Paging(NamedTuple):
    """One page of a list: what was asked for, and how the cursor works.

    `limit` is the most that stand on it, `after` the cursor that it begins behind (empty for the first page);
    `by_place` says that cursors are places in the list, so that they slip when somebody leaves, and not users.
    """

    limit: int
    after: str = ""
    by_place: bool = False


class Wire(Protocol):
    """The connection to the caller, for faults that spoil the delivery of an answer."""

    def send_head(self, answer: Answer, length: int) -> None:
        """Sends status line and headers; the body is announced as `length` bytes."""

    def send(self, data: bytes) -> None:
        """Sends a piece of the body."""

    def pause(self, seconds: float) -> bool:
        """Waits; True when the simulator was told to stop meanwhile and the caller should give up."""

    def reset(self) -> None:
        """Breaks the connection off with a TCP reset."""

    def close(self) -> None:
        """Ends the connection in the ordinary way."""


@dataclass(kw_only=True)
class Fault:
    """The behaviour of a healthy device; every fault overrides one part of it.

    `route` limits a fault to one kind of request. The first `skip` of these go well, then `times` of them are struck
    (None: all that follow).
    """

    name: ClassVar[str] = ""
    certificate: ClassVar[str] = ""
    """The kind of certificate that the device shows meanwhile; empty for its good one."""
    sources: ClassVar[frozenset[str]] = frozenset({"sbc", "arm"})
    """The kinds of devices that can have it."""

    route: str = Route.ANY
    skip: int = 0
    times: int | None = None
    _seen: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuses parameters that mean nothing."""
        if self.route not in set(Route):
            raise SimulatorError(f"`route` must be one of {', '.join(Route)}, not {self.route!r}")
        if self.skip < 0 or (self.times is not None and self.times < 1):
            raise SimulatorError("`skip` must be 0 or more and `times` 1 or more")

    def strikes(self, route: Route) -> bool:
        """Whether the request that comes now is struck; counts it."""
        wanted = self.route == route or (self.route == Route.ANY and route is not Route.CONNECTION)
        if not wanted:
            return False
        self._seen += 1
        return self.nth > 0 and (self.times is None or self.nth <= self.times)

    @property
    def nth(self) -> int:
        """How many requests have been struck up to now."""
        return self._seen - self.skip

    def accepts_login(self) -> bool:
        """Whether right credentials are taken for right."""
        return True

    def after_login(self, client: str, now: float, login: str) -> Answer | None:
        """What the address `client` is told in place of everything else, after a login `right`, `wrong` or `none`."""
        return None

    def role(self, role: str) -> str:
        """The role that the user of a request has, given the `role` that was set up."""
        return role

    def answer_instead(self, request: Request, *, empty: bool) -> Answer | None:
        """An answer in place of the real one; `empty` says that no user is registered."""
        return None

    def change_users(self, users: list[RegisteredUser]) -> list[RegisteredUser]:
        """The users that the device claims to have, for the list and for the count."""
        return users

    def change_count(self, count: int | None) -> int | None:
        """The count that the device claims."""
        return count

    def change_lines(self, lines: list[str]) -> list[str]:
        """The lines that the list command prints."""
        return lines

    def change_paging(self, paging: "Paging") -> "Paging":
        """How a Routing Manager cuts its users into pages."""
        return paging

    def change_page(self, page: dict[str, object]) -> dict[str, object]:
        """A page of a Routing Manager's users, before it is written out."""
        return page

    def change_answer(self, answer: Answer) -> Answer:
        """The finished answer."""
        return answer

    def deliver(self, answer: Answer, wire: Wire) -> bool:
        """Sends the answer in a way of its own; False leaves that to the server."""
        return False


SBC_ONLY = frozenset({"sbc"})
ARM_ONLY = frozenset({"arm"})

_F = TypeVar("_F", bound=Fault)

REGISTRY: dict[str, type[Fault]] = {}
"""Every fault by its name."""


def fault(kind: type[_F]) -> type[_F]:
    """Enters a fault under its name."""
    REGISTRY[kind.name] = kind
    return kind


def make_fault(name: str, parameters: Mapping[str, object]) -> Fault:
    """The fault `name` with `parameters`.

    Raises:
        UnknownThingError: there is no such fault.
        SimulatorError: it has no such parameter, or the value has the wrong type.
    """
    kind = REGISTRY.get(name)
    if kind is None:
        raise UnknownThingError(f"there is no fault {name!r}; there are {', '.join(sorted(REGISTRY))}")
    types = parameter_types(kind)
    for key, value in parameters.items():
        if key not in types:
            raise SimulatorError(f"the fault {name} has no parameter {key!r}; it has {', '.join(sorted(types))}")
        if not _fits(value, types[key]):
            raise SimulatorError(f"`{key}` of the fault {name} cannot be {value!r}")
    return kind(**parameters)  # type: ignore[arg-type]


def parameter_types(kind: type[Fault]) -> dict[str, object]:
    """The parameters of a kind of fault and their types."""
    hints = get_type_hints(kind)
    return {entry.name: hints[entry.name] for entry in fields(kind) if entry.init}


def _fits(value: object, wanted: object) -> bool:
    if isinstance(value, bool):
        return wanted is bool
    if wanted is float:
        return isinstance(value, int | float)
    return isinstance(value, wanted)  # type: ignore[arg-type]
