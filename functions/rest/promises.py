"""What a route answers besides what its signature says, told beside the route for the API's document.

Requests do not read it, and it costs them nothing: `local_stack.api_document` makes headers and responses of it.
"""

from enum import StrEnum
from typing import Any


class Promise(StrEnum):
    """One thing that callers can rely on."""

    SHOWS_VERSION = "shows-version"
    """The answer has an ETag, and `If-None-Match` spares who has it already."""
    BOUND_BY_VERSION = "bound-by-version"
    """`If-Match` binds the change to a version; the answer has the ETag after it, and 412 the present one."""
    SHOWS_TAG = "shows-tag"
    """The answer has an ETag, for `If-Match` only: what is shown may change although the tag does not."""
    BOUND_BY_TAG = "bound-by-tag"
    """`If-Match` binds the change to what was seen; 412 has the present ETag."""
    MAY_CREATE = "may-create"
    """201 where it was not there before."""
    MAY_CONFLICT = "may-conflict"
    """409 tells what stands against it."""
    MAY_MISS = "may-miss"
    """404 although the path names nothing but the customer. Paths that name more have it anyway."""
    STARTS_WORK = "starts-work"
    """202 with the address of what was begun; where the route may also answer at once, 200."""


EXTENSION = "x-promises"


def promises(*made: Promise) -> dict[str, Any]:
    """The extension of a route's description (`openapi_extensions`) that says so."""
    return {EXTENSION: made}
