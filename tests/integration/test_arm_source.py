"""The source for Routing Managers (ARM) against the played one; what all sources promise is in test_device_sources."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from number_inventory.adapters.audiocodes.arm import ArmSource
from number_inventory.adapters.audiocodes.calls import DeviceCalls
from number_inventory.domain.aors import compile_rules
from number_inventory.domain.devices import LoginMethod
from number_inventory.domain.errors import DeviceError, DeviceRejectedError, DeviceUnreachableError, LoginRefusedError
from number_inventory.domain.snapshots import Snapshot, UserScope, claims_of
from number_inventory.ports.devices import DeviceSource
from simulator.nodes import STATES
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from simulator.users import Contact, RegisteredUser
from tests.integration.asking import CANARY, NOW, USERS
from tests.integration.asking import Asking as AskingAny

WELL = {"state": "Available", "operative_state": "Available", "forgets": False}


@dataclass
class Asking(AskingAny):
    """A Routing Manager, and the limit of its users."""

    maximum_users: int = 1000

    def source(self, calls: DeviceCalls) -> DeviceSource:
        return ArmSource(calls, self.maximum_users)

    def asked(self) -> list[str]:
        return [f"{request.method} {request.path.removeprefix('/ARM/v1/')}" for request in self.played.requests()]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    scenario = DeviceScenario(name="arm", source="arm", users=USERS, password=CANARY)
    with Simulator([scenario], tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture(params=list(LoginMethod))
def either_login(asking: "Asking", request: pytest.FixtureRequest) -> Asking:
    asking.login = request.param
    return asking


@pytest.fixture
def asking(running: Simulator) -> Asking:
    played = running.devices["arm"]
    played.disarm()
    for name in list(played.nodes):
        played.set_node(name, WELL)
    played.replace_users(USERS)
    played.forget_requests()
    return Asking(running, played)


def claimed(snapshot: Snapshot) -> set[str]:
    return set(claims_of(snapshot.users, compile_rules(()), UserScope()).claimed)


ALL = {str(number) for number in range(1000, 1020)}


# --- the happy path


def test_a_healthy_routing_manager_gives_a_complete_snapshot(either_login: Asking) -> None:
    """GIVEN an ARM with two nodes, WHEN asked with either login, THEN all is there, proven, with its identity."""
    snapshot = either_login.snapshot()

    assert snapshot.complete
    assert [user.aor for user in snapshot.users] == [user.aor for user in USERS]
    assert {user.node for user in snapshot.users} == {"node-1", "node-2"}
    assert (snapshot.reported_count, snapshot.taken_at) == (20, NOW)
    assert (snapshot.product, snapshot.version) == ("AudioCodes Routing Manager", "10.0.20")
    assert snapshot.uptime_seconds is not None
    assert snapshot.uptime_seconds >= 1614


def test_users_have_their_contacts(asking: Asking) -> None:
    """GIVEN users with several, sleeping and other groups' contacts, WHEN asked, THEN each has its own."""
    two = (Contact("sip:1@a:5060", expires=60, ip_group=7), Contact("sip:1@b:5060", active=False))
    asking.played.replace_users(
        [RegisteredUser("1@h", two), RegisteredUser("2@h", (Contact("sip:2@a", active=False),))]
    )

    first, second = asking.snapshot().users

    assert [(contact.uri, contact.active, contact.expires_seconds) for contact in first.contacts] == [
        ("sip:1@a:5060", True, 60),
        ("sip:1@b:5060", False, 180),
    ]
    assert first.ip_group == 7
    assert claimed(asking.snapshot()) == {"1"}
    assert second.contacts[0].uri == "sip:2@a"


def test_a_session_is_opened_once_used_for_everything_and_closed(asking: Asking) -> None:
    """GIVEN login by session, WHEN asked, THEN user and password go over the wire once, and no session is left."""
    asking.login = LoginMethod.SESSION

    assert asking.snapshot().complete

    asked = asking.asked()
    assert asked[0] == "POST login"
    assert asked[-1] == "POST logout"
    assert asked.count("POST login") == 1
    assert asking.played.sessions == 0


@pytest.mark.parametrize("fault", [("feature-off", {}), ("html-error", {"route": "list", "status": 404})])
def test_a_session_is_closed_after_an_error(asking: Asking, fault: tuple[str, dict[str, object]]) -> None:
    """GIVEN a device that refuses in the end, WHEN asked by session, THEN the session is closed nevertheless."""
    asking.login = LoginMethod.SESSION
    asking.played.arm(fault[0], **fault[1])

    with pytest.raises(DeviceRejectedError):
        asking.snapshot()

    assert asking.played.sessions == 0


