"""Carry out a request that has a key once, and give its answer again whenever it is sent again.

A first attempt may die without an answer. Then, once its time is over, the same request is carried out again: all that
requests change is conditional, and what is not safe to repeat by itself gets the attempt, whose token stays the same.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from number_inventory.domain.errors import InventoryError, KeyReusedError, RequestUnderWayError, RuleViolationError
from number_inventory.domain.keyed_requests import KEPT_FOR, Attempt, RequestName
from number_inventory.ports.clock import Clock
from number_inventory.ports.keyed_requests import Answered, KeyedRequests, UnderWay
from number_inventory.services.run_ids import run_id


@dataclass(frozen=True, slots=True)
class CurrentAttempt:
    """What an attempt at a request knows of the attempts before, and tells those after; see `ports.TakenBefore`."""

    requests: KeyedRequests
    attempt: Attempt

    @property
    def mark(self) -> str:
        """What every attempt at this request signs its numbers with."""
        return self.attempt.token

    @property
    def intended(self) -> frozenset[str]:
        """Numbers that earlier attempts may have taken."""
        return self.attempt.intended

    @property
    def repeated_since(self) -> datetime | None:
        """When the first attempt began; None where this is the first."""
        return self.attempt.begun_at if self.attempt.repeated else None

    def intend(self, numbers: Sequence[str]) -> None:
        """Note numbers before they are taken; raises LeaseLostError where another attempt has the request by now."""
        self.requests.intend(self.attempt, numbers)

    def may_change(self, what: str, seen: str, wanted: str) -> None:
        """Note what something is like before this request changes it, and undo nothing that others did to it since.

        Args:
            what: is to be changed, in words.
            seen: what it is like now.
            wanted: what it is to be like.

        Raises:
            RuleViolationError: an earlier attempt found it otherwise, and it is not what was wanted either.
            LeaseLostError: another attempt has the request by now.
        """
        noted = {note for note in self.attempt.intended if note.startswith(f"{what}=")}
        if not noted:
            self.requests.intend(self.attempt, [f"{what}={seen}"])
        elif seen != wanted and f"{what}={seen}" not in noted:
            raise RuleViolationError(
                f"{what} has changed since this was sent first: look at it, and send what is still to be done under "
                "another key"
            )

    def new_id(self, _at: datetime) -> str:
        """The name of the audit or the job that this request begins: the same in every attempt."""
        return run_id(self.attempt.begun_at, self.attempt.token)


@dataclass(frozen=True, slots=True)
class AnswerOnce:
    """The use case.

    Attributes:
        new_token: makes what an attempt, or all attempts at a request, are known by.
    """

    requests: KeyedRequests
    clock: Clock
    new_token: Callable[[], str] = field(default=lambda: secrets.token_hex(8))

    def __call__(
        self, name: RequestName, content: str, lease: timedelta, work: Callable[[Attempt], tuple[bytes, bool]]
    ) -> bytes:
        """Carry out the request, or give the answer that it got before.

        Args:
            name: what the request is known by.
            content: a digest of all that it says.
            lease: for how long nobody else may carry it out.
            work: carries it out; returns the answer, and whether the request is settled with it.

        Raises:
            KeyReusedError: the key is that of another request.
            RequestUnderWayError: the request is being carried out.
            StorageBusyError: nothing is done; the same may be asked again.
        """
        now = self.clock.now()
        attempt = Attempt(
            name=name.digest(), token=self.new_token(), begun_at=now, holder=self.new_token(), until=now + lease
        )
        begun = self.requests.begin(attempt, content, now, now + KEPT_FOR)
        if begun is None:
            raise KeyReusedError
        if isinstance(begun, UnderWay):
            raise RequestUnderWayError(max(begun.until - now, timedelta()))
        if isinstance(begun, Answered):
            return begun.answer
        try:
            answer, settled = work(replace(begun, repeated=begun.token != attempt.token))
        except BaseException:
            self._let_go(begun)
            raise
        if settled:
            # It is done, whether that can be stored or not: without it, the request is carried out again.
            with suppress(InventoryError):
                self.requests.settle(begun, answer)
        else:
            self._let_go(begun)
        return answer

    def _let_go(self, attempt: Attempt) -> None:
        with suppress(InventoryError):
            self.requests.let_go(attempt, self.clock.now())
