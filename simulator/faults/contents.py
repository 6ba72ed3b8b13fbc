"""Faults in which the device answers in good form but with other users, counts or lines than it should."""

# ruff: noqa: ARG002 - the hooks of a fault share their signatures, whether a fault looks at everything or not

import json
from dataclasses import dataclass, replace

from simulator.errors import SimulatorError
from simulator.exchange import Answer
from simulator.faults.base import SBC_ONLY, Fault, Route, fault
from simulator.users import MAXIMUM_CONTACTS, Contact, RegisteredUser


@fault
@dataclass(kw_only=True)
class NullCount(Fault):
    """The count is `null`."""

    name = "null-count"
    route: str = Route.COUNT

    def change_count(self, count: int | None) -> None:
        """No count."""
        return


@fault
@dataclass(kw_only=True)
class WrongCount(Fault):
    """The count is `by` too high (or too low, when it is negative)."""

    name = "wrong-count"
    route: str = Route.COUNT
    by: int = 1

    def change_count(self, count: int | None) -> int | None:
        """The count, moved."""
        return None if count is None else max(count + self.by, 0)


@fault
@dataclass(kw_only=True)
class ChangingCount(Fault):
    """Every time it is asked, the count is `step` higher than the time before: before and after a list never agree."""

    name = "changing-count"
    route: str = Route.COUNT
    step: int = 1

    def change_count(self, count: int | None) -> int | None:
        """The count, moved once more with each question but the first."""
        return None if count is None else max(count + self.step * (self.nth - 1), 0)


@fault
@dataclass(kw_only=True)
class TruncatedOutput(Fault):
    """The output ends early: after `percent` of its lines and in the midst of the next one; the JSON is whole."""

    name = "truncated-output"
    sources = SBC_ONLY
    route: str = Route.LIST
    percent: int = 50

    def change_lines(self, lines: list[str]) -> list[str]:
        """The lines that are left."""
        whole = len(lines) * min(max(self.percent, 0), 100) // 100
        cut = lines[whole : whole + 1]
        return lines[:whole] + [line[: len(line) // 2] for line in cut]


@fault
@dataclass(kw_only=True)
class UnknownLines(Fault):
    """Puts `text`, a line that could hold data and follows no known form, `count` times among the entries."""

    name = "unknown-lines"
    sources = SBC_ONLY
    route: str = Route.LIST
    count: int = 1
    text: str = "  <sip:4711@10.8.5.71:5060>;lifetime=?? {unconfirmed-binding}"

    def change_lines(self, lines: list[str]) -> list[str]:
        """The lines with the odd ones in the middle."""
        middle = len(lines) // 2
        return lines[:middle] + [self.text] * max(self.count, 0) + lines[middle:]


@fault
@dataclass(kw_only=True)
class NoOutput(Fault):
    """The answer of the list has no `output` at all (`missing`), or it is not text."""

    name = "no-output"
    sources = SBC_ONLY
    route: str = Route.LIST
    missing: bool = True

    def change_answer(self, answer: Answer) -> Answer:
        """The answer without its output, or with null for it."""
        content = {**json.loads(answer.body), "output": None}
        if self.missing:
            del content["output"]
        return replace(answer, body=json.dumps(content).encode())


@fault
@dataclass(kw_only=True)
class FiveContacts(Fault):
    """Every AOR shows `contacts` contacts, five unless told."""

    name = "five-contacts"
    contacts: int = MAXIMUM_CONTACTS

    def __post_init__(self) -> None:
        """Refuses more contacts than a device keeps."""
        super().__post_init__()
        if not 1 <= self.contacts <= MAXIMUM_CONTACTS:
            raise SimulatorError(f"`contacts` must be from 1 to {MAXIMUM_CONTACTS}, not {self.contacts}")

    def change_users(self, users: list[RegisteredUser]) -> list[RegisteredUser]:
        """The users, each with its first contact so many times, on ports of their own."""
        return [replace(user, contacts=self._spread(user)) for user in users]

    def _spread(self, user: RegisteredUser) -> tuple[Contact, ...]:
        first = user.contacts[0]
        base = first.uri.rpartition(":")[0] if first.uri.rpartition(":")[2].isdigit() else first.uri
        return tuple(replace(first, uri=f"{base}:{5060 + place}") for place in range(self.contacts))


@fault
@dataclass(kw_only=True)
class BareAors(Fault):
    """AORs show their user part only: `1000` for `1000@10.8.5.71`."""

    name = "bare-aors"

    def change_users(self, users: list[RegisteredUser]) -> list[RegisteredUser]:
        """The users without hosts."""
        return [replace(user, aor=user.user_part) for user in users]
