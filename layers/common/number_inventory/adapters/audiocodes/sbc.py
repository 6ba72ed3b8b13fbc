"""The registered users of one AudioCodes SBC or gateway, over its REST API (versions 7.2 to 7.6).

Status, count, list, count again: what the list shows counts as the whole truth only where all four agree. Only one
fixed script that shows something is ever sent, since the same path could change the device's configuration.
"""

import logging
import random
import time
from collections.abc import Callable
from typing import Final

import urllib3

from number_inventory.adapters.audiocodes.address import (
    AddressPolicy,
    Resolver,
    checked_addresses,
    endpoint_of,
    resolve_host,
)
from number_inventory.adapters.audiocodes.answers import ListOutput, count_in, output_in, status_in
from number_inventory.adapters.audiocodes.cli_grammar import COMMAND
from number_inventory.adapters.audiocodes.cli_output import Listing, parse_listing
from number_inventory.adapters.audiocodes.completeness import Counts, why_partial
from number_inventory.adapters.audiocodes.connection import DeviceConnection, Form, Limits, Passing
from number_inventory.domain.devices import Device, TlsTrust
from number_inventory.domain.errors import DeviceError, DeviceRejectedError
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.clock import Clock
from number_inventory.ports.secrets import Credentials

STATUS_PATH: Final = "/api/v1/status"
COUNT_PATH: Final = "/api/v1/kpi/current/sbc/otherStats/global"
LIST_PATH: Final = "/api/v1/files/cliScript/incremental"

_LOGGER = logging.getLogger(__name__)

_LISTINGS_WHEN_MOVED = 3
"""Users come and go: while the count moves, the list is asked for so many times."""
_LISTINGS_WHEN_STEADY = 2
"""A count that stays the same and differs from the list rarely mends itself; the list is dear to the device."""
_PAUSE_SECONDS = 2.0
_MEBIBYTE = 1024 * 1024


class SbcSource:
    """Asks AudioCodes SBCs for their registered users. Keeps nothing between two snapshots."""

    def __init__(
        self,
        *,
        clock: Clock,
        address_policy: AddressPolicy = AddressPolicy.PUBLIC_AND_PRIVATE,
        maximum_bytes: int = 64 * _MEBIBYTE,
        connect_timeout_seconds: float = 10.0,
        budget_seconds: float = 240.0,
        warn: Callable[[str], object] = _LOGGER.warning,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        resolve: Resolver = resolve_host,
    ) -> None:
        """Set the bounds.

        Args:
            clock: gives `taken_at`.
            address_policy: where devices may be.
            maximum_bytes: of one answer, unpacked.
            connect_timeout_seconds: for one connection.
            budget_seconds: for one snapshot with all its retries; at most one silence of the device comes on top.
            warn: takes a line about a device that is not verified.
            sleep: waits between retries.
            monotonic: measures the bounds.
            jitter: a random number from 0 to 1 for each pause, so that many syncs do not come back at once.
            resolve: finds the addresses of a name.
        """
        self._clock, self._policy, self._warn, self._resolve = clock, address_policy, warn, resolve
        self._maximum_bytes, self._budget_seconds = maximum_bytes, budget_seconds
        self._connect_seconds = connect_timeout_seconds
        self._passing = Passing(monotonic, sleep, jitter)

    def snapshot(self, device: Device, credentials: Credentials) -> Snapshot:
        """Ask the device for its registered users; see `DeviceSource`.

        Raises:
            LoginRefusedError: the device refuses the user; nothing more was tried.
            DeviceRejectedError: the device, its address or its settings need a person.
            DeviceUnreachableError: no proper answer; later there may be one.
        """
        endpoint = endpoint_of(device.address)
        addresses = checked_addresses(endpoint, self._policy, self._resolve)
        if device.tls.trust is TlsTrust.INSECURE:
            self._warn(f"device {device.key}: its certificate is not verified, as its settings say (insecure)")
        limits = Limits(
            maximum_bytes=self._maximum_bytes,
            connect_seconds=self._connect_seconds,
            read_seconds=device.read_timeout_seconds,
            budget_seconds=self._budget_seconds,
        )
        with DeviceConnection(
            endpoint=endpoint,
            addresses=addresses,
            tls=device.tls,
            credentials=credentials,
            limits=limits,
            passing=self._passing,
        ) as connection:
            try:
                return self._snapshot(connection)
            except DeviceError as error:
                safe = connection.without_secrets(str(error))
                if safe == str(error):
                    raise
                raise type(error)(safe) from None

    def _snapshot(self, connection: DeviceConnection) -> Snapshot:
        status = status_in(connection.ask("GET", STATUS_PATH))
        listing, counts, reason = self._listed(connection)
        hidden = connection.without_secrets
        return Snapshot(
            users=listing.users,
            taken_at=self._clock.now(),
            incomplete_because=hidden(reason),
            reported_count=counts.after,
            uptime_seconds=status.uptime_seconds,
            product=hidden(status.product),
            version=hidden(status.version),
            serial=hidden(status.serial),
        )

    def _listed(self, connection: DeviceConnection) -> tuple[Listing, Counts, str]:
        """The list, asked for again where it does not fit the counts and there is time."""
        before = _count(connection)
        listings = 0
        while True:
            started = connection.remaining_seconds()
            output = _list(connection)
            after = _count(connection)
            listings += 1
            listing, counts = parse_listing(output.text), Counts(before, after)
            reason = _refusal(output, counts) or why_partial(listing, counts)
            again = _LISTINGS_WHEN_STEADY if before == after else _LISTINGS_WHEN_MOVED
            left = connection.remaining_seconds()
            if not reason or listing.doubts or after is None or listings >= again or left < 2 * (started - left):
                break
            connection.pause(_PAUSE_SECONDS)
            before = after
        if output.refusal is not None and after:
            raise DeviceRejectedError(f"the device refuses the list command{output.refusal} (HTTP 400)")
        return listing, counts, reason


def _count(connection: DeviceConnection) -> int | None:
    return count_in(connection.ask("GET", COUNT_PATH))


def _list(connection: DeviceConnection) -> ListOutput:
    """The output of the one script that this product ever sends: nothing is put into it."""
    body, content_type = urllib3.encode_multipart_formdata(
        {"file": ("list.txt", f"{COMMAND}\n".encode(), "text/plain")}
    )
    return output_in(connection.ask("PUT", LIST_PATH, Form(body, content_type)))


def _refusal(output: ListOutput, counts: Counts) -> str:
    """A 400 says that there is nothing, or that the script is bad: the former only where the count says so too."""
    if output.refusal is None or counts == (0, 0):
        return ""
    return f"the device answers its list with HTTP 400{output.refusal}, which may mean that it is empty, or not"
