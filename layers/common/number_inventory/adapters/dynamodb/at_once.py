"""Several requests at the same time: enough to hide the way to DynamoDB behind one processor's work."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from number_inventory.adapters.aws import WRITE_THREADS

_T = TypeVar("_T")
_R = TypeVar("_R")


def at_once(write: Callable[[_T], _R], work: Sequence[_T]) -> list[_R]:
    """Do all of the work, several pieces at the same time; results in the same order.

    Raises whatever a piece raises; no further piece is begun then.
    """
    threads = min(WRITE_THREADS, len(work))
    if threads <= 1:
        return [write(piece) for piece in work]
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - lookups never write: they start without it

    stop = threading.Event()

    def share(first: int) -> list[_R]:
        done = []
        for piece in work[first::threads]:
            if stop.is_set():
                break
            try:
                done.append(write(piece))
            except BaseException:
                stop.set()
                raise
        return done

    with ThreadPoolExecutor(threads) as pool:
        shares = [future.result() for future in [pool.submit(share, first) for first in range(threads)]]
    return [shares[index % threads][index // threads] for index in range(len(work))]
