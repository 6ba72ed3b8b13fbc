"""A conversation that was heard before, played once more: what would be made of the same answers today."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from number_inventory.adapters.audiocodes.connection import Answer, Conversation, Form, Heard
from number_inventory.domain.devices import Device
from number_inventory.domain.errors import DeviceRejectedError, DeviceUnreachableError, LoginRefusedError
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.secrets import Credentials

_PLENTY_SECONDS = 1e9
_PASSING = frozenset({409, 429, 503})
_COOKIE = "session=recorded"


@dataclass(frozen=True, slots=True)
class RecordedCalls:
    """Takes the place of `DeviceCalls`; no device is asked.

    Attributes:
        heard: in the order in which it was heard, retries included.
        at: the instant of the snapshot.
    """

    heard: Sequence[Heard]
    at: datetime

    def now(self) -> datetime:
        """When it is played."""
        return self.at

    def ask(
        self,
        device: Device,  # noqa: ARG002 - as the port has it
        credentials: Credentials,  # noqa: ARG002 - likewise
        take: Callable[[Conversation], Snapshot],
    ) -> Snapshot:
        """Let `take` have a snapshot of what was heard; raises as `DeviceCalls.ask` does."""
        return take(_RecordedConversation(self.heard))


class _RecordedConversation:
    def __init__(self, heard: Sequence[Heard]) -> None:
        self._left = list(reversed(heard))

    def remaining_seconds(self) -> float:
        return _PLENTY_SECONDS

    def pause(self, seconds: float) -> None:
        pass

    def without_secrets(self, text: str) -> str:
        return text

    def send_no_login(self) -> None:
        pass

    def keep_session(self, cookie: str) -> None:
        pass

    def ask(self, method: str, path: str, form: Form | None = None, attempts: int = 1) -> Answer:  # noqa: ARG002
        """The next answer to this request; the same refusals as `DeviceConnection.ask`."""
        while self._left:
            heard = self._left.pop()
            if (heard.method, heard.path) != (method, path):
                break
            if heard.status not in _PASSING or not self._left or self._left[-1][:2] != heard[:2]:
                return _answer(heard)
        raise DeviceUnreachableError(f"{method} {path}: no answer to it was recorded")


def _answer(heard: Heard) -> Answer:
    what = f"{heard.method} {heard.path}: HTTP {heard.status}"
    if heard.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise LoginRefusedError(what)
    if 300 <= heard.status < 400:  # noqa: PLR2004 - all redirects
        raise DeviceRejectedError(what)
    if heard.status in _PASSING or heard.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise DeviceUnreachableError(what)
    return Answer(heard.status, heard.body.encode(), _COOKIE if heard.method == "POST" else "")
