"""What the answers of an SBC's REST API say.

Documented (AudioCodes): the paths, the fields of `/status`, and that the output of a script is in `output`. Seen in
public clients: `systemUpTime` counts 1/100 s, the count is the item `registeredUsers` whose `value` may be null, and an
answer of 200 may say in `status` that the script failed.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from number_inventory.adapters.audiocodes.connection import Answer
from number_inventory.domain.errors import DeviceRejectedError
from number_inventory.domain.removals import Running

_SUCCEEDED = frozenset({"success", "succeeded", "successful", "ok", "passed"})
_LONGEST_NAME = 100
_LONGEST_REASON = 200


class DeviceStatus(NamedTuple):
    """Who a device says it is; empty or None where it does not say."""

    product: str = ""
    version: str = ""
    serial: str = ""
    uptime_seconds: int | None = None


def why_restarted(before: DeviceStatus, after: DeviceStatus) -> str:
    """Why a list that was told between these two may be that of a device just started; empty where it is not."""
    run, next_run = (Running(status.uptime_seconds, status.serial) for status in (before, after))
    if next_run.restarted_since(run):
        return "the device was restarted or replaced while it was asked"
    if run.uptime_seconds is not None and next_run.uptime_seconds is None:
        return "the device told its uptime before its list and not after it, so it may have been restarted meanwhile"
    return ""


class ListOutput(NamedTuple):
    """What came of the list command.

    Attributes:
        text: the output.
        refusal: what the device said with a 400, which it gives for a bad script as for "no content" (AudioCodes).
    """

    text: str
    refusal: str | None = None


def status_in(answer: Answer) -> DeviceStatus:
    """Read the answer to `GET /status`.

    Raises:
        DeviceRejectedError: this is no status, so this is no device with the REST API.
    """
    if answer.status != HTTPStatus.OK:
        raise DeviceRejectedError(
            f"GET /api/v1/status: HTTP {answer.status}{reason_in(answer)}; is this an AudioCodes device of version 7.2 "
            "or newer, with its REST API on?"
        )
    content = json_object(answer, "GET /api/v1/status")
    uptime = whole_number(content.get("systemUpTime"))
    return DeviceStatus(
        product=short_text(content.get("productType")),
        version=short_text(content.get("versionID")),
        serial=short_text(content.get("serialNumber")),
        uptime_seconds=None if uptime is None else uptime // 100,
    )


def count_in(answer: Answer) -> int | None:
    """Read the count of registered users; None where the device gives none.

    Raises:
        DeviceRejectedError: this is not JSON.
    """
    if answer.status != HTTPStatus.OK:
        return None
    content = json_object(answer, "the count of registered users")
    items = content.get("items")
    for item in items if isinstance(items, list) else [content]:
        if isinstance(item, dict) and item.get("id") == "registeredUsers":
            return whole_number(item.get("value"))
    return None


def output_in(answer: Answer) -> ListOutput:
    """Read the output of the list command.

    Raises:
        DeviceRejectedError: the device did not run it, or this is no such answer.
    """
    if answer.status == HTTPStatus.NO_CONTENT:
        return ListOutput("")
    if answer.status == HTTPStatus.BAD_REQUEST:
        return ListOutput("", reason_in(answer))
    if answer.status != HTTPStatus.OK:
        raise DeviceRejectedError(
            f"the list of registered users: HTTP {answer.status}{reason_in(answer)}; does this device take CLI scripts "
            "over REST?"
        )
    content = json_object(answer, "the list of registered users")
    status, output = content.get("status"), content.get("output")
    if status is not None and (not isinstance(status, str) or status.lower() not in _SUCCEEDED):
        raise DeviceRejectedError(f"the device says that the list command failed{_description(content)}")
    if not isinstance(output, str):
        raise DeviceRejectedError("the answer to the list command holds no output; is this an AudioCodes SBC?")
    return ListOutput(output)


def json_object(answer: Answer, what: str) -> Mapping[str, object]:
    """The JSON object of an answer; a wrongly encoded letter in a name spoils that name only."""
    try:
        content = json.loads(answer.body.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError) as error:
        raise DeviceRejectedError(f"{what}: the answer is not JSON; is this the address of the REST API?") from error
    if not isinstance(content, dict):
        raise DeviceRejectedError(f"{what}: the answer is not a JSON object; is this the address of the REST API?")
    return content


def reason_in(answer: Answer) -> str:
    """The device's own words for an error; empty for a web page or anything else that is not JSON."""
    try:
        return _description(json_object(answer, ""))
    except DeviceRejectedError:
        return ""


def _description(content: Mapping[str, object]) -> str:
    words = content.get("description")
    return f" ({' '.join(words.split())[:_LONGEST_REASON]})" if isinstance(words, str) and words.strip() else ""


def short_text(value: object) -> str:
    """A name as the device gives it, cut to what is shown; empty for anything but text and whole numbers."""
    return str(value)[:_LONGEST_NAME] if isinstance(value, str | int) else ""


def whole_number(value: object) -> int | None:
    """A whole number of 0 or more, also as text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < _LONGEST_NAME:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
