"""Work that one invocation hands to the next, such as an audit or a job: who may do it now, and who is woken for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

Run = TypeVar("Run")
_Run_contra = TypeVar("_Run_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Claim(Generic[Run]):
    """The right to work on a run for a while; nobody else works on it meanwhile.

    Attributes:
        worker: who has it; a retry of the same invocation has the same name, and takes over from its earlier self.
        until: after this instant it is not worth anything; stop before it.
    """

    run: Run
    worker: str
    until: datetime


class Workers(Protocol[_Run_contra]):
    """Those who carry out runs, apart from whoever asks for them."""

    def wake(self, run: _Run_contra, /) -> None:
        """Let a worker take up the run at its present step, soon and at least once.

        Raises:
            StorageBusyError, StorageRefusedError: nobody could be woken.
        """
