"""What the answers of a Routing Manager (ARM) say, what garbage in their place leads to, and when a list is proven."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.adapters.recorded import RecordedCalls
from number_inventory.adapters.audiocodes import arm_wire as wire
from number_inventory.adapters.audiocodes.arm import ArmSource
from number_inventory.adapters.audiocodes.connection import Answer, Conversation, Form, Heard
from number_inventory.domain.devices import Device, DeviceKey, SourceKind
from number_inventory.domain.errors import DeviceRejectedError
from number_inventory.domain.snapshots import Contact, RegisteredUser, Snapshot
from number_inventory.ports.secrets import Credentials

CONTACT = {"uri": "sip:1@h", "active": True}
USER: dict[str, Any] = {"aor": "1@h", "node": "n", "contacts": [CONTACT]}
NODE = {"name": "n", "state": "Available", "operativeState": "Available"}
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ARM = Device(key=DeviceKey("acme", "arm"), source=SourceKind.ARM, address="https://arm.example")
PAGE: dict[str, Any] = {"registeredUsers": [USER], "total": 1, "enabled": True, "cursor": {"after": "-1"}}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["aor", "node", "contacts", "uri", "active", "after", "cursor", "total", "registeredUsers"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def answer(content: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode())


def test_a_page_tells_its_users_its_total_and_what_comes_next() -> None:
    """GIVEN a page, WHEN read, THEN users, total, feature and cursor are as they are written."""
    page = wire.users_page(answer({**PAGE, "cursor": {"after": 17, "before": "-1"}, "total": "5"}))
    assert (page.after, page.total, page.enabled, len(page.entries)) == ("17", 5, True, 1)
    assert wire.users_in(page.body) == [RegisteredUser("1@h", (Contact("sip:1@h", True, None),), None, "n")]


@pytest.mark.parametrize("cursor", [None, {}, {"after": None}, {"after": "-1"}, {"after": -1}, {"after": ""}, "-1"])
def test_a_list_ends_where_its_cursor_is_missing_or_minus_one(cursor: object) -> None:
    """GIVEN no cursor, or -1, WHEN read, THEN nothing follows."""
    assert wire.users_page(answer({**PAGE, "cursor": cursor})).after == ""


@pytest.mark.parametrize("cursor", [{"after": []}, {"after": True}, {"after": 1.5}, [1], {"after": "x" * 2000}, 1.5])
def test_a_cursor_that_is_not_understood_is_an_error(cursor: object) -> None:
    """GIVEN a cursor of another kind, WHEN read, THEN it is no end: there may be more."""
    with pytest.raises(DeviceRejectedError, match="cursor is not understood"):
        wire.users_page(answer({**PAGE, "cursor": cursor}))


def test_a_cursor_goes_back_as_it_came() -> None:
    """GIVEN a cursor with signs of its own, WHEN sent, THEN it arrives as it was."""
    path = wire.page_path(wire.USERS_PATH, "a&limit=9 /ü")
    assert parse_qs(urlsplit(path).query) == {"limit": ["1000"], "after": ["a&limit=9 /ü"]}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"registeredUsers": {}}', b"[" * 9999, b"\xff\xfe"])
def test_what_is_no_page_is_an_error(body: bytes) -> None:
    """GIVEN garbage, WHEN read, THEN an error for a person, never an empty list."""
    with pytest.raises(DeviceRejectedError):
        wire.users_page(Answer(200, body))


@pytest.mark.parametrize(
    "change",
    [
        {"aor": ""},
        {"aor": 1000},
        {"aor": "1" * 600},
        {"node": None},
        {"node": ""},
        {"contacts": None},
        {"contacts": {}},
        {"contacts": ["sip:1@h"]},
        {"contacts": [{"uri": "sip:1@h"}]},
        {"contacts": [{"uri": "sip:1@h", "active": "yes"}]},
        {"contacts": [{"active": True}]},
    ],
)
def test_an_entry_of_another_kind_is_not_understood(change: dict[str, object]) -> None:
    """GIVEN an entry with a field of another kind, WHEN read, THEN it is none, and nothing is guessed."""
    assert wire.entry_in({**USER, **change}) is None


def test_a_user_is_active_by_any_of_its_contacts() -> None:
    """GIVEN contacts that sleep, some or all, or none, WHEN read, THEN the user is active by one that does not."""
    asleep = {**CONTACT, "active": False}
    for contacts, active in (([asleep, CONTACT], True), ([asleep], False), ([], False)):
        read = wire.entry_in({**USER, "contacts": contacts})
        assert read is not None
        assert (read.active, read.contacts) == (active, len(contacts))


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        ({}, ""),
        ({"state": "AVAILABLE"}, ""),
        ({"state": "Logged out"}, "is Logged out"),
        ({"state": "Degraded"}, "is Degraded"),
        ({"state": None}, "is in no state that is told"),
        ({"operativeState": "unknown"}, "has the operative state unknown"),
        ({"operativeState": None}, "has the operative state (none)"),
        ({"state": "Unavailable", "operativeState": "Unknown"}, "is Unavailable and has the operative state Unknown"),
    ],
)
def test_a_node_is_doubtful_unless_all_says_that_it_is_well(change: dict[str, object], doubt: str) -> None:
    """GIVEN a node in any state, known here or not, WHEN read, THEN only Available and not Unknown is well."""
    node = wire.node_in({**NODE, **change})
    assert node == wire.Node("n", doubt)


@given(anything)
def test_no_answer_whatever_breaks_the_reader(content: object) -> None:
    """GIVEN any JSON at all, WHEN read as page, node and user, THEN it is understood, or said not to be."""
    wire.node_in(content)
    wire.entry_in(content)
    for read in (wire.users_page, wire.nodes_page, wire.status_in):
        try:
            read(answer(content))
        except DeviceRejectedError:
            continue


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (answer({"nodes": [{**NODE, "name": "m"}], "total": 2}), ""),
        (answer({"nodes": [{**NODE, "name": "m", "state": "Unavailable"}]}), "node m is Unavailable"),
        (Answer(204, b""), ""),
        (Answer(400, b""), "names no nodes, or not all"),
        (answer({"nodes": [], "total": 2}), "names no nodes, or not all"),
    ],
)
def test_nodes_of_which_some_are_not_shown_prove_nothing(last: Answer, reason: str) -> None:
    """GIVEN two pages of nodes, WHEN the second is refused or lacks some, THEN the list of users proves nothing."""

    def page(path: str, answered: Answer) -> Heard:
        return Heard("GET", path, answered.status, "", answered.body.decode())

    nodes = [
        page(wire.page_path(wire.NODES_PATH, ""), answer({"nodes": [NODE], "cursor": {"after": "1"}})),
        page(wire.page_path(wire.NODES_PATH, "1"), last),
    ]
    users = page(wire.page_path(wire.USERS_PATH, ""), answer(PAGE))
    status = page(wire.STATUS_PATH, answer({}))
    heard = [status, *nodes, users, *nodes, status]
    snapshot = ArmSource(RecordedCalls(heard, NOW)).snapshot(ARM, Credentials("a", "b"))

    assert reason in snapshot.incomplete_because
    assert snapshot.complete == (not reason)


# --- when a list of pages is the whole truth


class _Moving:
    """An ARM whose cursors are places, and whose users move between pages as they are told to."""

    def __init__(self, users: int, size: int, moves: list[tuple[int, int]]) -> None:
        self.there = [f"u{at}@h" for at in range(users)]
        self.always = set(self.there)
        self._size, self._moves = size, list(reversed(moves))
        self._came = 0

    def remaining_seconds(self) -> float:
        return 1e9

    def pause(self, seconds: float) -> None:
        pass

    def without_secrets(self, text: str) -> str:
        return text

    def send_no_login(self) -> None:
        pass

    def keep_session(self, cookie: str) -> None:
        pass

    def ask(self, method: str, path: str, form: Form | None = None, attempts: int = 1) -> Answer:  # noqa: ARG002
        asked = urlsplit(path)
        if asked.path == wire.STATUS_PATH:
            return Answer(HTTPStatus.NOT_FOUND, b"")
        if asked.path == wire.NODES_PATH:
            return answer({"nodes": [NODE]})
        start = int(parse_qs(asked.query).get("after", ["0"])[0])
        shown = self.there[start : start + self._size]
        after = str(start + self._size) if start + self._size < len(self.there) else "-1"
        entries = [{**USER, "aor": aor} for aor in shown]
        page = {"enabled": True, "total": len(self.there), "registeredUsers": entries, "cursor": {"after": after}}
        self._move()
        return answer(page)

    def _move(self) -> None:
        leave, come = self._moves.pop() if self._moves else (0, 0)
        for _ in range(min(leave, len(self.there))):
            self.always.discard(self.there.pop(0))
        for _ in range(come):
            self._came += 1
            self.there.append(f"new{self._came}@h")


class _MovingCalls:
    """Hands it to the source."""

    def __init__(self, moving: _Moving) -> None:
        self._moving = moving

    def now(self) -> datetime:
        return NOW

    def ask(
        self,
        device: Device,  # noqa: ARG002 - as the protocol has it
        credentials: Credentials,  # noqa: ARG002 - likewise
        take: Callable[[Conversation], Snapshot],
    ) -> Snapshot:
        return take(self._moving)


@settings(max_examples=200)
@given(
    st.integers(0, 12),
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=12),
)
def test_a_complete_snapshot_lacks_nobody_who_was_there_throughout(
    users: int, size: int, moves: list[tuple[int, int]]
) -> None:
    """GIVEN any users who leave for good or come between pages, WHEN proven complete, THEN nobody was passed over."""
    moving = _Moving(users, size, moves)
    source = ArmSource(_MovingCalls(moving))

    snapshot = source.snapshot(ARM, Credentials("a", "b"))

    if snapshot.complete:
        assert moving.always <= {user.aor for user in snapshot.users}
    if not moves:
        assert snapshot.complete
