"""What each device is known to hold."""

from dataclasses import dataclass
from typing import Protocol

from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.sorted_numbers import SortedNumbers
from number_inventory.ports.devices import DeviceHead, Lease


@dataclass(frozen=True, slots=True)
class Register:
    """The numbers a device is known to hold.

    Attributes:
        held: as the settled syncs left it, with the intents of unsettled ones taken as done.
        doubtful: numbers that an unsettled sync may or may not have changed; only their records tell.
        base: where the base image stands that `held` starts from; empty before the first.
        journal: how many journal parts stand behind the base.
        journal_numbers: how many numbers they name in all: when there are many, a new base is due.
        mark: how the journal ends. A register whose journal ends otherwise than its device's head says was lost in
            part, or restored to another time.
        whole: False where it is so, or where parts of the image are missing: then it may name numbers that the device
            has lost, and lack others that it holds.
    """

    held: frozenset[str]
    doubtful: frozenset[str]
    base: str
    journal: int
    journal_numbers: int
    mark: str = ""
    whole: bool = True


@dataclass(frozen=True, slots=True)
class RegisterView:
    """A register as one looks at it without its lease.

    Attributes:
        held: as in `Register`, the intents of unsettled syncs taken as done.
        doubtful: numbers that an unsettled sync may or may not have changed.
        whole: False where parts are missing, or it is not as the head says: then it proves nothing.
    """

    held: SortedNumbers
    doubtful: SortedNumbers
    whole: bool


class Registrations(Protocol):
    """Per device, which numbers it is known to hold: a base image and a journal of changes.

    The order of a sync makes it safe: intents are written here first, the numbers second, the head (on the device)
    last.
    """

    def load(self, lease: Lease) -> Register:
        """Read the register of the leased device."""

    def look(self, head: DeviceHead) -> RegisterView:
        """Read the register of a device without its lease, in little memory, and change nothing.

        It is what the head says only if the head is still the same afterwards: look again where it is not.
        """

    def remains(self, key: DeviceKey) -> bool:
        """Whether there is anything left of a device's register, as there is until the device is removed."""

    def intend(self, lease: Lease, register: Register, held: frozenset[str]) -> Register:
        """Write what this sync is about to do, before any number changes: the device will hold `held`.

        Every number by which `held` differs from `register.held` is doubtful until the sync is settled, as are those
        that were doubtful before. Returns the register as it stands then.
        """

    def compact(self, lease: Lease, register: Register) -> Register:
        """Write a new base image where the journal has grown; else nothing. Returns where the base stands."""

    def forget(self, key: DeviceKey) -> None:
        """Remove the register of a device that is removed."""
