"""The deployed stack: what it is made of, and how its parts are."""

from collections.abc import Iterator
from typing import Protocol

from number_inventory.domain.checkup import Part


class Deployment(Protocol):
    """A deployed stack."""

    def parts(self) -> Iterator[Part]:
        """Its parts as they are now; one that cannot be looked at is there all the same, as `UnseenPart`.

        Raises:
            NotFoundError: there is no such stack.
            StorageBusyError, StorageRefusedError: AWS cannot be asked what the stack is made of.
        """
