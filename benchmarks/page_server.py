"""Serves the pages of a very large customer's numbers at once, and hands all else on to DynamoDB Local.

DynamoDB Local takes the longer for a page the more items its partition has, a dozen seconds at a million, so that a
read of all of them would take an hour and measure nothing but that. This server has every number written out as JSON in
memory, with all attributes and with an audit's; it cuts pages at a megabyte and counts units as DynamoDB does.
"""

import argparse
import json
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

from benchmarks.made_inventory import CUSTOMER, Size, made_records
from local_stack.processes import LOOPBACK
from number_inventory.adapters.dynamodb.attributes import Item
from number_inventory.adapters.dynamodb.number_glances import GLANCED
from number_inventory.adapters.dynamodb.number_items import number_item

_PAGE = 1024 * 1024
_UNIT = 4096
_EVENTUALLY = 0.5


@dataclass
class Pages:
    """All items in their order, written out."""

    numbers: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    whole: list[bytes] = field(default_factory=list)
    projected: list[bytes] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Take up the next item."""
        self.numbers.append(item["number"]["S"])
        self.sizes.append(_size_of_map(item))
        self.whole.append(json.dumps(item, separators=(",", ":")).encode())
        glanced = {name: item[name] for name in GLANCED if name in item}
        self.projected.append(json.dumps(glanced, separators=(",", ":")).encode())

    def answer(self, request: dict[str, Any]) -> bytes:
        """The answer to a Query of all numbers, or of those behind one."""
        start = request.get("ExclusiveStartKey", {}).get("number", request["ExpressionAttributeValues"].get(":after"))
        first = bisect_right(self.numbers, start["S"]) if start else 0
        end, read = first, 0
        while end < len(self.numbers) and read < _PAGE:
            read += self.sizes[end]
            end += 1
        shown = self.projected if "ProjectionExpression" in request else self.whole
        units = -(-read // _UNIT) * _EVENTUALLY
        about: dict[str, Any] = {"Count": end - first, "ScannedCount": end - first}
        if end < len(self.numbers):
            about["LastEvaluatedKey"] = {"customer": {"S": CUSTOMER}, "number": {"S": self.numbers[end - 1]}}
        about["ConsumedCapacity"] = {"TableName": request["TableName"], "CapacityUnits": units}
        return b'{"Items":[' + b",".join(shown[first:end]) + b"]," + json.dumps(about).encode()[1:]


def _size_of_map(attributes: Item) -> int:
    return sum(len(name.encode()) + _size(value) for name, value in attributes.items())


def _size(attribute: dict[str, Any]) -> int:
    """The size of a value, by DynamoDB's rules."""
    [(kind, value)] = attribute.items()
    if kind == "M":
        return 3 + len(value) + _size_of_map(value)
    return len(value) // 2 + 2 if kind == "N" else len(str(value).encode())


class _Handler(BaseHTTPRequestHandler):
    """Answers the one kind of query, and hands the rest on."""

    protocol_version = "HTTP/1.1"
    pages: ClassVar[Pages]
    table: ClassVar[str]
    engine: ClassVar[str]

    def do_POST(self) -> None:
        """Every request of DynamoDB's is one."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["X-Amz-Target"].endswith(".Query"):
            request = json.loads(body)
            if request["TableName"] == self.table:
                self._send(200, "application/x-amz-json-1.0", self.pages.answer(request))
                return
        self._hand_on(body)

    def _hand_on(self, body: bytes) -> None:
        connection = HTTPConnection(urlsplit(self.engine).netloc, timeout=60)
        try:
            connection.request("POST", "/", body, dict(self.headers.items()))
            answer = connection.getresponse()
            self._send(answer.status, answer.headers["Content-Type"], answer.read())
        finally:
            connection.close()

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


def main() -> None:
    """Make the numbers, say where they are served, and serve them until the input ends or this is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("numbers", "devices", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("now", "table", "engine"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    size = Size(
        numbers=options.numbers,
        devices=options.devices,
        seed=options.seed,
        now=datetime.fromisoformat(options.now),
    )
    _Handler.pages, _Handler.table, _Handler.engine = Pages(), options.table, options.engine
    for record in made_records(size):
        _Handler.pages.add(number_item(record, 1))
    with ThreadingHTTPServer((LOOPBACK, 0), _Handler) as server:
        print(f"http://{LOOPBACK}:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
