"""Names of what a worker carries out: audits and jobs."""

import re
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime

NewId = Callable[[datetime], str]
"""Makes the name of an audit or a job from the instant at which it begins."""

_TURNS = 10
"""How often the same is begun anew: who gets no further within a day has to ask anew."""

_ID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)


def new_run_id(at: datetime) -> str:
    """A name such as `20261123T071816250-3f9ac2`; later ones sort behind earlier ones."""
    return run_id(at, secrets.token_hex(3))


def run_id(at: datetime, mark: str) -> str:
    """The name of what began at this instant; the mark tells it from others of the same millisecond."""
    return f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}-{mark}"


def ids_from(first: str) -> Iterator[str]:
    """The name of what is begun, and of those begun in its place should it be stopped before it could do anything.

    They are the same whoever asks: a request that is sent again finds what an earlier attempt has begun, however often
    it was stopped in between.
    """
    yield first
    yield from (f"{first}-{turn}" for turn in range(2, _TURNS + 1))


def may_be_id(text: str) -> bool:
    """Whether a text may be such a name; nothing else is looked for."""
    return _ID.fullmatch(text) is not None
