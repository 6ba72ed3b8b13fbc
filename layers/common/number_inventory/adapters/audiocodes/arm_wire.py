"""The REST API of an AudioCodes Routing Manager (ARM), as far as it is assumed.

**This is inferred.** AudioCodes documents what an ARM knows (its nodes with their states, the users registered at them,
the feature that must be switched on for these) and the form of a cursor in the REST API of its devices: an object whose
`after` is sent back for the next page, and is -1 where there is none. The paths and the names of the fields here follow
that style and are taken from no document and no device. Whoever has a real one corrects this module and nothing else;
docs/audiocodes.md says how. What is missing or is of another kind than assumed is never passed over: it makes the list
partial, so that a wrong assumption frees no number.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple, cast
from urllib.parse import quote

from number_inventory.adapters.audiocodes.answers import (
    DeviceStatus,
    json_object,
    reason_in,
    short_text,
    whole_number,
)
from number_inventory.adapters.audiocodes.connection import Answer, Form
from number_inventory.domain.errors import DeviceRejectedError
from number_inventory.domain.snapshots import Contact, RegisteredUser
from number_inventory.ports.secrets import Credentials

LOGIN_PATH: Final = "/ARM/v1/login"
LOGOUT_PATH: Final = "/ARM/v1/logout"
STATUS_PATH: Final = "/ARM/v1/status"
NODES_PATH: Final = "/ARM/v1/nodes"
USERS_PATH: Final = "/ARM/v1/registeredUsers"

PAGE_SIZE: Final = 1000
"""Entries that are asked for on one page; fewer may come (AudioCodes)."""

_USERS = "registeredUsers"
_SWITCH_IT_ON = 'enable it in Settings, Advanced, Users, "Enable registered users feature"'
_NO_MORE = "-1"
_AVAILABLE = "available"
_UNKNOWN = "unknown"
_LONGEST_AOR = 512
_LONGEST_CURSOR = 1000


class Page(NamedTuple):
    """One page of a list.

    Attributes:
        entries: as they came.
        body: all of it, as it came.
        after: the cursor of the next page; empty where there is none.
        total: how many entries the list has in all, as the device says; None where it does not.
        enabled: whether the feature behind the list is on; None where the device does not say.
        refusal: what the device said with a 400, which stands for "no content" as well (AudioCodes).
    """

    entries: list[object]
    body: bytes = b""
    after: str = ""
    total: int | None = None
    enabled: bool | None = None
    refusal: str | None = None


class Node(NamedTuple):
    """One SBC that an ARM gathers users from.

    Attributes:
        doubt: why what ARM shows of it may be old; empty where it is not.
    """

    name: str
    doubt: str


class Entry(NamedTuple):
    """One registered user at one node, as far as every sync needs it."""

    aor: str
    node: str
    active: bool
    contacts: int


def page_path(path: str, after: str) -> str:
    """Where a page of a list is; documented parameters only, since some versions refuse others."""
    return f"{path}?limit={PAGE_SIZE}" + (f"&after={quote(after, safe='')}" if after else "")


def login_form(credentials: Credentials) -> Form:
    """The body of a login that opens a session; the answer's cookie is the session."""
    content = {"username": credentials.username, "password": credentials.password}
    return Form(json.dumps(content).encode(), "application/json")


def status_in(answer: Answer) -> DeviceStatus:
    """Who the ARM says it is. Without an answer of that kind it is nobody in particular: nothing rests on it."""
    if answer.status != HTTPStatus.OK:
        return DeviceStatus()
    content = json_object(answer, f"GET {STATUS_PATH}")
    return DeviceStatus(
        product=short_text(content.get("product")),
        version=short_text(content.get("version")),
        serial=short_text(content.get("serialNumber")),
        uptime_seconds=whole_number(content.get("upTime")),
    )


def nodes_page(answer: Answer) -> Page:
    """Read a page of the nodes; raises as `users_page` does."""
    return _page(answer, NODES_PATH, "nodes")


def users_page(answer: Answer) -> Page:
    """Read a page of the registered users.

    Raises:
        DeviceRejectedError: this is no such page, or the feature behind it is off.
    """
    page = _page(answer, USERS_PATH, _USERS)
    if page.enabled is False:
        raise DeviceRejectedError(f"the registered-users feature of this Routing Manager is off: {_SWITCH_IT_ON}")
    return page


