"""Waiting for what a function carries out, an audit or a job: it goes on whether somebody waits for it or not."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

from cli.request import Request
from number_inventory.domain.errors import InventoryError, RetryableError

Run = TypeVar("Run")

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0
_SLOWER = 1.5
"""How often one looks, in seconds: soon at first, since small ones end at once; then less and less."""

_BAD_LOOKS = 5
"""So many looks in a row may fail before waiting is given up."""


def wait_for_end(
    request: Request,
    run: Run,
    seconds: float,
    *,
    look: Callable[[], Run],
    progress_of: Callable[[Run], tuple[str, int, int | None]],
    has_ended: Callable[[Run], bool],
    name: str,
    look_again: str,
) -> Run:
    """The run when it has ended, or as it is when the time is over; a terminal shows how far it is meanwhile.

    Args:
        request: whose output shows it.
        run: as it was begun.
        seconds: how long to wait at most.
        look: how the run is now.
        progress_of: how far it is: in words, how much is done, and of how much if that is known.
        has_ended: whether there is nothing to wait for.
        name: such as `Audit 20261123T071816250-3f9ac2`.
        look_again: the command line that shows it, for whoever stops waiting.

    Raises:
        InventoryError: the run cannot be looked at, even after some more tries where that can help.
    """
    until, pause, bad = monotonic() + seconds, _FIRST_PAUSE, 0
    try:
        with request.output.progress("Waiting for its turn") as tell:
            while True:
                try:
                    run, bad = look(), 0
                except RetryableError:
                    bad += 1
                    if bad == _BAD_LOOKS:
                        raise
                left = until - monotonic()
                if has_ended(run) or left <= 0:
                    return run
                tell(*progress_of(run))
                sleep(min(_LONGEST_PAUSE if bad else pause, left))
                pause = min(pause * _SLOWER, _LONGEST_PAUSE)
    except (InventoryError, KeyboardInterrupt):
        request.output.note(f"{name} goes on without being watched. How far it is:")
        request.output.note_command(look_again)
        raise
