"""Where a device may be, and where it may not."""

import socket
from collections.abc import Sequence

import pytest

from number_inventory.adapters.audiocodes.address import (
    AddressPolicy,
    Endpoint,
    Resolver,
    checked_addresses,
    endpoint_of,
    resolve_host,
)
from number_inventory.domain.errors import DeviceRejectedError, DeviceUnreachableError

PUBLIC = AddressPolicy.PUBLIC_AND_PRIVATE


def resolving(*addresses: str) -> Resolver:
    """Gives these addresses for every name."""
    return lambda _host, _port: addresses


@pytest.mark.parametrize(
    ("address", "endpoint", "authority"),
    [
        ("https://sbc.example.net", Endpoint("https", "sbc.example.net", 443), "sbc.example.net"),
        ("https://sbc.example.net:8443/", Endpoint("https", "sbc.example.net", 8443), "sbc.example.net:8443"),
        ("https://[2001:db8::5]:8443", Endpoint("https", "2001:db8::5", 8443), "[2001:db8::5]:8443"),
        ("http://127.0.0.1:8080", Endpoint("http", "127.0.0.1", 8080), "127.0.0.1:8080"),
    ],
)
def test_an_address_is_taken_apart(address: str, endpoint: Endpoint, authority: str) -> None:
    # GIVEN a good address THEN its parts are known, and the Host header that goes with it
    assert endpoint_of(address) == endpoint
    assert endpoint.authority == authority


@pytest.mark.parametrize(
    "address",
    [
        "",
        "sbc.example.net",
        "ftp://sbc.example.net",
        "https://",
        "https://admin:canary-password@sbc.example.net",
        "https://admin@sbc.example.net",
        "https://sbc.example.net/api",
        "https://sbc.example.net?x=1",
        "https://sbc.example.net:99999",
        "https://sbc.example.net:port",
        "https://[2001:db8::5",
        "https://[fe80::1%25eth0]",
    ],
)
def test_a_malformed_address_is_refused_and_not_repeated(address: str) -> None:
    # GIVEN something else WHEN it is taken apart THEN it is refused, without telling what it holds
    with pytest.raises(DeviceRejectedError, match=r"must be https://host") as refused:
        endpoint_of(address)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd00:ec2::253",
        "fec0::1",
        "::ffff:0:169.254.169.254",
        "2001:0:4136:e378:8000:63bf:5601:5601",  # Teredo, of 169.254.169.254
        "64:ff9b:1:a9fe:a9:fe00::",
        "fe80::1",
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "0.0.0.0",  # noqa: S104 - to be refused
        "0.1.2.3",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "::127.0.0.1",
    ],
)
def test_no_device_may_be_there(address: str) -> None:
    # GIVEN a name that resolves to a good address and to a bad one THEN nothing is connected to
    endpoint = Endpoint("https", "sbc.example.net", 443)
    with pytest.raises(DeviceRejectedError, match="no device may be at"):
        checked_addresses(endpoint, PUBLIC, resolving("10.8.5.71", address))


@pytest.mark.parametrize("address", ["10.8.5.71", "192.168.1.1", "172.16.0.9", "8.8.8.8", "2001:4860::8", "fd12::1"])
def test_devices_may_be_on_public_and_private_networks(address: str) -> None:
    # GIVEN an ordinary address THEN it is the one to connect to, under each policy
    for policy in AddressPolicy:
        endpoint = Endpoint("https", "sbc.example.net", 443)
        assert checked_addresses(endpoint, policy, resolving(address)) == (address,)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_local_use_allows_this_machine_with_and_without_tls(address: str) -> None:
    # GIVEN the policy for a simulator on this machine THEN loopback may be used, with plain HTTP too
    for scheme in ("https", "http"):
        assert checked_addresses(Endpoint(scheme, "localhost", 1), AddressPolicy.LOCAL, resolving(address)) == (
            address,
        )


def test_local_use_does_not_allow_the_metadata_service() -> None:
    # GIVEN local use THEN link-local addresses stay refused
    with pytest.raises(DeviceRejectedError, match="metadata"):
        checked_addresses(Endpoint("http", "x", 80), AddressPolicy.LOCAL, resolving("169.254.169.254"))


@pytest.mark.parametrize("policy", AddressPolicy)
def test_plain_http_leaves_this_machine_under_no_policy(policy: AddressPolicy) -> None:
    # GIVEN http:// to another machine THEN it is refused, since it would show the password
    with pytest.raises(DeviceRejectedError, match="plain HTTP"):
        checked_addresses(Endpoint("http", "10.8.5.71", 80), policy, resolving("10.8.5.71"))


def test_a_name_without_an_address_is_unreachable() -> None:
    # GIVEN a name that does not resolve, or resolves to nothing THEN that is said, and may pass
    def failing(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for resolver in (failing, resolving()):
        with pytest.raises(DeviceUnreachableError, match=r"sbc\.example\.net"):
            checked_addresses(Endpoint("https", "sbc.example.net", 443), PUBLIC, resolver)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.0.0.1"])
def test_other_spellings_of_this_machine_are_seen_through(host: str) -> None:
    # GIVEN an unusual spelling that the system takes for loopback WHEN it is really resolved THEN it is refused
    with pytest.raises(DeviceRejectedError, match="this machine"):
        checked_addresses(Endpoint("https", host, 443), PUBLIC, resolve_host)