def test_a_session_that_ends_early_is_no_refused_login(asking: Asking) -> None:
    """GIVEN a session that the device forgets, WHEN it lists, THEN it is asked again later: nothing locks out."""
    asking.login = LoginMethod.SESSION
    asking.played.arm("wrong-password", route="list")

    with pytest.raises(DeviceUnreachableError, match="the session ended"):
        asking.snapshot()


# --- pages


def test_several_pages_count_when_two_looks_are_the_same(asking: Asking) -> None:
    """GIVEN pages of three, WHEN asked, THEN all are read twice, in order, and the snapshot is complete."""
    asking.played.arm("short-pages", size=3)

    snapshot = asking.snapshot()

    assert snapshot.complete
    assert [user.aor for user in snapshot.users] == [user.aor for user in USERS]
    lists = [request for request in asking.asked() if "registeredUsers" in request]
    assert len(lists) == 14
    assert lists[0] == "GET registeredUsers?limit=1000"
    assert lists[1].startswith("GET registeredUsers?limit=1000&after=")
    assert asking.pauses == []


def test_one_page_is_of_one_instant(asking: Asking) -> None:
    """GIVEN all users on one page, WHEN asked, THEN it is read once, between two looks at the nodes."""
    assert asking.snapshot().complete
    assert asking.asked() == [
        "GET status",
        "GET nodes?limit=1000",
        "GET registeredUsers?limit=1000",
        "GET nodes?limit=1000",
        "GET status",
    ]


def test_who_is_passed_over_by_a_slipping_cursor_is_noticed(asking: Asking) -> None:
    """GIVEN places for cursors, and one who leaves while another comes, WHEN asked, THEN partial: totals were equal."""
    asking.played.arm("short-pages", size=3)
    asking.played.arm("slipping-cursor")
    asking.played.arm("change-between-pages", comes=True)

    snapshot = asking.snapshot()

    assert snapshot.incomplete_because.startswith("its 7 pages did not show the same")
    assert len([request for request in asking.asked() if "after" not in request and "Users" in request]) == 3


def test_a_change_that_ends_is_waited_for(asking: Asking) -> None:
    """GIVEN users who move during the first look only, WHEN asked, THEN a later one is proven by the one before."""
    asking.played.arm("short-pages", size=3)
    asking.played.arm("lost-users", times=4)

    assert asking.snapshot().complete
    assert len([request for request in asking.asked() if "registeredUsers" in request]) == 21
    assert len(asking.pauses) == 1


@pytest.mark.parametrize(
    ("fault", "parameters", "reason"),
    [
        ("change-between-pages", {}, "its total of registered users changed while its pages were read ("),
        ("repeating-cursor", {}, "its cursor comes back to where it was on page 2"),
        ("endless-cursor", {}, "goes on after 21 users, but says that there are 20"),
        ("endless-cursor", {"empty": True}, "does not end after 3 users on 11 pages"),
        ("lost-users", {}, "says that there are 20 registered users, but lists 13"),
        ("wrong-count", {"route": "list", "by": 5}, "says that there are 25 registered users, but lists 20"),
        ("no-content", {"skip": 1}, "the list is empty, and nothing says"),
        ("empty-400", {"always": True, "skip": 1}, "answers page 2 of its list with HTTP 400 (No content)"),
    ],
)
def test_pages_that_are_not_the_whole_list_make_it_partial(
    asking: Asking, fault: str, parameters: dict[str, object], reason: str
) -> None:
    """GIVEN pages that do not end, go round, change or lack users, WHEN asked, THEN partial, with the reason."""
    asking.played.arm("short-pages", size=3)
    asking.played.arm(fault, **parameters)

    snapshot = asking.snapshot()

    assert not snapshot.complete
    assert reason in snapshot.incomplete_because


def test_an_endless_list_without_a_total_ends_at_the_limit(asking: Asking) -> None:
    """GIVEN users again and again and no total, WHEN asked, THEN it is given up at the limit."""
    asking.maximum_users = 100
    asking.played.arm("endless-cursor")
    asking.played.arm("null-count", route="list")

    reason = asking.snapshot().incomplete_because

    assert "does not end after 100 users on 5 pages" in reason
    assert "shows a user at the same node twice" in reason


def test_a_list_without_a_total_proves_nothing(asking: Asking) -> None:
    """GIVEN all users on one page and no total, WHEN asked, THEN partial: a next page may be named otherwise."""
    asking.played.arm("null-count", route="list")

    snapshot = asking.snapshot()

    assert "does not say how many registered users there are" in snapshot.incomplete_because
    assert len(claimed(snapshot)) == 20


