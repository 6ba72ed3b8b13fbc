"""Requests that have a key, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from number_inventory.domain.errors import LeaseLostError
from number_inventory.domain.keyed_requests import Attempt
from number_inventory.ports.keyed_requests import Answered, UnderWay
from tests.memory.fuse import Fuse


@dataclass(frozen=True, slots=True)
class _Stored:
    """A request: what it says, who has it, and its answer."""

    attempt: Attempt
    content: str
    forgotten_at: datetime
    answer: bytes | None = None


class MemoryKeyedRequests:
    """Requests by name; each call takes effect as a whole or not at all."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._fuse = fuse or Fuse()
        self._mutex = Lock()
        self._stored: dict[str, _Stored] = {}

    def begin(
        self, attempt: Attempt, content: str, now: datetime, forgotten_at: datetime
    ) -> Attempt | UnderWay | Answered | None:
        """Take up a request."""
        self._fuse.point("requests.begin before")
        with self._mutex:
            known = self._stored.get(attempt.name)
            if known is None or known.forgotten_at <= now:
                self._stored[attempt.name] = _Stored(attempt, content, forgotten_at)
                begun = attempt
            elif known.content != content:
                return None
            elif known.answer is not None:
                return Answered(known.answer)
            elif known.attempt.until > now and known.attempt.holder != attempt.holder:
                return UnderWay(known.attempt.until)
            else:
                begun = replace(known.attempt, holder=attempt.holder, until=attempt.until)
                self._stored[attempt.name] = replace(known, attempt=begun)
        self._fuse.point("requests.begin after")
        return begun

    def intend(self, attempt: Attempt, numbers: Sequence[str]) -> None:
        """Note numbers."""
        self._fuse.point("requests.intend before")
        with self._mutex:
            known = self._held(attempt)
            if known is None:
                raise LeaseLostError("taken over")
            noted = replace(known.attempt, intended=known.attempt.intended | set(numbers))
            self._stored[attempt.name] = replace(known, attempt=noted)
        self._fuse.point("requests.intend after")

    def settle(self, attempt: Attempt, answer: bytes) -> None:
        """Keep the answer."""
        self._fuse.point("requests.settle before")
        with self._mutex:
            known = self._held(attempt)
            if known is not None:
                self._stored[attempt.name] = replace(known, answer=answer)
        self._fuse.point("requests.settle after")

    def let_go(self, attempt: Attempt, now: datetime) -> None:
        """Let the request be carried out again."""
        self._fuse.point("requests.let_go before")
        with self._mutex:
            known = self._held(attempt)
            if known is not None:
                self._stored[attempt.name] = replace(known, attempt=replace(known.attempt, until=now))
        self._fuse.point("requests.let_go after")

    def _held(self, attempt: Attempt) -> _Stored | None:
        known = self._stored.get(attempt.name)
        ours = known is not None and known.attempt.holder == attempt.holder and known.answer is None
        return known if ours else None