def users_in(body: bytes) -> list[RegisteredUser]:
    """The whole of each registered user on a page that was read before."""
    entries = json_object(Answer(HTTPStatus.OK, body), USERS_PATH)[_USERS]
    return [_user(entry, read) for entry in cast("list[object]", entries) if (read := entry_in(entry))]


def _page(answer: Answer, path: str, member: str) -> Page:
    """Read a page of the list at `path`, whose entries are in `member`.

    Raises:
        DeviceRejectedError: this is no such page.
    """
    if answer.status == HTTPStatus.NO_CONTENT:
        return Page([])
    if answer.status == HTTPStatus.BAD_REQUEST:
        return Page([], refusal=reason_in(answer))
    if answer.status != HTTPStatus.OK:
        raise DeviceRejectedError(
            f"GET {path}: HTTP {answer.status}{reason_in(answer)}; is this an AudioCodes Routing Manager (ARM)? If so: "
            f"{_SWITCH_IT_ON}"
        )
    content = json_object(answer, f"GET {path}")
    entries, enabled = content.get(member), content.get("enabled")
    if not isinstance(entries, list):
        raise DeviceRejectedError(f"GET {path}: the answer has no list {member!r}; is this a Routing Manager (ARM)?")
    return Page(
        entries=entries,
        body=answer.body,
        after=_after(content.get("cursor"), path),
        total=whole_number(content.get("total")),
        enabled=enabled if isinstance(enabled, bool) else None,
    )


def node_in(entry: object) -> Node | None:
    """Read a node; None for what is none.

    Documented: its states are Available, Unavailable, Unrouteable, Logged out and Logging in, and its operative state
    is Unknown while ARM cannot reach it and goes on with what it knew last. Any state but Available, and an operative
    state that is missing or Unknown, is taken for that.
    """
    if not isinstance(entry, Mapping):
        return None
    name, state, operative = (_text(entry.get(key)) for key in ("name", "state", "operativeState"))
    if not name:
        return None
    doubts = []
    if state.lower() != _AVAILABLE:
        doubts.append(f"is {state or 'in no state that is told'}")
    if operative.lower() in {"", _UNKNOWN}:
        doubts.append(f"has the operative state {operative or '(none)'}")
    return Node(name, " and ".join(doubts))


def entry_in(entry: object) -> Entry | None:
    """Read a registered user; None for what is none. Quick, since there may be a million."""
    if not isinstance(entry, dict):
        return None
    aor, node, contacts = entry.get("aor"), entry.get("node"), entry.get("contacts")
    if type(aor) is not str or type(node) is not str or type(contacts) is not list:
        return None
    if not aor or not node or len(aor) > _LONGEST_AOR or len(node) > _LONGEST_AOR:
        return None
    active = False
    for contact in contacts:
        if type(contact) is not dict or type(contact.get("uri")) is not str:
            return None
        state = contact.get("active")
        if type(state) is not bool:
            return None
        active |= state
    return Entry(_sound(aor), _sound(node), active, len(contacts))


def _user(entry: object, read: Entry) -> RegisteredUser:
    """The whole of a registered user that `entry_in` has understood."""
    listed = cast("dict[str, list[dict[str, Any]]]", entry)["contacts"]
    rows = [row for contact in listed if (row := whole_number(contact.get("ipGroup"))) is not None]
    contacts = (
        Contact(_sound(contact["uri"]), contact["active"], whole_number(contact.get("expires"))) for contact in listed
    )
    return RegisteredUser(read.aor, tuple(contacts), rows[0] if rows else None, read.node)


def _after(cursor: object, path: str) -> str:
    """The cursor of the next page; empty where there is none: it is missing, or -1 (AudioCodes)."""
    if cursor is None:
        return ""
    after = cursor.get("after") if isinstance(cursor, Mapping) else cursor
    if after is None:
        return ""
    if isinstance(after, bool) or not isinstance(after, str | int) or len(str(after)) > _LONGEST_CURSOR:
        raise DeviceRejectedError(f"GET {path}: its cursor is not understood, so there may be more than it shows")
    return "" if str(after) in {"", _NO_MORE} else _sound(str(after))


def _text(value: object) -> str:
    return _sound(short_text(value)).strip()


def _sound(text: str) -> str:
    """The text without lone surrogates, which JSON can carry and nothing else can."""
    return text if text.isascii() else text.encode(errors="replace").decode()