@pytest.mark.parametrize("lacks", ["aor", "contacts", "node", "text"])
def test_an_entry_that_is_not_understood_makes_it_partial(asking: Asking, lacks: str) -> None:
    """GIVEN one odd entry, WHEN asked, THEN the others are there, and it is quoted with its place."""
    asking.played.arm("odd-entries", lacks=lacks)

    snapshot = asking.snapshot()

    assert "entry 11 of page 1 is not understood" in snapshot.incomplete_because
    assert len(claimed(snapshot)) == 19
    assert snapshot.users[10].contacts


# --- nodes


@pytest.mark.parametrize("state", STATES[1:])
def test_a_node_that_is_not_available_makes_it_partial(asking: Asking, state: str) -> None:
    """GIVEN a node in another state, WHEN asked, THEN what ARM knew last is shown, partial, and the node is named."""
    asking.played.set_node("node-2", {"state": state})
    asking.played.unregister(["1000", "1001"])

    snapshot = asking.snapshot()

    assert snapshot.incomplete_because.startswith(f"node node-2 is {state}")
    assert len(snapshot.users) > 18


def test_a_node_that_cannot_be_reached_makes_it_partial(asking: Asking) -> None:
    """GIVEN operative state Unknown and an ARM that drops the users, WHEN asked, THEN partial all the same."""
    asking.played.set_node("node-1", {"operative_state": "Unknown", "forgets": True})

    snapshot = asking.snapshot()

    assert "node node-1 has the operative state Unknown" in snapshot.incomplete_because
    assert len(snapshot.users) == 10


@pytest.mark.parametrize(
    ("fault", "parameters", "reason"),
    [
        ("no-content", {"route": "nodes"}, "names no nodes"),
        ("empty-400", {"route": "nodes", "always": True}, "names no nodes"),
        ("no-content", {"route": "nodes", "skip": 1}, "names no nodes"),
    ],
)
def test_without_its_nodes_nothing_is_proven(
    asking: Asking, fault: str, parameters: dict[str, object], reason: str
) -> None:
    """GIVEN an ARM that tells no nodes, WHEN asked, THEN partial."""
    asking.played.arm(fault, **parameters)

    assert reason in asking.snapshot().incomplete_because


def test_one_aor_at_two_nodes_is_two_users_with_one_number(asking: Asking) -> None:
    """GIVEN everybody at both nodes, WHEN asked, THEN complete; a number counts while one of them is active."""
    asking.played.arm("same-aor-on-two-nodes")

    snapshot = asking.snapshot()

    assert snapshot.complete
    assert len(snapshot.users) == 40
    assert claimed(snapshot) == ALL


# --- the feature


@pytest.mark.parametrize("how", ["flag", "error"])
def test_a_feature_that_is_off_is_an_error_and_says_where_to_enable_it(asking: Asking, how: str) -> None:
    """GIVEN the feature is off, WHEN asked, THEN that is an error for a person, and no empty list."""
    asking.played.arm("feature-off", how=how)

    with pytest.raises(DeviceRejectedError, match="Enable registered users feature"):
        asking.snapshot()


def test_an_empty_list_that_says_nothing_proves_nothing(asking: Asking) -> None:
    """GIVEN an empty list, WHEN nothing says that the feature is on, THEN partial; where all says so, complete."""
    asking.played.arm("feature-off", how="silent")
    assert "the list is empty" in asking.snapshot().incomplete_because

    asking.played.disarm()
    asking.played.replace_users([])
    assert asking.snapshot().complete


# --- errors


@pytest.mark.parametrize(
    ("fault", "parameters", "error", "words"),
    [
        ("wrong-password", {}, LoginRefusedError, "HTTP 401"),
        ("monitor-role", {}, LoginRefusedError, "HTTP 403"),
        ("no-content", {"route": "login"}, DeviceRejectedError, "and no session"),
        ("not-found", {"route": "login"}, DeviceRejectedError, "HTTP 404 .*login to basic"),
        ("not-found", {"route": "nodes"}, DeviceRejectedError, "HTTP 404"),
        ("html-login-page", {"route": "list"}, DeviceRejectedError, "not JSON"),
        ("redirect", {"to": "host"}, DeviceRejectedError, "redirects to https://localhost:"),
    ],
)
def test_an_error_is_of_the_right_kind_with_a_session_too(
    asking: Asking, fault: str, parameters: dict[str, object], error: type[DeviceError], words: str
) -> None:
    """GIVEN login by session and a device with that fault, WHEN asked, THEN the error says what is the matter."""
    asking.login = LoginMethod.SESSION
    asking.played.arm(fault, **parameters)

    with pytest.raises(error, match=words):
        asking.snapshot()
