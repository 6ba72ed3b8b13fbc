"""The registered users of one AudioCodes SBC or gateway, over its REST API (versions 7.2 to 7.6).

Status, count, list, count again, status again: what the list shows counts as the whole truth only where all of them
agree, and are of one run of the device. Only one fixed script that shows something is ever sent, since the same path
could change the device's configuration.
"""

from typing import Final

import urllib3

from number_inventory.adapters.audiocodes.answers import ListOutput, count_in, output_in, status_in, why_restarted
from number_inventory.adapters.audiocodes.calls import Calls
from number_inventory.adapters.audiocodes.cli_grammar import COMMAND
from number_inventory.adapters.audiocodes.cli_output import Listing, parse_listing
from number_inventory.adapters.audiocodes.completeness import Counts, why_partial
from number_inventory.adapters.audiocodes.connection import Conversation, Form
from number_inventory.domain.devices import Device
from number_inventory.domain.errors import DeviceRejectedError
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.secrets import Credentials

STATUS_PATH: Final = "/api/v1/status"
COUNT_PATH: Final = "/api/v1/kpi/current/sbc/otherStats/global"
LIST_PATH: Final = "/api/v1/files/cliScript/incremental"

_LISTINGS_WHEN_MOVED = 3
"""Users come and go: while the count moves, the list is asked for so many times."""
_LISTINGS_WHEN_STEADY = 2
"""A count that stays the same and differs from the list rarely mends itself; the list is dear to the device."""
_PAUSE_SECONDS = 2.0


class SbcSource:
    """Asks AudioCodes SBCs for their registered users. Keeps nothing between two snapshots."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def snapshot(self, device: Device, credentials: Credentials) -> Snapshot:
        """Ask the device for its registered users; see `DeviceSource`, and `DeviceCalls` for what it raises."""
        return self._calls.ask(device, credentials, self._snapshot)

    def _snapshot(self, connection: Conversation) -> Snapshot:
        status = at_last = status_in(connection.ask("GET", STATUS_PATH))
        listing, counts, reason = self._listed(connection)
        if not reason:
            at_last = status_in(connection.ask("GET", STATUS_PATH))
            reason = why_restarted(status, at_last)
        hidden = connection.without_secrets
        return Snapshot(
            users=listing.users,
            taken_at=self._calls.now(),
            incomplete_because=hidden(reason),
            reported_count=counts.after,
            uptime_seconds=at_last.uptime_seconds,
            product=hidden(status.product),
            version=hidden(status.version),
            serial=hidden(at_last.serial),
        )

    def _listed(self, connection: Conversation) -> tuple[Listing, Counts, str]:
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


def _count(connection: Conversation) -> int | None:
    return count_in(connection.ask("GET", COUNT_PATH))


def _list(connection: Conversation) -> ListOutput:
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
