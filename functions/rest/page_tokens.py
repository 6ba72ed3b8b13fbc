"""Page tokens: where a listing goes on, opaque to callers and signed, so that nobody reads or makes up one.

A token is bound to its listing, its customer and its filters: used with others it is refused, not misread.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from number_inventory.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_SIGNATURE_BYTES = 16
_MAX_LENGTH = 200


@dataclass(frozen=True, slots=True, repr=False)
class PageTokens:
    """Makes and checks page tokens under a secret key.

    A query is a dataclass of texts, of which each listing has its own: whose, and which of them.
    """

    key: bytes

    def make(self, query: "DataclassInstance", last: str) -> str:
        """The token with which `query` goes on after `last`."""
        return urlsafe_b64encode(self._signature(query, last) + last.encode()).decode().rstrip("=")

    def read(self, query: "DataclassInstance", token: str) -> str:
        """What the token goes on after.

        Raises:
            InvalidInputError: the token was changed, made up, or belongs to another listing, customer or filters.
        """
        refused = InvalidInputError("cursor", "is not one that this listing gave; start again without it")
        if len(token) > _MAX_LENGTH:
            raise refused
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            last = raw[_SIGNATURE_BYTES:].decode()
        except ValueError:
            raise refused from None
        # As it would be made, letter by letter: the decoder alone passes over what does not belong there.
        if not token.isascii() or not hmac.compare_digest(token, self.make(query, last)):
            raise refused
        return last

    def _signature(self, query: "DataclassInstance", last: str) -> bytes:
        parts = (type(query).__name__, *astuple(query), last)
        bound = "\x1f".join("" if part is None else f"={part}" for part in parts)
        return hmac.new(self.key, bound.encode(), hashlib.sha256).digest()[:_SIGNATURE_BYTES]
