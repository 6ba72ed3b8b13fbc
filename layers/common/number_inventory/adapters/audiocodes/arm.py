"""The registered users that an AudioCodes Routing Manager (ARM) gathers from its nodes.

Identity, nodes, users, nodes again, identity again. ARM goes on with what it knew last of a node that it cannot reach,
so what it shows is the whole truth only while it reaches all of them and does not restart. What is said over the wire
is in `arm_wire`, and inferred.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from number_inventory.adapters.audiocodes import arm_wire as wire
from number_inventory.adapters.audiocodes.answers import reason_in, why_restarted
from number_inventory.adapters.audiocodes.arm_users import Look, LookTaker, why_nodes_doubtful, why_partial
from number_inventory.adapters.audiocodes.calls import Calls
from number_inventory.adapters.audiocodes.connection import Conversation
from number_inventory.domain.devices import Device, LoginMethod
from number_inventory.domain.errors import DeviceError, DeviceRejectedError, DeviceUnreachableError
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.secrets import Credentials

LOOKS: Final = 3
"""Users come and go: until two looks at several pages show the same, the list is read so many times."""
MAXIMUM_USERS: Final = 4_000_000
"""As many as an ARM can be licensed for (AudioCodes)."""
_MOST_NODE_PAGES = 100
_PAUSE_SECONDS = 2.0


class ArmSource:
    """Asks Routing Managers for their registered users. Keeps nothing between two snapshots."""

    def __init__(self, calls: Calls, maximum_users: int = MAXIMUM_USERS) -> None:
        self._calls, self._maximum_users = calls, maximum_users

    def snapshot(self, device: Device, credentials: Credentials) -> Snapshot:
        """Ask the device for its registered users; see `DeviceSource`, and `DeviceCalls` for what it raises."""

        def take(connection: Conversation) -> Snapshot:
            if device.login is LoginMethod.BASIC:
                return self._snapshot(connection)
            with _session(connection, credentials):
                return self._snapshot(connection)

        return self._calls.ask(device, credentials, take)

    def _snapshot(self, connection: Conversation) -> Snapshot:
        status = at_last = wire.status_in(connection.ask("GET", wire.STATUS_PATH))
        before = _nodes(connection)
        look, reason = self._looked(connection)
        reason = reason or why_nodes_doubtful(before, _nodes(connection), look.nodes)
        if not reason:
            at_last = wire.status_in(connection.ask("GET", wire.STATUS_PATH))
            reason = why_restarted(status, at_last)
        hidden = connection.without_secrets
        return Snapshot(
            users=look.users,
            taken_at=self._calls.now(),
            incomplete_because=hidden(reason),
            reported_count=next(iter(look.totals), None) if len(look.totals) == 1 else None,
            uptime_seconds=at_last.uptime_seconds,
            product=hidden(status.product),
            version=hidden(status.version),
            serial=hidden(at_last.serial),
        )

    def _looked(self, connection: Conversation) -> tuple[Look, str]:
        """The list, read again until it holds still, a few times and while there is time."""
        before: int | None = None
        looks = 0
        while True:
            started = connection.remaining_seconds()
            look = self._look(connection)
            looks += 1
            reason = why_partial(look, steady=look.fingerprint == before)
            left = connection.remaining_seconds()
            if not reason or look.doubts or looks == LOOKS or left < 2 * (started - left):
                return look, reason
            if before is not None or look.pages == 1:
                connection.pause(_PAUSE_SECONDS)
            before = look.fingerprint
            del look  # it may be large, and another one comes

    def _look(self, connection: Conversation) -> Look:
        taker = LookTaker(self._maximum_users)
        after: str | None = ""
        while after is not None:
            page = wire.users_page(connection.ask("GET", wire.page_path(wire.USERS_PATH, after)))
            after = taker.take(page) or None
        return taker.finish()


def _nodes(connection: Conversation) -> list[wire.Node]:
    """All nodes; none, where not all of them are shown.

    Raises:
        DeviceRejectedError: they are not understood, so nothing tells which of the users are known now.
    """
    nodes: list[wire.Node] = []
    after = ""
    for _ in range(_MOST_NODE_PAGES):
        page = wire.nodes_page(connection.ask("GET", wire.page_path(wire.NODES_PATH, after)))
        for entry in page.entries:
            node = wire.node_in(entry)
            if node is None:
                raise DeviceRejectedError(f"GET {wire.NODES_PATH}: a node is not understood: {str(entry)[:80]!r}")
            nodes.append(node)
        if not page.after:
            whole = page.refusal is None and page.total in {None, len(nodes)}
            return nodes if whole else []
        after = page.after
    raise DeviceRejectedError(f"GET {wire.NODES_PATH}: the list of nodes does not end")


@contextmanager
def _session(connection: Conversation, credentials: Credentials) -> Iterator[None]:
    """Log in once, and out at the end: devices keep few sessions at a time (AudioCodes)."""
    connection.send_no_login()
    answer = connection.ask("POST", wire.LOGIN_PATH, wire.login_form(credentials))
    if not answer.cookie:
        raise DeviceRejectedError(
            f"POST {wire.LOGIN_PATH}: HTTP {answer.status}{reason_in(answer)}, and no session; if this Routing Manager "
            "knows no sessions, set the device's login to basic"
        )
    connection.keep_session(answer.cookie)
    unheard = False
    try:
        yield
    except DeviceUnreachableError:
        unheard = True  # nor would it hear a farewell
        raise
    finally:
        if not unheard:
            with suppress(DeviceError):
                connection.ask("POST", wire.LOGOUT_PATH, attempts=1)
