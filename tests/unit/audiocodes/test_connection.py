"""What a conversation does with answers that no well-meant device gives: a plain server on this machine gives them."""

import gzip
import json
import socket
import threading
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from number_inventory.adapters.audiocodes.address import AddressPolicy
from number_inventory.adapters.audiocodes.calls import DeviceCalls
from number_inventory.adapters.audiocodes.sbc import SbcSource
from number_inventory.domain.devices import Device, DeviceKey, SourceKind
from number_inventory.domain.errors import DeviceError, DeviceRejectedError, DeviceUnreachableError
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.secrets import Credentials

PASSWORD = "canary"
STATUS = {"productType": "Mediant SW", "systemUpTime": 100}
COUNT = {"items": [{"id": "registeredUsers", "value": 1}]}
LIST = {"output": "1000@h\n<sip:1000@a>;expires=1; IPG:1"}


class Clock:
    """Gives the time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Server:
    """Answers each connection's requests with bytes as they are; None hangs up."""

    def __init__(self) -> None:
        self.answers: Callable[[str], bytes | None] = healthy
        self.heads: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as incoming:
                connection.settimeout(5)
                try:
                    while self._answer(connection, incoming.readline().decode(), incoming):
                        pass
                except OSError:
                    continue

    def _answer(self, connection: socket.socket, request: str, incoming: object) -> bool:
        if not request:
            return False
        head = list(iter(lambda: incoming.readline().decode().strip(), ""))  # type: ignore[attr-defined]
        self.heads.append("\n".join([request.strip(), *head]))
        length = next((int(line.split(":")[1]) for line in head if line.lower().startswith("content-length")), 0)
        incoming.read(length)  # type: ignore[attr-defined]
        answer = self.answers(request.split()[1])
        if answer is not None:
            connection.sendall(answer)
        return answer is not None and b"Connection: close" not in answer


def ok(content: object, *headers: str, body: bytes | None = None, length: bool = True) -> bytes:
    """An answer of 200."""
    data = json.dumps(content).encode() if body is None else body
    lines = ["HTTP/1.1 200 OK", *headers, *([f"Content-Length: {len(data)}"] if length else [])]
    return "\r\n".join([*lines, "", ""]).encode() + data


def healthy(path: str) -> bytes:
    """What a healthy device answers."""
    return ok({"status": STATUS, "global": COUNT, "incremental": LIST}[path.rpartition("/")[2]])


def listing(answer: bytes | None) -> Callable[[str], bytes | None]:
    """A healthy device but for its list."""
    return lambda path: answer if path.endswith("incremental") else healthy(path)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def ask(server: Server, host: str = "127.0.0.1", maximum_bytes: int = 1024 * 1024) -> Snapshot:
    source = SbcSource(
        DeviceCalls(
            clock=Clock(), address_policy=AddressPolicy.LOCAL, maximum_bytes=maximum_bytes, sleep=lambda _seconds: None
        )
    )
    device = Device(
        key=DeviceKey("default", "lab"),
        source=SourceKind.SBC,
        address=f"http://{host}:{server.port}",
        read_timeout_seconds=2,
    )
    return source.snapshot(device, Credentials("Admin", PASSWORD))


def test_the_request_names_the_configured_host_and_logs_in_by_itself(server: Server) -> None:
    # GIVEN a device by name WHEN it is asked THEN the name is in Host, and nothing but documented parts is sent
    assert ask(server, "localhost").complete
    head = server.heads[0].splitlines()
    assert head[0] == "GET /api/v1/status HTTP/1.1"
    assert f"Host: localhost:{server.port}" in head
    assert "Authorization: Basic QWRtaW46Y2FuYXJ5" in head


def test_packed_answers_are_unpacked(server: Server) -> None:
    # GIVEN a list that the device packs, asked or not THEN it is read
    server.answers = listing(ok(None, "Content-Encoding: gzip", body=gzip.compress(json.dumps(LIST).encode())))
    assert ask(server).complete


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused_early(server: Server, encoding: str) -> None:
    # GIVEN 200 MB of one letter, packed into 200 kB
    pack = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    bomb = b"".join([*(pack.compress(b"x" * 1024 * 1024) for _ in range(200)), pack.flush()])
    server.answers = listing(ok(None, f"Content-Encoding: {encoding}", body=bomb))
    # WHEN the device is asked THEN it is refused at the cap, long before all is unpacked
    started = time.process_time()
    with pytest.raises(DeviceRejectedError, match="larger than 1 MiB"):
        ask(server)
    assert time.process_time() - started < 0.3


