"""Where a device may be: its address taken apart, resolved, and checked before anything is sent there.

A device's address is given by whoever may configure devices. It must not lead to the cloud's metadata service, to the
function itself or to anything that answers for its neighbours (server-side request forgery), not by name and not by a
name that resolves to something else later: what was checked is what is connected to.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from number_inventory.domain.errors import DeviceRejectedError, DeviceUnreachableError

_OF_AWS = ipaddress.ip_network("fd00:ec2::/32")
"""AWS's own services within a network by IPv6: metadata, credentials, time, names; by IPv4 they are link-local."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TRANSLATED = ipaddress.ip_network("::ffff:0:0:0/96")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
"""Translated to IPv4 by rules of the network itself (RFC 8215): where such an address leads, nobody here can tell."""
_DEFAULT_PORTS = {"https": 443, "http": 80}

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
"""From a host name and a port to IP addresses; raises OSError where there are none."""


class AddressPolicy(StrEnum):
    """Where devices may be.

    `local` is for a device simulator on the same machine: it also allows loopback addresses, and plain HTTP to them.
    """

    PUBLIC_AND_PRIVATE = "public-and-private"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A device's address.

    Attributes:
        scheme: `https` or `http`.
        host: the name or IP address as configured, without brackets; TLS verifies it.
    """

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def endpoint_of(address: str) -> Endpoint:
    """Take `https://host[:port]` apart.

    Raises:
        DeviceRejectedError: it is something else. The message does not repeat it, since it may hold a password.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise _malformed() from error
    host = parts.hostname
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.username is not None or parts.password is not None:
        raise _malformed()
    if parts.path not in {"", "/"} or parts.query or parts.fragment or not host.isascii() or "%" in host:
        raise _malformed()
    return Endpoint(parts.scheme, host, port if port is not None else _DEFAULT_PORTS[parts.scheme])


def resolve_host(host: str, port: int) -> Sequence[str]:
    """The IP addresses of a host, as the system resolves it, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked_addresses(endpoint: Endpoint, policy: AddressPolicy, resolve: Resolver) -> Sequence[str]:
    """The IP addresses to connect to.

    Raises:
        DeviceUnreachableError: the name does not resolve.
        DeviceRejectedError: an address is one where no device may be, or HTTP is used outside of local use. One bad
            address is enough: a name that has it beside good ones is no device's.
    """
    try:
        addresses = resolve(endpoint.host, endpoint.port)
    except (OSError, UnicodeError) as error:
        raise DeviceUnreachableError(
            f"the host name {endpoint.host} does not resolve; check the device's address and the DNS"
        ) from error
    if not addresses:
        raise DeviceUnreachableError(f"the host name {endpoint.host} has no IP address; check the device's address")
    for address in addresses:
        reason = _refusal(ipaddress.ip_address(address), policy)
        if reason:
            raise DeviceRejectedError(
                f"no device may be at {address} ({endpoint.host}): {reason}; correct the device's address"
            )
        if endpoint.scheme == "http" and not _plain(ipaddress.ip_address(address)).is_loopback:
            raise DeviceRejectedError("plain HTTP would show the password to the network; use https://")
    return addresses


def _malformed() -> DeviceRejectedError:
    return DeviceRejectedError("a device's address must be https://host or https://host:port, with nothing behind it")


def _refusal(address: IpAddress, policy: AddressPolicy) -> str:
    """Why no device may be there; empty where one may."""
    plain = _plain(address)
    if plain.is_loopback:
        return "" if policy is AddressPolicy.LOCAL else "it is this machine itself"
    if plain.is_link_local or plain in _OF_AWS:
        return "it is link-local, where the cloud's metadata service is"
    if plain.is_multicast:
        return "it is a multicast address"
    if isinstance(plain, ipaddress.IPv6Address) and (plain.is_site_local or plain in _LOCAL_NAT64):
        return "it is of a kind that devices do not have, and that may lead anywhere"
    if plain.is_unspecified or (
        isinstance(plain, ipaddress.IPv4Address) and (plain.is_reserved or plain.packed[0] == 0)
    ):
        return "it is no address of a machine"
    return ""


def _plain(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address stands for, else the address itself.

    Mapped, translated, compatible, 6to4, Teredo and NAT64 are seen through.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    low = int(address) & 0xFFFFFFFF
    if address in _NAT64 or address in _TRANSLATED or (int(address) == low and low > 1):
        return ipaddress.IPv4Address(low)
    return address
