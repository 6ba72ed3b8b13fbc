"""A caller of a played device, on the ordinary HTTP client and with real TLS verification."""

import json
from dataclasses import dataclass
from typing import Any

import urllib3

from simulator.device import Account
from simulator.listing import LIST_COMMAND

STATUS = "/api/v1/status"
COUNTS = "/api/v1/kpi/current/sbc/otherStats/global"
COUNT = f"{COUNTS}/registeredUsers"
SCRIPT = "/api/v1/files/cliScript/incremental"
ALARMS = "/api/v1/alarms/active"


@dataclass(frozen=True)
class Caller:
    """Calls one device as one of its users."""

    url: str
    account: Account
    pool: urllib3.PoolManager

    def ask(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:  # noqa: ANN401 - as urllib3 has it
        login = f"{self.account.username}:{self.account.password}"
        headers = urllib3.make_headers(basic_auth=login) | options.pop("headers", {})
        return self.pool.request(
            method, self.url + path, headers=headers, retries=False, redirect=False, timeout=5, **options
        )

    def status(self) -> urllib3.BaseHTTPResponse:
        return self.ask("GET", STATUS)

    def run(self, script: str = LIST_COMMAND, **options: Any) -> urllib3.BaseHTTPResponse:  # noqa: ANN401 - as above
        return self.ask("PUT", SCRIPT, fields={"file": ("script.txt", script)}, **options)

    def output(self) -> str:
        return str(self.run().json()["output"])

    def count(self) -> int | None:
        value: int | None = self.ask("GET", COUNT).json()["value"]
        return value


def description(response: urllib3.BaseHTTPResponse) -> str:
    return str(json.loads(response.data)["description"])
