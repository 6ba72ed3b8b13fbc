"""A Routing Manager (ARM) of any size that keeps nobody in memory, and a process that asks it as a sync does.

`python -m tests.integration.arm_pages serve USERS` says where it serves; `... ask URL USERS` what asking it took.
"""

import json
import resource
import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from number_inventory.adapters.audiocodes.address import AddressPolicy
from number_inventory.adapters.audiocodes.arm import ArmSource
from number_inventory.adapters.audiocodes.calls import DeviceCalls
from number_inventory.domain.aors import compile_rules
from number_inventory.domain.devices import Device, DeviceKey, SourceKind
from number_inventory.domain.snapshots import UserScope, claims_of, digest_of, plan_sync
from number_inventory.ports.secrets import Credentials

_NODES = 50
_MOVED = 100
"""One user in so many is new to the inventory, and as many have gone."""


class _Pages(BaseHTTPRequestHandler):
    """Makes up each page when it is asked for."""

    protocol_version = "HTTP/1.1"
    users: ClassVar[int]
    requests: ClassVar[int] = 0

    def do_GET(self) -> None:
        """Any of the paths."""
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        content = {"status": self._status, "nodes": self._nodes, "registeredUsers": self._page}
        body = json.dumps(content[parts.path.rpartition("/")[2]](asked)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _status(self, _asked: dict[str, str]) -> object:
        return {"product": "ARM", "version": "10", "serialNumber": "1", "upTime": 1}

    def _nodes(self, _asked: dict[str, str]) -> object:
        return {
            "nodes": [
                {"name": f"node-{at}", "state": "Available", "operativeState": "Available"} for at in range(_NODES)
            ]
        }

    def _page(self, asked: dict[str, str]) -> object:
        start = int(asked.get("after", 0))
        end = min(start + int(asked["limit"]), self.users)
        after = str(end) if end < self.users else "-1"
        return {
            "enabled": True,
            "total": self.users,
            "registeredUsers": [_entry(at) for at in range(start, end)],
            "cursor": {"after": after},
        }

    def log_message(self, *_: object) -> None:
        """Says nothing of each request."""


def _entry(at: int) -> dict[str, object]:
    aor, host = f"+4989{at:08d}", "voice.example.net"
    contact = {"uri": f"sip:{aor}@{host}:5060", "expires": 180, "active": True, "ipGroup": 1}
    return {"id": str(at), "aor": f"{aor}@{host}", "node": f"node-{at % _NODES}", "contacts": [contact]}


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def ask(url: str, count: int) -> dict[str, float]:
    """All of what a sync does between the first request to the ARM and the first one that changes something."""
    known = frozenset(f"+4989{at:08d}" for at in range(count // _MOVED, count + count // _MOVED))
    started, busy = time.monotonic(), time.process_time()
    device = Device(key=DeviceKey("acme", "arm"), source=SourceKind.ARM, address=url)
    calls = DeviceCalls(clock=_Clock(), address_policy=AddressPolicy.LOCAL, budget_seconds=3600)
    snapshot = ArmSource(calls).snapshot(device, Credentials("a", "b"))
    asked, asking = time.monotonic() - started, time.process_time() - busy
    assert snapshot.complete, snapshot.incomplete_because
    claims = claims_of(snapshot.users, compile_rules(()), UserScope())
    digest_of(claims, may_remove=True)
    plan = plan_sync(known, claims, may_remove=True)
    assert len(plan.appearing) == len(plan.disappearing) == count // _MOVED
    assert snapshot.users[count - 1].contacts
    return {
        "seconds": asked,
        "cpu_seconds_asking": asking,
        "cpu_seconds": time.process_time() - busy,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Serves until its input ends, or asks once."""
    if sys.argv[1] == "serve":
        _Pages.users = int(sys.argv[2])
        with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
            print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201 - this is its answer
            server.serve_forever()
    else:
        print(json.dumps(ask(sys.argv[2], int(sys.argv[3]))))  # noqa: T201 - likewise


if __name__ == "__main__":
    main()
