"""Faults in which a right answer does not come through as it should."""

# ruff: noqa: ARG002 - the hooks of a fault share their signatures, whether a fault looks at everything or not

from dataclasses import dataclass

from simulator.exchange import Answer
from simulator.faults.base import Fault, Route, Wire, fault

_PIECE = 64 * 1024
_FILLER = b"x" * _PIECE


@fault
@dataclass(kw_only=True)
class Unreachable(Fault):
    """The connection is reset before anything was said."""

    name = "unreachable"
    route: str = Route.CONNECTION


@fault
@dataclass(kw_only=True)
class TruncatedBody(Fault):
    """The connection is closed in order, but after `percent` of the announced body."""

    name = "truncated-body"
    route: str = Route.LIST
    percent: int = 50

    def deliver(self, answer: Answer, wire: Wire) -> bool:
        """Sends a part and closes."""
        wire.send_head(answer, len(answer.body))
        wire.send(_part(answer.body, self.percent))
        wire.close()
        return True


@fault
@dataclass(kw_only=True)
class Reset(Fault):
    """The connection is reset after `percent` of the body."""

    name = "reset"
    route: str = Route.LIST
    percent: int = 50

    def deliver(self, answer: Answer, wire: Wire) -> bool:
        """Sends a part and breaks off."""
        wire.send_head(answer, len(answer.body))
        wire.send(_part(answer.body, self.percent))
        wire.reset()
        return True


@fault
@dataclass(kw_only=True)
class SlowAnswer(Fault):
    """Nothing comes for `seconds`, then the whole answer."""

    name = "slow-answer"
    seconds: float = 30.0

    def deliver(self, answer: Answer, wire: Wire) -> bool:
        """Waits."""
        return wire.pause(self.seconds)


@fault
@dataclass(kw_only=True)
class SlowDrip(Fault):
    """The body comes `bytes` at a time with `seconds` between: never silent for long, but never done."""

    name = "slow-drip"
    route: str = Route.LIST
    bytes: int = 1
    seconds: float = 1.0

    def deliver(self, answer: Answer, wire: Wire) -> bool:
        """Sends drop by drop."""
        wire.send_head(answer, len(answer.body))
        step = max(self.bytes, 1)
        for start in range(0, len(answer.body), step):
            wire.send(answer.body[start : start + step])
            if wire.pause(self.seconds):
                break
        return True


@fault
@dataclass(kw_only=True)
class GiganticBody(Fault):
    """The body goes on for `megabytes`; `announced` says whether its Content-Length admits that."""

    name = "gigantic-body"
    route: str = Route.LIST
    megabytes: int = 256
    announced: bool = True

    def deliver(self, answer: Answer, wire: Wire) -> bool:
        """Sends filler until the end or until the caller hangs up."""
        head = b'{"status": "success", "description": "", "output": "'
        tail = b'"}'
        pieces = self.megabytes * 1024 * 1024 // _PIECE
        length = len(head) + pieces * _PIECE + len(tail)
        wire.send_head(answer, length if self.announced else -1)
        wire.send(head)
        for _ in range(pieces):
            wire.send(_FILLER)
        wire.send(tail)
        if not self.announced:
            wire.close()
        return True


def _part(body: bytes, percent: int) -> bytes:
    return body[: max(len(body) * percent // 100, 0)]
