"""What is well, what is not, and what to do about it: the parts of a deployed stack, judged by what AWS says of them.

Source: this project's own rules; the states are AWS's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

INDEXES = {
    "NumbersTable": ("cooling", "idle", "lapsing"),
    "DevicesTable": ("scheduled",),
    "HistoryTable": ("counted",),
}
"""The indexes of tables that have some, by the names that tables have in the template."""

_STREAMED = "NumbersTable"
_ACTIVE = "ACTIVE"


class Verdict(StrEnum):
    """How a part is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but somebody should look at it; or it could not be looked at."""
    PROBLEM = "problem"
    """Something does not work, or will not."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        area: what kind of thing, such as `table`.
        name: which one.
        said: what was found.
        todo: what to do about it; empty where nothing is.
        command: words of the command of this program that does it, or shows more; empty where none does.
    """

    area: str
    name: str
    verdict: Verdict
    said: str
    todo: str = ""
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StackPart:
    """The stack as a whole.

    Attributes:
        status: as CloudFormation has it.
        parameters: what it was deployed with, by name.
    """

    name: str
    status: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def judged(self) -> Check:
        """Whether its last deployment went through."""
        if self.status.endswith("_COMPLETE") and "ROLLBACK" not in self.status:
            return _ok("stack", self.name, self.status)
        if self.status.endswith("_IN_PROGRESS"):
            return Check(
                "stack", self.name, Verdict.WARNING, self.status, "a deployment is under way: look again later"
            )
        return Check("stack", self.name, Verdict.PROBLEM, self.status, "deploy it again; its events say what failed")


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table.

    Attributes:
        name: in the template.
        indexes: state by name; an empty one where none is told.
        stream: what its stream shows; empty where it has none.
    """

    name: str
    status: str
    indexes: Mapping[str, str] = field(default_factory=dict)
    stream: str = ""

    def judged(self) -> Check:
        """Whether it can be read and written, by every index, and tells of changes where it has to."""
        again = "deploy the present template again"
        if self.status not in {_ACTIVE, "UPDATING"}:
            return Check("table", self.name, Verdict.PROBLEM, f"is {self.status}", again)
        missing = [name for name in INDEXES.get(self.name, ()) if name not in self.indexes]
        if missing:
            return Check("table", self.name, Verdict.PROBLEM, f"has no index {', '.join(missing)}", again)
        if self.name == _STREAMED and self.stream != "NEW_AND_OLD_IMAGES":
            said = f"its stream shows {self.stream or 'nothing'}: changes are not kept, and nobody is told of them"
            return Check("table", self.name, Verdict.PROBLEM, said, again)
        building = [name for name, status in self.indexes.items() if status not in {"", _ACTIVE}]
        if building:
            said = f"index {', '.join(building)} is not ready"
            return Check("table", self.name, Verdict.WARNING, said, "wait until DynamoDB has built it")
        streamed = ["stream"] if self.stream else []
        return _ok("table", self.name, ", ".join([self.status, *sorted(self.indexes), *streamed]))


@dataclass(frozen=True, slots=True)
class FunctionPart:
    """A function.

    Attributes:
        last_update: what became of the last change of its code or settings.
        reason: why it is not as it should be.
    """

    name: str
    state: str
    last_update: str
    reason: str = ""

    def judged(self) -> Check:
        """Whether it can be invoked."""
        # One that nobody has called for weeks is Inactive; the next call wakes it.
        if self.state in {"Active", "Inactive"} and self.last_update != "Failed":
            return _ok("function", self.name, self.state)
        said = f"is {self.state}, its last update {self.last_update}: {self.reason or 'no reason is given'}"
        pending = self.state == "Pending"
        todo = "wait, then look again" if pending else "deploy again; look at its subnets, its layer and its role"
        return Check("function", self.name, Verdict.WARNING if pending else Verdict.PROBLEM, said, todo)


@dataclass(frozen=True, slots=True)
class FeedPart:
    """What feeds a function from a queue or a stream.

    Attributes:
        last_result: of the last batch, in AWS's words; empty where there was none.
    """

    name: str
    state: str
    last_result: str

    def judged(self) -> Check:
        """Whether it is on, and its last batch went well."""
        if self.state not in {"Enabled", "Enabling", "Updating", "Creating"}:
            said = f"is {self.state}: nothing that waits there is worked on"
            return Check(
                "feed",
                self.name,
                Verdict.PROBLEM,
                said,
                "enable its event source mapping: docs/runbook.md has the command (syncs waiting)",
            )
        if self.last_result.startswith("PROBLEM"):
            return Check(
                "feed", self.name, Verdict.PROBLEM, self.last_result, "look at the function's log and its role"
            )
        return _ok("feed", self.name, self.state)


@dataclass(frozen=True, slots=True)
class SchedulePart:
    """A schedule."""

    name: str
    state: str
    expression: str

    def judged(self) -> Check:
        """Whether it fires."""
        if self.state == "ENABLED":
            return _ok("schedule", self.name, self.expression)
        said = f"is {self.state}: nothing happens by itself"
        return Check("schedule", self.name, Verdict.PROBLEM, said, "deploy with ScheduleState=ENABLED")


@dataclass(frozen=True, slots=True)
class QueuePart:
    """A queue.

    Attributes:
        dead: whether it holds what failed for good.
    """

    name: str
    messages: int
    dead: bool

    def judged(self) -> Check:
        """Whether something lies there that nobody works on."""
        count = "1 message" if self.messages == 1 else f"{self.messages} messages"
        if self.dead and self.messages:
            todo = "read them and the logs of that time, then redrive or purge them: docs/runbook.md has the commands"
            return Check("queue", self.name, Verdict.PROBLEM, f"holds {count} that failed for good", todo)
        return _ok("queue", self.name, "empty" if not self.messages else f"{count} wait")


@dataclass(frozen=True, slots=True)
class AlarmPart:
    """An alarm.

    Attributes:
        reason: AWS's words for its state.
        told: whether anybody is told when it goes off.
    """

    name: str
    state: str
    reason: str
    told: bool

    def judged(self) -> Check:
        """Whether it is off, and would be heard."""
        if self.state == "ALARM":
            todo = "docs/runbook.md has an entry for each alarm: what it means, and what to do"
            return Check("alarm", self.name, Verdict.PROBLEM, self.reason or "has gone off", todo)
        if not self.told:
            return Check("alarm", self.name, Verdict.WARNING, "tells nobody", "deploy with AlarmTopicArn")
        return _ok("alarm", self.name, self.state.replace("_", " ").lower())


@dataclass(frozen=True, slots=True)
class UnseenPart:
    """A part that could not be looked at."""

    area: str
    name: str
    why: str
    missing: bool = False

    def judged(self) -> Check:
        """Nothing is known of it, unless it is known to be gone."""
        if self.missing:
            return Check(self.area, self.name, Verdict.PROBLEM, "is gone", "deploy again; somebody has deleted it")
        return Check(self.area, self.name, Verdict.WARNING, self.why, "ask for the permission; docs/cli.md lists it")


Part = StackPart | TablePart | FunctionPart | FeedPart | SchedulePart | QueuePart | AlarmPart | UnseenPart


def _ok(area: str, name: str, said: str) -> Check:
    return Check(area, name, Verdict.OK, said)