def test_garbage_that_says_it_is_packed_is_an_error(server: Server) -> None:
    # GIVEN bytes that do not unpack THEN the answer broke off
    server.answers = listing(ok(None, "Content-Encoding: gzip", body=b"not gzip"))
    with pytest.raises(DeviceUnreachableError, match="broke off"):
        ask(server)


@pytest.mark.parametrize("end", [b"", b"5\r\n12", b"zz\r\n"])
def test_chunks_that_stop_are_no_answer(server: Server, end: bytes) -> None:
    # GIVEN an answer in chunks of which the last never comes THEN what came is not taken for all
    body = json.dumps(LIST).encode()
    chunks = b"%x\r\n%s\r\n" % (len(body), body) + end
    server.answers = listing(ok(None, "Transfer-Encoding: chunked", "Connection: close", body=chunks, length=False))
    with pytest.raises(DeviceUnreachableError, match="broke off"):
        ask(server)


def test_whole_chunks_are_an_answer(server: Server) -> None:
    # GIVEN an answer in chunks with its end THEN it is read
    body = json.dumps(LIST).encode()
    chunks = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (5, body[:5], len(body) - 5, body[5:])
    server.answers = listing(ok(None, "Transfer-Encoding: chunked", body=chunks, length=False))
    assert ask(server).complete


def test_an_answer_without_a_length_that_is_cut_is_not_json(server: Server) -> None:
    # GIVEN an old way to answer, cut in the middle THEN it is an error and never a shorter list
    body = json.dumps(LIST).encode()[:-10]
    server.answers = listing(ok(None, "Connection: close", body=body, length=False))
    with pytest.raises(DeviceRejectedError, match="not JSON"):
        ask(server)


def test_a_connection_that_the_device_closed_meanwhile_is_opened_again(server: Server) -> None:
    # GIVEN a device that closes after every answer without saying so THEN all is asked all the same
    answers = {"left": True}

    def closing(path: str) -> bytes | None:
        answers["left"] = not answers["left"]
        return None if answers["left"] else healthy(path)

    server.answers = closing
    assert ask(server).complete


@pytest.mark.parametrize(
    "junk", [b"not http at all\r\n\r\n", b"HTTP/1.1 OK fine\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000]
)
def test_what_is_not_http_is_no_answer(server: Server, junk: bytes) -> None:
    # GIVEN another kind of server at that address THEN the device is unreachable, after some tries
    server.answers = lambda _path: junk + b"\r\nConnection: close\r\n\r\n"
    with pytest.raises(DeviceUnreachableError, match="tried 4 times"):
        ask(server)


def test_nobody_there_is_unreachable(server: Server) -> None:
    # GIVEN a port where nobody listens THEN the reason is the system's
    with socket.create_server(("127.0.0.1", 0)) as gone:
        server.port, port = gone.getsockname()[1], server.port
    with pytest.raises(DeviceUnreachableError, match="Connection refused"):
        ask(server)
    server.port = port


@pytest.mark.parametrize(
    "answer",
    [
        ok({"status": "failure", "description": f"user Admin with {PASSWORD} (QWRtaW46Y2FuYXJ5) failed"}),
        ok({"description": f"{PASSWORD} is bad"}).replace(b"200 OK", b"404 Not Found"),
        ok({"description": f"{PASSWORD} is bad"}).replace(b"200 OK", b"400 Bad Request"),
        ok({"output": f"1000@h\n<sip:1000@a>;expires=1\n?@? {PASSWORD}\n1001@h\n<sip:1000@a>;expires=1"}),
    ],
)
def test_a_device_that_shows_the_password_does_not_get_it_into_any_message(server: Server, answer: bytes) -> None:
    # GIVEN a device that puts the credentials into what it says WHEN it is asked
    server.answers = listing(answer)
    try:
        said = ask(server).incomplete_because
    except DeviceError as error:
        said = "".join(traceback.format_exception(error))
    # THEN stars stand in their place
    assert "***" in said
    assert PASSWORD not in said
    assert "QWRtaW46" not in said
