"""Faults of a Routing Manager (ARM): its pages, its cursor, and the feature that has to be switched on."""

# ruff: noqa: ARG002 - the hooks of a fault share their signatures, whether a fault looks at everything or not

from dataclasses import dataclass, field, replace
from http import HTTPStatus

from simulator.errors import SimulatorError
from simulator.exchange import Answer, Request, json_answer, refusal
from simulator.faults.base import ARM_ONLY, Fault, Paging, Route, fault
from simulator.users import RegisteredUser, plain_user

_BEHIND_ALL = 1_000_000_000
_ENDLESS = "more-"


@fault
@dataclass(kw_only=True)
class ShortPages(Fault):
    """A page has `size` users at most, however many are asked for."""

    name = "short-pages"
    sources = ARM_ONLY
    route: str = Route.LIST
    size: int = 3

    def change_paging(self, paging: Paging) -> Paging:
        """A smaller limit."""
        return paging._replace(limit=min(paging.limit, max(self.size, 1)))


@fault
@dataclass(kw_only=True)
class SlippingCursor(Fault):
    """The cursor is a place in the list, so that a user is passed over when one before it leaves."""

    name = "slipping-cursor"
    sources = ARM_ONLY
    route: str = Route.LIST

    def change_paging(self, paging: Paging) -> Paging:
        """Places for cursors."""
        return paging._replace(by_place=True)


@fault
@dataclass(kw_only=True)
class ChangeBetweenPages(Fault):
    """With each page another user has left, the oldest first; with `comes` as many come, so that the total stays."""

    name = "change-between-pages"
    sources = ARM_ONLY
    route: str = Route.LIST
    comes: bool = False

    def change_users(self, users: list[RegisteredUser]) -> list[RegisteredUser]:
        """The users as they are by now."""
        gone = min(max(self.nth - 1, 0), len(users))
        coming = [self._newcomer(users, place) for place in range(gone)] if self.comes and users else []
        return users[gone:] + coming

    @staticmethod
    def _newcomer(users: list[RegisteredUser], place: int) -> RegisteredUser:
        newcomer = plain_user(f"99{place:04d}@10.8.5.71", "10.8.5.71")
        return replace(newcomer, node=users[0].node, serial=_BEHIND_ALL + place)


@fault
@dataclass(kw_only=True)
class RepeatingCursor(Fault):
    """Every page says that the next one begins where the second did."""

    name = "repeating-cursor"
    sources = ARM_ONLY
    route: str = Route.LIST
    _first: object = field(default=None, init=False, repr=False)

    def change_page(self, page: dict[str, object]) -> dict[str, object]:
        """The page with the cursor of the first."""
        self._first = self._first or page.get("cursor")
        return {**page, "cursor": self._first}


@fault
@dataclass(kw_only=True)
class EndlessCursor(Fault):
    """There is always a next page: the users from the beginning, or, with `empty`, none."""

    name = "endless-cursor"
    sources = ARM_ONLY
    route: str = Route.LIST
    empty: bool = False

    def change_paging(self, paging: Paging) -> Paging:
        """From the beginning, or behind all."""
        if not paging.after.startswith(_ENDLESS):
            return paging
        return paging._replace(after=str(2 * _BEHIND_ALL) if self.empty else "")

    def change_page(self, page: dict[str, object]) -> dict[str, object]:
        """The page with another cursor than ever before."""
        return {**page, "cursor": {"after": f"{_ENDLESS}{self.nth}", "before": "-1"}}


@fault
@dataclass(kw_only=True)
class LostUsers(Fault):
    """A page lacks its last `count` users; total and cursor are as if they were there."""

    name = "lost-users"
    sources = ARM_ONLY
    route: str = Route.LIST
    count: int = 1

    def change_page(self, page: dict[str, object]) -> dict[str, object]:
        """The page without them."""
        users = page["registeredUsers"]
        assert isinstance(users, list)  # noqa: S101 - tells the type checker
        return {**page, "registeredUsers": users[: max(len(users) - self.count, 0)]}


@fault
@dataclass(kw_only=True)
class OddEntries(Fault):
    """An entry in the middle of a page is not as the others: no `aor`, no `contacts`, or only `text`."""

    name = "odd-entries"
    sources = ARM_ONLY
    route: str = Route.LIST
    lacks: str = "aor"

    def __post_init__(self) -> None:
        """Refuses what it cannot lack."""
        super().__post_init__()
        if self.lacks not in {"aor", "contacts", "node", "text"}:
            raise SimulatorError(f"`lacks` must be aor, contacts, node or text, not {self.lacks!r}")

    def change_page(self, page: dict[str, object]) -> dict[str, object]:
        """The page with that entry."""
        users = page["registeredUsers"]
        assert isinstance(users, list)  # noqa: S101 - tells the type checker
        if not users:
            return page
        middle = len(users) // 2
        entry = users[middle]
        odd = entry["aor"] if self.lacks == "text" else {key: entry[key] for key in entry if key != self.lacks}
        return {**page, "registeredUsers": [*users[:middle], odd, *users[middle + 1 :]]}


@fault
@dataclass(kw_only=True)
class SameAorOnTwoNodes(Fault):
    """Every user is registered at a second node as well."""

    name = "same-aor-on-two-nodes"
    sources = ARM_ONLY
    route: str = Route.LIST

    def change_users(self, users: list[RegisteredUser]) -> list[RegisteredUser]:
        """The users, and once more at the next node."""
        nodes = sorted({user.node for user in users})
        following = dict(zip(nodes, [*nodes[1:], *nodes[:1]], strict=True))
        again = [replace(user, node=following[user.node], serial=user.serial + _BEHIND_ALL) for user in users]
        return users + again if len(nodes) > 1 else users


@fault
@dataclass(kw_only=True)
class FeatureOff(Fault):
    """The registered-users feature is off, and ARM says so by a `flag`, an `error`, or not at all (`silent`)."""

    name = "feature-off"
    sources = ARM_ONLY
    route: str = Route.LIST
    how: str = "flag"

    def __post_init__(self) -> None:
        """Refuses other ways."""
        super().__post_init__()
        if self.how not in {"flag", "error", "silent"}:
            raise SimulatorError(f"`how` must be flag, error or silent, not {self.how!r}")

    def answer_instead(self, request: Request, *, empty: bool) -> Answer:
        """An error, or an empty list."""
        if self.how == "error":
            return refusal(HTTPStatus.NOT_FOUND, "The registered users feature is disabled")
        content: dict[str, object] = {"registeredUsers": [], "cursor": {"after": "-1", "before": "-1"}}
        return json_answer({"enabled": False, **content} if self.how == "flag" else content)
