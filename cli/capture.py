"""What a device answered, written down without what tells of people and networks; see docs/audiocodes.md.

A capture is a JSON file. Beside the answers it has how they are read (`read_as`): that is what a test holds it to.
"""

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli.output import Output
from cli.redaction import Redaction
from number_inventory.domain.devices import Device, DeviceKey, LoginMethod, SourceKind
from number_inventory.domain.errors import DeviceError
from number_inventory.ports.secrets import Credentials

if TYPE_CHECKING:
    from number_inventory.adapters.audiocodes.connection import Heard

FORMAT = "number-inventory capture 1"
_LONGEST = 32 * 1024 * 1024
"""Characters of answers that are kept."""
_KEY_BYTES = 32
_OWNER_ONLY = 0o600
_KINDS = frozenset({"", "application/json", "text/html", "text/plain", "application/xml", "text/xml"})
_NOBODY = Credentials("-", "-")


class Tape:
    """Takes down what a device answers, until there is too much of it."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.cut = False
        self._length = 0

    def __call__(self, heard: "Heard") -> None:
        """Take an answer down."""
        self._length += len(heard.body)
        self.cut |= self._length > _LONGEST
        if not self.cut:
            self.heard.append(heard)


@contextmanager
def captured(path: Path, keep: Iterable[str], device: Device, tape: Tape, output: Output) -> Iterator[None]:
    """Write the tape to a new file when the block ends, however it ends.

    Raises:
        typer.BadParameter: the file exists already, or cannot be made there.
    """
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--capture") from None
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        try:
            yield
        finally:
            capture = capture_of(device, tape, Redaction(secrets.token_bytes(_KEY_BYTES), keep))
            json.dump(capture, opened, indent=1)
            opened.write("\n")
            output.note(f"{path} has {len(tape.heard)} answers. Read it before you give it away. {_words(capture)}")


def capture_of(device: Device, tape: Tape, redaction: Redaction) -> dict[str, Any]:
    """A capture as JSON."""
    exchanges = [_exchange(heard, redaction) for heard in tape.heard]
    capture: dict[str, Any] = {"format": FORMAT, "source": device.source, "login": device.login, "cut": tape.cut}
    capture["read_as"] = None if tape.cut else read_as({**capture, "exchanges": exchanges})
    return {**capture, "exchanges": exchanges}


def read_as(capture: Mapping[str, Any]) -> dict[str, object]:
    """What is made of the answers of a capture: how many users and contacts, whether complete, or which error."""
    # Only who captures loads what talks to devices.
    from cli.adapters.recorded import RecordedCalls  # noqa: PLC0415
    from number_inventory.adapters.audiocodes.connection import Heard  # noqa: PLC0415
    from number_inventory.adapters.audiocodes.source import AudioCodesSource  # noqa: PLC0415

    device = Device(
        key=DeviceKey("captured", "device"),
        source=SourceKind(capture["source"]),
        address="https://device.invalid",
        login=LoginMethod(capture["login"]),
    )
    heard = [
        Heard(each["method"], each["path"], each["status"], each["content_type"], _body(each))
        for each in capture["exchanges"]
    ]
    try:
        snapshot = AudioCodesSource(RecordedCalls(heard, datetime.now(UTC))).snapshot(device, _NOBODY)
    except DeviceError as error:
        return {"error": type(error).__name__, "because": str(error)}
    return {
        "complete": snapshot.complete,
        "incomplete_because": snapshot.incomplete_because,
        "users": len(snapshot.users),
        "active": len(snapshot.users) - sum(not any(each.active for each in user.contacts) for user in snapshot.users),
        "contacts": sum(len(user.contacts) for user in snapshot.users),
        "reported_count": snapshot.reported_count,
    }


def _exchange(heard: "Heard", redaction: Redaction) -> dict[str, object]:
    exchange: dict[str, object] = {
        "method": heard.method,
        "path": redaction.query(heard.path),
        "status": heard.status,
        "content_type": kind if (kind := heard.content_type.partition(";")[0].strip().lower()) in _KINDS else "other",
    }
    try:
        content = json.loads(heard.body)
    except (ValueError, RecursionError):
        return {**exchange, "text": redaction.text(heard.body)}
    return {**exchange, "json": redaction.json(content)}


def _body(exchange: Mapping[str, Any]) -> str:
    return json.dumps(exchange["json"]) if "json" in exchange else str(exchange["text"])


def _words(capture: Mapping[str, Any]) -> str:
    read = capture["read_as"]
    if read is None:
        return "The device answered more than a capture holds, so that its end is missing."
    if "error" in read:
        return f"It ends with an error ({read['because']})."
    state = "complete" if read["complete"] else f"partial ({read['incomplete_because']})"
    return f"As it is written there, it is read as {read['users']} users, {state}."
