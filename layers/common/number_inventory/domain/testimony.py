"""What devices say about a number, as their registers show it: who holds it, who denies it, and who cannot say.

Silence is not absence (this project's rule): only a device whose last proof is recent enough can say that a number is
not registered on it. That a number is registered, an older register says as well: nothing has contradicted it since.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from number_inventory.domain.devices import Device, DeviceState, Health
from number_inventory.domain.numbers import Holder

_ANSWERING = frozenset({Health.OK, Health.PARTIAL, Health.WAITING, Health.HELD})


class Word(StrEnum):
    """A device's word on one number."""

    HOLDS = "holds"
    DENIES = "denies"
    CANNOT_SAY = "cannot_say"
    CHANGING = "changing"
    """A sync is at work on the number at this moment: what it leaves behind is looked at another time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A device's word on one number, with what it rests on.

    Attributes:
        sync: the last sync of the device that came to its end; 0 where nothing is known of the device.
        proven_at: when the device last proved all that it holds.
        note: what else a person should know, such as why the device cannot say.
    """

    device: str
    word: Word
    sync: int = 0
    proven_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTestimony:
    """All that one device can say.

    Attributes:
        held: the numbers that its register names.
        doubtful: numbers that a sync which has not ended may or may not have changed.
        syncing: whether that sync is at work now; else it stopped half-way.
        settled_sync: the last sync that came to its end.
        silent_because: why the device cannot prove that it does not hold a number; empty where it can.
        damaged: whether the register itself cannot be trusted: then it proves nothing that the record does not say.
    """

    device: str
    held: Collection[str]
    doubtful: Collection[str]
    syncing: bool
    settled_sync: int
    proven_at: datetime | None
    silent_because: str
    damaged: bool = False

    def on(self, number: str, holder: Holder | None) -> Statement:
        """The device's word on a number, of which the inventory has this holder entry for it."""
        word, note = self._word(number, holder)
        return Statement(device=self.device, word=word, sync=self.settled_sync, proven_at=self.proven_at, note=note)

    def on_a_strange_number(self) -> Statement:
        """The device's word on any number that its register does not name and that the inventory does not give it."""
        word = Word.CANNOT_SAY if self.silent_because else Word.DENIES
        return Statement(
            device=self.device,
            word=word,
            sync=self.settled_sync,
            proven_at=self.proven_at,
            note=self.silent_because,
        )

    def _word(self, number: str, holder: Holder | None) -> tuple[Word, str]:
        held = number in self.held
        if self.damaged and holder is None:
            return Word.CANNOT_SAY, self.silent_because
        later = holder is not None and holder.sync > self.settled_sync and not held
        if number in self.doubtful or later:
            return self._word_in_doubt(held=held, later=holder.sync if holder and later else 0)
        if held:
            return Word.HOLDS, ""
        return (Word.CANNOT_SAY, self.silent_because) if self.silent_because else (Word.DENIES, "")

    def _word_in_doubt(self, *, held: bool, later: int) -> tuple[Word, str]:
        """The word on a number that an unsettled sync is about, or that knows a later sync than the device."""
        if self.syncing:
            return Word.CHANGING, "a sync of it is under way"
        if held:
            return Word.HOLDS, "seen by a sync that stopped half-way"
        if later:
            return Word.CANNOT_SAY, f"the number knows sync {later} of it, which it has not ended"
        return Word.CANNOT_SAY, "a sync of it stopped half-way"


def not_configured(device: str) -> Statement:
    """The word on behalf of a device that was removed: it holds nothing any more."""
    return Statement(device=device, word=Word.DENIES, note="there is no such device any more")


def lost(device: str) -> Statement:
    """The word on behalf of a device that is not configured, but was never removed: its register is still there."""
    note = "its configuration is lost, but its register is not: was the table restored?"
    return Statement(device=device, word=Word.CANNOT_SAY, note=note)


def unreadable(device: str, why: str) -> Statement:
    """The word on behalf of a device whose configuration or register cannot be understood."""
    return Statement(device=device, word=Word.CANNOT_SAY, note=why)


def why_silent(device: Device, state: DeviceState, now: datetime, max_age: timedelta) -> str:
    """Why a device's word against a number does not count; empty where it does.

    It counts where the device is asked and answers, and has proved within `max_age` all that it holds.
    """
    if not device.enabled:
        return "it is disabled, so nobody asks it"
    if state.health not in _ANSWERING:
        since = f" since {_instant(state.since)}" if state.since else ""
        return f"it is {state.health.replace('_', ' ')}{since}"
    if state.last_complete_at is None:
        return "it has never proved all that it holds"
    if now - state.last_complete_at > max_age:
        return f"it last proved all that it holds at {_instant(state.last_complete_at)}, which is too long ago"
    return ""


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
