"""Entity tags (RFC 9110): which version of a number a caller has seen, and which it wants to change or be spared.

The tag of a number is its version, `"7"`: every write of the number makes another.
"""

import re
from collections.abc import Mapping
from typing import Any

from number_inventory.domain.errors import InvalidInputError

ANY = "*"
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_VERSION = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_NO_VERSION = 0
"""A stored number's first version is 1: a tag that no number ever had holds for none."""


def etag(version: int) -> str:
    """The tag of a version."""
    return f'"{version}"'


def expected_version(event: Mapping[str, Any]) -> int | None:
    """The version that a change is for, by its `If-Match`; None where any will do.

    Raises:
        InvalidInputError: the header is no entity tag.
    """
    given = header(event, "If-Match")
    if given is None or given == ANY:
        return None
    tag = _TAG.fullmatch(given)
    if not tag:
        message = f'must be the ETag that the number was shown with, such as "7", or *, not {given[:40]!r}'
        raise InvalidInputError("If-Match", message)
    # A weak tag is no promise that the number was seen as it is: it never holds for a change (RFC 9110).
    weak, opaque = tag.groups()
    return int(opaque) if not weak and _VERSION.fullmatch(opaque) else _NO_VERSION


def refuse_condition(event: Mapping[str, Any]) -> None:
    """Refuse `If-Match` on a change that it cannot bind to anything: ignored, it would be thought to hold.

    Raises:
        InvalidInputError: the header is there.
    """
    if header(event, "If-Match") is not None:
        raise InvalidInputError("If-Match", "binds changes of one number or one device; here is nothing with an ETag")


def already_seen(event: Mapping[str, Any], version: int) -> bool:
    """Whether the caller, by its `If-None-Match`, has this version already."""
    given = header(event, "If-None-Match") or ""
    return given == ANY or etag(version) in {tag.strip().removeprefix("W/") for tag in given.split(",")}


def header(event: Mapping[str, Any], name: str) -> str | None:
    """All values of a header as one; None where it is not there, which is not the same as empty."""
    for known, values in (event.get("multiValueHeaders") or {}).items():
        if known.lower() == name.lower():
            return ", ".join(map(str, values or ())).strip()
    for known, value in (event.get("headers") or {}).items():
        if known.lower() == name.lower():
            return str(value or "").strip()
    return None
