"""Requests that their senders named by a key, so that sent again they are carried out once and answered the same."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from number_inventory.domain.errors import InvalidInputError

KEPT_FOR = timedelta(hours=24)
"""How long a request is known by its key."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestName:
    """What a request is known by: whose inventory it is about, who sent it, and the key that they gave it.

    Nobody meets a request of another caller or customer, whatever keys they use.
    """

    customer: str
    caller: str
    key: str

    def digest(self) -> str:
        """64 hexadecimal digits."""
        return digest_of(part.encode() for part in (self.customer, self.caller, self.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The right to carry out a request for a while: nobody else carries it out meanwhile.

    Attributes:
        name: the request's digest.
        token: the same in every attempt at the request; what a dead attempt has made is known by it.
        begun_at: when the first attempt began.
        holder: this attempt alone; whatever it stores holds only while the request is its own.
        until: after this instant another may carry the request out.
        intended: numbers that earlier attempts may have taken.
        repeated: whether there were earlier attempts, which may have done what is asked.
    """

    name: str
    token: str
    begun_at: datetime
    holder: str
    until: datetime
    intended: frozenset[str] = frozenset()
    repeated: bool = False


def request_key(text: str) -> str:
    """A key as a caller gives it.

    Raises:
        InvalidInputError: it is none.
    """
    if not _KEY.fullmatch(text):
        raise InvalidInputError("Idempotency-Key", "must be 1 to 255 visible ASCII characters, such as a UUID")
    return text


def digest_of(parts: Iterable[bytes]) -> str:
    """A digest that no other parts have, wherever one ends and the next begins."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
