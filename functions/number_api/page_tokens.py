"""Page tokens: where a listing goes on, opaque to callers and signed, so that nobody reads or makes up one.

A token is bound to its customer and its filters: used with others it is refused, not misread.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import astuple, dataclass

from number_inventory.domain.errors import InvalidInputError
from number_inventory.ports import NumberQuery

_SIGNATURE_BYTES = 16
_MAX_LENGTH = 200


@dataclass(frozen=True, slots=True, repr=False)
class PageTokens:
    """Makes and checks page tokens under a secret key."""

    key: bytes

    def make(self, query: NumberQuery, last: str) -> str:
        """The token with which `query` goes on after the number `last`."""
        return urlsafe_b64encode(self._signature(query, last) + last.encode()).decode().rstrip("=")

    def read(self, query: NumberQuery, token: str) -> str:
        """The number that the token goes on after.

        Raises:
            InvalidInputError: the token was changed, made up, or belongs to another customer or other filters.
        """
        refused = InvalidInputError("cursor", "is not one that this listing gave; start again without it")
        if len(token) > _MAX_LENGTH:
            raise refused
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            signature, last = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:].decode()
        except ValueError:
            raise refused from None
        if not hmac.compare_digest(signature, self._signature(query, last)):
            raise refused
        return last

    def _signature(self, query: NumberQuery, last: str) -> bytes:
        bound = "\x1f".join("" if part is None else f"={part}" for part in (*astuple(query), last))
        return hmac.new(self.key, bound.encode(), hashlib.sha256).digest()[:_SIGNATURE_BYTES]
