"""Faults of delivery and of certificates: what a caller's TLS and HTTP layers get to see."""

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import urllib3
from urllib3.exceptions import ProtocolError, ReadTimeoutError, SSLError

from simulator.device import Device
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from tests.unit.simulator.calling import STATUS, Caller


def test_a_truncated_body(administrator: Caller, device: Device) -> None:
    """GIVEN truncated-body WHEN listed THEN the connection ends in order, but with fewer bytes than announced."""
    whole = len(administrator.run().data)
    device.arm("truncated-body", percent=50)
    with pytest.raises(ProtocolError, match=f"{whole // 2} bytes read, {whole - whole // 2} more expected"):
        administrator.run()
    device.arm("truncated-body", route="status")
    assert _raw_read(administrator).startswith(b"HTTP/1.1 200 OK")


def test_a_reset_in_the_midst_of_the_body(administrator: Caller, device: Device) -> None:
    """GIVEN reset WHEN asked THEN the head comes, and then the connection breaks without TLS's farewell."""
    device.arm("reset", percent=10)
    with pytest.raises(ProtocolError, match="Connection broken"):
        administrator.run()
    assert device.requests()[0].status == 200
    device.arm("reset", route="status")
    with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):  # Python 3.11 takes a reset for an end
        _raw_read(administrator)


def test_an_unreachable_device(administrator: Caller, device: Device) -> None:
    """GIVEN unreachable WHEN anything is asked THEN the connection is reset before TLS."""
    device.arm("unreachable")
    host = urllib3.util.parse_url(administrator.url)
    with socket.create_connection((host.host, host.port)) as connection:
        connection.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with pytest.raises((ProtocolError, SSLError)):
        administrator.status()
    assert device.requests() == []


def test_a_slow_answer(administrator: Caller, device: Device) -> None:
    """GIVEN slow-answer WHEN asked THEN it comes whole, but late; a caller with less patience gives up."""
    device.arm("slow-answer", seconds=0.3)
    begin = time.monotonic()
    assert administrator.status().status == 200
    assert time.monotonic() - begin >= 0.3
    with pytest.raises(ReadTimeoutError):
        administrator.pool.request("GET", administrator.url, timeout=0.1, retries=False)


def test_a_slow_drip_never_falls_silent(administrator: Caller, device: Device) -> None:
    """GIVEN slow-drip WHEN listed with a short read timeout THEN that timeout never strikes though it takes long."""
    device.arm("slow-drip", bytes=300, seconds=0.1)
    begin = time.monotonic()
    response = administrator.run(preload_content=False)
    assert b"Total: 10 users" in response.read()
    assert time.monotonic() - begin > 0.3


@pytest.mark.parametrize("announced", [True, False])
def test_a_gigantic_body(administrator: Caller, device: Device, announced: bool) -> None:
    """GIVEN gigantic-body WHEN a caller reads with a cap THEN it gets that much and may hang up."""
    device.arm("gigantic-body", megabytes=64, announced=announced)
    response = administrator.run(preload_content=False)
    assert response.headers.get("Content-Length", "0") == (str(64 * 2**20 + 54) if announced else "0")
    assert len(response.read(2**20)) == 2**20
    response.close()
    device.disarm()
    assert administrator.status().status == 200


def test_a_gigantic_body_without_a_length_ends_in_order(administrator: Caller, device: Device) -> None:
    """GIVEN no announced length WHEN it is read to its end THEN the JSON is whole."""
    device.arm("gigantic-body", megabytes=1, announced=False)
    assert len(administrator.output()) == 2**20


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("expired-certificate", "certificate has expired"),
        ("self-signed-certificate", "self-signed certificate"),
        ("other-host-certificate", "mismatch"),
    ],
)
def test_bad_certificates(calling: Callable[..., Caller], device: Device, fault: str, reason: str) -> None:
    """GIVEN a bad certificate WHEN a verifying caller connects THEN it refuses for that reason."""
    device.arm(fault)
    with pytest.raises(SSLError, match=reason):
        calling().status()
    device.disarm()
    assert calling().status().status == 200


def test_the_fingerprint_pins_the_good_certificate(simulator: Simulator, device: Device) -> None:
    """GIVEN the announced fingerprint WHEN pinned without a CA THEN only the good certificate passes."""

    def ask() -> int:
        pinned = simulator.certificates.fingerprint
        with urllib3.PoolManager(cert_reqs=ssl.CERT_NONE, assert_fingerprint=pinned, retries=False) as pool:
            return int(pool.request("GET", simulator.url("modern")).status)

    assert ask() == 401
    device.arm("self-signed-certificate")
    with pytest.raises(SSLError, match="Fingerprints did not match"):
        ask()


def test_strict_verification_by_both_names(calling: Callable[..., Caller], simulator: Simulator) -> None:
    """GIVEN the strictest X.509 checks WHEN called as localhost and as 127.0.0.1 THEN the certificate holds."""
    context = ssl.create_default_context(cafile=simulator.certificates.ca_path)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with urllib3.PoolManager(ssl_context=context, retries=False) as pool:
        for host in ("localhost", "127.0.0.1"):
            assert pool.request("GET", simulator.url("modern").replace("127.0.0.1", host)).status == 401


def test_it_stops_in_the_midst_of_slow_answers(tmp_path: Path) -> None:
    """GIVEN a drip that takes minutes and an idle connection WHEN the simulator stops THEN it does so at once."""
    scenario = DeviceScenario(name="slow", faults={"slow-drip": {"seconds": 5.0}})
    simulator = Simulator([scenario], tmp_path)
    simulator.start()
    with urllib3.PoolManager(ca_certs=str(simulator.certificates.ca_path), retries=False) as pool:
        caller = Caller(simulator.url("slow"), simulator.devices["slow"].accounts[0], pool)
        caller.status()
        response = caller.run(preload_content=False)
        begin = time.monotonic()
        simulator.stop()
        assert time.monotonic() - begin < 2
        response.close()
    assert not simulator.ready_path.exists()


def _raw_read(caller: Caller) -> bytes:
    """Everything that the device sends until the end of the connection, which must be a proper one."""
    target = urllib3.util.parse_url(caller.url)
    login = urllib3.make_headers(basic_auth=f"{caller.account.username}:{caller.account.password}")["authorization"]
    context = ssl.create_default_context(cafile=caller.pool.connection_pool_kw["ca_certs"])
    with (
        socket.create_connection((target.host, target.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=target.host, suppress_ragged_eofs=False) as connection,
    ):
        connection.sendall(f"GET {STATUS} HTTP/1.1\r\nHost: sbc\r\nAuthorization: {login}\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))
