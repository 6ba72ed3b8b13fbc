"""Conversations with devices of any kind: where they may be, how long and how large they may be, who listens in."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from number_inventory.adapters.audiocodes.address import (
    AddressPolicy,
    Resolver,
    checked_addresses,
    endpoint_of,
    resolve_host,
)
from number_inventory.adapters.audiocodes.connection import Conversation, DeviceConnection, Limits, Listener, Passing
from number_inventory.domain.devices import Device, TlsTrust
from number_inventory.domain.errors import DeviceError
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.clock import Clock
from number_inventory.ports.secrets import Credentials

_LOGGER = logging.getLogger(__name__)
_MEBIBYTE = 1024 * 1024


class Calls(Protocol):
    """What sources need of `DeviceCalls`."""

    def now(self) -> datetime:
        """The present instant."""

    def ask(self, device: Device, credentials: Credentials, take: Callable[[Conversation], Snapshot]) -> Snapshot:
        """Connect to the device and let `take` have a snapshot of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCalls:
    """Opens one conversation after the other; keeps nothing between two of them.

    Attributes:
        clock: gives the instant of a snapshot.
        address_policy: where devices may be.
        maximum_bytes: of one answer, unpacked.
        connect_timeout_seconds: for one connection.
        budget_seconds: for one snapshot with all its retries; at most one silence of the device comes on top.
        warn: takes a line about a device that is not verified.
        heard: takes every answer, without credentials; see `devices test --capture`.
        sleep: waits between retries.
        monotonic: measures the bounds.
        jitter: a random number from 0 to 1 for each pause, so that many syncs do not come back at once.
        resolve: finds the addresses of a name.
    """

    clock: Clock
    address_policy: AddressPolicy = AddressPolicy.PUBLIC_AND_PRIVATE
    maximum_bytes: int = 64 * _MEBIBYTE
    connect_timeout_seconds: float = 10.0
    budget_seconds: float = 240.0
    warn: Callable[[str], object] = _LOGGER.warning
    heard: Listener | None = None
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    resolve: Resolver = resolve_host

    def now(self) -> datetime:
        """The present instant."""
        return self.clock.now()

    def ask(self, device: Device, credentials: Credentials, take: Callable[[Conversation], Snapshot]) -> Snapshot:
        """Connect to the device and let `take` have a snapshot of it.

        Raises:
            LoginRefusedError: the device refuses the user; nothing more was tried.
            DeviceRejectedError: the device, its address or its settings need a person.
            DeviceUnreachableError: no proper answer; later there may be one.
        """
        endpoint = endpoint_of(device.address)
        addresses = checked_addresses(endpoint, self.address_policy, self.resolve)
        if device.tls.trust is TlsTrust.INSECURE:
            self.warn(f"device {device.key}: its certificate is not verified, as its settings say (insecure)")
        with DeviceConnection(
            endpoint=endpoint,
            addresses=addresses,
            tls=device.tls,
            credentials=credentials,
            limits=Limits(
                maximum_bytes=self.maximum_bytes,
                connect_seconds=self.connect_timeout_seconds,
                read_seconds=device.read_timeout_seconds,
                budget_seconds=self.budget_seconds,
            ),
            passing=Passing(self.monotonic, self.sleep, self.jitter),
            heard=self.heard,
        ) as connection:
            try:
                return take(connection)
            except DeviceError as error:
                safe = connection.without_secrets(str(error))
                if safe == str(error):
                    raise
                raise type(error)(safe) from None
