"""Requests that have a key, and what was answered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from number_inventory.domain.keyed_requests import Attempt


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Another attempt carries the request out, until this instant at most."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """The request was carried out; this is its answer."""

    answer: bytes


class KeyedRequests(Protocol):
    """Requests that were named by a key, and their answers; kept for a day, then forgotten."""

    def begin(
        self, attempt: Attempt, content: str, now: datetime, forgotten_at: datetime
    ) -> Attempt | UnderWay | Answered | None:
        """Take up a request, which says what `content` is a digest of.

        Returns the attempt where it is to be carried out now: as it was handed in for a new request, or with token,
        beginning and intentions of the attempts before, which died. None where another request has the key.
        """

    def intend(self, attempt: Attempt, numbers: Sequence[str]) -> None:
        """Note numbers before they are taken, so that a later attempt finds them; raises LeaseLostError."""

    def settle(self, attempt: Attempt, answer: bytes) -> None:
        """Keep the answer for whoever sends the request again; nothing where a later attempt has it."""

    def let_go(self, attempt: Attempt, now: datetime) -> None:
        """Let the request be carried out again at once; nothing where a later attempt has it."""


class TakenBefore(Protocol):
    """What earlier attempts at a claim have taken, and what this one is about to take."""

    @property
    def mark(self) -> str:
        """What every attempt at this claim signs its numbers with."""

    @property
    def intended(self) -> Collection[str]:
        """Numbers that earlier attempts may have taken."""

    def intend(self, numbers: Sequence[str]) -> None:
        """Note numbers before they are taken; raises LeaseLostError where another attempt has the claim by now."""
