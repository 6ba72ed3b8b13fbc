"""Work that one invocation hands to the next: what one worker at a time has, and what becomes of it when it is lost."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from number_inventory.domain.errors import InventoryError, PermanentError

Run = TypeVar("Run")

CLAIM_MARGIN = timedelta(seconds=60)
"""How long a claim outlives the time its worker may take: the worker is gone for sure before the next one starts."""


class LostError(Exception):
    """Another worker has the run: this one must write nothing more."""


def carried_out(work: Callable[[], Run], stop: Callable[[str], object]) -> Run | None:
    """Work on a run that was claimed, as long as the claim stands.

    Args:
        work: raises `LostError` as soon as the claim is lost.
        stop: ends the run with a cause.

    Returns:
        What `work` does; None where another worker has the run by now.

    Raises:
        PermanentError: something is refused for good; the run is stopped and says so.
    """
    try:
        return work()
    except LostError:
        return None
    except PermanentError as error:
        with suppress(InventoryError, LostError):
            stop(str(error))
        raise
